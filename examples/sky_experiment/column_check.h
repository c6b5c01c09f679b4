/* column_check.h - which columns of the table decide the class alone: leaks that a list of names does not know. */
#ifndef SKY_EXPERIMENT_COLUMN_CHECK_H
#define SKY_EXPERIMENT_COLUMN_CHECK_H

#include "sky_experiment/study.h"

/* A new list of {"column", "balanced_accuracy", "feature"} for the columns from which 24 intervals of equal numbers of objects
 * (or the different texts) tell the class of other folds' objects with a balanced accuracy of at least 0.8. NULL: memory ran out.
 */
json_t *columns_that_decide(const study *s);

#endif
