/* conv2d_fold.c - convolution weights with a batch norm folded in: see conv2d.h. */
#include "lib/ops/conv2d.h"

int alc_conv2d_read_norm_at(const alc_conv2d_node *o)
{
    return 1 + (o->bias ? 1 : 0) + (o->fusion.norm ? 4 : 0);
}

int alc_conv2d_depthwise_at(const alc_conv2d_node *o)
{
    return alc_conv2d_read_norm_at(o) + (o->fusion.reads_norm ? 4 : 0);
}

/* The filters are innermost within each group; of a depthwise weight, [ky][kx][channel], all of them. */
static void fold_weight(const alc_conv2d_node *o, const alc_parameter_view *weight, const alc_real *scale,
                        alc_real *folded)
{
    int64_t groups = o->groups, filters = o->filters / o->groups;
    if (filters == 1 && groups > 1 && weight->count == o->filters * o->kernel_height * o->kernel_width) {
        groups = 1;
        filters = o->filters;
    }
    const int64_t rows = weight->count / groups / filters;
    const alc_real *from = weight->value;
    for (int64_t g = 0; g < groups; g++)
        for (int64_t row = 0; row < rows; row++, from += filters, folded += filters)
            for (int64_t f = 0; f < filters; f++)
                folded[f] = from[f] * scale[g * filters + f];
}

void alc_conv2d_fold(const alc_conv2d_node *o, const alc_parameter_view *parameters, alc_real *scale_and_bias, alc_real *folded)
{
    const alc_parameter_view *norm = parameters + 1 + (o->bias ? 1 : 0);
    alc_real *scale = scale_and_bias, *bias = scale_and_bias + o->filters;
    alc_batch_norm_fold(o->filters, norm[0].value, norm[1].value, norm[2].value, norm[3].value, o->fusion.norm_epsilon,
                        scale, bias);
    for (int64_t f = 0; f < o->filters && o->bias; f++)
        bias[f] = (alc_real)((double)scale[f] * (double)parameters[1].value[f] + (double)bias[f]);
    fold_weight(o, &parameters[0], scale, folded);
}

/* Where the folded weight begins. */
static size_t folded_at(const alc_conv2d_node *o)
{
    return alc_align_up((size_t)(2 * o->filters) * sizeof(alc_real));
}

size_t alc_depthwise_derived_bytes(const alc_conv2d_node *o)
{
    const size_t weight = (size_t)(o->filters * o->kernel_height * o->kernel_width) * sizeof(alc_real);
    return o->fusion.norm ? folded_at(o) + alc_align_up(weight) : 0;
}

void alc_depthwise_derive(const alc_conv2d_node *o, const alc_parameter_view *parameters, void *derived)
{
    if (o->fusion.norm)
        alc_conv2d_fold(o, parameters, derived, (alc_real *)(void *)((char *)derived + folded_at(o)));
}

const alc_real *alc_depthwise_weight(const alc_conv2d_node *o, const alc_parameter_view *parameters, const void *derived,
                                     const alc_real **bias)
{
    *bias = o->bias ? parameters[1].value : NULL;
    if (!o->fusion.norm)
        return parameters[0].value;
    *bias = (const alc_real *)derived + o->filters;
    return (const alc_real *)(const void *)((const char *)derived + folded_at(o));
}
