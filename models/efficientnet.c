/* efficientnet.c - EfficientNet-B0 to B7 (Tan and Le, arXiv 1905.11946) with torchvision's names.
 *
 * Eight sizes of one network: widths and depths of seven stages are multiplied and rounded. A block widens by a 1x1
 * convolution, filters each channel, weighs channels by what it sees of them all (squeeze and excite), and narrows again. */
#include "alcor/layers.h"
#include "alcor/models.h"
#include "efficientnet_scaling.h"

typedef struct variant {
    double width, depth;
    double dropout;
    double epsilon, momentum; /* of batch norms; 0: the usual ones */
} variant;

/* torchvision's Conv2dNormActivation, NAME.0 and NAME.1. */
static alc_tensor *convolution(alc_tensor *x, const variant *v, int number, int64_t filters, int64_t kernel, int64_t stride,
                               int64_t groups)
{
    alc_model *model = alc_tensor_model(x);
    alc_scope_begin(model, "%d", number);
    x = alc_conv2d(x, (alc_conv2d_options){.name = "0", .filters = filters, .kernel = kernel, .stride = stride,
                                           .padding = kernel / 2, .groups = groups});
    x = alc_batch_norm(x, (alc_batch_norm_options){.name = "1", .epsilon = v->epsilon, .momentum = v->momentum});
    alc_scope_end(model);
    return x;
}

static alc_tensor *squeeze_excite(alc_tensor *x, int number, int64_t squeezed)
{
    alc_model *model = alc_tensor_model(x);
    const int64_t channels = alc_tensor_shape(x).extent[2];
    alc_scope_begin(model, "%d", number);
    alc_tensor *gate = alc_global_average_pool(x);
    gate = alc_silu(alc_conv2d(gate, (alc_conv2d_options){.name = "fc1", .filters = squeezed, .kernel = 1, .bias = true}));
    gate = alc_conv2d(gate, (alc_conv2d_options){.name = "fc2", .filters = channels, .kernel = 1, .bias = true});
    x = alc_multiply(x, alc_sigmoid(gate));
    alc_scope_end(model);
    return x;
}

static alc_tensor *block(alc_tensor *x, const variant *v, const efficientnet_stage *s, int64_t filters, int64_t stride,
                         double drop)
{
    alc_tensor *shortcut = x;
    alc_model *model = alc_tensor_model(x);
    const int64_t in = alc_tensor_shape(x).extent[2], wide = s->expansion * in;
    int number = 0;
    alc_scope_begin(model, "block");
    if (s->expansion > 1)
        x = alc_silu(convolution(x, v, number++, wide, 1, 1, 1));
    x = alc_silu(convolution(x, v, number++, wide, s->kernel, stride, wide));
    x = squeeze_excite(x, number++, in / 4 > 1 ? in / 4 : 1);
    x = convolution(x, v, number, filters, 1, 1, 1);
    alc_scope_end(model);
    return stride == 1 && in == filters ? alc_add(alc_drop_connect(x, drop), shortcut) : x;
}

static alc_tensor *features(alc_tensor *image, const variant *v)
{
    alc_model *model = alc_tensor_model(image);
    int blocks = 0, done = 0;
    for (int i = 0; i < EFFICIENTNET_STAGES; i++)
        blocks += efficientnet_depth(v->depth, efficientnet_stages[i].blocks);
    int64_t filters = 0;
    alc_scope_begin(model, "features");
    alc_tensor *x = alc_silu(convolution(image, v, 0, efficientnet_width(v->width, EFFICIENTNET_STEM), 3, 2, 1));
    for (int i = 0; i < EFFICIENTNET_STAGES; i++) {
        const efficientnet_stage *s = &efficientnet_stages[i];
        filters = efficientnet_width(v->width, s->filters);
        for (int b = 0; b < efficientnet_depth(v->depth, s->blocks); b++, done++) {
            alc_scope_begin(model, "%d.%d", i + 1, b);
            x = block(x, v, s, filters, b == 0 ? s->stride : 1, EFFICIENTNET_DROP_CONNECT * done / blocks);
            alc_scope_end(model);
        }
    }
    x = alc_silu(convolution(x, v, EFFICIENTNET_STAGES + 1, 4 * filters, 1, 1, 1));
    alc_scope_end(model);
    return alc_dropout(alc_global_average_pool(x), v->dropout);
}

/* X(name, width, depth, dropout, epsilon, momentum) */
#define VARIANTS(X)                              \
    X(efficientnet_b0, 1.0, 1.0, 0.2, 0, 0)      \
    X(efficientnet_b1, 1.0, 1.1, 0.2, 0, 0)      \
    X(efficientnet_b2, 1.1, 1.2, 0.3, 0, 0)      \
    X(efficientnet_b3, 1.2, 1.4, 0.3, 0, 0)      \
    X(efficientnet_b4, 1.4, 1.8, 0.4, 0, 0)      \
    X(efficientnet_b5, 1.6, 2.2, 0.4, 1e-3, 0.01) \
    X(efficientnet_b6, 1.8, 2.6, 0.5, 1e-3, 0.01) \
    X(efficientnet_b7, 2.0, 3.1, 0.5, 1e-3, 0.01)

#define DEFINE(builder, width, depth, dropout, epsilon, momentum)                                  \
    alc_tensor *alc_##builder##_features(alc_tensor *image)                                        \
    {                                                                                           \
        return features(image, &(variant){width, depth, dropout, epsilon, momentum});           \
    }                                                                                           \
    alc_tensor *alc_##builder(alc_tensor *image, int64_t classes)                                  \
    {                                                                                           \
        return alc_dense(alc_##builder##_features(image),                                          \
                         (alc_dense_options){.name = "classifier.1", .units = classes});        \
    }
VARIANTS(DEFINE)
