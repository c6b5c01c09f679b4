/* tests/kernels/check_activation.c - activations over tensors: strides, in place, gradients, NaN in any lane. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>

#ifdef ALCOR_DOUBLE
#define SMALLEST 0x1p-1074
#else
#define SMALLEST 0x1p-149
#endif

static void forward_once(kernel_run *run, alck_activation f, kernel_tensor x, int64_t y_stride, bool in_place)
{
    const kernel_tensor source = kernel_tensor_copy(&x);
    kernel_tensor y = in_place ? x : kernel_tensor_new(x.pixels, x.channels, y_stride);
    run->table->activation_forward(run->par, f, x.pixels, x.channels, x.data, x.stride, y.data, y.stride);
    for (int64_t p = 0; p < x.pixels; p++)
        for (int64_t c = 0; c < x.channels; c++) {
            const double want = alck_reference_activation(f, (double)*kernel_at(&source, p, c));
            const double tolerance = f <= ALCK_RELU6 ? 0 : 4 * KERNEL_UNIT * fabs(want) + 2 * SMALLEST;
            kernel_expect(run, (double)*kernel_at(&y, p, c), isinf((alck_real)want) ? (double)(alck_real)want : want,
                          tolerance, "y", p, c);
        }
    kernel_tensor copy = source;
    kernel_tensor_free(run, &copy, "copy");
    if (!in_place)
        kernel_tensor_free(run, &x, "x");
    kernel_tensor_output(run, &y, "y");
}

static void check_forward(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_activation f = (alck_activation)(i % 6);
        const int64_t pixels = kernel_random_extent(run), channels = kernel_random_extent(run);
        const int64_t gap = i % 4 == 0 ? 0 : kernel_random_between(run, 0, 5);
        kernel_tensor x = kernel_tensor_specials(run, pixels, channels, channels + gap);
        forward_once(run, f, x, channels + (i % 3), i % 5 == 0);
    }
    kernel_tensor contiguous = kernel_tensor_reals(run, 1, 100003, 100003, 9);
    forward_once(run, ALCK_RELU6, contiguous, 100003, false);
    kernel_tensor strided = kernel_tensor_reals(run, 1201, 61, 64, 9);
    forward_once(run, ALCK_SILU, strided, 61, false);
}

static void backward_once(kernel_run *run, alck_activation f, int64_t pixels, int64_t channels, int64_t gap, bool add)
{
    kernel_tensor source = kernel_tensor_reals(run, pixels, channels, channels + gap, 8);
    kernel_tensor dy = kernel_tensor_reals(run, pixels, channels, channels + gap / 2, 2);
    kernel_tensor dx = kernel_tensor_reals(run, pixels, channels, channels + gap / 3, 2);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++) {
            alck_real *value = kernel_at(&source, p, c);
            if (kernel_random(run) % 8 == 0)
                *value = kernel_random_special(run);
            if (f != ALCK_SILU)
                *value = (alck_real)alck_reference_activation(f, (double)*value);
        }
    kernel_tensor old = kernel_tensor_copy(&dx);
    run->table->activation_backward(run->par, f, pixels, channels, source.data, source.stride, dy.data, dy.stride,
                                    dx.data, dx.stride, add);
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < channels; c++) {
            const double slope = alck_reference_slope(f, (double)*kernel_at(&source, p, c));
            const double before = add ? (double)*kernel_at(&old, p, c) : 0;
            /* silu's slope vanishes near -1.28, where its terms do not */
            const double size = f == ALCK_SILU ? fabs(slope) + 1 : fabs(slope);
            /* in double precision the expected sum is rounded like the one it is compared with */
            kernel_expect(run, (double)*kernel_at(&dx, p, c), before + (double)*kernel_at(&dy, p, c) * slope,
                          KERNEL_UNIT * (20 * size + 2 + 2 * fabs(before)), "dx", p, c);
        }
    kernel_tensor_free(run, &source, "source");
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &dx, "dx");
}

static void check_backward(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        /* Drawn one by one: compilers differ in the order in which they evaluate arguments. */
        const int64_t pixels = kernel_random_extent(run), channels = kernel_random_extent(run);
        const int64_t gap = kernel_random_between(run, 0, 6);
        backward_once(run, (alck_activation)(i % 6), pixels, channels, gap, i % 4 == 1);
    }
    backward_once(run, ALCK_SILU, 1201, 61, 3, true);
    backward_once(run, ALCK_RELU, 1201, 64, 0, false);
}

/* relu's mask is !(y <= 0): a NaN lets the gradient through, as it went through itself. */
static void check_nan_passes_relu(kernel_run *run)
{
    const alck_real nan_value = (alck_real)NAN, three = 3;
    for (alck_activation f = ALCK_RELU; f <= ALCK_RELU6; f++) {
        alck_real y = 0, dx = 0;
        run->table->activation_forward(run->par, f, 1, 1, &nan_value, 1, &y, 1);
        run->table->activation_backward(run->par, f, 1, 1, &y, 1, &three, 1, &dx, 1, false);
        if (!isnan(y) || dx != three)
            kernel_fail(run, "activation %d: y = %g, dx = %g", (int)f, (double)y, (double)dx);
    }
}

const kernel_check kernel_checks_activation[] = {{"forward", check_forward},
                                                 {"backward", check_backward},
                                                 {"NaN passes relu", check_nan_passes_relu},
                                                 {NULL, NULL}};
