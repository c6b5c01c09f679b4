/* tests/kernels/check_norm.c - batch norm: statistics, forward, and both passes of backward. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <stdlib.h>

typedef struct extents {
    int64_t rows, pixels, channels, gap;
} extents;

static extents extents_number(kernel_run *run, int i)
{
    static const extents awkward[] = {{1, 2, 1, 0},    {2, 31, 5, 1},   {3, 32, 16, 0},   {2, 33, 257, 2},
                                      {1, 1023, 7, 0}, {2, 1024, 9, 3}, {1, 1025, 33, 0}, {2, 1100, 64, 0},
                                      {70, 1, 129, 0}, {5, 49, 300, 0}, {40, 3, 17, 1}};
    const int count = (int)(sizeof awkward / sizeof *awkward);
    if (i < count)
        return awkward[i];
    const int64_t rows = kernel_random_between(run, 2, 5), pixels = kernel_random_extent(run);
    const int64_t channels = kernel_random_extent(run), gap = kernel_random_between(run, 0, 4);
    return (extents){rows, pixels, channels, gap};
}

static kernel_buffer norm_scratch(const kernel_run *run, const extents *e)
{
    return kernel_scratch(run->table->norm_scratch_bytes(e->rows, e->pixels, e->channels, run->par->workers));
}

/* --- statistics --- */

/* Runs are merged in double: what single precision does not see, a double result does. */
#define MEAN_UNITS (sizeof(alck_real) == sizeof(double) ? 20 : 2)
#define VARIANCE_UNITS (sizeof(alck_real) == sizeof(double) ? 4000 : 8)

/* Channels with means far larger than their deviations: E[x^2] - mean^2 would have no digit left. */
static void statistics_once(kernel_run *run, const extents *e, double offset)
{
    kernel_tensor x = kernel_tensor_reals(run, e->rows * e->pixels, e->channels, e->channels + e->gap, 1);
    for (int64_t p = 0; p < x.pixels; p++)
        for (int64_t c = 0; c < e->channels; c++)
            *kernel_at(&x, p, c) += (alck_real)(offset * (double)(c % 3));
    kernel_tensor mean = kernel_tensor_new(1, e->channels, e->channels);
    kernel_tensor variance = kernel_tensor_new(1, e->channels, e->channels);
    kernel_buffer scratch = norm_scratch(run, e);
    double *want = calloc((size_t)e->channels * 2, sizeof *want);
    if (want == NULL)
        exit(EXIT_FAILURE);
    const alck_norm s = {.rows = e->rows, .pixels_per_row = e->pixels, .channels = e->channels, .x = x.data,
                         .x_stride = x.stride};
    alck_reference_statistics(&s, want, want + e->channels);
    run->table->norm_statistics(run->par, &s, mean.data, variance.data, scratch.data);
    for (int64_t c = 0; c < e->channels; c++) {
        const double deviation = sqrt(want[e->channels + c]);
        kernel_expect(run, (double)mean.data[c], want[c], MEAN_UNITS * KERNEL_UNIT * (fabs(want[c]) + deviation),
                      "mean", 0, c);
        kernel_expect(run, (double)variance.data[c], want[e->channels + c],
                      VARIANCE_UNITS * KERNEL_UNIT * want[e->channels + c], "variance", 0, c);
    }
    free(want);
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_output(run, &mean, "mean");
    kernel_tensor_output(run, &variance, "variance");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void check_statistics(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const extents e = extents_number(run, i);
        statistics_once(run, &e, i % 2 ? 1000 : 0);
    }
}

/* --- forward and backward share their tensors --- */

typedef struct norm_case {
    extents e;
    kernel_tensor x, residual, scale, shift, mean, inverse_std, y, dy, gate, dy_of_rows;
    alck_norm_backward s;
} norm_case;

