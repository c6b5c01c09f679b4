/* kernels/f32/epilogue_bf16.c - see epilogue_bf16.h. */
#include "kernels/f32/epilogue_bf16.h"

#include "kernels/f32/halves.h"

/* Two vectors of reals, which fill one when they are rounded. */
#define TOGETHER ((int64_t)(2 * VF_LANES))

ALCK_INLINE __mmask32 first_halves(int64_t count)
{
    return count < TOGETHER ? (1U << (unsigned)count) - 1U : ~0U;
}

ALCK_INLINE two_vectors add(two_vectors a, two_vectors b)
{
    return (two_vectors){vf_add(a.first, b.first), vf_add(a.second, b.second)};
}

ALCK_INLINE two_vectors residual_at(const alck_epilogue *e, int64_t pixel, int64_t channel, int64_t count)
{
    const alck_real *row = e->residual + pixel * e->residual_stride;
    if (!e->residual_pairs)
        return load_vectors(row + channel, count);
    return vectors_of(_mm512_maskz_loadu_epi16(first_halves(count), row + channel / 2));
}

/* Values of a pixel from `channel` on, `count` of them or TOGETHER, whose output is at `to`. */
ALCK_INLINE void finish_values(const alck_epilogue *e, const alck_real *sums, int64_t pixel, int64_t channel, int64_t count,
                               alck_real *to)
{
    two_vectors v = load_vectors(sums, count);
    if (e->bias != NULL)
        v = add(v, load_vectors(e->bias + channel, count));
    __m512i halves = halves_of(v.first, v.second);
    if (e->residual != NULL) {
        v = add(vectors_of(halves), residual_at(e, pixel, channel, count));
        halves = halves_of(v.first, v.second);
    }
    if (e->activation == ALCK_RELU)
        halves = relu_of(halves);
    v = vectors_of(halves);
    if (e->activation == ALCK_RELU6) {
        v = (two_vectors){vf_relu6(v.first), vf_relu6(v.second)};
        halves = halves_of(v.first, v.second);
    }
    if (e->stores_pairs) {
        _mm512_mask_storeu_epi16(to, first_halves(count), halves);
        return;
    }
    store_lanes(to, v.first, lanes_of(count));
    if (count > VF_LANES)
        store_lanes(to + VF_LANES, v.second, lanes_of(count - VF_LANES));
}

void ALCK_NAME(epilogue_rows_bf16)(const alck_epilogue *epilogue, const epilogue_rows_job *rows)
{
    const alck_epilogue e = *epilogue;
    const epilogue_rows_job j = *rows;
    for (int64_t row = 0; row < j.rows; row++) {
        const alck_real *sums = j.sums + row * j.sums_pitch;
        const int64_t pixel = j.pixels[row];
        alck_real *output = j.output + pixel * j.output_stride;
        for (int64_t i = 0; i < j.count; i += TOGETHER)
            finish_values(&e, sums + i, pixel, j.channel + i, j.count - i, output + (e.stores_pairs ? i / 2 : i));
    }
}
