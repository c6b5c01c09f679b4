/* report_json.c - all figures of an experiment in one object: what was done on which objects, every model, every comparison, and
 * the objects that the best fusion takes for something else. */
#include <stdlib.h>
#include <string.h>

#include "common/figures_json.h"
#include "common/json_text.h"
#include "sky_experiment/column_check.h"
#include "sky_experiment/score.h"

enum { MOST_MISTAKES = 24 };

static const char *kind_of(const score *k, int row)
{
    return json_string_value(json_object_get(json_array_get(k->models, (size_t)row), "kind"));
}

static bool is_fused(const score *k, int row)
{
    const char *kind = kind_of(k, row);
    return k->rows[row].division == DIVISION_MAIN &&
           (strcmp(kind, "joint") == 0 || strcmp(kind, "late") == 0 || strcmp(kind, "stacked") == 0);
}

static bool is_single(const score *k, int row)
{
    const char *kind = kind_of(k, row);
    return k->rows[row].division == DIVISION_MAIN && (strcmp(kind, "table") == 0 || strcmp(kind, "image") == 0);
}

/* The row with the highest accuracy among those that `belongs`; -1 if there is none. */
static int best_row(const score *k, bool (*belongs)(const score *, int))
{
    int best = -1;
    for (int i = 0; i < k->row_count; i++)
        if (belongs(k, i) && (best < 0 || k->rows[i].metrics->accuracy.value > k->rows[best].metrics->accuracy.value))
            best = i;
    return best;
}

/* ---- data ---- */

static json_t *classes_as_json(const score *k)
{
    const study *s = k->study;
    json_t *classes = json_array();
    for (int64_t c = 0; c < s->class_count; c++) {
        int64_t of_class = 0;
        for (int64_t i = 0; i < s->count; i++)
            of_class += alc_dataset_label(s->objects, i) == c;
        const double weight = s->options->class_weights ? (double)s->count / ((double)s->class_count * (double)of_class) : 1;
        json_array_append_new(classes, json_pack("{s:s, s:I, s:f, s:f}", "name", s->classes[c], "objects", (json_int_t)of_class,
                                                 "weight", weight, "effective_objects", weight * (double)of_class));
    }
    return classes;
}

static json_t *division_as_json(const study *s, int division)
{
    json_t *sizes = json_array();
    int64_t largest = 0, *members = calloc((size_t)s->group_count[division], sizeof *members);
    for (int64_t i = 0; members && i < s->count; i++)
        if (++members[s->groups[division][i]] > largest)
            largest = members[s->groups[division][i]];
    free(members);
    for (int64_t fold = 0; fold < s->options->folds; fold++)
        json_array_append_new(sizes, json_integer(s->folds[division][fold].test_count));
    const char *column = division == DIVISION_ALSO ? s->options->also_group : s->options->group;
    return json_pack("{s:s, s:I, s:I, s:o, s:s}", "split", s->split_hash[division], "groups",
                     (json_int_t)s->group_count[division], "largest_group", (json_int_t)largest, "fold_sizes", sizes,
                     "group_column", column ? column : "");
}

static json_t *data_as_json(const score *k)
{
    const study *s = k->study;
    json_t *features = json_array(), *divisions = json_array(), *dropped = json_array();
    for (int i = 0; i < s->feature_count; i++)
        json_array_append_new(features, json_string(s->features[i]));
    for (int d = 0; d < s->divisions; d++)
        json_array_append_new(divisions, division_as_json(s, d));
    for (int64_t i = 0; i < alc_dataset_dropped_count(s->objects); i++) {
        const alc_dropped_row row = alc_dataset_dropped(s->objects, i);
        json_array_append_new(dropped, json_pack("{s:I, s:s}", "row", (json_int_t)row.row + 1, "reason", row.reason));
    }
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "table", json_text(s->options->table), "rows",
                     (json_int_t)alc_table_rows(s->table), "objects", (json_int_t)s->count, "tested_objects",
                     (json_int_t)k->tested_count, "classes", classes_as_json(k), "features", features, "divisions", divisions,
                     "dropped", dropped, "deciding_columns", columns_that_decide(s), "image_height",
                     (json_int_t)alc_dataset_source_height(s->objects), "image_width",
                     (json_int_t)alc_dataset_source_width(s->objects));
}

/* ---- comparisons ---- */

static json_t *pair_as_json(const score *k, int a, int b, const alc_paired_metrics *paired)
{
    json_t *pair = json_pack("{s:s, s:s}", "a", k->rows[a].name, "b", k->rows[b].name);
    json_object_update_new(pair, paired_as_json(paired));
    return pair;
}

static json_t *compare(const score *k, int a, int b)
{
    alc_paired_metrics paired;
    if (alc_metrics_compare(k->study->context, k->tested_count, k->study->class_count, k->labels, k->rows[a].predictions,
                            k->rows[b].predictions, 0, &paired))
        return NULL;
    return pair_as_json(k, a, b, &paired);
}

/* Whether a pair is worth telling: both of one division, or the same model in both. */
static bool is_told(const score *k, int a, int b)
{
    const bool also = k->rows[a].division == DIVISION_ALSO || k->rows[b].division == DIVISION_ALSO;
    const bool counterparts =
        strncmp(k->rows[b].name, "also-", 5) == 0 && strcmp(k->rows[b].name + 5, k->rows[a].name) == 0;
    return !also || counterparts || k->rows[a].division == k->rows[b].division;
}

