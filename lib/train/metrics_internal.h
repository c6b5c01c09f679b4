/* metrics_internal.h - what the files behind alcor/metrics.h share. */
#ifndef ALC_LIB_METRICS_INTERNAL_H
#define ALC_LIB_METRICS_INTERNAL_H

#include "alcor/metrics.h"
#include "lib/base/base.h"

/* How often each class was right, was the label, was the prediction: all that the figures need. */
typedef struct alc_class_counts {
    int64_t hits, support, predicted;
} alc_class_counts;

/* The figures whose intervals come from the bootstrap, in the order of its columns: these two, then each class's F1. */
enum { ALC_FIGURE_BALANCED_ACCURACY, ALC_FIGURE_MACRO_F1, ALC_FIGURE_F1 };

double alc_balanced_accuracy(const alc_class_counts *counts, int64_t class_count);
/* Writes ALC_FIGURE_F1 + class_count figures. */
void alc_metrics_figures(const alc_class_counts *counts, int64_t class_count, double *figures);

typedef struct alc_metrics_summary {
    double accuracy, balanced_accuracy, log_loss;
} alc_metrics_summary;
/* The figures without intervals, quick enough for every epoch. Scratch: predictions[samples], counts[class_count]. */
alc_status alc_metrics_summarise(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                 const alc_real *probabilities, int32_t *predictions, alc_class_counts *counts,
                                 alc_metrics_summary *summary);

/* metrics_intervals.c */
alc_estimate alc_wilson_interval(int64_t hits, int64_t trials);
/* Sets low and high of ALC_FIGURE_F1 + class_count estimates. labels and predictions: `samples` classes each. */
alc_status alc_bootstrap_intervals(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                   const int32_t *predictions, uint64_t seed, alc_estimate *estimates);

/* The context of the metrics, for the texts made of them. */
alc_context *alc_metrics_context(const alc_metrics *metrics);

#endif
