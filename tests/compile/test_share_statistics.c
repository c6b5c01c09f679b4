/* test_share_statistics.c - a batch norm takes the statistics of its first channels from an earlier norm that has read them: where it
 * does, where it does not, and that no bit of a value, a gradient or a running statistic changes. */
#include <string.h>

#include "alcor/layers.h"
#include "lib/ops/ops.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { BATCH = 2, PIXELS = 5 * 5, FIRST = 6, GROWTH = 3, SECOND = FIRST + GROWTH, LAST = SECOND + GROWTH };

static plan_fixture f;

static alc_tensor *conv(alc_tensor *in, const char *name, int64_t filters)
{
    return alc_conv2d(in, (alc_conv2d_options){.name = name, .filters = filters, .kernel = 3, .padding = 1});
}

static alc_tensor *norm(alc_tensor *in, const char *name)
{
    return alc_batch_norm(in, (alc_batch_norm_options){.name = name});
}

static int64_t known(const char *name)
{
    const alc_plan_node *node = plan_node(f.plan, name);
    ck_assert_msg(node != NULL, "no node %s", name);
    return ((const alc_batch_norm_node *)node->options)->known_channels;
}

/* Two layers of a dense block and the norm after it. */
typedef struct block {
    alc_tensor *first, *second, *last; /* joined */
    alc_tensor *output;
} block;

static block setup(void)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(5, 5, 4));
    block b = {.first = conv(x, "stem", FIRST)};
    alc_tensor *one = conv(alc_relu(norm(b.first, "bn1")), "one", GROWTH);
    b.second = alc_concat(2, (alc_tensor *[]){b.first, one});
    alc_tensor *two = conv(alc_relu(norm(b.second, "bn2")), "two", GROWTH);
    b.last = alc_concat(2, (alc_tensor *[]){b.second, two});
    b.output = conv(norm(b.last, "bn3"), "head", 2);
    return b;
}

static void compile(alc_plan_mode mode, const block *b, int kept_count, alc_tensor *const *kept)
{
    plan_fixture_run(&f, (alc_compile_options){.mode = mode, .batch = BATCH, .output = b->output}, kept_count, kept);
}

static const char *const parameters[] = {"stem.weight", "bn1.bias", "bn2.weight", "bn3.weight", "bn3.bias", "head.weight"};
enum { PARAMETERS = sizeof parameters / sizeof *parameters };

typedef struct results {
    alc_real values[BATCH * PIXELS * 2], gradients[PARAMETERS][9 * LAST * 4], running[2][LAST];
} results;

static void train(const block *b, int kept_count, alc_tensor *const *kept, results *r)
{
    compile(ALC_TRAIN, b, kept_count, kept);
    memcpy(r->values, alc_plan_values(f.plan, b->output), sizeof r->values);
    plan_fixture_backward(&f, parameters, PARAMETERS, r->gradients[0], 9 * LAST * 4);
    memcpy(r->running[0], alc_model_find_parameter(f.model, "bn3.running_mean")->value, sizeof r->running[0]);
    memcpy(r->running[1], alc_model_find_parameter(f.model, "bn3.running_var")->value, sizeof r->running[1]);
}

START_TEST(first_channels_are_known)
{
    static results apart, shared;
    const block b = setup();
    train(&b, 2, (alc_tensor *[]){b.first, b.second}, &apart); /* what is kept lies on its own */
    ck_assert(known("bn1") == 0 && known("bn2") == 0 && known("bn3") == 0);
    train(&b, 0, NULL, &shared);
    ck_assert(known("bn1") == 0 && known("bn2") == FIRST && known("bn3") == SECOND);
    ck_assert_mem_eq(&shared, &apart, sizeof apart);
    ck_assert(apart.gradients[3][0] != 0 && apart.running[0][0] != 0);
    plan_fixture_end(&f);
}
END_TEST

/* Two norms of one tensor: the second computes nothing. */
START_TEST(all_channels_may_be_known)
{
    plan_fixture_begin(&f);
    alc_tensor *x = alc_input(f.model, "x", ALC_REAL, ALC_SHAPE(5, 5, 4)), *stem = conv(x, "stem", 4);
    alc_tensor *first = norm(stem, "bn1");
    block b = {.output = alc_add(first, conv(norm(stem, "bn2"), "head", 4))};
    compile(ALC_TRAIN, &b, 0, NULL);
    ck_assert(known("bn1") == 0 && known("bn2") == 4);
    const alc_real *mean[] = {alc_model_find_parameter(f.model, "bn1.running_mean")->value,
                              alc_model_find_parameter(f.model, "bn2.running_mean")->value};
    fill_reals(alc_model_find_parameter(f.model, "bn1.running_mean")->value, 4, 9);
    fill_reals(alc_model_find_parameter(f.model, "bn2.running_mean")->value, 4, 9);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert_mem_eq(mean[0], mean[1], 4 * sizeof **mean);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(nothing_is_known_without_statistics_of_the_batch)
{
    block b = setup();
    compile(ALC_EVALUATE, &b, 0, NULL);
    ck_assert(known("bn1") == 0 && known("bn2") == 0);
    ck_assert_int_eq(alc_model_set_batch_norms(f.model, ALC_BATCH_NORM_FROZEN_STATISTICS), ALC_OK);
    compile(ALC_TRAIN, &b, 0, NULL);
    ck_assert(known("bn1") == 0 && known("bn2") == 0 && known("bn3") == 0);
    /* Nor from a norm that keeps none, since nothing is trained that far down. */
    ck_assert_int_eq(alc_model_set_batch_norms(f.model, ALC_BATCH_NORM_TRAIN), ALC_OK);
    ck_assert_int_eq(alc_model_train_from(f.model, "two"), ALC_OK);
    compile(ALC_TRAIN, &b, 0, NULL);
    ck_assert(known("bn2") == 0 && known("bn3") == 0);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("share_statistics", first_channels_are_known, all_channels_may_be_known,
                     nothing_is_known_without_statistics_of_the_batch);
}
