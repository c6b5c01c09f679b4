/* depth_sweep.h - from which block on should a network be trained? */
#ifndef SKY_EXPERIMENT_DEPTH_SWEEP_H
#define SKY_EXPERIMENT_DEPTH_SWEEP_H

#include "sky_experiment/unit.h"

/* For every backbone of --sweep: trains from each block edge on the inner part of the first fold's training part and judges on
 * the held part, in rounds of ever more epochs for ever fewer depths; appends one object for each backbone to `list`. Test
 * objects are predicted blind in the last round. Rounds are units and are kept. */
alc_status depth_sweep(study *s, json_t *list);

#endif
