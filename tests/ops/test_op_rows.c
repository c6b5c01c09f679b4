/* test_op_rows.c - in evaluation a sample's values do not depend on the company it is in: fewer rows than planned, and plans
 * of another batch, give the same bits; in training, fewer rows than planned are the same as a plan of that batch. */
#include <string.h>

#include "support/run_tests.h"
#include "lib/graph/graph.h"
#include "tests/ops/op_failures.h"
#include "tests/ops/op_run.h"

typedef struct fixture {
    const op_case *c;
    alc_context *context;
    alc_model *model;
    alc_tensor *output;
} fixture;

static fixture begin(const op_case *c, alc_context *context)
{
    fixture f = {.c = c, .context = context};
    ck_assert_int_eq(alc_model_create(context, &f.model), ALC_OK);
    f.output = op_case_build(c, f.model);
    op_case_fill_parameters(f.model);
    return f;
}

/* Output bits of the first `rows` samples in a plan for `batch`. */
static op_bits run(const fixture *f, alc_plan_mode mode, int64_t batch, int64_t rows)
{
    op_bits bits = {0};
    alc_plan *plan = NULL;
    bool train = mode == ALC_TRAIN;
    alc_compile_options options = {.mode = mode, .batch = batch, .output = f->output, .input_gradients = train};
    ck_assert_int_eq(alc_compile(f->model, options, &plan), ALC_OK);
    op_case_fill_plan(f->c, plan);
    ck_assert_int_eq(alc_plan_set_rows(plan, rows), ALC_OK);
    ck_assert_msg(alc_forward(plan) == ALC_OK, "%s: %s", f->c->name, alc_error_message(f->context));
    op_bits_append(&bits, alc_plan_values(plan, f->output),
                   (size_t)op_output_count(f->output, rows) * sizeof(alc_real));
    op_case_fill_output_gradient(plan, f->output);
    ck_assert(!train || alc_backward(plan) == ALC_OK);
    const alc_tensor *x = alc_model_find_tensor(f->model, "x");
    if (train)
        op_bits_append(&bits, alc_plan_input_gradient(plan, x),
                       (size_t)(rows * alc_shape_elements(x->shape)) * sizeof(alc_real));
    alc_plan_destroy(plan);
    return bits;
}

/* Compares the runs of the first `rows` samples alone and in larger plans. */
static void compare(const fixture *f, alc_plan_mode mode, int64_t rows, int64_t batch, int64_t in_company,
                    op_failures *failures)
{
    op_bits alone = run(f, mode, rows, rows), others = run(f, mode, batch, in_company);
    if (others.count < alone.count || memcmp(alone.bytes, others.bytes, alone.count) != 0)
        op_failure(failures, "%s: %lld samples alone differ from them in a plan of %lld with %lld rows", f->c->name,
                   (long long)rows, (long long)batch, (long long)in_company);
    op_bits_free(&alone);
    op_bits_free(&others);
}

static void check_evaluation(alc_precision precision)
{
    op_failures failures = {0};
    alc_context *context = op_context(ALC_ISA_AUTO, 2, precision);
    for (int i = 0; i < op_table_count; i++) {
        fixture f = begin(&op_table[i], context);
        /* A loss is of the whole batch: only runs of the same rows can agree. */
        if (!f.output->scalar) {
            compare(&f, ALC_EVALUATE, 1, 2, 2, &failures);
            compare(&f, ALC_EVALUATE, 1, 37, 37, &failures);
            compare(&f, ALC_EVALUATE, 5, 37, 20, &failures);
        }
        compare(&f, ALC_EVALUATE, 3, 8, 3, &failures);
        alc_model_destroy(f.model);
    }
    alc_context_destroy(context);
    op_failures_check(&failures);
}

static void check_training(alc_precision precision)
{
    op_failures failures = {0};
    alc_context *context = op_context(ALC_ISA_AUTO, 2, precision);
    for (int i = 0; i < op_table_count; i++) {
        fixture f = begin(&op_table[i], context);
        compare(&f, ALC_TRAIN, 3, 8, 3, &failures);
        alc_model_destroy(f.model);
    }
    alc_context_destroy(context);
    op_failures_check(&failures);
}

START_TEST(evaluation_does_not_depend_on_the_batch)
{
    check_evaluation(ALC_PRECISION_DEFAULT);
    check_evaluation(ALC_PRECISION_BF16);
}
END_TEST

START_TEST(fewer_rows_train_as_a_smaller_plan)
{
    check_training(ALC_PRECISION_DEFAULT);
    check_training(ALC_PRECISION_BF16);
}
END_TEST

int main(void)
{
    return RUN_TESTS("op rows", evaluation_does_not_depend_on_the_batch, fewer_rows_train_as_a_smaller_plan);
}
