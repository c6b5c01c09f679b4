/* test_op_forward.c - every case of the table against the reference in double precision, in evaluation and in training. */
#include <math.h>

#include "support/run_tests.h"
#include "tests/ops/op_failures.h"
#include "tests/ops/op_run.h"
#include "tests/ops/reference_ops.h"

/* Reports the value that exceeds its limit by most. NaN exceeds every limit. */
static void compare(const op_case *c, const reference_value *expected, const alc_real *values, op_failures *failures)
{
    int64_t count = expected->rows * expected->height * expected->width * expected->channels, worst = -1;
    double excess = 0;
    for (int64_t i = 0; i < count; i++) {
        double error = fabs((double)values[i] - expected->data[i]);
        double over = isnan(error) ? INFINITY : error - expected->limit[i];
        if (over > excess) {
            worst = i;
            excess = over;
        }
    }
    if (worst >= 0)
        op_failure(failures, "%s: value %lld is %.9g, the reference %.9g; an error of %.3g is allowed", c->name,
                   (long long)worst, (double)values[worst], expected->data[worst], expected->limit[worst]);
}

static void check_case(const op_case *c, alc_plan_mode mode, alc_context_options options, op_failures *failures)
{
    alc_model *model = NULL;
    alc_plan *plan = NULL;
    alc_context *context = NULL;
    options.threads = 1;
    options.seed = 11;
    ck_assert_int_eq(alc_context_create(options, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *output = op_case_build(c, model);
    op_case_fill_parameters(model);
    alc_status status = alc_compile(model, (alc_compile_options){.mode = mode, .batch = op_case_batch(c), .output = output},
                                    &plan);
    ck_assert_msg(status == ALC_OK, "%s: %s", c->name, alc_error_message(context));
    op_case_fill_plan(c, plan);
    alc_plan_set_draw(plan, 2, 5);
    reference r = {.c = c, .model = model, .mode = mode, .batch = op_case_batch(c), .seed = alc_context_seed(context),
                   .epoch = 2, .position = 5};
    const reference_value *expected = reference_run(&r);
    ck_assert_msg(alc_forward(plan) == ALC_OK, "%s: %s", c->name, alc_error_message(context));
    compare(c, expected, alc_plan_values(plan, output), failures);
    reference_free(&r);
    alc_plan_destroy(plan);
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static void check_table(alc_plan_mode mode, alc_context_options options)
{
    op_failures failures = {0};
    for (int i = 0; i < op_table_count; i++)
        check_case(&op_table[i], mode, options, &failures);
    op_failures_check(&failures);
}

START_TEST(evaluation_agrees_with_the_reference)
{
    check_table(ALC_EVALUATE, (alc_context_options){0});
}
END_TEST

START_TEST(training_agrees_with_the_reference)
{
    check_table(ALC_TRAIN, (alc_context_options){0});
}
END_TEST

START_TEST(direct_convolutions_agree_with_the_reference)
{
    check_table(ALC_EVALUATE, (alc_context_options){.convolution = ALC_CONVOLUTION_DIRECT});
    check_table(ALC_TRAIN, (alc_context_options){.convolution = ALC_CONVOLUTION_DIRECT});
}
END_TEST

START_TEST(bf16_agrees_with_the_reference)
{
    const alc_context_options bf16 = {.precision = ALC_PRECISION_BF16, .convolution = ALC_CONVOLUTION_DIRECT};
    check_table(ALC_EVALUATE, bf16);
    check_table(ALC_TRAIN, bf16);
}
END_TEST

int main(void)
{
    return RUN_TESTS("op forward", evaluation_agrees_with_the_reference, training_agrees_with_the_reference,
                     direct_convolutions_agree_with_the_reference, bf16_agrees_with_the_reference);
}
