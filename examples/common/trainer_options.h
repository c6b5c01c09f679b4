/* trainer_options.h - the command line of the three trainers. */
#ifndef EXAMPLES_TRAINER_OPTIONS_H
#define EXAMPLES_TRAINER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "alcor/table.h"
#include "common/machine_options.h"

#define MAX_FEATURES 256

/* What a trainer's model looks at: one of these or both. */
enum { USES_TABLE = 1, USES_IMAGES = 2 };

typedef struct trainer_kind {
    const char *name, *summary;
    int uses;
    /* Defaults that differ between the three. */
    int64_t epochs, batch;
    double learning_rate, weight_decay, dropout;
    int64_t save_every; /* epochs between saves */
} trainer_kind;

typedef struct trainer_options {
    const trainer_kind *kind;
    /* data */
    const char *table, *images, *label, *id, *missing;
    char *feature_text;                        /* owned: what features[] points into */
    const char *features[MAX_FEATURES];
    int64_t feature_count;                     /* 0: chosen from the table's columns */
    int encoding;                              /* alc_encoding */
    int64_t crop, size;
    double split[3];
    bool split_given;                          /* by --split */
    uint64_t split_seed;
    int64_t folds, fold;                       /* folds 0: the split above */
    /* model */
    const alc_backbone *backbone;
    alc_tabular_mlp_options mlp;
    double dropout;
    const char *weights;                       /* to start from; NULL: at random */
    bool allow_partial;                        /* load what fits of them */
    const char *train_from;
    int batch_norm;                            /* alc_batch_norm_mode of the part that is trained */
    double layer_decay;
    const char *prefix_cache;                  /* of what the frozen part makes of images; NULL: none */
    uint64_t prefix_cache_limit;               /* bytes; 0: none */
    int prefix_cache_type;                     /* alc_feature_type */
    /* training */
    int64_t epochs, batch;
    double learning_rate, weight_decay, label_smoothing;
    int schedule, optimizer;                   /* alc_schedule_kind, alc_optimizer_kind */
    int class_weights;                         /* 0: none, 1: balanced */
    uint64_t seed;
    int64_t save_every;                        /* steps between saves; 0: only after epochs, as the kind says */
    bool resume;
    machine_options machine;
    /* results */
    int64_t views;
    const char *save, *report, *predictions;
} trainer_options;

/* Reads the command line. Returns -1 if the program is to go on, else the exit status, as option_table_parse. */
int trainer_options_parse(const trainer_kind *kind, int argc, char **argv, trainer_options *options);
void trainer_options_free(trainer_options *options);

/* As the command line spells them. */
const char *schedule_name(int kind);
extern const char *const optimizer_names[]; /* by alc_optimizer_kind; NULL ends the list */
const char *optimizer_name(int kind);
const char *encoding_name(int encoding);
const char *class_weights_name(int choice);
const char *batch_norm_name(int mode);
const char *prefix_cache_type_name(int type);

#endif
