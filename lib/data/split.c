/* lib/data/split.c - which samples train, validate and test: stratified, by a hash of identifiers.
 *
 * Within each class samples are ordered by hash(key, seed); ties, which only equal rows without identifiers have, by their
 * number. Parts are cut from that order by counts, so every class has the same shares. Neither the order of rows nor other
 * columns matter, and any model that reads the same table gets the same parts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data/dataset_internal.h"

struct alc_split {
    alc_context *context;
    int64_t *indices[ALC_PART_COUNT];
    int64_t count[ALC_PART_COUNT];
    char hash[17];
};

typedef struct ranked_sample {
    uint64_t hash;
    int64_t index;
    int32_t label;
    alc_part part;
} ranked_sample;

static int compare_ranks(const void *a, const void *b)
{
    const ranked_sample *x = a, *y = b;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int compare_indices(const void *a, const void *b)
{
    const ranked_sample *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* All samples by class, then hash. */
static alc_status rank_samples(const alc_dataset *dataset, uint64_t seed, ranked_sample **result)
{
    ranked_sample *ranked = alc_allocate_array(dataset->context, (size_t)dataset->count,
                                               sizeof *ranked, "a split");
    if (ranked == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < dataset->count; i++) {
        const alc_sample *sample = &dataset->samples[i];
        if (sample->label < 0) {
            alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                     "%s: line %lld (row %lld): a sample without a label cannot be split by class",
                     alc_table_path(dataset->table),
                     (long long)alc_table_line(dataset->table, sample->row),
                     (long long)sample->row + 1);
            alc_free(dataset->context, ranked);
            return ALC_INVALID_ARGUMENT;
        }
        ranked[i] = (ranked_sample){
            .hash = alc_mix(sample->key, seed), .index = i, .label = sample->label};
    }
    qsort(ranked, (size_t)dataset->count, sizeof *ranked, compare_ranks);
    *result = ranked;
    return ALC_OK;
}

/* Names the parts and keys of all samples in a way that their order does not change: a sum modulo 2^64. */
static void name_split(const alc_dataset *dataset, const ranked_sample *ranked, alc_split *split)
{
    uint64_t sum = 0;

    for (int64_t i = 0; i < dataset->count; i++)
        sum += alc_mix(dataset->samples[ranked[i].index].key, (uint64_t)ranked[i].part + 1);
    snprintf(split->hash, sizeof split->hash, "%016llx", (unsigned long long)sum);
}

/* Makes the split from the samples' parts; takes `ranked`, which is freed in any case. */
static alc_status finish(const alc_dataset *dataset, ranked_sample *ranked, alc_split **result)
{
    alc_context *context = dataset->context;
    alc_split *split = alc_allocate(context, sizeof *split, "a split");
    alc_status status = split != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
    int64_t counts[ALC_PART_COUNT] = {0};

    for (int64_t i = 0; i < dataset->count; i++)
        counts[ranked[i].part]++;
    if (status == ALC_OK)
        split->context = context;
    for (int part = 0; status == ALC_OK && part < ALC_PART_COUNT; part++) {
        split->indices[part] =
            alc_allocate_array(context, (size_t)counts[part], sizeof(int64_t), "a split");
        if (split->indices[part] == NULL)
            status = ALC_OUT_OF_MEMORY;
    }
    if (status == ALC_OK) {
        qsort(ranked, (size_t)dataset->count, sizeof *ranked, compare_indices);
        name_split(dataset, ranked, split);
        for (int64_t i = 0; i < dataset->count; i++) {
            alc_part part = ranked[i].part;
            split->indices[part][split->count[part]++] = ranked[i].index;
        }
        *result = split;
    } else {
        alc_split_destroy(split);
    }
    alc_free(context, ranked);
    return status;
}

/* How many of n samples a share of them is: rounded, at least 1 unless the share is 0. */
static int64_t share_of(int64_t n, double share)
{
    int64_t count = (int64_t)floor((double)n * share + 0.5);
    if (share == 0)
        return 0;
    return count < 1 ? 1 : count;
}

static alc_status too_few(const alc_dataset *dataset, int32_t label, int64_t n, int64_t parts)
{
    return alc_fail(dataset->context, ALC_MISMATCH,
                    "%s: class \"%s\" has %lld sample%s, too few for %lld part%s: one of them would "
                    "not know the class",
                    alc_table_path(dataset->table), dataset->class_names[label], (long long)n,
                    n == 1 ? "" : "s", (long long)parts, parts == 1 ? "" : "s");
}

