/* kernels/f32/product.h - the one blocked product that matrix products, convolutions and their data gradients are.
 *
 * output[pixel of a grid][column] = epilogue(sum over k of left[pixel][k] * right[k][column]), for each of `groups`.
 * The left operand is an image read at taps: k runs over (tap row, tap column, channel) and a tap outside the image
 * counts as zeros. A matrix is an image of one row with one tap. docs/design/kernels.md has the blocking and the order
 * of addition: blocks of k are whole stretches, as many as fit 256 terms, or 256 terms of one. A stretch is a tap's channels;
 * of bf16 pairs, where those are few, a row of taps, so that few values are without a partner.
 */
#ifndef ALCK_F32_PRODUCT_H
#define ALCK_F32_PRODUCT_H

#include "kernels/f32/pairs.h"
#include "kernels/f32/panel.h"

/* Rows of taps up to this many values are read as one piece (a first layer's 3 x 3 channels, 7 x 3 channels). */
#define TAP_ROW_MOST 64

typedef struct product {
    int64_t groups;
    int64_t columns; /* per group */

    /* The image on the left; channels per group. Grid point (y, x) at tap (i, j) reads input pixel
     * (y * step_y + first_y + i * tap_step_y, x * step_x + first_x + j * tap_step_x). */
    const alck_real *input;
    int64_t input_height, input_width, input_stride, channels;
    int64_t taps_y, taps_x;
    int64_t stretch_taps; /* of a stretch: 1, or taps_x */
    int64_t step_y, step_x, first_y, first_x, tap_step_y, tap_step_x;
    alck_reading reading; /* its channels are those of all groups; where it does something no tap is in padding */
    bool transposed; /* a matrix stored [channel][grid point], input_stride between channels: one tap, one image row */

    const alck_real *panels; /* of each group in turn */
    bool chapters;           /* of a matrix: panel.h */

    /* Grid point (y, x) of an image is output pixel (y * spread_y + place_y, x * spread_x + place_x). */
    int64_t batch, grid_height, grid_width;
    int64_t output_height, output_width, output_stride;
    int64_t spread_y, spread_x, place_y, place_x;
    alck_real *output;
    const alck_epilogue *epilogue;
    alck_operands operands;
    bool paired; /* the image's values are pairs of bf16 already, and count as terms */
} product;

/* Taps of a stretch: a matter of shapes alone, since it decides which values are pairs. */
ALCK_INLINE int64_t product_stretch_taps(alck_operands operands, int64_t taps_x, int64_t tap_step_x, int64_t channels)
{
    return operands != ALCK_REALS && taps_x > 1 && tap_step_x == 1 && taps_x * channels <= TAP_ROW_MOST ? taps_x : 1;
}

/* What the image's values still have to become. */
ALCK_INLINE alck_operands product_left_operands(const product *p)
{
    return p->paired ? ALCK_REALS : p->operands;
}

/* k is so many stretches of so many terms. */
ALCK_INLINE int64_t product_stretches(const product *p)
{
    return p->taps_y * (p->taps_x / p->stretch_taps);
}

ALCK_INLINE int64_t product_stretch_terms(const product *p)
{
    return terms_of(product_left_operands(p), p->stretch_taps * p->channels);
}

ALCK_INLINE int64_t product_terms(const product *p)
{
    return product_stretches(p) * product_stretch_terms(p);
}

/* Enough for fewer rows too. */
size_t ALCK_NAME(product_scratch_bytes)(const product *p, int workers);
void ALCK_NAME(product_run)(const alck_parallel *par, const product *p, void *scratch);

#endif
