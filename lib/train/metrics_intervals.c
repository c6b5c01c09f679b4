/* metrics_intervals.c - 95 % intervals: Wilson's for proportions, the bootstrap's for figures that are none.
 *
 * Wilson's stays within [0, 1] and is right for small classes, where the textbook's normal interval is not (Brown, Cai
 * and DasGupta 2001). Balanced accuracy and F1 mix several proportions, so their samples are drawn anew. */
#include "lib/train/metrics_internal.h"

#include <math.h>
#include <stdlib.h>

#define Z 1.959963984540054 /* the normal distribution's 97.5 % point */

alc_estimate alc_wilson_interval(int64_t hits, int64_t trials)
{
    if (trials == 0)
        return (alc_estimate){0, 0, 1};
    const double n = (double)trials, p = (double)hits / n;
    const double centre = p + Z * Z / (2 * n);
    const double half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    const double scale = 1 + Z * Z / n;
    alc_estimate e = {p, (centre - half) / scale, (centre + half) / scale};
    if (hits == 0)
        e.low = 0;
    if (hits == trials)
        e.high = 1;
    return e;
}

typedef struct bootstrap {
    int64_t samples, class_count;
    const int32_t *labels, *predictions;
    uint64_t seed;
    alc_class_counts *counts; /* class_count for each resample: tasks share nothing */
} bootstrap;

/* One resample: as many samples as there are, drawn with replacement. */
static void resample(void *argument, int64_t task, int worker)
{
    (void)worker;
    const bootstrap *b = argument;
    alc_class_counts *counts = b->counts + task * b->class_count;
    const alc_random_key key = {.seed = b->seed, .stream = alc_mix(alc_hash_text("bootstrap"), (uint64_t)task)};
    for (int64_t i = 0; i < b->samples; i++) {
        const uint64_t drawn = alc_random_below(key, (uint64_t)i, (uint64_t)b->samples);
        counts[b->labels[drawn]].support++;
        counts[b->predictions[drawn]].predicted++;
        counts[b->labels[drawn]].hits += b->labels[drawn] == b->predictions[drawn];
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the two neighbours of sorted values. */
static double percentile(const double *sorted, double fraction)
{
    const double position = fraction * (ALC_BOOTSTRAP_RESAMPLES - 1);
    const int64_t below = (int64_t)position;
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

alc_status alc_bootstrap_intervals(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                   const int32_t *predictions, uint64_t seed, alc_estimate *estimates)
{
    alc_status status = ALC_OUT_OF_MEMORY;
    const size_t draws = ALC_BOOTSTRAP_RESAMPLES, figure_count = ALC_FIGURE_F1 + (size_t)class_count;
    bootstrap b = {.samples = samples,
                   .class_count = class_count,
                   .labels = labels,
                   .predictions = predictions,
                   .seed = seed};
    b.counts = alc_allocate_array(context, (size_t)class_count, draws * sizeof *b.counts, "the bootstrap");
    double *columns = alc_allocate_array(context, figure_count, draws * sizeof(double), "the bootstrap");
    double *row = alc_allocate_array(context, figure_count, sizeof *row, "the bootstrap");
    if (!b.counts || !columns || !row)
        goto end;
    alc_parallel_run(context, ALC_BOOTSTRAP_RESAMPLES, resample, &b);
    for (size_t i = 0; i < draws; i++) {
        alc_metrics_figures(b.counts + i * (size_t)class_count, class_count, row);
        for (size_t f = 0; f < figure_count; f++)
            columns[f * draws + i] = row[f];
    }
    for (size_t f = 0; f < figure_count; f++) {
        double *column = columns + f * draws;
        qsort(column, draws, sizeof *column, compare_doubles);
        estimates[f].low = percentile(column, 0.025);
        estimates[f].high = percentile(column, 0.975);
    }
    status = ALC_OK;
end:
    alc_free(context, row);
    alc_free(context, columns);
    alc_free(context, b.counts);
    return status;
}
