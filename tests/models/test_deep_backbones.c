/* test_deep_backbones.c - one network of each deep family: a training step and evaluation give the same bits on every
 * instruction set and for any number of threads, and what is frozen stays as it was to the last bit. (Small networks are
 * compared for more thread counts and batches in tests/run/test_model_parity.c.) */
#include <string.h>

#include "alcor/optimizer.h"
#include "support/model_digest.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2 };

/* The smallest images, and an edge in the middle. VGG-16 is left out: to draw its 134 million weights takes longer than all the
 * rest, and its layers are among those of tests/ops. */
static const digest_case families[] = {
    {"resnet50", "resnet50", 32, 0, "layer3"},
    {"densenet121", "densenet121", 32, 0, "features.denseblock3"},
    {"xception", "xception", 71, 0, "block12"},
    {"efficientnet_b0", "efficientnet_b0", 32, 0, "features.6"},
    {"efficientnet_lite0", "efficientnet_lite0", 32, 0, "blocks.5"},
};
#define FAMILIES ((int)(sizeof families / sizeof *families))

static alc_context *context_of(alc_isa isa, int threads)
{
    alc_context *context = NULL;
    alc_status status = alc_context_create((alc_context_options){.threads = threads, .isa = isa, .seed = 5}, &context);
    ck_assert(status == ALC_OK || status == ALC_UNSUPPORTED);
    return context;
}

static void train(const digest_model *m, int steps)
{
    alc_plan *plan;
    alc_optimizer *optimizer;
    ck_assert_int_eq(alc_compile(m->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = m->loss}, &plan),
                     ALC_OK);
    ck_assert_int_eq(
        alc_optimizer_create(m->model, (alc_optimizer_options){.learning_rate = 1e-3, .weight_decay = 0.1}, &optimizer),
        ALC_OK);
    for (int step = 0; step < steps; step++) {
        fill_plan(plan, (uint64_t)step, DIGEST_CLASSES);
        ck_assert_msg(alc_train_step(plan, optimizer) == ALC_OK, "%s", alc_error_message(m->model->context));
    }
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(plan);
}

/* As digest_bytes, but a whole value at a time, since there are many. */
static uint64_t hash_parameters(const alc_model *model, int64_t from, int64_t end)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int64_t p = from; p < end; p++) {
        alc_parameter_initialize(model->parameters[p]);
        for (int64_t i = 0; i < model->parameters[p]->count; i++) {
            uint64_t bits = 0;
            memcpy(&bits, &model->parameters[p]->value[i], sizeof(alc_real));
            hash = (hash ^ bits) * 0x100000001b3u;
        }
    }
    return hash;
}

/* Of all parameters after a step that trains everything, and of the logits then. */
static uint64_t hash_of_step(const digest_case *family, alc_context *context)
{
    alc_plan *plan;
    digest_case whole = *family;
    whole.train_from = NULL;
    digest_model m = digest_build(&whole, context);
    train(&m, 1);
    uint64_t hash = hash_parameters(m.model, 0, m.model->parameter_count);
    ck_assert_int_eq(alc_compile(m.model, (alc_compile_options){.batch = BATCH, .output = m.logits}, &plan), ALC_OK);
    fill_plan(plan, 77, DIGEST_CLASSES);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    hash = digest_bytes(hash, alc_plan_values(plan, m.logits), BATCH * DIGEST_CLASSES * sizeof(alc_real));
    alc_plan_destroy(plan);
    alc_model_destroy(m.model);
    return hash;
}

START_TEST(a_training_step_has_the_same_bits_everywhere)
{
    static const int thread_counts[] = {2, 3, 7};
    uint64_t expected[FAMILIES];
    int compared = 0;
    for (int isa = ALC_ISA_SCALAR; isa < ALC_ISA_COUNT; isa++) {
        for (int t = 0; t < 3; t++) {
            /* Each count of threads is tried with one kind of kernels at least: the scalar ones are slow. */
            bool left_out = (isa == ALC_ISA_SCALAR) != (thread_counts[t] == 3);
            alc_context *context = left_out ? NULL : context_of((alc_isa)isa, thread_counts[t]);
            for (int i = 0; i < FAMILIES && context; i++) {
                uint64_t hash = hash_of_step(&families[i], context);
                if (isa == ALC_ISA_SCALAR)
                    expected[i] = hash;
                ck_assert_msg(hash == expected[i], "%s: other bits with %s and %d threads", families[i].name,
                              alc_isa_name((alc_isa)isa), thread_counts[t]);
            }
            compared += context && isa != ALC_ISA_SCALAR;
            alc_context_destroy(context);
        }
    }
    ck_assert_int_ge(compared, 2);
    for (int i = 1; i < FAMILIES; i++)
        ck_assert(expected[i] != expected[i - 1]);
}
END_TEST

START_TEST(frozen_weights_and_statistics_stay_as_they_are)
{
    alc_context *context = context_of(ALC_ISA_AUTO, 2);
    for (int i = 0; i < FAMILIES; i++) {
        digest_model m = digest_build(&families[i], context);
        int64_t first = 0, states = 0;
        while (!alc_parameter_trainable(m.model->parameters[first]))
            states += alc_parameter_is_state(m.model->parameters[first++]);
        ck_assert_int_gt(states, 10);
        uint64_t frozen = hash_parameters(m.model, 0, first);
        uint64_t trained = hash_parameters(m.model, first, m.model->parameter_count);
        train(&m, 2);
        ck_assert_msg(hash_parameters(m.model, 0, first) == frozen, "%s: frozen values changed", families[i].name);
        ck_assert_msg(hash_parameters(m.model, first, m.model->parameter_count) != trained, "%s: nothing was trained",
                      families[i].name);
        alc_model_destroy(m.model);
    }
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("deep backbones", a_training_step_has_the_same_bits_everywhere,
                     frozen_weights_and_statistics_stay_as_they_are);
}
