/* test_matrix.c - matrix products and parallel loops as the author of a layer calls them, by every back end: small whole
 * numbers, so that results are exact in any order. */
#include <stdatomic.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/op.h"
#include "lib/base/base.h"
#include "support/run_tests.h"

enum { M = 13, N = 9, K = 21, STRIDE = 24, CELLS = STRIDE * STRIDE };

static alc_real at(const alc_real *matrix, bool transposed, int64_t row, int64_t column)
{
    return transposed ? matrix[column * STRIDE + row] : matrix[row * STRIDE + column];
}

static void check(alc_context *context, bool a_transposed, bool b_transposed, bool add)
{
    alc_real a[CELLS], b[CELLS], c[CELLS], before[CELLS];
    for (int i = 0; i < CELLS; i++) {
        a[i] = (alc_real)(i * 7 % 11 - 5);
        b[i] = (alc_real)(i * 5 % 13 - 6);
        before[i] = (alc_real)(i % 17);
    }
    memcpy(c, before, sizeof c);
    const alc_gemm_arguments arguments = {.m = M, .n = N, .k = K, .a = a, .b = b, .c = c,
                                          .a_stride = STRIDE, .b_stride = STRIDE, .c_stride = STRIDE,
                                          .a_transposed = a_transposed, .b_transposed = b_transposed, .add = add};
    void *scratch = alc_allocate(context, alc_gemm_scratch_bytes(context, &arguments), "scratch");
    ck_assert_ptr_nonnull(scratch);
    alc_gemm(context, &arguments, scratch);
    alc_free(context, scratch);
    for (int64_t i = 0; i < CELLS; i++) {
        const int64_t row = i / STRIDE, column = i % STRIDE;
        alc_real expected = before[i];
        if (row < M && column < N) {
            expected = add ? before[i] : 0;
            for (int64_t k = 0; k < K; k++)
                expected += at(a, a_transposed, row, k) * at(b, b_transposed, k, column);
        }
        ck_assert_msg(c[i] == expected, "row %d, column %d: %g, expected %g", (int)row, (int)column, (double)c[i],
                      (double)expected);
    }
}

START_TEST(every_back_end_multiplies)
{
    for (int back_end = 0; back_end < 2; back_end++) {
        alc_context *context;
        const alc_context_options options = {.threads = 2,
                                             .gemm = back_end == 0 ? ALC_GEMM_ALCOR : ALC_GEMM_OPENBLAS};
        alc_status status = alc_context_create(options, &context);
        ck_assert(status == ALC_OK || (back_end == 1 && status == ALC_UNSUPPORTED));
        for (int i = 0; i < 8 && context; i++)
            check(context, i & 1, i & 2, i & 4);
        alc_context_destroy(context);
    }
}
END_TEST

/* A stride of 0 has one row of A, or of B, for all; and C may have no other. */
static void check_overlapping(alc_context *context, int64_t a_stride, int64_t b_stride, int64_t rows)
{
    alc_real a[M * K], b[K * N], c[M * N];
    for (int i = 0; i < M * K; i++)
        a[i] = (alc_real)(i * 7 % 11 - 5);
    for (int i = 0; i < K * N; i++)
        b[i] = (alc_real)(i * 5 % 13 - 6);
    const alc_gemm_arguments arguments = {.m = rows, .n = N, .k = K, .a = a, .b = b, .c = c,
                                          .a_stride = a_stride, .b_stride = b_stride, .c_stride = rows > 1 ? N : 0};
    void *scratch = alc_allocate(context, alc_gemm_scratch_bytes(context, &arguments), "scratch");
    ck_assert_ptr_nonnull(scratch);
    alc_gemm(context, &arguments, scratch);
    alc_free(context, scratch);
    for (int64_t i = 0; i < rows * N; i++) {
        alc_real expected = 0;
        for (int64_t k = 0; k < K; k++)
            expected += a[i / N * a_stride + k] * b[k * b_stride + i % N];
        ck_assert_msg(c[i] == expected, "value %d: %g, expected %g", (int)i, (double)c[i], (double)expected);
    }
}

START_TEST(rows_may_overlap)
{
    for (int back_end = 0; back_end < 2; back_end++) {
        alc_context *context;
        const alc_context_options options = {.gemm = back_end == 0 ? ALC_GEMM_ALCOR : ALC_GEMM_OPENBLAS};
        const alc_status status = alc_context_create(options, &context);
        ck_assert(status == ALC_OK || (back_end == 1 && status == ALC_UNSUPPORTED));
        for (int64_t rows = 1; rows <= M && context; rows += M - 1) {
            check_overlapping(context, 0, N, rows);
            check_overlapping(context, K - 3, N, rows);
            check_overlapping(context, K, 0, rows);
        }
        alc_context_destroy(context);
    }
}
END_TEST

/* Of a dense layer with all that can follow it in its store. */
static void run_dense(alc_context *context, alc_real outputs[3 * 5])
{
    alc_model *model;
    alc_plan *plan;
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(5));
    alc_tensor *y = alc_relu(alc_add(alc_dense(x, (alc_dense_options){.name = "d", .units = 5}), x));
    alc_real weight[25], bias[5] = {-3, 2, 0, 1, -1};
    for (int i = 0; i < 25; i++)
        weight[i] = (alc_real)(i * 7 % 11 - 5);
    alc_parameter_write(alc_model_find_parameter(model, "d.weight"), weight);
    alc_parameter_write(alc_model_find_parameter(model, "d.bias"), bias);
    ck_assert_int_eq(alc_compile(model, (alc_compile_options){.mode = ALC_EVALUATE, .batch = 3, .output = y}, &plan), ALC_OK);
    for (int i = 0; i < 15; i++)
        ((alc_real *)alc_plan_input(plan, x))[i] = (alc_real)(i * 5 % 7 - 3);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    memcpy(outputs, alc_plan_values(plan, y), 15 * sizeof *outputs);
    alc_plan_destroy(plan);
    alc_model_destroy(model);
}

START_TEST(every_back_end_finishes_a_dense_layer)
{
    alc_real outputs[2][15], positive = 0;
    for (int back_end = 0; back_end < 2; back_end++) {
        alc_context *context;
        const alc_context_options options = {.threads = 2, .gemm = back_end == 0 ? ALC_GEMM_ALCOR : ALC_GEMM_OPENBLAS};
        const alc_status status = alc_context_create(options, &context);
        ck_assert(status == ALC_OK || (back_end == 1 && status == ALC_UNSUPPORTED));
        if (context)
            run_dense(context, outputs[back_end]);
        else
            memcpy(outputs[1], outputs[0], sizeof *outputs);
        alc_context_destroy(context);
    }
    for (int i = 0; i < 15; i++)
        positive += outputs[0][i];
    ck_assert(positive > 0);
    ck_assert_mem_eq(outputs[0], outputs[1], sizeof *outputs);
}
END_TEST

static void count(void *argument, int64_t task, int worker)
{
    atomic_int *runs = argument;
    ck_assert(worker >= 0 && worker < 3);
    atomic_fetch_add(&runs[task], 1);
}

START_TEST(every_task_runs_once)
{
    alc_context *context;
    atomic_int runs[50] = {0};
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 3}, &context), ALC_OK);
    alc_parallel_for(context, 50, count, runs);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(atomic_load(&runs[i]), 1);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("matrix", every_back_end_multiplies, rows_may_overlap, every_back_end_finishes_a_dense_layer,
                     every_task_runs_once);
}
