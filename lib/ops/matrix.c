/* matrix.c - matrix products by the back end that the context asks for, and alc_gemm for users' ops. */
#include "lib/ops/ops.h"

#ifdef ALCOR_HAVE_OPENBLAS
#include <cblas.h>

static void openblas_multiply(const alck_gemm *g)
{
    CBLAS_TRANSPOSE ta = g->a_transposed ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE tb = g->b_transposed ? CblasTrans : CblasNoTrans;
    alc_real beta = g->epilogue.add ? 1 : 0;
#ifdef ALCOR_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, (blasint)g->m, (blasint)g->n, (blasint)g->k, 1, g->a, (blasint)g->a_stride,
                g->b, (blasint)g->b_stride, beta, g->c, (blasint)g->c_stride);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)g->m, (blasint)g->n, (blasint)g->k, 1, g->a, (blasint)g->a_stride,
                g->b, (blasint)g->b_stride, beta, g->c, (blasint)g->c_stride);
#endif
}

/* What the epilogue does beside adding to what was there, in passes of their own. */
static void openblas_finish(alc_context *context, const alck_gemm *g)
{
    const alck_epilogue *e = &g->epilogue;
    const alck_parallel parallel = alc_context_parallel(context);
    for (int64_t i = 0; i < g->m && (e->bias || e->residual); i++)
        for (int64_t j = 0; j < g->n; j++)
            g->c[i * g->c_stride + j] += (e->bias ? e->bias[j] : 0) + (e->residual ? e->residual[i * e->residual_stride + j] : 0);
    if (e->activation != ALCK_IDENTITY)
        alc_context_kernels(context)->activation_forward(&parallel, e->activation, g->m, g->n, g->c, g->c_stride, g->c, g->c_stride);
    for (int64_t i = 0; i < g->m && e->span; i++)
        e->span(e->span_argument, g->c + i * g->c_stride, 0, g->n);
}

/* BLAS refuses rows that overlap, even a single one. */
static bool is_openblas_stride(int64_t stride, int64_t columns)
{
    return stride >= columns && stride < INT32_MAX;
}

/* Whether both operands are at hand, with extents that BLAS takes. */
static bool openblas_can(const alck_gemm *g)
{
    return g->b && g->m > 0 && g->n > 0 && g->k > 0 && g->m < INT32_MAX && g->n < INT32_MAX && g->k < INT32_MAX &&
           is_openblas_stride(g->a_stride, g->a_transposed ? g->m : g->k) &&
           is_openblas_stride(g->b_stride, g->b_transposed ? g->k : g->n) && is_openblas_stride(g->c_stride, g->n);
}
#endif

size_t alc_matrix_scratch_bytes(alc_context *context, const alck_gemm *gemm)
{
    alck_gemm product = *gemm;
    product.operands = alc_context_operands(context);
    return alc_context_kernels(context)->gemm_scratch_bytes(&product, alc_context_parallel(context).workers);
}

void alc_matrix_multiply(alc_context *context, const alck_gemm *gemm, void *scratch)
{
#ifdef ALCOR_HAVE_OPENBLAS
    if (alc_context_gemm(context) == ALC_GEMM_OPENBLAS && openblas_can(gemm)) {
        openblas_multiply(gemm);
        openblas_finish(context, gemm);
        return;
    }
#endif
    const alck_parallel parallel = alc_context_parallel(context);
    alck_gemm product = *gemm;
    product.operands = alc_context_operands(context);
    alc_context_kernels(context)->gemm(&parallel, &product, scratch);
}

static alck_gemm from_arguments(const alc_gemm_arguments *arguments)
{
    return (alck_gemm){.m = arguments->m, .n = arguments->n, .k = arguments->k,
                       .a = arguments->a, .a_stride = arguments->a_stride, .a_transposed = arguments->a_transposed,
                       .b = arguments->b, .b_stride = arguments->b_stride, .b_transposed = arguments->b_transposed,
                       .c = arguments->c, .c_stride = arguments->c_stride, .epilogue = {.add = arguments->add}};
}

size_t alc_gemm_scratch_bytes(alc_context *context, const alc_gemm_arguments *arguments)
{
    alck_gemm gemm = from_arguments(arguments);
    return alc_matrix_scratch_bytes(context, &gemm);
}

void alc_gemm(alc_context *context, const alc_gemm_arguments *arguments, void *scratch)
{
    alck_gemm gemm = from_arguments(arguments);
    alc_matrix_multiply(context, &gemm, scratch);
}

void alc_parallel_for(alc_context *context, int64_t tasks, void (*body)(void *argument, int64_t task, int worker),
                      void *argument)
{
    alc_parallel_run(context, tasks, body, argument);
}
