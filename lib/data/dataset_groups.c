/* lib/data/dataset_groups.c - which samples belong together: equal cells, neighbours on the sky, equal images.
 *
 * A forest of parents (union-find) joins samples one rule after the other. Each rule sorts the samples by what it looks at, so
 * only neighbours in that order are compared. Angles use a sine of our own, so the same table gives the same groups everywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/data/dataset_internal.h"
#include "lib/data/table_internal.h"

#define DEGREE 0.017453292519943295
#define MOST_ARC_SECONDS 3600.0

typedef struct placed_sample {
    const alc_dataset *dataset;
    int64_t index;
    const char *text;
    double ra, dec; /* radians */
} placed_sample;

typedef struct grouping {
    const alc_dataset *dataset;
    int64_t *parents;       /* [count]; a root is its own, and the smallest of its group */
    placed_sample *samples; /* [count], those that the rule at hand looks at */
    int64_t used;
} grouping;

static int64_t root_of(const grouping *g, int64_t i)
{
    while (g->parents[i] != i) {
        g->parents[i] = g->parents[g->parents[i]];
        i = g->parents[i];
    }
    return i;
}

static void join(grouping *g, int64_t a, int64_t b)
{
    a = root_of(g, a);
    b = root_of(g, b);
    if (a < b)
        g->parents[b] = a;
    else
        g->parents[a] = b;
}

/* ---- equal cells ---- */

