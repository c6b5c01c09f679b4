/* kernels/f32/math.c - exp and log of an array, in the caller's thread. polynomials.h has the mathematics. */
#include "kernels/f32/polynomials.h"
#include "kernels/f32/strips.h"

ALCK_INLINE void exponential_step(const alck_real *x, alck_real *y, int64_t i, int64_t lanes)
{
    store_lanes(y + i, vf_exp(load_lanes(x + i, lanes)), lanes);
}

ALCK_INLINE void logarithm_step(const alck_real *x, alck_real *y, int64_t i, int64_t lanes)
{
    store_lanes(y + i, vf_log(load_lanes(x + i, lanes)), lanes);
}

void ALCK_NAME(exponential)(int64_t count, const alck_real *x, alck_real *y)
{
    EACH_VECTOR(count, exponential_step, x, y);
}

void ALCK_NAME(logarithm)(int64_t count, const alck_real *x, alck_real *y)
{
    EACH_VECTOR(count, logarithm_step, x, y);
}
