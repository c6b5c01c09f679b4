/* metrics.c - counts predictions and turns the counts into figures. Intervals are in metrics_intervals.c, texts in
 * metrics_text.c. */
#include "lib/train/metrics_internal.h"

#include <string.h>

typedef struct metrics_holder {
    alc_metrics metrics; /* first: the caller's pointer is this */
    alc_context *context;
    alc_class_metrics *classes; /* the same as in metrics, but writable */
    int64_t *confusion;
} metrics_holder;

/* log(x) for normal x > 0: x = m 2^e with m near 1, then 2 atanh((m - 1) / (m + 1)) as a series. Below 2e-16 off,
 * relative to the larger of 1 and the result; libm's last bit differs between systems. */
static double own_logarithm(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (int64_t)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 1.4142135623730951) {
        mantissa *= 0.5;
        exponent++;
    }
    const double s = (mantissa - 1) / (mantissa + 1), square = s * s;
    double sum = 0;
    for (int power = 23; power >= 1; power -= 2)
        sum = sum * square + 1.0 / (double)power;
    return 2 * s * sum + (double)exponent * 0.6931471805599453;
}

double alc_balanced_accuracy(const alc_class_counts *counts, int64_t class_count)
{
    double recalls = 0;
    int64_t with_labels = 0;
    for (int64_t c = 0; c < class_count; c++) {
        if (counts[c].support == 0)
            continue;
        recalls += (double)counts[c].hits / (double)counts[c].support;
        with_labels++;
    }
    return with_labels ? recalls / (double)with_labels : 0;
}

void alc_metrics_figures(const alc_class_counts *counts, int64_t class_count, double *figures)
{
    double f1s = 0;
    int64_t seen = 0;
    for (int64_t c = 0; c < class_count; c++) {
        const int64_t either = counts[c].support + counts[c].predicted;
        const double f1 = either ? 2 * (double)counts[c].hits / (double)either : 0;
        figures[ALC_FIGURE_F1 + c] = f1;
        f1s += f1;
        seen += either > 0;
    }
    figures[ALC_FIGURE_BALANCED_ACCURACY] = alc_balanced_accuracy(counts, class_count);
    figures[ALC_FIGURE_MACRO_F1] = seen ? f1s / (double)seen : 0;
}

/* Adds samples to the counts, which start at 0; returns how many were right. */
static int64_t count_rows(int64_t samples, const int32_t *labels, const int32_t *predictions, alc_class_counts *counts)
{
    int64_t hits = 0;
    for (int64_t i = 0; i < samples; i++) {
        counts[labels[i]].support++;
        counts[predictions[i]].predicted++;
        counts[labels[i]].hits += labels[i] == predictions[i];
        hits += labels[i] == predictions[i];
    }
    return hits;
}

/* Fills predictions and *log_loss, and checks every row. */
static alc_status predict_rows(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const alc_real *probabilities, int32_t *predictions, double *log_loss)
{
    double losses = 0;
    for (int64_t i = 0; i < samples; i++) {
        const alc_real *row = probabilities + i * class_count;
        if (labels[i] < 0 || labels[i] >= class_count)
            return alc_fail(context, ALC_INVALID_ARGUMENT,
                            "metrics: sample %lld has label %d, expected 0 to %lld", (long long)i, (int)labels[i],
                            (long long)class_count - 1);
        int32_t best = 0;
        for (int64_t c = 0; c < class_count; c++) {
            if (row[c] != row[c])
                return alc_fail(context, ALC_NOT_FINITE, "metrics: a probability of sample %lld is not a number",
                                (long long)i);
            if (row[c] > row[best])
                best = (int32_t)c;
        }
        predictions[i] = best;
        const double p = (double)row[labels[i]];
        losses -= own_logarithm(p > 1e-15 ? p : 1e-15);
    }
    *log_loss = losses / (double)samples;
    return ALC_OK;
}

alc_status alc_metrics_summarise(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                 const alc_real *probabilities, int32_t *predictions, alc_class_counts *counts,
                                 alc_metrics_summary *summary)
{
    const alc_status status =
        predict_rows(context, samples, class_count, labels, probabilities, predictions, &summary->log_loss);
    if (status)
        return status;
    memset(counts, 0, (size_t)class_count * sizeof *counts);
    summary->accuracy = (double)count_rows(samples, labels, predictions, counts) / (double)samples;
    summary->balanced_accuracy = alc_balanced_accuracy(counts, class_count);
    return ALC_OK;
}

