/* xception.c - Xception (Chollet, arXiv 1610.02357) as timm's legacy_xception, with its names.
 *
 * A separable convolution is a depthwise 3x3 and a 1x1, with nothing between them. A block's shortcut is taken before its
 * first ReLU. */
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/models.h"

static alc_tensor *norm(alc_tensor *x, const char *name)
{
    return alc_batch_norm(x, (alc_batch_norm_options){.name = name});
}

static alc_tensor *separable(alc_tensor *x, const char *name, int64_t filters)
{
    alc_model *model = alc_tensor_model(x);
    int64_t channels = alc_tensor_shape(x).extent[2];
    alc_scope_begin(model, "%s", name);
    x = alc_conv2d(x, (alc_conv2d_options){
                          .name = "conv1", .filters = channels, .kernel = 3, .padding = 1, .groups = channels});
    x = alc_conv2d(x, (alc_conv2d_options){.name = "pointwise", .filters = filters, .kernel = 1});
    alc_scope_end(model);
    return x;
}

typedef struct xception_block {
    int64_t filters;
    int convolutions;
    int64_t stride;
    bool starts_with_relu;
    bool grows_at_end;     /* the last convolution changes the width, not the first */
} xception_block;

/* The numbers of timm's Sequential: every ReLU, separable convolution and norm counts. */
static alc_tensor *block_body(alc_tensor *x, const xception_block *b)
{
    int64_t width = alc_tensor_shape(x).extent[2];
    int number = 0;
    for (int i = 0; i < b->convolutions; i++) {
        char name[16];
        bool grows = b->grows_at_end ? i == b->convolutions - 1 : i == 0;
        width = grows ? b->filters : width;
        if (i > 0 || b->starts_with_relu) {
            x = alc_relu(x);
            number++;
        }
        snprintf(name, sizeof name, "rep.%d", number++);
        x = separable(x, name, width);
        snprintf(name, sizeof name, "rep.%d", number++);
        x = norm(x, name);
    }
    if (b->stride > 1)
        x = alc_max_pool(x, (alc_pool_options){.kernel = 3, .stride = b->stride, .padding = 1});
    return x;
}

static alc_tensor *block(alc_tensor *x, const xception_block *b)
{
    alc_tensor *shortcut = x;
    if (b->stride > 1 || alc_tensor_shape(x).extent[2] != b->filters) {
        shortcut = alc_conv2d(x, (alc_conv2d_options){
                                     .name = "skip", .filters = b->filters, .kernel = 1, .stride = b->stride});
        shortcut = norm(shortcut, "skipbn");
    }
    return alc_add(block_body(x, b), shortcut);
}

alc_tensor *alc_xception_features(alc_tensor *image)
{
    static const xception_block entry[] = {
        {128, 2, 2, false, false}, {256, 2, 2, true, false}, {728, 2, 2, true, false}};
    static const xception_block middle = {728, 3, 1, true, false}, exit_block = {1024, 2, 2, true, true};
    alc_model *model = alc_tensor_model(image);
    alc_tensor *x = alc_conv2d(image, (alc_conv2d_options){.name = "conv1", .filters = 32, .kernel = 3, .stride = 2});
    x = alc_conv2d(alc_relu(norm(x, "bn1")), (alc_conv2d_options){.name = "conv2", .filters = 64, .kernel = 3});
    x = alc_relu(norm(x, "bn2"));
    for (int i = 1; i <= 12; i++) {
        alc_scope_begin(model, "block%d", i);
        x = block(x, i <= 3 ? &entry[i - 1] : i < 12 ? &middle : &exit_block);
        alc_scope_end(model);
    }
    x = alc_relu(norm(separable(x, "conv3", 1536), "bn3"));
    x = alc_relu(norm(separable(x, "conv4", 2048), "bn4"));
    return alc_global_average_pool(x);
}

alc_tensor *alc_xception(alc_tensor *image, int64_t classes)
{
    return alc_dense(alc_xception_features(image), (alc_dense_options){.name = "fc", .units = classes});
}
