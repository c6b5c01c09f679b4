/* kernels/f32/pairs.c - see pairs.h: by the CPU's instruction where it has one, else by what that is defined to compute. */
#include "kernels/f32/pairs.h"

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
