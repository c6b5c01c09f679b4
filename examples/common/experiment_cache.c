/* experiment_cache.c - the file that keeps what the frozen part of a network makes of each image, where --prefix-cache asks for
 * one. */
#include <stdio.h>

#include "common/experiment.h"

alc_status experiment_open_cache(experiment *e)
{
    const trainer_options *o = &e->options;
    alc_tensor *features;
    if (!o->prefix_cache)
        return ALC_OK;
    alc_status status = alc_frozen_prefix(e->model, e->classifier.image, e->loss, &features);
    if (status)
        return status;
    if (!features)
        return experiment_fail(e, ALC_INVALID_ARGUMENT, "--prefix-cache: nothing that images pass through is frozen; "
                               "--train-from says where training begins");
    const alc_feature_cache_options options = {.path = o->prefix_cache,
                                               .image = e->classifier.image,
                                               .features = features,
                                               .normalisation = e->card.normalisation,
                                               .type = (alc_feature_type)o->prefix_cache_type,
                                               .limit = o->prefix_cache_limit,
                                               .batch = o->batch};
    status = alc_feature_cache_open(e->model, options, &e->cache);
    if (status == ALC_OK)
        printf("%s: keeps the output of %s; %lld there already\n", o->prefix_cache, alc_tensor_name(features),
               (long long)alc_feature_cache_count(e->cache).records);
    return status;
}

alc_status experiment_close_cache(experiment *e)
{
    if (!e->cache)
        return ALC_OK;
    const alc_feature_cache_counts counts = alc_feature_cache_count(e->cache);
    printf("%s: %lld images and views computed, %lld taken from it; it has %lld, %.1f MB\n", e->options.prefix_cache,
           (long long)counts.computed, (long long)counts.found, (long long)counts.records, (double)counts.bytes / 1e6);
    const alc_status status = alc_feature_cache_close(e->cache);
    e->cache = NULL;
    return status;
}
