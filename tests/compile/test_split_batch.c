/* test_split_batch.c - evaluation in parts of the batch: where the cuts are, what tensors hold, and that no bit depends on it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { SIZE = 128, BATCH = 7, CLASSES = 3 };

static plan_fixture f;
static alc_tensor *image, *label, *logits, *loss, *early;

static void setup(void)
{
    plan_fixture_begin(&f);
    image = alc_input(f.model, "image", ALC_REAL, ALC_SHAPE(SIZE, SIZE, 3));
    label = alc_input(f.model, "label", ALC_I32, ALC_SHAPE(1));
    logits = alc_sky_cnn(image, CLASSES);
    loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    early = alc_model_find_tensor(f.model, "stage1_pool");
    ck_assert_ptr_nonnull(early);
    fill_model(f.model, 3);
}

START_TEST(segments_grow_and_cover_all_steps)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = logits});
    ck_assert_int_gt(f.plan->segment_count, 1);
    ck_assert_int_lt(f.plan->segments[0].rows, BATCH);
    for (int64_t s = 0, step = 0; s < f.plan->segment_count; s++) {
        const alc_segment *segment = &f.plan->segments[s];
        ck_assert_int_eq(segment->first, step);
        ck_assert_int_ge(segment->last, segment->first);
        ck_assert(s == 0 || segment->rows > segment[-1].rows);
        step = segment->last + 1;
        ck_assert(s + 1 < f.plan->segment_count || step == f.plan->forward_count);
    }
    plan_fixture_end(&f);
}
END_TEST

START_TEST(only_what_crosses_a_cut_holds_the_batch)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = logits, .kept = {early}, .kept_count = 1});
    const alc_plan_tensor *tensors = f.plan->tensors;
    const alc_plan_node *first = plan_node(f.plan, "stage1_conv1");
    ck_assert_int_eq(tensors[image->id].rows, BATCH);
    ck_assert_int_eq(tensors[logits->id].rows, BATCH);
    ck_assert_int_eq(tensors[early->id].rows, BATCH);
    ck_assert_int_eq(tensors[first->outputs[0]].rows, f.plan->segments[0].rows);
    plan_fixture_end(&f);
}
END_TEST

START_TEST(training_and_losses_take_the_whole_batch)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss});
    ck_assert_int_eq(f.plan->segment_count, 1);
    ck_assert_int_eq(f.plan->segments[0].rows, BATCH);
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = loss});
    ck_assert_int_eq(f.plan->segments[f.plan->segment_count - 1].rows, BATCH);
    fill_plan(f.plan, 5, CLASSES);
    ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
    ck_assert(isfinite(*(const alc_real *)alc_plan_values(f.plan, loss)));
    plan_fixture_end(&f);
}
END_TEST

/* Every sample of a batch, whole or partial, has the bits that it has alone, in the output and in a kept tensor. */
START_TEST(parts_change_no_bit)
{
    setup();
    enum { PIXELS = SIZE * SIZE * 3, EARLY = SIZE / 2 * SIZE / 2 * 32 };
    alc_plan *alone;
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = logits, .kept = {early}, .kept_count = 1});
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = 1, .output = logits, .kept = {early},
                                                               .kept_count = 1}, &alone), ALC_OK);
    fill_plan(f.plan, 9, CLASSES);
    for (int64_t rows = BATCH; rows > 0; rows -= 3) {
        ck_assert_int_eq(alc_plan_set_rows(f.plan, rows), ALC_OK);
        ck_assert_int_eq(alc_forward(f.plan), ALC_OK);
        for (int64_t i = 0; i < rows; i++) {
            memcpy(alc_plan_input(alone, image), (const alc_real *)alc_plan_input(f.plan, image) + i * PIXELS,
                   PIXELS * sizeof(alc_real));
            ck_assert_int_eq(alc_forward(alone), ALC_OK);
            ck_assert_mem_eq(alc_plan_values(alone, logits), (const alc_real *)alc_plan_values(f.plan, logits) + i * CLASSES,
                             CLASSES * sizeof(alc_real));
            ck_assert_mem_eq(alc_plan_values(alone, early), (const alc_real *)alc_plan_values(f.plan, early) + i * EARLY,
                             EARLY * sizeof(alc_real));
        }
    }
    alc_plan_destroy(alone);
    plan_fixture_end(&f);
}
END_TEST

/* The first layer that is not finite for any sample is named, not the one that the first bad part meets first. */
START_TEST(not_finite_values_are_found_in_every_part)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = logits});
    fill_plan(f.plan, 9, CLASSES);
    const char *node;
    ck_assert_int_eq(alc_plan_find_not_finite(f.plan, &node), ALC_OK);
    ck_assert_str_eq(node, "");
    alc_real *pixels = alc_plan_input(f.plan, image);
    pixels[BATCH * SIZE * SIZE * 3 - 1] = (alc_real)INFINITY;
    ck_assert_int_eq(alc_plan_find_not_finite(f.plan, &node), ALC_OK);
    ck_assert_str_eq(node, "stage1_conv1");
    plan_fixture_end(&f);
}
END_TEST

/* The whole batch at once would need the widest layer's input and its output. */
START_TEST(a_part_needs_less_memory)
{
    setup();
    plan_fixture_compile(&f, (alc_compile_options){.batch = BATCH, .output = logits});
    const size_t widest = (size_t)SIZE * SIZE * 32 * sizeof(alc_real);
    ck_assert_uint_lt(alc_plan_costs(f.plan).activation_bytes, 2 * BATCH * widest);
    plan_fixture_end(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("split_batch", segments_grow_and_cover_all_steps, only_what_crosses_a_cut_holds_the_batch,
                     training_and_losses_take_the_whole_batch, parts_change_no_bit,
                     not_finite_values_are_found_in_every_part, a_part_needs_less_memory);
}
