/* score_internal.h - what the files behind score.h share. */
#ifndef SKY_EXPERIMENT_SCORE_INTERNAL_H
#define SKY_EXPERIMENT_SCORE_INTERNAL_H

#include "sky_experiment/score.h"

/* Keeps that memory ran out. */
alc_status score_no_memory(score *k);
/* Appends an empty row. */
alc_status score_new_row(score *k, const char *name, int division, judged_row **row);
/* Judges the row's probabilities (and predictions, where they are given) and appends its figures, with the members of `more`
 * (stolen), to the models. */
alc_status score_judge(score *k, judged_row *row, const int32_t *predictions, json_t *more);

/* score_units.c: whether every unit of the row is done; and the row from its units. */
bool score_is_complete(const score *k, const work_row *row);
alc_status score_add_units(score *k, const work_row *row);

#endif
