/* column_check.c - a classifier of one column: objects are put into bins, each bin votes for the class that is most frequent
 * there among the training objects, classes counting equally. */
#include "sky_experiment/column_check.h"

#include <stdlib.h>
#include <string.h>

enum { BINS = 24, MOST_CODES = 2 * BINS };
#define WORTH_TELLING 0.8

typedef struct column_value {
    double number;
    const char *text;
    int64_t index; /* of the object */
} column_value;

typedef struct column_check {
    const study *study;
    column_value *values; /* [count], sorted */
    int64_t *bins;        /* [count]: of every object */
    int64_t bin_count;
    double *votes; /* [bin_count][classes] */
} column_check;

static int compare_numbers(const void *a, const void *b)
{
    const column_value *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static int compare_texts(const void *a, const void *b)
{
    const column_value *x = a, *y = b;
    return strcmp(x->text, y->text);
}

/* Whether the column holds numbers alone; a missing one stays below all others. */
static bool read_numbers(column_check *k, int64_t column)
{
    const alc_table *table = k->study->table;
    for (int64_t i = 0; i < k->study->count; i++) {
        bool missing;
        double number;
        if (alc_table_number(table, alc_dataset_row(k->study->objects, i), column, &number, &missing))
            return false;
        k->values[i] = (column_value){.number = missing ? -1e300 : number, .index = i};
    }
    return true;
}

static void read_texts(column_check *k, int64_t column)
{
    for (int64_t i = 0; i < k->study->count; i++)
        k->values[i] =
            (column_value){.text = alc_table_cell(k->study->table, alc_dataset_row(k->study->objects, i), column), .index = i};
}

/* Equal values share a bin. Texts and codes, numbers of which there are few, have a bin for each; of other numbers a bin has
 * about as many objects as any. */
static void fill_bins(column_check *k, bool numbers)
{
    int (*const compare)(const void *, const void *) = numbers ? compare_numbers : compare_texts;
    const int64_t count = k->study->count;
    int64_t different = 1, start = 0; /* of the latest bin */
    qsort(k->values, (size_t)count, sizeof *k->values, compare);
    for (int64_t i = 1; i < count; i++)
        different += compare(&k->values[i], &k->values[i - 1]) != 0;
    k->bin_count = 1;
    for (int64_t i = 0; i < count; i++) {
        const bool full = !numbers || different <= MOST_CODES || i * BINS / count > start * BINS / count;
        if (i > 0 && full && compare(&k->values[i], &k->values[i - 1]) != 0) {
            k->bin_count++;
            start = i;
        }
        k->bins[k->values[i].index] = k->bin_count - 1;
    }
}

static void vote(column_check *k, int64_t fold)
{
    const study *s = k->study;
    const fold_parts *parts = &s->folds[DIVISION_MAIN][fold];
    memset(k->votes, 0, (size_t)(k->bin_count * s->class_count) * sizeof *k->votes);
    for (int64_t c = 0; c < s->class_count; c++) {
        int64_t of_class = 0;
        for (int64_t i = 0; i < parts->train_count; i++)
            of_class += alc_dataset_label(s->objects, parts->train[i]) == c;
        for (int64_t i = 0; i < parts->train_count; i++)
            if (alc_dataset_label(s->objects, parts->train[i]) == c)
                k->votes[k->bins[parts->train[i]] * s->class_count + c] += 1.0 / (double)of_class;
    }
}

static double judge(column_check *k)
{
    const study *s = k->study;
    double sum = 0;
    for (int64_t c = 0; c < s->class_count; c++) {
        int64_t hits = 0, of_class = 0;
        for (int64_t fold = 0; fold < s->options->folds; fold++) {
            const fold_parts *parts = &s->folds[DIVISION_MAIN][fold];
            vote(k, fold);
            for (int64_t i = 0; i < parts->test_count; i++) {
                const double *votes = k->votes + k->bins[parts->test[i]] * s->class_count;
                int64_t best = 0;
                for (int64_t other = 1; other < s->class_count; other++)
                    if (votes[other] > votes[best])
                        best = other;
                if (alc_dataset_label(s->objects, parts->test[i]) != c)
                    continue;
                of_class++;
                hits += best == c && votes[best] > 0;
            }
        }
        sum += (double)hits / (double)of_class;
    }
    return sum / (double)s->class_count;
}

static bool is_feature(const study *s, const char *name)
{
    for (int i = 0; i < s->feature_count; i++)
        if (strcmp(s->features[i], name) == 0)
            return true;
    return false;
}

json_t *columns_that_decide(const study *s)
{
    const char *label = s->options->label ? s->options->label : "class";
    column_check k = {.study = s};
    json_t *found = json_array();
    k.values = calloc((size_t)s->count, sizeof *k.values);
    k.bins = calloc((size_t)s->count, sizeof *k.bins);
    k.votes = calloc((size_t)(s->count * s->class_count), sizeof *k.votes);
    for (int64_t column = 0; k.values && k.bins && k.votes && column < alc_table_columns(s->table); column++) {
        const char *name = alc_table_column_name(s->table, column);
        if (strcmp(name, label) == 0)
            continue;
        const bool numbers = read_numbers(&k, column);
        if (!numbers)
            read_texts(&k, column);
        fill_bins(&k, numbers);
        const double score = judge(&k);
        if (score >= WORTH_TELLING)
            json_array_append_new(found, json_pack("{s:s, s:f, s:b}", "column", name, "balanced_accuracy", score, "feature",
                                                   (int)is_feature(s, name)));
    }
    free(k.votes);
    free(k.bins);
    free(k.values);
    return found;
}
