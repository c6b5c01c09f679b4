/* precision_matrix.c - matrix products of reals, or of what they are as bf16: see precision.h. */
#include "lib/ops/precision.h"

typedef struct matrix {
    int64_t terms, others; /* k, and the rows of a or columns of b */
    const alc_real *values;
    int64_t stride;
    bool terms_outside;    /* stored [terms][others] */
} matrix;

static size_t paired_bytes(const matrix *m)
{
    return alc_pair_bytes(alc_pairs_of(m->terms) * m->others);
}

static void pair(alc_context *context, const matrix *m, void *paired)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    if (m->terms_outside)
        kernels->pair_rows(&parallel, 1, m->terms, m->others, m->values, m->stride, alc_pairs_of(m->terms), paired);
    else
        kernels->pair_channels(&parallel, m->others, 1, m->terms, m->values, m->stride, paired);
}

static matrix left_of(const alck_gemm *g)
{
    return (matrix){.terms = g->k, .others = g->m, .values = g->a, .stride = g->a_stride, .terms_outside = g->a_transposed};
}

static matrix right_of(const alck_gemm *g)
{
    return (matrix){.terms = g->k, .others = g->n, .values = g->b, .stride = g->b_stride, .terms_outside = !g->b_transposed};
}

/* The same product of pairs; its operands are to be filled in. */
static alck_gemm paired_product(alc_context *context, const alck_gemm *g)
{
    alck_gemm paired = *g;
    paired.k = alc_pairs_of(g->k);
    paired.a_stride = g->a_transposed ? g->m : paired.k;
    paired.b_stride = g->b_transposed ? paired.k : g->n;
    paired.operands = alc_context_operands(context);
    return paired;
}

size_t alc_matrix_packed_bytes(alc_context *context, int64_t k, int64_t n)
{
    const bool pairs = alc_context_operands(context) != ALCK_REALS;
    return alc_context_kernels(context)->gemm_packed_bytes(pairs ? alc_pairs_of(k) : k, n);
}

size_t alc_matrix_pack_scratch_bytes(alc_context *context, int64_t k, int64_t n)
{
    const matrix b = {.terms = k, .others = n};
    return alc_context_operands(context) == ALCK_REALS ? 0 : paired_bytes(&b);
}

void alc_matrix_pack(alc_context *context, int64_t k, int64_t n, const alc_real *b, void *packed, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    if (alc_context_operands(context) == ALCK_REALS) {
        kernels->gemm_pack_b(&parallel, k, n, b, n, false, packed);
        return;
    }
    const matrix right = {.terms = k, .others = n, .values = b, .stride = n, .terms_outside = true};
    pair(context, &right, scratch);
    kernels->gemm_pack_b(&parallel, alc_pairs_of(k), n, scratch, n, false, packed);
}

size_t alc_product_scratch_bytes(alc_context *context, const alck_gemm *gemm)
{
    const alck_table *kernels = alc_context_kernels(context);
    const int workers = alc_context_parallel(context).workers;
    if (alc_context_operands(context) == ALCK_REALS)
        return kernels->gemm_scratch_bytes(gemm, workers);
    const alck_gemm paired = paired_product(context, gemm);
    const matrix a = left_of(gemm), b = right_of(gemm);
    return paired_bytes(&a) + (gemm->packed_b ? 0 : paired_bytes(&b)) + kernels->gemm_scratch_bytes(&paired, workers);
}

void alc_product(alc_context *context, const alck_gemm *gemm, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    if (alc_context_operands(context) == ALCK_REALS) {
        kernels->gemm(&parallel, gemm, scratch);
        return;
    }
    alck_gemm paired = paired_product(context, gemm);
    const matrix a = left_of(gemm), b = right_of(gemm);
    char *memory = scratch;
    pair(context, &a, memory);
    paired.a = (const alc_real *)(const void *)memory;
    memory += paired_bytes(&a);
    if (!gemm->packed_b) {
        pair(context, &b, memory);
        paired.b = (const alc_real *)(const void *)memory;
        memory += paired_bytes(&b);
    }
    kernels->gemm(&parallel, &paired, memory);
}
