/* configuration.h - what an experiment is to do: the command line and a file of --config, which holds the same options by name,
 * in one struct; and back to JSON, for plan and report. */
#ifndef SKY_EXPERIMENT_CONFIGURATION_H
#define SKY_EXPERIMENT_CONFIGURATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "alcor/models.h"
#include "common/machine_options.h"

#define MAX_LIST 64

/* "a,b,c" cut at its commas. */
typedef struct name_list {
    char *text; /* owned; what the names point into */
    const char *names[MAX_LIST];
    int count;
} name_list;

/* What a backbone has for its own, by --weights, --sizes and --rates; NULL or 0: what all have. */
typedef struct own_setting {
    const alc_backbone *backbone;
    const char *weights; /* a file's path */
    int64_t size;        /* pixels */
    double rate;
} own_setting;

/* Options, in the order of --help. Texts belong to argv or to `file`. */
typedef struct configuration {
    const char *table, *images, *output, *config;
    const char *label, *id, *missing;
    const char *features_text, *allow_text;
    const char *group, *also_group, *position_text;
    double radius;
    int64_t folds, seeds;
    uint64_t split_seed, seed;
    const char *backbones_text, *fusion_text, *without_text, *weights_text, *sizes_text, *rates_text, *sweep_text;
    int64_t size, crop;
    int64_t table_epochs, image_epochs, pretrained_epochs, late_epochs, sweep_epochs;
    int64_t table_batch, image_batch;
    double table_rate, image_rate, pretrained_rate, late_rate;
    int class_weights;
    int64_t views;
    double time_budget; /* minutes; 0: none */
    bool baselines, quick, no_curves;
    const char *python;
    machine_options machine;

    /* What the lists say; filled by configuration_parse. */
    name_list features, allow, fusion, without, position;
    const alc_backbone *backbones[MAX_LIST], *sweep[MAX_LIST];
    int backbone_count, sweep_count;
    own_setting own[MAX_LIST];
    int own_count;
    name_list backbone_names, weights_names, sizes_names, rates_names, sweep_names;
    json_t *file; /* of --config */
} configuration;

/* Reads the command line and --config. Returns -1 if the program is to go on, else its exit status. */
int configuration_parse(int argc, char **argv, configuration *c);
void configuration_free(configuration *c);

/* Every option by name, but those that only say where results go and on what machine they come to be: what the figures depend
 * on. A new reference; NULL if memory ran out. */
json_t *configuration_as_json(const configuration *c);

/* All zero for a backbone that has nothing for its own. */
own_setting own_setting_of(const configuration *c, const alc_backbone *backbone);
bool fuses(const configuration *c, const char *way);

#endif
