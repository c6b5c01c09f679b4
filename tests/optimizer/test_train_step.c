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

/* A norm's running mean after a step of this kind was refused. */
static void expect_statistics_kept(alc_compile_options options, alc_optimizer_options how, int rows, alc_real value, int32_t label)
{
    setup();
    alc_tensor *norm = alc_batch_norm(logits, (alc_batch_norm_options){.name = "bn"});
    options.output = alc_softmax_cross_entropy(norm, y, (alc_cross_entropy_options){0});
    options.mode = ALC_TRAIN;
    options.batch = ROWS;
    alc_plan *other;
    alc_optimizer *another;
    alc_real mean[2], before[2] = {(alc_real)0.25, (alc_real)-0.5};
    alc_parameter *running_mean = alc_model_find_parameter(model, "bn.running_mean");
    alc_parameter_write(running_mean, before);
    ck_assert_int_eq(alc_compile(model, options, &other), ALC_OK);
    ck_assert_int_eq(alc_optimizer_create(model, how, &another), ALC_OK);
    memcpy(alc_plan_input(other, x), alc_plan_input(plan, x), 2 * ROWS * sizeof value);
    memcpy(alc_plan_input(other, y), alc_plan_input(plan, y), ROWS * sizeof label);
    ((alc_real *)alc_plan_input(other, x))[0] = value;
    ((int32_t *)alc_plan_input(other, y))[0] = label;
    ck_assert_int_eq(alc_plan_set_rows(other, rows), ALC_OK);
    ck_assert_int_ne(alc_train_step(other, another), ALC_OK);
    alc_parameter_read(running_mean, mean);
    ck_assert_mem_eq(mean, before, sizeof mean);
    alc_optimizer_destroy(another);
    alc_plan_destroy(other);
    teardown();
}

START_TEST(a_refused_step_leaves_running_statistics_as_they_were)
{
    const alc_optimizer_options sgd = {.kind = ALC_SGD, .learning_rate = 0.1}, clips = {.kind = ALC_SGD, .learning_rate = 0.1, .clip_norm = 1};
    expect_statistics_kept((alc_compile_options){0}, sgd, ROWS, (alc_real)NAN, 0);
    expect_statistics_kept((alc_compile_options){0}, sgd, ROWS, 1, 7);
    expect_statistics_kept((alc_compile_options){0}, sgd, 1, 1, 0);
    expect_statistics_kept((alc_compile_options){.update_in_backward = true}, clips, ROWS, 1, 0);
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

/* Both layers' weights after some steps of an optimizer of this kind, in a plan that updates in backward or behind it. */
static void weights_after_training(alc_optimizer_kind kind, bool in_backward, alc_real weights[32])
{
    setup();
    const alc_compile_options options = {
        .mode = ALC_TRAIN, .batch = ROWS, .output = loss, .update_in_backward = in_backward};
    const alc_optimizer_options how = {
        .kind = kind, .learning_rate = 0.05, .momentum = kind == ALC_SGD ? 0.9 : 0, .weight_decay = 0.01};
    const alc_real *values = alc_plan_input(plan, x);
    const int32_t *labels = alc_plan_input(plan, y);
    alc_plan *other;
    ck_assert_int_eq(alc_compile(model, options, &other), ALC_OK);
    memcpy(alc_plan_input(other, x), values, 2 * ROWS * sizeof *values);
    memcpy(alc_plan_input(other, y), labels, ROWS * sizeof *labels);
    alc_optimizer_destroy(optimizer);
    ck_assert_int_eq(alc_optimizer_create(model, how, &optimizer), ALC_OK);
    for (int step = 0; step < 20; step++)
        ck_assert_int_eq(alc_train_step(other, optimizer), ALC_OK);
    ck_assert_int_eq(alc_optimizer_steps(optimizer), 20);
    ck_assert(alc_plan_costs(other).gradient_bytes == 0 || !in_backward);
    alc_parameter_read(alc_model_find_parameter(model, "first.weight"), weights);
    alc_parameter_read(alc_model_find_parameter(model, "second.weight"), weights + 16);
    alc_plan_destroy(other);
    teardown();
}

START_TEST(updates_in_backward_give_the_same_bits)
{
    const alc_optimizer_kind kinds[] = {ALC_SGD, ALC_ADAM, ALC_ADAMW};
    for (int i = 0; i < 3; i++) {
        alc_real behind[32], within[32];
        weights_after_training(kinds[i], false, behind);
        weights_after_training(kinds[i], true, within);
        ck_assert_mem_eq(behind, within, sizeof behind);
    }
}
END_TEST

START_TEST(gradients_that_are_not_held_cannot_be_had)
{
    setup();
    alc_plan *other;
    alc_optimizer *clipping;
    alc_real gradient[16];
    const alc_compile_options options = {.mode = ALC_TRAIN, .batch = ROWS, .output = loss, .update_in_backward = true};
    const alc_optimizer_options clips = {.kind = ALC_SGD, .learning_rate = 0.1, .clip_norm = 1};
    ck_assert_int_eq(alc_compile(model, options, &other), ALC_OK);
    ck_assert_int_eq(alc_optimizer_create(model, clips, &clipping), ALC_OK);
    ck_assert_int_eq(alc_train_step(other, clipping), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "optimizer: clip_norm needs all gradients together, and the plan updates "
                                                 "parameters in backward");
    ck_assert_int_eq(alc_optimizer_steps(clipping), 0);
    ck_assert_int_eq(alc_forward(other), ALC_OK);
    ck_assert_int_eq(alc_backward(other), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "alc_backward: this plan's parameters are updated in backward, which "
                                                 "alc_train_step does");
    ck_assert_int_eq(alc_optimizer_step(optimizer, other), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "optimizer: the plan's parameters are updated in backward, which "
                                                 "alc_train_step does");
    ck_assert_int_eq(alc_plan_read_gradient(other, alc_model_find_parameter(model, "first.weight"), gradient),
                     ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(context), "first.weight: its gradient is not held, for this plan's parameters are "
                                                 "updated in backward");
    alc_optimizer_destroy(clipping);
    alc_plan_destroy(other);
    teardown();
}
END_TEST

START_TEST(bytes_of_an_optimizer_are_known_before_it_is_made)
{
    setup();
    const size_t values = 2 * 8 + 8 + 8 * 2 + 2;
    ck_assert_uint_eq(alc_optimizer_bytes(model, (alc_optimizer_options){.kind = ALC_SGD}), 0);
    ck_assert_uint_eq(alc_optimizer_bytes(model, (alc_optimizer_options){.kind = ALC_SGD, .momentum = 0.9}),
                      values * sizeof(alc_real));
    ck_assert_uint_eq(alc_optimizer_bytes(model, (alc_optimizer_options){.kind = ALC_ADAMW}),
                      2 * values * sizeof(alc_real));
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("train_step", it_learns,
                     first_layer_that_is_not_finite_is_named,
                     a_refused_step_leaves_running_statistics_as_they_were,
                     an_output_that_is_no_loss_is_refused,
                     updates_in_backward_give_the_same_bits,
                     gradients_that_are_not_held_cannot_be_had,
                     bytes_of_an_optimizer_are_known_before_it_is_made);
}
