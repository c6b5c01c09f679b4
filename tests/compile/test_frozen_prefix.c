/* tests/compile/test_frozen_prefix.c - where the frozen part ends, and a plan that begins there has the bits of one that does not. */
#include <stdio.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "support/model_digest.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *image, *label, *loss;

static const char *prefix_of(const alc_tensor *output)
{
    alc_tensor *last;
    ck_assert_msg(alc_frozen_prefix(f.model, image, output, &last) == ALC_OK, "%s", alc_error_message(f.context));
    return last ? alc_tensor_name(last) : "none";
}

static void begin(const char *backbone, int64_t size)
{
    plan_fixture_begin(&f);
    image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(size, size, 3));
    label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    loss = alc_softmax_cross_entropy(alc_backbone_find(backbone)->classify(image, 3), label, (alc_cross_entropy_options){0});
    ck_assert_int_eq(alc_model_status(f.model), ALC_OK);
}

/* A part that begins at an edge begins at a single tensor, the last before it, for every edge of every kind of backbone. */
START_TEST(every_edge_has_a_prefix)
{
    static const char *const backbones[] = {"sky_cnn", "resnet50", "densenet121", "vgg16_bn", "xception",
                                            "efficientnet_b0", "efficientnet_lite0"};
    for (size_t i = 0; i < sizeof backbones / sizeof *backbones; i++) {
        const alc_backbone *backbone = alc_backbone_find(backbones[i]);
        begin(backbones[i], backbone->smallest_size);
        ck_assert_str_eq(prefix_of(loss), "none");
        const char *before = "image";
        for (const char *const *edge = backbone->blocks + 1; *edge; edge++) {
            ck_assert_int_eq(alc_model_train_from_edge(f.model, backbone->blocks, *edge), ALC_OK);
            const char *prefix = prefix_of(loss);
            ck_assert_msg(strcmp(prefix, "none") != 0, "%s from %s", backbones[i], *edge);
            ck_assert_msg(strcmp(prefix, before) != 0, "%s from %s: %s again", backbones[i], *edge, prefix);
            before = prefix;
        }
        plan_fixture_end(&f);
    }
}
END_TEST

START_TEST(it_is_the_last_tensor_before_the_edge)
{
    begin("resnet50", 32);
    alc_model_train_from(f.model, "layer3");
    ck_assert_str_eq(prefix_of(loss), "layer2.3.relu_3");
    alc_model_train_from(f.model, "fc");
    ck_assert_str_eq(prefix_of(loss), "global_average_pool_1");
    /* Inside a block two ways lead on: what comes before both. */
    alc_model_train_from(f.model, "layer3.1.conv2");
    ck_assert_str_eq(prefix_of(loss), "layer3.0.relu_3");
    plan_fixture_end(&f);
}
END_TEST

START_TEST(what_may_change_is_no_prefix)
{
    alc_dense_options dense = {.units = 2};
    static const alc_batch_norm_mode modes[] = {ALC_BATCH_NORM_TRAIN, ALC_BATCH_NORM_AUTO, ALC_BATCH_NORM_FROZEN_STATISTICS,
                                                ALC_BATCH_NORM_FROZEN};
    for (size_t i = 0; i < 4; i++) {
        plan_fixture_begin(&f);
        image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(8, 8, 3));
        alc_tensor *row = alc_input(f.model, "row", ALC_REAL, ALC_SHAPE(2));
        alc_tensor *x = alc_conv2d(image, (alc_conv2d_options){.name = "conv", .filters = 4, .kernel = 3});
        x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn", .mode = modes[i]});
        x = alc_dropout(alc_global_average_pool(alc_relu(x)), 0.5);
        alc_tensor *pooled = x;
        dense.name = "fc";
        x = alc_add(alc_dense(x, dense), row);
        ck_assert_int_eq(alc_model_status(f.model), ALC_OK);
        ck_assert_str_eq(prefix_of(x), "none");
        alc_model_train_from(f.model, "bn");
        ck_assert_str_eq(prefix_of(x), modes[i] == ALC_BATCH_NORM_FROZEN ? alc_tensor_name(pooled) : "conv");
        alc_model_train_from(f.model, "fc");
        /* Dropout of a frozen part is off. */
        ck_assert_str_eq(prefix_of(x), modes[i] == ALC_BATCH_NORM_TRAIN ? "conv" : alc_tensor_name(pooled));
        ck_assert_str_eq(prefix_of(pooled), modes[i] == ALC_BATCH_NORM_TRAIN ? "conv" : "global_average_pool_1");
        plan_fixture_end(&f);
    }
    /* In front of everything dropout is on. */
    plan_fixture_begin(&f);
    image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(8, 8, 3));
    alc_tensor *x = alc_dense(alc_flatten(alc_dropout(image, 0.5)), (alc_dense_options){.name = "a", .units = 2});
    x = alc_dense(x, (alc_dense_options){.name = "b", .units = 2});
    alc_model_train_from(f.model, "b");
    ck_assert_str_eq(prefix_of(x), "none");
    alc_tensor *last;
    ck_assert_int_eq(alc_frozen_prefix(f.model, NULL, x, &last), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), "alc_frozen_prefix: image and output must be tensors of this model");
    plan_fixture_end(&f);
}
END_TEST

