/* kernels/f32/depthwise.h - a convolution whose every channel has a kernel of its own: lanes are channels, and there is
 * nothing to share between channels, so no panels and no packing.
 */
#ifndef ALCK_F32_DEPTHWISE_H
#define ALCK_F32_DEPTHWISE_H

#include "kernels/f32/geometry.h"
#include "kernels/f32/grid.h"

/* Output pixels of one image row that are summed together, an accumulator each: enough to hide an FMA's latency. */
#define DEPTHWISE_PIXELS 8
/* Channels whose pointers are found at once: as many as there are zeros for padded taps to point at. */
#define DEPTHWISE_CHANNELS 256

/* The same geometry as a product's, all channels in one group; tap (i, j) has the weights of the kernel's tap
 * (weight_y + i * weight_step_y, weight_x + j * weight_step_x). */
typedef struct depthwise_product {
    product p;
    const alck_real *weight;
    int64_t kernel_width, weight_y, weight_x, weight_step_y, weight_step_x;
} depthwise_product;

/* What a tap in the padding points at. */
extern const alck_real ALCK_NAME(depthwise_zeros)[DEPTHWISE_CHANNELS];

/* Where `count` output pixels of one row, from grid point x on, find tap column j: pointers[0 .. count). The line is
 * the tap's input row at the first wanted channel, NULL above and below the image. */
ALCK_INLINE void depthwise_point(const product *p, const alck_real *line, int64_t x, int64_t count, int64_t j,
                                 const alck_real **pointers)
{
    const int64_t first = x * p->step_x + p->first_x + j * p->tap_step_x;
    if (line != NULL && first >= 0 && first + (count - 1) * p->step_x < p->input_width) {
        for (int64_t t = 0; t < count; t++)
            pointers[t] = line + (first + t * p->step_x) * p->input_stride;
        return;
    }
    for (int64_t t = 0; t < count; t++) {
        const int64_t at = first + t * p->step_x;
        pointers[t] = line != NULL && at >= 0 && at < p->input_width ? line + at * p->input_stride
                                                                     : ALCK_NAME(depthwise_zeros);
    }
}

/* The input row of tap row i for grid row y of an image, at `channel`; NULL in the padding. */
ALCK_INLINE const alck_real *depthwise_line(const product *p, int64_t image, int64_t y, int64_t i, int64_t channel)
{
    const int64_t row = y * p->step_y + p->first_y + i * p->tap_step_y;
    if (row < 0 || row >= p->input_height)
        return NULL;
    return p->input + (image * p->input_height + row) * p->input_width * p->input_stride + channel;
}

/* Some channels of an image. */
typedef struct depthwise_part {
    int64_t image, channel, channels;
} depthwise_part;

/* Grid rows [first, end) of the product, of a part. */
void ALCK_NAME(depthwise_rows)(const depthwise_product *d, const depthwise_part *part, int64_t first, int64_t end);

/* The sums of each sample that a gradient for the weights is made of. */
typedef struct depthwise_weight_sums {
    product p; /* forward's, in one group */
    const alck_real *dy;
    alck_real *sums; /* [sample][tap][channels] */
} depthwise_weight_sums;

/* Output rows [first, end) added to a part's sums, rows from 0 on in order. */
void ALCK_NAME(depthwise_weight_rows)(const depthwise_weight_sums *w, const depthwise_part *part, int64_t first, int64_t end);

/* Channels [channel, channel + channels) of the output pixels of some runs, `stride` values apart: what depthwise_forward of the
 * same input would store. */
void ALCK_NAME(depthwise_form)(const alck_depthwise *source, const alck_real *x, const grid_run *run, int64_t runs,
                               int64_t channel, int64_t channels, alck_real *to, int64_t stride);

#endif
