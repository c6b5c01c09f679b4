/* efficientnet_lite.c - EfficientNet-Lite0 to Lite4 as timm's tf_efficientnet_lite0 to lite4, with its names.
 *
 * EfficientNet without squeeze and excite, with ReLU6 for SiLU, and with TensorFlow's padding: an odd pixel goes to the end. Stem,
 * head, and the number of blocks of the first and last stage are those of size 0. */
#include "alcor/layers.h"
#include "alcor/models.h"
#include "efficientnet_scaling.h"

typedef struct variant {
    double width, depth, dropout;
} variant;

#define EPSILON 1e-3
#define HEAD 1280

static alc_tensor *convolution(alc_tensor *x, const char *conv, const char *norm, int64_t filters, int64_t kernel,
                               int64_t stride, int64_t groups)
{
    x = alc_conv2d(x, (alc_conv2d_options){.name = conv, .filters = filters, .kernel = kernel, .stride = stride,
                                           .same = true, .groups = groups});
    return alc_batch_norm(x, (alc_batch_norm_options){.name = norm, .epsilon = EPSILON});
}

/* Where nothing is widened timm calls the convolutions by other names. */
static alc_tensor *block(alc_tensor *x, const efficientnet_stage *s, int64_t filters, int64_t stride, double drop)
{
    alc_tensor *shortcut = x;
    const int64_t in = alc_tensor_shape(x).extent[2], wide = s->expansion * in;
    if (s->expansion > 1) {
        x = alc_relu6(convolution(x, "conv_pw", "bn1", wide, 1, 1, 1));
        x = alc_relu6(convolution(x, "conv_dw", "bn2", wide, s->kernel, stride, wide));
        x = convolution(x, "conv_pwl", "bn3", filters, 1, 1, 1);
    } else {
        x = alc_relu6(convolution(x, "conv_dw", "bn1", wide, s->kernel, stride, wide));
        x = convolution(x, "conv_pw", "bn2", filters, 1, 1, 1);
    }
    return stride == 1 && in == filters ? alc_add(alc_drop_connect(x, drop), shortcut) : x;
}

static int stage_blocks(const variant *v, int stage)
{
    const bool fixed = stage == 0 || stage == EFFICIENTNET_STAGES - 1;
    return efficientnet_depth(fixed ? 1 : v->depth, efficientnet_stages[stage].blocks);
}

static alc_tensor *features(alc_tensor *image, const variant *v)
{
    alc_model *model = alc_tensor_model(image);
    int blocks = 0, done = 0;
    for (int i = 0; i < EFFICIENTNET_STAGES; i++)
        blocks += stage_blocks(v, i);
    alc_tensor *x = alc_relu6(convolution(image, "conv_stem", "bn1", EFFICIENTNET_STEM, 3, 2, 1));
    for (int i = 0; i < EFFICIENTNET_STAGES; i++) {
        const efficientnet_stage *s = &efficientnet_stages[i];
        const int64_t filters = efficientnet_width(v->width, s->filters);
        for (int b = 0; b < stage_blocks(v, i); b++, done++) {
            alc_scope_begin(model, "blocks.%d.%d", i, b);
            x = block(x, s, filters, b == 0 ? s->stride : 1, EFFICIENTNET_DROP_CONNECT * done / blocks);
            alc_scope_end(model);
        }
    }
    x = alc_relu6(convolution(x, "conv_head", "bn2", HEAD, 1, 1, 1));
    return alc_dropout(alc_global_average_pool(x), v->dropout);
}

/* X(name, width, depth, dropout) */
#define VARIANTS(X)                        \
    X(efficientnet_lite0, 1.0, 1.0, 0.2)   \
    X(efficientnet_lite1, 1.0, 1.1, 0.2)   \
    X(efficientnet_lite2, 1.1, 1.2, 0.3)   \
    X(efficientnet_lite3, 1.2, 1.4, 0.3)   \
    X(efficientnet_lite4, 1.4, 1.8, 0.3)

#define DEFINE(builder, width, depth, dropout)                                                                \
    alc_tensor *alc_##builder##_features(alc_tensor *image)                                                   \
    {                                                                                                         \
        return features(image, &(variant){width, depth, dropout});                                            \
    }                                                                                                         \
    alc_tensor *alc_##builder(alc_tensor *image, int64_t classes)                                             \
    {                                                                                                         \
        return alc_dense(alc_##builder##_features(image), (alc_dense_options){.name = "classifier", .units = classes}); \
    }
VARIANTS(DEFINE)
