/* lib/data/split_groups.c - undivided groups into bins with even shares of every class.
 *
 * Groups are taken by size, the largest first, and among equals by the smallest hash of their samples, so that the order of
 * rows does not matter. Each goes to the bin where it raises sum over classes of count^2 / (share * n) least: the sum is smallest
 * where every bin has its share of every class. Lone samples so fill the bins of their class in turn.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/data/dataset_internal.h"

typedef struct sample_group {
    uint64_t hash;
    int64_t number, size;
    int64_t first; /* place of its first sample in the list of members */
} sample_group;

typedef struct assignment {
    const alc_dataset *dataset;
    const int64_t *numbers; /* of every sample's group */
    const double *shares;
    int bins;
    int32_t *bin;
    sample_group *groups; /* [group_count] */
    int64_t group_count;
    int64_t *members;      /* samples, those of a group together */
    int64_t *counts;       /* [bins][class_count] */
    int64_t *totals;       /* [class_count] */
    int64_t *group_counts; /* [class_count], of the group at hand */
} assignment;

static int compare_groups(const void *a, const void *b)
{
    const sample_group *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static alc_status count_groups(assignment *a)
{
    for (int64_t i = 0; i < a->dataset->count; i++) {
        if (a->numbers[i] < 0 || a->numbers[i] >= a->dataset->count)
            return alc_fail(a->dataset->context, ALC_INVALID_ARGUMENT,
                            "a split: sample %lld has the group %lld, expected 0 to %lld", (long long)i, (long long)a->numbers[i],
                            (long long)a->dataset->count - 1);
        if (a->numbers[i] >= a->group_count)
            a->group_count = a->numbers[i] + 1;
    }
    return ALC_OK;
}

/* Sizes, hashes and members of the groups, by samples that take part. */
static void fill_groups(assignment *a, uint64_t seed)
{
    int64_t begin = 0;
    for (int64_t i = 0; i < a->dataset->count; i++) {
        sample_group *group = &a->groups[a->numbers[i]];
        const uint64_t hash = alc_mix(a->dataset->samples[i].key, seed);
        if (a->bin[i] < 0)
            continue;
        if (group->size == 0 || hash < group->hash)
            group->hash = hash;
        group->size++;
        a->totals[a->dataset->samples[i].label]++;
    }
    for (int64_t g = 0; g < a->group_count; g++) {
        a->groups[g].number = g;
        a->groups[g].first = begin;
        begin += a->groups[g].size;
        a->groups[g].size = 0;
    }
    for (int64_t i = 0; i < a->dataset->count; i++)
        if (a->bin[i] >= 0) {
            sample_group *group = &a->groups[a->numbers[i]];
            a->members[group->first + group->size++] = i;
        }
}

/* What the group at hand would add to the sum above in this bin. */
static double cost_of(const assignment *a, int bin)
{
    const int64_t classes = a->dataset->class_count;
    double cost = 0;
    for (int64_t c = 0; c < classes; c++) {
        const double added = (double)a->group_counts[c], there = (double)a->counts[bin * classes + c];
        if (added > 0)
            cost += added * (2 * there + added) / (a->shares[bin] * (double)a->totals[c]);
    }
    return cost;
}

static void place_group(assignment *a, const sample_group *group)
{
    const int64_t classes = a->dataset->class_count;
    int best = 0;
    memset(a->group_counts, 0, (size_t)classes * sizeof *a->group_counts);
    for (int64_t i = 0; i < group->size; i++)
        a->group_counts[a->dataset->samples[a->members[group->first + i]].label]++;
    for (int bin = 1; bin < a->bins; bin++)
        if (cost_of(a, bin) < cost_of(a, best))
            best = bin;
    for (int64_t c = 0; c < classes; c++)
        a->counts[best * classes + c] += a->group_counts[c];
    for (int64_t i = 0; i < group->size; i++)
        a->bin[a->members[group->first + i]] = best;
}

static bool allocate(assignment *a)
{
    alc_context *context = a->dataset->context;
    const size_t classes = (size_t)a->dataset->class_count, bins = (size_t)a->bins;
    a->groups = alc_allocate_array(context, (size_t)a->group_count, sizeof *a->groups, "groups of a split");
    a->members = alc_allocate_array(context, (size_t)a->dataset->count, sizeof *a->members, "groups of a split");
    a->counts = alc_allocate_array(context, classes, bins * sizeof *a->counts, "groups of a split");
    a->totals = alc_allocate_array(context, classes, sizeof *a->totals, "groups of a split");
    a->group_counts = alc_allocate_array(context, classes, sizeof *a->group_counts, "groups of a split");
    return a->groups && a->members && a->counts && a->totals && a->group_counts;
}

alc_status alc_assign_groups(const alc_dataset *dataset, uint64_t seed, const int64_t *groups, const double *shares, int bins,
                             int32_t *bin)
{
    assignment a = {.dataset = dataset, .numbers = groups, .shares = shares, .bins = bins, .bin = bin};
    alc_status status = count_groups(&a);
    if (status == ALC_OK && !allocate(&a))
        status = ALC_OUT_OF_MEMORY;
    if (status == ALC_OK) {
        fill_groups(&a, seed);
        qsort(a.groups, (size_t)a.group_count, sizeof *a.groups, compare_groups);
        for (int64_t g = 0; g < a.group_count; g++)
            if (a.groups[g].size > 0)
                place_group(&a, &a.groups[g]);
    }
    alc_free(dataset->context, a.group_counts);
    alc_free(dataset->context, a.totals);
    alc_free(dataset->context, a.counts);
    alc_free(dataset->context, a.members);
    alc_free(dataset->context, a.groups);
    return status;
}
