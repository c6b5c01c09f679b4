/* kernels/f32/pool_window.h - which input pixels an output pixel's window holds, and the other way round, for one
 * axis: taps and outputs as half-open ranges, cut at the image's border; and which of a window's values is its maximum. */
#ifndef ALCK_F32_POOL_WINDOW_H
#define ALCK_F32_POOL_WINDOW_H

#include "kernels/f32/strips.h"

typedef struct pool_axis {
    int64_t in, out, kernel, stride, pad;
    bool adaptive;
} pool_axis;

typedef struct pool_span {
    int64_t first, end;
} pool_span;

ALCK_INLINE pool_axis pool_rows(const alck_pool *s)
{
    return (pool_axis){s->in_height, s->out_height, s->kernel_height, s->stride_y, s->pad_top, s->adaptive};
}

ALCK_INLINE pool_axis pool_columns(const alck_pool *s)
{
    return (pool_axis){s->in_width, s->out_width, s->kernel_width, s->stride_x, s->pad_left, s->adaptive};
}

/* Of `count` things, those that share some of part `i` where the same length is cut into `parts` instead. */
ALCK_INLINE pool_span pool_share(int64_t i, int64_t parts, int64_t count)
{
    return (pool_span){i * count / parts, ((i + 1) * count + parts - 1) / parts};
}

/* The input under tap 0 of output o, perhaps outside. */
ALCK_INLINE int64_t pool_start(const pool_axis *a, int64_t o)
{
    return a->adaptive ? pool_share(o, a->out, a->in).first : o * a->stride - a->pad;
}

/* The taps of output o that lie inside the input: tap t is input pool_start + t. */
ALCK_INLINE pool_span pool_taps(const pool_axis *a, int64_t o)
{
    const int64_t start = pool_start(a, o);
    if (a->adaptive)
        return (pool_span){0, pool_share(o, a->out, a->in).end - start};
    return (pool_span){larger(0, -start), smaller(a->kernel, a->in - start)};
}

/* The outputs whose windows hold input i: those with o * stride - pad <= i < o * stride - pad + kernel. Adaptive windows
 * hold what they share some of, and that goes both ways. */
ALCK_INLINE pool_span pool_outputs(const pool_axis *a, int64_t i)
{
    if (a->adaptive)
        return pool_share(i, a->in, a->out);
    const int64_t last = (i + a->pad) / a->stride;
    const int64_t ended = i + a->pad - a->kernel; /* windows that start here or earlier end before i */
    const int64_t first = ended < 0 ? 0 : ended / a->stride + 1;
    return (pool_span){first, smaller(last + 1, a->out)};
}

/* Where v becomes the maximum in place of `best`: it is larger, or the first NaN. */
ALCK_INLINE vm is_new_maximum(vf v, vf best)
{
    return vm_or(vf_lt(best, v), vm_and(vf_unordered(v), vm_not(vf_unordered(best))));
}

#endif
