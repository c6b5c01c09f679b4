/* lib/data/feature_cache.c - answers requests for features: what the file has is taken from there, the rest is computed, some
 * samples at a time, and added to the file. feature_file.c has the file, feature_cache_key.c what it is valid for.
 *
 * A parameter that is written changes what the file is valid for, so the parameters' versions are compared at every request, and
 * where one has changed the file is opened anew: it stays what it was if the values are the same, as after a checkpoint is restored. */
#include <string.h>

#include "lib/compile/plan.h"
#include "lib/data/feature_cache_internal.h"

/* ---- values as they are kept ---- */

static size_t value_bytes(const alc_feature_cache *cache)
{
    const size_t size = cache->options.type == ALC_FEATURES_HALF ? sizeof(uint16_t) : sizeof(alc_real);
    return (size_t)cache->values * size;
}

static void encode(const alc_feature_cache *cache, const alc_real *values, unsigned char *bytes)
{
    if (cache->options.type == ALC_FEATURES_REAL) {
        memcpy(bytes, values, value_bytes(cache));
        return;
    }
    for (int64_t i = 0; i < cache->values; i++) {
        const uint16_t half = alc_half_of((double)values[i]);
        memcpy(bytes + 2 * i, &half, sizeof half);
    }
}

static void decode(const alc_feature_cache *cache, const unsigned char *bytes, alc_real *values)
{
    if (cache->options.type == ALC_FEATURES_REAL) {
        memcpy(values, bytes, value_bytes(cache));
        return;
    }
    for (int64_t i = 0; i < cache->values; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        values[i] = (alc_real)alc_half_value(half);
    }
}

void alc_feature_cache_round(const alc_feature_cache *cache, alc_real *values)
{
    for (int64_t i = 0; i < cache->values && cache->options.type == ALC_FEATURES_HALF; i++)
        values[i] = (alc_real)alc_half_value(alc_half_of((double)values[i]));
}

/* ---- computing ---- */

static const alc_tensor *input_tensor(const alc_feature_cache *cache)
{
    return cache->options.start != NULL ? cache->options.start->options.features : cache->options.image;
}

alc_real *alc_feature_cache_input(alc_feature_cache *cache)
{
    return alc_plan_input(cache->plan, input_tensor(cache));
}

alc_status alc_feature_cache_compute(alc_feature_cache *cache, int64_t rows)
{
    alc_status status = alc_plan_set_rows(cache->plan, rows);
    return status == ALC_OK ? alc_forward(cache->plan) : status;
}

static int64_t place_of(const alc_feature_request *request, int64_t row)
{
    return request->places != NULL ? request->places[row] : row;
}

/* Fills the plan's input with the first `rows` of those that are missing. */
static alc_status gather_input(alc_feature_cache *cache, const alc_feature_request *request, int64_t rows)
{
    alc_real *input = alc_feature_cache_input(cache);
    int64_t *places = cache->missing + cache->options.batch;
    for (int64_t i = 0; i < rows; i++)
        places[i] = place_of(request, cache->missing[i]);
    if (cache->options.start != NULL) {
        const alc_feature_request missing = {rows, places, request->images, request->views, request->pixels};
        return alc_feature_cache_fetch(cache->options.start, &missing, input);
    }
    for (int64_t i = 0; i < rows; i++)
        memcpy(input + i * cache->input_values, request->pixels + places[i] * cache->input_values,
               (size_t)cache->input_values * sizeof *input);
    return ALC_OK;
}

static alc_status check_half(const alc_feature_cache *cache, const alc_real *values)
{
    for (int64_t i = 0; i < cache->values && cache->options.type == ALC_FEATURES_HALF; i++)
        if (values[i] >= 65520 || values[i] <= -65520)
            return alc_fail(cache->context, ALC_UNSUPPORTED, "%s: a value of %g is too large for a 16-bit float",
                            alc_tensor_name(cache->options.features), (double)values[i]);
    return ALC_OK;
}

