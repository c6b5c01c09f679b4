/* tests/kernels/check_channel_sums.c - sums over pixels: a bias's gradient, global average pooling both ways, a gate's
 * gradient; and that a sample's result does not depend on its neighbours in the batch. */
#include "tests/kernels/kernel_checks.h"

#include <math.h>
#include <string.h>

typedef struct extents {
    int64_t rows, pixels, channels, gap;
} extents;

/* Runs, units and chunks of channels begin and end in all ways: see kernels/f32/runs.h. */
static extents extents_number(kernel_run *run, int i)
{
    static const extents awkward[] = {{1, 1, 1, 0},    {2, 31, 5, 1},   {3, 32, 16, 0},    {2, 33, 257, 2},
                                      {1, 1023, 7, 0}, {2, 1024, 9, 3}, {1, 1025, 33, 0},  {2, 2049, 3, 1},
                                      {70, 1, 129, 0}, {5, 49, 600, 0}, {40, 3, 17, 1}};
    const int count = (int)(sizeof awkward / sizeof *awkward);
    if (i < count)
        return awkward[i];
    const int64_t rows = kernel_random_between(run, 1, 5), pixels = kernel_random_extent(run);
    const int64_t channels = kernel_random_extent(run), gap = kernel_random_between(run, 0, 4);
    return (extents){rows, pixels, channels, gap};
}

#define CASES 40

/* sum over pixels [first, first + count) of x (times y), and of the terms' sizes. */
static long double reference_sum(const kernel_tensor *x, const kernel_tensor *y, int64_t first, int64_t count,
                                 int64_t channel, double *size)
{
    long double sum = 0;
    *size = 0;
    for (int64_t p = first; p < first + count; p++) {
        const long double factor = y != NULL ? (long double)*kernel_at(y, p, channel) : 1;
        const long double term = (long double)*kernel_at(x, p, channel) * factor;
        sum += term;
        *size += (double)fabsl(term);
    }
    return sum;
}

static void check_tensor_sums(kernel_run *run)
{
    for (int i = 0; i < CASES; i++) {
        const extents e = extents_number(run, i);
        const bool add = i % 2;
        kernel_tensor x = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1);
        kernel_tensor sums = kernel_tensor_reals(run, 1, e.channels, e.channels, 1);
        kernel_tensor old = kernel_tensor_copy(&sums);
        kernel_buffer scratch =
            kernel_scratch(run->table->norm_scratch_bytes(e.rows, e.pixels, e.channels, run->par->workers));
        run->table->channel_sums(run->par, e.rows, e.pixels, e.channels, x.data, x.stride, sums.data, add,
                                 scratch.data);
        for (int64_t c = 0; c < e.channels; c++) {
            double size;
            const double want = (double)reference_sum(&x, NULL, 0, x.pixels, c, &size);
            const double before = add ? (double)old.data[c] : 0;
            kernel_expect(run, (double)sums.data[c], before + want, 10 * KERNEL_UNIT * (size + 1), "sum", 0, c);
        }
        kernel_tensor_free(run, &x, "x");
        kernel_tensor_free(run, &old, "old");
        kernel_tensor_output(run, &sums, "sums");
        kernel_buffer_free(run, &scratch, "scratch");
    }
}

/* Integers whose sums are exact in single precision. */
static void check_integer_sums(kernel_run *run)
{
    for (int i = 0; i < CASES; i++) {
        const extents e = extents_number(run, i);
        kernel_tensor x = kernel_tensor_integers(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1000);
        kernel_tensor sums = kernel_tensor_new(1, e.channels, e.channels);
        kernel_buffer scratch =
            kernel_scratch(run->table->norm_scratch_bytes(e.rows, e.pixels, e.channels, run->par->workers));
        run->table->channel_sums(run->par, e.rows, e.pixels, e.channels, x.data, x.stride, sums.data, false,
                                 scratch.data);
        for (int64_t c = 0; c < e.channels; c++) {
            double size;
            kernel_expect(run, (double)sums.data[c], (double)reference_sum(&x, NULL, 0, x.pixels, c, &size), 0,
                          "integer sum", 0, c);
        }
        kernel_tensor_free(run, &x, "x");
        kernel_tensor_output(run, &sums, "sums");
        kernel_buffer_free(run, &scratch, "scratch");
    }
}

/* A map of so many pixels: one row, one column, or as square as can be. */
static int64_t width_number(int i, int64_t pixels)
{
    int64_t width = i % 3 == 0 ? pixels : 1;
    for (int64_t w = 2; i % 3 == 1 && w * w <= pixels; w++)
        width = pixels % w == 0 ? w : width;
    return width;
}

static void check_global_average(kernel_run *run)
{
    for (int i = 0; i < CASES; i++) {
        const extents e = extents_number(run, i);
        const int64_t width = width_number(i, e.pixels);
        kernel_tensor x = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1);
        kernel_tensor y = kernel_tensor_new(e.rows, e.channels, e.channels + e.gap);
        run->table->global_average_forward(run->par, e.rows, e.pixels / width, width, e.channels, x.data, x.stride, y.data,
                                           y.stride);
        for (int64_t row = 0; row < e.rows; row++)
            for (int64_t c = 0; c < e.channels; c++) {
                double size;
                const long double sum = reference_sum(&x, NULL, row * e.pixels, e.pixels, c, &size);
                kernel_expect(run, (double)*kernel_at(&y, row, c), (double)(sum / (long double)e.pixels),
                              10 * KERNEL_UNIT, "average", row, c);
            }
        kernel_tensor_free(run, &x, "x");
        kernel_tensor_output(run, &y, "y");
    }
}

