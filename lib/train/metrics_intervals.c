/* metrics_intervals.c - 95 % intervals: Wilson's for proportions, the bootstrap's for figures that are none.
 *
 * Wilson's stays within [0, 1] and is right for small classes, where the textbook's normal interval is not (Brown, Cai
 * and DasGupta 2001). The other figures are no proportions, so their samples are drawn anew. */
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

alc_random_key alc_bootstrap_key(uint64_t seed, int64_t resample)
{
    return (alc_random_key){.seed = seed, .stream = alc_mix(alc_hash_text("bootstrap"), (uint64_t)resample)};
}

typedef struct bootstrap {
    const alc_judged *judged;
    uint64_t seed;
    size_t figure_count;
    alc_class_counts *counts; /* class_count for each resample: tasks share nothing */
    double *figures;          /* figure_count for each resample */
} bootstrap;

/* One resample: as many samples as there are, drawn with replacement. */
static void resample(void *argument, int64_t task, int worker)
{
    (void)worker;
    const bootstrap *b = argument;
    const alc_judged *j = b->judged;
    alc_class_counts *counts = b->counts + task * j->class_count;
    alc_reliability_bin bins[ALC_RELIABILITY_BINS] = {{0}};
    const alc_random_key key = alc_bootstrap_key(b->seed, task);
    double loss_sum = 0;
    for (int64_t i = 0; i < j->samples; i++) {
        const int64_t drawn = (int64_t)alc_random_below(key, (uint64_t)i, (uint64_t)j->samples);
        alc_metrics_count(j, drawn, counts, bins);
        loss_sum += j->losses[drawn];
    }
    alc_metrics_figures(counts, j->class_count, bins, loss_sum, b->figures + (size_t)task * b->figure_count);
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

void alc_percentile_interval(double *values, alc_estimate *estimate)
{
    qsort(values, ALC_BOOTSTRAP_RESAMPLES, sizeof *values, compare_doubles);
    estimate->low = percentile(values, 0.025);
    estimate->high = percentile(values, 0.975);
}

alc_status alc_bootstrap_intervals(alc_context *context, const alc_judged *judged, uint64_t seed, alc_estimate *estimates)
{
    alc_status status = ALC_OUT_OF_MEMORY;
    const size_t draws = ALC_BOOTSTRAP_RESAMPLES;
    bootstrap b = {.judged = judged, .seed = seed, .figure_count = ALC_FIGURE_F1 + (size_t)judged->class_count};
    b.counts = alc_allocate_array(context, (size_t)judged->class_count, draws * sizeof *b.counts, "the bootstrap");
    b.figures = alc_allocate_array(context, b.figure_count, draws * sizeof(double), "the bootstrap");
    double *column = alc_allocate_array(context, draws, sizeof *column, "the bootstrap");
    if (!b.counts || !b.figures || !column)
        goto end;
    alc_parallel_run(context, ALC_BOOTSTRAP_RESAMPLES, resample, &b);
    for (size_t f = 0; f < b.figure_count; f++) {
        for (size_t i = 0; i < draws; i++)
            column[i] = b.figures[i * b.figure_count + f];
        alc_percentile_interval(column, &estimates[f]);
    }
    status = ALC_OK;
end:
    alc_free(context, column);
    alc_free(context, b.figures);
    alc_free(context, b.counts);
    return status;
}
