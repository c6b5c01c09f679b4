/* baselines.h - classical algorithms of Python's libraries on the same folds. */
#ifndef SKY_EXPERIMENT_BASELINES_H
#define SKY_EXPERIMENT_BASELINES_H

#include "sky_experiment/score.h"

/* With --baselines: runs scripts/classical_baselines.py unless its files are there, and adds a row for each. *note (a new
 * reference, which replaces the old one) says in a text why there are none, or null. Python that is not there or fails is no
 * failure of the experiment. */
alc_status baselines_add(score *k, json_t **note);

#endif
