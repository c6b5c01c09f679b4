/* kernels/vec/vec_avx512.h - the vector interface over AVX-512 (F, BW, DQ, VL): sixteen lanes. vec_scalar.h is its
 * manual. A mask is a mask register; tails use zero-masking loads and masked stores. */
#ifndef ALCK_VEC_AVX512_H
#define ALCK_VEC_AVX512_H

#include <immintrin.h>

#define VF_LANES 16
#define ALCK_TILE_ROWS 14
#define ALCK_TILE_VECTORS 2

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

ALCK_INLINE __mmask16 alck_first_lanes(int64_t n)
{
    return (__mmask16)((1U << (unsigned)n) - 1U);
}

ALCK_INLINE vf vf_zero(void)
{
    return _mm512_setzero_ps();
}
ALCK_INLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}
ALCK_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
ALCK_INLINE void vf_store(float *p, vf v)
{
    _mm512_storeu_ps(p, v);
}
ALCK_INLINE vf vf_load_n(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(alck_first_lanes(n), p);
}
ALCK_INLINE void vf_store_n(float *p, vf v, int64_t n)
{
    _mm512_mask_storeu_ps(p, alck_first_lanes(n), v);
}

ALCK_INLINE vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
ALCK_INLINE vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
ALCK_INLINE vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
ALCK_INLINE vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
ALCK_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
ALCK_INLINE vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
ALCK_INLINE vf vf_neg(vf a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0F));
}
ALCK_INLINE vf vf_abs(vf a)
{
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0F), a);
}

ALCK_INLINE vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
ALCK_INLINE vm vf_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
ALCK_INLINE vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
ALCK_INLINE vm vf_unordered(vf a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}
ALCK_INLINE vm vm_or(vm a, vm b)
{
    return (vm)(a | b);
}
ALCK_INLINE vm vm_and(vm a, vm b)
{
    return (vm)(a & b);
}
ALCK_INLINE vm vm_not(vm a)
{
    return (vm)~a;
}
ALCK_INLINE bool vm_any(vm a)
{
    return a != 0;
}
ALCK_INLINE vf vf_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}
/* The operands' order is the contract's: the second is the result where one is NaN. */
ALCK_INLINE vf vf_larger(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
ALCK_INLINE vf vf_smaller(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

ALCK_INLINE vf vf_interleave_low(vf a, vf b)
{
    const vi places = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(a, places, b);
}
ALCK_INLINE vf vf_interleave_high(vf a, vf b)
{
    const vi places = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    return _mm512_permutex2var_ps(a, places, b);
}

ALCK_INLINE vi vf_bits(vf v)
{
    return _mm512_castps_si512(v);
}
ALCK_INLINE vf vi_real(vi v)
{
    return _mm512_castsi512_ps(v);
}
ALCK_INLINE vi vi_set1(int32_t x)
{
    return _mm512_set1_epi32(x);
}
ALCK_INLINE vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}
ALCK_INLINE vi vi_sub(vi a, vi b)
{
    return _mm512_sub_epi32(a, b);
}
/* The shift intrinsics want a literal where nothing is inlined; the operators do not. */
ALCK_INLINE vi vi_shl(vi v, int n)
{
    return (vi)((__v16su)v << (unsigned)n);
}
ALCK_INLINE vi vi_sar(vi v, int n)
{
    return (vi)((__v16si)v >> n);
}
ALCK_INLINE vm vi_eq(vi a, vi b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}
ALCK_INLINE vi vi_select(vm m, vi a, vi b)
{
    return _mm512_mask_blend_epi32(m, b, a);
}
ALCK_INLINE vi vi_load_bytes(const uint8_t *p, int64_t n)
{
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(alck_first_lanes(n), p));
}
ALCK_INLINE void vi_store_bytes(uint8_t *p, vi v, int64_t n)
{
    _mm512_mask_cvtepi32_storeu_epi8(p, alck_first_lanes(n), v);
}
ALCK_INLINE vf vf_load_bf16(const uint16_t *p, int64_t n)
{
    const __m256i halves = n == VF_LANES ? _mm256_loadu_si256((const __m256i *)(const void *)p)
                                         : _mm256_maskz_loadu_epi16(alck_first_lanes(n), p);
    return vi_real(vi_shl(_mm512_cvtepu16_epi32(halves), 16));
}

#endif
