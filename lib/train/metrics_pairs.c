/* metrics_pairs.c - whether one set of predictions is better than another of the same samples. Two intervals that overlap do
 * not tell: what counts is where the two differ. */
#include <string.h>

#include "lib/train/metrics_internal.h"

/* Terms of the binomial's tail, relative to the middle one, so that 2^n does not overflow. Terms too small for a double are
 * zero, as they may be. */
double alc_mcnemar_exact(int64_t only_a, int64_t only_b)
{
    const int64_t n = only_a + only_b, fewer = only_a < only_b ? only_a : only_b, middle = n / 2;
    double term = 1, all = 0, tail = 0;
    for (int64_t i = middle; i >= 0 && term > 0; i--) {
        const bool twice = 2 * i != n; /* the term of n - i is the same */
        all += twice ? 2 * term : term;
        tail += i <= fewer ? term : 0;
        term *= (double)i / (double)(n - i + 1);
    }
    return 2 * tail < all ? 2 * tail / all : 1;
}

/* What one set of predictions is worth: of the samples themselves, or of a resample. */
typedef struct set_score {
    int64_t right;
    double balanced;
} set_score;

/* Every set is judged on the same draws, so that these are made once for all pairs. */
typedef struct paired_bootstrap {
    int64_t samples, class_count, sets;
    const int32_t *labels, *const *predictions;
    uint64_t seed;
    int64_t *drawn;           /* of each worker: how often each sample is in its resample */
    alc_class_counts *counts; /* of each worker: class_count */
    set_score *scores;        /* `sets` of the samples themselves, then of each resample */
} paired_bootstrap;

static set_score judge(const paired_bootstrap *p, int64_t set, const int64_t *drawn, alc_class_counts *counts)
{
    const int32_t *predictions = p->predictions[set];
    set_score score = {0};
    for (int64_t c = 0; c < p->class_count; c++)
        counts[c] = (alc_class_counts){0};
    for (int64_t i = 0; i < p->samples; i++) {
        alc_class_counts *of = &counts[p->labels[i]];
        of->support += drawn[i];
        of->hits += predictions[i] == p->labels[i] ? drawn[i] : 0;
    }
    for (int64_t c = 0; c < p->class_count; c++)
        score.right += counts[c].hits;
    score.balanced = alc_balanced_accuracy(counts, p->class_count);
    return score;
}

static void draw(const paired_bootstrap *p, int64_t resample, int64_t *drawn)
{
    const alc_random_key key = alc_bootstrap_key(p->seed, resample);
    memset(drawn, 0, (size_t)p->samples * sizeof *drawn);
    for (int64_t i = 0; i < p->samples; i++)
        drawn[alc_random_below(key, (uint64_t)i, (uint64_t)p->samples)]++;
}

/* Task 0: each sample once. */
static void score_sets(void *argument, int64_t task, int worker)
{
    const paired_bootstrap *p = argument;
    int64_t *drawn = p->drawn + worker * p->samples;
    if (task > 0)
        draw(p, task - 1, drawn);
    for (int64_t i = 0; i < p->samples && task == 0; i++)
        drawn[i] = 1;
    for (int64_t set = 0; set < p->sets; set++)
        p->scores[task * p->sets + set] = judge(p, set, drawn, p->counts + worker * p->class_count);
}

static alc_status check_classes(alc_context *context, const paired_bootstrap *p)
{
    if (p->samples < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: there is no sample to compare");
    for (int64_t l = -1; l < p->sets; l++)
        for (int64_t i = 0; i < p->samples; i++) {
            const int32_t class = l < 0 ? p->labels[i] : p->predictions[l][i];
            if (class < 0 || class >= p->class_count)
                return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: sample %lld has class %d, expected 0 to %lld",
                                (long long)i, (int)class, (long long)p->class_count - 1);
        }
    return ALC_OK;
}

static double accuracy_difference(const paired_bootstrap *p, const set_score *scores, int64_t a, int64_t b)
{
    return (double)(scores[a].right - scores[b].right) / (double)p->samples;
}

/* `values`: scratch for one figure of all resamples. */
static alc_paired_metrics compare_pair(const paired_bootstrap *p, int64_t a, int64_t b, double *values)
{
    const set_score *resamples = p->scores + p->sets;
    alc_paired_metrics paired = {
        .accuracy_difference.value = accuracy_difference(p, p->scores, a, b),
        .balanced_accuracy_difference.value = p->scores[a].balanced - p->scores[b].balanced};
    for (int64_t i = 0; i < p->samples; i++) {
        const bool a_right = p->predictions[a][i] == p->labels[i], b_right = p->predictions[b][i] == p->labels[i];
        paired.only_a += a_right && !b_right;
        paired.only_b += b_right && !a_right;
    }
    paired.mcnemar_p = alc_mcnemar_exact(paired.only_a, paired.only_b);
    for (int64_t r = 0; r < ALC_BOOTSTRAP_RESAMPLES; r++)
        values[r] = accuracy_difference(p, resamples + r * p->sets, a, b);
    alc_percentile_interval(values, &paired.accuracy_difference);
    for (int64_t r = 0; r < ALC_BOOTSTRAP_RESAMPLES; r++)
        values[r] = resamples[r * p->sets + a].balanced - resamples[r * p->sets + b].balanced;
    alc_percentile_interval(values, &paired.balanced_accuracy_difference);
    return paired;
}

alc_status alc_metrics_compare_all(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                                   int64_t sets, const int32_t *const *predictions, uint64_t seed, alc_paired_metrics *paired)
{
    const size_t workers = (size_t)alc_context_threads(context);
    paired_bootstrap p = {.samples = samples, .class_count = class_count, .sets = sets, .labels = labels,
                          .predictions = predictions, .seed = seed};
    alc_status status = check_classes(context, &p);
    if (status)
        return status;
    p.drawn = alc_allocate_array(context, (size_t)samples, workers * sizeof *p.drawn, "a comparison");
    p.counts = alc_allocate_array(context, (size_t)class_count, workers * sizeof *p.counts, "a comparison");
    p.scores = alc_allocate_array(context, (size_t)sets, (1 + ALC_BOOTSTRAP_RESAMPLES) * sizeof *p.scores, "a comparison");
    double *values = alc_allocate_array(context, ALC_BOOTSTRAP_RESAMPLES, sizeof *values, "a comparison");
    if (p.drawn && p.counts && p.scores && values) {
        alc_parallel_run(context, 1 + ALC_BOOTSTRAP_RESAMPLES, score_sets, &p);
        for (int64_t a = 0; a < sets; a++)
            for (int64_t b = a + 1; b < sets; b++)
                *paired++ = compare_pair(&p, a, b, values);
    } else {
        status = ALC_OUT_OF_MEMORY;
    }
    alc_free(context, values);
    alc_free(context, p.scores);
    alc_free(context, p.counts);
    alc_free(context, p.drawn);
    return status;
}

alc_status alc_metrics_compare(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const int32_t *a, const int32_t *b, uint64_t seed, alc_paired_metrics *paired)
{
    return alc_metrics_compare_all(context, samples, class_count, labels, 2, (const int32_t *const[]){a, b}, seed, paired);
}
