/* metrics_internal.h - what the files behind alcor/metrics.h share. */
#ifndef ALC_LIB_METRICS_INTERNAL_H
#define ALC_LIB_METRICS_INTERNAL_H

#include "alcor/metrics.h"
#include "lib/base/base.h"

/* How often each class was right, was the label, was the prediction: all that the figures need. */
typedef struct alc_class_counts {
    int64_t hits, support, predicted;
} alc_class_counts;

/* The figures whose intervals come from the bootstrap, in the order of its columns: these, then each class's F1. */
enum { ALC_FIGURE_BALANCED_ACCURACY, ALC_FIGURE_MACRO_F1, ALC_FIGURE_LOG_LOSS, ALC_FIGURE_ECE, ALC_FIGURE_F1 };

/* Samples with all that figures are made of. */
typedef struct alc_judged {
    int64_t samples, class_count;
    const int32_t *labels, *predictions;
    const double *losses;      /* -log(probability of the label) */
    const double *confidences; /* probability of the prediction */
} alc_judged;

double alc_balanced_accuracy(const alc_class_counts *counts, int64_t class_count);
/* Writes ALC_FIGURE_F1 + class_count figures; the bins hold sums of confidences, not their means. */
void alc_metrics_figures(const alc_class_counts *counts, int64_t class_count, const alc_reliability_bin *bins, double loss_sum,
                         double *figures);
/* Adds one sample to its class's counts and its bin, whose confidence becomes a sum. */
void alc_metrics_count(const alc_judged *judged, int64_t sample, alc_class_counts *counts, alc_reliability_bin *bins);

typedef struct alc_metrics_summary {
    double accuracy, balanced_accuracy, log_loss;
} alc_metrics_summary;
/* The figures without intervals, quick enough for every epoch. Scratch: predictions[samples], counts[class_count]. */
alc_status alc_metrics_summarise(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                 const alc_real *probabilities, int32_t *predictions, alc_class_counts *counts,
                                 alc_metrics_summary *summary);

/* metrics_intervals.c */
/* Sets low and high of ALC_FIGURE_F1 + class_count estimates. */
alc_status alc_bootstrap_intervals(alc_context *context, const alc_judged *judged, uint64_t seed, alc_estimate *estimates);
/* Sets low and high to the 2.5th and 97.5th percentile of ALC_BOOTSTRAP_RESAMPLES values, which it sorts. */
void alc_percentile_interval(double *values, alc_estimate *estimate);
/* The key of one resample's draws: the same samples, whatever is judged. */
alc_random_key alc_bootstrap_key(uint64_t seed, int64_t resample);

/* The context of the metrics, for the texts made of them. */
alc_context *alc_metrics_context(const alc_metrics *metrics);

#endif
