/* prediction_file.c - reads and checks predictions. */
#include "common/prediction_file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far from 1 rounded probabilities may be in all. */
#define SUM_TOLERANCE 1e-3

typedef struct reader {
    prediction_file *file;
    int64_t id, label, predicted;               /* columns */
    int64_t probability[MAX_PREDICTED_CLASSES]; /* columns, in the order of the classes */
    int64_t *rows;                              /* in the order of identifiers */
    char *message;
    size_t size;
} reader;

__attribute__((format(printf, 2, 3))) static alc_status refuse(const reader *r, const char *format, ...)
{
    va_list arguments;
    const int length = snprintf(r->message, r->size, "%s: ", r->file->path);
    va_start(arguments, format);
    if (length >= 0 && (size_t)length < r->size)
        vsnprintf(r->message + length, r->size - (size_t)length, format, arguments);
    va_end(arguments);
    return ALC_BAD_FILE;
}

__attribute__((format(printf, 3, 4))) static alc_status refuse_row(const reader *r, int64_t row, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return refuse(r, "line %lld: %s", (long long)alc_table_line(r->file->table, row), sentence);
}

static alc_status find_columns(reader *r)
{
    prediction_file *f = r->file;
    const alc_table *t = f->table;
    r->id = alc_table_find_column(t, "id");
    r->label = alc_table_find_column(t, "label");
    r->predicted = alc_table_find_column(t, "predicted");
    if (r->id < 0 || r->label < 0 || r->predicted < 0)
        return refuse(r, "is no file of predictions: it needs the columns id, label, predicted and p_CLASS for every class");
    for (int64_t c = 0; c < alc_table_columns(t); c++) {
        const char *name = alc_table_column_name(t, c);
        if (strncmp(name, "p_", 2) != 0)
            continue;
        if (f->class_count == MAX_PREDICTED_CLASSES)
            return refuse(r, "has more than %d classes", MAX_PREDICTED_CLASSES);
        int64_t place = f->class_count++;
        for (; place > 0 && strcmp(f->classes[place - 1], name + 2) > 0; place--) {
            f->classes[place] = f->classes[place - 1];
            r->probability[place] = r->probability[place - 1];
        }
        f->classes[place] = name + 2;
        r->probability[place] = c;
    }
    return f->class_count >= 2 ? ALC_OK : refuse(r, "has fewer than two columns p_CLASS");
}

typedef struct named_row {
    const char *id;
    int64_t row;
} named_row;

