/* kernels/f32/halves.h - two vectors of reals as one of bf16, and back, by VCVTNEPS2BF16 (Intel's Architecture Instruction Set Extensions
 * Programming Reference), which rounds to nearest, ties to even, with subnormals as zeros, whatever the CPU is set to: only for CPUs
 * that have it.
 */
#ifndef ALCK_F32_HALVES_H
#define ALCK_F32_HALVES_H

#include "kernels/f32/strips.h"

typedef struct two_vectors {
    vf first, second;
} two_vectors;

/* Lanes of a vector that so many values fill. */
ALCK_INLINE int64_t lanes_of(int64_t count)
{
    return count < 0 ? 0 : count < VF_LANES ? count : VF_LANES;
}

/* `count` values, or as many as two vectors have. */
ALCK_INLINE two_vectors load_vectors(const alck_real *from, int64_t count)
{
    return (two_vectors){load_lanes(from, lanes_of(count)), load_lanes(from + VF_LANES, lanes_of(count - VF_LANES))};
}

/* `first` in the lower 16 halves, `second` in the upper ones. (VCVTNE2PS2BF16 would do so at once, but Bochs 3.0, in which this is
 * tested, gives the first twice.) */
ALCK_INLINE __m512i halves_of(vf first, vf second)
{
    const __m256i lower = (__m256i)_mm512_cvtneps_pbh(first), upper = (__m256i)_mm512_cvtneps_pbh(second);
    return _mm512_inserti64x4(_mm512_castsi256_si512(lower), upper, 1);
}

ALCK_INLINE vf reals_of(__m256i halves)
{
    return vi_real(vi_shl(_mm512_cvtepu16_epi32(halves), 16));
}

ALCK_INLINE two_vectors vectors_of(__m512i halves)
{
    return (two_vectors){reals_of(_mm512_castsi512_si256(halves)), reals_of(_mm512_extracti64x4_epi64(halves, 1))};
}

/* Numbers below zero become zero; NaNs and zeros stay. As integers those numbers are 0x8001 to 0xff80. */
ALCK_INLINE __m512i relu_of(__m512i halves)
{
    const __m512i above = _mm512_sub_epi16(halves, _mm512_set1_epi16((short)0x8001));
    return _mm512_maskz_mov_epi16(_mm512_cmpgt_epu16_mask(above, _mm512_set1_epi16(0x7f7f)), halves);
}

#endif
