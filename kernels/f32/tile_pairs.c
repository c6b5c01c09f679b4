/* kernels/f32/tile_pairs.c - tiles on pairs of bf16 values: by the CPU's instruction where it has one, else by what that is
 * defined to compute, a row at a time.
 *
 * VDPBF16PS (Intel's Architecture Instruction Set Extensions Programming Reference) adds the product of the upper halves, then that
 * of the lower ones, each by a fused multiply-add that rounds to nearest and flushes subnormals.
 */
#include <float.h>
#include <math.h>

#include "kernels/f32/settle.h"
#include "kernels/f32/tile_bf16.h"

ALCK_INLINE float real_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ALCK_INLINE uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

ALCK_INLINE float flush(float value)
{
    return fabsf(value) < FLT_MIN ? real_of(bits_of(value) & 0x80000000U) : value;
}

/* One pair of k: a row's, with those of all columns. */
static void multiply_pair(int64_t width, float left_pair, const float *panel, float *chains)
{
    const float lower = real_of(bits_of(left_pair) << 16), upper = real_of(bits_of(left_pair) & 0xffff0000U);
    for (int64_t i = 0; i < width; i++) {
        const uint32_t right = bits_of(panel[i]);
        const float sum = flush(fmaf(upper, real_of(right & 0xffff0000U), chains[i]));
        chains[i] = flush(fmaf(lower, real_of(right << 16), sum));
    }
}

/* A row's chains, added to what the blocks before left. */
static void keep_row(int64_t width, const float *chains, bool first, float *sums)
{
    for (int64_t i = 0; i < width; i++)
        sums[i] = first ? chains[i] : sums[i] + chains[i];
}

void ALCK_NAME(tile_pairs_by_rows)(bool emulated, int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel,
                                   const tile_target *target)
{
    const int64_t width = vectors * VF_LANES;
#ifdef ALCK_AVX512
    if (!emulated) {
        ALCK_NAME(tile_bf16_by_rows)(rows, vectors, left, panel, target);
        return;
    }
#endif
    (void)emulated;
    for (int64_t r = 0; r < rows; r++) {
        float chains[TILE_COLUMNS] = {0};
        const float *right = panel;
        for (int64_t s = 0; s < left->segments; s++)
            for (int64_t k = 0; k < left->lengths[s]; k++, right += width)
                multiply_pair(width, left->pointers[s * left->pitch + r][k], right, chains);
        keep_row(width, chains, target->first, target->sums + r * width);
    }
    if (target->last)
        finish_rows(rows, vectors, target);
}

void ALCK_NAME(tile_pairs_by_columns)(bool emulated, int64_t rows, int64_t vectors, const tile_columns *left,
                                      const alck_real *panel, const tile_target *target)
{
    const int64_t width = vectors * VF_LANES;
#ifdef ALCK_AVX512
    if (!emulated) {
        ALCK_NAME(tile_bf16_by_columns)(rows, vectors, left, panel, target);
        return;
    }
#endif
    (void)emulated;
    for (int64_t r = 0; r < rows; r++) {
        float chains[TILE_COLUMNS] = {0};
        for (int64_t k = 0; k < left->length; k++)
            multiply_pair(width, left->values[k * left->stride + r], panel + k * width, chains);
        keep_row(width, chains, target->first, target->sums + r * width);
    }
    if (target->last)
        finish_rows(rows, vectors, target);
}
