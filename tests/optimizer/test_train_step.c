/* test_train_step.c - a whole training step: it learns, and a loss that is not finite changes nothing and is named. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/optimizer.h"
#include "support/run_tests.h"

enum { ROWS = 8 };

static alc_context *context;
static alc_model *model;
static alc_tensor *x, *y, *logits, *loss;
static alc_plan *plan;
static alc_optimizer *optimizer;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2, .seed = 3}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(2));
    y = alc_input(model, "y", ALC_I32, ALC_SHAPE(1));
    alc_tensor *h = alc_tanh(alc_dense(x, (alc_dense_options){.name = "first", .units = 8}));
    logits = alc_dense(h, (alc_dense_options){.name = "second", .units = 2});
    loss = alc_softmax_cross_entropy(logits, y, (alc_cross_entropy_options){.name = "loss"});
    ck_assert_int_eq(
        alc_compile(model, (alc_compile_options){.mode = ALC_TRAIN, .batch = ROWS, .output = loss}, &plan), ALC_OK);
    ck_assert_int_eq(
        alc_optimizer_create(model, (alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 0.05}, &optimizer),
        ALC_OK);
    alc_real *values = alc_plan_input(plan, x);
    int32_t *labels = alc_plan_input(plan, y);
    for (int i = 0; i < ROWS; i++) { /* exclusive or: no linear model can */
        values[2 * i] = i & 1 ? 1 : -1;
        values[2 * i + 1] = i & 2 ? 1 : -1;
        labels[i] = (i & 1) != (i & 2) / 2;
    }
}

static void teardown(void)
{
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(plan);
    alc_model_destroy(model);
    alc_context_destroy(context);
}

static double loss_value(void)
{
    return (double)*(const alc_real *)alc_plan_values(plan, loss);
}

START_TEST(it_learns)
{
    setup();
    for (int step = 0; step < 200; step++)
        ck_assert_int_eq(alc_train_step(plan, optimizer), ALC_OK);
    ck_assert(loss_value() < 0.05);
    teardown();
}
END_TEST

START_TEST(first_layer_that_is_not_finite_is_named)
{
    setup();
    alc_real weights[16], kept[16], biases[2];
    alc_parameter *second = alc_model_find_parameter(model, "second.bias");
    alc_parameter_read(alc_model_find_parameter(model, "first.weight"), kept);
    alc_parameter_read(second, biases);
    biases[1] = (alc_real)NAN;
    alc_parameter_write(second, biases);
    ck_assert_int_eq(alc_train_step(plan, optimizer), ALC_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "not a number"));
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), " second"));
    alc_parameter_read(alc_model_find_parameter(model, "first.weight"), weights);
    ck_assert_mem_eq(weights, kept, sizeof weights);
    ck_assert_int_eq(alc_optimizer_steps(optimizer), 0);
    teardown();
}
END_TEST

START_TEST(an_output_that_is_no_loss_is_refused)
{
    setup();
    alc_plan *other;
    ck_assert_int_eq(
        alc_compile(model, (alc_compile_options){.mode = ALC_TRAIN, .batch = ROWS, .output = logits}, &other), ALC_OK);
    ck_assert_int_eq(alc_train_step(other, optimizer), ALC_INVALID_ARGUMENT);
    alc_plan_destroy(other);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("train_step", it_learns,
                     first_layer_that_is_not_finite_is_named,
                     an_output_that_is_no_loss_is_refused);
}
