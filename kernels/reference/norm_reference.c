/* kernels/reference/norm_reference.c - batch norm by two passes over each channel. */
#include "kernels/reference/elementwise_reference.h"

#include <math.h>

void alck_reference_statistics(const alck_norm *s, double *mean, double *variance)
{
    const int64_t pixels = s->rows * s->pixels_per_row;
    for (int64_t c = 0; c < s->channels; c++) {
        long double sum = 0, squares = 0;
        for (int64_t p = 0; p < pixels; p++)
            sum += (long double)s->x[p * s->x_stride + c];
        const long double middle = sum / (long double)pixels;
        for (int64_t p = 0; p < pixels; p++) {
            const long double d = (long double)s->x[p * s->x_stride + c] - middle;
            squares += d * d;
        }
        mean[c] = (double)middle;
        variance[c] = (double)(squares / (long double)pixels);
    }
}

double alck_reference_norm_dz(const alck_norm_backward *s, int64_t p, int64_t c)
{
    const alck_norm *n = &s->forward;
    alck_real dy = s->dy[p * s->dy_stride + c];
    if (s->gate != NULL)
        dy *= s->gate[p / n->pixels_per_row * s->gate_stride + c];
    if (s->dy_of_rows != NULL)
        dy += s->dy_of_rows[p / n->pixels_per_row * s->dy_of_rows_stride + c];
    double source;
    if (s->y != NULL && n->activation != ALCK_SILU) {
        source = (double)s->y[p * s->y_stride + c];
    } else {
        const double x = (double)n->x[p * n->x_stride + c];
        alck_real z = (alck_real)fma(x, (double)n->scale[c], (double)n->shift[c]);
        if (n->residual != NULL)
            z += n->residual[p * n->residual_stride + c];
        source = n->activation == ALCK_SILU ? (double)z : alck_reference_activation(n->activation, (double)z);
    }
    return (double)dy * alck_reference_slope(n->activation, source);
}

void alck_reference_norm_sums(const alck_norm_backward *s, double *sum_dz, double *sum_dz_xhat)
{
    const alck_norm *n = &s->forward;
    for (int64_t c = 0; c < n->channels; c++) {
        long double sum = 0, product = 0;
        for (int64_t p = 0; p < n->rows * n->pixels_per_row; p++) {
            const long double dz = alck_reference_norm_dz(s, p, c);
            const long double x = n->x[p * n->x_stride + c], mean = s->mean[c];
            sum += dz;
            product += dz * (x - mean) * (long double)s->inverse_std[c];
        }
        sum_dz[c] = (double)sum;
        sum_dz_xhat[c] = (double)product;
    }
}
