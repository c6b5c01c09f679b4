/* test_release_weights.c - a plan that keeps packed weights alone computes the same bits, and nothing else can be done with its
 * model any more. */
#include <math.h>
#include <string.h>

#include "alcor/checkpoint.h"
#include "alcor/layers.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

enum { BATCH = 3, CLASSES = 5, SIDE = 28, CHANNELS = 64 };

static plan_fixture f;
static alc_tensor *logits;

/* A convolution of every kind: direct, by Winograd, depthwise; each as it is and with a norm folded into it. */
static void setup(void)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(SIDE, SIDE, 3));
    for (int folded = 0; folded < 2; folded++) {
        alc_scope_begin(f.model, folded ? "folded" : "plain");
        x = alc_conv2d(x, (alc_conv2d_options){.name = "direct", .filters = CHANNELS, .kernel = 1, .bias = !folded});
        if (folded)
            x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn1"});
        x = alc_conv2d(x, (alc_conv2d_options){.name = "winograd", .filters = CHANNELS, .kernel = 3, .padding = 1,
                                               .bias = !folded});
        if (folded)
            x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn2"});
        x = alc_conv2d(x, (alc_conv2d_options){.name = "depthwise", .filters = CHANNELS, .kernel = 3, .padding = 1,
                                               .groups = CHANNELS, .bias = !folded});
        if (folded)
            x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn3"});
        alc_scope_end(f.model);
    }
    logits = alc_dense(alc_global_average_pool(x), (alc_dense_options){.name = "fc", .units = CLASSES});
    fill_model(f.model, 2);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_EVALUATE, .batch = BATCH, .output = logits});
    fill_plan(f.plan, 1, CLASSES);
}

static void run(alc_real values[BATCH * CLASSES])
{
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    memcpy(values, alc_plan_values(f.plan, logits), BATCH * CLASSES * sizeof *values);
}

static bool is_released(const char *name)
{
    const alc_parameter *parameter = alc_model_find_parameter(f.model, name);
    alc_real values[CHANNELS * CHANNELS * 9];
    ck_assert_int_le(alc_shape_elements(alc_parameter_shape(parameter)), CHANNELS * CHANNELS * 9);
    alc_parameter_read(parameter, values);
    return isnan((double)values[0]);
}

/* Whether the plan has run before, and has its packed weights already, makes no difference. */
START_TEST(the_logits_stay_the_same_bits)
{
    for (int ran_before = 0; ran_before < 2; ran_before++) {
        alc_real before[BATCH * CLASSES], after[BATCH * CLASSES];
        setup();
        run(before);
        if (!ran_before) {
            plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_EVALUATE, .batch = BATCH, .output = logits});
            fill_plan(f.plan, 1, CLASSES);
        }
        const int64_t outstanding = f.hooks.bytes_outstanding;
        ck_assert_str_eq(plan_node(f.plan, "folded.winograd")->kernel, "winograd 4x4");
        ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_OK);
        run(after);
        ck_assert_mem_eq(before, after, sizeof before);
        const int64_t values = 3 * CHANNELS + CHANNELS * CHANNELS + 2 * 9 * CHANNELS * CHANNELS + 9 * CHANNELS +
                               CHANNELS * CLASSES;
        ck_assert_uint_eq(alc_plan_costs(f.plan).replaced_bytes, (uint64_t)values * sizeof(alc_real));
        ck_assert_int_ge(outstanding - f.hooks.bytes_outstanding, values * (int64_t)sizeof(alc_real));
        plan_fixture_end(&f);
    }
}
END_TEST

START_TEST(what_the_kernels_read_themselves_stays)
{
    setup();
    ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_OK);
    static const char *const released[] = {"plain.direct.weight", "plain.winograd.weight", "folded.direct.weight",
                                           "folded.winograd.weight", "folded.depthwise.weight", "fc.weight"};
    static const char *const kept[] = {"plain.direct.bias", "plain.depthwise.weight", "folded.bn1.weight", "fc.bias"};
    for (size_t i = 0; i < sizeof released / sizeof released[0]; i++)
        ck_assert_msg(is_released(released[i]), "%s is there", released[i]);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        ck_assert_msg(!is_released(kept[i]), "%s is gone", kept[i]);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(the_model_is_of_no_other_use)
{
    static const char sentence[] = "the model's weights were given back by alc_plan_release_weights";
    char path[1024];
    temporary_folder folder;
    alc_real before[BATCH * CLASSES], after[BATCH * CLASSES], bias[CLASSES] = {0};
    alc_plan *other;
    setup();
    temporary_folder_create(&folder);
    temporary_path(&folder, "model.safetensors", path);
    ck_assert_int_eq(alc_model_save(f.model, path, (alc_model_save_options){0}), ALC_OK);
    ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_OK);
    run(before);

    ck_assert_int_eq(alc_model_status(f.model), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), sentence);
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = 1, .output = logits}, &other), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), sentence);
    ck_assert_int_eq(alc_model_load(f.model, path, (alc_model_load_options){0}, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_model_save(f.model, path, (alc_model_save_options){0}), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), sentence);
    alc_parameter_write(alc_model_find_parameter(f.model, "fc.bias"), bias);

    ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_OK); /* nothing is left to do */
    run(after);
    ck_assert_mem_eq(before, after, sizeof before);
    temporary_folder_remove(&folder);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(weights_that_others_need_are_not_given_back)
{
    alc_plan *other;
    setup();
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = 1, .output = logits}, &other), ALC_OK);
    ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context),
                     "alc_plan_release_weights: the model has 1 other plans, which need the weights");
    alc_plan_destroy(other);
    ck_assert(!is_released("fc.weight"));
    ck_assert_int_eq(alc_model_status(f.model), ALC_OK);

    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = logits});
    ck_assert_int_eq(alc_plan_release_weights(f.plan), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), "alc_plan_release_weights: a training plan needs the weights");
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("release_weights", the_logits_stay_the_same_bits, what_the_kernels_read_themselves_stays,
                     the_model_is_of_no_other_use, weights_that_others_need_are_not_given_back);
}
