/* score.c - the only place where predictions of a test part and its labels come together. */
#include "sky_experiment/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/figures_json.h"
#include "common/output_file.h"
#include "common/prediction_file.h"
#include "common/predictions.h"

enum { MAGNITUDE_BINS = 5 };

static alc_status no_memory(score *k)
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
    int32_t *labels = calloc((size_t)count, sizeof *labels);
    alc_metrics *m = NULL;
    json_t *figures = NULL;
    for (int64_t i = 0; probabilities && labels && i < count; i++) {
        labels[i] = k->labels[objects[i].place];
        memcpy(probabilities + i * classes, row->probabilities + objects[i].place * classes, (size_t)classes * sizeof *probabilities);
    }
    if (probabilities && labels)
        alc_metrics_compute(k->study->context, count, classes, labels, probabilities, 0, &m);
    if (m) {
        figures = metrics_as_json(m, k->study->classes);
        json_object_set_new(figures, "n", json_integer(count));
        json_object_set_new(figures, "brightest", json_real(objects[0].magnitude));
        json_object_set_new(figures, "faintest", json_real(objects[count - 1].magnitude));
    }
    alc_metrics_destroy(m);
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

/* Judges the row's probabilities (and predictions, where they are given) and appends its figures. */
static alc_status judge_row(score *k, judged_row *row, const int32_t *predictions, json_t *more)
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
    return json_array_append_new(k->models, model) == 0 ? ALC_OK : no_memory(k);
}

static alc_status new_row(score *k, const char *name, int division, judged_row **row)
{
    if (k->row_count == MAX_ROWS)
        return study_fail(k->study, ALC_INVALID_ARGUMENT, "more than %d models", MAX_ROWS);
    *row = &k->rows[k->row_count++];
    **row = (judged_row){.division = division};
    snprintf((*row)->name, sizeof (*row)->name, "%s", name);
    (*row)->probabilities = calloc((size_t)(k->tested_count * k->study->class_count), sizeof(alc_real));
    (*row)->predictions = calloc((size_t)k->tested_count, sizeof(int32_t));
    return (*row)->probabilities && (*row)->predictions ? ALC_OK : no_memory(k);
}

/* ---- from units ---- */

/* What is gathered while a row's units are read. */
typedef struct gathered {
    alc_real *all, *part;      /* [objects][classes] of one seed; of one unit */
    json_t *first;             /* the first unit: what is the same in all */
    json_t *single;            /* accuracy and balanced accuracy of each seed */
    double train_seconds, predict_seconds, trained, predicted;
    alc_real *curve;           /* [epochs][objects][classes] of the first seed */
    double *losses, *accuracies; /* [epochs], summed over its folds */
    int64_t epochs;
} gathered;

static void free_gathered(gathered *g)
{
    free(g->all);
    free(g->part);
    free(g->curve);
    free(g->losses);
    free(g->accuracies);
    json_decref(g->first);
    json_decref(g->single);
}

/* Test probabilities of one unit to their objects' places. */
static bool take_probabilities(const score *k, const json_t *list, const char *name, const fold_parts *parts, alc_real *part, alc_real *all)
{
    const int64_t classes = k->study->class_count;
    if (!unit_probabilities(list, name, parts->test_count, classes, part))
        return false;
    for (int64_t i = 0; i < parts->test_count; i++)
        memcpy(all + parts->test[i] * classes, part + i * classes, (size_t)classes * sizeof *all);
    return true;
}

