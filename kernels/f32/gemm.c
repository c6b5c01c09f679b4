/* kernels/f32/gemm.c - the matrix product: a product (product.h) whose image is one row of m pixels with one tap of k
 * channels. A right operand that does not come packed is packed here, a slice of columns at a time.
 */
#include "kernels/f32/product.h"

/* Bytes of a slice of B packed at once: within a third cache; it also bounds the scratch. */
#define SLICE_BYTES ((int64_t)8 << 20)

static product as_product(const alck_gemm *g)
{
    return (product){.groups = 1, .columns = g->n, .input = g->a, .input_height = 1, .input_width = g->m,
                     .input_stride = g->a_stride, .channels = g->k, .taps_y = 1, .taps_x = 1, .stretch_taps = 1,
                     .step_y = 1, .step_x = 1, .tap_step_y = 1, .tap_step_x = 1, .transposed = g->a_transposed,
                     .panels = g->packed_b, .chapters = true, .batch = 1, .grid_height = 1, .grid_width = g->m,
                     .output_height = 1, .output_width = g->m, .output_stride = g->c_stride, .spread_y = 1,
                     .spread_x = 1, .output = g->c, .epilogue = &g->epilogue, .operands = g->operands};
}

static int64_t slice_columns(const alck_gemm *g)
{
    const int64_t terms = terms_of(g->operands, g->k);
    const int64_t column_bytes = (terms > 0 ? terms : 1) * (int64_t)sizeof(alck_real);
    const int64_t fitting = SLICE_BYTES / column_bytes / TILE_COLUMNS * TILE_COLUMNS;
    const int64_t columns = fitting > TILE_COLUMNS ? fitting : TILE_COLUMNS;
    return columns < g->n ? columns : g->n;
}

static size_t packed_slice_bytes(const alck_gemm *g)
{
    if (g->packed_b != NULL)
        return 0;
    return (ALCK_NAME(gemm_packed_bytes)(g->operands, g->k, slice_columns(g)) + 63) / 64 * 64;
}

/* A slice of fewer terms has more columns, but no more bytes than SLICE_BYTES. */
size_t ALCK_NAME(gemm_scratch_bytes)(const alck_gemm *g, int workers)
{
    const product p = as_product(g);
    const int64_t all = g->packed_b != NULL ? 0 : (int64_t)ALCK_NAME(gemm_packed_bytes)(g->operands, g->k, g->n);
    const int64_t slice = all > SLICE_BYTES ? larger(SLICE_BYTES, (int64_t)packed_slice_bytes(g)) : all;
    return (size_t)(ceil_divide(slice, 64) * 64) + ALCK_NAME(product_scratch_bytes)(&p, workers);
}

/* The epilogue of columns from `column` on. Spans get their first channel from the product, which counts from the
 * slice's start: they are told the true one here. */
typedef struct shifted_span {
    const alck_epilogue *epilogue;
    int64_t column;
} shifted_span;

static void apply_shifted(const void *argument, alck_real *values, int64_t first, int64_t count)
{
    const shifted_span *s = argument;
    s->epilogue->span(s->epilogue->span_argument, values, s->column + first, count);
}

static void multiply_slice(const alck_parallel *par, const alck_gemm *g, int64_t column, int64_t columns,
                           char *scratch)
{
    const alck_real *b = g->b_transposed ? g->b + column * g->b_stride : g->b + column;
    alck_epilogue epilogue = g->epilogue;
    const shifted_span span = {&g->epilogue, column};
    if (epilogue.bias != NULL)
        epilogue.bias += column;
    if (epilogue.residual != NULL)
        epilogue.residual += column;
    if (epilogue.span != NULL) {
        epilogue.span = apply_shifted;
        epilogue.span_argument = &span;
    }
    product p = as_product(g);
    p.columns = columns;
    p.output += column;
    p.epilogue = &epilogue;
    p.panels = (const alck_real *)(void *)scratch;
    ALCK_NAME(gemm_pack_b)(par, g->operands, g->k, columns, 0, g->k, b, g->b_stride, g->b_transposed, scratch);
    ALCK_NAME(product_run)(par, &p, scratch + packed_slice_bytes(g));
}

void ALCK_NAME(gemm)(const alck_parallel *par, const alck_gemm *g, void *scratch)
{
    if (g->packed_b != NULL) {
        const product p = as_product(g);
        ALCK_NAME(product_run)(par, &p, scratch);
        return;
    }
    const int64_t most = slice_columns(g);
    for (int64_t column = 0; column < g->n; column += most)
        multiply_slice(par, g, column, g->n - column < most ? g->n - column : most, scratch);
}
