/* lib/data/feature_cache_internal.h - a feature cache from the inside, and what the loader asks of it. */
#ifndef ALC_LIB_DATA_FEATURE_CACHE_INTERNAL_H
#define ALC_LIB_DATA_FEATURE_CACHE_INTERNAL_H

#include "alcor/feature_cache.h"
#include "lib/data/feature_file.h"

struct alc_feature_cache {
    alc_context *context;
    alc_model *model;
    alc_feature_cache_options options;
    char *path;
    alc_plan *plan;                    /* from the image, or the start's tensor, to the features */
    int64_t input_values, values;      /* of one sample */
    alc_real *probe;                   /* [values]: what the test pattern becomes */
    uint64_t versions;                 /* of the parameters before the tensor, when the file was opened */
    bool *part;                        /* per node of the model: it has a part in the features */
    alc_feature_file file;
    int64_t *missing;                  /* [2][batch]: the rows that are being computed, and their places */
    alc_feature_cache_counts counts;
};

/* Images in views: their pixels' keys, and the values that the network would be given. */
typedef struct alc_feature_request {
    int64_t rows;
    const int64_t *places; /* row r is at places[r] of the following; NULL: at r */
    const alc_feature_key *images;
    const int *views;
    const alc_real *pixels; /* size * size * 3 for each */
} alc_feature_request;

/* The features of each row into `values` [rows][values]. */
alc_status alc_feature_cache_fetch(alc_feature_cache *cache, const alc_feature_request *request, alc_real *values);

/* The key of an image's bytes. */
alc_feature_key alc_feature_key_of(const void *bytes, size_t count);

/* What the file is valid for (feature_cache_key.c): renews the probe, whose features go into it. */
alc_status alc_feature_cache_key(alc_feature_cache *cache, alc_feature_key *key);
/* A number that changes whenever a parameter before the features is written. */
uint64_t alc_feature_cache_versions(const alc_feature_cache *cache);

/* Runs the plan on the first rows of its input. */
alc_status alc_feature_cache_compute(alc_feature_cache *cache, int64_t rows);
alc_real *alc_feature_cache_input(alc_feature_cache *cache);
/* One sample's features as the cache keeps them. */
void alc_feature_cache_round(const alc_feature_cache *cache, alc_real *values);

#endif
