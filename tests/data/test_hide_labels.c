/* tests/data/test_hide_labels.c - no function of the public interface gives a hidden label away, and all else is as before. */
#include "alcor/dataset.h"
#include "alcor/layers.h"
#include "alcor/loader.h"
#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

static const char rows[] = "id,class,u,image\n"
                           "a,STAR,1,images/STAR/a.jpg\n"
                           "b,QSO,2,images/QSO/b.jpg\n"
                           "c,STAR,3,images/STAR/c.jpg\n"
                           "d,QSO,4,images/QSO/d.jpg\n"
                           "e,STAR,5,images/STAR/e.jpg\n";
/* The same table but for the labels, and paths, of the hidden objects. */
static const char other_rows[] = "id,class,u,image\n"
                                 "a,STAR,1,images/STAR/a.jpg\n"
                                 "b,STAR,2,images/STAR/b.jpg\n"
                                 "c,STAR,3,images/STAR/c.jpg\n"
                                 "d,QSO,4,images/QSO/d.jpg\n"
                                 "e,QSO,5,images/QSO/e.jpg\n";
static const int64_t hidden[] = {1, 4};
enum { COUNT = 5, HIDDEN = 2 };

typedef struct views {
    alc_table *table;
    alc_dataset *dataset, *blind;
} views;

static views open_views(alc_context *context, const char *text)
{
    views v = {.table = make_table(context, text)};
    ck_assert_int_eq(alc_dataset_create(v.table, (alc_dataset_options){0}, &v.dataset), ALC_OK);
    ck_assert_int_eq(alc_dataset_hide_labels(v.dataset, hidden, HIDDEN, &v.blind), ALC_OK);
    return v;
}

static void close_views(views v)
{
    alc_dataset_destroy(v.blind);
    alc_dataset_destroy(v.dataset);
    alc_table_destroy(v.table);
}

START_TEST(labels_are_not_to_be_had)
{
    alc_context *context = make_context(1);
    views v = open_views(context, rows);
    const alc_table *seen = alc_dataset_table(v.blind);
    for (int i = 0; i < HIDDEN; i++) {
        ck_assert_int_eq(alc_dataset_label(v.blind, hidden[i]), -1);
        ck_assert_str_eq(alc_dataset_label_text(v.blind, hidden[i]), "");
        ck_assert_str_eq(alc_table_cell(seen, hidden[i], 1), "");
        ck_assert_str_eq(alc_table_cell(seen, hidden[i], 3), "");
        ck_assert(alc_table_missing(seen, hidden[i], 1));
    }
    int64_t counts[2];
    alc_dataset_class_counts(v.blind, NULL, 0, counts);
    ck_assert(counts[0] == 1 && counts[1] == 2);
    double weights[2];
    const int64_t only_hidden[] = {1, 2};
    ck_assert_fails(context, alc_dataset_class_weights(v.blind, only_hidden, 2, weights), ALC_MISMATCH, "QSO");
    alc_split *split;
    ck_assert_fails(context, alc_split_create(v.blind, (alc_split_options){.train = 1}, &split), ALC_INVALID_ARGUMENT,
                    "without a label");
    close_views(v);
    alc_context_destroy(context);
}
END_TEST

START_TEST(a_loader_refuses_hidden_labels)
{
    alc_context *context = make_context(1);
    views v = open_views(context, rows);
    alc_model *model;
    alc_loader *loader;
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    const alc_loader_options options = {
        .indices = hidden, .count = HIDDEN, .batch = 2, .label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1))};
    ck_assert_fails(context, alc_loader_create(v.blind, options, &loader), ALC_INVALID_ARGUMENT, "row 2");
    alc_model_destroy(model);
    close_views(v);
    alc_context_destroy(context);
}
END_TEST

START_TEST(all_else_is_as_before)
{
    alc_context *context = make_context(1);
    views v = open_views(context, rows);
    const alc_table *seen = alc_dataset_table(v.blind);
    ck_assert_int_eq(alc_dataset_count(v.blind), COUNT);
    ck_assert_int_eq(alc_dataset_class_count(v.blind), 2);
    ck_assert_str_eq(alc_dataset_class_name(v.blind, 1), "STAR");
    for (int i = 0; i < COUNT; i++) {
        ck_assert_str_eq(alc_dataset_id(v.blind, i), alc_dataset_id(v.dataset, i));
        ck_assert(alc_dataset_key(v.blind, i) == alc_dataset_key(v.dataset, i));
        ck_assert_str_eq(alc_table_cell(seen, i, 2), alc_table_cell(v.table, i, 2));
        ck_assert_int_eq(alc_table_line(seen, i), alc_table_line(v.table, i));
        if (i != hidden[0] && i != hidden[1])
            ck_assert_int_eq(alc_dataset_label(v.blind, i), alc_dataset_label(v.dataset, i));
        ck_assert_int_ge(alc_dataset_label(v.dataset, i), 0);
        ck_assert_str_ne(alc_table_cell(v.table, i, 1), "");
    }
    close_views(v);
    alc_context_destroy(context);
}
END_TEST

/* Two tables that differ in hidden labels only cannot be told apart through their views. */
START_TEST(views_of_other_labels_are_equal)
{
    alc_context *context = make_context(1);
    views a = open_views(context, rows), b = open_views(context, other_rows);
    for (int64_t i = 0; i < COUNT; i++) {
        ck_assert_int_eq(alc_dataset_label(a.blind, i), alc_dataset_label(b.blind, i));
        ck_assert_str_eq(alc_dataset_label_text(a.blind, i), alc_dataset_label_text(b.blind, i));
        for (int64_t c = 0; c < 4; c++)
            ck_assert_str_eq(alc_table_cell(alc_dataset_table(a.blind), i, c), alc_table_cell(alc_dataset_table(b.blind), i, c));
    }
    close_views(a);
    close_views(b);
    alc_context_destroy(context);
}
END_TEST

START_TEST(wrong_indices_are_named)
{
    alc_context *context = make_context(1);
    views v = open_views(context, rows);
    alc_dataset *blind;
    const int64_t outside = COUNT;
    ck_assert_fails(context, alc_dataset_hide_labels(v.dataset, &outside, 1, &blind), ALC_INVALID_ARGUMENT, "no sample 5");
    ck_assert_fails(context, alc_dataset_hide_labels(v.dataset, hidden, 0, &blind), ALC_INVALID_ARGUMENT, "no sample was chosen");
    ck_assert_fails(context, alc_dataset_hide_labels(v.dataset, NULL, 0, &blind), ALC_INVALID_ARGUMENT, "argument is NULL");
    ck_assert_ptr_null(blind);
    close_views(v);
    alc_context_destroy(context);
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    views v = open_views(context, rows);
    alc_status status;
    do {
        alc_dataset *blind;
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_dataset_hide_labels(v.dataset, hidden, HIDDEN, &blind);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
        alc_dataset_destroy(blind);
    } while (status);
    close_views(v);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("hide_labels", labels_are_not_to_be_had, a_loader_refuses_hidden_labels, all_else_is_as_before,
                     views_of_other_labels_are_equal, wrong_indices_are_named, failing_allocations_are_reported);
}
