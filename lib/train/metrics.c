/* metrics.c - counts predictions and turns the counts into figures. Intervals are in metrics_intervals.c, texts in
 * metrics_text.c. */
#include "lib/train/metrics_internal.h"

#include <math.h>
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

/* The bin of a confidence: (i / bins, (i + 1) / bins]. Above 1, which rows need not heed, it is the last. */
static int bin_of(double confidence)
{
    if (confidence >= 1)
        return ALC_RELIABILITY_BINS - 1;
    const double place = confidence * ALC_RELIABILITY_BINS;
    int bin = place > 0 ? (int)place : 0;
    if (bin > 0 && (double)bin == place)
        bin--;
    return bin < ALC_RELIABILITY_BINS ? bin : ALC_RELIABILITY_BINS - 1;
}

void alc_metrics_count(const alc_judged *judged, int64_t sample, alc_class_counts *counts, alc_reliability_bin *bins)
{
    const int32_t label = judged->labels[sample], prediction = judged->predictions[sample];
    alc_reliability_bin *bin = &bins[bin_of(judged->confidences[sample])];
    counts[label].support++;
    counts[prediction].predicted++;
    counts[label].hits += label == prediction;
    bin->count++;
    bin->hits += label == prediction;
    bin->confidence += judged->confidences[sample];
}

