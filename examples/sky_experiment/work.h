/* work.h - what there is to do: rows, each a model to be judged, and their units, a row's model for one seed and one fold. */
#ifndef SKY_EXPERIMENT_WORK_H
#define SKY_EXPERIMENT_WORK_H

#include "sky_experiment/study.h"

typedef enum row_kind { ROW_TABLE, ROW_IMAGE, ROW_JOINT, ROW_LATE, ROW_STACKED, ROW_KINDS } row_kind;

typedef struct work_row {
    row_kind kind;
    const alc_backbone *backbone; /* NULL: the table */
    const char *weights;          /* that its image network starts from; NULL: random values */
    int division;
    char name[64];     /* "late-sky_cnn", of files and in the report */
    double unit_flops; /* of one unit */
} work_row;

#define MAX_ROWS 256

typedef struct work {
    work_row rows[MAX_ROWS]; /* those of one backbone and division follow each other */
    int row_count;
    int64_t seeds, folds;     /* how many of them are done */
    int left_out_count;       /* rows at the end that the budget has no time for */
    double estimated_seconds; /* 0: there is no budget */
} work;

typedef struct work_unit {
    const work_row *row;
    int64_t seed, fold; /* seed counts from 0 */
    char name[128];     /* "late-sky_cnn-s1-f1" */
} work_unit;

/* Lists the rows that the configuration asks for; with a budget, those that fit. DIR/plan.json is written, or read where it is
 * that of the same experiment. */
alc_status work_plan(study *s, work *w);
/* plan.json as JSON: configuration, split, hashes of what is read, rows, seeds, folds, and what was left out. A new reference. */
json_t *work_as_json(const study *s, const work *w);

/* A row's name and weights from its kind, backbone (NULL: the table's) and division. */
work_row row_of(const configuration *c, row_kind kind, const alc_backbone *backbone, int division);
work_unit unit_of(const work_row *row, int64_t seed, int64_t fold);
/* DIR/units/NAME.json, DIR/models/NAME.safetensors */
void unit_path(const study *s, const char *name, char *path, size_t size);
void model_path(const study *s, const char *name, char *path, size_t size);
bool file_exists(const char *path);
/* Makes the folder DIR/name (DIR itself for ""), with those above it. */
alc_status make_folder(study *s, const char *name);

#endif
