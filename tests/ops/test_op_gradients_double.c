/* test_op_gradients_double.c - every case of the table against differences of its own outputs, in the double build. */
#include "support/run_tests.h"

#include "alcor/gradcheck.h"
#include "tests/ops/op_failures.h"
#include "tests/ops/op_run.h"

static void fill(void *user, const alc_tensor *input, void *values, int64_t count)
{
    op_case_fill_input(user, alc_tensor_name(input), alc_tensor_dtype(input), count, values);
}

static void check_case(const op_case *c, alc_context *context, op_failures *failures)
{
    alc_model *model = NULL;
    alc_gradcheck_result result;
    op_case filled = *c;
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *output = op_case_build(c, model);
    op_case_fill_parameters(model);
    alc_gradcheck_options options = {.output = output, .batch = op_case_batch(c), .fill = fill, .fill_user = &filled};
    alc_status status = alc_gradcheck(model, options, &result);
    if (status != ALC_OK)
        op_failure(failures, "%s: %s", c->name, alc_error_message(context));
    else if (result.checked == 0)
        op_failure(failures, "%s: no gradient was checked", c->name);
    else if (result.failed > 0)
        op_failure(failures, "%s: %lld of %lld gradients are off; worst %s[%lld]: %.12g, by differences %.12g", c->name,
                   (long long)result.failed, (long long)result.checked, result.name, (long long)result.index,
                   result.analytic, result.numeric);
    alc_model_destroy(model);
}

START_TEST(gradients_are_differences)
{
    op_failures failures = {0};
    alc_context *context = op_context(ALC_ISA_AUTO, 1, ALC_PRECISION_DEFAULT);
    for (int i = 0; i < op_table_count; i++)
        check_case(&op_table[i], context, &failures);
    alc_context_destroy(context);
    op_failures_check(&failures);
}
END_TEST

int main(void)
{
    return RUN_TESTS("op gradients, double", gradients_are_differences);
}