void alc_metrics_figures(const alc_class_counts *counts, int64_t class_count, const alc_reliability_bin *bins, double loss_sum,
                         double *figures)
{
    double f1s = 0, gaps = 0;
    int64_t seen = 0, samples = 0;
    for (int i = 0; i < ALC_RELIABILITY_BINS; i++) {
        const double gap = (double)bins[i].hits - bins[i].confidence;
        gaps += gap < 0 ? -gap : gap;
        samples += bins[i].count;
    }
    figures[ALC_FIGURE_LOG_LOSS] = loss_sum / (double)samples;
    figures[ALC_FIGURE_ECE] = gaps / (double)samples;
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

/* What is to be judged. */
typedef struct judged_rows {
    alc_context *context;
    int64_t class_count;
    const int32_t *labels, *predictions; /* predictions NULL: the first largest probability of each row */
    const alc_real *probabilities;
} judged_rows;

/* Checks sample i and finds its prediction, loss and confidence. */
static alc_status judge_row(const judged_rows *r, int64_t i, int32_t *prediction, double *loss, double *confidence)
{
    const alc_real *row = r->probabilities + i * r->class_count;
    const int32_t label = r->labels[i];
    int32_t best = 0;
    if (label < 0 || label >= r->class_count)
        return alc_fail(r->context, ALC_INVALID_ARGUMENT, "metrics: sample %lld has label %d, expected 0 to %lld", (long long)i,
                        (int)label, (long long)r->class_count - 1);
    if (r->predictions && (r->predictions[i] < 0 || r->predictions[i] >= r->class_count))
        return alc_fail(r->context, ALC_INVALID_ARGUMENT, "metrics: sample %lld is predicted as %d, expected 0 to %lld",
                        (long long)i, (int)r->predictions[i], (long long)r->class_count - 1);
    for (int64_t c = 0; c < r->class_count; c++) {
        if (!isfinite(row[c]))
            return alc_fail(r->context, ALC_NOT_FINITE, "metrics: a probability of sample %lld is not a finite number", (long long)i);
        if (row[c] < 0)
            return alc_fail(r->context, ALC_INVALID_ARGUMENT, "metrics: a probability of sample %lld is negative", (long long)i);
        if (row[c] > row[best])
            best = (int32_t)c;
    }
    *prediction = r->predictions ? r->predictions[i] : best;
    *loss = -own_logarithm((double)row[label] > 1e-15 ? (double)row[label] : 1e-15);
    *confidence = (double)row[*prediction];
    return ALC_OK;
}

alc_status alc_metrics_summarise(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                 const alc_real *probabilities, int32_t *predictions, alc_class_counts *counts,
                                 alc_metrics_summary *summary)
{
    const judged_rows rows = {context, class_count, labels, NULL, probabilities};
    double loss_sum = 0;
    int64_t hits = 0;
    memset(counts, 0, (size_t)class_count * sizeof *counts);
    for (int64_t i = 0; i < samples; i++) {
        double loss, confidence;
        const alc_status status = judge_row(&rows, i, &predictions[i], &loss, &confidence);
        if (status)
            return status;
        loss_sum += loss;
        counts[labels[i]].support++;
        counts[predictions[i]].predicted++;
        counts[labels[i]].hits += labels[i] == predictions[i];
        hits += labels[i] == predictions[i];
    }
    summary->log_loss = loss_sum / (double)samples;
    summary->accuracy = (double)hits / (double)samples;
    summary->balanced_accuracy = alc_balanced_accuracy(counts, class_count);
    return ALC_OK;
}

/* Scratch of alc_metrics_judge. */
typedef struct judge_scratch {
    int32_t *predictions;         /* [samples] */
    double *losses, *confidences; /* [samples] */
    alc_class_counts *counts;     /* [class_count] */
    double *figures;              /* [ALC_FIGURE_F1 + class_count] */
    alc_estimate *estimates;      /* the same */
} judge_scratch;

static bool allocate_scratch(alc_context *context, int64_t samples, int64_t class_count, judge_scratch *s)
{
    const size_t n = (size_t)samples, figures = ALC_FIGURE_F1 + (size_t)class_count;
    s->predictions = alc_allocate_array(context, n, sizeof *s->predictions, "predictions");
    s->losses = alc_allocate_array(context, n, sizeof *s->losses, "losses");
    s->confidences = alc_allocate_array(context, n, sizeof *s->confidences, "confidences");
    s->counts = alc_allocate_array(context, (size_t)class_count, sizeof *s->counts, "counts");
    s->figures = alc_allocate_array(context, figures, sizeof *s->figures, "figures");
    s->estimates = alc_allocate_array(context, figures, sizeof *s->estimates, "estimates");
    return s->predictions && s->losses && s->confidences && s->counts && s->figures && s->estimates;
}

static void free_scratch(alc_context *context, judge_scratch *s)
{
    alc_free(context, s->estimates);
    alc_free(context, s->figures);
    alc_free(context, s->counts);
    alc_free(context, s->confidences);
    alc_free(context, s->losses);
    alc_free(context, s->predictions);
}

/* Fills the scratch from the rows, and the confusion matrix and the reliability table from the scratch. */
static alc_status count_samples(const judged_rows *rows, metrics_holder *holder, judge_scratch *s)
{
    alc_metrics *m = &holder->metrics;
    const alc_judged judged = {m->samples, m->class_count, rows->labels, s->predictions, s->losses, s->confidences};
    double loss_sum = 0;
    for (int64_t i = 0; i < m->samples; i++) {
        const alc_status status = judge_row(rows, i, &s->predictions[i], &s->losses[i], &s->confidences[i]);
        if (status)
            return status;
        loss_sum += s->losses[i];
        holder->confusion[rows->labels[i] * m->class_count + s->predictions[i]]++;
        alc_metrics_count(&judged, i, s->counts, m->reliability);
    }
    alc_metrics_figures(s->counts, m->class_count, m->reliability, loss_sum, s->figures);
    for (int i = 0; i < ALC_RELIABILITY_BINS; i++)
        if (m->reliability[i].count > 0)
            m->reliability[i].confidence /= (double)m->reliability[i].count;
    return ALC_OK;
}

static void keep_class(const alc_class_counts *count, alc_estimate f1, alc_class_metrics *k)
{
    *k = (alc_class_metrics){.support = count->support,
                             .predicted = count->predicted,
                             .precision = alc_wilson_interval(count->hits, count->predicted),
                             .recall = alc_wilson_interval(count->hits, count->support),
                             .f1 = f1};
    if (count->support + count->predicted == 0)
        k->f1 = (alc_estimate){0, 0, 1};
}

static alc_status estimate(const judged_rows *rows, metrics_holder *holder, judge_scratch *s, uint64_t seed)
{
    alc_metrics *m = &holder->metrics;
    const alc_judged judged = {m->samples, m->class_count, rows->labels, s->predictions, s->losses, s->confidences};
    const alc_status status = alc_bootstrap_intervals(rows->context, &judged, seed, s->estimates);
    int64_t hits = 0;
    if (status)
        return status;
    for (int64_t f = 0; f < ALC_FIGURE_F1 + m->class_count; f++)
        s->estimates[f].value = s->figures[f];
    for (int64_t c = 0; c < m->class_count; c++) {
        keep_class(&s->counts[c], s->estimates[ALC_FIGURE_F1 + c], &holder->classes[c]);
        hits += s->counts[c].hits;
    }
    m->accuracy = alc_wilson_interval(hits, m->samples);
    m->balanced_accuracy = s->estimates[ALC_FIGURE_BALANCED_ACCURACY];
    m->macro_f1 = s->estimates[ALC_FIGURE_MACRO_F1];
    m->log_loss = s->estimates[ALC_FIGURE_LOG_LOSS];
    m->ece = s->estimates[ALC_FIGURE_ECE];
    if (m->ece.low > m->ece.value)
        m->ece.low = m->ece.value;
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

alc_status alc_metrics_judge(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                             const int32_t *predictions, const alc_real *probabilities, uint64_t seed, alc_metrics **metrics)
{
    *metrics = NULL;
    if (samples < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: there is no sample to judge");
    if (class_count < 2 || class_count > INT32_MAX)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: %lld classes, expected at least 2", (long long)class_count);
    const judged_rows rows = {context, class_count, labels, predictions, probabilities};
    judge_scratch scratch = {0};
    alc_status status = ALC_OUT_OF_MEMORY;
    metrics_holder *holder = new_holder(context, samples, class_count);
    if (holder && allocate_scratch(context, samples, class_count, &scratch))
        status = count_samples(&rows, holder, &scratch);
    if (status == ALC_OK)
        status = estimate(&rows, holder, &scratch, seed);
    free_scratch(context, &scratch);
    if (status == ALC_OK)
        *metrics = &holder->metrics;
    else if (holder)
        alc_metrics_destroy(&holder->metrics);
    return status;
}

alc_status alc_metrics_compute(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const alc_real *probabilities, uint64_t seed, alc_metrics **metrics)
{
    return alc_metrics_judge(context, samples, class_count, labels, NULL, probabilities, seed, metrics);
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