/* Every pair of models of the main division, and those of the other with the same ones. */
static json_t *pairs_as_json(const score *k)
{
    const size_t count = (size_t)k->row_count;
    const int32_t **predictions = malloc((count + 1) * sizeof *predictions);
    alc_paired_metrics *paired = malloc((count * count + 1) * sizeof *paired);
    json_t *pairs = NULL;
    for (int row = 0; predictions && row < k->row_count; row++)
        predictions[row] = k->rows[row].predictions;
    if (predictions && paired &&
        alc_metrics_compare_all(k->study->context, k->tested_count, k->study->class_count, k->labels, k->row_count, predictions,
                                0, paired) == ALC_OK) {
        const alc_paired_metrics *next = paired;
        pairs = json_array();
        for (int a = 0; a < k->row_count; a++)
            for (int b = a + 1; b < k->row_count; b++, next++)
                if (is_told(k, a, b))
                    json_array_append_new(pairs, pair_as_json(k, a, b, next));
    }
    free(paired);
    free(predictions);
    return pairs;
}

static json_t *fusion_as_json(const score *k)
{
    const int fused = best_row(k, is_fused), single = best_row(k, is_single);
    if (fused < 0 || single < 0)
        return json_null();
    json_t *pair = compare(k, fused, single);
    double low = 0, high = 0;
    json_unpack(pair, "{s:{s:F, s:F}}", "accuracy_difference", "low", &low, "high", &high);
    json_object_set_new(pair, "verdict", json_string(low > 0 ? "better" : high < 0 ? "worse" : "cannot be told apart"));
    return pair;
}

/* ---- mistakes ---- */

typedef struct mistake {
    double confidence;
    int64_t place;
} mistake;

static int compare_mistakes(const void *a, const void *b)
{
    const mistake *x = a, *y = b;
    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static json_t *probabilities_as_json(const score *k, int row, int64_t place)
{
    json_t *p = json_object();
    for (int64_t c = 0; c < k->study->class_count; c++)
        json_object_set_new(p, k->study->classes[c],
                            json_real((double)k->rows[row].probabilities[place * k->study->class_count + c]));
    return p;
}

static json_t *mistake_as_json(const score *k, int row, int single, int64_t place)
{
    const study *s = k->study;
    const int64_t object = k->tested[place], table_row = alc_dataset_row(s->objects, object);
    const int64_t image = alc_table_find_column(s->table, "image");
    json_t *values = json_object(), *models = json_object();
    for (int i = 0; i < s->feature_count; i++) {
        const int64_t column = alc_table_find_column(s->table, s->features[i]);
        if (column >= 0)
            json_object_set_new(values, s->features[i], json_string(alc_table_cell(s->table, table_row, column)));
    }
    json_object_set_new(models, k->rows[row].name, probabilities_as_json(k, row, place));
    if (single >= 0 && single != row)
        json_object_set_new(models, k->rows[single].name, probabilities_as_json(k, single, place));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", alc_dataset_id(s->objects, object), "label",
                     s->classes[k->labels[place]], "predicted", s->classes[k->rows[row].predictions[place]], "image",
                     s->images && image >= 0 ? alc_table_cell(s->table, table_row, image) : "", "values", values, "probabilities",
                     models);
}

/* Of the best fusion (or single model), the most confident first. */
static json_t *mistakes_as_json(const score *k)
{
    const int fused = best_row(k, is_fused), single = best_row(k, is_single), row = fused >= 0 ? fused : single;
    json_t *shown = json_array();
    int64_t count = 0;
    mistake *all = calloc((size_t)k->tested_count, sizeof *all);
    if (row < 0 || !all) {
        free(all);
        return json_pack("{s:s, s:i, s:o}", "model", "", "count", 0, "shown", shown);
    }
    for (int64_t i = 0; i < k->tested_count; i++) {
        const int32_t predicted = k->rows[row].predictions[i];
        if (predicted != k->labels[i])
            all[count++] = (mistake){(double)k->rows[row].probabilities[i * k->study->class_count + predicted], i};
    }
    qsort(all, (size_t)count, sizeof *all, compare_mistakes);
    for (int64_t i = 0; i < count && i < MOST_MISTAKES; i++)
        json_array_append_new(shown, mistake_as_json(k, row, single, all[i].place));
    free(all);
    return json_pack("{s:s, s:I, s:o}", "model", k->rows[row].name, "count", (json_int_t)count, "shown", shown);
}

static json_t *machine_as_json(const study *s)
{
    return json_pack("{s:s, s:i, s:s}", "isa", alc_isa_name(alc_context_isa(s->context)), "threads",
                     alc_context_threads(s->context), "image_decoder", alc_image_decoder_name());
}

json_t *score_report(score *k, json_t *further)
{
    json_t *pairs = pairs_as_json(k);
    if (!pairs) {
        json_decref(further);
        return NULL;
    }
    json_t *report =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:O, s:o, s:o, s:o}", "program", "sky_experiment", "version", alc_version(),
                  "machine", machine_as_json(k->study), "data", data_as_json(k), "plan", work_as_json(k->study, k->work),
                  "models", k->models, "pairs", pairs, "fusion", fusion_as_json(k), "mistakes", mistakes_as_json(k));
    if (report)
        json_object_update_new(report, further);
    else
        json_decref(further);
    return report;
}
