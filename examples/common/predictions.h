/* predictions.h - predictions as CSV: id,label,predicted,p_CLASS... */
#ifndef EXAMPLES_PREDICTIONS_H
#define EXAMPLES_PREDICTIONS_H

#include "alcor/dataset.h"

/* Writes one row for each of `count` samples, in the order of `indices`; probabilities is [count][class_count]. The
 * label is the table's, empty where it has none. false, with errno set and no file, if it could not be written. */
bool predictions_write(const char *path, const alc_dataset *dataset, const int64_t *indices, int64_t count,
                       const alc_real *probabilities);

#endif