static bool take_curve(const score *k, const json_t *unit, const fold_parts *parts, gathered *g)
{
    const json_t *curve = json_object_get(unit, "curve");
    const int64_t values = k->study->count * k->study->class_count;
    if (!g->losses) {
        g->epochs = (int64_t)json_array_size(curve);
        g->losses = calloc((size_t)g->epochs + 1, sizeof *g->losses);
        g->accuracies = calloc((size_t)g->epochs + 1, sizeof *g->accuracies);
        if (json_object_get(json_array_get(curve, 0), "test"))
            g->curve = calloc((size_t)(g->epochs * values) + 1, sizeof *g->curve);
    }
    if (!g->losses || !g->accuracies || (int64_t)json_array_size(curve) != g->epochs)
        return false;
    for (int64_t e = 0; e < g->epochs; e++) {
        const json_t *epoch = json_array_get(curve, (size_t)e);
        g->losses[e] += json_number_value(json_object_get(epoch, "loss"));
        g->accuracies[e] += json_number_value(json_object_get(epoch, "accuracy"));
        if (g->curve && !take_probabilities(k, epoch, "test", parts, g->part, g->curve + e * values))
            return false;
    }
    return true;
}

static alc_status take_unit(score *k, const work_unit *unit, gathered *g)
{
    const fold_parts *parts = &k->study->folds[unit->row->division][unit->fold];
    json_t *json;
    const alc_status status = unit_read(k->study, unit->name, &json);
    if (status)
        return status;
    bool good = take_probabilities(k, json, "test", parts, g->part, g->all);
    if (good && unit->seed == 0)
        good = take_curve(k, json, parts, g);
    g->train_seconds += json_number_value(json_object_get(json, "train_seconds"));
    g->predict_seconds += json_number_value(json_object_get(json, "predict_seconds"));
    g->trained += json_number_value(json_object_get(json, "trained_samples"));
    g->predicted += json_number_value(json_object_get(json, "predicted_samples"));
    if (!g->first)
        g->first = json_incref(json);
    json_decref(json);
    return good ? ALC_OK : study_fail(k->study, ALC_BAD_FILE, "units/%s.json: does not hold this fold's predictions; remove it", unit->name);
}

/* Accuracy and balanced accuracy of probabilities at their objects' places, without intervals. */
static json_t *quick_figures(const score *k, const alc_real *all)
{
    const int64_t classes = k->study->class_count;
    int64_t hits = 0, *of_class = calloc((size_t)(2 * classes), sizeof *of_class);
    double recalls = 0;
    for (int64_t i = 0; of_class && i < k->tested_count; i++) {
        const alc_real *row = all + k->tested[i] * classes;
        int32_t best = 0;
        for (int32_t c = 1; c < classes; c++)
            if (row[c] > row[best])
                best = c;
        hits += best == k->labels[i];
        of_class[2 * k->labels[i]]++;
        of_class[2 * k->labels[i] + 1] += best == k->labels[i];
    }
    for (int64_t c = 0; of_class && c < classes; c++)
        recalls += of_class[2 * c] ? (double)of_class[2 * c + 1] / (double)of_class[2 * c] : 0;
    free(of_class);
    return json_pack("{s:f, s:f}", "accuracy", (double)hits / (double)k->tested_count, "balanced_accuracy", recalls / (double)classes);
}

static json_t *curve_as_json(const score *k, const gathered *g)
{
    json_t *curve = json_array();
    for (int64_t e = 0; e < g->epochs; e++) {
        json_t *epoch = json_pack("{s:f, s:f}", "loss", g->losses[e] / (double)k->work->folds, "accuracy",
                                  g->accuracies[e] / (double)k->work->folds);
        if (g->curve)
            json_object_set_new(epoch, "test", quick_figures(k, g->curve + e * k->study->count * k->study->class_count));
        json_array_append_new(curve, epoch);
    }
    return curve;
}

static json_t *row_as_json(const score *k, const work_row *row, gathered *g)
{
    static const char *const kinds[ROW_KINDS] = {"table", "image", "joint", "late", "stacked"};
    json_t *more = json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:o, s:O}", "kind", kinds[row->kind], "backbone",
                             row->backbone ? row->backbone->name : "", "division", row->division == DIVISION_ALSO ? "also" : "main",
                             "start", row->weights ? "weights" : "random", "size", json_object_get(g->first, "size"), "values",
                             json_object_get(g->first, "values"), "trained_values", json_object_get(g->first, "trained_values"),
                             "plan_bytes", json_object_get(g->first, "plan_bytes"), "weights_hash",
                             json_object_get(g->first, "weights_hash"), "curve", curve_as_json(k, g), "single_seeds", g->single);
    json_object_update_new(more, json_pack("{s:f, s:f, s:f}", "train_seconds", g->train_seconds, "train_samples_per_second",
                                           g->trained / (g->train_seconds + 1e-9), "predict_samples_per_second",
                                           g->predicted / (g->predict_seconds + 1e-9)));
    return more;
}

