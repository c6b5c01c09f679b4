/* densenet121.c - DenseNet-121 (Huang et al., arXiv 1608.06993) with torchvision's names.
 *
 * Every layer reads all features of its block before it. They are joined one by one; the compiler places all of them in one
 * buffer, so joining copies nothing. */
#include "alcor/layers.h"
#include "alcor/models.h"

#define GROWTH 32
#define BOTTLENECK 4

static alc_tensor *norm_relu(alc_tensor *x, const char *name)
{
    return alc_relu(alc_batch_norm(x, (alc_batch_norm_options){.name = name}));
}

/* BN-ReLU-1x1-BN-ReLU-3x3: GROWTH new channels behind those of x. */
static alc_tensor *dense_layer(alc_tensor *x)
{
    alc_tensor *y = alc_conv2d(norm_relu(x, "norm1"),
                               (alc_conv2d_options){.name = "conv1", .filters = BOTTLENECK * GROWTH, .kernel = 1});
    y = alc_conv2d(norm_relu(y, "norm2"),
                   (alc_conv2d_options){.name = "conv2", .filters = GROWTH, .kernel = 3, .padding = 1});
    return alc_concat(2, (alc_tensor *[]){x, y});
}

/* Half the channels, half the size. */
static alc_tensor *transition(alc_tensor *x)
{
    alc_shape shape = alc_tensor_shape(x);
    x = alc_conv2d(norm_relu(x, "norm"),
                   (alc_conv2d_options){.name = "conv", .filters = shape.extent[2] / 2, .kernel = 1});
    return alc_average_pool(x, (alc_pool_options){.name = "pool", .kernel = 2});
}

alc_tensor *alc_densenet121_features(alc_tensor *image)
{
    static const int layers[] = {6, 12, 24, 16};
    alc_model *model = alc_tensor_model(image);
    alc_scope_begin(model, "features");
    alc_tensor *x = alc_conv2d(image, (alc_conv2d_options){
                                          .name = "conv0", .filters = 64, .kernel = 7, .stride = 2, .padding = 3});
    x = norm_relu(x, "norm0");
    x = alc_max_pool(x, (alc_pool_options){.name = "pool0", .kernel = 3, .stride = 2, .padding = 1});
    for (int block = 1; block <= 4; block++) {
        for (int layer = 1; layer <= layers[block - 1]; layer++) {
            alc_scope_begin(model, "denseblock%d.denselayer%d", block, layer);
            x = dense_layer(x);
            alc_scope_end(model);
        }
        if (block < 4) {
            alc_scope_begin(model, "transition%d", block);
            x = transition(x);
            alc_scope_end(model);
        }
    }
    x = norm_relu(x, "norm5");
    alc_scope_end(model);
    return alc_global_average_pool(x);
}

alc_tensor *alc_densenet121(alc_tensor *image, int64_t classes)
{
    return alc_dense(alc_densenet121_features(image), (alc_dense_options){.name = "classifier", .units = classes});
}
