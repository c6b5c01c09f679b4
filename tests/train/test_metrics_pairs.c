/* test_metrics_pairs.c - McNemar's test against exact fractions, paired intervals against what they must be. */
#include <string.h>

#include "alcor/metrics.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "train/metrics_test.h"

static alc_context *context;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2}, &context), ALC_OK);
}

static void teardown(void)
{
    alc_context_destroy(context);
}

/* Values from sums of binomial coefficients in whole numbers. */
START_TEST(mcnemar_is_exact)
{
    static const struct {
        int64_t a, b;
        double p;
    } cases[] = {{0, 0, 1},
                 {7, 7, 1},
                 {0, 5, 0.0625},
                 {3, 9, 0.14599609375},
                 {5, 15, 0.04138946533203125},
                 {40, 13, 0.0002685401188191605},
                 {480, 520, 0.21744829320414094},
                 {1900, 2100, 0.0016492663751356998},
                 {0, 5000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_near(alc_mcnemar_exact(cases[i].a, cases[i].b), cases[i].p, 1e-12 * cases[i].p + 1e-300);
        expect_near(alc_mcnemar_exact(cases[i].b, cases[i].a), cases[i].p, 1e-12 * cases[i].p + 1e-300);
    }
}
END_TEST

START_TEST(equal_predictions_differ_by_nothing)
{
    setup();
    alc_paired_metrics m;
    ck_assert_int_eq(alc_metrics_compare(context, 10, 3, labels, predicted, predicted, 1, &m), ALC_OK);
    ck_assert(m.mcnemar_p == 1 && m.only_a == 0 && m.only_b == 0);
    ck_assert(m.accuracy_difference.low == 0 && m.accuracy_difference.value == 0 && m.accuracy_difference.high == 0);
    ck_assert(m.balanced_accuracy_difference.low == 0 && m.balanced_accuracy_difference.high == 0);
    teardown();
}
END_TEST

/* a is right on 9 of 10 samples, b on 8 of 10, never both wrong: the difference has variance (0.2 + 0.1 - 0.1^2) / n. */
START_TEST(paired_interval_is_near_the_normal_one)
{
    setup();
    enum { COUNT = 2000 };
    static int32_t label[COUNT], a[COUNT], b[COUNT];
    for (int i = 0; i < COUNT; i++) {
        label[i] = i % 2;
        a[i] = i / 2 % 10 == 0 ? 1 - label[i] : label[i];
        b[i] = i / 2 % 10 == 1 || i / 2 % 10 == 2 ? 1 - label[i] : label[i];
    }
    alc_paired_metrics m;
    ck_assert_int_eq(alc_metrics_compare(context, COUNT, 2, label, a, b, 7, &m), ALC_OK);
    const double half = 1.96 * sqrt((0.3 - 0.01) / COUNT);
    ck_assert_int_eq(m.only_a, COUNT / 5);
    ck_assert_int_eq(m.only_b, COUNT / 10);
    expect_near(m.accuracy_difference.value, 0.1, 1e-12);
    expect_near(m.accuracy_difference.low, 0.1 - half, 0.1 * half);
    expect_near(m.accuracy_difference.high, 0.1 + half, 0.1 * half);
    expect_near(m.balanced_accuracy_difference.value, 0.1, 1e-12);
    expect_near(m.balanced_accuracy_difference.low, 0.1 - half, 0.1 * half);
    alc_paired_metrics reverse;
    ck_assert_int_eq(alc_metrics_compare(context, COUNT, 2, label, b, a, 7, &reverse), ALC_OK);
    expect_near(reverse.accuracy_difference.low, -m.accuracy_difference.high, 1e-12);
    teardown();
}
END_TEST

/* Four sets, right by chance of their own: each pair as it is compared alone, to the bit. */
START_TEST(all_pairs_are_those_compared_alone)
{
    setup();
    enum { COUNT = 150, CLASSES = 3, SETS = 4 };
    int32_t label[COUNT], predictions[SETS][COUNT];
    const int32_t *sets[SETS];
    for (int i = 0; i < COUNT; i++)
        label[i] = i * 7 % 11 % CLASSES;
    for (int set = 0; set < SETS; set++) {
        sets[set] = predictions[set];
        for (int i = 0; i < COUNT; i++)
            predictions[set][i] = i * (set + 3) % 13 < 3 + set ? i % CLASSES : label[i];
    }
    alc_paired_metrics all[SETS * (SETS - 1) / 2], *next = all, alone;
    ck_assert_int_eq(alc_metrics_compare_all(context, COUNT, CLASSES, label, SETS, sets, 5, all), ALC_OK);
    for (int a = 0; a < SETS; a++)
        for (int b = a + 1; b < SETS; b++, next++) {
            ck_assert_int_eq(alc_metrics_compare(context, COUNT, CLASSES, label, sets[a], sets[b], 5, &alone), ALC_OK);
            ck_assert_mem_eq(next, &alone, sizeof alone);
            ck_assert_int_ne(alone.only_a + alone.only_b, 0);
        }
    teardown();
}
END_TEST

/* Samples: two bins. 4 with confidence 0.5, one of them right; 6 with 0.9, all right: (|1 - 2| + |6 - 5.4|) / 10. */
START_TEST(calibration_error_is_the_counted_one)
{
    setup();
    int32_t label[10];
    alc_real p[20];
    for (int i = 0; i < 10; i++) {
        p[2 * i] = (alc_real)(i < 4 ? 0.5 : 0.9);
        p[2 * i + 1] = 1 - p[2 * i];
        label[i] = i == 1 || i == 2 || i == 3;
    }
    alc_metrics *m;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 2, label, p, 3, &m), ALC_OK);
    expect_near(m->ece.value, 0.16, 1e-7);
    ck_assert(m->ece.low <= m->ece.value && m->ece.value <= m->ece.high && m->ece.high < 1);
    ck_assert_int_eq(m->reliability[7].count, 4);
    ck_assert_int_eq(m->reliability[7].hits, 1);
    ck_assert_int_eq(m->reliability[13].count, 6);
    expect_near(m->reliability[13].confidence, 0.9, 1e-7);
    ck_assert(m->log_loss.low < m->log_loss.value && m->log_loss.value < m->log_loss.high);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

