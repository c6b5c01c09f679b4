/* predict.c - classifies the rows (and images) of a table with a model that a trainer saved. The model file says what
 * network it is and how images and rows are prepared, so nothing of that is asked for here. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/fit.h"
#include "alcor/metrics.h"
#include "common/exit_status.h"
#include "common/input_file.h"
#include "common/machine_options.h"
#include "common/model_card.h"
#include "common/option_table.h"
#include "common/output_file.h"
#include "common/predictions.h"
#include "common/stop_signal.h"

typedef struct predictor {
    const char *model_path, *table_path, *images, *output, *id, *label, *missing;
    int64_t views, batch;
    machine_options machine;
    char message[1024];
    alc_context *context;
    alc_safetensors *file;
    model_card card;
    alc_model *model;
    alc_classifier classifier;
    alc_plan *plan;
    alc_table *table;
    alc_dataset *dataset;
    alc_loader *loader;
    alc_real *probabilities;
    int64_t *indices;
} predictor;

#define AT(member) .offset = offsetof(predictor, member)

static const option_line lines[] = {
    {"model", "FILE", "what a trainer wrote with --save (needed)", 0, OPTION_TEXT, AT(model_path)},
    {"table", "FILE", "a CSV file with the columns that the model was trained on (needed)", 0, OPTION_TEXT,
     AT(table_path)},
    {"output", "FILE", "predictions as CSV: id,label,predicted,p_CLASS... (needed)", 0, OPTION_TEXT, AT(output)},
    {"images", "DIR", "what the paths in the `image` column start from [the table's folder]", 0, OPTION_TEXT,
     AT(images)},
    {"label", "COLUMN", "known classes, to compare with [the one it was trained on, where there is one]", 0,
     OPTION_TEXT, AT(label)},
    {"id", "COLUMN", "identifiers [id, where there is one]", 0, OPTION_TEXT, AT(id)},
    {"missing", "VALUE", "a cell that means \"no value\", beside empty ones and -9999 [as in training]", 0, OPTION_TEXT,
     AT(missing)},
    {"views", "N", "exact flips and turns that are averaged [as the model was judged]", 0, OPTION_INTEGER, AT(views), 1,
     ALC_VIEW_COUNT},
    {"batch", "N", "rows at a time; more are faster and take more memory, results are the same", 0, OPTION_INTEGER,
     AT(batch), 1, 65536, .show_default = true},
    MACHINE_OPTION_LINES(predictor, 0, 0),
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, predictor *p)
{
    static const option_table table = {
        .program = "predict",
        .usage = "Usage: predict --model FILE --table FILE --output FILE [OPTION]...\n"
                 "Classifies every row of a table with a model that a trainer saved.\n\n",
        .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line, 130 interrupted.\n",
        .lines = lines,
        .count = sizeof lines / sizeof lines[0]};
    *p = (predictor){.batch = 64};
    const int parsed = option_table_parse(&table, argc, argv, p);
    if (parsed >= 0)
        return parsed;
    const char *missing = !p->model_path ? "model" : !p->table_path ? "table" : !p->output ? "output" : NULL;
    return missing ? option_table_refuse(&table, "--%s FILE is missing", missing) : -1;
}

static alc_status fail(predictor *p, alc_status status, const char *path, const char *sentence)
{
    snprintf(p->message, sizeof p->message, "%s: %s", path, sentence);
    return status;
}

static alc_status fail_to_write(predictor *p)
{
    snprintf(p->message, sizeof p->message, "%s: cannot write there: %s", p->output, file_why());
    return ALC_IO_ERROR;
}

static void show_log(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "predict: %s\n", line);
}

/* The output is none of the files that are read, nor one of those that the training of the model goes on from. */
static alc_status check_output(predictor *p)
{
    bool replaces = output_replaces(p->output, p->table_path) || output_replaces(p->output, p->model_path);
    for (int part = 0; part < ALC_CHECKPOINT_PARTS && !replaces; part++) {
        char path[4096];
        alc_checkpoint_file(p->model_path, (alc_checkpoint_part)part, path, sizeof path);
        replaces = output_replaces(p->output, path);
    }
    if (replaces)
        return fail(p, ALC_INVALID_ARGUMENT, p->output, "is to be written, but it is also to be read");
    return output_path_writable(p->output) ? ALC_OK : fail_to_write(p);
}

static alc_status open_context(predictor *p)
{
    alc_context_options options = machine_context_options(&p->machine, p->message, sizeof p->message);
    options.log = show_log;
    const alc_status status = alc_context_create(options, &p->context);
    return status ? status : check_output(p);
}

static alc_status open_model(predictor *p)
{
    char why[512];
    alc_status status = alc_safetensors_open(p->context, p->model_path, &p->file);
    if (status)
        return status;
    status = model_card_read(p->context, alc_safetensors_metadata(p->file), &p->card, why, sizeof why);
    if (status)
        return fail(p, status, p->model_path, why);
    if (p->card.decoder && strcmp(p->card.decoder, alc_image_decoder_name()) != 0)
        fprintf(stderr, "predict: %s was trained on images decoded by %s; here it is %s, and pixels differ a little\n",
                p->model_path, p->card.decoder, alc_image_decoder_name());
    status = alc_model_create(p->context, &p->model);
    if (status == ALC_OK)
        status = alc_classifier_build(p->model, &p->card.network, &p->classifier);
    if (status == ALC_OK)
        status = alc_model_load_tensors(p->model, p->file, (alc_model_load_options){0}, NULL);
    if (status == ALC_OK)
        status = alc_compile(p->model,
                             (alc_compile_options){
                                 .mode = ALC_EVALUATE, .batch = p->batch, .output = p->classifier.probabilities},
                             &p->plan);
    return status == ALC_OK ? alc_plan_release_weights(p->plan) : status;
}