static norm_case make_case(kernel_run *run, int i)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6, ALCK_SILU};
    norm_case n = {.e = extents_number(run, i)};
    const int64_t pixels = n.e.rows * n.e.pixels, channels = n.e.channels;
    n.x = kernel_tensor_reals(run, pixels, channels, channels + n.e.gap, 2);
    n.residual = kernel_tensor_reals(run, pixels, channels, channels + 1, 1);
    n.dy = kernel_tensor_reals(run, pixels, channels, channels + n.e.gap / 2, 1);
    n.gate = kernel_tensor_reals(run, n.e.rows, channels, channels + 1, 1);
    n.dy_of_rows = kernel_tensor_reals(run, n.e.rows, channels, channels + 3, 1);
    n.y = kernel_tensor_new(pixels, channels, channels + 2);
    kernel_tensor *per_channel[] = {&n.scale, &n.shift, &n.mean, &n.inverse_std};
    for (int t = 0; t < 4; t++)
        *per_channel[t] = kernel_tensor_reals(run, 1, channels, channels, 2);
    n.s = (alck_norm_backward){
        .forward = {.rows = n.e.rows, .pixels_per_row = n.e.pixels, .channels = channels, .x = n.x.data,
                    .x_stride = n.x.stride, .scale = n.scale.data, .shift = n.shift.data,
                    .activation = activations[i / 4 % 4]},
        .dy = n.dy.data, .dy_stride = n.dy.stride, .mean = n.mean.data, .inverse_std = n.inverse_std.data};
    if (i % 4 >= 2) {
        n.s.forward.residual = n.residual.data;
        n.s.forward.residual_stride = n.residual.stride;
    }
    if (i % 5 > 0 && i % 5 < 3) {
        n.s.gate = n.gate.data;
        n.s.gate_stride = n.gate.stride;
    }
    if (i % 5 < 2) {
        n.s.dy_of_rows = n.dy_of_rows.data;
        n.s.dy_of_rows_stride = n.dy_of_rows.stride;
    }
    run->table->norm_forward(run->par, &n.s.forward, n.y.data, n.y.stride);
    if (i % 3 == 0) { /* backward from the output that was kept, else from x */
        n.s.y = n.y.data;
        n.s.y_stride = n.y.stride;
    }
    return n;
}

static void free_case(kernel_run *run, norm_case *n)
{
    kernel_tensor *inputs[] = {&n->x, &n->residual, &n->scale, &n->shift, &n->mean, &n->inverse_std, &n->dy, &n->gate, &n->dy_of_rows};
    for (size_t t = 0; t < sizeof inputs / sizeof *inputs; t++)
        kernel_tensor_free(run, inputs[t], "an input of batch norm");
    kernel_tensor_output(run, &n->y, "y");
}

static void check_forward(kernel_run *run)
{
    for (int i = 0; i < 48; i++) {
        norm_case n = make_case(run, i);
        for (int64_t p = 0; p < n.x.pixels; p++)
            for (int64_t c = 0; c < n.x.channels; c++) {
                const double product = (double)*kernel_at(&n.x, p, c) * (double)n.scale.data[c];
                double z = product + (double)n.shift.data[c];
                if (n.s.forward.residual != NULL)
                    z += (double)*kernel_at(&n.residual, p, c);
                kernel_expect(run, (double)*kernel_at(&n.y, p, c),
                              alck_reference_activation(n.s.forward.activation, z),
                              KERNEL_UNIT * (4 * fabs(product) + 16), "y", p, c);
            }
        free_case(run, &n);
    }
}

static void compare_dz(kernel_run *run, const norm_case *n, const kernel_tensor *dz)
{
    for (int64_t p = 0; p < dz->pixels; p++)
        for (int64_t c = 0; c < dz->channels; c++)
            kernel_expect(run, (double)*kernel_at(dz, p, c), alck_reference_norm_dz(&n->s, p, c), 24 * KERNEL_UNIT, "dz", p, c);
}

static void check_sums(kernel_run *run)
{
    for (int i = 0; i < 48; i++) {
        norm_case n = make_case(run, i);
        kernel_tensor sum = kernel_tensor_new(1, n.e.channels, n.e.channels);
        kernel_tensor product = kernel_tensor_new(1, n.e.channels, n.e.channels);
        kernel_buffer scratch = norm_scratch(run, &n.e);
        n.s.sum_dz = sum.data;
        n.s.sum_dz_xhat = product.data;
        double *want = calloc((size_t)n.e.channels * 2, sizeof *want);
        if (want == NULL)
            exit(EXIT_FAILURE);
        alck_reference_norm_sums(&n.s, want, want + n.e.channels);
        kernel_tensor dz = i % 4 == 0 ? kernel_tensor_copy(&n.dy) : kernel_tensor_new(n.dy.pixels, n.dy.channels, n.dy.channels + 3);
        const norm_case before = n;
        const bool stores_dz = n.s.forward.activation == ALCK_SILU;
        if (i % 4 == 0) /* in dy's place */
            n.s.dy = dz.data;
        if (stores_dz) {
            n.s.dz = dz.data;
            n.s.dz_stride = dz.stride;
        }
        run->table->norm_backward_sums(run->par, &n.s, scratch.data);
        if (stores_dz)
            compare_dz(run, &before, &dz);
        kernel_tensor_output(run, &dz, "dz");
        for (int64_t c = 0; c < n.e.channels; c++) {
            const double tolerance = 10 * KERNEL_UNIT * (double)n.x.pixels;
            kernel_expect(run, (double)sum.data[c], want[c], tolerance, "sum of dz", 0, c);
            kernel_expect(run, (double)product.data[c], want[n.e.channels + c], 8 * tolerance, "sum of dz xhat", 0, c);
        }
        free(want);
        kernel_tensor_output(run, &sum, "sum");
        kernel_tensor_output(run, &product, "product");
        kernel_buffer_free(run, &scratch, "scratch");
        free_case(run, &n);
    }
}

