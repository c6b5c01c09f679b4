/* score.h - predictions meet labels, after all training: the figures of the report. */
#ifndef SKY_EXPERIMENT_SCORE_H
#define SKY_EXPERIMENT_SCORE_H

#include "alcor/metrics.h"
#include "sky_experiment/unit.h"

/* Predictions of one row for all tested objects. */
typedef struct judged_row {
    char name[64];
    alc_real *probabilities; /* [count][classes]: the mean over seeds */
    int32_t *predictions;    /* [count] */
    alc_metrics *metrics;
    int division;
} judged_row;

typedef struct score {
    study *study;
    const work *work;
    int64_t *tested, tested_count; /* objects whose fold was done */
    int32_t *labels;               /* [tested_count] */
    judged_row rows[MAX_ROWS];
    int row_count;
    json_t *models; /* what the report says of each row, in their order */
} score;

/* Reads every unit, judges every complete row and writes predictions/NAME.csv. score_free is due in any case. */
alc_status score_open(study *s, const work *w, score *result);
void score_free(score *result);

/* Adds a row from a file of predictions of the tested objects: another tool's. `more` (stolen) says what it is. */
alc_status score_add_file(score *k, const char *name, const char *path, json_t *more);

/* The whole report; `further` (stolen) has members that others made. NULL and a message on failure. */
json_t *score_report(score *k, json_t *further);

#endif
