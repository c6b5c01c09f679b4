/* lib/data/dataset_labels.c - the labels of a data set: from the cells of a column to numbers of classes.
 *
 * Classes that are not given are the column's different values in the order of their bytes, so that the same table gives
 * the same classes whatever the order of its rows.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/data/dataset_internal.h"

#define MOST_CLASSES 1024

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static alc_status keep_class_names(alc_dataset_builder *builder, const char *const *names,
                                   int64_t count)
{
    alc_dataset *dataset = builder->dataset;

    dataset->class_names = alc_allocate_array(builder->context, (size_t)count, sizeof(char *),
                                              "class names");
    if (dataset->class_names == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        dataset->class_names[i] = alc_arena_format(&dataset->texts, "%s", names[i]);
        if (dataset->class_names[i] == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    dataset->class_count = count;
    return ALC_OK;
}

static alc_status use_given_classes(alc_dataset_builder *builder)
{
    const alc_dataset_options *options = &builder->options;

    if (options->class_count < 1 || options->class_count > MOST_CLASSES)
        return alc_fail(builder->context, ALC_INVALID_ARGUMENT,
                        "%lld classes were given for a data set; it takes 1 to %d",
                        (long long)options->class_count, MOST_CLASSES);
    for (int64_t i = 0; i < options->class_count; i++)
        for (int64_t j = 0; j <= i; j++)
            if (options->classes[i] == NULL ||
                (j < i && strcmp(options->classes[i], options->classes[j]) == 0))
                return alc_fail(builder->context, ALC_INVALID_ARGUMENT,
                                "class %lld has no name, or that of class %lld", (long long)i + 1,
                                (long long)j + 1);
    return keep_class_names(builder, options->classes, options->class_count);
}

/* The different values, sorted; `cells` has room for one per row. */
static int64_t different_values(const alc_dataset_builder *builder, const char **cells)
{
    int64_t column = builder->dataset->label_column, found = 0, different = 0;

    for (int64_t row = 0; row < builder->rows; row++)
        if (!alc_table_missing(builder->table, row, column))
            cells[found++] = alc_table_cell(builder->table, row, column);
    qsort(cells, (size_t)found, sizeof *cells, compare_texts);
    for (int64_t i = 0; i < found; i++)
        if (i == 0 || strcmp(cells[i], cells[i - 1]) != 0)
            cells[different++] = cells[i];
    return different;
}

/* Two classes that look alike are a slip of whoever made the table, and would be learnt as two. */
static alc_status check_blanks(const alc_dataset_builder *builder, const char *const *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const char *text = names[i];
        size_t length = strlen(text);
        alc_trim(&text, &length);
        for (int64_t j = 0; j < count && length < strlen(names[i]); j++) {
            const char *same = names[j];
            size_t other = strlen(same);
            int64_t row = 0;
            alc_trim(&same, &other);
            if (i == j || length != other || memcmp(text, same, length) != 0)
                continue;
            while (strcmp(alc_table_cell(builder->table, row, builder->dataset->label_column), names[i]) != 0)
                row++;
            return alc_dataset_fail_row(builder, row, ALC_MISMATCH,
                                        "the label \"%.60s\" differs from \"%.60s\" in other rows by blanks alone", names[i],
                                        names[j]);
        }
    }
    return ALC_OK;
}

static alc_status find_classes(alc_dataset_builder *builder)
{
    const char **cells = alc_allocate_array(builder->context, (size_t)builder->rows, sizeof *cells,
                                            "labels");
    int64_t count;
    alc_status status = ALC_OUT_OF_MEMORY;

    if (cells == NULL)
        return status;
    count = different_values(builder, cells);
    if (count > MOST_CLASSES)
        status = alc_fail(builder->context, ALC_MISMATCH,
                          "%s: column \"%s\" has %lld different values; at most %d can be classes",
                          alc_table_path(builder->table), builder->label_name, (long long)count,
                          MOST_CLASSES);
    else if (count < 2 && builder->options.labels == ALC_LABELS_REQUIRED)
        status = alc_fail(builder->context, ALC_MISMATCH,
                          "%s: column \"%s\" has %s%s%s; a classifier needs at least two classes",
                          alc_table_path(builder->table), builder->label_name,
                          count == 0 ? "no value" : "only the value \"", count == 0 ? "" : cells[0],
                          count == 0 ? "" : "\"");
    else
        status = check_blanks(builder, cells, count);
    if (status == ALC_OK)
        status = keep_class_names(builder, cells, count);
    alc_free(builder->context, cells);
    return status;
}

static int32_t class_of(const alc_dataset *dataset, const char *label)
{
    for (int64_t i = 0; i < dataset->class_count; i++)
        if (strcmp(dataset->class_names[i], label) == 0)
            return (int32_t)i;
    return -1;
}

static alc_status label_row(alc_dataset_builder *builder, int64_t row)
{
    const char *cell = alc_table_cell(builder->table, row, builder->dataset->label_column);
    bool required = builder->options.labels == ALC_LABELS_REQUIRED;
    alc_candidate *candidate = &builder->candidates[row];

    if (alc_table_missing(builder->table, row, builder->dataset->label_column))
        return required ? alc_dataset_drop(builder, row, "the label is missing") : ALC_OK;
    candidate->label = class_of(builder->dataset, cell);
    if (candidate->label < 0 && required)
        return alc_dataset_fail_row(builder, row, ALC_MISMATCH,
                                    "the label \"%.60s\" is none of the %lld classes (\"%s\", ...)",
                                    cell, (long long)builder->dataset->class_count,
                                    builder->dataset->class_names[0]);
    return ALC_OK;
}

alc_status alc_dataset_read_labels(alc_dataset_builder *builder)
{
    alc_dataset *dataset = builder->dataset;
    alc_status status = ALC_OK;

    builder->label_name = builder->options.label != NULL ? builder->options.label : "class";
    dataset->label_column = alc_table_find_column(builder->table, builder->label_name);
    for (int64_t row = 0; row < builder->rows; row++)
        builder->candidates[row].label = -1;
    if (dataset->label_column < 0 && builder->options.labels == ALC_LABELS_REQUIRED)
        return alc_table_require_column(builder->table, builder->label_name,
                                        &dataset->label_column);
    if (builder->options.classes != NULL)
        status = use_given_classes(builder);
    else if (dataset->label_column >= 0)
        status = find_classes(builder);
    for (int64_t row = 0; status == ALC_OK && dataset->label_column >= 0 && row < builder->rows;
         row++)
        status = label_row(builder, row);
    return status;
}

/* Every class that was found in the column has a row left. */
alc_status alc_dataset_check_classes(const alc_dataset_builder *builder)
{
    for (int64_t c = 0; builder->options.classes == NULL && c < builder->dataset->class_count; c++) {
        int64_t left = 0, first = -1;
        for (int64_t row = 0; row < builder->rows; row++) {
            const alc_candidate *candidate = &builder->candidates[row];
            if (candidate->label == c && candidate->reason == NULL)
                left++;
            else if (candidate->label == c && first < 0)
                first = row;
        }
        if (left == 0)
            return alc_dataset_fail_row(builder, first, ALC_MISMATCH,
                                        "class \"%s\" is empty: all of its rows were dropped, this "
                                        "one because %s",
                                        builder->dataset->class_names[c],
                                        builder->candidates[first].reason);
    }
    return ALC_OK;
}
