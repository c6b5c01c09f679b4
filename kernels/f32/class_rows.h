/* kernels/f32/class_rows.h - sums along a row of classes: 64 virtual lanes (lane = index mod 64), folded in halves.
 *
 * Rows are contiguous, so here values next to each other are added: the one place where lanes would meet. They do so
 * the same way everywhere, in an array of 64 partial sums: as many vectors as make 64 lanes on this instruction set.
 */
#ifndef ALCK_F32_CLASS_ROWS_H
#define ALCK_F32_CLASS_ROWS_H

#include "kernels/f32/polynomials.h"
#include "kernels/f32/strips.h"

#define VIRTUAL_LANES 64

typedef struct lane_sums {
    alck_real lanes[VIRTUAL_LANES];
} lane_sums;

ALCK_INLINE void add_lanes(lane_sums *sums, vf terms, int64_t i)
{
    alck_real *lane = sums->lanes + i % VIRTUAL_LANES;
    vf_store(lane, vf_add(vf_load(lane), terms));
}

/* Lane l takes in lane l + 32, then l + 16, ... Lanes beyond the last term hold +0. */
static inline alck_real fold_lanes(lane_sums *sums)
{
    for (int half = VIRTUAL_LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            sums->lanes[lane] += sums->lanes[lane + half];
    return sums->lanes[0];
}

/* The largest, or NaN if there is one. In any order: it is one of the values. */
static inline alck_real row_maximum(const alck_real *x, int64_t classes)
{
    alck_real largest = x[0];
    for (int64_t c = 1; c < classes; c++)
        largest = x[c] > largest || x[c] != x[c] ? x[c] : largest;
    return largest;
}

/* exp(x - maximum) of the lanes that exist, 0 in the others. */
ALCK_INLINE vf shifted_exp(const alck_real *x, vf maximum, int64_t i, int64_t lanes)
{
    const vf e = vf_exp(vf_sub(load_lanes(x + i, lanes), maximum));
    if (lanes == VF_LANES)
        return e;
    alck_real present[VF_LANES] = {0};
    vf_store_n(present, e, lanes);
    return vf_load(present);
}

ALCK_INLINE void exp_sum_step(lane_sums *sums, const alck_real *x, vf maximum, int64_t i, int64_t lanes)
{
    add_lanes(sums, shifted_exp(x, maximum, i, lanes), i);
}

/* sum of exp(x - maximum) over a row. */
static inline alck_real row_exp_sum(const alck_real *x, int64_t classes, alck_real maximum)
{
    lane_sums sums = {{0}};
    const vf shift = vf_set1(maximum);
    EACH_VECTOR(classes, exp_sum_step, &sums, x, shift);
    return fold_lanes(&sums);
}

static inline int64_t class_rows_per_task(int64_t classes)
{
    return larger(1, VALUES_PER_TASK / 8 / larger(1, classes));
}

#endif
