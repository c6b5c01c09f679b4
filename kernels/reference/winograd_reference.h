/* kernels/reference/winograd_reference.h - what Winograd's convolutions must compute, value by value and in exactly the order
 * that kernels/f32/conv_winograd_axis.h promises; with the sum itself, in double, from product_reference.h. The magnitude
 * is that of Winograd's own terms: |A| (sum over channels of |G||g||G| times |B||d||B|) |A|, since pixels that are no terms of
 * an output, but of its tile, cancel in it with a rounding error. */
#ifndef ALCK_WINOGRAD_REFERENCE_H
#define ALCK_WINOGRAD_REFERENCE_H

#include "kernels/reference/product_reference.h"

/* Output pixel (image, y, x), channel c. */
alck_reference_sum alck_reference_winograd(const alck_conv *s, const alck_real *x, const alck_real *weight, int64_t image,
                                           int64_t row, int64_t column, int64_t c);
/* Gradient of input pixel (image, y, x), channel c. */
alck_reference_sum alck_reference_winograd_data(const alck_conv *s, const alck_real *dy, const alck_real *weight,
                                                int64_t image, int64_t row, int64_t column, int64_t c);
/* Gradient of weight [ky][kx][c][k]. */
alck_reference_sum alck_reference_winograd_weights(const alck_conv *s, const alck_real *x, const alck_real *dy, int64_t ky,
                                                   int64_t kx, int64_t c, int64_t k);

#endif
