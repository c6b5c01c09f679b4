/* product_cases.c - matrix products, ours and OpenBLAS's. 96 x 192 is whole tiles with every instruction set. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/count_kernel/cases.h"

#ifdef ALCOR_HAVE_OPENBLAS
#include <cblas.h>
#endif

typedef struct product_shape {
    int64_t m, n, k;
    bool a_transposed, b_transposed, packed;
} product_shape;

static void run_openblas(const lab *l, const alck_gemm *g)
{
#ifdef ALCOR_HAVE_OPENBLAS
    for (int i = 0; i < l->runs; i++)
        cblas_sgemm(CblasRowMajor, g->a_transposed ? CblasTrans : CblasNoTrans,
                    g->b_transposed ? CblasTrans : CblasNoTrans, (int)g->m, (int)g->n, (int)g->k, 1.0F, g->a,
                    (int)g->a_stride, g->b, (int)g->b_stride, 0.0F, g->c, (int)g->c_stride);
#else
    (void)l;
    (void)g;
    fprintf(stderr, "count_kernel: built without OpenBLAS\n");
    exit(EXIT_FAILURE);
#endif
}

static void gemm(lab *l, const void *shape)
{
    const product_shape *s = shape;
    alck_gemm g = {.m = s->m, .n = s->n, .k = s->k, .a = numbers(s->m * s->k), .b = numbers(s->k * s->n),
                   .c = numbers(s->m * s->n), .a_transposed = s->a_transposed, .b_transposed = s->b_transposed,
                   .a_stride = s->a_transposed ? s->m : s->k, .b_stride = s->b_transposed ? s->k : s->n,
                   .c_stride = s->n};
    l->work = s->m * s->n * s->k;
    l->unit = "FMA";
    if (l->table == NULL) {
        run_openblas(l, &g);
        return;
    }
    if (s->packed) {
        void *packed = memory(l->table->gemm_packed_bytes(ALCK_REALS, s->k, s->n));
        l->table->gemm_pack_b(&l->par, ALCK_REALS, s->k, s->n, 0, s->k, g.b, g.b_stride, s->b_transposed, packed);
        g.packed_b = packed;
    }
    void *scratch = memory(l->table->gemm_scratch_bytes(&g, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->gemm(&l->par, &g, scratch);
}

static void gemm_pack_b(lab *l, const void *shape)
{
    const product_shape *s = shape;
    const alck_real *b = numbers(s->k * s->n);
    void *packed = memory(l->table->gemm_packed_bytes(ALCK_REALS, s->k, s->n));
    l->work = s->k * s->n;
    l->unit = "value";
    for (int i = 0; i < l->runs; i++)
        l->table->gemm_pack_b(&l->par, ALCK_REALS, s->k, s->n, 0, s->k, b, s->b_transposed ? s->k : s->n, s->b_transposed, packed);
}

#define SHAPE(...) &(const product_shape){__VA_ARGS__}

static const kernel_case cases[] = {
    {"gemm A B, 96 x 192 x 256", gemm, SHAPE(96, 192, 256, false, false, false)},
    {"gemm A B^T, 96 x 192 x 256", gemm, SHAPE(96, 192, 256, false, true, false)},
    {"gemm A^T B, 96 x 192 x 256", gemm, SHAPE(96, 192, 256, true, false, false)},
    {"gemm A^T B^T, 96 x 192 x 256", gemm, SHAPE(96, 192, 256, true, true, false)},
    {"gemm A B packed, 96 x 192 x 256", gemm, SHAPE(96, 192, 256, false, false, true)},
    {"gemm A B packed, 1 x 1000 x 512", gemm, SHAPE(1, 1000, 512, false, false, true)},
    {"gemm A B packed, 8 x 1000 x 512", gemm, SHAPE(8, 1000, 512, false, false, true)},
    {"gemm A B packed, 32 x 3 x 512", gemm, SHAPE(32, 3, 512, false, false, true)},
    {"gemm_pack_b, 256 x 192", gemm_pack_b, SHAPE(0, 192, 256, false, false, false)},
    {"gemm_pack_b transposed, 256 x 192", gemm_pack_b, SHAPE(0, 192, 256, false, true, false)},
};

case_list product_cases(void)
{
    return (case_list){cases, sizeof cases / sizeof *cases};
}
