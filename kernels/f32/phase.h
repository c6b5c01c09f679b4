/* kernels/f32/phase.h - a convolution seen from its input: which output pixels an input pixel takes part in.
 *
 * Input pixel y takes part in output row r through tap ky where y + pad = r * stride + ky * dilation. So the pixels of
 * one remainder of y + pad by the stride (a phase) share their taps: each phase is a convolution with stride 1 of the
 * output's gradient, its columns the input channels. Its taps are taken in ascending output rows and columns, that is in
 * descending ky and kx; this, then output channels, is the order of the sum, and pairs are of one tap's channels. With stride 1
 * there is one phase.
 */
#ifndef ALCK_F32_PHASE_H
#define ALCK_F32_PHASE_H

#include "kernels/f32/geometry.h"

/* One axis of a phase. */
typedef struct phase {
    int64_t place; /* its first input pixel */
    int64_t count; /* its input pixels: place, place + stride, ... */
    int64_t taps;
    int64_t last_tap, tap_step; /* the kernel's taps: last_tap, last_tap - tap_step, ... */
    int64_t first, step;        /* the output pixel of input pixel `place` at last_tap; pixels between taps */
} phase;

static inline int64_t common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static inline phase find_phase(int64_t place, int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    phase f = {.place = place, .count = size > place ? (size - place + stride - 1) / stride : 0};
    const int64_t divisor = common_divisor(stride, dilation);
    f.tap_step = stride / divisor;
    f.step = dilation / divisor;
    for (int64_t tap = kernel - 1; tap >= 0 && f.taps == 0; tap--)
        if ((place + pad - tap * dilation) % stride == 0) {
            f.last_tap = tap;
            f.taps = tap / f.tap_step + 1;
            f.first = (place + pad - tap * dilation) / stride;
        }
    return f;
}

static inline phase phase_y(const alck_conv *s, int64_t place)
{
    return find_phase(place, s->in_height, s->kernel_height, s->stride_y, s->pad_top, s->dilation_y);
}

static inline phase phase_x(const alck_conv *s, int64_t place)
{
    return find_phase(place, s->in_width, s->kernel_width, s->stride_x, s->pad_left, s->dilation_x);
}

/* The product of one phase: the image is the output's gradient, the columns are a group's input channels. */
static inline product phase_product(const alck_conv *s, const phase *y, const phase *x)
{
    return (product){.groups = s->groups, .columns = s->in_channels / s->groups,
                     .input_height = s->out_height, .input_width = s->out_width,
                     .input_stride = conv_out_stride(s), .channels = s->out_channels / s->groups,
                     .taps_y = y->taps, .taps_x = x->taps, .stretch_taps = 1, .step_y = 1, .step_x = 1, .first_y = y->first,
                     .first_x = x->first, .tap_step_y = y->step, .tap_step_x = x->step, .batch = s->batch,
                     .grid_height = y->count, .grid_width = x->count, .output_height = s->in_height,
                     .output_width = s->in_width, .output_stride = conv_in_stride(s),
                     .spread_y = s->stride_y, .spread_x = s->stride_x, .place_y = y->place,
                     .place_x = x->place, .operands = s->operands};
}

#endif
