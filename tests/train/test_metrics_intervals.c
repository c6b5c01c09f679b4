/* test_metrics_intervals.c - intervals against published and independent values. */
#include "lib/train/metrics_internal.h"
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

/* 95 % Wilson intervals as Newcombe (1998), table I, gives them: 81/263, 15/148, 0/20, 1/29. */
START_TEST(wilson_intervals_are_the_published_ones)
{
    const struct {
        int64_t hits, trials;
        double low, high;
    } cases[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        alc_estimate e = alc_wilson_interval(cases[k].hits, cases[k].trials);
        expect_near(e.value, (double)cases[k].hits / (double)cases[k].trials, 0);
        expect_near(e.low, cases[k].low, 5e-5);
        expect_near(e.high, cases[k].high, 5e-5);
    }
}
END_TEST

START_TEST(wilson_intervals_stay_within_0_and_1)
{
    alc_estimate none = alc_wilson_interval(0, 0);
    ck_assert(none.value == 0 && none.low == 0 && none.high == 1);
    for (int64_t n = 1; n < 50; n++) {
        for (int64_t hits = 0; hits <= n; hits++) {
            alc_estimate e = alc_wilson_interval(hits, n), mirror = alc_wilson_interval(n - hits, n);
            ck_assert(0 <= e.low && e.low <= e.value && e.value <= e.high && e.high <= 1);
            expect_near(e.low, 1 - mirror.high, 1e-14);
        }
        ck_assert(alc_wilson_interval(0, n).low == 0 && alc_wilson_interval(n, n).high == 1);
    }
}
END_TEST

/* With two classes of equal size and independent recalls the interval of balanced accuracy is nearly the normal one. */
START_TEST(bootstrap_is_near_the_normal_interval)
{
    setup();
    enum { COUNT = 2000 };
    static int32_t label[COUNT];
    static alc_real p[2 * COUNT];
    for (int i = 0; i < COUNT; i++) {
        label[i] = i % 2;
        const bool hit = i % 10 < 8;
        p[2 * i + label[i]] = hit ? 1 : 0;
        p[2 * i + 1 - label[i]] = hit ? 0 : 1;
    }
    alc_metrics *m;
    ck_assert_int_eq(alc_metrics_compute(context, COUNT, 2, label, p, 7, &m), ALC_OK);
    const double half = 1.96 * sqrt(0.8 * 0.2 / COUNT);
    expect_near(m->balanced_accuracy.value, 0.8, 1e-12);
    expect_near(m->balanced_accuracy.low, 0.8 - half, 0.1 * half);
    expect_near(m->balanced_accuracy.high, 0.8 + half, 0.1 * half);
    expect_near(m->log_loss.value, -0.2 * log(1e-15), 1e-12);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

START_TEST(same_bits_for_any_thread_count)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *one;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 42, &one), ALC_OK);
    for (int threads = 1; threads <= 7; threads += 3) {
        alc_context *other;
        alc_metrics *m;
        ck_assert_int_eq(alc_context_create((alc_context_options){.threads = threads}, &other), ALC_OK);
        ck_assert_int_eq(alc_metrics_compute(other, 10, 3, labels, p, 42, &m), ALC_OK);
        ck_assert_mem_eq(m->classes, one->classes, 3 * sizeof *m->classes);
        ck_assert_mem_eq(&m->macro_f1, &one->macro_f1, sizeof m->macro_f1);
        alc_metrics_destroy(m);
        alc_context_destroy(other);
    }
    alc_metrics_destroy(one);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("metrics_intervals", wilson_intervals_are_the_published_ones, wilson_intervals_stay_within_0_and_1,
                     bootstrap_is_near_the_normal_interval, same_bits_for_any_thread_count);
}
