/* study.c - from a table to objects in folds. */
#include "sky_experiment/study.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/input_file.h"
#include "common/output_file.h"
#include "common/stop_signal.h"
#include "common/write_field.h"
#include "sky_experiment/feature_rules.h"

/* The part of a fold's training part that is held back where a judgement is learnt. */
#define HELD_SHARE 0.25
#define FEWEST_OF_A_CLASS 3

alc_status study_fail(study *s, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->message, sizeof s->message, format, arguments);
    va_end(arguments);
    return status;
}

const char *study_message(const study *s)
{
    return s->message[0] || !s->context ? s->message : alc_error_message(s->context);
}

/* ---- hashes ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ p[i]) * 0x100000001b3ULL;
    return hash;
}

#define HASH_START 0xcbf29ce484222325ULL

void hash_text(const char *text, char hash[SPLIT_HASH_SIZE])
{
    snprintf(hash, SPLIT_HASH_SIZE, "%016llx", (unsigned long long)hash_bytes(HASH_START, text, strlen(text)));
}

void hash_file(const char *path, char hash[SPLIT_HASH_SIZE])
{
    unsigned char buffer[65536];
    uint64_t value = HASH_START;
    size_t count;
    FILE *file = fopen(path, "rb");
    hash[0] = '\0';
    if (!file)
        return;
    while ((count = fread(buffer, 1, sizeof buffer, file)) > 0)
        value = hash_bytes(value, buffer, count);
    if (!ferror(file))
        snprintf(hash, SPLIT_HASH_SIZE, "%016llx", (unsigned long long)value);
    fclose(file);
}

void hash_images(const study *s, char hash[SPLIT_HASH_SIZE])
{
    const int64_t size = alc_dataset_image_size(s->objects);
    uint64_t value = HASH_START;
    for (int64_t i = 0; i < s->count; i++)
        value = hash_bytes(value, alc_dataset_pixels(s->objects, i), (size_t)(size * size * 3));
    snprintf(hash, SPLIT_HASH_SIZE, "%016llx", (unsigned long long)value);
}

/* ---- features ---- */

static bool allowed(const study *s, const char *name)
{
    for (int i = 0; i < s->options->allow.count; i++)
        if (strcmp(s->options->allow.names[i], name) == 0)
            return true;
    return false;
}

static alc_status check_column(study *s, const char *feature, const char *column)
{
    const char *label = s->options->label ? s->options->label : "class";
    const char *reason = feature_refusal(column);
    if (strcmp(column, label) == 0)
        return study_fail(s, ALC_INVALID_ARGUMENT, "--features %s: it is the label", feature);
    if (reason && !allowed(s, column))
        return study_fail(s, ALC_INVALID_ARGUMENT, "--features %s: %s%s%s is refused: %s; --allow %s takes it all the same",
                          feature, strcmp(column, feature) ? "\"" : "", strcmp(column, feature) ? column : "it",
                          strcmp(column, feature) ? "\"" : "", reason, column);
    return ALC_OK;
}

/* "u-g" is a column of that name or a difference of two; each of them is looked at. */
static alc_status check_feature(study *s, const char *feature)
{
    char left[256];
    alc_status status = ALC_OK;
    if (alc_table_find_column(s->table, feature) >= 0)
        return check_column(s, feature, feature);
    for (const char *dash = strchr(feature, '-'); dash && status == ALC_OK; dash = strchr(dash + 1, '-')) {
        snprintf(left, sizeof left, "%.*s", (int)(dash - feature), feature);
        if (alc_table_find_column(s->table, left) < 0 || alc_table_find_column(s->table, dash + 1) < 0)
            continue;
        status = check_column(s, feature, left);
        return status == ALC_OK ? check_column(s, feature, dash + 1) : status;
    }
    return study_fail(s, ALC_NOT_FOUND, "--features %s: %s has no such column, nor two with that difference", feature,
                      s->options->table);
}