static bool is_complete(const score *k, const work_row *row)
{
    char path[4096];
    for (int64_t seed = 0; seed < k->work->seeds; seed++)
        for (int64_t fold = 0; fold < k->work->folds; fold++) {
            unit_path(k->study, unit_of(row, seed, fold).name, path, sizeof path);
            if (!file_exists(path))
                return false;
        }
    return true;
}

static alc_status gather(score *k, const work_row *row, judged_row *judged, gathered *g)
{
    const int64_t classes = k->study->class_count;
    alc_status status = ALC_OK;
    for (int64_t seed = 0; seed < k->work->seeds && status == ALC_OK; seed++) {
        for (int64_t fold = 0; fold < k->work->folds && status == ALC_OK; fold++) {
            const work_unit unit = unit_of(row, seed, fold);
            status = take_unit(k, &unit, g);
        }
        for (int64_t i = 0; i < k->tested_count && status == ALC_OK; i++)
            for (int64_t c = 0; c < classes; c++)
                judged->probabilities[i * classes + c] += g->all[k->tested[i] * classes + c] / (alc_real)k->work->seeds;
        if (status == ALC_OK)
            json_array_append_new(g->single, quick_figures(k, g->all));
    }
    return status;
}

static alc_status write_predictions(score *k, const judged_row *row)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/predictions/%s.csv", k->study->options->output, row->name);
    return predictions_write(path, k->study->objects, k->tested, k->tested_count, row->probabilities)
               ? ALC_OK
               : study_fail(k->study, ALC_IO_ERROR, "%s: cannot be written: %s", path, output_file_why());
}

static alc_status score_row(score *k, const work_row *row)
{
    const size_t values = (size_t)(k->study->count * k->study->class_count);
    judged_row *judged;
    gathered g = {.all = calloc(values, sizeof(alc_real)), .part = calloc(values, sizeof(alc_real)), .single = json_array()};
    alc_status status = g.all && g.part && g.single ? new_row(k, row->name, row->division, &judged) : no_memory(k);
    if (status == ALC_OK)
        status = gather(k, row, judged, &g);
    if (status == ALC_OK)
        status = judge_row(k, judged, NULL, row_as_json(k, row, &g));
    if (status == ALC_OK)
        status = write_predictions(k, judged);
    free_gathered(&g);
    return status;
}

/* ---- all of them ---- */

static alc_status list_tested(score *k)
{
    const study *s = k->study;
    k->models = json_array();
    k->tested = calloc((size_t)s->count, sizeof *k->tested);
    k->labels = calloc((size_t)s->count, sizeof *k->labels);
    if (!k->models || !k->tested || !k->labels)
        return no_memory(k);
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
        if (comparable && is_complete(k, &w->rows[i]))
            status = score_row(k, &w->rows[i]);
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
    return same ? ALC_OK : study_fail(k->study, ALC_MISMATCH, "%s: is about other objects or classes than the experiment", file->path);
}

alc_status score_add_file(score *k, const char *name, const char *path, json_t *more)
{
    prediction_file file;
    judged_row *row;
    alc_status status = prediction_file_read(k->study->context, path, &file, k->study->message, sizeof k->study->message);
    if (status == ALC_OK)
        status = new_row(k, name, DIVISION_MAIN, &row);
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
        return no_memory(k);
    }
    memcpy(predictions, row->predictions, (size_t)k->tested_count * sizeof *predictions);
    status = judge_row(k, row, predictions, more);
    free(predictions);
    return status;
}
