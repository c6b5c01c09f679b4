/* kernels/f32/pairs_bf16.c - see pairs_bf16.h. VCVTNEPS2BF16 (Intel's Architecture Instruction Set Extensions Programming
 * Reference) rounds 16 floats to nearest, ties to even, with subnormals as zeros, whatever the CPU is set to.
 */
#include "kernels/f32/pairs_bf16.h"

#include "kernels/f32/halves.h"

void ALCK_NAME(pair_values_bf16)(int64_t count, const alck_real *from, alck_real *to)
{
    for (int64_t i = 0; i < count; i += 2 * VF_LANES) {
        const two_vectors v = load_vectors(from + i, count - i);
        _mm512_mask_storeu_epi32(to + i / 2, alck_first_lanes(lanes_of((count - i + 1) / 2)), halves_of(v.first, v.second));
    }
}

void ALCK_NAME(pair_rows_bf16)(int64_t count, const alck_real *first, const alck_real *second, alck_real *to)
{
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    /* halves i and 16 + i next to each other */
    const __m512i neighbours = _mm512_or_si512(lanes, _mm512_slli_epi32(_mm512_add_epi32(lanes, _mm512_set1_epi32(16)), 16));
    for (int64_t i = 0; i < count; i += VF_LANES) {
        const int64_t n = lanes_of(count - i);
        const vf above = vf_load_n(first + i, n), below = second != NULL ? vf_load_n(second + i, n) : vf_zero();
        _mm512_mask_storeu_epi32(to + i, alck_first_lanes(n), _mm512_permutexvar_epi16(neighbours, halves_of(above, below)));
    }
}

void ALCK_NAME(round_values_bf16)(int64_t count, const alck_real *from, alck_real *to)
{
    for (int64_t i = 0; i < count; i += VF_LANES) {
        const int64_t n = lanes_of(count - i);
        vf_store_n(to + i, reals_of((__m256i)_mm512_cvtneps_pbh(vf_load_n(from + i, n))), n);
    }
}
