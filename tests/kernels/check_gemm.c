/* tests/kernels/check_gemm.c - the matrix product against naive loops, bit for bit in the promised order: transposes,
 * packed operands, empty extents, and every epilogue. */
#include "kernels/reference/elementwise_reference.h"
#include "tests/kernels/product_checks.h"

#include <math.h>
#include <string.h>

typedef struct gemm_data {
    kernel_tensor a, b, c, old, bias, residual;
} gemm_data;

static int64_t random_extent(kernel_run *run)
{
    static const int64_t large[] = {0, 0, 113, 255, 256, 257, 300, 512, 777};
    return kernel_random(run) % 4 ? kernel_random_extent(run) : large[kernel_random(run) % 9];
}

static alck_gemm make(kernel_run *run, product_data data, alck_gemm g, gemm_data *d)
{
    const int64_t gap = kernel_random(run) % 2 ? 0 : 3;
    const int64_t a_rows = g.a_transposed ? g.k : g.m, a_columns = g.a_transposed ? g.m : g.k;
    const int64_t b_rows = g.b_transposed ? g.n : g.k, b_columns = g.b_transposed ? g.k : g.n;
    g.a_stride = a_columns + gap;
    g.b_stride = b_columns + gap;
    g.c_stride = g.n + gap;
    d->a = product_tensor(run, data, a_rows, a_columns, g.a_stride);
    d->b = product_tensor(run, data, b_rows, b_columns, g.b_stride);
    d->c = product_tensor(run, data, g.m, g.n, g.c_stride);
    d->bias = product_tensor(run, data, 1, g.n, g.n);
    d->residual = product_tensor(run, data, g.m, g.n, g.n + 1);
    d->old = kernel_tensor_copy(&d->c);
    g.a = d->a.data;
    g.b = d->b.data;
    g.c = d->c.data;
    return g;
}

static void destroy(kernel_run *run, gemm_data *d)
{
    kernel_tensor_free(run, &d->a, "a");
    kernel_tensor_free(run, &d->b, "b");
    kernel_tensor_free(run, &d->old, "old");
    kernel_tensor_free(run, &d->bias, "bias");
    kernel_tensor_free(run, &d->residual, "residual");
    kernel_tensor_output(run, &d->c, "c");
}

/* In two parts, where the rows of k lie apart. */
static void pack(kernel_run *run, const alck_gemm *g, void *packed)
{
    const int64_t first = g->b_transposed ? 0 : g->k / 3 / 2 * 2;
    if (first > 0)
        run->table->gemm_pack_b(run->par, g->operands, g->k, g->n, 0, first, g->b, g->b_stride, g->b_transposed, packed);
    run->table->gemm_pack_b(run->par, g->operands, g->k, g->n, first, g->k - first, g->b, g->b_stride, g->b_transposed, packed);
}

/* Runs the product, with b packed before where asked. */
static void multiply(kernel_run *run, const alck_gemm *g, bool packed)
{
    alck_gemm with = *g;
    kernel_buffer b = kernel_scratch(packed ? run->table->gemm_packed_bytes(g->operands, g->k, g->n) : 0);
    if (packed) {
        pack(run, g, b.data);
        with.packed_b = b.data;
        with.b = NULL;
    }
    kernel_buffer scratch = kernel_scratch(run->table->gemm_scratch_bytes(&with, run->par->workers));
    run->table->gemm(run->par, &with, scratch.data);
    kernel_buffer_free(run, &scratch, "scratch");
    kernel_buffer_free(run, &b, "packed b");
}

static void check_random(kernel_run *run)
{
    for (int i = 0; i < 160; i++) {
        const product_data data = (product_data)(i % DATA_KINDS);
        alck_gemm g = {.m = random_extent(run), .n = random_extent(run), .k = random_extent(run)};
        while (g.m * g.n * g.k > 100000) {
            int64_t *most = g.m > g.n ? &g.m : &g.n;
            *most = *most / 2 + 1;
            if (g.k > 600)
                g.k /= 2;
        }
        g.a_transposed = kernel_random(run) % 2;
        g.b_transposed = kernel_random(run) % 2;
        g.epilogue.add = i % 5 == 0;
        g.operands = product_random_operands(run);
        const bool packed = kernel_random(run) % 2;
        gemm_data d;
        g = make(run, data, g, &d);
        multiply(run, &g, packed);
        for (int64_t r = 0; r < g.m; r++)
            for (int64_t c = 0; c < g.n; c++)
                product_expect(run, data, *kernel_at(&d.c, r, c), alck_reference_gemm(&g, r, c),
                               g.epilogue.add ? kernel_at(&d.old, r, c) : NULL, "c", r, c);
        destroy(run, &d);
    }
}

/* A span that tells apart every channel: value * 2 + channel. */
static void double_and_add_channel(const void *argument, alck_real *values, int64_t first, int64_t count)
{
    const alck_real factor = *(const alck_real *)argument;
    for (int64_t i = 0; i < count; i++)
        values[i] = values[i] * factor + (alck_real)(first + i);
}