typedef struct apply_outputs {
    kernel_tensor coefficients[3], dx, d_residual, old_dx, old_d_residual;
} apply_outputs;

static apply_outputs make_outputs(kernel_run *run, norm_case *n, int i)
{
    apply_outputs o;
    const int64_t pixels = n->x.pixels, channels = n->e.channels;
    for (int t = 0; t < 3; t++)
        o.coefficients[t] = kernel_tensor_reals(run, 1, channels, channels, 2);
    o.dx = kernel_tensor_reals(run, pixels, channels, channels + n->e.gap, 1);
    o.d_residual = kernel_tensor_reals(run, pixels, channels, channels + 3, 1);
    o.old_dx = kernel_tensor_copy(&o.dx);
    o.old_d_residual = kernel_tensor_copy(&o.d_residual);
    n->s.a = o.coefficients[0].data;
    n->s.b = i % 5 != 0 ? o.coefficients[1].data : NULL;
    n->s.c = i % 5 != 0 ? o.coefficients[2].data : NULL;
    n->s.dx = i % 7 != 6 ? o.dx.data : NULL;
    n->s.dx_stride = o.dx.stride;
    n->s.dx_add = i % 2;
    n->s.d_residual = i % 3 != 1 ? o.d_residual.data : NULL;
    n->s.d_residual_stride = o.d_residual.stride;
    n->s.d_residual_add = i % 4 == 1;
    return o;
}

static double at_channel(const alck_real *values, int64_t c)
{
    return values != NULL ? (double)values[c] : 0;
}

static void compare_applied(kernel_run *run, const norm_case *n, const apply_outputs *o)
{
    const alck_norm_backward *s = &n->s;
    for (int64_t p = 0; p < n->x.pixels; p++)
        for (int64_t c = 0; c < n->x.channels; c++) {
            const double dz = alck_reference_norm_dz(s, p, c);
            const double centred = (double)*kernel_at(&n->x, p, c) - (double)n->mean.data[c];
            const double old_dx = (double)*kernel_at(&o->old_dx, p, c);
            const double old_residual = (double)*kernel_at(&o->old_d_residual, p, c);
            double dx = old_dx, d_residual = old_residual;
            if (s->dx != NULL)
                dx = (s->dx_add ? old_dx : 0) + at_channel(s->a, c) * dz + at_channel(s->b, c) * centred
                     + at_channel(s->c, c);
            if (s->d_residual != NULL)
                d_residual = (s->d_residual_add ? old_residual : 0) + dz;
            kernel_expect(run, (double)*kernel_at(&o->dx, p, c), dx, 64 * KERNEL_UNIT, "dx", p, c);
            kernel_expect(run, (double)*kernel_at(&o->d_residual, p, c), d_residual, 24 * KERNEL_UNIT, "d_residual", p,
                          c);
        }
}

static void check_apply(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        norm_case n = make_case(run, i);
        apply_outputs o = make_outputs(run, &n, i);
        run->table->norm_backward_apply(run->par, &n.s);
        compare_applied(run, &n, &o);
        for (int t = 0; t < 3; t++)
            kernel_tensor_free(run, &o.coefficients[t], "coefficients");
        kernel_tensor_free(run, &o.old_dx, "old dx");
        kernel_tensor_free(run, &o.old_d_residual, "old d_residual");
        kernel_tensor_output(run, &o.dx, "dx");
        kernel_tensor_output(run, &o.d_residual, "d_residual");
        free_case(run, &n);
    }
}

const kernel_check kernel_checks_norm[] = {{"statistics", check_statistics},
                                           {"forward", check_forward},
                                           {"backward sums", check_sums},
                                           {"backward apply", check_apply},
                                           {NULL, NULL}};
