/* test_choose_recomputed.c - training within a limit of memory: the limit is kept, the trained weights are the same bits, and a
 * limit that cannot be kept is refused with what would be needed. */
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/optimizer.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 8, CLASSES = 5, STEPS = 3 };

static plan_fixture f;

static alc_tensor *norm_relu(alc_tensor *x)
{
    return alc_relu(alc_batch_norm(x, (alc_batch_norm_options){0}));
}

static alc_tensor *conv(alc_tensor *x, int64_t filters, int64_t kernel, int64_t groups)
{
    return alc_conv2d(x, (alc_conv2d_options){.filters = filters, .kernel = kernel, .padding = kernel / 2, .groups = groups});
}

/* Joined features as DenseNet's. */
static alc_tensor *dense_block(alc_tensor *x)
{
    for (int layer = 0; layer < 3; layer++)
        x = alc_concat(2, (alc_tensor *[]){x, conv(norm_relu(conv(norm_relu(x), 8, 1, 1)), 4, 3, 1)});
    return x;
}

/* Residuals, a depthwise convolution and gates as EfficientNet's. */
static alc_tensor *gated_block(alc_tensor *x)
{
    const int64_t channels = alc_tensor_shape(x).extent[2];
    alc_tensor *y = alc_silu(alc_batch_norm(conv(x, 2 * channels, 1, 1), (alc_batch_norm_options){0}));
    y = alc_silu(alc_batch_norm(conv(y, 2 * channels, 3, 2 * channels), (alc_batch_norm_options){0}));
    y = alc_multiply(y, alc_sigmoid(conv(alc_global_average_pool(y), 2 * channels, 1, 1)));
    y = alc_batch_norm(conv(y, channels, 1, 1), (alc_batch_norm_options){0});
    return alc_add(alc_drop_connect(y, 0.2), x);
}

static alc_tensor *build(void)
{
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(32, 32, 3));
    alc_tensor *label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    x = alc_max_pool(norm_relu(conv(x, 8, 3, 1)), (alc_pool_options){.kernel = 2});
    x = conv(dense_block(x), 12, 1, 1);
    for (int block = 0; block < 4; block++)
        x = gated_block(x);
    x = alc_relu(conv(alc_relu(conv(x, 16, 3, 1)), 16, 3, 1));
    x = alc_dense(alc_dropout(alc_global_average_pool(x), 0.3), (alc_dense_options){.units = CLASSES});
    return alc_softmax_cross_entropy(x, label, (alc_cross_entropy_options){0});
}

static size_t parameter_values(void)
{
    size_t values = 0;
    for (int64_t p = 0; p < f.model->parameter_count; p++)
        values += (size_t)f.model->parameters[p]->count;
    return values;
}

/* Every parameter after a few steps with this plan. */
static alc_real *train(alc_compile_options options)
{
    const alc_optimizer_options sgd = {.kind = ALC_SGD, .learning_rate = 0.05, .momentum = 0.9};
    alc_optimizer *optimizer;
    plan_fixture_compile(&f, options);
    fill_model(f.model, 3);
    fill_plan(f.plan, 4, CLASSES);
    ck_assert_int_eq(alc_optimizer_create(f.model, sgd, &optimizer), ALC_OK);
    for (int step = 0; step < STEPS; step++) {
        alc_plan_set_draw(f.plan, 0, (uint64_t)step * BATCH);
        ck_assert_int_eq(alc_train_step(f.plan, optimizer), ALC_OK);
    }
    alc_optimizer_destroy(optimizer);
    alc_real *values = calloc(parameter_values(), sizeof *values), *next = values;
    for (int64_t p = 0; p < f.model->parameter_count; next += f.model->parameters[p++]->count)
        memcpy(next, f.model->parameters[p]->value, (size_t)f.model->parameters[p]->count * sizeof *next);
    return values;
}

static size_t held(void)
{
    const alc_plan_cost cost = alc_plan_costs(f.plan);
    return cost.total_bytes + cost.parameter_bytes;
}

static int recomputed_convolutions(void)
{
    int count = 0;
    for (int64_t i = 0; i < f.plan->step_count; i++) {
        const alc_plan_node *node = &f.plan->nodes[f.plan->steps[i].node];
        count += f.plan->steps[i].kind == ALC_STEP_RECOMPUTE && strcmp(node->op->name, "conv2d") == 0;
    }
    return count;
}

