/* kernels/reference/product_reference.h - what matrix products and convolutions must compute, as plainly as it can be
 * said: one loop per index, for the tests only. Never fast, never changed for speed.
 *
 * Every sum is made twice: in double, with the sum of the terms' magnitudes (error bounds are multiples of it), and in
 * the build's precision in exactly the order that docs/design/kernels.md promises.
 */
#ifndef ALCK_PRODUCT_REFERENCE_H
#define ALCK_PRODUCT_REFERENCE_H

#include "kernels/kernels.h"

typedef struct alck_reference_sum {
    double value, magnitude;
    alck_real ordered;
} alck_reference_sum;

/* Element (i, j) of the product, before the epilogue. */
alck_reference_sum alck_reference_gemm(const alck_gemm *g, int64_t i, int64_t j);
/* Output pixel (image, y, x), channel c. */
alck_reference_sum alck_reference_conv(const alck_conv *s, const alck_real *x, const alck_real *weight, int64_t image,
                                       int64_t row, int64_t column, int64_t c);
/* Gradient of input pixel (image, y, x), channel c. */
alck_reference_sum alck_reference_conv_data(const alck_conv *s, const alck_real *dy, const alck_real *weight,
                                            int64_t image, int64_t row, int64_t column, int64_t c);
/* Gradient of weight [group][ky][kx][c][k], c and k within their group. */
alck_reference_sum alck_reference_conv_weights(const alck_conv *s, const alck_real *x, const alck_real *dy,
                                               int64_t group, int64_t ky, int64_t kx, int64_t c, int64_t k);
/* Gradient of a depthwise weight [ky][kx][c]; its order differs from the dense one's. */
alck_reference_sum alck_reference_depthwise_weights(const alck_conv *s, const alck_real *x, const alck_real *dy,
                                                    int64_t ky, int64_t kx, int64_t c);
/* A depthwise convolution's weights [ky][kx][channel] as a grouped one's, which are [channel][ky][kx][1][1]. */
void alck_reference_grouped_weights(const alck_conv *s, const alck_real *weight, alck_real *grouped);

#endif