/* Computes the first `rows` of the missing ones, keeps them and puts them in their places. */
static alc_status compute_missing(alc_feature_cache *cache, const alc_feature_request *request, int64_t rows, alc_real *values)
{
    alc_status status = gather_input(cache, request, rows);
    if (status == ALC_OK)
        status = alc_feature_cache_compute(cache, rows);
    for (int64_t i = 0; i < rows && status == ALC_OK; i++) {
        const int64_t row = cache->missing[i], place = place_of(request, row);
        const alc_real *computed = (const alc_real *)alc_plan_values(cache->plan, cache->options.features) + i * cache->values;
        status = check_half(cache, computed);
        if (status != ALC_OK)
            break;
        unsigned char *kept = alc_feature_file_values(&cache->file);
        encode(cache, computed, kept);
        decode(cache, kept, values + row * cache->values);
        status = alc_feature_file_add(&cache->file, request->images[place], request->views[place]);
        cache->counts.computed++;
    }
    return status;
}

/* ---- opening ---- */

static alc_status open_file(alc_feature_cache *cache)
{
    alc_feature_key key;
    const uint64_t versions = alc_feature_cache_versions(cache);
    alc_status status = alc_feature_cache_key(cache, &key);
    if (status == ALC_OK)
        status = alc_feature_file_close(&cache->file);
    if (status == ALC_OK)
        status = alc_feature_file_open(&cache->file, cache->context, cache->path, key, value_bytes(cache), cache->options.limit);
    if (status == ALC_OK)
        cache->versions = versions;
    return status;
}

/* The start first: its probe is a part of this one's key. */
static alc_status make_current(alc_feature_cache *cache)
{
    alc_status status = cache->options.start != NULL ? make_current(cache->options.start) : ALC_OK;
    const bool current = cache->file.context != NULL && cache->versions == alc_feature_cache_versions(cache);
    return status == ALC_OK && !current ? open_file(cache) : status;
}

alc_status alc_feature_cache_fetch(alc_feature_cache *cache, const alc_feature_request *request, alc_real *values)
{
    int64_t missing = 0;
    alc_status status = make_current(cache);
    for (int64_t row = 0; row < request->rows && status == ALC_OK; row++) {
        const int64_t place = place_of(request, row);
        const unsigned char *kept = alc_feature_file_find(&cache->file, request->images[place], request->views[place]);
        if (kept != NULL) {
            decode(cache, kept, values + row * cache->values);
            cache->counts.found++;
        } else {
            cache->missing[missing++] = row;
        }
        if (missing == cache->options.batch || (missing > 0 && row + 1 == request->rows)) {
            status = compute_missing(cache, request, missing, values);
            missing = 0;
        }
    }
    return status;
}

/* Marks the nodes that have a part in the features; ALC_SHAPE_MISMATCH if they need another input than the image. */
static alc_status mark_part(alc_feature_cache *cache)
{
    const alc_model *model = cache->model;
    bool *needed = alc_allocate_array(cache->context, (size_t)model->tensor_count, sizeof *needed, "a feature cache");
    if (needed == NULL)
        return ALC_OUT_OF_MEMORY;
    needed[cache->options.features->id] = true;
    for (int64_t n = model->node_count - 1; n >= 0; n--) {
        const alc_node *node = model->nodes[n];
        for (int i = 0; i < node->output_count; i++)
            cache->part[n] = cache->part[n] || needed[node->outputs[i]->id];
        for (int i = 0; i < node->input_count && cache->part[n]; i++)
            needed[node->inputs[i]->id] = true;
    }
    alc_status status = ALC_OK;
    for (int64_t t = 0; t < model->tensor_count && status == ALC_OK; t++) {
        const alc_tensor *tensor = model->tensors[t];
        if (needed[t] && tensor->node == NULL && tensor != cache->options.image)
            status = alc_fail(cache->context, ALC_SHAPE_MISMATCH, "%s depends on the input %s, not on %s alone",
                              alc_tensor_name(cache->options.features), tensor->name, alc_tensor_name(cache->options.image));
    }
    alc_free(cache->context, needed);
    return status;
}

static alc_status compile_plan(alc_feature_cache *cache)
{
    const alc_feature_cache_options *o = &cache->options;
    alc_status status = alc_compile(cache->model,
                                    (alc_compile_options){.mode = ALC_EVALUATE,
                                                          .batch = o->batch,
                                                          .output = o->features,
                                                          .given = o->start != NULL ? o->start->options.features : NULL},
                                    &cache->plan);
    if (status == ALC_OK && alc_feature_cache_input(cache) == NULL)
        status = alc_fail(cache->context, ALC_INVALID_ARGUMENT, "%s does not depend on %s",
                          alc_tensor_name(o->features), alc_tensor_name(input_tensor(cache)));
    if (status == ALC_OK && o->start != NULL && alc_plan_input(cache->plan, o->image) != NULL)
        status = alc_fail(cache->context, ALC_INVALID_ARGUMENT, "%s depends on more of the image than %s",
                          alc_tensor_name(o->features), alc_tensor_name(input_tensor(cache)));
    return status;
}

