/* tests/ops/test_batch_norm_modes.c - the three modes of batch norm: which statistics are used, what is trained, and that what is
 * frozen has the same bits after training, in every backbone. */
#include <stdio.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "support/model_digest.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

static plan_fixture f;
static alc_tensor *loss;

enum { BATCH = 4 };

static void begin(const char *backbone)
{
    const alc_backbone *b = alc_backbone_find(backbone);
    plan_fixture_begin(&f);
    alc_tensor *image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(b->smallest_size, b->smallest_size, 3));
    alc_tensor *label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    loss = alc_softmax_cross_entropy(b->classify(image, 3), label, (alc_cross_entropy_options){0});
    ck_assert_int_eq(alc_model_status(f.model), ALC_OK);
}

static void train(void)
{
    alc_optimizer *sgd;
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss});
    ck_assert_int_eq(alc_optimizer_create(f.model, (alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 0.01,
                                                                          .momentum = 0.9, .weight_decay = 0.01}, &sgd), ALC_OK);
    for (uint64_t step = 0; step < 2; step++) {
        fill_plan(f.plan, step + 1, 3);
        ck_assert_msg(alc_train_step(f.plan, sgd) == ALC_OK, "%s", alc_error_message(f.context));
    }
    alc_optimizer_destroy(sgd);
}

static bool is_norm(const alc_parameter *parameter, bool state)
{
    const alc_parameter *mean;
    char name[512];
    const char *dot = strrchr(parameter->name, '.');
    snprintf(name, sizeof name, "%.*s.running_mean", (int)(dot - parameter->name), parameter->name);
    mean = alc_model_find_parameter(f.model, name);
    return mean != NULL && parameter->spec.state == state;
}

/* Of the statistics, or the scales and shifts, of the norms from parameter `first` on, before `end`. */
static uint64_t hash_norms(bool statistics, int64_t first, int64_t end)
{
    uint64_t hash = 0;
    for (int64_t i = first; i < end; i++) {
        alc_parameter *parameter = f.model->parameters[i];
        alc_parameter_initialize(parameter);
        if (is_norm(parameter, statistics))
            hash = digest_bytes(hash, parameter->value, (size_t)parameter->count * sizeof *parameter->value);
    }
    return hash;
}

static int64_t first_trained(void)
{
    int64_t first = 0;
    while (!f.model->parameters[first]->trainable)
        first++;
    return first;
}

START_TEST(a_frozen_part_has_the_same_bits_afterwards)
{
    static const struct {
        const char *backbone;
        int edge;
    } cases[] = {{"sky_cnn", 2}, {"resnet50", 4}, {"densenet121", 7}, {"vgg16_bn", 5}, {"xception", 14},
                 {"efficientnet_b0", 6}, {"efficientnet_lite0", 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(cases[i].backbone);
        const char *const *blocks = alc_backbone_find(cases[i].backbone)->blocks;
        ck_assert_int_eq(alc_model_train_from_edge(f.model, blocks, blocks[cases[i].edge]), ALC_OK);
        const int64_t first = first_trained(), end = f.model->parameter_count;
        const uint64_t frozen[] = {hash_norms(true, 0, first), hash_norms(false, 0, first)};
        const uint64_t trained = hash_norms(true, first, end);
        train();
        ck_assert_msg(hash_norms(true, 0, first) == frozen[0] && hash_norms(false, 0, first) == frozen[1], "%s", cases[i].backbone);
        ck_assert_msg(strcmp(cases[i].backbone, "vgg16_bn") == 0 || hash_norms(true, first, end) != trained, "%s",
                      cases[i].backbone);
        plan_fixture_end(&f);
    }
}
END_TEST

START_TEST(modes_say_what_changes)
{
    static const struct {
        alc_batch_norm_mode mode;
        bool statistics, weights;   /* change from stage3 on */
        bool frozen_statistics;     /* change before */
    } cases[] = {{ALC_BATCH_NORM_AUTO, true, true, false},
                 {ALC_BATCH_NORM_TRAIN, true, true, true},
                 {ALC_BATCH_NORM_FROZEN_STATISTICS, false, true, false},
                 {ALC_BATCH_NORM_FROZEN, false, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin("sky_cnn");
        ck_assert_int_eq(alc_model_set_batch_norms(f.model, cases[i].mode), ALC_OK);
        ck_assert_int_eq(alc_model_train_from(f.model, "stage3"), ALC_OK);
        const int64_t first = first_trained(), end = f.model->parameter_count;
        const uint64_t before = hash_norms(true, 0, first), weights_before = hash_norms(false, 0, first);
        const uint64_t statistics = hash_norms(true, first, end), weights = hash_norms(false, first, end);
        train();
        ck_assert_msg((hash_norms(true, 0, first) != before) == cases[i].frozen_statistics, "mode %d", (int)cases[i].mode);
        ck_assert_uint_eq(hash_norms(false, 0, first), weights_before);
        ck_assert_msg((hash_norms(true, first, end) != statistics) == cases[i].statistics, "mode %d", (int)cases[i].mode);
        ck_assert_msg((hash_norms(false, first, end) != weights) == cases[i].weights, "mode %d", (int)cases[i].mode);
        plan_fixture_end(&f);
    }
}
END_TEST

START_TEST(a_mode_can_be_taken_back)
{
    begin("sky_cnn");
    const int64_t all = alc_model_trainable_values(f.model);
    ck_assert_int_eq(alc_model_set_batch_norms(f.model, ALC_BATCH_NORM_FROZEN), ALC_OK);
    ck_assert_int_eq(alc_model_trainable_values(f.model), all - 2 * 2 * (32 + 64 + 128 + 256));
    ck_assert_int_eq(alc_model_set_batch_norms(f.model, ALC_BATCH_NORM_AUTO), ALC_OK);
    ck_assert_int_eq(alc_model_trainable_values(f.model), all);
    ck_assert_int_eq(alc_model_set_batch_norms(f.model, (alc_batch_norm_mode)9), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(f.context), "9 is no mode of batch norms");
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("batch_norm_modes", a_frozen_part_has_the_same_bits_afterwards, modes_say_what_changes,
                     a_mode_can_be_taken_back);
}