static int compare_names(const void *a, const void *b)
{
    const named_row *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static alc_status sort_rows(reader *r)
{
    prediction_file *f = r->file;
    alc_status status = ALC_OK;
    named_row *named = calloc((size_t)f->count, sizeof *named);
    if (!named) {
        snprintf(r->message, r->size, "memory ran out");
        return ALC_OUT_OF_MEMORY;
    }
    for (int64_t i = 0; i < f->count; i++)
        named[i] = (named_row){alc_table_cell(f->table, i, r->id), i};
    qsort(named, (size_t)f->count, sizeof *named, compare_names);
    for (int64_t i = 0; i < f->count && status == ALC_OK; i++) {
        if (i > 0 && strcmp(named[i].id, named[i - 1].id) == 0)
            status = refuse_row(r, named[i].row, "the identifier \"%.60s\" is also that of line %lld", named[i].id,
                                (long long)alc_table_line(f->table, named[i - 1].row));
        f->ids[i] = named[i].id;
        r->rows[i] = named[i].row;
    }
    free(named);
    return status;
}

static int32_t class_of(const prediction_file *f, const char *name)
{
    for (int64_t c = 0; c < f->class_count; c++)
        if (strcmp(f->classes[c], name) == 0)
            return (int32_t)c;
    return -1;
}

static alc_status read_row(const reader *r, int64_t place, char *message, size_t size, alc_context *context)
{
    prediction_file *f = r->file;
    const int64_t row = r->rows[place];
    const char *label = alc_table_cell(f->table, row, r->label), *predicted = alc_table_cell(f->table, row, r->predicted);
    double sum = 0;
    f->labels[place] = class_of(f, label);
    f->predictions[place] = class_of(f, predicted);
    if (f->labels[place] < 0)
        return refuse_row(r, row, "the label \"%.60s\" has no column p_%.60s", label, label);
    if (f->predictions[place] < 0)
        return refuse_row(r, row, "the prediction \"%.60s\" has no column p_%.60s", predicted, predicted);
    for (int64_t c = 0; c < f->class_count; c++) {
        double p;
        bool missing;
        const alc_status status = alc_table_number(f->table, row, r->probability[c], &p, &missing);
        if (status) {
            snprintf(message, size, "%s", alc_error_message(context));
            return status;
        }
        if (missing || p < 0 || p > 1)
            return refuse_row(r, row, "p_%.60s is no probability", f->classes[c]);
        f->probabilities[place * f->class_count + c] = (alc_real)p;
        sum += p;
    }
    return fabs(sum - 1) <= SUM_TOLERANCE ? ALC_OK : refuse_row(r, row, "its probabilities sum to %.6f, not to 1", sum);
}

static alc_status read_rows(reader *r, alc_context *context)
{
    prediction_file *f = r->file;
    f->count = alc_table_rows(f->table);
    if (f->count < 1)
        return refuse(r, "has no row");
    const size_t n = (size_t)f->count;
    f->ids = calloc(n, sizeof *f->ids);
    f->labels = calloc(n, sizeof *f->labels);
    f->predictions = calloc(n, sizeof *f->predictions);
    f->probabilities = calloc(n * (size_t)f->class_count, sizeof *f->probabilities);
    r->rows = calloc(n, sizeof *r->rows);
    if (!f->ids || !f->labels || !f->predictions || !f->probabilities || !r->rows) {
        snprintf(r->message, r->size, "memory ran out");
        return ALC_OUT_OF_MEMORY;
    }
    alc_status status = sort_rows(r);
    for (int64_t i = 0; i < f->count && status == ALC_OK; i++)
        status = read_row(r, i, r->message, r->size, context);
    return status;
}

alc_status prediction_file_read(alc_context *context, const char *path, prediction_file *file, char *message, size_t size)
{
    reader r = {.file = file, .message = message, .size = size};
    *file = (prediction_file){.path = path};
    alc_status status = alc_table_read(context, path, (alc_table_options){0}, &file->table);
    if (status) {
        snprintf(message, size, "%s", alc_error_message(context));
        return status;
    }
    status = find_columns(&r);
    if (status == ALC_OK)
        status = read_rows(&r, context);
    free(r.rows);
    return status;
}

bool prediction_files_agree(const prediction_file *a, const prediction_file *b, char *message, size_t size)
{
    bool same = a->class_count == b->class_count;
    for (int64_t c = 0; same && c < a->class_count; c++)
        same = strcmp(a->classes[c], b->classes[c]) == 0;
    if (!same) {
        snprintf(message, size, "%s: its classes are not those of %s", b->path, a->path);
        return false;
    }
    int64_t i = 0;
    while (i < a->count && i < b->count && strcmp(a->ids[i], b->ids[i]) == 0)
        i++;
    if (i < a->count || i < b->count) {
        const bool of_b = i == a->count || (i < b->count && strcmp(b->ids[i], a->ids[i]) < 0);
        snprintf(message, size, "%s: is about other objects than %s: \"%.60s\" is only in %s", b->path, a->path,
                 of_b ? b->ids[i] : a->ids[i], of_b ? b->path : a->path);
        return false;
    }
    for (i = 0; i < a->count; i++) {
        if (a->labels[i] == b->labels[i])
            continue;
        snprintf(message, size, "%s: the label of \"%.60s\" is %.60s, in %s it is %.60s", b->path, b->ids[i],
                 b->classes[b->labels[i]], a->path, a->classes[a->labels[i]]);
        return false;
    }
    return true;
}

void prediction_file_free(prediction_file *file)
{
    free(file->ids);
    free(file->labels);
    free(file->predictions);
    free(file->probabilities);
    alc_table_destroy(file->table);
    *file = (prediction_file){0};
}
