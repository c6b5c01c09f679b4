/* tests/kernels/product_checks.h - what the checks of matrix products and convolutions share: random geometry, and how a
 * result is judged against product_reference.h.
 */
#ifndef PRODUCT_CHECKS_H
#define PRODUCT_CHECKS_H

#include "kernels/reference/product_reference.h"
#include "tests/kernels/kernel_checks.h"

/* What a tensor is filled with. Sums of integers are exact in any order. */
typedef enum product_data {
    DATA_INTEGERS,
    DATA_REALS,
    DATA_POSITIVE,
    DATA_SPECIALS,
    DATA_KINDS
} product_data;

kernel_tensor product_tensor(kernel_run *run, product_data data, int64_t pixels, int64_t channels, int64_t stride);

/* Pairs of bf16, multiplied as the run's table best can; in double precision, which has none, reals. */
alck_operands product_bf16(const kernel_run *run);
/* Those in one of three cases, else reals. */
alck_operands product_random_operands(kernel_run *run);

/* A random convolution whose naive loops take at most about `terms` terms. Groups divide both channel counts; strides,
 * dilation and padding differ between the axes; padding may exceed the kernel. */
alck_conv product_random_conv(kernel_run *run, int64_t terms);
/* The same with one channel per group. */
alck_conv product_random_depthwise(kernel_run *run, int64_t terms);
/* Point-wise and without padding: what a gate or a norm may be read with. */
alck_conv product_random_pointwise(kernel_run *run);

/* The value promised for `sum`, plus `old` where a result is added. In single precision it is exact; in double
 * precision, or where only the error is promised, it is within 10 units of the sum of magnitudes (20 if all are positive). */
void product_expect(kernel_run *run, product_data data, alck_real got, alck_reference_sum sum, const alck_real *old,
                    const char *what, int64_t pixel, int64_t channel);

#endif
