/* kernels/vec/vec_avx2.h - the vector interface over AVX2 and FMA3: eight lanes. vec_scalar.h is its manual.
 *
 * A mask is a vector of all-ones and all-zeros lanes; tails go through masked loads and stores, which never touch a
 * lane that is off.
 */
#ifndef ALCK_VEC_AVX2_H
#define ALCK_VEC_AVX2_H

#include <immintrin.h>

#define VF_LANES 8
#define ALCK_TILE_ROWS 6
#define ALCK_TILE_VECTORS 2

typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm;

ALCK_INLINE __m256i alck_first_lanes(int64_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
}

ALCK_INLINE vf vf_zero(void)
{
    return _mm256_setzero_ps();
}
ALCK_INLINE vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}
ALCK_INLINE vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
ALCK_INLINE void vf_store(float *p, vf v)
{
    _mm256_storeu_ps(p, v);
}
ALCK_INLINE vf vf_load_n(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, alck_first_lanes(n));
}
ALCK_INLINE void vf_store_n(float *p, vf v, int64_t n)
{
    _mm256_maskstore_ps(p, alck_first_lanes(n), v);
}

ALCK_INLINE vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
ALCK_INLINE vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
ALCK_INLINE vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
ALCK_INLINE vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
ALCK_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
ALCK_INLINE vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
ALCK_INLINE vf vf_neg(vf a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0F));
}
ALCK_INLINE vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a);
}

ALCK_INLINE vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
ALCK_INLINE vm vf_le(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}
ALCK_INLINE vm vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
ALCK_INLINE vm vf_unordered(vf a)
{
    return _mm256_cmp_ps(a, a, _CMP_UNORD_Q);
}
ALCK_INLINE vm vm_or(vm a, vm b)
{
    return _mm256_or_ps(a, b);
}
ALCK_INLINE vm vm_and(vm a, vm b)
{
    return _mm256_and_ps(a, b);
}
ALCK_INLINE vm vm_not(vm a)
{
    return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1)));
}
ALCK_INLINE bool vm_any(vm a)
{
    return _mm256_movemask_ps(a) != 0;
}
ALCK_INLINE vf vf_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}
/* The operands' order is the contract's: the second is the result where one is NaN. */
ALCK_INLINE vf vf_larger(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
ALCK_INLINE vf vf_smaller(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

ALCK_INLINE vf vf_interleave_low(vf a, vf b)
{
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20);
}
ALCK_INLINE vf vf_interleave_high(vf a, vf b)
{
    return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31);
}

ALCK_INLINE vi vf_bits(vf v)
{
    return _mm256_castps_si256(v);
}
ALCK_INLINE vf vi_real(vi v)
{
    return _mm256_castsi256_ps(v);
}
ALCK_INLINE vi vi_set1(int32_t x)
{
    return _mm256_set1_epi32(x);
}
ALCK_INLINE vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}
ALCK_INLINE vi vi_sub(vi a, vi b)
{
    return _mm256_sub_epi32(a, b);
}
ALCK_INLINE vi vi_shl(vi v, int n)
{
    return _mm256_slli_epi32(v, n);
}
ALCK_INLINE vi vi_sar(vi v, int n)
{
    return _mm256_srai_epi32(v, n);
}
ALCK_INLINE vm vi_eq(vi a, vi b)
{
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b));
}
ALCK_INLINE vi vi_select(vm m, vi a, vi b)
{
    return _mm256_blendv_epi8(b, a, _mm256_castps_si256(m));
}
ALCK_INLINE vi vi_load_bytes(const uint8_t *p, int64_t n)
{
    uint64_t bytes = 0;
    if (n == VF_LANES)
        memcpy(&bytes, p, sizeof bytes);
    else
        for (int64_t i = 0; i < n; i++)
            bytes |= (uint64_t)p[i] << (8 * i);
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
}
ALCK_INLINE void vi_store_bytes(uint8_t *p, vi v, int64_t n)
{
    const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(255));
    const __m128i halves =
        _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    const uint64_t bytes = (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(halves, halves));
    if (n == VF_LANES)
        memcpy(p, &bytes, sizeof bytes);
    else
        for (int64_t i = 0; i < n; i++)
            p[i] = (uint8_t)(bytes >> (8 * i));
}
ALCK_INLINE vf vf_load_bf16(const uint16_t *p, int64_t n)
{
    uint16_t lanes[VF_LANES] = {0};
    if (n < VF_LANES)
        memcpy(lanes, p, (size_t)n * sizeof *p);
    const __m128i halves = _mm_loadu_si128((const __m128i *)(const void *)(n < VF_LANES ? lanes : p));
    return vi_real(vi_shl(_mm256_cvtepu16_epi32(halves), 16));
}

#endif
