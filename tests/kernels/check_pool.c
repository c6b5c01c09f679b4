/* tests/kernels/check_pool.c - max and average pooling, forward and backward, on geometries of all kinds. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t outputs(int64_t in, int64_t kernel, int64_t stride, int64_t pad, bool round_up)
{
    int64_t out = (in + 2 * pad - kernel) / stride + 1;
    return round_up && out * stride - pad < in ? out + 1 : out; /* the last window must start inside */
}

/* Random windows; every one holds a pixel of the image. */
static alck_pool random_pool(kernel_run *run)
{
    alck_pool s = {.batch = kernel_random_between(run, 1, 3), .channels = kernel_random_extent(run)};
    s.kernel_height = kernel_random_between(run, 1, 5);
    s.kernel_width = kernel_random_between(run, 1, 5);
    s.pad_top = kernel_random_between(run, 0, s.kernel_height / 2);
    s.pad_left = kernel_random_between(run, 0, s.kernel_width / 2);
    s.stride_y = kernel_random_between(run, 1, 4);
    s.stride_x = kernel_random_between(run, 1, 4);
    s.in_height = kernel_random_between(run, s.kernel_height, s.kernel_height + 7);
    s.in_width = kernel_random_between(run, s.kernel_width, s.kernel_width + 7);
    const bool round_up = kernel_random(run) % 2;
    s.out_height = outputs(s.in_height, s.kernel_height, s.stride_y, s.pad_top, round_up);
    s.out_width = outputs(s.in_width, s.kernel_width, s.stride_x, s.pad_left, round_up);
    s.in_stride = s.channels + kernel_random_between(run, 0, 3);
    s.out_stride = s.channels + kernel_random_between(run, 0, 3);
    s.count_padding = kernel_random(run) % 2;
    return s;
}

static alck_pool pool_number(kernel_run *run, int i)
{
    alck_pool s = random_pool(run);
    if (i == 0) /* large enough for several tasks */
        s = (alck_pool){.batch = 2, .channels = 48, .in_height = 31, .in_width = 33, .in_stride = 48,
                        .out_height = 16, .out_width = 17, .out_stride = 48, .kernel_height = 3, .kernel_width = 3,
                        .stride_y = 2, .stride_x = 2, .pad_top = 1, .pad_left = 1};
    return s;
}

static int64_t in_pixels(const alck_pool *s)
{
    return s->batch * s->in_height * s->in_width;
}

static int64_t out_pixels(const alck_pool *s)
{
    return s->batch * s->out_height * s->out_width;
}

static double *new_array(int64_t count)
{
    double *array = calloc((size_t)count + 1, sizeof *array);
    if (array == NULL)
        exit(EXIT_FAILURE);
    return array;
}

static void compare(kernel_run *run, const kernel_tensor *got, const double *want, const kernel_tensor *old,
                    double tolerance, const char *what)
{
    for (int64_t p = 0; p < got->pixels; p++)
        for (int64_t c = 0; c < got->channels; c++) {
            const double before = old != NULL ? (double)*kernel_at(old, p, c) : 0;
            kernel_expect(run, (double)*kernel_at(got, p, c), before + want[p * got->channels + c], tolerance, what, p,
                          c);
        }
}

static void max_once(kernel_run *run, const alck_pool *s, kernel_tensor x)
{
    const int64_t values = out_pixels(s) * s->channels;
    kernel_tensor y = kernel_tensor_new(out_pixels(s), s->channels, s->out_stride);
    kernel_buffer positions = kernel_buffer_new((size_t)values);
    double *want = new_array(values), *want_dx = new_array(in_pixels(s) * s->channels);
    uint8_t *want_positions = (uint8_t *)new_array(values);
    alck_reference_max_pool(s, x.data, want, want_positions);
    run->table->max_pool_forward(run->par, s, x.data, y.data, positions.data);
    compare(run, &y, want, NULL, 0, "max");
    if (memcmp(positions.data, want_positions, (size_t)values) != 0)
        kernel_fail(run, "max pooling took other positions");

    const bool add = kernel_random(run) % 2;
    kernel_tensor dy = kernel_tensor_integers(run, out_pixels(s), s->channels, s->out_stride, 100);
    kernel_tensor dx = kernel_tensor_integers(run, in_pixels(s), s->channels, s->in_stride, 100);
    kernel_tensor old = kernel_tensor_copy(&dx);
    alck_reference_max_pool_backward(s, want_positions, dy.data, want_dx);
    run->table->max_pool_backward(run->par, s, positions.data, dy.data, dx.data, add);
    compare(run, &dx, want_dx, add ? &old : NULL, 0, "max gradient");

    kernel_tensor alone = kernel_tensor_new(out_pixels(s), s->channels, s->out_stride);
    run->table->max_pool_forward(run->par, s, x.data, alone.data, NULL);
    compare(run, &alone, want, NULL, 0, "max without positions");

    free(want);
    free(want_dx);
    free(want_positions);
    kernel_buffer_free(run, &positions, "positions");
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &alone, "y");
    kernel_tensor_output(run, &y, "y");
    kernel_tensor_output(run, &dx, "dx");
}

