/* kernels/vec/vec_double.h - the vector interface in double precision, for the build that checks gradients.
 *
 * Written in the compilers' vector extensions, one header for all instruction sets: as many lanes as the widest
 * register they were compiled for holds. vec_scalar.h is its manual, with one liberty that only this precision
 * takes: vf_fma is fused only where the instruction set has it, so that results may differ in the last bits from one
 * instruction set to another.
 */
#ifndef ALCK_VEC_DOUBLE_H
#define ALCK_VEC_DOUBLE_H

#include <math.h>

#if defined(ALCK_AVX512)
#include <immintrin.h>
#define VF_LANES 8
#define ALCK_TILE_ROWS 14
#define ALCK_TILE_VECTORS 2
#elif defined(ALCK_AVX2)
#include <immintrin.h>
#define VF_LANES 4
#define ALCK_TILE_ROWS 6
#define ALCK_TILE_VECTORS 2
#elif defined(ALCK_NEON)
#include <arm_neon.h>
#define VF_LANES 2
#define ALCK_TILE_ROWS 8
#define ALCK_TILE_VECTORS 3
#else
#define VF_LANES 2
#define ALCK_TILE_ROWS 4
#define ALCK_TILE_VECTORS 2
#endif

typedef double vf __attribute__((vector_size(VF_LANES * 8)));
typedef int64_t vi __attribute__((vector_size(VF_LANES * 8)));
typedef uint64_t alck_unsigned_lanes __attribute__((vector_size(VF_LANES * 8)));
typedef vi vm;

ALCK_INLINE vf vf_set1(double x)
{
    return x - (vf){0};
}
ALCK_INLINE vf vf_zero(void)
{
    return (vf){0};
}
ALCK_INLINE vf vf_load(const double *p)
{
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
ALCK_INLINE void vf_store(double *p, vf v)
{
    memcpy(p, &v, sizeof v);
}
ALCK_INLINE vf vf_load_n(const double *p, int64_t n)
{
    double lanes[VF_LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return vf_load(lanes);
}
ALCK_INLINE void vf_store_n(double *p, vf v, int64_t n)
{
    double lanes[VF_LANES];
    vf_store(lanes, v);
    for (int64_t i = 0; i < n; i++)
        p[i] = lanes[i];
}

ALCK_INLINE vf vf_add(vf a, vf b)
{
    return a + b;
}
ALCK_INLINE vf vf_sub(vf a, vf b)
{
    return a - b;
}
ALCK_INLINE vf vf_mul(vf a, vf b)
{
    return a * b;
}
ALCK_INLINE vf vf_div(vf a, vf b)
{
    return a / b;
}
ALCK_INLINE vf vf_fma(vf a, vf b, vf c)
{
#if defined(ALCK_AVX512)
    return _mm512_fmadd_pd(a, b, c);
#elif defined(ALCK_AVX2)
    return _mm256_fmadd_pd(a, b, c);
#elif defined(ALCK_NEON)
    return vfmaq_f64(c, a, b);
#else
    return a * b + c;
#endif
}
ALCK_INLINE vf vf_sqrt(vf a)
{
    for (int i = 0; i < VF_LANES; i++)
        a[i] = sqrt(a[i]);
    return a;
}
ALCK_INLINE vf vf_neg(vf a)
{
    return -a;
}
ALCK_INLINE vf vf_abs(vf a)
{
    return (vf)((vi)a & (vi)(alck_unsigned_lanes)(((alck_unsigned_lanes){0} - 1) >> 1));
}

ALCK_INLINE vm vf_lt(vf a, vf b)
{
    return (vm)(a < b);
}
ALCK_INLINE vm vf_le(vf a, vf b)
{
    return (vm)(a <= b);
}
ALCK_INLINE vm vf_eq(vf a, vf b)
{
    return (vm)(a == b);
}
ALCK_INLINE vm vf_unordered(vf a)
{
    return (vm)(a != a);
}
ALCK_INLINE vm vm_or(vm a, vm b)
{
    return a | b;
}
ALCK_INLINE vm vm_and(vm a, vm b)
{
    return a & b;
}
ALCK_INLINE vm vm_not(vm a)
{
    return ~a;
}
ALCK_INLINE bool vm_any(vm a)
{
    int64_t any = 0;
    for (int i = 0; i < VF_LANES; i++)
        any |= a[i];
    return any != 0;
}
ALCK_INLINE vf vf_select(vm m, vf a, vf b)
{
    return (vf)((m & (vi)a) | (~m & (vi)b));
}
ALCK_INLINE vf vf_larger(vf a, vf b)
{
    return vf_select(vf_lt(b, a), a, b);
}
ALCK_INLINE vf vf_smaller(vf a, vf b)
{
    return vf_select(vf_lt(a, b), a, b);
}

ALCK_INLINE vf vf_interleave_low(vf a, vf b)
{
    vf v = a;
    for (int i = 0; i < VF_LANES; i++)
        v[i] = i % 2 == 0 ? a[i / 2] : b[i / 2];
    return v;
}
ALCK_INLINE vf vf_interleave_high(vf a, vf b)
{
    vf v = b;
    for (int i = 0; i < VF_LANES; i++)
        v[i] = i % 2 == 0 ? a[VF_LANES / 2 + i / 2] : b[VF_LANES / 2 + i / 2];
    return v;
}

ALCK_INLINE vi vf_bits(vf v)
{
    return (vi)v;
}
ALCK_INLINE vf vi_real(vi v)
{
    return (vf)v;
}
ALCK_INLINE vi vi_set1(int64_t x)
{
    return x + (vi){0};
}
ALCK_INLINE vi vi_add(vi a, vi b)
{
    return (vi)((alck_unsigned_lanes)a + (alck_unsigned_lanes)b);
}
ALCK_INLINE vi vi_sub(vi a, vi b)
{
    return (vi)((alck_unsigned_lanes)a - (alck_unsigned_lanes)b);
}
ALCK_INLINE vi vi_shl(vi v, int n)
{
    return (vi)((alck_unsigned_lanes)v << (unsigned)n);
}
ALCK_INLINE vi vi_sar(vi v, int n)
{
    return v >> n;
}
ALCK_INLINE vm vi_eq(vi a, vi b)
{
    return (vm)(a == b);
}
ALCK_INLINE vi vi_select(vm m, vi a, vi b)
{
    return (m & a) | (~m & b);
}
ALCK_INLINE vi vi_load_bytes(const uint8_t *p, int64_t n)
{
    vi v = {0};
    for (int64_t i = 0; i < n; i++)
        v[i] = p[i];
    return v;
}
ALCK_INLINE void vi_store_bytes(uint8_t *p, vi v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        p[i] = (uint8_t)v[i];
}
ALCK_INLINE vf vf_load_bf16(const uint16_t *p, int64_t n)
{
    vf v = {0};
    for (int64_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, p + i, sizeof half);
        const uint32_t bits = (uint32_t)half << 16;
        float value;
        memcpy(&value, &bits, sizeof value);
        v[i] = (double)value;
    }
    return v;
}

#endif
