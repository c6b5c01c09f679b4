/* test_metrics.c - figures against hand-counted ones, and what is refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/metrics.h"
#include "alcor/plan.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "train/metrics_test.h"

static alc_context *context;
static const char *const names[] = {"GALAXY", "QSO", "STAR"};

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 2}, &context), ALC_OK);
}

static void teardown(void)
{
    alc_context_destroy(context);
}

START_TEST(figures_are_the_counted_ones)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *m;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 1, &m), ALC_OK);
    const int64_t confusion[9] = {3, 0, 1, 1, 1, 0, 1, 0, 3};
    ck_assert_mem_eq(m->confusion, confusion, sizeof confusion);
    expect_near(m->accuracy.value, 0.7, 1e-15);
    expect_near(m->balanced_accuracy.value, (0.75 + 0.5 + 0.75) / 3, 1e-15);
    const double f1[3] = {6.0 / 9, 2.0 / 3, 6.0 / 8};
    expect_near(m->macro_f1.value, (f1[0] + f1[1] + f1[2]) / 3, 1e-15);
    expect_near(m->log_loss.value, -(7 * log(0.5) + 3 * log(0.25)) / 10, 1e-15);
    for (int c = 0; c < 3; c++)
        expect_near(m->classes[c].f1.value, f1[c], 1e-15);
    expect_near(m->classes[0].precision.value, 0.6, 1e-15);
    expect_near(m->classes[1].recall.value, 0.5, 1e-15);
    ck_assert_int_eq(m->classes[2].support, 4);
    ck_assert_int_eq(m->classes[2].predicted, 4);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

START_TEST(absent_classes_have_no_say)
{
    setup();
    const int32_t label[4] = {0, 0, 2, 2};
    const alc_real p[16] = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0};
    alc_metrics *m;
    ck_assert_int_eq(alc_metrics_compute(context, 4, 4, label, p, 0, &m), ALC_OK);
    expect_near(m->balanced_accuracy.value, 0.75, 1e-15);
    expect_near(m->macro_f1.value, (4.0 / 5 + 2.0 / 3) / 2, 1e-15);
    expect_near(m->classes[1].precision.value, 0, 0);
    expect_near(m->classes[1].f1.low, 0, 0);
    expect_near(m->classes[1].f1.high, 1, 0);
    expect_near(m->classes[1].recall.high, 1, 0);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *m;
    ck_assert_int_eq(alc_metrics_compute(context, 0, 3, labels, p, 0, &m), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_metrics_compute(context, 10, 1, labels, p, 0, &m), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_metrics_compute(context, 10, 2, labels, p, 0, &m), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "sample 6"));
    p[3 * 4 + 1] = (alc_real)NAN;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 0, &m), ALC_NOT_FINITE);
    p[3 * 4 + 1] = (alc_real)INFINITY;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 0, &m), ALC_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "sample 4"));
    ck_assert_ptr_null(m);
    p[3 * 4 + 1] = (alc_real)1e30; /* no probability, but rows need not sum to 1 */
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 0, &m), ALC_OK);
    alc_metrics_destroy(m);
    p[3 * 4 + 1] = (alc_real)-0.25; /* such as a logit */
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 0, &m), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "a probability of sample 4 is negative"));
    teardown();
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *failing = failing_hooks_context(&hooks, 1);
    alc_status status;
    do {
        alc_metrics *m;
        char *text = NULL, *json = NULL;
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_metrics_compute(failing, 10, 3, labels, p, 1, &m);
        if (status == ALC_OK)
            status = alc_metrics_text(m, names, &text);
        if (status == ALC_OK)
            status = alc_metrics_json(m, names, &json);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
        alc_release_text(failing, json);
        alc_release_text(failing, text);
        alc_metrics_destroy(m);
    } while (status);
    alc_context_destroy(failing);
    failing_hooks_check(&hooks);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("metrics", figures_are_the_counted_ones,
                     absent_classes_have_no_say,
                     bad_arguments_are_named,
                     failing_allocations_are_reported);
}