/* Gives the n samples of class `label`, ranked[0 .. n), their parts. */
typedef alc_status (*cut_fn)(const alc_dataset *dataset, int32_t label, ranked_sample *ranked,
                             int64_t n, const void *options);

static alc_status cut_by_shares(const alc_dataset *dataset, int32_t label, ranked_sample *ranked,
                                int64_t n, const void *shares)
{
    const alc_split_options *options = shares;
    double all = options->train + options->validation + options->test;
    int64_t tests = share_of(n, options->test / all);
    int64_t validations = share_of(n, options->validation / all);
    int64_t parts = 1 + (tests > 0) + (validations > 0);

    if (n < parts)
        return too_few(dataset, label, n, parts);
    while (tests + validations > n - 1) {
        if (validations > tests)
            validations--;
        else
            tests--;
    }
    for (int64_t i = 0; i < n; i++) {
        ranked[i].part = ALC_PART_TRAIN;
        if (i < tests)
            ranked[i].part = ALC_PART_TEST;
        else if (i < tests + validations)
            ranked[i].part = ALC_PART_VALIDATION;
    }
    return ALC_OK;
}

static alc_status cut_fold(const alc_dataset *dataset, int32_t label, ranked_sample *ranked,
                           int64_t n, const void *fold)
{
    const alc_fold_options *options = fold;
    int64_t tests = n / options->folds + (options->fold < n % options->folds ? 1 : 0);
    int64_t validations = share_of(n - tests, options->validation);

    if (n < options->folds)
        return too_few(dataset, label, n, options->folds);
    if (n - tests < (validations > 0 ? 2 : 1))
        return too_few(dataset, label, n, options->folds + 1);
    if (validations > n - tests - 1)
        validations = n - tests - 1;
    for (int64_t i = 0; i < n; i++) {
        if (i % options->folds == options->fold)
            ranked[i].part = ALC_PART_TEST;
        else
            ranked[i].part = validations-- > 0 ? ALC_PART_VALIDATION : ALC_PART_TRAIN;
    }
    return ALC_OK;
}

static alc_status split_by_class(const alc_dataset *dataset, uint64_t seed, cut_fn cut,
                                 const void *options, alc_split **split)
{
    ranked_sample *ranked = NULL;
    int64_t begin = 0;
    alc_status status = rank_samples(dataset, seed, &ranked);

    for (int32_t label = 0; status == ALC_OK && label < dataset->class_count; label++) {
        int64_t end = begin;
        while (end < dataset->count && ranked[end].label == label)
            end++;
        status = cut(dataset, label, ranked + begin, end - begin, options);
        begin = end;
    }
    if (status != ALC_OK) {
        alc_free(dataset->context, ranked);
        return status;
    }
    return finish(dataset, ranked, split);
}

/* ---- with groups ---- */

/* All samples in the order of their numbers, for finish. */
static alc_status list_samples(const alc_dataset *dataset, ranked_sample **listed, int32_t **bins)
{
    const alc_status status = rank_samples(dataset, 0, listed);
    if (status != ALC_OK)
        return status;
    qsort(*listed, (size_t)dataset->count, sizeof **listed, compare_indices);
    *bins = alc_allocate_array(dataset->context, (size_t)dataset->count, sizeof **bins, "a split");
    if (*bins != NULL)
        return ALC_OK;
    alc_free(dataset->context, *listed);
    return ALC_OUT_OF_MEMORY;
}

/* A class that the training part lacks cannot be learnt. */
static alc_status check_training_part(const alc_dataset *dataset, const ranked_sample *listed)
{
    for (int32_t c = 0; c < dataset->class_count; c++) {
        int64_t trained = 0;
        for (int64_t i = 0; i < dataset->count; i++)
            trained += listed[i].label == c && listed[i].part == ALC_PART_TRAIN;
        if (trained == 0)
            return alc_fail(dataset->context, ALC_MISMATCH,
                            "%s: class \"%s\" has too few groups of objects that belong together: none is left to train on",
                            alc_table_path(dataset->table), dataset->class_names[c]);
    }
    return ALC_OK;
}

static alc_status finish_groups(const alc_dataset *dataset, alc_status status, ranked_sample *listed, int32_t *bins,
                                alc_split **split)
{
    alc_free(dataset->context, bins);
    if (status == ALC_OK)
        status = check_training_part(dataset, listed);
    if (status == ALC_OK)
        return finish(dataset, listed, split);
    alc_free(dataset->context, listed);
    return status;
}

