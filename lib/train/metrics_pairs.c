/* metrics_pairs.c - whether one set of predictions is better than another of the same samples. Two intervals that overlap do
 * not tell: what counts is where the two differ. */
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

typedef struct paired_bootstrap {
    int64_t samples, class_count;
    const int32_t *labels, *a, *b;
    uint64_t seed;
    alc_class_counts *counts;      /* 2 * class_count for each resample */
    double *accuracies, *balanced; /* differences, one for each resample */
} paired_bootstrap;

static void add_sample(const paired_bootstrap *p, int64_t i, alc_class_counts *of_a, alc_class_counts *of_b, int64_t *more)
{
    const int32_t label = p->labels[i];
    const bool a = p->a[i] == label, b = p->b[i] == label;
    of_a[label].support++;
    of_b[label].support++;
    of_a[label].hits += a;
    of_b[label].hits += b;
    *more += a - b;
}

static void resample_pairs(void *argument, int64_t task, int worker)
{
    (void)worker;
    const paired_bootstrap *p = argument;
    alc_class_counts *of_a = p->counts + 2 * task * p->class_count, *of_b = of_a + p->class_count;
    const alc_random_key key = alc_bootstrap_key(p->seed, task);
    int64_t more = 0;
    for (int64_t i = 0; i < p->samples; i++)
        add_sample(p, (int64_t)alc_random_below(key, (uint64_t)i, (uint64_t)p->samples), of_a, of_b, &more);
    p->accuracies[task] = (double)more / (double)p->samples;
    p->balanced[task] = alc_balanced_accuracy(of_a, p->class_count) - alc_balanced_accuracy(of_b, p->class_count);
}

static alc_status check_classes(alc_context *context, const paired_bootstrap *p)
{
    const int32_t *const lists[] = {p->labels, p->a, p->b};
    if (p->samples < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: there is no sample to compare");
    for (int l = 0; l < 3; l++)
        for (int64_t i = 0; i < p->samples; i++)
            if (lists[l][i] < 0 || lists[l][i] >= p->class_count)
                return alc_fail(context, ALC_INVALID_ARGUMENT, "metrics: sample %lld has class %d, expected 0 to %lld",
                                (long long)i, (int)lists[l][i], (long long)p->class_count - 1);
    return ALC_OK;
}

/* The figures themselves, without intervals; the counts are scratch. */
static void compare_samples(const paired_bootstrap *p, alc_paired_metrics *paired)
{
    alc_class_counts *of_a = p->counts, *of_b = of_a + p->class_count;
    int64_t more = 0;
    *paired = (alc_paired_metrics){0};
    for (int64_t i = 0; i < p->samples; i++) {
        const bool a = p->a[i] == p->labels[i], b = p->b[i] == p->labels[i];
        add_sample(p, i, of_a, of_b, &more);
        paired->only_a += a && !b;
        paired->only_b += b && !a;
    }
    paired->mcnemar_p = alc_mcnemar_exact(paired->only_a, paired->only_b);
    paired->accuracy_difference.value = (double)more / (double)p->samples;
    paired->balanced_accuracy_difference.value =
        alc_balanced_accuracy(of_a, p->class_count) - alc_balanced_accuracy(of_b, p->class_count);
    for (int64_t c = 0; c < 2 * p->class_count; c++)
        p->counts[c] = (alc_class_counts){0};
}

alc_status alc_metrics_compare(alc_context *context, int64_t samples, int64_t class_count, const int32_t *labels,
                               const int32_t *a, const int32_t *b, uint64_t seed, alc_paired_metrics *paired)
{
    const size_t draws = ALC_BOOTSTRAP_RESAMPLES;
    paired_bootstrap p = {.samples = samples, .class_count = class_count, .labels = labels, .a = a, .b = b, .seed = seed};
    alc_status status = check_classes(context, &p);
    if (status)
        return status;
    p.counts = alc_allocate_array(context, (size_t)class_count, 2 * draws * sizeof *p.counts, "a comparison");
    p.accuracies = alc_allocate_array(context, draws, sizeof(double), "a comparison");
    p.balanced = alc_allocate_array(context, draws, sizeof(double), "a comparison");
    if (p.counts && p.accuracies && p.balanced) {
        compare_samples(&p, paired);
        alc_parallel_run(context, ALC_BOOTSTRAP_RESAMPLES, resample_pairs, &p);
        alc_percentile_interval(p.accuracies, &paired->accuracy_difference);
        alc_percentile_interval(p.balanced, &paired->balanced_accuracy_difference);
    } else {
        status = ALC_OUT_OF_MEMORY;
    }
    alc_free(context, p.balanced);
    alc_free(context, p.accuracies);
    alc_free(context, p.counts);
    return status;
}
