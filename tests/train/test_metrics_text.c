/* test_metrics_text.c - metrics as a table and as JSON, read back by another program's eyes. */
#include <jansson.h>
#include <string.h>

#include "alcor/plan.h"
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

START_TEST(json_holds_the_figures)
{
    setup();
    const char *const odd[] = {"a \"b\"", "c\\d", "e\tf"};
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *m;
    char *text;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 1, &m), ALC_OK);
    ck_assert_int_eq(alc_metrics_json(m, odd, &text), ALC_OK);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    expect_near(json_real_value(json_object_get(json_object_get(root, "accuracy"), "value")), 0.7, 1e-9);
    expect_near(json_real_value(json_object_get(json_object_get(root, "log_loss"), "value")), m->log_loss.value, 5.1e-7);
    const json_t *classes = json_object_get(root, "classes");
    for (size_t c = 0; c < 3; c++) {
        const json_t *k = json_array_get(classes, c);
        ck_assert_str_eq(json_string_value(json_object_get(k, "name")), odd[c]);
        expect_near(json_real_value(json_object_get(json_object_get(k, "f1"), "high")), m->classes[c].f1.high, 5.1e-7);
    }
    ck_assert_int_eq(json_integer_value(json_array_get(json_array_get(json_object_get(root, "confusion"), 2), 0)), 1);
    json_decref(root);
    alc_release_text(context, text);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

/* Rows need not sum to 1: what is above 1 makes a log-loss below 0, and however large figures are, they are numbers. */
START_TEST(json_holds_what_large_values_lead_to)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    p[3 * 4 + labels[4]] = (alc_real)1e30;
    alc_metrics *m;
    char *text;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 1, &m), ALC_OK);
    ck_assert_int_eq(alc_metrics_json(m, names, &text), ALC_OK);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(root);
    const double ece = json_number_value(json_object_get(json_object_get(root, "ece"), "value"));
    ck_assert_double_gt(ece, 0.5 * m->ece.value);
    ck_assert_double_lt(ece, 1.5 * m->ece.value);
    ck_assert_double_lt(m->log_loss.value, 0);
    expect_near(json_number_value(json_object_get(json_object_get(root, "log_loss"), "value")), m->log_loss.value, 5.1e-7);
    json_decref(root);
    alc_release_text(context, text);
    ck_assert_int_eq(alc_metrics_text(m, names, &text), ALC_OK);
    alc_release_text(context, text);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

START_TEST(text_shows_figures_and_confusion)
{
    setup();
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *m;
    char *text;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 1, &m), ALC_OK);
    ck_assert_int_eq(alc_metrics_text(m, names, &text), ALC_OK);
    ck_assert_ptr_nonnull(strstr(text, "accuracy           70.0 (39.7 - 89.2)"));
    ck_assert_ptr_nonnull(strstr(text, "\nQSO          1       1       0\n"));
    alc_release_text(context, text);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

/* Names wider than their columns push them apart, equally in every line. */
START_TEST(long_names_keep_the_columns)
{
    setup();
    static const char *const wide[] = {"a galaxy with a rather long name", "q", "s"};
    alc_real p[30];
    fill_probabilities(p);
    alc_metrics *m;
    char *text;
    ck_assert_int_eq(alc_metrics_compute(context, 10, 3, labels, p, 1, &m), ALC_OK);
    ck_assert_int_eq(alc_metrics_text(m, wide, &text), ALC_OK);
    size_t length = 0;
    for (const char *line = strstr(text, "\nlabel (rows)") + 1; *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, "label", 5) == 0)
            continue;
        ck_assert(length == 0 || strcspn(line, "\n") == length);
        length = strcspn(line, "\n");
    }
    ck_assert_uint_eq(length, 4 * 32 + 3 * 2);
    alc_release_text(context, text);
    alc_metrics_destroy(m);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("metrics_text", json_holds_the_figures, json_holds_what_large_values_lead_to, text_shows_figures_and_confusion, long_names_keep_the_columns);
}