START_TEST(less_memory_trains_the_same_bits)
{
    plan_fixture_begin(&f);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = build()};
    alc_real *expected = train(options);
    const size_t bytes = parameter_values() * sizeof *expected, most = held();
    ck_assert_int_eq(recomputed_convolutions(), 0);
    for (int percent = 100; percent >= 80; percent -= 5) {
        for (int updates = 0; updates < 2; updates++) {
            options.max_bytes = most * (size_t)percent / 100;
            options.update_in_backward = updates;
            alc_real *found = train(options);
            ck_assert_uint_le(held(), options.max_bytes);
            ck_assert_msg(memcmp(found, expected, bytes) == 0, "%d per cent: other weights", percent);
            ck_assert(percent > 90 || recomputed_convolutions() > 0);
            free(found);
        }
    }
    free(expected);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(a_generous_limit_changes_nothing)
{
    plan_fixture_begin(&f);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = build()};
    plan_fixture_compile(&f, options);
    const size_t free_of_limits = held();
    const int64_t steps = f.plan->step_count;
    options.max_bytes = (size_t)1 << 40;
    plan_fixture_compile(&f, options);
    ck_assert_uint_eq(held(), free_of_limits);
    ck_assert_int_eq(f.plan->step_count, steps);
    plan_fixture_end(&f);
}
END_TEST

/* The number that the sentence names. */
static size_t needed(alc_compile_options options)
{
    alc_plan *plan;
    const int64_t outstanding = f.hooks.bytes_outstanding;
    ck_assert_int_eq(alc_compile(f.model, options, &plan), ALC_OUT_OF_MEMORY);
    ck_assert_int_eq(f.hooks.bytes_outstanding, outstanding);
    const char *at = strstr(alc_error_message(f.context), "takes at least ");
    ck_assert_msg(at != NULL, "%s", alc_error_message(f.context));
    return (size_t)strtoull(at + strlen("takes at least "), NULL, 10);
}

START_TEST(what_would_be_needed_is_said_and_suffices)
{
    plan_fixture_begin(&f);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = build(), .max_bytes = 1000};
    const size_t least = needed(options);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "training 8 samples at a time takes at least "));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), " bytes of memory; 1000 are allowed"));
    options.max_bytes = least;
    plan_fixture_compile(&f, options);
    ck_assert_uint_le(held(), least);
    options.other_bytes = 1;
    ck_assert_uint_eq(needed(options), least + 1);
    options = (alc_compile_options){.batch = BATCH, .output = options.output, .max_bytes = 1000};
    ck_assert_uint_lt(needed(options), least);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "evaluating 8 samples"));
    plan_fixture_end(&f);
}
END_TEST

/* Where a plan holds little but what it remembers of running statistics. */
START_TEST(statistics_are_within_a_limit)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(1, 1, 100000));
    alc_tensor *norm = alc_batch_norm(x, (alc_batch_norm_options){.name = "norm"});
    alc_tensor *y = alc_dense(norm, (alc_dense_options){.name = "fc", .units = 1});
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = 1, .output = y, .max_bytes = 1000};
    options.max_bytes = needed(options);
    plan_fixture_compile(&f, options);
    ck_assert_uint_le(held(), options.max_bytes);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(memory_that_runs_out_while_choosing_leaves_nothing)
{
    plan_fixture_begin(&f);
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = build()};
    plan_fixture_compile(&f, options);
    options.max_bytes = held() * 9 / 10;
    alc_plan_destroy(f.plan);
    f.plan = NULL;
    const int64_t outstanding = f.hooks.bytes_outstanding;
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        const alc_status status = alc_compile(f.model, options, &f.plan);
        if (status == ALC_OK)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_int_eq(strncmp(alc_error_message(f.context), "cannot allocate ", 16), 0);
        ck_assert_int_eq(f.hooks.bytes_outstanding, outstanding);
    }
    ck_assert_int_gt(f.hooks.fail_allocation, 20);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("choose_recomputed", less_memory_trains_the_same_bits, a_generous_limit_changes_nothing,
                     what_would_be_needed_is_said_and_suffices, statistics_are_within_a_limit,
                     memory_that_runs_out_while_choosing_leaves_nothing);
}
