/* kernels/f32/pairs.c - see pairs.h: by the CPU's instruction where it has one, else by what that is defined to compute. */
#include "kernels/f32/pairs.h"

#include "kernels/f32/strips.h"

#if defined(ALCK_AVX512) && !defined(ALCOR_DOUBLE)
#include "kernels/f32/pairs_bf16.h"
#define CPU_MAY_PAIR
#endif

ALCK_INLINE uint32_t round_to_bf16(alck_real value)
{
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    const uint32_t magnitude = bits & 0x7fffffffU;
    const uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
    const uint32_t number = magnitude < 0x00800000U ? bits >> 16 & 0x8000U : rounded;
    return magnitude > 0x7f800000U ? bits >> 16 | 0x40U : number;
}

ALCK_INLINE void store_pair(alck_real *to, alck_real first, alck_real second)
{
    const uint32_t pair = round_to_bf16(first) | round_to_bf16(second) << 16;
    memcpy(to, &pair, sizeof pair);
}

void ALCK_NAME(pair_values)(alck_operands operands, int64_t count, const alck_real *from, alck_real *to)
{
#ifdef CPU_MAY_PAIR
    if (operands == ALCK_BF16_PAIRS) {
        ALCK_NAME(pair_values_bf16)(count, from, to);
        return;
    }
#endif
    (void)operands;
    for (int64_t i = 0; i < count; i += 2)
        store_pair(to + i / 2, from[i], i + 1 == count ? 0 : from[i + 1]);
}

void ALCK_NAME(pair_rows)(alck_operands operands, int64_t count, const alck_real *first, const alck_real *second, alck_real *to)
{
#ifdef CPU_MAY_PAIR
    if (operands == ALCK_BF16_PAIRS) {
        ALCK_NAME(pair_rows_bf16)(count, first, second, to);
        return;
    }
#endif
    (void)operands;
    for (int64_t i = 0; i < count; i++)
        store_pair(to + i, first[i], second ? second[i] : 0);
}

void ALCK_NAME(round_values)(alck_operands operands, int64_t count, const alck_real *from, alck_real *to)
{
#ifdef CPU_MAY_PAIR
    if (operands == ALCK_BF16_PAIRS) {
        ALCK_NAME(round_values_bf16)(count, from, to);
        return;
    }
#endif
    (void)operands;
    for (int64_t i = 0; i < count; i++) {
        const uint32_t bits = round_to_bf16(from[i]) << 16;
        float value;
        memcpy(&value, &bits, sizeof value);
        to[i] = (alck_real)value;
    }
}

ALCK_INLINE void unpair_step(const uint16_t *from, alck_real *to, int64_t i, int64_t lanes)
{
    store_lanes(to + i, vf_load_bf16(from + i, lanes), lanes);
}

void ALCK_NAME(unpair_values)(int64_t first, int64_t count, const alck_real *from, alck_real *to)
{
    EACH_VECTOR(count, unpair_step, (const uint16_t *)(const void *)from + first, to);
}
