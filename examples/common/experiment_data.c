/* experiment_data.c - from the command line to samples in three parts. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/experiment.h"
#include "common/stop_signal.h"

#define DROPPED_LINES 20

alc_status experiment_fail(experiment *e, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->message, sizeof e->message, format, arguments);
    va_end(arguments);
    return status;
}

const char *experiment_message(const experiment *e)
{
    return e->message[0] || !e->context ? e->message : alc_error_message(e->context);
}

static void show_log(void *user, const char *line)
{
    const experiment *e = user;
    fprintf(stderr, "%s: %s\n", e->options.kind->name, line);
}

static alc_status make_context(experiment *e)
{
    alc_context_options options = machine_context_options(&e->options.machine, e->message, sizeof e->message);
    options.seed = e->options.seed;
    options.log = show_log;
    options.log_user = e;
    return alc_context_create(options, &e->context);
}

/* Magnitudes and their colours, where the table has all of them. */
static alc_status choose_features(experiment *e)
{
    static const char *const magnitudes[] = {"u", "g", "r", "i", "z"};
    static const char *const colours[] = {"u-g", "g-r", "r-i", "i-z"};
    trainer_options *o = &e->options;
    if (!(o->kind->uses & USES_TABLE) || o->feature_count > 0)
        return ALC_OK;
    for (int i = 0; i < 5; i++) {
        if (alc_table_find_column(e->table, magnitudes[i]) < 0)
            return experiment_fail(e, ALC_NOT_FOUND, "%s: has no columns u, g, r, i, z; name others with --features",
                                   o->table);
        o->features[o->feature_count++] = magnitudes[i];
    }
    for (int i = 0; i < 4; i++)
        o->features[o->feature_count++] = colours[i];
    return ALC_OK;
}

/* The class itself, or a difference that it has a part in, would be all that is learnt. */
static alc_status check_features(experiment *e)
{
    const trainer_options *o = &e->options;
    const char *name = o->label ? o->label : "class";
    const int64_t label = alc_table_find_column(e->table, name);
    int64_t columns[2];
    for (int64_t i = 0; i < o->feature_count && label >= 0; i++)
        if (alc_table_find_feature(e->table, o->features[i], columns) && (columns[0] == label || columns[1] == label))
            return experiment_fail(e, ALC_INVALID_ARGUMENT, "--features %s: %s is the label", o->features[i], name);
    return ALC_OK;
}

static void show_dropped(const experiment *e)
{
    const int64_t dropped = alc_dataset_dropped_count(e->dataset);
    for (int64_t i = 0; i < dropped && i < DROPPED_LINES; i++) {
        const alc_dropped_row row = alc_dataset_dropped(e->dataset, i);
        printf("%s: row %lld left out: %s\n", e->options.table, (long long)row.row + 1, row.reason);
    }
    if (dropped > DROPPED_LINES)
        printf("%s: %lld more rows left out; --report lists all\n", e->options.table,
               (long long)(dropped - DROPPED_LINES));
}

static alc_status make_dataset(experiment *e)
{
    const trainer_options *o = &e->options;
    const bool images = o->kind->uses & USES_IMAGES;
    const alc_dataset_options options = {.label = o->label,
                                         .id = o->id,
                                         .images = images,
                                         .image_folder = o->images,
                                         .crop = images ? o->crop : 0,
                                         .size = images ? o->size : 0,
                                         .stop = stop_signal_received};
    const alc_status status = alc_dataset_create(e->table, options, &e->dataset);
    if (status == ALC_OK)
        show_dropped(e);
    return status;
}

static alc_status make_split(experiment *e)
{
    const trainer_options *o = &e->options;
    if (o->folds > 0)
        return alc_split_create_fold(
            e->dataset, (alc_fold_options){.seed = o->split_seed, .folds = o->folds, .fold = o->fold}, &e->split);
    return alc_split_create(e->dataset,
                            (alc_split_options){.seed = o->split_seed,
                                                .train = o->split[0],
                                                .validation = o->split[1],
                                                .test = o->split[2]},
                            &e->split);
}

static void show_parts(const experiment *e)
{
    static const char *const names[] = {"training", "validation", "test"};
    const int64_t classes = alc_dataset_class_count(e->dataset);
    for (int part = 0; part < ALC_PART_COUNT; part++) {
        int64_t count;
        const int64_t *indices = alc_split_indices(e->split, (alc_part)part, &count);
        printf("%s%lld %s", part ? ", " : "", (long long)count, names[part]);
        for (int64_t c = 0; c < classes && count > 0 && classes <= 8; c++) {
            int64_t of_class = 0;
            for (int64_t i = 0; i < count; i++)
                of_class += alc_dataset_label(e->dataset, indices[i]) == c;
            printf("%s%s %lld%s", c ? ", " : " (", alc_dataset_class_name(e->dataset, c), (long long)of_class,
                   c + 1 == classes ? ")" : "");
        }
    }
    printf("; split %s\n", alc_split_hash(e->split));
}

static alc_status fit_encoder(experiment *e)
{
    const trainer_options *o = &e->options;
    int64_t count;
    const int64_t *indices = alc_split_indices(e->split, ALC_PART_TRAIN, &count);
    if (!(o->kind->uses & USES_TABLE))
        return ALC_OK;
    const alc_encoder_options options = {
        .features = o->features, .feature_count = o->feature_count, .encoding = (alc_encoding)o->encoding};
    return alc_dataset_fit_encoder(e->dataset, indices, count, options, &e->encoder);
}

alc_status experiment_load_data(experiment *e)
{
    alc_status status = make_context(e);
    if (status == ALC_OK)
        status = experiment_check_outputs(e);
    if (status == ALC_OK)
        status = experiment_claim_outputs(e);
    if (status == ALC_OK)
        status = alc_table_read(e->context, e->options.table, (alc_table_options){.missing = e->options.missing},
                                &e->table);
    if (status == ALC_OK)
        status = choose_features(e);
    if (status == ALC_OK)
        status = check_features(e);
    if (status == ALC_OK)
        status = make_dataset(e);
    if (status == ALC_OK)
        status = experiment_check_images(e);
    if (status == ALC_OK)
        status = make_split(e);
    if (status == ALC_OK)
        status = fit_encoder(e);
    if (status == ALC_OK)
        show_parts(e);
    return status;
}
