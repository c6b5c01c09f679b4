/* kernels/vec/vec_scalar.h - the vector interface over plain C: one lane, fmaf for the fused multiply-add.
 *
 * This header is the interface's manual; the others offer the same names over their instruction set. The rules that
 * make results equal everywhere: vf_fma rounds once; nothing is estimated; comparisons with NaN are false (but for
 * vf_unordered); loads and stores touch exactly the elements named. Lanes never meet: no operation adds across them.
 *
 *   VF_LANES                    reals in a vector; always a divisor of 64
 *   vf vi vm                    reals; integers of the same width (alck_int); a lane mask
 *   vf_load vf_store            any alignment; _n: the first n <= VF_LANES lanes, the others read as 0
 *   vf_select(m, a, b)          m ? a : b, lane by lane
 *   vf_larger(a, b)             a > b ? a : b, so b where either is NaN; vf_smaller: a < b ? a : b
 *   vf_interleave_low _high     a0 b0 a1 b1 ... of the first halves, and of the second; of one lane a, and b
 *   vf_bits vi_real             the same bits under the other type
 *   vi_sar                      arithmetic shift right
 *   vi_load_bytes vi_store_bytes  the first n lanes as unsigned bytes; stores keep the low eight bits
 *   vf_load_bf16                the first n lanes from n values of bf16 side by side; the others read as 0
 *   ALCK_TILE_ROWS ALCK_TILE_VECTORS  the register tile of a matrix product: rows x vectors of accumulators
 */
#ifndef ALCK_VEC_SCALAR_H
#define ALCK_VEC_SCALAR_H

#include <math.h>

#define VF_LANES 1
#define ALCK_TILE_ROWS 4
#define ALCK_TILE_VECTORS 2

typedef float vf;
typedef int32_t vi;
typedef bool vm;

ALCK_INLINE vf vf_zero(void)
{
    return 0.0F;
}
ALCK_INLINE vf vf_set1(float x)
{
    return x;
}
ALCK_INLINE vf vf_load(const float *p)
{
    return *p;
}
ALCK_INLINE void vf_store(float *p, vf v)
{
    *p = v;
}
ALCK_INLINE vf vf_load_n(const float *p, int64_t n)
{
    return n > 0 ? *p : 0.0F;
}
ALCK_INLINE void vf_store_n(float *p, vf v, int64_t n)
{
    if (n > 0)
        *p = v;
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
    return fmaf(a, b, c);
}
ALCK_INLINE vf vf_sqrt(vf a)
{
    return sqrtf(a);
}
ALCK_INLINE vf vf_neg(vf a)
{
    return -a;
}
ALCK_INLINE vf vf_abs(vf a)
{
    return fabsf(a);
}

ALCK_INLINE vm vf_lt(vf a, vf b)
{
    return a < b;
}
ALCK_INLINE vm vf_le(vf a, vf b)
{
    return a <= b;
}
ALCK_INLINE vm vf_eq(vf a, vf b)
{
    return a == b;
}
ALCK_INLINE vm vf_unordered(vf a)
{
    return a != a;
}
ALCK_INLINE vm vm_or(vm a, vm b)
{
    return a || b;
}
ALCK_INLINE vm vm_and(vm a, vm b)
{
    return a && b;
}
ALCK_INLINE vm vm_not(vm a)
{
    return !a;
}
ALCK_INLINE bool vm_any(vm a)
{
    return a;
}
ALCK_INLINE vf vf_select(vm m, vf a, vf b)
{
    return m ? a : b;
}
ALCK_INLINE vf vf_larger(vf a, vf b)
{
    return a > b ? a : b;
}
ALCK_INLINE vf vf_smaller(vf a, vf b)
{
    return a < b ? a : b;
}

ALCK_INLINE vf vf_interleave_low(vf a, vf b)
{
    (void)b;
    return a;
}
ALCK_INLINE vf vf_interleave_high(vf a, vf b)
{
    (void)a;
    return b;
}

ALCK_INLINE vi vf_bits(vf v)
{
    vi bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
ALCK_INLINE vf vi_real(vi v)
{
    vf real;
    memcpy(&real, &v, sizeof real);
    return real;
}
ALCK_INLINE vi vi_set1(int32_t x)
{
    return x;
}
ALCK_INLINE vi vi_add(vi a, vi b)
{
    return (vi)((uint32_t)a + (uint32_t)b);
}
ALCK_INLINE vi vi_sub(vi a, vi b)
{
    return (vi)((uint32_t)a - (uint32_t)b);
}
ALCK_INLINE vi vi_shl(vi v, int n)
{
    return (vi)((uint32_t)v << n);
}
ALCK_INLINE vi vi_sar(vi v, int n)
{
    return v >> n;
}
ALCK_INLINE vm vi_eq(vi a, vi b)
{
    return a == b;
}
ALCK_INLINE vi vi_select(vm m, vi a, vi b)
{
    return m ? a : b;
}
ALCK_INLINE vi vi_load_bytes(const uint8_t *p, int64_t n)
{
    return n > 0 ? *p : 0;
}
ALCK_INLINE void vi_store_bytes(uint8_t *p, vi v, int64_t n)
{
    if (n > 0)
        *p = (uint8_t)v;
}
ALCK_INLINE vf vf_load_bf16(const uint16_t *p, int64_t n)
{
    uint16_t half = 0;
    if (n > 0)
        memcpy(&half, p, sizeof half);
    return vi_real((vi)((uint32_t)half << 16));
}

#endif
