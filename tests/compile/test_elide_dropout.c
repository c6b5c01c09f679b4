/* test_elide_dropout.c - dropout is left out of evaluation and of frozen parts, and stays where something is trained. */
#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *x, *dropped, *connected, *y;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(40));
    dropped = alc_dropout(alc_dense(x, (alc_dense_options){.name = "one", .units = 40}), 0.5);
    connected = alc_drop_connect(alc_dense(dropped, (alc_dense_options){.name = "two", .units = 40}), 0.5);
    y = alc_dense(connected, (alc_dense_options){.name = "three", .units = 5});
}

static void compile(alc_plan_mode mode, alc_tensor *kept)
{
    plan_fixture_compile(&f, (alc_compile_options){.mode = mode, .batch = 30, .output = y, .kept = {kept},
                                                   .kept_count = kept != NULL});
    fill_plan(f.plan, 1, 1);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
}

/* Values of a kept tensor that are exactly 0. */
static int zeros(const alc_tensor *tensor)
{
    const alc_real *values = alc_plan_values(f.plan, tensor);
    int count = 0;
    for (int i = 0; i < 30 * 40; i++)
        count += values[i] == 0;
    return count;
}

START_TEST(evaluation_has_no_dropout)
{
    setup();
    compile(ALC_EVALUATE, NULL);
    ck_assert_int_eq(plan_live_nodes(f.plan), 3);
    ck_assert_ptr_null(plan_node(f.plan, "dropout_1"));
    ck_assert_ptr_null(plan_node(f.plan, "drop_connect_1"));
    plan_fixture_end(&f);
}
END_TEST

/* A kept output must exist under its own number, so the node stays there and copies. */
START_TEST(a_kept_dropout_copies_in_evaluation)
{
    setup();
    compile(ALC_EVALUATE, dropped);
    ck_assert_ptr_nonnull(plan_node(f.plan, "dropout_1"));
    ck_assert_int_eq(zeros(dropped), 0);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(training_drops)
{
    setup();
    compile(ALC_TRAIN, dropped);
    ck_assert_ptr_nonnull(plan_node(f.plan, "drop_connect_1"));
    ck_assert(zeros(dropped) > 500 && zeros(dropped) < 700);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(frozen_parts_do_not_drop)
{
    setup();
    ck_assert_int_eq(alc_model_train_from(f.model, "two"), ALC_OK);
    compile(ALC_TRAIN, NULL);
    ck_assert_ptr_null(plan_node(f.plan, "dropout_1"));
    ck_assert_ptr_nonnull(plan_node(f.plan, "drop_connect_1"));
    compile(ALC_TRAIN, dropped);
    ck_assert_int_eq(zeros(dropped), 0);
    plan_fixture_end(&f);
}
END_TEST

/* Nor one that is kept where the caller wants none, forward or backward. */
START_TEST(a_kept_dropout_copies_where_none_is_wanted)
{
    static alc_real gradients[2][40 * 40];
    setup();
    for (int keep = 0; keep < 2; keep++) {
        plan_fixture_run(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = 30, .output = y, .no_dropout = true}, 2 * keep,
                         (alc_tensor *[]){dropped, connected});
        ck_assert_int_eq(plan_live_nodes(f.plan), 3 + 2 * keep);
        plan_fixture_backward(&f, (const char *[]){"one.weight"}, 1, gradients[keep], 0);
    }
    ck_assert(zeros(dropped) == 0 && zeros(connected) == 0);
    ck_assert_mem_eq(gradients[0], gradients[1], sizeof gradients[0]);
    plan_fixture_end(&f);
}
END_TEST

/* Without parameters before it, dropout belongs to the trained part: it is on the input itself. */
START_TEST(dropout_of_an_input_is_trained_with)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(40));
    dropped = alc_dropout(x, 0.5);
    y = alc_dense(dropped, (alc_dense_options){.name = "one", .units = 5});
    compile(ALC_TRAIN, dropped);
    ck_assert_int_gt(zeros(dropped), 500);
    plan_fixture_end(&f);
}
END_TEST

/* Two readers of what was dropped both read what is before it. */
START_TEST(all_readers_are_led_around)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(40));
    dropped = alc_dropout(alc_dropout(x, 0.5), 0.25);
    y = alc_add(alc_sigmoid(dropped), alc_multiply(dropped, dropped));
    compile(ALC_EVALUATE, NULL);
    const alc_plan_node *product = plan_node(f.plan, "multiply_1");
    ck_assert_int_eq(product->inputs[0], x->id);
    ck_assert_int_eq(product->inputs[1], x->id);
    ck_assert_int_eq(plan_live_nodes(f.plan), 3);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("elide_dropout", evaluation_has_no_dropout, a_kept_dropout_copies_in_evaluation, training_drops,
                     frozen_parts_do_not_drop, a_kept_dropout_copies_where_none_is_wanted, dropout_of_an_input_is_trained_with,
                     all_readers_are_led_around);
}
