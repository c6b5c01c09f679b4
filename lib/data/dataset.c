/* lib/data/dataset.c - puts a data set together from a table, labels and images, and answers questions about it.
 *
 * The steps are labels, identifiers, images; each may drop a row with a reason, and what is left are the samples. The
 * table's cells are not copied: the table outlives the data set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data/dataset_internal.h"
#include "lib/data/table_internal.h"

alc_status alc_dataset_fail_row(const alc_dataset_builder *builder, int64_t row, alc_status status,
                                const char *format, ...)
{
    char sentence[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return alc_fail(builder->context, status, "%s: line %lld (row %lld): %s",
                    alc_table_path(builder->table),
                    (long long)alc_table_line(builder->table, row), (long long)row + 1, sentence);
}

alc_status alc_dataset_drop(alc_dataset_builder *builder, int64_t row, const char *reason)
{
    builder->candidates[row].reason = alc_arena_format(&builder->dataset->texts, "%s", reason);
    return builder->candidates[row].reason != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
}

bool alc_dataset_stopped(const alc_dataset_builder *builder)
{
    return builder->options.stop != NULL && builder->options.stop(builder->options.stop_user);
}

typedef struct row_id {
    const char *id;
    int64_t row;
} row_id;

static int compare_ids(const void *a, const void *b)
{
    const row_id *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* No identifier is missing or there twice; of several pairs the one whose second row comes first is named. */
static alc_status check_unique(const alc_dataset_builder *builder, row_id *ids)
{
    const char *name = alc_table_column_name(builder->table, builder->id_column);
    int64_t repeated = builder->rows, original = 0;

    for (int64_t row = 0; row < builder->rows; row++) {
        if (alc_table_missing(builder->table, row, builder->id_column))
            return alc_dataset_fail_row(builder, row, ALC_BAD_FILE,
                                        "there is no identifier in column \"%s\"", name);
        ids[row] = (row_id){alc_table_cell(builder->table, row, builder->id_column), row};
    }
    qsort(ids, (size_t)builder->rows, sizeof *ids, compare_ids);
    for (int64_t i = 1; i < builder->rows; i++)
        if (strcmp(ids[i].id, ids[i - 1].id) == 0 && ids[i].row < repeated) {
            repeated = ids[i].row;
            original = ids[i - 1].row;
        }
    if (repeated < builder->rows)
        return alc_dataset_fail_row(builder, repeated, ALC_BAD_FILE,
                                    "the identifier \"%.60s\" in column \"%s\" is also that of line "
                                    "%lld (row %lld)",
                                    alc_table_cell(builder->table, repeated, builder->id_column),
                                    name, (long long)alc_table_line(builder->table, original),
                                    (long long)original + 1);
    return ALC_OK;
}

static alc_status check_ids(alc_dataset_builder *builder)
{
    row_id *ids;
    alc_status status = ALC_OK;

    builder->id_column =
        alc_table_find_column(builder->table, builder->options.id != NULL ? builder->options.id : "id");
    if (builder->id_column < 0 && builder->options.id != NULL)
        return alc_table_require_column(builder->table, builder->options.id, &builder->id_column);
    if (builder->id_column < 0)
        return ALC_OK;
    ids = alc_allocate_array(builder->context, (size_t)builder->rows, sizeof *ids, "identifiers");
    if (ids == NULL)
        return ALC_OUT_OF_MEMORY;
    status = check_unique(builder, ids);
    alc_free(builder->context, ids);
    return status;
}

static uint64_t key_of_row(const alc_table *table, int64_t row)
{
    uint64_t key = 0;
    for (int64_t i = 0; i < alc_table_columns(table); i++)
        key = alc_mix(key, alc_hash_text(alc_table_cell(table, row, i)));
    return key;
}

static alc_status fill_sample(alc_dataset_builder *builder, int64_t row, alc_sample *sample)
{
    const alc_candidate *candidate = &builder->candidates[row];

    *sample = (alc_sample){
        .row = row, .label = candidate->label, .pixels = candidate->pixels,
                            .image = candidate->image != NULL ? candidate->image : ""};
    if (builder->id_column >= 0) {
        sample->id = alc_table_cell(builder->table, row, builder->id_column);
        sample->key = alc_hash_text(sample->id);
    } else {
        sample->id = alc_arena_format(&builder->dataset->texts, "%lld", (long long)row + 1);
        sample->key = key_of_row(builder->table, row);
    }
    return sample->id != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
}

static alc_status collect(alc_dataset_builder *builder)
{
    alc_dataset *dataset = builder->dataset;
    int64_t dropped = 0, kept = 0;

    for (int64_t row = 0; row < builder->rows; row++)
        dropped += builder->candidates[row].reason != NULL;
    if (dropped == builder->rows)
        return alc_fail(builder->context, ALC_BAD_FILE, "%s: %s%s", alc_table_path(builder->table),
                        builder->rows == 0 ? "the table has no row"
                                           : "every row was dropped, the first because ",
                        builder->rows == 0 ? "" : builder->candidates[0].reason);
    dataset->samples = alc_allocate_array(builder->context, (size_t)(builder->rows - dropped),
                                          sizeof(alc_sample), "samples");
    dataset->dropped = alc_allocate_array(builder->context, (size_t)dropped,
                                          sizeof(alc_dropped_row), "dropped rows");
    if (dataset->samples == NULL || dataset->dropped == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t row = 0; row < builder->rows; row++) {
        const char *reason = builder->candidates[row].reason;
        if (reason != NULL) {
            dataset->dropped[dataset->dropped_count++] = (alc_dropped_row){row, reason};
        } else if (fill_sample(builder, row, &dataset->samples[kept++]) != ALC_OK) {
            return ALC_OUT_OF_MEMORY;
        }
    }
    dataset->count = kept;
    return ALC_OK;
}

