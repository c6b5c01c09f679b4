/* unit.h - one unit of work: done, kept in a file of its own, read back. */
#ifndef SKY_EXPERIMENT_UNIT_H
#define SKY_EXPERIMENT_UNIT_H

#include "sky_experiment/network.h"
#include "sky_experiment/work.h"

/* Does the unit unless its file is there; the file is written last, whole. */
alc_status unit_do(study *s, const work_unit *unit);
/* Removes models that no unit to come needs: all but those of the first seed and fold. */
void unit_tidy(const study *s, const work_unit *unit);

/* Writes a result as DIR/units/NAME.json; `more` (stolen) has further members. */
alc_status unit_write(study *s, const char *name, const network_task *task, const network_result *result, json_t *more);
/* Reads it back. ALC_BAD_FILE if it is not of this experiment. */
alc_status unit_read(study *s, const char *name, json_t **unit);
/* The member `name`, a list of rows of class probabilities, into values[count][classes]. */
bool unit_probabilities(const json_t *unit, const char *name, int64_t count, int64_t classes, alc_real *values);

/* Stacked fusion: fits softmax(W log(p) + b) on `count` samples with `width` probabilities each, and applies it to
 * others; out[other_count][classes]. */
alc_status stack(study *s, uint64_t seed, int64_t width, const alc_real *inputs, const int32_t *labels, int64_t count,
                 const alc_real *others, int64_t other_count, alc_real *out);

#endif
