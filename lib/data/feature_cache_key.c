/* lib/data/feature_cache_key.c - what a feature cache is valid for.
 *
 * The key is a hash of the parameters' values, and of what the layers make of a test pattern. The latter depends on everything else
 * that features depend on, options, algorithms and the kernels' orders of addition, in one go; since a sample's features have the
 * same bits on every instruction set, with every number of threads and in every batch, the key has, too. */
#include <string.h>

#include <xxhash.h>

#include "lib/compile/plan.h"
#include "lib/data/feature_cache_internal.h"

alc_feature_key alc_feature_key_of(const void *bytes, size_t count)
{
    const XXH128_hash_t hash = XXH3_128bits(bytes, count);
    return (alc_feature_key){{hash.low64, hash.high64}};
}

/* Makes the key one of what it was and of these bytes. */
static void add(alc_feature_key *key, const void *bytes, size_t count)
{
    const alc_feature_key both[2] = {*key, alc_feature_key_of(bytes, count)};
    *key = alc_feature_key_of(both, sizeof both);
}

static void add_text(alc_feature_key *key, const char *text)
{
    add(key, text, strlen(text));
}

/* Noise of the range that normalised images have, the same for every network. */
static void fill_pattern(alc_real *values, int64_t count)
{
    const alc_random_key key = {.seed = 0, .stream = alc_hash_text("feature cache pattern")};
    for (int64_t i = 0; i < count; i++)
        values[i] = (alc_real)(4 * alc_random_uniform(key, (uint64_t)i) - 2);
}

static alc_status renew_probe(alc_feature_cache *cache)
{
    const alc_feature_cache *start = cache->options.start;
    alc_real *input = alc_feature_cache_input(cache);
    if (start != NULL)
        memcpy(input, start->probe, (size_t)start->values * sizeof *input);
    else
        fill_pattern(input, cache->input_values);
    alc_status status = alc_feature_cache_compute(cache, 1);
    if (status != ALC_OK)
        return status;
    memcpy(cache->probe, alc_plan_values(cache->plan, cache->options.features), (size_t)cache->values * sizeof *input);
    alc_feature_cache_round(cache, cache->probe);
    return ALC_OK;
}

static void add_parameters(const alc_feature_cache *cache, alc_feature_key *key)
{
    for (int64_t n = 0; n < cache->model->node_count; n++) {
        const alc_node *node = cache->model->nodes[n];
        for (int i = 0; i < node->parameter_count && cache->part[n]; i++) {
            const alc_parameter *parameter = node->parameters[i];
            add_text(key, parameter->name);
            add(key, parameter->value, (size_t)parameter->count * sizeof *parameter->value);
        }
    }
}

uint64_t alc_feature_cache_versions(const alc_feature_cache *cache)
{
    uint64_t versions = 0;
    for (int64_t n = 0; n < cache->model->node_count; n++) {
        const alc_node *node = cache->model->nodes[n];
        for (int i = 0; i < node->parameter_count && cache->part[n]; i++)
            versions += node->parameters[i]->version;
    }
    return versions;
}

static void add_settings(const alc_feature_cache *cache, alc_feature_key *key)
{
    const alc_normalisation *normalisation = &cache->options.normalisation;
    char shape[128];
    const uint64_t sizes[] = {(uint64_t)cache->options.type, sizeof(alc_real)};
    add_text(key, alc_version());
    add_text(key, alc_tensor_name(cache->options.features));
    add_text(key, alc_shape_text(alc_tensor_shape(cache->options.image), shape, sizeof shape));
    add_text(key, alc_shape_text(alc_tensor_shape(cache->options.features), shape, sizeof shape));
    add(key, sizes, sizeof sizes);
    add(key, normalisation->mean, sizeof normalisation->mean);
    add(key, normalisation->std, sizeof normalisation->std);
}

alc_status alc_feature_cache_key(alc_feature_cache *cache, alc_feature_key *key)
{
    alc_status status = renew_probe(cache);
    if (status != ALC_OK)
        return status;
    *key = (alc_feature_key){{0, 0}};
    add_settings(cache, key);
    add_parameters(cache, key);
    add(key, cache->probe, (size_t)cache->values * sizeof *cache->probe);
    return ALC_OK;
}