static alc_status count_and_estimate(alc_context *context, metrics_holder *holder, const int32_t *labels,
                                     const int32_t *predictions, uint64_t seed, alc_class_counts *counts,
                                     double *figures, alc_estimate *estimates)
{
    alc_metrics *m = &holder->metrics;
    const int64_t n = m->class_count;
    for (int64_t i = 0; i < m->samples; i++)
        holder->confusion[labels[i] * n + predictions[i]]++;
    const int64_t hits = count_rows(m->samples, labels, predictions, counts);
    alc_metrics_figures(counts, n, figures);
    const alc_status status =
        alc_bootstrap_intervals(context, m->samples, n, labels, predictions, seed, estimates);
    if (status)
        return status;
    for (int64_t f = 0; f < ALC_FIGURE_F1 + n; f++)
        estimates[f].value = figures[f];
    m->accuracy = alc_wilson_interval(hits, m->samples);
    m->balanced_accuracy = estimates[ALC_FIGURE_BALANCED_ACCURACY];
    m->macro_f1 = estimates[ALC_FIGURE_MACRO_F1];
    for (int64_t c = 0; c < n; c++) {
        const alc_class_counts *count = &counts[c];
        alc_class_metrics *k = &holder->classes[c];
        *k = (alc_class_metrics){.support = count->support,
                                 .predicted = count->predicted,
                                 .precision = alc_wilson_interval(count->hits, count->predicted),
                                 .recall = alc_wilson_interval(count->hits, count->support),
                                 .f1 = estimates[ALC_FIGURE_F1 + c]};
        if (count->support + count->predicted == 0)
            k->f1 = (alc_estimate){0, 0, 1};
    }
    return ALC_OK;
}

static metrics_holder *new_holder(alc_context *context, int64_t samples, int64_t class_count)
{
    metrics_holder *holder = alc_allocate(context, sizeof *holder, "metrics");
    if (!holder)
        return NULL;
    const size_t n = (size_t)class_count;
    holder->context = context;
    holder->metrics.samples = samples;
    holder->metrics.class_count = class_count;
    holder->classes = alc_allocate_array(context, n, sizeof *holder->classes, "metrics");
    holder->confusion = alc_allocate_array(context, n, n * sizeof *holder->confusion, "a confusion matrix");
    holder->metrics.classes = holder->classes;
    holder->metrics.confusion = holder->confusion;
    if (holder->classes && holder->confusion)
        return holder;
    alc_metrics_destroy(&holder->metrics);
    return NULL;
}

alc_status alc_metrics_compute(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const alc_real *probabilities, uint64_t seed, alc_metrics **metrics)
{
    *metrics = NULL;
    if (samples < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: there is no sample to judge");
    if (class_count < 2 || class_count > INT32_MAX)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: %lld classes, expected at least 2",
                        (long long)class_count);
    const size_t figure_count = ALC_FIGURE_F1 + (size_t)class_count;
    alc_status status = ALC_OUT_OF_MEMORY;
    metrics_holder *holder = new_holder(context, samples, class_count);
    int32_t *predictions = alc_allocate_array(context, (size_t)samples, sizeof *predictions, "predictions");
    alc_class_counts *counts = alc_allocate_array(context, (size_t)class_count, sizeof *counts, "counts");
    double *figures = alc_allocate_array(context, figure_count, sizeof *figures, "figures");
    alc_estimate *estimates = alc_allocate_array(context, figure_count, sizeof *estimates, "estimates");
    if (!holder || !predictions || !counts || !figures || !estimates)
        goto end;
    status = predict_rows(context, samples, class_count, labels, probabilities, predictions,
                          &holder->metrics.log_loss);
    if (status == ALC_OK)
        status = count_and_estimate(context, holder, labels, predictions, seed, counts, figures, estimates);
    if (status == ALC_OK) {
        *metrics = &holder->metrics;
        holder = NULL;
    }
end:
    alc_free(context, estimates);
    alc_free(context, figures);
    alc_free(context, counts);
    alc_free(context, predictions);
    if (holder)
        alc_metrics_destroy(&holder->metrics);
    return status;
}

alc_context *alc_metrics_context(const alc_metrics *metrics)
{
    return ((const metrics_holder *)(const void *)metrics)->context;
}

void alc_metrics_destroy(alc_metrics *metrics)
{
    if (!metrics)
        return;
    metrics_holder *holder = (metrics_holder *)(void *)metrics;
    alc_context *context = holder->context;
    alc_free(context, holder->classes);
    alc_free(context, holder->confusion);
    alc_free(context, holder);
}
