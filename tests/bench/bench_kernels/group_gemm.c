/* group_gemm.c - matrix products, by turns with OpenBLAS's where the build has it. */
#include <stdio.h>

#include "tests/bench/bench_kernels/buffers.h"
#include "tests/bench/bench_kernels/groups.h"
#include "tests/bench/bench_kernels/output_line.h"

#ifdef ALCOR_HAVE_OPENBLAS
#include <cblas.h>
#endif

typedef struct gemm_case {
    int64_t m, n, k;
    bool a_transposed, b_transposed, packed;
} gemm_case;

typedef struct gemm_run {
    alck_gemm g;
    alck_real *scratch;
} gemm_run;

static void run_gemm(bench *b, void *argument)
{
    const gemm_run *r = argument;
    b->table->gemm(&b->par, &r->g, r->scratch);
}

#ifdef ALCOR_HAVE_OPENBLAS
static void run_openblas(bench *b, void *argument)
{
    const alck_gemm *g = &((const gemm_run *)argument)->g;
    (void)b;
    cblas_sgemm(CblasRowMajor, g->a_transposed ? CblasTrans : CblasNoTrans,
                g->b_transposed ? CblasTrans : CblasNoTrans, (int)g->m, (int)g->n, (int)g->k, 1.0F, g->a,
                (int)g->a_stride, g->b, (int)g->b_stride, 0.0F, g->c, (int)g->c_stride);
}
#endif

/* The product's matrices, B packed where the case wants it, and its scratch. */
static gemm_run prepare_gemm(bench *b, const gemm_case *c)
{
    gemm_run r = {.g = {.m = c->m, .n = c->n, .k = c->k, .a_transposed = c->a_transposed,
                        .b_transposed = c->b_transposed, .a_stride = c->a_transposed ? c->m : c->k,
                        .b_stride = c->b_transposed ? c->k : c->n, .c_stride = c->n}};
    r.g.a = get_buffer(b, 0, c->m * c->k);
    r.g.b = get_buffer(b, 1, c->k * c->n);
    r.g.c = get_buffer(b, 2, c->m * c->n);
    if (c->packed) {
        const size_t bytes = b->table->gemm_packed_bytes(ALCK_REALS, c->k, c->n);
        alck_real *packed = get_buffer(b, 3, (int64_t)(bytes / sizeof(alck_real)));
        b->table->gemm_pack_b(&b->par, ALCK_REALS, c->k, c->n, 0, c->k, r.g.b, r.g.b_stride, c->b_transposed, packed);
        r.g.packed_b = packed;
    }
    const size_t scratch = b->table->gemm_scratch_bytes(&r.g, b->par.workers);
    r.scratch = get_buffer(b, 4, (int64_t)(scratch / sizeof(alck_real)));
    return r;
}

static void bench_gemm_case(bench *b, const gemm_case *c)
{
    char what[96];
    snprintf(what, sizeof what, "gemm %lld x %lld x %lld, A%s B%s%s", (long long)c->m, (long long)c->n,
             (long long)c->k, c->a_transposed ? "^T" : "", c->b_transposed ? "^T" : "", c->packed ? " packed" : "");
    if (!line_wanted(b, what))
        return;
    gemm_run r = prepare_gemm(b, c);
    const double flops = 2.0 * (double)c->m * (double)c->n * (double)c->k;
#ifdef ALCOR_HAVE_OPENBLAS
    timing t[2];
    measure_by_turns(b, 2, (const timed[]){run_gemm, run_openblas}, &r, false, t);
    print_flops(what, b->table->isa, flops, &t[0]);
    printf(", OpenBLAS %.1f GFLOP/s %.1f %%: %.2f of it", flops / t[1].seconds * 1e-9,
           100 * flops / t[1].seconds / t[1].ceiling, t[1].seconds / t[0].seconds);
#else
    const timing t = measure(b, run_gemm, &r, false);
    print_flops(what, b->table->isa, flops, &t);
#endif
    printf("\n");
}

void bench_gemm(bench *b)
{
    static const gemm_case cases[] = {
        {1024, 1024, 1024, false, false, false}, {1024, 1024, 1024, false, true, false},
        {1024, 1024, 1024, true, false, false},  {1024, 1024, 1024, true, true, false},
        {1024, 1024, 1024, false, false, true},
        /* dense layers: logits of ResNet-50, the layers of VGG-16, an MLP on a table's rows; alone and in a batch */
        {1, 1000, 2048, false, false, true},     {8, 1000, 2048, false, false, true},
        {64, 1000, 2048, false, false, true},    {1, 4096, 25088, false, false, true},
        {8, 4096, 25088, false, false, true},    {8, 4096, 4096, false, false, true},
        {256, 128, 64, false, false, true},      {1, 128, 64, false, false, true},
        {8, 1000, 2048, false, false, false},    {8, 2048, 1000, false, true, false},
        {2048, 1000, 8, true, false, false},     {2048, 1000, 64, true, false, false},
        {49, 512, 2048, false, false, true},
    };
#ifdef ALCOR_HAVE_OPENBLAS
    openblas_set_num_threads(b->par.workers);
    printf("OpenBLAS: %s, %d threads\n", openblas_get_corename(), b->par.workers);
#endif
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        bench_gemm_case(b, &cases[i]);
}
