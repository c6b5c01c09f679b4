/* tests/kernels/check_softmax.c - softmax and its gradient along rows of classes. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double *new_array(int64_t count)
{
    double *array = calloc((size_t)count, sizeof *array);
    if (array == NULL)
        exit(EXIT_FAILURE);
    return array;
}

static void forward_once(kernel_run *run, int64_t rows, int64_t classes, double scale)
{
    kernel_tensor x = kernel_tensor_reals(run, rows, classes, classes + 2, scale);
    kernel_tensor y = kernel_tensor_new(rows, classes, classes + 1);
    double *want = new_array(classes);
    run->table->softmax(run->par, rows, classes, x.data, x.stride, y.data, y.stride);
    for (int64_t row = 0; row < rows; row++) {
        alck_reference_softmax(classes, kernel_at(&x, row, 0), want);
        for (int64_t c = 0; c < classes; c++)
            kernel_expect(run, (double)*kernel_at(&y, row, c), want[c],
                          /* x - max is rounded before it is an exponent */
                          KERNEL_UNIT * (8 + scale) * want[c] + 0x1p-149, "softmax", row, c);
    }
    /* alone, a row has the same bits */
    kernel_tensor alone = kernel_tensor_new(1, classes, classes);
    run->table->softmax(run->par, 1, classes, kernel_at(&x, rows - 1, 0), x.stride, alone.data, classes);
    if (memcmp(alone.data, kernel_at(&y, rows - 1, 0), (size_t)classes * sizeof *alone.data) != 0)
        kernel_fail(run, "the last row has other bits when it is alone");
    free(want);
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_output(run, &alone, "alone");
    kernel_tensor_output(run, &y, "y");
}

static void check_forward(kernel_run *run)
{
    for (int i = 0; i < 30; i++) {
        /* Drawn one by one: compilers differ in the order in which they evaluate arguments. */
        const int64_t rows = kernel_random_between(run, 1, 5), classes = kernel_random_extent(run);
        forward_once(run, rows, classes, i % 3 == 0 ? 1e4 : 5);
    }
    forward_once(run, 700, 129, 5);
    forward_once(run, 3, 1000, 5);
}

static void check_backward(kernel_run *run)
{
    for (int i = 0; i < 30; i++) {
        const int64_t rows = i == 0 ? 900 : kernel_random_between(run, 1, 5);
        const int64_t classes = i == 0 ? 70 : kernel_random_extent(run);
        const bool add = i % 2;
        kernel_tensor y = kernel_tensor_reals(run, rows, classes, classes + 1, 1);
        kernel_tensor dy = kernel_tensor_reals(run, rows, classes, classes + 2, 1);
        kernel_tensor dx = kernel_tensor_reals(run, rows, classes, classes, 1);
        kernel_tensor old = kernel_tensor_copy(&dx);
        run->table->softmax_backward(run->par, rows, classes, y.data, y.stride, dy.data, dy.stride, dx.data, dx.stride,
                                     add);
        for (int64_t row = 0; row < rows; row++) {
            long double dot = 0;
            for (int64_t c = 0; c < classes; c++)
                dot += (long double)*kernel_at(&y, row, c) * (long double)*kernel_at(&dy, row, c);
            for (int64_t c = 0; c < classes; c++) {
                const double before = add ? (double)*kernel_at(&old, row, c) : 0;
                const double want = (double)*kernel_at(&y, row, c) * ((double)*kernel_at(&dy, row, c) - (double)dot);
                kernel_expect(run, (double)*kernel_at(&dx, row, c), before + want,
                              8 * KERNEL_UNIT * (double)(classes + 2), "softmax's gradient", row, c);
            }
        }
        kernel_tensor_free(run, &y, "y");
        kernel_tensor_free(run, &dy, "dy");
        kernel_tensor_free(run, &old, "old");
        kernel_tensor_output(run, &dx, "dx");
    }
}

static void check_nan(kernel_run *run)
{
    alck_real x[5] = {1, 2, (alck_real)NAN, 3, 4}, y[5];
    run->table->softmax(run->par, 1, 5, x, 5, y, 5);
    for (int i = 0; i < 5; i++)
        kernel_expect(run, (double)y[i], NAN, 0, "softmax with a NaN", 0, i);
    kernel_digest(run, y, 5);
}

const kernel_check kernel_checks_softmax[] = {
    {"forward", check_forward}, {"backward", check_backward}, {"NaN", check_nan}, {NULL, NULL}};
