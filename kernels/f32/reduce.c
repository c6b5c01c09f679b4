/* kernels/f32/reduce.c - a sum of squares over a whole array, and whether a tensor is free of NaN and infinities.
 *
 * The sum: chunks of 4096 values; in a chunk 64 virtual lanes (lane = index mod 64) in double, where a square is exact
 * and cannot overflow, folded 32, 16, ... 1; chunks added in order.
 */
#include "kernels/f32/polynomials.h"
#include "kernels/f32/strips.h"

#define CHUNK 4096
#define LANES 64
#define CHUNKS_PER_TASK (VALUES_PER_TASK / CHUNK)

typedef struct squares_job {
    int64_t count, chunks;
    const alck_real *x;
    double *sums;
} squares_job;

static double fold(double *lanes)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int lane = 0; lane < half; lane++)
            lanes[lane] += lanes[lane + half];
    return lanes[0];
}

static double chunk_sum(const alck_real *x, int64_t count)
{
    double lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (int lane = 0; i + lane < count; lane++)
        lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    return fold(lanes);
}

static void squares_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const squares_job *j = argument;
    const int64_t first = task * CHUNKS_PER_TASK, end = smaller(first + CHUNKS_PER_TASK, j->chunks);
    for (int64_t c = first; c < end; c++)
        j->sums[c] = chunk_sum(j->x + c * CHUNK, smaller(CHUNK, j->count - c * CHUNK));
}

double ALCK_NAME(sum_of_squares)(const alck_parallel *par, int64_t count, const alck_real *x, double *scratch)
{
    squares_job j = {.count = count, .chunks = ceil_divide(count, CHUNK), .x = x, .sums = scratch};
    alck_spread(par, ceil_divide(j.chunks, CHUNKS_PER_TASK), squares_task, &j);
    double sum = 0;
    for (int64_t c = 0; c < j.chunks; c++)
        sum += scratch[c];
    return sum;
}

/* v - v is 0 for every finite v, NaN for the others; and NaN stays when more is added. */
ALCK_INLINE void finite_step(const alck_real *x, vf *witness, int64_t i, int64_t lanes)
{
    const vf v = load_lanes(x + i, lanes);
    *witness = vf_add(*witness, vf_sub(v, v));
}

bool ALCK_NAME(all_finite)(int64_t pixels, int64_t channels, const alck_real *x, int64_t stride)
{
    const strips cut = strips_of(pixels, channels, stride == channels);
    const int64_t step = stride == channels ? cut.width : stride;
    for (int64_t s = 0; cut.total > 0 && s < cut.count; s++) {
        vf witness = vf_zero();
        EACH_VECTOR(strip_values(&cut, s), finite_step, x + s * step, &witness);
        if (vm_any(vf_unordered(witness)))
            return false;
    }
    return true;
}
