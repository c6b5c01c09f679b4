/* unit_file.c - results of units as JSON files. Nine digits give back the same float. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/input_file.h"
#include "common/json_file.h"
#include "common/output_file.h"
#include "sky_experiment/unit.h"

/* Some roundings above 1. */
#define LARGEST_PROBABILITY 1.001

static json_t *rows_as_json(const alc_real *values, int64_t count, int64_t classes)
{
    json_t *rows = json_array();
    for (int64_t i = 0; i < count; i++) {
        json_t *row = json_array();
        for (int64_t c = 0; c < classes; c++)
            json_array_append_new(row, json_real((double)values[i * classes + c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *curve_as_json(const study *s, const network_task *task, const network_result *r)
{
    const int64_t values = task->test_count * s->class_count;
    json_t *curve = json_array();
    for (int64_t e = 0; e < r->epoch_count; e++) {
        json_t *epoch = json_pack("{s:f, s:f}", "loss", r->epochs[e].loss, "accuracy", r->epochs[e].accuracy);
        if (task->validation && !task->no_validation_epochs)
            json_object_set_new(epoch, "validation_balanced_accuracy", json_real(r->epochs[e].validation_balanced_accuracy));
        if (r->test_epochs)
            json_object_set_new(epoch, "test", rows_as_json(r->test_epochs + e * values, task->test_count, s->class_count));
        json_array_append_new(curve, epoch);
    }
    return curve;
}

alc_status unit_write(study *s, const char *name, const network_task *task, const network_result *r, json_t *more)
{
    char path[4096], hash[SPLIT_HASH_SIZE] = "";
    output_file file;
    unit_path(s, name, path, sizeof path);
    if (task->weights)
        hash_file(task->weights, hash);
    json_t *unit =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:o, s:o, s:f, s:f, s:I, s:I}", "unit", name, "split",
                  s->split_hash[DIVISION_MAIN], "size", (json_int_t)task->size, "values", (json_int_t)r->values, "trained_values",
                  (json_int_t)r->trained_values, "plan_bytes", (json_int_t)r->plan_bytes, "weights_hash", hash, "curve",
                  curve_as_json(s, task, r), "test", rows_as_json(r->test, task->test_count, s->class_count), "train_seconds",
                  r->train_seconds, "predict_seconds", r->predict_seconds, "trained_samples", (json_int_t)r->trained_samples,
                  "predicted_samples", (json_int_t)r->predicted_samples);
    json_object_update(unit, more);
    json_decref(more);
    bool good = unit && output_file_open(&file, path);
    if (good && json_dumpf(unit, file.stream, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0)
        good = output_file_commit(&file);
    else if (good)
        output_file_cancel(&file), good = false;
    json_decref(unit);
    return good ? ALC_OK : study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
}

alc_status unit_read(study *s, const char *name, json_t **unit)
{
    char path[4096], why[512];
    unit_path(s, name, path, sizeof path);
    *unit = json_file_read(path, why, sizeof why);
    if (!*unit)
        return study_fail(s, ALC_BAD_FILE, "%s: %s; remove it, and it is done again", path, why);
    const char *split = json_string_value(json_object_get(*unit, "split"));
    if (split && strcmp(split, s->split_hash[DIVISION_MAIN]) == 0)
        return ALC_OK;
    json_decref(*unit);
    *unit = NULL;
    return study_fail(s, ALC_MISMATCH, "%s: is of another experiment; take another --output", path);
}

bool unit_probabilities(const json_t *unit, const char *name, int64_t count, int64_t classes, alc_real *values)
{
    const json_t *rows = json_object_get(unit, name);
    if (json_array_size(rows) != (size_t)count)
        return false;
    for (int64_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(rows, (size_t)i);
        if (json_array_size(row) != (size_t)classes)
            return false;
        for (int64_t c = 0; c < classes; c++) {
            const json_t *value = json_array_get(row, (size_t)c);
            const double probability = json_number_value(value);
            if (!json_is_number(value) || probability < 0 || probability > LARGEST_PROBABILITY)
                return false;
            values[i * classes + c] = (alc_real)probability;
        }
    }
    return true;
}
