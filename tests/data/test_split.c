/* tests/data/test_split.c - splits are stratified, complete and disjoint, and depend on identifiers and the seed alone. */
#include <math.h>
#include <stdio.h>

#include "alcor/dataset.h"
#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

enum { ROWS = 200, STARS = 120, GALAXIES = 60, QUASARS = 20 };

static const char *class_of(int64_t id)
{
    return id < STARS ? "STAR" : id < STARS + GALAXIES ? "GALAXY" : "QSO";
}

/* 200 objects; `step`, coprime to 200, orders the rows; `other` fills another column; with or without identifiers. */
static alc_table *make_objects(alc_context *context, int64_t step, int other, bool ids)
{
    char *text = malloc(1 << 16);
    size_t at;
    alc_table *table;

    ck_assert_ptr_nonnull(text);
    at = (size_t)sprintf(text, "%s,u,class\n", ids ? "id" : "name");
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t id = i * step % ROWS;
        at += (size_t)sprintf(text + at, "obj%lld,%d,%s\n", (long long)id, other, class_of(id));
    }
    table = make_table(context, text);
    free(text);
    return table;
}

typedef struct objects {
    alc_table *table;
    alc_dataset *dataset;
} objects;

static objects open_objects(alc_context *context, int64_t step, int other, bool ids)
{
    objects o = {.table = make_objects(context, step, other, ids)};
    ck_assert_int_eq(alc_dataset_create(o.table, (alc_dataset_options){0}, &o.dataset), ALC_OK);
    return o;
}

static void close_objects(objects o)
{
    alc_dataset_destroy(o.dataset);
    alc_table_destroy(o.table);
}

/* The number in the first cell of a sample's row. */
static int number_of(const alc_dataset *dataset, int64_t index)
{
    return atoi(alc_table_cell(alc_dataset_table(dataset), alc_dataset_row(dataset, index), 0) + 3);
}

/* part_of[number] of every object; each is in one part, and each part is ascending. */
static void list_parts(const alc_dataset *dataset, const alc_split *split, int part_of[ROWS])
{
    int64_t all = 0;

    for (int i = 0; i < ROWS; i++)
        part_of[i] = -1;
    for (int part = 0; part < ALC_PART_COUNT; part++) {
        int64_t count;
        const int64_t *indices = alc_split_indices(split, (alc_part)part, &count);
        for (int64_t i = 0; i < count; i++) {
            int number = number_of(dataset, indices[i]);
            ck_assert(i == 0 || indices[i] > indices[i - 1]);
            ck_assert_int_eq(part_of[number], -1);
            part_of[number] = part;
        }
        all += count;
    }
    ck_assert_int_eq(all, ROWS);
}

static alc_split *split_objects(objects o, alc_split_options options)
{
    alc_split *split = NULL;
    ck_assert_int_eq(alc_split_create(o.dataset, options, &split), ALC_OK);
    return split;
}

START_TEST(every_class_has_the_same_shares)
{
    static const struct {
        double train, validation, test;
        int64_t counts[3][3]; /* [part][GALAXY, QSO, STAR] */
    } cases[] = {
        {70, 15, 15, {{42, 14, 84}, {9, 3, 18}, {9, 3, 18}}},
        {0.8, 0.1, 0.1, {{48, 16, 96}, {6, 2, 12}, {6, 2, 12}}},
        {1, 0, 0, {{60, 20, 120}, {0, 0, 0}, {0, 0, 0}}},
        {3, 0, 1, {{45, 15, 90}, {0, 0, 0}, {15, 5, 30}}},
        {3, 1, 0, {{45, 15, 90}, {15, 5, 30}, {0, 0, 0}}},
        {1000, 1, 1, {{58, 18, 118}, {1, 1, 1}, {1, 1, 1}}},  /* at least one */
        {1, 1000, 1000, {{1, 1, 1}, {30, 10, 60}, {29, 9, 59}}}, /* one is left for training */
    };
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int part_of[ROWS];
        alc_split *split = split_objects(o, (alc_split_options){.train = cases[i].train,
                                                                .validation = cases[i].validation,
                                                                .test = cases[i].test});
        for (int part = 0; part < ALC_PART_COUNT; part++) {
            int64_t count, counts[3];
            const int64_t *indices = alc_split_indices(split, (alc_part)part, &count);
            alc_dataset_class_counts(o.dataset, indices, count, counts);
            for (int c = 0; c < 3; c++)
                ck_assert_msg(counts[c] == cases[i].counts[part][c], "case %zu, part %d, class %d: %lld", i, part, c,
                              (long long)counts[c]);
        }
        list_parts(o.dataset, split, part_of);
        alc_split_destroy(split);
    }
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(only_identifiers_and_the_seed_matter)
{
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true), moved = open_objects(context, 37, 99, true);
    alc_split_options options = {.seed = 5, .train = 70, .validation = 15, .test = 15};
    alc_split *a = split_objects(o, options), *b = split_objects(moved, options), *other;
    int parts_a[ROWS], parts_b[ROWS], different = 0;
    list_parts(o.dataset, a, parts_a);
    list_parts(moved.dataset, b, parts_b);
    ck_assert_mem_eq(parts_a, parts_b, sizeof parts_a);
    ck_assert_str_eq(alc_split_hash(a), alc_split_hash(b));
    ck_assert_uint_eq(strspn(alc_split_hash(a), "0123456789abcdef"), 16);
    ck_assert_uint_eq(strlen(alc_split_hash(a)), 16);
    options.seed = 6;
    other = split_objects(o, options);
    list_parts(o.dataset, other, parts_b);
    for (int i = 0; i < ROWS; i++)
        different += parts_a[i] != parts_b[i];
    ck_assert_int_gt(different, ROWS / 4); /* 0.47 of them are expected */
    ck_assert_str_ne(alc_split_hash(a), alc_split_hash(other));
    alc_split_destroy(a);
    alc_split_destroy(b);
    alc_split_destroy(other);
    close_objects(o);
    close_objects(moved);
    alc_context_destroy(context);
}
END_TEST

