/* score.c - predictions meet labels, here alone: every row's figures. */
#include "sky_experiment/score_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/figures_json.h"
#include "common/prediction_file.h"

enum { MAGNITUDE_BINS = 5 };

alc_status score_no_memory(score *k)
{
    return study_fail(k->study, ALC_OUT_OF_MEMORY, "memory ran out");
}

/* ---- rows of figures ---- */

static json_t *confusion_as_json(const alc_metrics *m)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i < m->class_count; i++) {
        json_t *row = json_array();
        for (int64_t j = 0; j < m->class_count; j++)
            json_array_append_new(row, json_integer(m->confusion[i * m->class_count + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *reliability_as_json(const alc_metrics *m)
{
    json_t *bins = json_array();
    for (int i = 0; i < ALC_RELIABILITY_BINS; i++)
        json_array_append_new(bins, json_pack("{s:I, s:I, s:f}", "count", (json_int_t)m->reliability[i].count, "hits",
                                              (json_int_t)m->reliability[i].hits, "confidence", m->reliability[i].confidence));
    return bins;
}

typedef struct bright_object {
    double magnitude;
    int64_t place; /* among the tested */
} bright_object;

static int compare_magnitudes(const void *a, const void *b)
{
    const bright_object *x = a, *y = b;
    if (x->magnitude != y->magnitude)
        return x->magnitude < y->magnitude ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Tested objects with an r magnitude, brightest first; returns how many, 0 where there is no such column. */
static int64_t sort_by_magnitude(const score *k, bright_object *sorted)
{
    const int64_t column = alc_table_find_column(k->study->table, "r");
    int64_t count = 0;
    for (int64_t i = 0; column >= 0 && i < k->tested_count; i++) {
        bool missing;
        double magnitude;
        const int64_t row = alc_dataset_row(k->study->objects, k->tested[i]);
        if (alc_table_number(k->study->table, row, column, &magnitude, &missing) == ALC_OK && !missing)
            sorted[count++] = (bright_object){magnitude, i};
    }
    qsort(sorted, (size_t)count, sizeof *sorted, compare_magnitudes);
    return count;
}

static json_t *judge_magnitudes(const score *k, const judged_row *row, const bright_object *objects, int64_t count)
{
    const int64_t classes = k->study->class_count;
    alc_real *probabilities = calloc((size_t)(count * classes), sizeof *probabilities);
    int32_t *labels = calloc((size_t)count, sizeof *labels), *predictions = calloc((size_t)count, sizeof *predictions);
    alc_metrics *m = NULL;
    json_t *figures = NULL;
    for (int64_t i = 0; probabilities && labels && predictions && i < count; i++) {
        labels[i] = k->labels[objects[i].place];
        predictions[i] = row->predictions[objects[i].place];
        memcpy(probabilities + i * classes, row->probabilities + objects[i].place * classes,
               (size_t)classes * sizeof *probabilities);
    }
    if (probabilities && labels && predictions)
        alc_metrics_judge(k->study->context, count, classes, labels, predictions, probabilities, 0, &m);
    if (m) {
        figures = metrics_as_json(m, k->study->classes);
        json_object_set_new(figures, "n", json_integer(count));
        json_object_set_new(figures, "brightest", json_real(objects[0].magnitude));
        json_object_set_new(figures, "faintest", json_real(objects[count - 1].magnitude));
    }
    alc_metrics_destroy(m);
    free(predictions);
    free(labels);
    free(probabilities);
    return figures;
}

static json_t *by_magnitude(const score *k, const judged_row *row)
{
    json_t *bins = json_array();
    bright_object *sorted = calloc((size_t)k->tested_count, sizeof *sorted);
    const int64_t count = sorted ? sort_by_magnitude(k, sorted) : 0;
    for (int64_t b = 0; b < MAGNITUDE_BINS && count >= 2 * MAGNITUDE_BINS; b++) {
        const int64_t begin = b * count / MAGNITUDE_BINS, end = (b + 1) * count / MAGNITUDE_BINS;
        json_array_append_new(bins, judge_magnitudes(k, row, sorted + begin, end - begin));
    }
    free(sorted);
    return bins;
}

alc_status score_judge(score *k, judged_row *row, const int32_t *predictions, json_t *more)
{
    const int64_t classes = k->study->class_count;
    const alc_status status = alc_metrics_judge(k->study->context, k->tested_count, classes, k->labels, predictions,
                                                row->probabilities, 0, &row->metrics);
    if (status) {
        json_decref(more);
        return status;
    }
    for (int64_t i = 0; i < k->tested_count; i++) {
        int32_t best = 0;
        for (int32_t c = 1; c < classes; c++)
            if (row->probabilities[i * classes + c] > row->probabilities[i * classes + best])
                best = c;
        row->predictions[i] = predictions ? predictions[i] : best;
    }
    json_t *model = json_pack("{s:s, s:I}", "name", row->name, "n", (json_int_t)k->tested_count);
    json_object_update_new(model, metrics_as_json(row->metrics, k->study->classes));
    json_object_set_new(model, "confusion", confusion_as_json(row->metrics));
    json_object_set_new(model, "reliability", reliability_as_json(row->metrics));
    json_object_set_new(model, "by_magnitude", by_magnitude(k, row));
    json_object_update_new(model, more);
    return json_array_append_new(k->models, model) == 0 ? ALC_OK : score_no_memory(k);
}

alc_status score_new_row(score *k, const char *name, int division, judged_row **row)
{
    if (k->row_count == MAX_ROWS)
        return study_fail(k->study, ALC_INVALID_ARGUMENT, "more than %d models", MAX_ROWS);
    *row = &k->rows[k->row_count++];
    **row = (judged_row){.division = division};
    snprintf((*row)->name, sizeof(*row)->name, "%s", name);
    (*row)->probabilities = calloc((size_t)(k->tested_count * k->study->class_count), sizeof(alc_real));
    (*row)->predictions = calloc((size_t)k->tested_count, sizeof(int32_t));
    return (*row)->probabilities && (*row)->predictions ? ALC_OK : score_no_memory(k);
}

/* ---- all of them ---- */

static alc_status list_tested(score *k)
{
    const study *s = k->study;
    k->models = json_array();
    k->tested = calloc((size_t)s->count, sizeof *k->tested);
    k->labels = calloc((size_t)s->count, sizeof *k->labels);
    if (!k->models || !k->tested || !k->labels)
        return score_no_memory(k);
    for (int64_t i = 0; i < s->count; i++) {
        if (s->fold_of[DIVISION_MAIN][i] >= k->work->folds)
            continue;
        k->labels[k->tested_count] = (int32_t)alc_dataset_label(s->objects, i);
        k->tested[k->tested_count++] = i;
    }
    return ALC_OK;
}

alc_status score_open(study *s, const work *w, score *k)
{
    *k = (score){.study = s, .work = w};
    alc_status status = list_tested(k);
    for (int i = 0; i < w->row_count && status == ALC_OK; i++) {
        /* With fewer folds than there are, another division has tested other objects. */
        const bool comparable = w->rows[i].division == DIVISION_MAIN || w->folds == s->options->folds;
        if (comparable && score_is_complete(k, &w->rows[i]))
            status = score_add_units(k, &w->rows[i]);
    }
    return status;
}

void score_free(score *k)
{
    for (int i = 0; i < k->row_count; i++) {
        free(k->rows[i].probabilities);
        free(k->rows[i].predictions);
        alc_metrics_destroy(k->rows[i].metrics);
    }
    json_decref(k->models);
    free(k->tested);
    free(k->labels);
}

/* The row of a file that has the object, by its identifier; -1 if there is none. */
static int64_t find_id(const prediction_file *file, const char *id)
{
    int64_t low = 0, high = file->count - 1;
    while (low <= high) {
        const int64_t middle = (low + high) / 2;
        const int order = strcmp(file->ids[middle], id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

static alc_status take_file(score *k, const prediction_file *file, judged_row *row)
{
    const study *s = k->study;
    bool same = file->class_count == s->class_count && file->count == k->tested_count;
    for (int64_t c = 0; same && c < s->class_count; c++)
        same = strcmp(file->classes[c], s->classes[c]) == 0;
    for (int64_t i = 0; same && i < k->tested_count; i++) {
        const int64_t at = find_id(file, alc_dataset_id(s->objects, k->tested[i]));
        same = at >= 0 && file->labels[at] == k->labels[i];
        if (same) {
            row->predictions[i] = file->predictions[at];
            memcpy(row->probabilities + i * s->class_count, file->probabilities + at * s->class_count,
                   (size_t)s->class_count * sizeof(alc_real));
        }
    }
    return same ? ALC_OK
                : study_fail(k->study, ALC_MISMATCH, "%s: is about other objects or classes than the experiment", file->path);
}

alc_status score_add_file(score *k, const char *name, const char *path, json_t *more)
{
    prediction_file file;
    judged_row *row;
    alc_status status = prediction_file_read(k->study->context, path, &file, k->study->message, sizeof k->study->message);
    if (status == ALC_OK)
        status = score_new_row(k, name, DIVISION_MAIN, &row);
    if (status == ALC_OK)
        status = take_file(k, &file, row);
    prediction_file_free(&file);
    if (status) {
        json_decref(more);
        return status;
    }
    int32_t *predictions = calloc((size_t)k->tested_count, sizeof *predictions);
    if (!predictions) {
        json_decref(more);
        return score_no_memory(k);
    }
    memcpy(predictions, row->predictions, (size_t)k->tested_count * sizeof *predictions);
    status = score_judge(k, row, predictions, more);
    free(predictions);
    return status;
}
