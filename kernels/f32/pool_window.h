/* kernels/f32/pool_window.h - which input pixels an output pixel's window holds, and the other way round, for one
 * axis: taps and outputs as half-open ranges, cut at the image's border. */
#ifndef ALCK_F32_POOL_WINDOW_H
#define ALCK_F32_POOL_WINDOW_H

#include "kernels/f32/strips.h"

typedef struct pool_axis {
    int64_t in, out, kernel, stride, pad;
} pool_axis;

typedef struct pool_span {
    int64_t first, end;
} pool_span;

ALCK_INLINE pool_axis pool_rows(const alck_pool *s)
{
    return (pool_axis){s->in_height, s->out_height, s->kernel_height, s->stride_y, s->pad_top};
}

ALCK_INLINE pool_axis pool_columns(const alck_pool *s)
{
    return (pool_axis){s->in_width, s->out_width, s->kernel_width, s->stride_x, s->pad_left};
}

/* The taps of output o that lie inside the input: tap t is input o * stride - pad + t. */
ALCK_INLINE pool_span pool_taps(const pool_axis *a, int64_t o)
{
    const int64_t start = o * a->stride - a->pad;
    return (pool_span){larger(0, -start), smaller(a->kernel, a->in - start)};
}

/* The outputs whose windows hold input i: those with o * stride - pad <= i < o * stride - pad + kernel. */
ALCK_INLINE pool_span pool_outputs(const pool_axis *a, int64_t i)
{
    const int64_t last = (i + a->pad) / a->stride;
    const int64_t ended = i + a->pad - a->kernel; /* windows that start here or earlier end before i */
    const int64_t first = ended < 0 ? 0 : ended / a->stride + 1;
    return (pool_span){first, smaller(last + 1, a->out)};
}

#endif
