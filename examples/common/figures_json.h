/* figures_json.h - metrics as JSON objects, in the form that all programs share: every figure is {"value", "low", "high"}. */
#ifndef EXAMPLES_FIGURES_JSON_H
#define EXAMPLES_FIGURES_JSON_H

#include <jansson.h>

#include "alcor/metrics.h"

/* All return a new reference, or NULL if memory ran out. */
json_t *estimate_as_json(alc_estimate estimate);
/* accuracy, balanced_accuracy, macro_f1, log_loss, ece and classes: {NAME: {precision, recall, f1}}. */
json_t *metrics_as_json(const alc_metrics *metrics, const char *const *classes);
/* mcnemar_p, accuracy_difference, balanced_accuracy_difference, only_a, only_b. */
json_t *paired_as_json(const alc_paired_metrics *paired);

#endif
