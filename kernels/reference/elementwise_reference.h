/* kernels/reference/elementwise_reference.h - what the kernels that are not matrix products must compute, as plainly as
 * it can be said: one loop per definition, in long double, for the tests only. Never fast, never changed for speed.
 *
 * Inputs are tensors of alck_real with strides, outputs are compact arrays of double: pixel p, channel c at
 * p * channels + c. */
#ifndef ALCK_ELEMENTWISE_REFERENCE_H
#define ALCK_ELEMENTWISE_REFERENCE_H

#include "kernels/kernels.h"

/* f(x), and f'(x) from `source` as activation_backward takes it. */
double alck_reference_activation(alck_activation f, double x);
double alck_reference_slope(alck_activation f, double source);

void alck_reference_max_pool(const alck_pool *s, const alck_real *x, double *y, uint8_t *positions);
/* From the positions that forward took; dx is overwritten. */
void alck_reference_max_pool_backward(const alck_pool *s, const uint8_t *positions, const alck_real *dy, double *dx);
void alck_reference_average_pool(const alck_pool *s, const alck_real *x, double *y);
void alck_reference_average_pool_backward(const alck_pool *s, const alck_real *dy, double *dx);
/* The same where s->adaptive. */
void alck_reference_adaptive_pool(const alck_pool *s, const alck_real *x, double *y);
void alck_reference_adaptive_pool_backward(const alck_pool *s, const alck_real *dy, double *dx);

/* Mean and biased variance over all pixels. */
void alck_reference_statistics(const alck_norm *s, double *mean, double *variance);
/* dz of pixel p, channel c: dy f'(z), z as norm_forward rounds it. */
double alck_reference_norm_dz(const alck_norm_backward *s, int64_t p, int64_t c);
void alck_reference_norm_sums(const alck_norm_backward *s, double *sum_dz, double *sum_dz_xhat);

void alck_reference_softmax(int64_t classes, const alck_real *x, double *y);
/* PyTorch's formula; gradients of the mean loss, rows x classes; either may be NULL. Returns the mean loss. */
double alck_reference_cross_entropy(const alck_cross_entropy *s, double *row_losses, double *gradients);

/* The factor dropout gives element e of a sample. */
double alck_reference_dropout_factor(const alck_dropout *s, int64_t sample, int64_t element);

/* One weight's step; first and second are updated. Returns the new weight. */
double alck_reference_sgd(const alck_optimizer_step *s, double weight, double gradient, double *first);
double alck_reference_adam(const alck_optimizer_step *s, double weight, double gradient, double *first,
                           double *second);

#endif
