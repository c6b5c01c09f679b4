/* test_observe.c - what an observer is told: every step of a run in order, with the plan's FLOPs and the values it touches. */
#include <string.h>

#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 4, CLASSES = 3, STEPS_MOST = 64 };

static plan_fixture f;

typedef struct record {
    alc_step_info step[STEPS_MOST];
    int count;
} record;

static void note(void *argument, const alc_step_info *step)
{
    record *r = argument;
    ck_assert_int_lt(r->count, STEPS_MOST);
    r->step[r->count++] = *step;
}

static alc_tensor *build(alc_tensor **label)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(6, 6, 2));
    *label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    x = alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 3, .kernel = 3, .bias = true});
    x = alc_relu(alc_batch_norm(x, (alc_batch_norm_options){.name = "bn"}));
    return alc_dense(alc_global_average_pool(x), (alc_dense_options){.name = "fc", .units = CLASSES});
}

static double sum_flops(const record *r, bool backward)
{
    double flops = 0;
    for (int i = 0; i < r->count; i++)
        flops += (r->step[i].kind == ALC_STEP_BACKWARD) == backward ? r->step[i].flops : 0;
    return flops;
}

START_TEST(every_step_is_told_in_order)
{
    alc_tensor *label, *logits = build(&label);
    alc_tensor *loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    record r = {.count = 0};
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss});
    fill_model(f.model, 1);
    fill_plan(f.plan, 2, CLASSES);
    alc_plan_observe(f.plan, note, &r);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
    ck_assert_int_eq(r.count, alc_plan_step_count(f.plan));
    for (int i = 0; i < r.count; i++) {
        ck_assert_int_eq(r.step[i].index, i);
        ck_assert_int_eq(r.step[i].rows, BATCH);
    }
    const alc_plan_cost cost = alc_plan_costs(f.plan);
    ck_assert_double_eq(sum_flops(&r, false), cost.forward_flops);
    ck_assert_double_eq(sum_flops(&r, true), cost.backward_flops);
    alc_plan_observe(f.plan, NULL, NULL);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(r.count, alc_plan_step_count(f.plan));
    plan_fixture_end(&f);
}
END_TEST

START_TEST(bytes_are_what_a_step_must_touch)
{
    alc_tensor *label, *logits = build(&label);
    record r = {.count = 0};
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_EVALUATE, .batch = BATCH, .output = logits});
    fill_model(f.model, 1);
    fill_plan(f.plan, 2, CLASSES);
    alc_plan_observe(f.plan, note, &r);
    ck_assert_int_eq(alc_plan_set_rows(f.plan, 3), ALC_OK);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_int_eq(r.count, 3);
    ck_assert_str_eq(r.step[0].node, "conv");
    ck_assert_str_ne(r.step[0].kernel, "");
    ck_assert_int_eq(r.step[0].output.extent[2], 3);
    /* three samples in and out; weight, bias and the four vectors of the folded norm */
    ck_assert_double_eq(r.step[0].bytes, (3 * (6 * 6 * 2 + 4 * 4 * 3) + 3 * 2 * 9 + 3 + 4 * 3) * sizeof(alc_real));
    ck_assert_double_eq(r.step[0].flops, 3 * 2.0 * 9 * 2 * (4 * 4 * 3));
    ck_assert_str_eq(r.step[2].node, "fc");
    plan_fixture_end(&f);
}
END_TEST

START_TEST(parts_of_the_batch_are_told_one_by_one)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(512, 512, 3));
    x = alc_relu(alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 16, .kernel = 1}));
    x = alc_global_average_pool(x);
    record r = {.count = 0};
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_EVALUATE, .batch = 3, .output = x});
    fill_model(f.model, 1);
    fill_plan(f.plan, 2, CLASSES);
    alc_plan_observe(f.plan, note, &r);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    int64_t rows = 0;
    for (int i = 0; i < r.count; i++)
        rows += strcmp(r.step[i].node, "conv") == 0 ? r.step[i].rows : 0;
    ck_assert_int_eq(rows, 3);
    ck_assert_int_gt(r.count, alc_plan_step_count(f.plan));
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("observe", every_step_is_told_in_order, bytes_are_what_a_step_must_touch,
                     parts_of_the_batch_are_told_one_by_one);
}
