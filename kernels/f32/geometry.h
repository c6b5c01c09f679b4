/* kernels/f32/geometry.h - small readings of an alck_conv that several kernels share. */
#ifndef ALCK_F32_GEOMETRY_H
#define ALCK_F32_GEOMETRY_H

#include "kernels/f32/product.h"

/* What an input pixel's channels take: as many reals, or half as many pairs. */
ALCK_INLINE int64_t conv_in_reals(const alck_conv *s)
{
    return s->reading.pairs ? s->in_channels / 2 : s->in_channels;
}

ALCK_INLINE int64_t conv_in_stride(const alck_conv *s)
{
    return s->in_stride > 0 ? s->in_stride : conv_in_reals(s);
}

ALCK_INLINE int64_t conv_out_stride(const alck_conv *s)
{
    return s->out_stride > 0 ? s->out_stride : s->out_channels;
}

/* The forward product: the image is the input, the columns are a group's output channels. */
static inline product conv_as_product(const alck_conv *s)
{
    return (product){.groups = s->groups, .columns = s->out_channels / s->groups,
                     .input_height = s->in_height, .input_width = s->in_width,
                     .input_stride = conv_in_stride(s), .channels = conv_in_reals(s) / s->groups,
                     .paired = s->reading.pairs,
                     .taps_y = s->kernel_height, .taps_x = s->kernel_width,
                     .stretch_taps = product_stretch_taps(s->operands, s->kernel_width, s->dilation_x, s->in_channels / s->groups),
                     .step_y = s->stride_y,
                     .step_x = s->stride_x, .first_y = -s->pad_top, .first_x = -s->pad_left,
                     .tap_step_y = s->dilation_y, .tap_step_x = s->dilation_x, .reading = s->reading, .batch = s->batch,
                     .grid_height = s->out_height, .grid_width = s->out_width,
                     .output_height = s->out_height, .output_width = s->out_width,
                     .output_stride = conv_out_stride(s), .spread_y = 1, .spread_x = 1, .operands = s->operands};
}

#endif
