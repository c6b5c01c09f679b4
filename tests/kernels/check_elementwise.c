/* tests/kernels/check_elementwise.c - sums, products, copies and broadcasts: exactly what one rounding per value gives. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/kernel_checks.h"

#include <math.h>

/* a b, or a b + c rounded once; the double build may round the product too. */
static void expect_product(kernel_run *run, alck_real got, alck_real a, alck_real b, const alck_real *old, int64_t p,
                           int64_t c)
{
    alck_real want = a * b;
    if (old != NULL) {
#ifdef ALCOR_DOUBLE
        const alck_real twice_rounded = want + *old;
        want = got == twice_rounded || (isnan(got) && isnan(twice_rounded)) ? twice_rounded : fma(a, b, *old);
#else
        want = fmaf(a, b, *old);
#endif
    }
    kernel_expect(run, (double)got, (double)want, 0, "product", p, c);
}

typedef struct operands {
    kernel_tensor a, b, y, old;
} operands;

static operands make_operands(kernel_run *run, int64_t pixels, int64_t channels)
{
    int64_t gap[3];
    const bool contiguous = kernel_random(run) % 3 == 0;
    for (int i = 0; i < 3; i++)
        gap[i] = contiguous ? 0 : kernel_random_between(run, 0, 4);
    operands o;
    o.a = kernel_tensor_specials(run, pixels, channels, channels + gap[0]);
    o.b = kernel_tensor_specials(run, pixels, channels, channels + gap[1]);
    o.y = kernel_tensor_specials(run, pixels, channels, channels + gap[2]);
    o.old = kernel_tensor_copy(&o.y);
    return o;
}

static void free_operands(kernel_run *run, operands *o)
{
    kernel_tensor_free(run, &o->a, "a");
    kernel_tensor_free(run, &o->b, "b");
    kernel_tensor_free(run, &o->old, "old");
    kernel_tensor_output(run, &o->y, "y");
}

/* Small shapes of all kinds, and two that are large enough for several tasks. */
static void shape_of(kernel_run *run, int i, int64_t *pixels, int64_t *channels)
{
    *pixels = i == 0 ? 2003 : kernel_random_extent(run);
    *channels = i == 0 ? 37 : i == 1 ? 40009 : kernel_random_extent(run);
}

static void check_add(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        int64_t pixels, channels;
        shape_of(run, i, &pixels, &channels);
        operands o = make_operands(run, pixels, channels);
        const alck_activation f = (alck_activation)(i % 3); /* those that round nothing */
        run->table->add_forward(run->par, f, pixels, channels, o.a.data, o.a.stride, o.b.data, o.b.stride, o.y.data,
                                o.y.stride);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++) {
                const alck_real sum = *kernel_at(&o.a, p, c) + *kernel_at(&o.b, p, c);
                kernel_expect(run, (double)*kernel_at(&o.y, p, c), alck_reference_activation(f, (double)sum), 0, "sum",
                              p, c);
            }
        free_operands(run, &o);
    }
}

static void check_multiply(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        int64_t pixels, channels;
        shape_of(run, i, &pixels, &channels);
        operands o = make_operands(run, pixels, channels);
        const bool add = i % 2;
        run->table->multiply(run->par, pixels, channels, o.a.data, o.a.stride, o.b.data, o.b.stride, o.y.data,
                             o.y.stride, add);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++) {
                const alck_real a = *kernel_at(&o.a, p, c), b = *kernel_at(&o.b, p, c);
                expect_product(run, *kernel_at(&o.y, p, c), a, b, add ? kernel_at(&o.old, p, c) : NULL, p, c);
            }
        free_operands(run, &o);
    }
}

static void check_copy(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        int64_t pixels, channels;
        shape_of(run, i, &pixels, &channels);
        operands o = make_operands(run, pixels, channels);
        const bool add = i % 2;
        run->table->copy(run->par, pixels, channels, o.a.data, o.a.stride, o.y.data, o.y.stride, add);
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++) {
                const alck_real a = *kernel_at(&o.a, p, c);
                const alck_real want = add ? *kernel_at(&o.old, p, c) + a : a;
                kernel_expect(run, (double)*kernel_at(&o.y, p, c), (double)want, 0, "copy", p, c);
            }
        free_operands(run, &o);
    }
}

static void check_fill(kernel_run *run)
{
    for (int64_t count = 0; count < 90000; count = count < 70 ? count + 1 : count * 3 + 1) {
        kernel_tensor y = kernel_tensor_new(1, count, count);
        run->table->fill(run->par, count, (alck_real)2.5, y.data);
        for (int64_t i = 0; i < count; i++)
            kernel_expect(run, (double)y.data[i], 2.5, 0, "fill", 0, i);
        kernel_tensor_output(run, &y, "y");
    }
}

static void check_broadcast(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const int64_t rows = kernel_random_between(run, 1, 4);
        int64_t pixels, channels;
        shape_of(run, i, &pixels, &channels);
        operands o = make_operands(run, rows * pixels, channels);
        kernel_tensor gate = kernel_tensor_reals(run, rows, channels, channels + i % 3, 1);
        const bool add = i % 2;
        run->table->multiply_broadcast(run->par, rows, pixels, channels, o.a.data, o.a.stride, gate.data, gate.stride,
                                       o.y.data, o.y.stride, add);
        for (int64_t p = 0; p < rows * pixels; p++)
            for (int64_t c = 0; c < channels; c++) {
                const alck_real a = *kernel_at(&o.a, p, c), b = *kernel_at(&gate, p / pixels, c);
                expect_product(run, *kernel_at(&o.y, p, c), a, b, add ? kernel_at(&o.old, p, c) : NULL, p, c);
            }
        kernel_tensor_free(run, &gate, "gate");
        free_operands(run, &o);
    }
}

/* Shapes without a value: nothing is read or written, whatever the pointers. */
static void check_empty(kernel_run *run)
{
    run->table->add_forward(run->par, ALCK_RELU, 0, 5, NULL, 5, NULL, 5, NULL, 5);
    run->table->multiply(run->par, 5, 0, NULL, 7, NULL, 7, NULL, 7, true);
    run->table->copy(run->par, 0, 0, NULL, 0, NULL, 0, false);
    run->table->multiply_broadcast(run->par, 0, 4, 5, NULL, 5, NULL, 5, NULL, 5, false);
    run->table->fill(run->par, 0, 1, NULL);
}

const kernel_check kernel_checks_elementwise[] = {{"add", check_add},
                                                  {"multiply", check_multiply},
                                                  {"copy", check_copy},
                                                  {"fill", check_fill},
                                                  {"broadcast", check_broadcast},
                                                  {"empty", check_empty},
                                                  {NULL, NULL}};
