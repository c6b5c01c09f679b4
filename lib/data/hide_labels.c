/* lib/data/hide_labels.c - a view of a data set without the labels of some samples.
 *
 * It shares what is large (pixels, the table's text) and has its own copy of what differs: the samples, and the table's index
 * of cells, in which hidden cells are empty text. So every function that takes a data set or its table works on it, and none
 * gives a hidden label away.
 */
#include <string.h>

#include "lib/data/dataset_internal.h"
#include "lib/data/table_internal.h"

static alc_table *new_table_view(const alc_table *table)
{
    const size_t rows = (size_t)table->rows, row_bytes = (size_t)table->columns * sizeof *table->cells;
    alc_table *view = alc_allocate(table->context, sizeof *view, "a view of a table");
    if (view == NULL)
        return NULL;
    *view = *table;
    view->view = true;
    view->cells = alc_allocate_array(table->context, rows, row_bytes, "a view of a table");
    if (view->cells == NULL) {
        alc_free(table->context, view);
        return NULL;
    }
    memcpy(view->cells, table->cells, rows * row_bytes);
    return view;
}

static void empty_cell(alc_table *view, int64_t row, int64_t column)
{
    /* The end of the first column's name is an empty text in `data`. */
    if (column >= 0)
        view->cells[row * view->columns + column] = view->names[0] + (uint32_t)strlen(view->data + view->names[0]);
}

static alc_dataset *new_view(const alc_dataset *dataset)
{
    alc_context *context = dataset->context;
    alc_dataset *blind = alc_allocate(context, sizeof *blind, "a view of a data set");
    if (blind == NULL)
        return NULL;
    blind->own_table = new_table_view(dataset->table);
    if (blind->own_table == NULL) {
        alc_free(context, blind);
        return NULL;
    }
    alc_table *table = blind->own_table;
    *blind = *dataset;
    blind->table = blind->own_table = table;
    alc_arena_init(&blind->texts, context);
    blind->class_names = alc_allocate_array(context, (size_t)dataset->class_count, sizeof(char *), "class names");
    blind->samples = alc_allocate_array(context, (size_t)dataset->count, sizeof *blind->samples, "samples");
    if (blind->class_names == NULL || blind->samples == NULL) {
        alc_dataset_destroy(blind);
        return NULL;
    }
    for (int64_t c = 0; c < dataset->class_count; c++)
        blind->class_names[c] = dataset->class_names[c];
    memcpy(blind->samples, dataset->samples, (size_t)dataset->count * sizeof *blind->samples);
    return blind;
}

alc_status alc_dataset_hide_labels(const alc_dataset *dataset, const int64_t *indices, int64_t count, alc_dataset **blind)
{
    if (blind != NULL)
        *blind = NULL;
    if (dataset == NULL)
        return ALC_INVALID_ARGUMENT;
    if (blind == NULL || indices == NULL)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "alc_dataset_hide_labels: an argument is NULL");
    const alc_status status = alc_dataset_check_indices(dataset, indices, &count);
    if (status != ALC_OK)
        return status;
    alc_dataset *view = new_view(dataset);
    if (view == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        alc_sample *sample = &view->samples[indices[i]];
        sample->label = -1;
        sample->image = "";
        empty_cell(view->own_table, sample->row, view->label_column);
        empty_cell(view->own_table, sample->row, view->image_column);
    }
    *blind = view;
    return ALC_OK;
}
