/* test_compile.c - what alc_compile refuses, and that a refused or failed compilation leaves nothing behind. */
#include "alcor/layers.h"
#include "lib/compile/compile.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *x, *y;

static void setup(void)
{
    plan_fixture_begin(&f);
    x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(4));
    y = alc_dense(x, (alc_dense_options){.name = "fc", .units = 3});
}

static void expect_refused(alc_compile_options options, const char *sentence)
{
    plan_fixture_refused(&f, options, ALC_INVALID_ARGUMENT, sentence);
}

START_TEST(wrong_options_are_refused)
{
    setup();
    expect_refused((alc_compile_options){.output = y}, "alc_compile: batch is 0; at least 1 is expected");
    expect_refused((alc_compile_options){.batch = -4, .output = y}, "alc_compile: batch is -4; at least 1 is expected");
    expect_refused((alc_compile_options){.batch = 1, .output = y, .mode = (alc_plan_mode)5}, "alc_compile: 5 is no mode");
    expect_refused((alc_compile_options){.batch = 1, .output = y, .kept_count = ALC_MAX_KEPT + 1},
                   "alc_compile: kept_count is 17; 0 to 16 are possible");
    expect_refused((alc_compile_options){.batch = 1, .output = y, .kept_count = -1},
                   "alc_compile: kept_count is -1; 0 to 16 are possible");
    expect_refused((alc_compile_options){.batch = 1}, "alc_compile: the output is not a tensor of this model");
    expect_refused((alc_compile_options){.batch = 1, .output = y, .kept_count = 1},
                   "alc_compile: a kept tensor is not a tensor of this model");
    plan_fixture_end(&f);
}
END_TEST

START_TEST(tensors_of_another_model_are_refused)
{
    setup();
    alc_model *other;
    ck_assert_int_eq(alc_model_create(f.context, &other), ALC_OK);
    alc_tensor *foreign = alc_relu(alc_input(other, "x", ALC_REAL, ALC_SHAPE(4)));
    expect_refused((alc_compile_options){.batch = 1, .output = foreign},
                   "alc_compile: the output is not a tensor of this model");
    expect_refused((alc_compile_options){.batch = 1, .output = y, .kept = {x, foreign}, .kept_count = 2},
                   "alc_compile: a kept tensor is not a tensor of this model");
    alc_model_destroy(other);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_batch_beyond_memory_is_refused)
{
    setup();
    const int64_t batches[] = {INT64_MAX, (int64_t)1 << 62, (int64_t)1 << 60, (int64_t)1 << 50};
    for (int i = 0; i < 4; i++) {
        for (int mode = ALC_EVALUATE; mode <= ALC_TRAIN; mode++) {
            alc_plan *plan;
            alc_compile_options options = {.mode = (alc_plan_mode)mode, .batch = batches[i], .output = y};
            ck_assert_int_eq(alc_compile(f.model, options, &plan), ALC_OUT_OF_MEMORY);
            ck_assert_str_ne(alc_error_message(f.context), "");
        }
    }
    plan_fixture_end(&f);
}
END_TEST

START_TEST(an_array_beyond_memory_is_refused)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = 7, .output = y});
    ck_assert_ptr_null(alc_plan_allocate(f.plan, SIZE_MAX, 2));
    ck_assert_int_eq(alc_error_status(f.context), ALC_OUT_OF_MEMORY);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_plan_knows_what_it_was_made_from)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = 7, .output = y});
    ck_assert_ptr_eq(alc_plan_model(f.plan), f.model);
    ck_assert_int_eq(alc_plan_batch(f.plan), 7);
    alc_plan_destroy(NULL);
    plan_fixture_end(&f);
}
END_TEST

/* Nothing is computed: the output is an input. */
START_TEST(an_input_can_be_the_output)
{
    setup();
    for (int mode = ALC_EVALUATE; mode <= ALC_TRAIN; mode++) {
        alc_compile_options options = {.mode = (alc_plan_mode)mode, .batch = 2, .output = x, .input_gradients = true};
        plan_fixture_compile(&f, options);
        alc_real *values = alc_plan_input(f.plan, x);
        fill_reals(values, 8, 1);
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        ck_assert_ptr_eq(alc_plan_values(f.plan, x), values);
    }
    alc_real *gradient = alc_plan_output_gradient(f.plan);
    fill_reals(gradient, 8, 2);
    ck_assert_int_eq(alc_backward(f.plan), ALC_OK);
    ck_assert_ptr_eq(alc_plan_input_gradient(f.plan, x), gradient);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("compile", wrong_options_are_refused, tensors_of_another_model_are_refused,
                     a_batch_beyond_memory_is_refused, an_array_beyond_memory_is_refused,
                     a_plan_knows_what_it_was_made_from, an_input_can_be_the_output);
}
