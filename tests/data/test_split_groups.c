/* tests/data/test_split_groups.c - groups are never divided, shares stay even, folds cover everything once. */
#include <stdio.h>

#include "alcor/dataset.h"
#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

enum { ROWS = 240, FOLDS = 5, CLASSES = 3 };

static alc_context *context;
static alc_table *table;
static alc_dataset *dataset;
static int64_t groups[ROWS], group_count;

/* Classes 6 : 3 : 1; objects in runs of 1 to 6 that share a cell, runs of mixed classes. `step` orders the rows. */
static void open_objects(alc_context *in, int64_t step)
{
    static char text[1 << 15];
    size_t at = (size_t)sprintf(text, "id,run,class\n");
    context = in;
    for (int64_t i = 0; i < ROWS; i++) {
        const int64_t k = i * step % ROWS, tenth = k * 7 % 10;
        at += (size_t)sprintf(text + at, "o%lld,%lld,%s\n", (long long)k, (long long)(k % 7 < 3 ? k / 6 : 1000 + k),
                              tenth < 6   ? "STAR"
                              : tenth < 9 ? "GALAXY"
                                          : "QSO");
    }
    table = make_table(context, text);
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){0}, &dataset), ALC_OK);
    ck_assert_int_eq(alc_dataset_groups(dataset, (alc_group_options){.column = "run"}, groups, &group_count), ALC_OK);
    ck_assert_int_lt(group_count, ROWS);
}

static void close_objects(void)
{
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
}

/* Adds each sample's part to parts[] and checks that groups are whole. */
static void read_parts(const alc_split *split, int parts[ROWS])
{
    int64_t all = 0;
    for (int part = 0; part < ALC_PART_COUNT; part++) {
        int64_t count;
        const int64_t *indices = alc_split_indices(split, (alc_part)part, &count);
        for (int64_t i = 0; i < count; i++)
            parts[indices[i]] = part;
        all += count;
    }
    ck_assert_int_eq(all, ROWS);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(groups[i] != groups[k] || parts[i] == parts[k], "samples %d and %d were divided", k, i);
}

START_TEST(folds_keep_groups_and_shares)
{
    int tested[ROWS] = {0};
    alc_context *own = make_context(1);
    open_objects(own, 1);
    for (int fold = 0; fold < FOLDS; fold++) {
        alc_split *split;
        int parts[ROWS];
        int64_t counts[CLASSES], count;
        const alc_fold_options options = {.seed = 3, .folds = FOLDS, .fold = fold, .validation = 0.25, .groups = groups};
        ck_assert_int_eq(alc_split_create_fold(dataset, options, &split), ALC_OK);
        read_parts(split, parts);
        for (int i = 0; i < ROWS; i++)
            tested[i] += parts[i] == ALC_PART_TEST;
        static const int64_t expected[CLASSES] = {72, 24, 144}; /* GALAXY, QSO, STAR */
        const int64_t *test = alc_split_indices(split, ALC_PART_TEST, &count);
        alc_dataset_class_counts(dataset, test, count, counts);
        for (int c = 0; c < CLASSES; c++)
            ck_assert_msg(llabs(FOLDS * counts[c] - expected[c]) <= 2 * FOLDS, "fold %d has %lld of class %d", fold,
                          (long long)counts[c], c);
        alc_split_indices(split, ALC_PART_VALIDATION, &count);
        ck_assert_int_ge(count, 44);
        ck_assert_int_le(count, 52);
        alc_split_destroy(split);
    }
    for (int i = 0; i < ROWS; i++)
        ck_assert_int_eq(tested[i], 1);
    close_objects();
    alc_context_destroy(own);
}
END_TEST

START_TEST(shares_keep_groups)
{
    alc_context *own = make_context(1);
    open_objects(own, 1);
    alc_split *split;
    int parts[ROWS];
    int64_t count;
    const alc_split_options options = {.seed = 1, .train = 70, .validation = 0, .test = 30, .groups = groups};
    ck_assert_int_eq(alc_split_create(dataset, options, &split), ALC_OK);
    read_parts(split, parts);
    alc_split_indices(split, ALC_PART_TEST, &count);
    ck_assert_int_ge(count, 70);
    ck_assert_int_le(count, 74);
    alc_split_destroy(split);
    close_objects();
    alc_context_destroy(own);
}
END_TEST