static int compare_text(const void *a, const void *b)
{
    const placed_sample *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static alc_status join_equal_cells(grouping *g, const char *name)
{
    const alc_table *table = g->dataset->table;
    int64_t column;
    const alc_status status = alc_table_require_column(table, name, &column);
    if (status != ALC_OK)
        return status;
    g->used = 0;
    for (int64_t i = 0; i < g->dataset->count; i++) {
        const int64_t row = g->dataset->samples[i].row;
        if (!alc_table_missing(table, row, column))
            g->samples[g->used++] = (placed_sample){.index = i, .text = alc_table_cell(table, row, column)};
    }
    qsort(g->samples, (size_t)g->used, sizeof *g->samples, compare_text);
    for (int64_t i = 1; i < g->used; i++)
        if (strcmp(g->samples[i].text, g->samples[i - 1].text) == 0)
            join(g, g->samples[i].index, g->samples[i - 1].index);
    return ALC_OK;
}

/* ---- equal images ---- */

static size_t image_bytes(const alc_dataset *dataset)
{
    return (size_t)(dataset->image_size * dataset->image_size * 3);
}

static int compare_images(const void *a, const void *b)
{
    const placed_sample *x = a, *y = b;
    const int order = memcmp(x->dataset->samples[x->index].pixels, y->dataset->samples[y->index].pixels, image_bytes(x->dataset));
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static void join_equal_images(grouping *g)
{
    const alc_sample *samples = g->dataset->samples;
    g->used = g->dataset->count;
    for (int64_t i = 0; i < g->used; i++)
        g->samples[i] = (placed_sample){.dataset = g->dataset, .index = i};
    qsort(g->samples, (size_t)g->used, sizeof *g->samples, compare_images);
    for (int64_t i = 1; i < g->used; i++) {
        const int64_t a = g->samples[i - 1].index, b = g->samples[i].index;
        if (memcmp(samples[a].pixels, samples[b].pixels, image_bytes(g->dataset)) == 0)
            join(g, a, b);
    }
}

/* ---- neighbours on the sky ---- */

/* sin(x) for |x| <= pi / 2: Taylor's series, exact to the last bits of a double. */
static double sine(double x)
{
    const double square = x * x;
    double sum = 0;
    for (int n = 25; n > 1; n -= 2)
        sum = (1 + sum) * -square / (double)(n * (n - 1));
    return x + x * sum;
}

static double cosine(double x)
{
    return sine(90 * DEGREE - (x < 0 ? -x : x));
}

/* sin^2 of half the distance, by the haversine formula, which is exact for small angles. */
static double half_distance_squared(const placed_sample *a, const placed_sample *b)
{
    double turn = a->ra - b->ra;
    turn = turn < 0 ? -turn : turn;
    if (turn > 180 * DEGREE)
        turn = 360 * DEGREE - turn;
    const double up = sine((a->dec - b->dec) / 2), along = sine(turn / 2);
    return up * up + cosine(a->dec) * cosine(b->dec) * along * along;
}

static int compare_declination(const void *a, const void *b)
{
    const placed_sample *x = a, *y = b;
    if (x->dec != y->dec)
        return x->dec < y->dec ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static alc_status read_angle(const grouping *g, int64_t row, int64_t column, double low, double high, double *radians,
                             bool *missing)
{
    double degrees;
    const alc_status status = alc_table_number(g->dataset->table, row, column, &degrees, missing);
    if (status == ALC_OK && !*missing && !(degrees >= low && degrees <= high))
        return alc_table_fail_cell(g->dataset->table, row, column, "%g is no angle from %g to %g degrees", degrees, low, high);
    *radians = degrees * DEGREE;
    return status;
}

static alc_status join_neighbours(grouping *g, const alc_group_options *options)
{
    const double radius = options->radius / 3600 * DEGREE, limit = sine(radius / 2) * sine(radius / 2);
    int64_t ra, dec;
    alc_status status = alc_table_require_column(g->dataset->table, options->right_ascension, &ra);
    if (status == ALC_OK)
        status = alc_table_require_column(g->dataset->table, options->declination, &dec);
    g->used = 0;
    for (int64_t i = 0; i < g->dataset->count && status == ALC_OK; i++) {
        placed_sample *s = &g->samples[g->used];
        bool no_ra, no_dec = false;
        *s = (placed_sample){.index = i};
        status = read_angle(g, g->dataset->samples[i].row, ra, -360, 360, &s->ra, &no_ra);
        if (status == ALC_OK)
            status = read_angle(g, g->dataset->samples[i].row, dec, -90, 90, &s->dec, &no_dec);
        g->used += !no_ra && !no_dec;
    }
    if (status != ALC_OK)
        return status;
    qsort(g->samples, (size_t)g->used, sizeof *g->samples, compare_declination);
    for (int64_t i = 0; i < g->used; i++)
        for (int64_t k = i + 1; k < g->used && g->samples[k].dec - g->samples[i].dec <= radius; k++)
            if (half_distance_squared(&g->samples[i], &g->samples[k]) <= limit)
                join(g, g->samples[i].index, g->samples[k].index);
    return ALC_OK;
}

/* ---- all rules ---- */

static alc_status apply_rules(grouping *g, const alc_group_options *options)
{
    alc_status status = ALC_OK;
    for (int64_t i = 0; i < g->dataset->count; i++)
        g->parents[i] = i;
    if (options->column != NULL)
        status = join_equal_cells(g, options->column);
    if (status == ALC_OK && options->radius > 0 && options->right_ascension != NULL)
        status = join_neighbours(g, options);
    if (status == ALC_OK && options->equal_images)
        join_equal_images(g);
    return status;
}

static alc_status check_options(const alc_dataset *dataset, const alc_group_options *options, const void *groups,
                                const void *count)
{
    if (groups == NULL || count == NULL)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "alc_dataset_groups: an argument is NULL");
    if ((options->right_ascension == NULL) != (options->declination == NULL))
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "groups by position need both a column of right ascensions and one of declinations");
    if (!(options->radius >= 0 && options->radius <= MOST_ARC_SECONDS))
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "a radius of %g arc seconds is impossible: 0 to 3600",
                        options->radius);
    if (options->equal_images && dataset->image_size == 0)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "%s: the data set has no images to compare",
                        alc_table_path(dataset->table));
    return ALC_OK;
}

alc_status alc_dataset_groups(const alc_dataset *dataset, alc_group_options options, int64_t *groups, int64_t *group_count)
{
    if (dataset == NULL)
        return ALC_INVALID_ARGUMENT;
    alc_status status = check_options(dataset, &options, groups, group_count);
    if (status != ALC_OK)
        return status;
    alc_context *context = dataset->context;
    grouping g = {.dataset = dataset};
    g.parents = alc_allocate_array(context, (size_t)dataset->count, sizeof *g.parents, "groups");
    g.samples = alc_allocate_array(context, (size_t)dataset->count, sizeof *g.samples, "groups");
    status = g.parents != NULL && g.samples != NULL ? apply_rules(&g, &options) : ALC_OUT_OF_MEMORY;
    for (int64_t i = 0, count = 0; i < dataset->count && status == ALC_OK; i++) {
        const int64_t root = root_of(&g, i);
        groups[i] = root == i ? count++ : groups[root];
        *group_count = count;
    }
    alc_free(context, g.samples);
    alc_free(context, g.parents);
    return status;
}
