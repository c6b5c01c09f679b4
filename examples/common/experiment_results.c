/* experiment_results.c - what came of a training: the test part's figures, shown and written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/json.h"
#include "common/experiment.h"
#include "common/input_file.h"
#include "common/json_text.h"
#include "common/output_file.h"
#include "common/predictions.h"
#include "common/stop_signal.h"

static alc_status judge(experiment *e, const alc_real *probabilities, const int64_t *indices, int64_t count)
{
    int32_t *labels = calloc((size_t)count, sizeof *labels);
    if (!labels)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    for (int64_t i = 0; i < count; i++)
        labels[i] = (int32_t)alc_dataset_label(e->dataset, indices[i]);
    const alc_status status = alc_metrics_compute(e->context, count, e->card.network.classes, labels, probabilities,
                                                  e->options.seed, &e->metrics);
    free(labels);
    return status;
}

static alc_status predict_test_part(experiment *e, alc_real *probabilities)
{
    return alc_predict((alc_predict_options){.plan = e->evaluation_plan,
                                             .probabilities = e->classifier.probabilities,
                                             .loader = e->test_loader,
                                             .views = (int)e->card.views,
                                             .stop = stop_signal_received},
                       probabilities, NULL);
}

static alc_status show(experiment *e)
{
    char *text;
    const alc_status status = alc_metrics_text(e->metrics, e->card.classes, &text);
    if (status)
        return status;
    printf("\nTest part: %s", text);
    alc_release_text(e->context, text);
    return ALC_OK;
}

static json_t *data_as_json(const experiment *e)
{
    json_t *dropped = json_array(), *classes = json_array(), *parts = json_object();
    static const char *const names[] = {"training", "validation", "test"};
    for (int64_t i = 0; i < alc_dataset_dropped_count(e->dataset); i++) {
        const alc_dropped_row row = alc_dataset_dropped(e->dataset, i);
        json_array_append_new(dropped, json_pack("{s:I, s:s}", "row", (json_int_t)row.row + 1, "reason", row.reason));
    }
    for (int64_t c = 0; c < e->card.network.classes; c++)
        json_array_append_new(classes, json_string(e->card.classes[c]));
    for (int part = 0; part < ALC_PART_COUNT; part++) {
        int64_t count;
        alc_split_indices(e->split, (alc_part)part, &count);
        json_object_set_new(parts, names[part], json_integer(count));
    }
    return json_pack("{s:o, s:I, s:I, s:o, s:o, s:o}", "table", json_text(e->options.table), "rows",
                     (json_int_t)alc_table_rows(e->table), "samples", (json_int_t)alc_dataset_count(e->dataset),
                     "dropped", dropped, "classes", classes, "parts", parts);
}

/* `metrics` becomes the report's. */
static json_t *report_as_json(const experiment *e, json_t *metrics)
{
    json_t *model = json_pack("{s:s, s:I, s:I, s:I}", "name", alc_classifier_name(&e->card.network), "values",
                              (json_int_t)alc_model_total_values(e->model), "trained_values",
                              (json_int_t)alc_model_trainable_values(e->model), "views", (json_int_t)e->card.views);
    json_t *training = json_pack("{s:I, s:f, s:f, s:I}", "steps", (json_int_t)e->state.step, "seconds",
                                 e->train_seconds, "samples_per_second",
                                 e->train_seconds > 0 ? (double)e->progress.samples_done / e->train_seconds : 0.0,
                                 "best_validation_epoch", (json_int_t)e->state.best_epoch);
    return json_pack("{s:s, s:s, s:s, s:i, s:O, s:o, s:o, s:o, s:o}", "program", e->options.kind->name, "version",
                     alc_version(), "isa", alc_isa_name(alc_context_isa(e->context)), "threads",
                     alc_context_threads(e->context), "settings", e->settings, "data", data_as_json(e), "model",
                     model, "training", training, "test", metrics);
}

static alc_status write_report(experiment *e)
{
    char *text;
    json_t *metrics;
    output_file file;
    alc_status status = alc_metrics_json(e->metrics, e->card.classes, &text);
    if (status)
        return status;
    status = alc_json_read(e->context, text, "the metrics", &metrics);
    alc_release_text(e->context, text);
    if (status)
        return status;
    json_t *report = report_as_json(e, metrics);
    bool good = report && output_file_open(&file, e->options.report);
    if (good) {
        good = json_dumpf(report, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 &&
               fputc('\n', file.stream) != EOF;
        if (good)
            good = output_file_commit(&file);
        else
            output_file_cancel(&file);
    }
    json_decref(report);
    if (good)
        return ALC_OK;
    return experiment_fail(e, ALC_IO_ERROR, "%s: cannot write the report: %s", e->options.report, file_why());
}

alc_status experiment_report(experiment *e)
{
    int64_t count;
    const int64_t *indices = alc_split_indices(e->split, ALC_PART_TEST, &count);
    alc_real *probabilities = calloc((size_t)(count * e->card.network.classes), sizeof *probabilities);
    if (!probabilities)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    alc_status status = predict_test_part(e, probabilities);
    if (status == ALC_OK)
        status = judge(e, probabilities, indices, count);
    if (status == ALC_OK)
        status = show(e);
    if (status == ALC_OK && e->options.predictions &&
        !predictions_write(e->options.predictions, e->dataset, indices, count, probabilities))
        status = experiment_fail(e, ALC_IO_ERROR, "%s: cannot write predictions: %s", e->options.predictions,
                                 file_why());
    if (status == ALC_OK && e->options.report)
        status = write_report(e);
    free(probabilities);
    return status;
}
