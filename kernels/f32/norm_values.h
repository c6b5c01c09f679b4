/* kernels/f32/norm_values.h - where a batch norm's tensors are rounded to bf16, or are pairs of it in memory: a block of some pixels and
 * channels at a time becomes reals, which stay in the first cache, and is then what the kernels read as if it lay so.
 */
#ifndef ALCK_F32_NORM_VALUES_H
#define ALCK_F32_NORM_VALUES_H

#include "kernels/f32/pairs.h"

#define NORM_BLOCK_PIXELS ((int64_t)8)
#define NORM_BLOCK_CHANNELS ((int64_t)256)
#define NORM_BLOCK (NORM_BLOCK_PIXELS * NORM_BLOCK_CHANNELS)

typedef struct norm_block {
    int64_t pixel, pixels, channel, channels;
} norm_block;

/* The first of those that cover pixels [first, end), and the next one: no pixels where there is none. */
static inline norm_block norm_first_block(const alck_norm *s, int64_t first, int64_t end)
{
    return (norm_block){first, smaller(NORM_BLOCK_PIXELS, end - first), 0, smaller(NORM_BLOCK_CHANNELS, s->channels)};
}

static inline norm_block norm_next_block(const alck_norm *s, norm_block b, int64_t end)
{
    b.channel += b.channels;
    if (b.channel == s->channels) {
        b.channel = 0;
        b.pixel += b.pixels;
    }
    b.channels = smaller(NORM_BLOCK_CHANNELS, s->channels - b.channel);
    b.pixels = smaller(NORM_BLOCK_PIXELS, end - b.pixel);
    return b;
}

/* Whether x becomes reals. */
ALCK_INLINE bool norm_makes_x(const alck_norm *s)
{
    return s->x_pairs || s->x_rounding != ALCK_REALS;
}

typedef struct norm_values {
    const alck_real *at;
    int64_t stride;
} norm_values;

/* A block of pairs as reals, for which `reals` has room. */
static inline norm_values norm_unpaired(const alck_real *pairs, int64_t stride, norm_block b, alck_real *reals)
{
    for (int64_t p = 0; p < b.pixels; p++)
        ALCK_NAME(unpair_values)(b.channel, b.channels, pairs + (b.pixel + p) * stride, reals + p * b.channels);
    return (norm_values){reals, b.channels};
}

static inline norm_values norm_x(const alck_norm *s, norm_block b, alck_real *reals)
{
    const alck_real *x = s->x + b.pixel * s->x_stride + b.channel;
    if (s->x_pairs)
        return norm_unpaired(s->x, s->x_stride, b, reals);
    if (s->x_rounding == ALCK_REALS)
        return (norm_values){x, s->x_stride};
    for (int64_t p = 0; p < b.pixels; p++)
        ALCK_NAME(round_values)(s->x_rounding, b.channels, x + p * s->x_stride, reals + p * b.channels);
    return (norm_values){reals, b.channels};
}

/* The norm of a block, whose x may become reals; a residual of pairs is left to the caller. */
static inline alck_norm norm_of_block(const alck_norm *s, norm_block b, alck_real *reals)
{
    const norm_values x = norm_x(s, b, reals);
    alck_norm block = *s;
    block.x = x.at;
    block.x_stride = x.stride;
    block.scale += b.channel;
    block.shift += b.channel;
    block.channels = b.channels;
    if (block.residual != NULL && !s->residual_pairs)
        block.residual += b.pixel * s->residual_stride + b.channel;
    return block;
}

#endif
