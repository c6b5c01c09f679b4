/* experiment.h - one training from the table to the test part's figures, in the order of the functions below. The three
 * trainers differ only in what their model looks at. */
#ifndef EXAMPLES_EXPERIMENT_H
#define EXAMPLES_EXPERIMENT_H

#include <jansson.h>

#include "alcor/fit.h"
#include "alcor/metrics.h"
#include "common/lock_file.h"
#include "common/model_card.h"
#include "common/progress.h"
#include "common/trainer_options.h"

typedef struct experiment {
    trainer_options options;
    char message[1024];           /* a failure of the program's own; "": the context has the sentence */
    alc_context *context;
    lock_file lock, cache_lock;   /* of --save and --prefix-cache */
    /* data */
    alc_table *table;
    alc_dataset *dataset;
    alc_split *split;
    alc_encoder *encoder;         /* NULL: the model takes no row */
    json_t *settings;             /* the options that the trained values depend on, by name */
    /* model */
    model_card card;
    alc_metadata card_strings;
    alc_safetensors *weights;     /* what --weights names, until it is loaded */
    alc_normalisation expected;   /* of images, by these weights; zeros: nobody knows */
    alc_normalisation measured;   /* of the training part's images */
    alc_model *model;
    alc_classifier classifier;
    alc_tensor *loss;
    alc_feature_cache *cache;     /* with --prefix-cache; plans then begin at its tensor */
    alc_plan *train_plan, *evaluation_plan;
    alc_loader *train_loader, *validation_loader, *test_loader;
    alc_optimizer *optimizer;
    alc_training_state state;
    /* results */
    progress progress;
    double train_seconds;
    alc_metrics *metrics;         /* of the test part */
} experiment;

/* Keeps a sentence for experiment_message and returns `status`. */
__attribute__((format(printf, 3, 4)))
alc_status experiment_fail(experiment *e, alc_status status, const char *format, ...);
const char *experiment_message(const experiment *e);

/* That the results replace nothing that is read, the second once the images are known. The third makes sure that no other
 * trainer writes to the same file meanwhile, and that all results can be written (experiment_outputs.c). */
alc_status experiment_check_outputs(experiment *e);
alc_status experiment_check_images(experiment *e);
alc_status experiment_claim_outputs(experiment *e);
/* Context, table, images, split, encoder; the outputs are checked as soon as that can be (experiment_data.c). */
alc_status experiment_load_data(experiment *e);
/* Model, plans, loaders, optimizer; what --resume brings back (experiment_model.c, experiment_resume.c). */
alc_status experiment_build(experiment *e);
/* Opens what --weights names; *normalisation becomes that of its images where it is known. Then loads it into the model, and
 * says what fitted (experiment_weights.c). */
alc_status experiment_open_weights(experiment *e, alc_normalisation *normalisation);
alc_status experiment_load_weights(experiment *e);
/* With --prefix-cache: opens the file for the frozen part that loss depends on; and, at the end, says what it was good for
 * (experiment_cache.c). */
alc_status experiment_open_cache(experiment *e);
alc_status experiment_close_cache(experiment *e);
alc_status experiment_resume(experiment *e);
/* The training itself; every epoch is saved (experiment_train.c). */
alc_status experiment_train(experiment *e);
/* The test part's figures on stdout and in the files that were asked for (experiment_results.c). */
alc_status experiment_report(experiment *e);
void experiment_free(experiment *e);

#endif
