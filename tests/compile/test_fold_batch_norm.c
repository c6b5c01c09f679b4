/* test_fold_batch_norm.c - a batch norm with running statistics is taken into the weights before it: the same values within
 * rounding, renewed when any of the parameters is written, and only where nothing else needs what is between the two. */
#include <math.h>
#include <string.h>

#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 3, VALUES = BATCH * 6 * 6 * 5 };

static plan_fixture f;
static alc_tensor *x, *conv, *norm;

static void setup(alc_batch_norm_mode mode)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(6, 6, 4));
    conv = alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 5, .kernel = 3, .padding = 1, .bias = true});
    norm = alc_batch_norm(conv, (alc_batch_norm_options){.name = "bn", .mode = mode});
    fill_model(f.model, 7);
}

/* Keeping the convolution's output stands in the way of folding. */
static const alc_real *run(alc_plan_mode mode, bool keep_between)
{
    plan_fixture_compile(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = norm, .kept = {conv},
                                                   .kept_count = keep_between});
    fill_plan(f.plan, 1, 1);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    return alc_plan_values(f.plan, norm);
}

START_TEST(folding_changes_only_the_rounding)
{
    static alc_real apart[VALUES];
    setup(ALC_BATCH_NORM_AUTO);
    const alc_real *values = run(ALC_EVALUATE, true);
    ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
    for (int i = 0; i < VALUES; i++)
        apart[i] = values[i];
    values = run(ALC_EVALUATE, false);
    ck_assert_ptr_null(plan_node(f.plan, "bn"));
    ck_assert_int_eq(plan_node(f.plan, "conv")->parameter_count, 6);
    for (int i = 0; i < VALUES; i++)
        ck_assert_msg(fabs((double)(values[i] - apart[i])) < 1e-5, "%g, expected %g", (double)values[i], (double)apart[i]);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(writing_any_of_its_parameters_renews_it)
{
    static const char *const names[] = {"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean",
                                        "bn.running_var"};
    for (int i = 0; i < 6; i++) {
        static alc_real before[VALUES], fresh[VALUES];
        setup(ALC_BATCH_NORM_AUTO);
        const alc_real *values = run(ALC_EVALUATE, false);
        memcpy(before, values, sizeof before);
        alc_parameter *parameter = alc_model_find_parameter(f.model, names[i]);
        alc_real changed[5 * 4 * 9];
        alc_parameter_read(parameter, changed);
        changed[2] += (alc_real)0.5;
        alc_parameter_write(parameter, changed);
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        memcpy(fresh, values, sizeof fresh);
        ck_assert_msg(memcmp(before, fresh, sizeof before) != 0, "%s is not renewed", names[i]);
        ck_assert_mem_eq(run(ALC_EVALUATE, false), fresh, sizeof fresh);
        plan_fixture_end(&f);
    }
}
END_TEST

START_TEST(a_trained_norm_is_not_folded)
{
    setup(ALC_BATCH_NORM_AUTO);
    run(ALC_TRAIN, false);
    ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
    plan_fixture_end(&f);
    /* A trained convolution cannot take in even a frozen norm: its gradient is the unfolded weight's. */
    setup(ALC_BATCH_NORM_FROZEN);
    run(ALC_TRAIN, false);
    ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_norm_of_batch_statistics_is_not_folded_even_when_frozen)
{
    setup(ALC_BATCH_NORM_TRAIN);
    for (int64_t i = 0; i < alc_model_parameter_count(f.model); i++)
        alc_parameter_set_trainable(alc_model_parameter(f.model, i), false);
    run(ALC_TRAIN, false);
    ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
    plan_fixture_end(&f);
}
END_TEST

/* A frozen prefix has the same bits in a training plan as in evaluation. */
START_TEST(a_frozen_prefix_has_the_bits_of_evaluation)
{
    static alc_real evaluated[VALUES];
    setup(ALC_BATCH_NORM_AUTO);
    memcpy(evaluated, run(ALC_EVALUATE, false), sizeof evaluated);
    for (int64_t i = 0; i < alc_model_parameter_count(f.model); i++)
        alc_parameter_set_trainable(alc_model_parameter(f.model, i), false);
    ck_assert_mem_eq(run(ALC_TRAIN, false), evaluated, sizeof evaluated);
    ck_assert_ptr_null(plan_node(f.plan, "bn"));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(only_one_norm_and_only_one_reader)
{
    setup(ALC_BATCH_NORM_AUTO);
    alc_tensor *second = alc_batch_norm(norm, (alc_batch_norm_options){.name = "again"});
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = second});
    ck_assert_ptr_null(plan_node(f.plan, "bn"));
    ck_assert_ptr_nonnull(plan_node(f.plan, "again"));
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = alc_add(norm, alc_sigmoid(conv))});
    ck_assert_ptr_nonnull(plan_node(f.plan, "bn"));
    alc_tensor *of_input = alc_batch_norm(x, (alc_batch_norm_options){.name = "first"});
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = of_input});
    ck_assert_ptr_nonnull(plan_node(f.plan, "first"));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(dense_layers_take_norms_in_too)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(4));
    conv = alc_dense(x, (alc_dense_options){.name = "fc", .units = 5, .no_bias = true});
    norm = alc_batch_norm(conv, (alc_batch_norm_options){.name = "bn"});
    fill_model(f.model, 8);
    alc_real apart[BATCH * 5];
    memcpy(apart, run(ALC_EVALUATE, true), sizeof apart);
    const alc_real *values = run(ALC_EVALUATE, false);
    ck_assert_ptr_null(plan_node(f.plan, "bn"));
    for (int i = 0; i < BATCH * 5; i++)
        ck_assert(fabs((double)(values[i] - apart[i])) < 1e-6);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("fold_batch_norm", folding_changes_only_the_rounding, writing_any_of_its_parameters_renews_it,
                     a_trained_norm_is_not_folded, a_norm_of_batch_statistics_is_not_folded_even_when_frozen,
                     a_frozen_prefix_has_the_bits_of_evaluation, only_one_norm_and_only_one_reader,
                     dense_layers_take_norms_in_too);
}
