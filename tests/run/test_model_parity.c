/* test_model_parity.c - whole models: training steps and evaluation give the same bits on every instruction set and for any
 * number of threads; in evaluation an image's logits do not depend on the batch it is in; a frozen prefix has the bits of
 * evaluation. */
#include <string.h>

#include "support/model_digest.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"

enum { SAMPLES = 20, MOST_CASES = 16 };

static alc_context *context_of(alc_isa isa, int threads)
{
    alc_context *context = NULL;
    alc_status status = alc_context_create((alc_context_options){.threads = threads, .isa = isa, .seed = 5}, &context);
    ck_assert(status == ALC_OK || status == ALC_UNSUPPORTED);
    return context;
}

START_TEST(training_has_the_same_bits_everywhere)
{
    static const int thread_counts[] = {1, 2, 3, 4, 7, 16};
    uint64_t expected[MOST_CASES];
    int instruction_sets = 0;
    ck_assert_int_le(digest_case_count, MOST_CASES);
    for (int isa = ALC_ISA_SCALAR; isa < ALC_ISA_COUNT; isa++) {
        for (int t = 0; t < 6; t++) {
            /* The scalar kernels are slow: two counts of threads are enough of them. */
            bool left_out = isa == ALC_ISA_SCALAR && thread_counts[t] != 1 && thread_counts[t] != 3;
            alc_context *context = left_out ? NULL : context_of((alc_isa)isa, thread_counts[t]);
            for (int i = 0; i < digest_case_count && context; i++) {
                uint64_t hash = digest_of_training(&digest_cases[i], context);
                if (isa == ALC_ISA_SCALAR && t == 0)
                    expected[i] = hash;
                ck_assert_msg(hash == expected[i], "%s: other bits with %s and %d threads", digest_cases[i].name,
                              alc_isa_name((alc_isa)isa), thread_counts[t]);
            }
            instruction_sets += context && t == 0;
            alc_context_destroy(context);
        }
    }
    ck_assert_int_ge(instruction_sets, 2);
    for (int i = 1; i < digest_case_count; i++)
        ck_assert(expected[i] != expected[i - 1]);
}
END_TEST

/* Logits of `rows` samples, the first being number `from` of a fixed list. */
static void evaluate(const digest_model *m, int64_t batch, int64_t rows, int64_t from, alc_real *values)
{
    alc_plan *plan, *all;
    alc_compile_options options = {.batch = SAMPLES, .output = m->logits};
    ck_assert_int_eq(alc_compile(m->model, options, &all), ALC_OK);
    fill_plan(all, 3, DIGEST_CLASSES);
    options.batch = batch;
    ck_assert_int_eq(alc_compile(m->model, options, &plan), ALC_OK);
    const alc_tensor *inputs[] = {m->image, m->row};
    for (int i = 0; i < 2; i++) {
        if (!inputs[i])
            continue;
        int64_t count = alc_shape_elements(inputs[i]->shape);
        memcpy(alc_plan_input(plan, inputs[i]), (const alc_real *)alc_plan_input(all, inputs[i]) + from * count,
               (size_t)(rows * count) * sizeof(alc_real));
    }
    ck_assert_int_eq(alc_plan_set_rows(plan, rows), ALC_OK);
    ck_assert_int_eq(alc_forward(plan), ALC_OK);
    memcpy(values, alc_plan_values(plan, m->logits), (size_t)(rows * DIGEST_CLASSES) * sizeof *values);
    alc_plan_destroy(plan);
    alc_plan_destroy(all);
}

START_TEST(an_images_logits_do_not_depend_on_its_batch)
{
    alc_context *context = context_of(ALC_ISA_AUTO, 2);
    for (int i = 0; i < digest_case_count; i++) {
        alc_real all[SAMPLES * DIGEST_CLASSES], some[SAMPLES * DIGEST_CLASSES];
        digest_model m = digest_build(&digest_cases[i], context);
        fill_model(m.model, 4);
        evaluate(&m, 17, 17, 0, all);
        /* batch, rows, first */
        const int64_t runs[][3] = {{1, 1, 16}, {2, 2, 3}, {8, 5, 11}, {20, 17, 0}, {64, 3, 9}};
        for (int r = 0; r < 5; r++) {
            evaluate(&m, runs[r][0], runs[r][1], runs[r][2], some);
            ck_assert_msg(memcmp(some, all + runs[r][2] * DIGEST_CLASSES,
                                 (size_t)(runs[r][1] * DIGEST_CLASSES) * sizeof *all) == 0,
                          "%s: a batch of %d with %d rows gives other logits", digest_cases[i].name, (int)runs[r][0],
                          (int)runs[r][1]);
        }
        alc_model_destroy(m.model);
    }
    alc_context_destroy(context);
}
END_TEST

/* The features that a frozen prefix hands to the trained part are those of an evaluation plan, bit for bit. */
START_TEST(a_frozen_prefix_has_the_bits_of_evaluation)
{
    const digest_case frozen = {"sky_cnn from stage3", "sky_cnn", 19, 0, "stage3"};
    alc_context *context = context_of(ALC_ISA_AUTO, 2);
    digest_model m = digest_build(&frozen, context);
    fill_model(m.model, 4);
    alc_tensor *features = alc_model_find_tensor(m.model, "stage2_pool");
    alc_plan *plans[2];
    for (int i = 0; i < 2; i++) {
        alc_compile_options options = {.mode = i ? ALC_TRAIN : ALC_EVALUATE, .batch = 5, .output = i ? m.loss : features,
                                       .kept = {features}, .kept_count = 1};
        ck_assert_int_eq(alc_compile(m.model, options, &plans[i]), ALC_OK);
        fill_plan(plans[i], 6, DIGEST_CLASSES);
        ck_assert_int_eq(alc_forward(plans[i]), ALC_OK);
    }
    ck_assert_mem_eq(alc_plan_values(plans[0], features), alc_plan_values(plans[1], features),
                     (size_t)(5 * alc_shape_elements(features->shape)) * sizeof(alc_real));
    alc_plan_destroy(plans[0]);
    alc_plan_destroy(plans[1]);
    alc_model_destroy(m.model);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("model parity", training_has_the_same_bits_everywhere, an_images_logits_do_not_depend_on_its_batch,
                     a_frozen_prefix_has_the_bits_of_evaluation);
}
