/* resnet50.c - ResNet-50 (He et al., arXiv 1512.03385) in torchvision's form, v1.5: the stride of a block is on its 3x3
 * convolution, not on the first 1x1. Names are torchvision's, so its weights fit. */
#include "alcor/layers.h"
#include "alcor/models.h"

#define EXPANSION 4

static alc_tensor *convolution(alc_tensor *x, const char *conv, const char *norm, int64_t filters, int64_t kernel,
                               int64_t stride)
{
    x = alc_conv2d(x, (alc_conv2d_options){
                          .name = conv, .filters = filters, .kernel = kernel, .stride = stride, .padding = kernel / 2});
    return alc_batch_norm(x, (alc_batch_norm_options){.name = norm});
}

/* 1x1 down, 3x3, 1x1 up to four times the width, and the input added; where shapes change, the input goes through a 1x1
 * convolution of its own. */
static alc_tensor *bottleneck(alc_tensor *x, int64_t width, int64_t stride, bool project)
{
    alc_tensor *y = alc_relu(convolution(x, "conv1", "bn1", width, 1, 1));
    y = alc_relu(convolution(y, "conv2", "bn2", width, 3, stride));
    y = convolution(y, "conv3", "bn3", EXPANSION * width, 1, 1);
    if (project)
        x = convolution(x, "downsample.0", "downsample.1", EXPANSION * width, 1, stride);
    return alc_relu(alc_add(y, x));
}

alc_tensor *alc_resnet50_features(alc_tensor *image)
{
    static const int blocks[] = {3, 4, 6, 3};
    alc_model *model = alc_tensor_model(image);
    alc_tensor *x = alc_relu(convolution(image, "conv1", "bn1", 64, 7, 2));
    x = alc_max_pool(x, (alc_pool_options){.name = "maxpool", .kernel = 3, .stride = 2, .padding = 1});
    for (int layer = 0; layer < 4; layer++) {
        for (int block = 0; block < blocks[layer]; block++) {
            alc_scope_begin(model, "layer%d.%d", layer + 1, block);
            x = bottleneck(x, (int64_t)64 << layer, layer > 0 && block == 0 ? 2 : 1, block == 0);
            alc_scope_end(model);
        }
    }
    return alc_global_average_pool(x);
}

alc_tensor *alc_resnet50(alc_tensor *image, int64_t classes)
{
    return alc_dense(alc_resnet50_features(image), (alc_dense_options){.name = "fc", .units = classes});
}