static alc_status fill_cache(alc_feature_cache *cache)
{
    alc_context *context = cache->context;
    cache->input_values = alc_shape_elements(alc_tensor_shape(input_tensor(cache)));
    cache->values = alc_shape_elements(alc_tensor_shape(cache->options.features));
    cache->path = alc_copy_text(context, cache->options.path);
    cache->probe = alc_allocate_array(context, (size_t)cache->values, sizeof *cache->probe, "a feature cache");
    cache->part = alc_allocate_array(context, (size_t)cache->model->node_count, sizeof *cache->part, "a feature cache");
    cache->missing = alc_allocate_array(context, (size_t)cache->options.batch, 2 * sizeof *cache->missing, "a feature cache");
    if (cache->path == NULL || cache->probe == NULL || cache->part == NULL || cache->missing == NULL)
        return ALC_OUT_OF_MEMORY;
    alc_status status = mark_part(cache);
    if (status == ALC_OK)
        status = compile_plan(cache);
    return status == ALC_OK ? make_current(cache) : status;
}

static alc_status check_options(const alc_model *model, const alc_feature_cache_options *o)
{
    alc_context *context = model->context;
    if (o->path == NULL || o->image == NULL || o->features == NULL || o->image->model != model || o->features->model != model ||
        o->image->poison || o->features->poison || o->image == o->features)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "a feature cache needs a path, an image and features of this model");
    if (o->batch < 1 || (o->type != ALC_FEATURES_REAL && o->type != ALC_FEATURES_HALF))
        return alc_fail(context, ALC_INVALID_ARGUMENT, "a feature cache of batch %lld and kind %d; at least 1, and a kind "
                        "that exists, are expected", (long long)o->batch, (int)o->type);
    const alc_feature_cache *start = o->start;
    if (start != NULL && (start->model != model || start->options.image != o->image || start->options.features == o->features ||
                          memcmp(&start->options.normalisation, &o->normalisation, sizeof o->normalisation) != 0))
        return alc_fail(context, ALC_INVALID_ARGUMENT, "%s: a feature cache starts at one of the same model, image and "
                        "normalisation, and an earlier tensor", alc_tensor_name(o->features));
    return ALC_OK;
}

static void free_cache(alc_feature_cache *cache)
{
    alc_context *context = cache->context;
    alc_plan_destroy(cache->plan);
    alc_free(context, cache->missing);
    alc_free(context, cache->part);
    alc_free(context, cache->probe);
    alc_free(context, cache->path);
    alc_free(context, cache);
}

alc_status alc_feature_cache_open(alc_model *model, alc_feature_cache_options options, alc_feature_cache **result)
{
    *result = NULL;
    alc_status status = check_options(model, &options);
    if (status != ALC_OK)
        return status;
    alc_feature_cache *cache = alc_allocate(model->context, sizeof *cache, "a feature cache");
    if (cache == NULL)
        return ALC_OUT_OF_MEMORY;
    cache->context = model->context;
    cache->model = model;
    cache->options = options;
    status = fill_cache(cache);
    if (status != ALC_OK) {
        free_cache(cache);
        return status;
    }
    *result = cache;
    return ALC_OK;
}

alc_status alc_feature_cache_close(alc_feature_cache *cache)
{
    if (cache == NULL)
        return ALC_OK;
    alc_status status = alc_feature_file_close(&cache->file);
    free_cache(cache);
    return status;
}

alc_tensor *alc_feature_cache_tensor(const alc_feature_cache *cache)
{
    return cache->options.features;
}

alc_feature_cache_counts alc_feature_cache_count(const alc_feature_cache *cache)
{
    alc_feature_cache_counts counts = cache->counts;
    counts.records = cache->file.records;
    counts.bytes = alc_feature_file_bytes(&cache->file);
    return counts;
}
