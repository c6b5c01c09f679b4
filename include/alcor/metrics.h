/* alcor/metrics.h - how good predictions are, each figure with its 95 % interval.
 *
 * Everything follows from one table, the confusion matrix, and from the probabilities (log-loss). Figures use no libm
 * and their random draws are counter-based, so they are the same on every machine.
 */
#ifndef ALCOR_METRICS_H
#define ALCOR_METRICS_H

#include "alcor/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A value and the 95 % interval around it. */
typedef struct alc_estimate {
    double value, low, high;
} alc_estimate;

/* One class against all others. What would be 0 / 0 is 0, with the interval [0, 1]. */
typedef struct alc_class_metrics {
    int64_t support;        /* samples with this label */
    int64_t predicted;      /* samples predicted as this class */
    alc_estimate precision; /* hits / predicted; Wilson's interval */
    alc_estimate recall;    /* hits / support; Wilson's interval */
    alc_estimate f1;        /* 2 hits / (support + predicted); bootstrap */
} alc_class_metrics;

typedef struct alc_metrics {
    int64_t samples;
    int64_t class_count;
    alc_estimate accuracy;          /* hits / samples; Wilson's interval */
    alc_estimate balanced_accuracy; /* mean recall of the classes that have labels here; bootstrap */
    alc_estimate macro_f1;          /* mean F1 of the classes that have labels or predictions here; bootstrap */
    double log_loss;                /* mean of -log(probability of the label), probabilities at least 1e-15 */
    const alc_class_metrics *classes; /* class_count of them */
    const int64_t *confusion;       /* [label][prediction], class_count x class_count */
} alc_metrics;

/* Resamples of the bootstrap: percentile intervals, samples drawn with replacement (Efron 1979). */
#define ALC_BOOTSTRAP_RESAMPLES 2000

/* Judges `samples` rows of `class_count` probabilities (row-major; they need not sum to 1) against labels in
 * [0, class_count). The prediction is the first largest probability of a row. Wilson's interval (1927) at z = 1.96; the
 * bootstrap draws with `seed`, on the context's threads. *metrics is freed with alc_metrics_destroy.
 * ALC_INVALID_ARGUMENT: no samples, fewer than two classes, a label out of range; ALC_NOT_FINITE: a probability is
 * not a number (the sentence names the sample); ALC_OUT_OF_MEMORY. */
alc_status alc_metrics_compute(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const alc_real *probabilities, uint64_t seed, alc_metrics **metrics);
void alc_metrics_destroy(alc_metrics *metrics);

/* A table for people: figures with intervals, one line for each class, the confusion matrix. class_names has
 * metrics->class_count texts. Freed with alc_release_text. */
alc_status alc_metrics_text(const alc_metrics *metrics, const char *const *class_names, char **text);

/* The same as a JSON object: {"samples", "accuracy": {"value", "low", "high"}, "balanced_accuracy", "macro_f1",
 * "log_loss", "classes": [{"name", "support", "predicted", "precision", "recall", "f1"}], "confusion": [[..]]}.
 * Freed with alc_release_text. */
alc_status alc_metrics_json(const alc_metrics *metrics, const char *const *class_names, char **text);

#ifdef __cplusplus
}
#endif
#endif