static alc_status build(alc_dataset_builder *builder)
{
    alc_status status = check_ids(builder);

    if (status == ALC_OK)
        status = alc_dataset_read_labels(builder);
    if (status == ALC_OK && builder->options.images)
        status = alc_dataset_read_images(builder);
    if (status == ALC_OK)
        status = alc_dataset_check_classes(builder);
    if (status == ALC_OK)
        status = collect(builder);
    return status;
}

alc_status alc_dataset_create(const alc_table *table, alc_dataset_options options,
                              alc_dataset **dataset)
{
    alc_dataset_builder builder = {.table = table, .options = options};
    alc_status status = ALC_OUT_OF_MEMORY;

    if (dataset != NULL)
        *dataset = NULL;
    if (table == NULL)
        return ALC_INVALID_ARGUMENT;
    builder.context = alc_table_context(table);
    if (dataset == NULL || (options.labels != ALC_LABELS_REQUIRED &&
                            options.labels != ALC_LABELS_OPTIONAL))
        return alc_fail(builder.context, ALC_INVALID_ARGUMENT,
                        "alc_dataset_create: dataset is NULL, or labels is no alc_label_policy");
    builder.rows = alc_table_rows(table);
    builder.dataset = alc_allocate(builder.context, sizeof *builder.dataset, "a data set");
    if (builder.dataset == NULL)
        return status;
    builder.dataset->context = builder.context;
    builder.dataset->table = table;
    builder.dataset->image_column =
        alc_table_find_column(table, options.image_column != NULL ? options.image_column : "image");
    alc_arena_init(&builder.dataset->texts, builder.context);
    builder.candidates = alc_allocate_array(builder.context, (size_t)builder.rows,
                                            sizeof *builder.candidates, "rows of a data set");
    if (builder.candidates != NULL)
        status = build(&builder);
    alc_free(builder.context, builder.candidates);
    alc_free(builder.context, builder.folder);
    if (status == ALC_OK)
        *dataset = builder.dataset;
    else
        alc_dataset_destroy(builder.dataset);
    return status;
}

void alc_dataset_destroy(alc_dataset *dataset)
{
    if (dataset == NULL)
        return;
    alc_free(dataset->context, dataset->class_names);
    alc_free(dataset->context, dataset->samples);
    if (dataset->own_table == NULL) {
        alc_free(dataset->context, dataset->pixels);
        alc_free(dataset->context, dataset->dropped);
    }
    alc_table_destroy(dataset->own_table);
    alc_arena_free(&dataset->texts);
    alc_free(dataset->context, dataset);
}

const alc_table *alc_dataset_table(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->table : NULL;
}

int64_t alc_dataset_count(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->count : 0;
}

int64_t alc_dataset_class_count(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->class_count : 0;
}

const char *alc_dataset_class_name(const alc_dataset *dataset, int64_t class_index)
{
    if (class_index < 0 || class_index >= alc_dataset_class_count(dataset))
        return NULL;
    return dataset->class_names[class_index];
}

static const alc_sample *sample_at(const alc_dataset *dataset, int64_t index)
{
    static const alc_sample none = {.row = -1, .label = -1, .id = "", .image = ""};
    return index >= 0 && index < alc_dataset_count(dataset) ? &dataset->samples[index] : &none;
}

int64_t alc_dataset_row(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->row;
}

int64_t alc_dataset_label(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->label;
}

const char *alc_dataset_label_text(const alc_dataset *dataset, int64_t index)
{
    int64_t row = sample_at(dataset, index)->row;
    if (row < 0 || alc_table_missing(dataset->table, row, dataset->label_column))
        return "";
    return alc_table_cell(dataset->table, row, dataset->label_column);
}

const char *alc_dataset_id(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->id;
}

uint64_t alc_dataset_key(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->key;
}

const uint8_t *alc_dataset_pixels(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->pixels;
}

const char *alc_dataset_image_path(const alc_dataset *dataset, int64_t index)
{
    return sample_at(dataset, index)->image;
}

int64_t alc_dataset_image_size(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->image_size : 0;
}

int64_t alc_dataset_source_height(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->source_height : 0;
}

int64_t alc_dataset_source_width(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->source_width : 0;
}

int64_t alc_dataset_dropped_count(const alc_dataset *dataset)
{
    return dataset != NULL ? dataset->dropped_count : 0;
}

alc_dropped_row alc_dataset_dropped(const alc_dataset *dataset, int64_t index)
{
    if (index < 0 || index >= alc_dataset_dropped_count(dataset))
        return (alc_dropped_row){-1, ""};
    return dataset->dropped[index];
}