START_TEST(given_predictions_are_judged)
{
    setup();
    alc_real p[30];
    int32_t given[10];
    alc_metrics *m;
    fill_probabilities(p);
    memcpy(given, predicted, sizeof given);
    given[5] = 1; /* where the largest probability is class 0 */
    ck_assert_int_eq(alc_metrics_judge(context, 10, 3, labels, given, p, 1, &m), ALC_OK);
    expect_near(m->accuracy.value, 0.8, 1e-15);
    alc_metrics_destroy(m);
    given[5] = 3;
    ck_assert_int_eq(alc_metrics_judge(context, 10, 3, labels, given, p, 1, &m), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "sample 5 is predicted as 3"));
    teardown();
}
END_TEST

START_TEST(bad_pairs_are_named)
{
    setup();
    int32_t wrong[10];
    alc_paired_metrics m;
    memcpy(wrong, predicted, sizeof wrong);
    wrong[4] = -1;
    ck_assert_int_eq(alc_metrics_compare(context, 10, 3, labels, predicted, wrong, 0, &m), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "sample 4"));
    ck_assert_int_eq(alc_metrics_compare(context, 0, 3, labels, predicted, wrong, 0, &m), ALC_INVALID_ARGUMENT);
    teardown();
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *failing = failing_hooks_context(&hooks, 1);
    alc_paired_metrics m;
    alc_status status;
    do {
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_metrics_compare(failing, 10, 3, labels, predicted, predicted, 1, &m);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
    } while (status);
    alc_context_destroy(failing);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("metrics_pairs", mcnemar_is_exact, equal_predictions_differ_by_nothing,
                     paired_interval_is_near_the_normal_one, all_pairs_are_those_compared_alone,
                     calibration_error_is_the_counted_one, given_predictions_are_judged, bad_pairs_are_named,
                     failing_allocations_are_reported);
}