static alc_status choose_features(study *s)
{
    static const char *const usual[] = {"u", "g", "r", "i", "z", "u-g", "g-r", "r-i", "i-z"};
    const name_list *given = &s->options->features;
    alc_status status = ALC_OK;
    s->feature_count = given->count ? given->count : (int)(sizeof usual / sizeof usual[0]);
    for (int i = 0; i < s->feature_count; i++)
        s->features[i] = given->count ? given->names[i] : usual[i];
    for (int i = 0; i < 5 && !given->count; i++)
        if (alc_table_find_column(s->table, usual[i]) < 0)
            return study_fail(s, ALC_NOT_FOUND, "%s: has no columns u, g, r, i, z; name others with --features",
                              s->options->table);
    for (int i = 0; i < s->feature_count && status == ALC_OK; i++)
        status = check_feature(s, s->features[i]);
    return status;
}

/* ---- objects ---- */

static alc_status read_objects(study *s, int64_t size, alc_dataset **objects)
{
    const configuration *c = s->options;
    return alc_dataset_create(s->table,
                              (alc_dataset_options){.label = c->label,
                                                    .id = c->id,
                                                    .images = size > 0,
                                                    .image_folder = c->images,
                                                    .crop = size > 0 ? c->crop : 0,
                                                    .size = size,
                                                    .stop = stop_signal_received},
                              objects);
}

static alc_status check_classes(study *s)
{
    int64_t *counts = calloc((size_t)s->class_count, sizeof *counts);
    s->classes = calloc((size_t)s->class_count, sizeof *s->classes);
    if (!counts || !s->classes) {
        free(counts);
        return study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    }
    alc_dataset_class_counts(s->objects, NULL, 0, counts);
    alc_status status = ALC_OK;
    for (int64_t c = 0; c < s->class_count && status == ALC_OK; c++) {
        s->classes[c] = alc_dataset_class_name(s->objects, c);
        if (counts[c] < FEWEST_OF_A_CLASS)
            status = study_fail(
                s, ALC_MISMATCH, "%s: class \"%s\" has %lld object%s; at least %d are needed to train, choose and test",
                s->options->table, s->classes[c], (long long)counts[c], counts[c] == 1 ? "" : "s", FEWEST_OF_A_CLASS);
    }
    free(counts);
    return status;
}

static alc_status open_objects(study *s)
{
    s->images = s->options->backbone_count + s->options->sweep_count > 0;
    const alc_status status = read_objects(s, s->images ? s->options->size : 0, &s->objects);
    if (status)
        return status;
    s->count = alc_dataset_count(s->objects);
    s->class_count = alc_dataset_class_count(s->objects);
    return check_classes(s);
}

/* ---- folds ---- */

static alc_status group_objects(study *s, int division)
{
    const configuration *c = s->options;
    alc_group_options options = {
        .column = division == DIVISION_ALSO ? c->also_group : c->group, .radius = c->radius, .equal_images = s->images};
    if (c->position.count == 2) {
        options.right_ascension = c->position.names[0];
        options.declination = c->position.names[1];
    } else if (alc_table_find_column(s->table, "ra") >= 0 && alc_table_find_column(s->table, "dec") >= 0) {
        options.right_ascension = "ra";
        options.declination = "dec";
    }
    s->groups[division] = calloc((size_t)s->count, sizeof(int64_t));
    s->fold_of[division] = calloc((size_t)s->count, sizeof(int64_t));
    s->folds[division] = calloc((size_t)c->folds, sizeof(fold_parts));
    if (!s->groups[division] || !s->fold_of[division] || !s->folds[division])
        return study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    return alc_dataset_groups(s->objects, options, s->groups[division], &s->group_count[division]);
}

