/* tests/fuzz/fuzz_table_csv.c - libFuzzer target: arbitrary bytes as a CSV table. What is read must be consistent, and
 * whatever its cells are, an encoder, a data set and a split made from it work or are refused with a sentence. */
#include <string.h>

#include "alcor/dataset.h"
#include "fuzz/fuzz.h"

enum { MOST_ROWS = 200, MOST_COLUMNS = 20 }; /* of what is worked with: more of the same is only slow */

static void read_cells(const alc_table *table)
{
    int64_t rows = alc_table_rows(table), columns = alc_table_columns(table);

    require(columns >= 1);
    for (int64_t c = 0; c < columns && c < MOST_COLUMNS; c++)
        require(alc_table_find_column(table, alc_table_column_name(table, c)) == c);
    for (int64_t r = 0; r < rows && r < MOST_ROWS; r++) {
        require(alc_table_line(table, r) > (r == 0 ? 1 : alc_table_line(table, r - 1)));
        for (int64_t c = 0; c < columns && c < MOST_COLUMNS; c++) {
            double value;
            bool missing;
            require(strlen(alc_table_cell(table, r, c)) <= ALC_TABLE_MAX_CELL_BYTES);
            if (alc_table_number(table, r, c, &value, &missing) == ALC_OK)
                require(missing == alc_table_missing(table, r, c));
        }
    }
}

/* Fits on all rows, with the table's first columns and a difference as features. */
static void encode(alc_context *context, const alc_table *table, alc_encoding encoding)
{
    const char *names[3] = {alc_table_column_name(table, 0), alc_table_column_name(table, 1), "a-b"};
    int64_t rows[MOST_ROWS], count = alc_table_rows(table);
    alc_encoder *encoder;
    alc_real *values;

    count = count < MOST_ROWS ? count : MOST_ROWS;
    for (int64_t i = 0; i < count; i++)
        rows[i] = i;
    for (int64_t n = 1; n <= 3; n++) {
        alc_encoder_options options = {.features = names, .feature_count = n, .encoding = encoding};
        require_outcome(context, alc_encoder_fit(table, rows, count, options, &encoder), encoder);
        values = fuzz_allocate((size_t)(count * alc_encoder_width(encoder)) * sizeof *values);
        if (encoder != NULL && alc_encoder_encode(encoder, table, rows, count, values) == ALC_OK)
            for (int64_t i = 0; i < count * alc_encoder_width(encoder); i++)
                require(values[i] - values[i] == 0); /* finite */
        free(values);
        alc_encoder_destroy(encoder);
    }
}

static void split(alc_context *context, const alc_dataset *dataset)
{
    alc_split_options options = {.train = 2, .validation = 1, .test = 1};
    int64_t all = 0;
    alc_split *parts;

    require_outcome(context, alc_split_create(dataset, options, &parts), parts);
    for (int part = 0; parts != NULL && part < ALC_PART_COUNT; part++) {
        int64_t count;
        alc_split_indices(parts, (alc_part)part, &count);
        all += count;
    }
    require(parts == NULL || all == alc_dataset_count(dataset));
    alc_split_destroy(parts);
}

static void join(alc_context *context, const alc_table *table, alc_label_policy labels)
{
    const char *label = alc_table_column_name(table, alc_table_columns(table) - 1);
    alc_dataset *dataset;

    require_outcome(context,
                    alc_dataset_create(table, (alc_dataset_options){.label = label, .labels = labels},
                                       &dataset),
                    dataset);
    if (dataset == NULL)
        return;
    require(alc_dataset_count(dataset) + alc_dataset_dropped_count(dataset) == alc_table_rows(table));
    split(context, dataset);
    alc_dataset_destroy(dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context;
    alc_table *table;

    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    require_outcome(context,
                    alc_table_parse(context, "input", data, size,
                                    (alc_table_options){.missing = "?"}, &table),
                    table);
    if (table == NULL)
        return 0;
    read_cells(table);
    encode(context, table, ALC_ENCODE_STANDARDISE);
    encode(context, table, ALC_ENCODE_UNIT_ROWS);
    join(context, table, ALC_LABELS_REQUIRED);
    join(context, table, ALC_LABELS_OPTIONAL);
    alc_table_destroy(table);
    return 0;
}