enum { BATCH = 2, STEPS = 2 };

static uint64_t digest(void)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < alc_model_parameter_count(f.model); i++) {
        alc_parameter *parameter = alc_model_parameter(f.model, i);
        alc_parameter_initialize(parameter);
        hash = digest_bytes(hash, parameter->value, (size_t)parameter->count * sizeof(alc_real));
    }
    return hash;
}

/* Some steps from the same start; with `cut`, on what an evaluation plan makes of the same images. */
static uint64_t train(const char *backbone, int edge, bool cut)
{
    alc_plan *front = NULL;
    alc_optimizer *sgd;
    alc_tensor *features;
    const alc_backbone *b = alc_backbone_find(backbone);
    begin(backbone, b->smallest_size);
    ck_assert_int_eq(alc_model_train_from_edge(f.model, b->blocks, b->blocks[edge]), ALC_OK);
    ck_assert_int_eq(alc_frozen_prefix(f.model, image, loss, &features), ALC_OK);
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss,
                                                   .given = cut ? features : NULL});
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = BATCH, .output = features}, &front), ALC_OK);
    ck_assert_int_eq(alc_optimizer_create(f.model, (alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.01,
                                                                          .momentum = 0.9}, &sgd), ALC_OK);
    for (int step = 0; step < STEPS; step++) {
        const int64_t pixels = alc_shape_elements(alc_tensor_shape(image)), count = alc_shape_elements(alc_tensor_shape(features));
        fill_reals(alc_plan_input(cut ? front : f.plan, image), BATCH * pixels, (uint64_t)step);
        if (cut) {
            ck_assert_ptr_null(alc_plan_input(f.plan, image));
            ck_assert_int_eq(alc_forward(front), ALC_OK);
            memcpy(alc_plan_input(f.plan, features), alc_plan_values(front, features),
                   (size_t)(BATCH * count) * sizeof(alc_real));
        }
        for (int i = 0; i < BATCH; i++)
            ((int32_t *)alc_plan_input(f.plan, label))[i] = (i + step) % 3;
        ck_assert_msg(alc_train_step(f.plan, sgd) == ALC_OK, "%s", alc_error_message(f.context));
    }
    const uint64_t result = digest();
    alc_optimizer_destroy(sgd);
    alc_plan_destroy(front);
    plan_fixture_end(&f);
    return result;
}

START_TEST(training_from_a_given_tensor_has_the_same_bits)
{
    static const struct {
        const char *backbone;
        int edge;
    } cases[] = {{"sky_cnn", 2}, {"sky_cnn", 4}, {"resnet50", 4}, {"densenet121", 7}, {"xception", 14},
                 {"efficientnet_b0", 6}, {"efficientnet_lite0", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(train(cases[i].backbone, cases[i].edge, true) == train(cases[i].backbone, cases[i].edge, false),
                      "%s", cases[i].backbone);
}
END_TEST

START_TEST(what_cannot_be_given_is_refused)
{
    alc_compile_options options = {.batch = 1};
    begin("sky_cnn", 16);
    options.output = loss;
    options.given = loss;
    char sentence[256];
    snprintf(sentence, sizeof sentence, "alc_compile: %s is both given and the output", alc_tensor_name(loss));
    plan_fixture_refused(&f, options, ALC_INVALID_ARGUMENT, sentence);
    alc_model *other;
    ck_assert_int_eq(alc_model_create(f.context, &other), ALC_OK);
    options.given = alc_input(other, "x", ALC_REAL, ALC_SHAPE(2));
    plan_fixture_refused(&f, options, ALC_INVALID_ARGUMENT, "alc_compile: the given tensor is not a tensor of this model");
    alc_model_destroy(other);
    plan_fixture_end(&f);
}
END_TEST

/* An op with two outputs: one of them cannot be given while the other is computed. */
static alc_status infer_two(alc_infer *infer)
{
    alc_status status = alc_infer_output(infer, infer->input_shapes[0], ALC_REAL);
    return status == ALC_OK ? alc_infer_output(infer, infer->input_shapes[0], ALC_REAL) : status;
}

static alc_status forward_two(const alc_run *run)
{
    (void)run;
    return ALC_OK;
}

START_TEST(one_of_two_outputs_cannot_be_given)
{
    static const alc_op_def two = {.name = "two", .infer = infer_two, .forward = forward_two};
    alc_tensor *outputs[2];
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(2));
    alc_apply_n(&two, "both", NULL, 1, &x, 2, outputs);
    plan_fixture_refused(&f, (alc_compile_options){.batch = 1, .output = alc_add(outputs[0], outputs[1]), .given = outputs[0]},
                         ALC_INVALID_ARGUMENT, "alc_compile: both is given, but its node has further outputs");
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("frozen_prefix", every_edge_has_a_prefix, it_is_the_last_tensor_before_the_edge,
                     what_may_change_is_no_prefix, training_from_a_given_tensor_has_the_same_bits,
                     what_cannot_be_given_is_refused, one_of_two_outputs_cannot_be_given);
}
