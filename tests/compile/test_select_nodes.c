/* test_select_nodes.c - a plan has the part of the model that its output and kept tensors need, and no more. */
#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *x, *unused, *trunk, *left, *right;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(4));
    unused = alc_input(f.model, "unused", ALC_REAL, ALC_SHAPE(4));
    trunk = alc_dense(x, (alc_dense_options){.name = "trunk", .units = 3});
    left = alc_dense(trunk, (alc_dense_options){.name = "left", .units = 2});
    right = alc_add(alc_dense(trunk, (alc_dense_options){.name = "right", .units = 4}), unused);
}

START_TEST(only_what_is_needed_is_there)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = 2, .output = left});
    ck_assert_int_eq(f.plan->node_count, 2);
    ck_assert_ptr_nonnull(plan_node(f.plan, "trunk"));
    ck_assert_ptr_nonnull(plan_node(f.plan, "left"));
    ck_assert_ptr_null(alc_plan_input(f.plan, unused));
    ck_assert_ptr_nonnull(alc_plan_input(f.plan, x));
    ck_assert_ptr_null(alc_plan_values(f.plan, trunk));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(kept_tensors_bring_their_part)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = 2, .output = left, .kept = {right, trunk}, .kept_count = 2});
    ck_assert_int_eq(f.plan->node_count, 4);
    fill_plan(f.plan, 1, 2);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_ptr_nonnull(alc_plan_input(f.plan, unused));
    ck_assert_ptr_nonnull(alc_plan_values(f.plan, trunk));
    ck_assert_ptr_nonnull(alc_plan_values(f.plan, right));
    plan_fixture_end(&f);
}
END_TEST

/* In training, what is only kept is computed and not differentiated. */
START_TEST(what_does_not_lead_to_the_output_has_no_backward)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 2, .output = left, .kept = {right},
                                                   .kept_count = 1});
    ck_assert_int_eq(plan_steps(f.plan, "right", ALC_STEP_FORWARD), 1);
    ck_assert_int_eq(plan_steps(f.plan, "right", ALC_STEP_BACKWARD), 0);
    ck_assert_int_eq(plan_steps(f.plan, "trunk", ALC_STEP_BACKWARD), 1);
    alc_real gradient[12];
    const alc_parameter *weight = alc_model_find_parameter(f.model, "right.weight");
    ck_assert_int_eq(alc_plan_read_gradient(f.plan, weight, gradient), ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(f.context), "right.weight: this plan computes no gradient of it");
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("select_nodes", only_what_is_needed_is_there, kept_tensors_bring_their_part,
                     what_does_not_lead_to_the_output_has_no_backward);
}
