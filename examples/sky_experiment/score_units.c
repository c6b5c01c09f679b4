/* score_units.c - a row's predictions, curve and cost from the files of its units. */
#include "sky_experiment/score_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/input_file.h"
#include "common/output_file.h"
#include "common/predictions.h"

/* What is gathered while a row's units are read. */
typedef struct gathered {
    alc_real *all, *part; /* [objects][classes] of one seed; of one unit */
    json_t *first;        /* the first unit: what is the same in all */
    json_t *single;       /* accuracy and balanced accuracy of each seed */
    double train_seconds, predict_seconds, trained, predicted;
    alc_real *curve;             /* [epochs][objects][classes] of the first seed */
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
static bool take_probabilities(const score *k, const json_t *list, const char *name, const fold_parts *parts, alc_real *part,
                               alc_real *all)
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
    return good ? ALC_OK
                : study_fail(k->study, ALC_BAD_FILE, "%s/units/%s.json: does not hold this fold's predictions; remove it",
                             k->study->options->output, unit->name);
}

/* Accuracy and balanced accuracy of probabilities at their objects' places, without intervals. */
static json_t *quick_figures(const score *k, const alc_real *all)
{
    const int64_t classes = k->study->class_count;
    int64_t hits = 0, with_labels = 0, *of_class = calloc((size_t)(2 * classes), sizeof *of_class);
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
    for (int64_t c = 0; of_class && c < classes; c++) {
        recalls += of_class[2 * c] ? (double)of_class[2 * c + 1] / (double)of_class[2 * c] : 0;
        with_labels += of_class[2 * c] > 0; /* a budget's folds may lack a class */
    }
    free(of_class);
    return json_pack("{s:f, s:f}", "accuracy", (double)hits / (double)k->tested_count, "balanced_accuracy",
                     with_labels ? recalls / (double)with_labels : 0.0);
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
    json_t *more =
        json_pack("{s:s, s:s, s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:o, s:O}", "kind", kinds[row->kind], "backbone",
                  row->backbone ? row->backbone->name : "", "division", row->division == DIVISION_ALSO ? "also" : "main", "start",
                  row->weights ? "weights" : "random", "size", json_object_get(g->first, "size"), "values",
                  json_object_get(g->first, "values"), "trained_values", json_object_get(g->first, "trained_values"),
                  "plan_bytes", json_object_get(g->first, "plan_bytes"), "weights_hash",
                  json_object_get(g->first, "weights_hash"), "curve", curve_as_json(k, g), "single_seeds", g->single);
    json_object_update_new(more, json_pack("{s:f, s:f, s:f}", "train_seconds", g->train_seconds, "train_samples_per_second",
                                           g->trained / (g->train_seconds + 1e-9), "predict_samples_per_second",
                                           g->predicted / (g->predict_seconds + 1e-9)));
    return more;
}

bool score_is_complete(const score *k, const work_row *row)
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
               : study_fail(k->study, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
}

alc_status score_add_units(score *k, const work_row *row)
{
    const size_t values = (size_t)(k->study->count * k->study->class_count);
    judged_row *judged;
    gathered g = {.all = calloc(values, sizeof(alc_real)), .part = calloc(values, sizeof(alc_real)), .single = json_array()};
    alc_status status = g.all && g.part && g.single ? score_new_row(k, row->name, row->division, &judged) : score_no_memory(k);
    if (status == ALC_OK)
        status = gather(k, row, judged, &g);
    if (status == ALC_OK)
        status = score_judge(k, judged, NULL, row_as_json(k, row, &g));
    if (status == ALC_OK)
        status = write_predictions(k, judged);
    free_gathered(&g);
    return status;
}