START_TEST(order_of_rows_does_not_matter)
{
    char first[20] = "";
    for (int64_t step = 1; step <= 7; step += 6) {
        alc_context *own = make_context(1);
        open_objects(own, step);
        alc_split *split;
        ck_assert_int_eq(
            alc_split_create_fold(dataset, (alc_fold_options){.seed = 5, .folds = FOLDS, .fold = 2, .groups = groups}, &split),
            ALC_OK);
        if (step == 1)
            snprintf(first, sizeof first, "%s", alc_split_hash(split));
        else
            ck_assert_str_eq(alc_split_hash(split), first);
        alc_split_destroy(split);
        close_objects();
        alc_context_destroy(own);
    }
}
END_TEST

/* Where every object is alone each class is dealt to the folds in turn, as without groups. */
START_TEST(lone_objects_are_dealt_in_turn)
{
    alc_context *own = make_context(1);
    open_objects(own, 1);
    int64_t alone[ROWS];
    for (int i = 0; i < ROWS; i++)
        alone[i] = i;
    for (int fold = 0; fold < FOLDS; fold++) {
        alc_split *with, *without;
        const alc_fold_options options = {.seed = 9, .folds = FOLDS, .fold = fold};
        alc_fold_options grouped = options;
        grouped.groups = alone;
        ck_assert_int_eq(alc_split_create_fold(dataset, options, &without), ALC_OK);
        ck_assert_int_eq(alc_split_create_fold(dataset, grouped, &with), ALC_OK);
        ck_assert_str_eq(alc_split_hash(with), alc_split_hash(without));
        alc_split_destroy(with);
        alc_split_destroy(without);
    }
    close_objects();
    alc_context_destroy(own);
}
END_TEST

START_TEST(impossible_groups_are_named)
{
    alc_context *own = make_context(1);
    open_objects(own, 1);
    alc_split *split;
    int64_t one_quasar_group[ROWS];
    for (int i = 0; i < ROWS; i++)
        one_quasar_group[i] = alc_dataset_label(dataset, i) == 1 ? 0 : i;
    const alc_fold_options options = {.folds = FOLDS, .groups = one_quasar_group};
    alc_status status = ALC_OK;
    for (int fold = 0; fold < FOLDS && status == ALC_OK; fold++) {
        alc_fold_options one = options;
        one.fold = fold;
        status = alc_split_create_fold(dataset, one, &split);
        alc_split_destroy(split);
    }
    ck_assert_int_eq(status, ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(own), "class \"QSO\" has too few groups"));
    groups[7] = ROWS;
    ck_assert_fails(own, alc_split_create_fold(dataset, (alc_fold_options){.folds = 2, .groups = groups}, &split),
                    ALC_INVALID_ARGUMENT, "sample 7 has the group 240");
    close_objects();
    alc_context_destroy(own);
}
END_TEST

START_TEST(failing_allocations_are_reported)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *failing = failing_hooks_context(&hooks, 1);
    open_objects(failing, 1);
    alc_status status;
    do {
        alc_split *split = NULL, *folds = NULL;
        failing_hooks_restart(&hooks);
        hooks.fail_allocation++;
        status = alc_split_create(dataset, (alc_split_options){.train = 1, .test = 1, .groups = groups}, &split);
        if (status == ALC_OK)
            status = alc_split_create_fold(dataset, (alc_fold_options){.folds = 3, .validation = 0.2, .groups = groups}, &folds);
        ck_assert_int_eq(status, hooks.faults ? ALC_OUT_OF_MEMORY : ALC_OK);
        alc_split_destroy(split);
        alc_split_destroy(folds);
    } while (status);
    close_objects();
    alc_context_destroy(failing);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("split_groups", folds_keep_groups_and_shares, shares_keep_groups, order_of_rows_does_not_matter,
                     lone_objects_are_dealt_in_turn, impossible_groups_are_named, failing_allocations_are_reported);
}