static alc_status open_fold(study *s, int division, int64_t fold)
{
    fold_parts *parts = &s->folds[division][fold];
    alc_fold_options options = {
        .seed = s->options->split_seed, .folds = s->options->folds, .fold = fold, .groups = s->groups[division]};
    alc_status status = alc_split_create_fold(s->objects, options, &parts->split);
    options.validation = HELD_SHARE;
    if (status == ALC_OK)
        status = alc_split_create_fold(s->objects, options, &parts->inner_split);
    if (status)
        return status;
    parts->train = alc_split_indices(parts->split, ALC_PART_TRAIN, &parts->train_count);
    parts->test = alc_split_indices(parts->split, ALC_PART_TEST, &parts->test_count);
    parts->inner = alc_split_indices(parts->inner_split, ALC_PART_TRAIN, &parts->inner_count);
    parts->held = alc_split_indices(parts->inner_split, ALC_PART_VALIDATION, &parts->held_count);
    for (int64_t i = 0; i < parts->test_count; i++)
        s->fold_of[division][parts->test[i]] = fold;
    return parts->test_count > 0 ? ALC_OK
                                 : study_fail(s, ALC_MISMATCH, "fold %lld of %lld would be empty: too few groups of objects",
                                              (long long)fold + 1, (long long)s->options->folds);
}

static alc_status divide(study *s, int division)
{
    char all[100 * SPLIT_HASH_SIZE + 1] = "";
    alc_status status = group_objects(s, division);
    for (int64_t fold = 0; fold < s->options->folds && status == ALC_OK; fold++) {
        status = open_fold(s, division, fold);
        if (status == ALC_OK)
            strncat(all, alc_split_hash(s->folds[division][fold].split), SPLIT_HASH_SIZE);
    }
    hash_text(all, s->split_hash[division]);
    return status;
}

static alc_status open_context(study *s)
{
    return alc_context_create(machine_context_options(&s->options->machine, s->message, sizeof s->message), &s->context);
}

alc_status study_open(study *s, const configuration *options)
{
    s->options = options;
    alc_status status = open_context(s);
    if (status == ALC_OK)
        status = alc_table_read(s->context, options->table, (alc_table_options){.missing = options->missing}, &s->table);
    if (status == ALC_OK)
        status = choose_features(s);
    if (status == ALC_OK)
        status = open_objects(s);
    s->divisions = options->also_group ? 2 : 1;
    for (int d = 0; d < s->divisions && status == ALC_OK; d++)
        status = divide(s, d);
    return status;
}

void study_free(study *s)
{
    alc_dataset_destroy(s->sized);
    for (int d = 0; d < s->divisions; d++) {
        for (int64_t fold = 0; s->folds[d] && fold < s->options->folds; fold++) {
            alc_split_destroy(s->folds[d][fold].split);
            alc_split_destroy(s->folds[d][fold].inner_split);
        }
        free(s->folds[d]);
        free(s->fold_of[d]);
        free(s->groups[d]);
    }
    free(s->classes);
    json_decref(s->inputs);
    alc_dataset_destroy(s->objects);
    alc_table_destroy(s->table);
    alc_context_destroy(s->context);
}

/* ---- for others ---- */

alc_status study_write_split(study *s)
{
    char path[4096];
    output_file file;
    snprintf(path, sizeof path, "%s/split.csv", s->options->output);
    if (!output_file_open(&file, path))
        return study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
    fprintf(file.stream, "id,label,fold,group%s\n", s->divisions > 1 ? ",also_fold,also_group" : "");
    for (int64_t i = 0; i < s->count; i++) {
        write_field(file.stream, "", alc_dataset_id(s->objects, i));
        fputc(',', file.stream);
        write_field(file.stream, "", alc_dataset_label_text(s->objects, i));
        for (int d = 0; d < s->divisions; d++)
            fprintf(file.stream, ",%lld,%lld", (long long)s->fold_of[d][i] + 1, (long long)s->groups[d][i]);
        fputc('\n', file.stream);
    }
    if (!output_file_commit(&file))
        return study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
    return ALC_OK;
}

alc_status study_blind(study *s, int division, int64_t fold, int64_t size, alc_dataset **blind)
{
    const alc_dataset *seen = s->objects;
    const fold_parts *parts = &s->folds[division][fold];
    alc_status status = ALC_OK;
    if (size > 0 && size != alc_dataset_image_size(s->objects)) {
        if (!s->sized || alc_dataset_image_size(s->sized) != size) {
            alc_dataset_destroy(s->sized);
            s->sized = NULL;
            status = read_objects(s, size, &s->sized);
        }
        seen = s->sized;
    }
    return status == ALC_OK ? alc_dataset_hide_labels(seen, parts->test, parts->test_count, blind) : status;
}