/* Without identifiers a row's cells are what is hashed, so the order of rows matters as little. */
START_TEST(rows_without_identifiers_are_split_by_their_cells)
{
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, false), moved = open_objects(context, 37, 0, false);
    alc_split_options options = {.train = 70, .validation = 15, .test = 15};
    alc_split *a = split_objects(o, options), *b = split_objects(moved, options);
    int parts_a[ROWS], parts_b[ROWS];
    list_parts(o.dataset, a, parts_a);
    list_parts(moved.dataset, b, parts_b);
    ck_assert_mem_eq(parts_a, parts_b, sizeof parts_a);
    ck_assert_str_eq(alc_split_hash(a), alc_split_hash(b));
    alc_split_destroy(a);
    alc_split_destroy(b);
    close_objects(o);
    close_objects(moved);
    alc_context_destroy(context);
}
END_TEST

START_TEST(the_parts_of_a_seed_stay_what_they_are)
{
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    alc_split *split = split_objects(o, (alc_split_options){.seed = 1, .train = 70, .validation = 15, .test = 15});
    ck_assert_str_eq(alc_split_hash(split), "569a814c36e49e54");
    alc_split_destroy(split);
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(folds_cover_every_sample_once)
{
    static const int64_t folds[] = {2, 3, 7, 19};
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    for (size_t k = 0; k < sizeof folds / sizeof *folds; k++) {
        int tested[ROWS] = {0};
        for (int64_t fold = 0; fold < folds[k]; fold++) {
            alc_split *split;
            int part_of[ROWS];
            int64_t counts[3], count;
            const int64_t *indices;
            ck_assert_int_eq(alc_split_create_fold(o.dataset,
                                                   (alc_fold_options){.seed = 9, .folds = folds[k], .fold = fold,
                                                                      .validation = 0.25},
                                                   &split),
                             ALC_OK);
            list_parts(o.dataset, split, part_of);
            for (int i = 0; i < ROWS; i++)
                tested[i] += part_of[i] == ALC_PART_TEST;
            indices = alc_split_indices(split, ALC_PART_TEST, &count);
            alc_dataset_class_counts(o.dataset, indices, count, counts);
            ck_assert(llabs(counts[0] * folds[k] - GALAXIES) < folds[k] &&
                      llabs(counts[1] * folds[k] - QUASARS) < folds[k] &&
                      llabs(counts[2] * folds[k] - STARS) < folds[k]);
            indices = alc_split_indices(split, ALC_PART_VALIDATION, &count);
            alc_dataset_class_counts(o.dataset, indices, count, counts);
            ck_assert(counts[0] >= 1 && counts[1] >= 1 && counts[2] >= 1);
            ck_assert_int_le(llabs(4 * count - ROWS * (folds[k] - 1) / folds[k]), 12);
            alc_split_destroy(split);
        }
        for (int i = 0; i < ROWS; i++)
            ck_assert_int_eq(tested[i], 1);
    }
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(folds_may_be_without_validation)
{
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    alc_split *split;
    int64_t train, validation;
    ck_assert_int_eq(alc_split_create_fold(o.dataset, (alc_fold_options){.folds = 5, .fold = 4}, &split), ALC_OK);
    alc_split_indices(split, ALC_PART_TRAIN, &train);
    alc_split_indices(split, ALC_PART_VALIDATION, &validation);
    ck_assert(train == 160 && validation == 0);
    alc_split_destroy(split);
    ck_assert_int_eq(alc_split_create_fold(o.dataset, (alc_fold_options){.folds = 2, .validation = 0.999}, &split),
                     ALC_OK);
    alc_split_indices(split, ALC_PART_TRAIN, &train);
    ck_assert_int_eq(train, 3); /* one of each class is left */
    alc_split_destroy(split);
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(impossible_splits_are_refused)
{
    static const alc_split_options shares[] = {{.train = 0, .validation = 1}, {.train = -1, .validation = 3},
                                               {.train = 1, .validation = -1}, {.train = 1, .test = -1},
                                               {.train = NAN},                {.train = INFINITY},
                                               {.train = 1, .test = NAN},     {0}};
    static const alc_fold_options folds[] = {{.folds = 1}, {.folds = 0}, {.folds = 5, .fold = 5},
                                             {.folds = 5, .fold = -1},
                                             {.folds = 5, .validation = 1}, {.folds = 5, .validation = -0.1},
                                             {.folds = 5, .validation = NAN}};
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    alc_split *split;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        split = (alc_split *)&split;
        ck_assert_fails(context, alc_split_create(o.dataset, shares[i], &split), ALC_INVALID_ARGUMENT,
                        "is impossible: the first must be positive, the others not negative");
        ck_assert_ptr_null(split);
    }
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        split = (alc_split *)&split;
        ck_assert_fails(context, alc_split_create_fold(o.dataset, folds[i], &split), ALC_INVALID_ARGUMENT,
                        "of the rest for validation is impossible");
        ck_assert_ptr_null(split);
    }
    ck_assert_int_eq(alc_split_create(o.dataset, (alc_split_options){.train = 1}, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_split_create(NULL, (alc_split_options){.train = 1}, &split), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_split_create_fold(o.dataset, (alc_fold_options){.folds = 2}, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_split_create_fold(NULL, (alc_fold_options){.folds = 2}, &split), ALC_INVALID_ARGUMENT);
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(classes_that_are_too_small_are_named)
{
    static const char *const classes[] = {"A", "B", "C"};
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "id,class\n1,A\n2,A\n3,A\n4,B\n5,B\n");
    alc_dataset *dataset, *empty;
    alc_split *split;
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_OK);
    ck_assert_fails(context,
                    alc_split_create(dataset, (alc_split_options){.train = 8, .validation = 1, .test = 1}, &split),
                    ALC_MISMATCH,
                    "test.csv: class \"B\" has 2 samples, too few for 3 parts: one of them would not know the class");
    ck_assert_ptr_null(split);
    ck_assert_int_eq(alc_split_create(dataset, (alc_split_options){.train = 8, .test = 1}, &split), ALC_OK);
    alc_split_destroy(split);
    ck_assert_fails(context, alc_split_create_fold(dataset, (alc_fold_options){.folds = 3}, &split), ALC_MISMATCH,
                    "class \"B\" has 2 samples, too few for 3 parts");
    ck_assert_fails(context, alc_split_create_fold(dataset, (alc_fold_options){.folds = 2, .validation = 0.5}, &split),
                    ALC_MISMATCH, "class \"A\" has 3 samples, too few for 3 parts");
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){.classes = classes, .class_count = 3}, &empty),
                     ALC_OK);
    ck_assert_fails(context, alc_split_create(empty, (alc_split_options){.train = 1}, &split), ALC_MISMATCH,
                    "class \"C\" has 0 samples, too few for 1 part: one of them");
    alc_dataset_destroy(empty);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    table = make_table(context, "id,class\n1,A\n2,\n");
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){.labels = ALC_LABELS_OPTIONAL}, &dataset), ALC_OK);
    ck_assert_fails(context, alc_split_create(dataset, (alc_split_options){.train = 1}, &split), ALC_INVALID_ARGUMENT,
                    "test.csv: line 3 (row 2): a sample without a label cannot be split by class");
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(nothing_is_outside_a_split)
{
    alc_context *context = make_context(1);
    objects o = open_objects(context, 1, 0, true);
    alc_split *split = split_objects(o, (alc_split_options){.train = 1});
    int64_t count = 5;
    ck_assert_ptr_null(alc_split_indices(split, ALC_PART_COUNT, &count));
    ck_assert_int_eq(count, 0);
    ck_assert_ptr_null(alc_split_indices(NULL, ALC_PART_TRAIN, &count));
    ck_assert_ptr_nonnull(alc_split_indices(split, ALC_PART_TRAIN, NULL));
    ck_assert_str_eq(alc_split_hash(NULL), "");
    alc_split_destroy(split);
    alc_split_destroy(NULL);
    close_objects(o);
    alc_context_destroy(context);
}
END_TEST

START_TEST(failing_allocations_leave_nothing)
{
    failing_hooks hooks;
    alc_context *context;
    objects o;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    o = open_objects(context, 1, 0, true);
    for (int stays = 0; stays < 2; stays++) {
        alc_split *split;
        hooks.allocations_stay_failed = stays == 1;
        for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
            failing_hooks_restart(&hooks);
            if (alc_split_create(o.dataset, (alc_split_options){.train = 1, .test = 1}, &split) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
            ck_assert_ptr_null(split);
        }
        ck_assert_int_eq(hooks.fail_allocation, 6); /* the ranks, the split, three parts */
        alc_split_destroy(split);
        failing_hooks_relent(&hooks);
    }
    close_objects(o);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("split", every_class_has_the_same_shares, only_identifiers_and_the_seed_matter,
                     rows_without_identifiers_are_split_by_their_cells, the_parts_of_a_seed_stay_what_they_are,
                     folds_cover_every_sample_once, folds_may_be_without_validation, impossible_splits_are_refused,
                     classes_that_are_too_small_are_named, nothing_is_outside_a_split,
                     failing_allocations_leave_nothing);
}
