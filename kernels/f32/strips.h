/* kernels/f32/strips.h - how elementwise work is cut: strips of consecutive values, and tasks of whole strips.
 *
 * A strip is a pixel's channels where pixels lie apart or channels have parameters of their own, else a longer piece
 * of the tensor. Cuts follow from the shape alone, and no value depends on them.
 */
#ifndef ALCK_F32_STRIPS_H
#define ALCK_F32_STRIPS_H

#include "kernels/isa.h"

/* About 10 microseconds of memory traffic: enough to pay for handing a task to another core. */
#define VALUES_PER_TASK 32768
#define STRIP_OF_CONTIGUOUS 4096

typedef struct strips {
    int64_t count, width, total, per_task;
} strips;

static inline strips strips_of(int64_t pixels, int64_t channels, bool contiguous)
{
    strips s = {.count = pixels, .width = channels, .total = pixels * channels};
    if (contiguous) {
        s.width = STRIP_OF_CONTIGUOUS;
        s.count = ceil_divide(s.total, s.width);
    }
    s.per_task = larger(1, VALUES_PER_TASK / larger(1, s.width));
    return s;
}

static inline int64_t strip_tasks(const strips *s)
{
    return s->total > 0 ? ceil_divide(s->count, s->per_task) : 0;
}

/* The values of strip i: all strips are full but the last of a contiguous tensor. */
ALCK_INLINE int64_t strip_values(const strips *s, int64_t i)
{
    return smaller(s->width, s->total - i * s->width);
}

/* A vector's n values; n is the constant VF_LANES in every loop over whole vectors. */
ALCK_INLINE vf load_lanes(const alck_real *p, int64_t n)
{
    return n == VF_LANES ? vf_load(p) : vf_load_n(p, n);
}

ALCK_INLINE void store_lanes(alck_real *p, vf v, int64_t n)
{
    if (n == VF_LANES)
        vf_store(p, v);
    else
        vf_store_n(p, v, n);
}

/* Calls step(..., i, lanes) for the whole vectors of `count` values and once for what is left. */
#define EACH_VECTOR(count, step, ...)                                   \
    do {                                                                \
        const int64_t each_count = (count);                             \
        int64_t each_i = 0;                                             \
        for (; each_i + VF_LANES <= each_count; each_i += VF_LANES)     \
            step(__VA_ARGS__, each_i, VF_LANES);                        \
        if (each_i < each_count)                                        \
            step(__VA_ARGS__, each_i, each_count - each_i);             \
    } while (0)

#endif
