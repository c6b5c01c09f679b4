/* test_access.c - what callers read and write between runs. */
#include <string.h>

#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 4 };

static plan_fixture f;
static alc_tensor *x, *label, *hidden, *logits, *loss;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(3));
    label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    hidden = alc_tanh(alc_dense(x, (alc_dense_options){.name = "one", .units = 5}));
    logits = alc_dense(hidden, (alc_dense_options){.name = "two", .units = 2});
    loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){.name = "loss"});
    fill_model(f.model, 2);
}

static void compile(alc_tensor *output, bool input_gradients)
{
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = output, .kept = {logits},
                                                   .kept_count = 1, .input_gradients = input_gradients});
    fill_plan(f.plan, 1, 2);
}

START_TEST(inputs_survive_runs)
{
    setup();
    compile(loss, false);
    alc_real before[BATCH * 3];
    memcpy(before, alc_plan_input(f.plan, x), sizeof before);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
        ck_assert_mem_eq(alc_plan_input(f.plan, x), before, sizeof before);
        ck_assert_ptr_eq(alc_plan_values(f.plan, x), alc_plan_input(f.plan, x));
    }
    plan_fixture_end(&f);
}
END_TEST

START_TEST(only_what_is_kept_is_readable)
{
    setup();
    compile(loss, false);
    ck_assert_ptr_nonnull(alc_plan_values(f.plan, loss));
    ck_assert_ptr_nonnull(alc_plan_values(f.plan, logits));
    ck_assert_ptr_null(alc_plan_values(f.plan, hidden));
    ck_assert_ptr_null(alc_plan_values(f.plan, NULL));
    ck_assert_ptr_null(alc_plan_input(f.plan, NULL));
    ck_assert_ptr_null(alc_plan_input(f.plan, logits)); /* no input */
    ck_assert_ptr_null(alc_plan_values(f.plan, &f.model->poison));
    /* A tensor that was added after the plan was compiled. */
    alc_tensor *late = alc_input(f.model, "late", ALC_REAL, ALC_SHAPE(1));
    ck_assert_ptr_null(alc_plan_input(f.plan, late));
    alc_model *other;
    ck_assert_int_eq(alc_model_create(f.context, &other), ALC_OK);
    ck_assert_ptr_null(alc_plan_input(f.plan, alc_input(other, "x", ALC_REAL, ALC_SHAPE(3))));
    alc_model_destroy(other);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(gradients_are_read_in_pytorchs_order)
{
    setup();
    compile(loss, true);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
    const alc_parameter *weight = alc_model_find_parameter(f.model, "one.weight");
    const alc_real *memory = alc_plan_gradient_of(f.plan, weight);
    alc_real values[5 * 3];
    ck_assert_int_eq(alc_plan_read_gradient(f.plan, weight, values), ALC_OK);
    for (int o = 0; o < 5; o++)
        for (int i = 0; i < 3; i++)
            ck_assert(values[o * 3 + i] == memory[i * 5 + o]);
    ck_assert_ptr_nonnull(alc_plan_input_gradient(f.plan, x));
    ck_assert_ptr_null(alc_plan_input_gradient(f.plan, logits));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(an_outputs_gradient_is_the_callers)
{
    setup();
    compile(loss, false);
    ck_assert_ptr_null(alc_plan_output_gradient(f.plan)); /* a loss' is 1 */
    compile(logits, false);
    alc_real bias[2], *gradient = alc_plan_output_gradient(f.plan);
    ck_assert_ptr_nonnull(gradient);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    for (int i = 0; i < BATCH * 2; i++)
        gradient[i] = (alc_real)(i + 1);
    ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
    ck_assert_int_eq(alc_plan_read_gradient(f.plan, alc_model_find_parameter(f.model, "two.bias"), bias), ALC_OK);
    ck_assert(bias[0] == 1 + 3 + 5 + 7 && bias[1] == 2 + 4 + 6 + 8);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(rows_are_within_the_batch)
{
    setup();
    compile(loss, false);
    const int64_t wrong[] = {0, -1, BATCH + 1};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(alc_plan_set_rows(f.plan, wrong[i]), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), "5 rows; the plan takes 1 to 4");
    for (int64_t rows = 1; rows <= BATCH; rows++)
        ck_assert_int_eq(alc_plan_set_rows(f.plan, rows), ALC_OK);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("access", inputs_survive_runs, only_what_is_kept_is_readable, gradients_are_read_in_pytorchs_order,
                     an_outputs_gradient_is_the_callers, rows_are_within_the_batch);
}