static alc_status open_table(predictor *p)
{
    const bool images = p->card.network.backbone != NULL;
    int64_t column;
    alc_status status = alc_table_read(p->context, p->table_path,
                                       (alc_table_options){.missing = p->missing ? p->missing : p->card.missing},
                                       &p->table);
    if (status == ALC_OK && p->label) /* asked for, and not only where there is one */
        status = alc_table_require_column(p->table, p->label, &column);
    if (status)
        return status;
    status = alc_dataset_create(p->table,
                              (alc_dataset_options){.label = p->label ? p->label : p->card.label,
                                                    .labels = ALC_LABELS_OPTIONAL,
                                                    .classes = p->card.classes,
                                                    .class_count = p->card.network.classes,
                                                    .id = p->id,
                                                    .images = images,
                                                    .image_folder = p->images,
                                                    .crop = p->card.crop,
                                                    .size = images ? p->card.network.image_size : 0,
                                                    .source_height = p->card.source_height,
                                                    .source_width = p->card.source_width,
                                                    .stop = stop_signal_received},
                              &p->dataset);
    if (status == ALC_OK && output_replaces_image(p->output, p->dataset))
        return fail(p, ALC_INVALID_ARGUMENT, p->output, "is to be written, but it is also one of the images");
    return status;
}

static alc_status run(predictor *p)
{
    const int64_t count = alc_dataset_count(p->dataset), classes = p->card.network.classes;
    if (count < 1)
        return fail(p, ALC_BAD_FILE, p->table_path, "has no row to classify");
    alc_status status = alc_loader_create(p->dataset,
                                          (alc_loader_options){.batch = p->batch,
                                                               .normalisation = p->card.normalisation,
                                                               .expected = p->card.normalisation,
                                                               .encoder = p->card.encoder,
                                                               .image = p->classifier.image,
                                                               .features = p->classifier.row},
                                          &p->loader);
    p->probabilities = calloc((size_t)(count * classes), sizeof *p->probabilities);
    p->indices = calloc((size_t)count, sizeof *p->indices);
    if (status)
        return status;
    if (!p->probabilities || !p->indices)
        return fail(p, ALC_OUT_OF_MEMORY, p->table_path, "memory ran out");
    status = alc_predict((alc_predict_options){.plan = p->plan,
                                               .probabilities = p->classifier.probabilities,
                                               .loader = p->loader,
                                               .views = (int)(p->views ? p->views : p->card.views),
                                               .stop = stop_signal_received},
                         p->probabilities, p->indices);
    if (status)
        return status;
    if (!predictions_write(p->output, p->dataset, p->indices, count, p->probabilities))
        return fail_to_write(p);
    printf("%lld rows classified: %s\n", (long long)count, p->output);
    return ALC_OK;
}

/* Figures for the rows whose class is known, where there are any. */
static alc_status judge(predictor *p)
{
    const int64_t count = alc_dataset_count(p->dataset), classes = p->card.network.classes;
    int32_t *labels = calloc((size_t)count, sizeof *labels);
    int64_t known = 0;
    if (!labels)
        return fail(p, ALC_OUT_OF_MEMORY, p->table_path, "memory ran out");
    for (int64_t i = 0; i < count; i++) {
        const int64_t label = alc_dataset_label(p->dataset, p->indices[i]);
        if (label < 0)
            continue;
        memmove(p->probabilities + known * classes, p->probabilities + i * classes,
                (size_t)classes * sizeof *p->probabilities);
        labels[known++] = (int32_t)label;
    }
    alc_metrics *metrics = NULL;
    char *text;
    alc_status status = ALC_OK;
    if (known > 0)
        status = alc_metrics_compute(p->context, known, classes, labels, p->probabilities, 0, &metrics);
    if (metrics && (status = alc_metrics_text(metrics, p->card.classes, &text)) == ALC_OK) {
        printf("\nRows whose class is known: %s", text);
        alc_release_text(p->context, text);
    }
    alc_metrics_destroy(metrics);
    free(labels);
    return status;
}

int main(int argc, char **argv)
{
    predictor p;
    const int parsed = parse(argc, argv, &p);
    if (parsed >= 0)
        return parsed;
    stop_signal_install();
    alc_status (*const steps[])(predictor *) = {open_context, open_model, open_table, run, judge};
    alc_status status = ALC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == ALC_OK; i++)
        status = steps[i](&p);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "predict: %s\n", p.message[0] ? p.message : alc_error_message(p.context));
    }
    free(p.indices);
    free(p.probabilities);
    alc_loader_destroy(p.loader);
    alc_dataset_destroy(p.dataset);
    alc_table_destroy(p.table);
    alc_plan_destroy(p.plan);
    alc_model_destroy(p.model);
    model_card_free(&p.card);
    alc_safetensors_close(p.file);
    alc_context_destroy(p.context);
    return exit_status("predict", status);
}