static void expect_epilogue(kernel_run *run, const alck_gemm *g, const gemm_data *d, int64_t r, int64_t c)
{
    const alck_epilogue *e = &g->epilogue;
    alck_real v = alck_reference_gemm(g, r, c).ordered;
    if (e->add)
        v += *kernel_at(&d->old, r, c);
    if (e->bias != NULL)
        v += *kernel_at(&d->bias, 0, c);
    if (e->residual != NULL)
        v += *kernel_at(&d->residual, r, c);
    double want = alck_reference_activation(e->activation, (double)v);
    const bool exact = e->activation <= ALCK_RELU6 && sizeof(alck_real) == sizeof(float);
    double tolerance = exact ? 0 : 2000 * KERNEL_UNIT;
    if (e->span != NULL) {
        want = want * 2 + (double)c;
        tolerance = 2 * tolerance + 2 * KERNEL_UNIT * fabs(want);
    }
    kernel_expect(run, (double)*kernel_at(&d->c, r, c), want, tolerance, "c", r, c);
}

static void check_epilogues(kernel_run *run)
{
    static const alck_real two = 2;
    for (int i = 0; i < 96; i++) {
        alck_gemm g = {.m = kernel_random_extent(run), .n = kernel_random_extent(run),
                       .k = i % 3 ? kernel_random_between(run, 0, 20) : kernel_random_between(run, 257, 300)};
        gemm_data d;
        g.epilogue.activation = (alck_activation)(i % 6);
        g = make(run, DATA_REALS, g, &d);
        g.epilogue.add = kernel_random(run) % 2;
        g.epilogue.bias = kernel_random(run) % 2 ? d.bias.data : NULL;
        g.epilogue.residual = kernel_random(run) % 2 ? d.residual.data : NULL;
        g.epilogue.residual_stride = d.residual.stride;
        if (kernel_random(run) % 3 == 0) {
            g.epilogue.span = double_and_add_channel;
            g.epilogue.span_argument = &two;
        }
        multiply(run, &g, kernel_random(run) % 2);
        for (int64_t r = 0; r < g.m; r++)
            for (int64_t c = 0; c < g.n; c++)
                expect_epilogue(run, &g, &d, r, c);
        destroy(run, &d);
    }
}

/* B so large that it is packed in slices, with an epilogue that must not notice. */
static void check_slices(kernel_run *run)
{
    static const alck_real two = 2;
    alck_gemm g = {.m = 2, .n = 100, .k = 60000, .b_transposed = true};
    gemm_data d;
    g = make(run, DATA_INTEGERS, g, &d);
    g.epilogue.bias = d.bias.data;
    g.epilogue.residual = d.residual.data;
    g.epilogue.residual_stride = d.residual.stride;
    g.epilogue.span = double_and_add_channel;
    g.epilogue.span_argument = &two;
    multiply(run, &g, false);
    for (int64_t r = 0; r < g.m; r++)
        for (int64_t c = 0; c < g.n; c += 33)
            expect_epilogue(run, &g, &d, r, c);
    destroy(run, &d);
}

/* Packed panels of several chapters (kernels/f32/panel.h), the rows of k in two parts. */
static void check_long_k(kernel_run *run)
{
    for (int i = 0; i < 4; i++) {
        alck_gemm g = {.m = 3, .n = 70, .k = 5003, .b_transposed = i % 2, .operands = i < 2 ? ALCK_REALS : product_bf16(run)};
        gemm_data d;
        g = make(run, DATA_INTEGERS, g, &d);
        multiply(run, &g, true);
        for (int64_t r = 0; r < g.m; r++)
            for (int64_t c = 0; c < g.n; c++)
                product_expect(run, DATA_INTEGERS, *kernel_at(&d.c, r, c), alck_reference_gemm(&g, r, c), NULL, "c", r, c);
        destroy(run, &d);
    }
}

/* What is enough for a product is enough for one of fewer rows and terms, which is cut in other ways. */
static void check_scratch(kernel_run *run)
{
    static const alck_real present;
    for (int i = 0; i < 2000; i++) {
        alck_gemm g = {.operands = ALCK_REALS, .packed_b = i % 3 == 0 ? &present : NULL};
        g.m = kernel_random_between(run, 1, 3000);
        g.n = kernel_random_between(run, 1, 3000);
        g.k = kernel_random_between(run, 1, 30000);
        g.a_stride = g.k;
        const size_t most = run->table->gemm_scratch_bytes(&g, 3);
        g.m = kernel_random_between(run, 1, g.m);
        if (g.packed_b == NULL)
            g.k = kernel_random_between(run, 1, g.k);
        if (run->table->gemm_scratch_bytes(&g, 3) > most)
            kernel_fail(run, "a product of fewer rows and terms needs more scratch");
    }
}

const kernel_check kernel_checks_gemm[] = {
    {"gemm, random shapes", check_random},
    {"gemm, epilogues", check_epilogues},
    {"gemm, slices", check_slices},
    {"gemm, long k", check_long_k},
    {"gemm, scratch", check_scratch},
    {NULL, NULL},
};
