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

/* Wilson's interval (1927), z = 1.96, for `hits` out of `trials`; {0, 0, 1} for none. It stays within [0, 1] and is right for
 * few trials. */
alc_estimate alc_wilson_interval(int64_t hits, int64_t trials);

/* One class against all others. What would be 0 / 0 is 0, with the interval [0, 1]. */
typedef struct alc_class_metrics {
    int64_t support;        /* samples with this label */
    int64_t predicted;      /* samples predicted as this class */
    alc_estimate precision; /* hits / predicted; Wilson's interval */
    alc_estimate recall;    /* hits / support; Wilson's interval */
    alc_estimate f1;        /* 2 hits / (support + predicted); bootstrap */
} alc_class_metrics;

/* Predictions by confidence, the probability of the predicted class: bin i of ALC_RELIABILITY_BINS has those in
 * (i / bins, (i + 1) / bins], the first one also 0. */
#define ALC_RELIABILITY_BINS 15
typedef struct alc_reliability_bin {
    int64_t count, hits;
    double confidence; /* their mean; 0 in an empty bin */
} alc_reliability_bin;

typedef struct alc_metrics {
    int64_t samples;
    int64_t class_count;
    alc_estimate accuracy;          /* hits / samples; Wilson's interval */
    alc_estimate balanced_accuracy; /* mean recall of the classes that have labels here; bootstrap */
    alc_estimate macro_f1;          /* mean F1 of the classes that have labels or predictions here; bootstrap */
    alc_estimate log_loss;          /* mean of -log(probability of the label), probabilities at least 1e-15; bootstrap */
    alc_estimate ece;               /* expected calibration error: mean over the samples of |hits / count - confidence| of
                                       their bin (Guo et al., arXiv 1706.04599); bootstrap, whose resamples raise it: the
                                       interval is widened to hold the value */
    alc_reliability_bin reliability[ALC_RELIABILITY_BINS];
    const alc_class_metrics *classes; /* class_count of them */
    const int64_t *confusion;       /* [label][prediction], class_count x class_count */
} alc_metrics;

/* Resamples of the bootstrap: percentile intervals, samples drawn with replacement (Efron 1979). */
#define ALC_BOOTSTRAP_RESAMPLES 2000

/* Judges `samples` rows of `class_count` probabilities (row-major; they need not sum to 1) against labels in
 * [0, class_count). The prediction is the first largest probability of a row. Wilson's interval (1927) at z = 1.96; the
 * bootstrap draws with `seed`, on the context's threads. *metrics is freed with alc_metrics_destroy.
 * ALC_INVALID_ARGUMENT: no samples, fewer than two classes, a label out of range, a probability below 0; ALC_NOT_FINITE: a
 * probability is not a finite number (the sentence names the sample); ALC_OUT_OF_MEMORY. */
alc_status alc_metrics_compute(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const alc_real *probabilities, uint64_t seed, alc_metrics **metrics);
/* The same where the predictions are not simply the largest probabilities (another tool's, or thresholds of its own):
 * predictions[samples], in [0, class_count). NULL: the first largest of each row. Log-loss and calibration are those of the
 * probabilities. ALC_INVALID_ARGUMENT also for a prediction out of range. */
alc_status alc_metrics_judge(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                             const int32_t *predictions, const alc_real *probabilities, uint64_t seed, alc_metrics **metrics);
/* NULL is allowed. */
void alc_metrics_destroy(alc_metrics *metrics);

/* Two sets of predictions, a and b, of the same samples. */
typedef struct alc_paired_metrics {
    int64_t only_a, only_b;                    /* samples that only the one, or the other, predicted right */
    double mcnemar_p;                          /* alc_mcnemar_exact of these */
    alc_estimate accuracy_difference;          /* a's less b's; bootstrap over the samples, both drawn together */
    alc_estimate balanced_accuracy_difference; /* the same */
} alc_paired_metrics;

/* labels, a and b: `samples` classes in [0, class_count). Draws with `seed` as alc_metrics_compute. ALC_INVALID_ARGUMENT: no
 * samples, a class out of range; ALC_OUT_OF_MEMORY. */
alc_status alc_metrics_compare(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const int32_t *a, const int32_t *b, uint64_t seed, alc_paired_metrics *paired);
/* Every pair of `sets` predictions of the same samples, the same figures much sooner than one by one: the samples are drawn once
 * for all. predictions[set] has `samples` classes; paired has sets (sets - 1) / 2 elements, a of each before b: those of sets 0
 * and 1, 0 and 2, ..., 1 and 2, ... Errors as above. */
alc_status alc_metrics_compare_all(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                   int64_t sets, const int32_t *const *predictions, uint64_t seed, alc_paired_metrics *paired);

/* The exact two-sided p-value of McNemar's test (1947): of `only_a + only_b` samples on which two classifiers differ, how
 * probable is a division at least as uneven if both are as good? min(1, 2 P(X <= min)) with X binomial of share 1/2; 1 if there
 * are none. Neither may be negative. */
double alc_mcnemar_exact(int64_t only_a, int64_t only_b);

/* A table for people: figures with intervals, one line for each class, the confusion matrix. class_names has
 * metrics->class_count texts. Freed with alc_release_text. */
alc_status alc_metrics_text(const alc_metrics *metrics, const char *const *class_names, char **text);

/* The same as a JSON object: {"samples", "accuracy": {"value", "low", "high"}, "balanced_accuracy", "macro_f1",
 * "log_loss", "ece", "classes": [{"name", "support", "predicted", "precision", "recall", "f1"}], "confusion": [[..]],
 * "reliability": [{"count", "hits", "confidence"}]}. Every figure is an object as that of the accuracy.
 * Freed with alc_release_text. */
alc_status alc_metrics_json(const alc_metrics *metrics, const char *const *class_names, char **text);

#ifdef __cplusplus
}
#endif
#endif