/* Few different integers, so that windows have ties: the first largest wins. */
static void check_max(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_pool s = pool_number(run, i);
        max_once(run, &s, kernel_tensor_integers(run, in_pixels(&s), s.channels, s.in_stride, i % 2 ? 3 : 1000));
    }
}

static void check_max_special(kernel_run *run)
{
    for (int i = 1; i < 40; i++) {
        const alck_pool s = pool_number(run, i);
        max_once(run, &s, kernel_tensor_specials(run, in_pixels(&s), s.channels, s.in_stride));
    }
}

typedef void pool_reference(const alck_pool *s, const alck_real *input, double *output);

/* Forward and backward against a reference; `slack` is of a gradient, a sum of as many terms at most. */
static void average_once(kernel_run *run, const alck_pool *s, bool add, pool_reference *forward, pool_reference *backward,
                         double slack, const char *what)
{
    double *want = new_array(out_pixels(s) * s->channels), *want_dx = new_array(in_pixels(s) * s->channels);
    char gradient[64];
    snprintf(gradient, sizeof gradient, "%s gradient", what);
    kernel_tensor x = kernel_tensor_integers(run, in_pixels(s), s->channels, s->in_stride, 1000);
    kernel_tensor y = kernel_tensor_new(out_pixels(s), s->channels, s->out_stride);
    forward(s, x.data, want);
    run->table->average_pool_forward(run->par, s, x.data, y.data);
    compare(run, &y, want, NULL, 1000 * KERNEL_UNIT, what); /* the sum is exact, the quotient rounded */

    kernel_tensor dy = kernel_tensor_reals(run, out_pixels(s), s->channels, s->out_stride, 1);
    kernel_tensor dx = kernel_tensor_reals(run, in_pixels(s), s->channels, s->in_stride, 1);
    kernel_tensor old = kernel_tensor_copy(&dx);
    backward(s, dy.data, want_dx);
    run->table->average_pool_backward(run->par, s, dy.data, dx.data, add);
    compare(run, &dx, want_dx, add ? &old : NULL, slack * KERNEL_UNIT, gradient);
    free(want);
    free(want_dx);
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &y, "y");
    kernel_tensor_output(run, &dx, "dx");
}

static void check_average(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_pool s = pool_number(run, i);
        average_once(run, &s, i % 2, alck_reference_average_pool, alck_reference_average_pool_backward, 60, "average");
    }
}

/* Grids smaller and larger than the image; the first is VGG's. */
static void check_adaptive_average(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        alck_pool s = random_pool(run);
        s.adaptive = true;
        s.out_height = kernel_random_between(run, 1, 9);
        s.out_width = kernel_random_between(run, 1, 9);
        if (i == 0)
            s = (alck_pool){.batch = 2, .channels = 67, .in_height = 9, .in_width = 3, .in_stride = 67, .out_height = 7,
                            .out_width = 7, .out_stride = 70, .adaptive = true};
        average_once(run, &s, i % 2, alck_reference_adaptive_pool, alck_reference_adaptive_pool_backward, 200,
                     "adaptive average");
    }
}

const kernel_check kernel_checks_pool[] = {{"max", check_max},
                                           {"max of special values", check_max_special},
                                           {"average", check_average},
                                           {"adaptive average", check_adaptive_average},
                                           {NULL, NULL}};