static alc_status split_groups_by_shares(const alc_dataset *dataset, const alc_split_options *options, alc_split **split)
{
    static const alc_part parts[] = {ALC_PART_TRAIN, ALC_PART_VALIDATION, ALC_PART_TEST};
    const double asked[] = {options->train, options->validation, options->test};
    double shares[ALC_PART_COUNT];
    alc_part part_of[ALC_PART_COUNT];
    ranked_sample *listed;
    int32_t *bins;
    int used = 0;
    alc_status status = list_samples(dataset, &listed, &bins);
    if (status != ALC_OK)
        return status;
    for (int i = 0; i < ALC_PART_COUNT; i++)
        if (asked[i] > 0) {
            shares[used] = asked[i];
            part_of[used++] = parts[i];
        }
    status = alc_assign_groups(dataset, options->seed, options->groups, shares, used, bins);
    for (int64_t i = 0; i < dataset->count && status == ALC_OK; i++)
        listed[i].part = part_of[bins[i]];
    return finish_groups(dataset, status, listed, bins, split);
}

/* The folds first, the same for every fold; then the validation part among what is not this fold's. */
static alc_status assign_fold(const alc_dataset *dataset, const alc_fold_options *options, ranked_sample *listed, int32_t *bins)
{
    const double rest[] = {1 - options->validation, options->validation};
    double *equal = alc_allocate_array(dataset->context, (size_t)options->folds, sizeof *equal, "a split");
    if (equal == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t f = 0; f < options->folds; f++)
        equal[f] = 1;
    alc_status status = alc_assign_groups(dataset, options->seed, options->groups, equal, (int)options->folds, bins);
    alc_free(dataset->context, equal);
    for (int64_t i = 0; i < dataset->count && status == ALC_OK; i++) {
        listed[i].part = bins[i] == options->fold ? ALC_PART_TEST : ALC_PART_TRAIN;
        bins[i] = bins[i] == options->fold ? -1 : 0;
    }
    if (status != ALC_OK || !(options->validation > 0))
        return status;
    status = alc_assign_groups(dataset, options->seed, options->groups, rest, 2, bins);
    for (int64_t i = 0; i < dataset->count && status == ALC_OK; i++)
        if (bins[i] == 1)
            listed[i].part = ALC_PART_VALIDATION;
    return status;
}

static alc_status split_groups_by_fold(const alc_dataset *dataset, const alc_fold_options *options, alc_split **split)
{
    ranked_sample *listed;
    int32_t *bins;
    alc_status status = list_samples(dataset, &listed, &bins);
    if (status != ALC_OK)
        return status;
    status = assign_fold(dataset, options, listed, bins);
    return finish_groups(dataset, status, listed, bins, split);
}

alc_status alc_split_create(const alc_dataset *dataset, alc_split_options options, alc_split **split)
{
    double all = options.train + options.validation + options.test;

    if (split != NULL)
        *split = NULL;
    if (dataset == NULL)
        return ALC_INVALID_ARGUMENT;
    if (split == NULL || !isfinite(all) || !(options.train > 0) || !(options.validation >= 0) ||
        !(options.test >= 0))
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "a split into %g, %g and %g is impossible: the first must be positive, the "
                        "others not negative",
                        options.train, options.validation, options.test);
    if (options.groups != NULL)
        return split_groups_by_shares(dataset, &options, split);
    return split_by_class(dataset, options.seed, cut_by_shares, &options, split);
}

alc_status alc_split_create_fold(const alc_dataset *dataset, alc_fold_options options,
                                 alc_split **split)
{
    if (split != NULL)
        *split = NULL;
    if (dataset == NULL)
        return ALC_INVALID_ARGUMENT;
    if (split == NULL || options.folds < 2 || options.fold < 0 || options.fold >= options.folds ||
        !(options.validation >= 0 && options.validation < 1))
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "fold %lld of %lld with %g of the rest for validation is impossible",
                        (long long)options.fold, (long long)options.folds, options.validation);
    if (options.groups != NULL)
        return split_groups_by_fold(dataset, &options, split);
    return split_by_class(dataset, options.seed, cut_fold, &options, split);
}

void alc_split_destroy(alc_split *split)
{
    if (split == NULL)
        return;
    for (int part = 0; part < ALC_PART_COUNT; part++)
        alc_free(split->context, split->indices[part]);
    alc_free(split->context, split);
}

const int64_t *alc_split_indices(const alc_split *split, alc_part part, int64_t *count)
{
    bool known = split != NULL && (int)part >= 0 && part < ALC_PART_COUNT;

    if (count != NULL)
        *count = known ? split->count[part] : 0;
    return known ? split->indices[part] : NULL;
}

const char *alc_split_hash(const alc_split *split)
{
    return split != NULL ? split->hash : "";
}