static void check_global_average_backward(kernel_run *run)
{
    for (int i = 0; i < CASES; i++) {
        const extents e = extents_number(run, i);
        const bool add = i % 2;
        kernel_tensor dy = kernel_tensor_reals(run, e.rows, e.channels, e.channels + e.gap, 1);
        kernel_tensor dx = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1);
        kernel_tensor old = kernel_tensor_copy(&dx);
        run->table->global_average_backward(run->par, e.rows, e.pixels, e.channels, dy.data, dy.stride, dx.data,
                                            dx.stride, add);
        for (int64_t p = 0; p < dx.pixels; p++)
            for (int64_t c = 0; c < e.channels; c++) {
                alck_real want = *kernel_at(&dy, p / e.pixels, c) / (alck_real)e.pixels;
                if (add)
                    want = *kernel_at(&old, p, c) + want;
                kernel_expect(run, (double)*kernel_at(&dx, p, c), (double)want, 0, "average's gradient", p, c);
            }
        kernel_tensor_free(run, &dy, "dy");
        kernel_tensor_free(run, &old, "old");
        kernel_tensor_output(run, &dx, "dx");
    }
}

static void expect_gate_gradients(kernel_run *run, const extents *e, const alck_gate_gradients *g, const kernel_tensor *x,
                                  const kernel_tensor *dy, const kernel_tensor *old_dx, const kernel_tensor *old_dgate)
{
    for (int64_t row = 0; row < e->rows; row++)
        for (int64_t c = 0; c < e->channels; c++) {
            double size;
            const double want = (double)reference_sum(x, dy, row * e->pixels, e->pixels, c, &size);
            const double before = g->add_dgate ? (double)*kernel_at(old_dgate, row, c) : 0;
            kernel_expect(run, (double)g->dgate[row * g->dgate_stride + c], before + want, 10 * KERNEL_UNIT * (size + 1),
                          "gate's gradient", row, c);
        }
    for (int64_t p = 0; p < e->rows * e->pixels; p++)
        for (int64_t c = 0; c < e->channels; c++) {
            const double product = (double)*kernel_at(dy, p, c) * (double)g->gate[p / e->pixels * g->gate_stride + c];
            const double before = g->add_dx ? (double)*kernel_at(old_dx, p, c) : 0;
            kernel_expect(run, (double)g->dx[p * g->dx_stride + c], before + product, 2 * KERNEL_UNIT * (fabs(product) + fabs(before)),
                          "gradient of what a gate multiplies", p, c);
        }
}

/* In memory of its own and in that of dy. */
static void check_gate_gradients(kernel_run *run)
{
    for (int i = 0; i < CASES; i++) {
        const extents e = extents_number(run, i);
        const bool in_place = i % 3 == 0;
        kernel_tensor x = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1);
        kernel_tensor gate = kernel_tensor_reals(run, e.rows, e.channels, e.channels + e.gap, 1);
        kernel_tensor dy = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + 1, 1);
        kernel_tensor old = kernel_tensor_copy(&dy);
        kernel_tensor dgate = kernel_tensor_reals(run, e.rows, e.channels, e.channels + e.gap, 1);
        kernel_tensor old_dgate = kernel_tensor_copy(&dgate);
        kernel_tensor dx = kernel_tensor_copy(&dy);
        const alck_gate_gradients wanted = {
            .rows = e.rows, .pixels = e.pixels, .channels = e.channels, .x = x.data, .gate = gate.data,
            .dy = in_place ? dx.data : dy.data, .x_stride = x.stride, .gate_stride = gate.stride, .dy_stride = dy.stride,
            .dx = dx.data, .dgate = dgate.data, .dx_stride = dx.stride, .dgate_stride = dgate.stride,
            .add_dx = !in_place && i % 2, .add_dgate = i % 2};
        run->table->multiply_broadcast_backward(run->par, &wanted);
        expect_gate_gradients(run, &e, &wanted, &x, &dy, &old, &old_dgate);
        kernel_tensor_free(run, &x, "x");
        kernel_tensor_free(run, &gate, "gate");
        kernel_tensor_free(run, &dy, "dy");
        kernel_tensor_free(run, &old, "old dx");
        kernel_tensor_free(run, &old_dgate, "old dgate");
        kernel_tensor_output(run, &dx, "dx");
        kernel_tensor_output(run, &dgate, "dgate");
    }
}

static void check_batch_independence(kernel_run *run)
{
    const extents e = {6, 1100, 70, 2};
    kernel_tensor x = kernel_tensor_reals(run, e.rows * e.pixels, e.channels, e.channels + e.gap, 1);
    kernel_tensor all = kernel_tensor_new(e.rows, e.channels, e.channels);
    kernel_tensor one = kernel_tensor_new(1, e.channels, e.channels);
    run->table->global_average_forward(run->par, e.rows, 44, 25, e.channels, x.data, x.stride, all.data, all.stride);
    for (int64_t row = 0; row < e.rows; row++) {
        run->table->global_average_forward(run->par, 1, 44, 25, e.channels, kernel_at(&x, row * e.pixels, 0), x.stride, one.data,
                                           one.stride);
        if (memcmp(one.data, kernel_at(&all, row, 0), (size_t)e.channels * sizeof *one.data) != 0)
            kernel_fail(run, "row %lld has other bits when it is alone", (long long)row);
    }
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_output(run, &all, "all");
    kernel_tensor_output(run, &one, "one");
}

const kernel_check kernel_checks_channel_sums[] = {{"sums of a tensor", check_tensor_sums},
                                                   {"sums of integers", check_integer_sums},
                                                   {"global average", check_global_average},
                                                   {"global average backward", check_global_average_backward},
                                                   {"gate gradient", check_gate_gradients},
                                                   {"batch independence", check_batch_independence},
                                                   {NULL, NULL}};
