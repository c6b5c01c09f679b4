/* kernels/vec/vec_neon.h - the vector interface over AArch64's Advanced SIMD: four lanes. vec_scalar.h is its manual.
 *
 * There are no masked loads: tails go lane by lane through a small array. vfmaq_f32 rounds once, division and square
 * root are IEEE's; the estimate instructions are not used.
 */
#ifndef ALCK_VEC_NEON_H
#define ALCK_VEC_NEON_H

#include <arm_neon.h>

#define VF_LANES 4
#define ALCK_TILE_ROWS 8
#define ALCK_TILE_VECTORS 3

typedef float32x4_t vf;
typedef int32x4_t vi;
typedef uint32x4_t vm;

ALCK_INLINE vf vf_zero(void)
{
    return vdupq_n_f32(0.0F);
}
ALCK_INLINE vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}
ALCK_INLINE vf vf_load(const float *p)
{
    return vld1q_f32(p);
}
ALCK_INLINE void vf_store(float *p, vf v)
{
    vst1q_f32(p, v);
}
ALCK_INLINE vf vf_load_n(const float *p, int64_t n)
{
    if (n >= VF_LANES)
        return vld1q_f32(p);
    vf v = vdupq_n_f32(0.0F);
    if (n & 2) {
        v = vcombine_f32(vld1_f32(p), vdup_n_f32(0.0F));
        if (n & 1)
            v = vld1q_lane_f32(p + 2, v, 2);
    } else if (n & 1) {
        v = vld1q_lane_f32(p, v, 0);
    }
    return v;
}
ALCK_INLINE void vf_store_n(float *p, vf v, int64_t n)
{
    if (n >= VF_LANES) {
        vst1q_f32(p, v);
    } else if (n & 2) {
        vst1_f32(p, vget_low_f32(v));
        if (n & 1)
            vst1q_lane_f32(p + 2, v, 2);
    } else if (n & 1) {
        vst1q_lane_f32(p, v, 0);
    }
}

ALCK_INLINE vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
ALCK_INLINE vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
ALCK_INLINE vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
ALCK_INLINE vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}
ALCK_INLINE vf vf_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
ALCK_INLINE vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}
ALCK_INLINE vf vf_neg(vf a)
{
    return vnegq_f32(a);
}
ALCK_INLINE vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

ALCK_INLINE vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}
ALCK_INLINE vm vf_le(vf a, vf b)
{
    return vcleq_f32(a, b);
}
ALCK_INLINE vm vf_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}
ALCK_INLINE vm vf_unordered(vf a)
{
    return vmvnq_u32(vceqq_f32(a, a));
}
ALCK_INLINE vm vm_or(vm a, vm b)
{
    return vorrq_u32(a, b);
}
ALCK_INLINE vm vm_and(vm a, vm b)
{
    return vandq_u32(a, b);
}
ALCK_INLINE vm vm_not(vm a)
{
    return vmvnq_u32(a);
}
ALCK_INLINE bool vm_any(vm a)
{
    return vmaxvq_u32(a) != 0;
}
ALCK_INLINE vf vf_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}
ALCK_INLINE vf vf_larger(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
ALCK_INLINE vf vf_smaller(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

ALCK_INLINE vf vf_interleave_low(vf a, vf b)
{
    return vzip1q_f32(a, b);
}
ALCK_INLINE vf vf_interleave_high(vf a, vf b)
{
    return vzip2q_f32(a, b);
}

ALCK_INLINE vi vf_bits(vf v)
{
    return vreinterpretq_s32_f32(v);
}
ALCK_INLINE vf vi_real(vi v)
{
    return vreinterpretq_f32_s32(v);
}
ALCK_INLINE vi vi_set1(int32_t x)
{
    return vdupq_n_s32(x);
}
ALCK_INLINE vi vi_add(vi a, vi b)
{
    return vaddq_s32(a, b);
}
ALCK_INLINE vi vi_sub(vi a, vi b)
{
    return vsubq_s32(a, b);
}
/* One instruction shifts both ways: a negative count is a shift to the right. */
ALCK_INLINE vi vi_shl(vi v, int n)
{
    return vshlq_s32(v, vdupq_n_s32(n));
}
ALCK_INLINE vi vi_sar(vi v, int n)
{
    return vshlq_s32(v, vdupq_n_s32(-n));
}
ALCK_INLINE vm vi_eq(vi a, vi b)
{
    return vceqq_s32(a, b);
}
ALCK_INLINE vi vi_select(vm m, vi a, vi b)
{
    return vbslq_s32(m, a, b);
}
ALCK_INLINE vi vi_load_bytes(const uint8_t *p, int64_t n)
{
    int32_t lanes[VF_LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return vld1q_s32(lanes);
}
ALCK_INLINE void vi_store_bytes(uint8_t *p, vi v, int64_t n)
{
    int32_t lanes[VF_LANES];
    vst1q_s32(lanes, v);
    for (int64_t i = 0; i < n; i++)
        p[i] = (uint8_t)lanes[i];
}
ALCK_INLINE vf vf_load_bf16(const uint16_t *p, int64_t n)
{
    uint16_t lanes[VF_LANES] = {0};
    if (n < VF_LANES)
        memcpy(lanes, p, (size_t)n * sizeof *p);
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(n < VF_LANES ? lanes : p), 16));
}

#endif
