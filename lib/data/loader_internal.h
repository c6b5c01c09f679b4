/* lib/data/loader_internal.h - what a loader holds. The thread and the caller share it under one mutex. */
#ifndef ALC_LIB_DATA_LOADER_INTERNAL_H
#define ALC_LIB_DATA_LOADER_INTERNAL_H

#include <pthread.h>

#include "alcor/loader.h"
#include "lib/base/base.h"
#include "lib/data/feature_cache_internal.h"

/* One batch, ready to be copied into a plan. */
typedef struct alc_batch {
    int64_t rows;       /* 0: the epoch has ended */
    int64_t position;   /* of its first sample in the epoch */
    alc_real *images, *features;
    int32_t *labels;
    int64_t *indices;   /* of the data set */
    /* With a feature cache: */
    alc_feature_key *keys;
    int *image_views;
} alc_batch;

struct alc_loader {
    alc_context *context;
    const alc_dataset *dataset;
    const alc_tensor *image, *features, *label;
    int64_t count, batch, samples_per_epoch;
    bool training;
    uint64_t seed;
    alc_loader_views views;
    int view, next_view;           /* of this epoch, and from the next start of one on */
    int64_t image_size, feature_width;
    int64_t *indices;              /* [count] of the data set */
    alc_real *encoded;             /* [count][feature_width] */
    alc_feature_cache *cache;      /* NULL: none */
    alc_feature_key *keys;         /* [count] of the images, with a cache */
    alc_real normalised[3][256];
    alc_normalisation expected;
    bool check_wanted;             /* of the values of the next batch */

    int64_t *order;                /* [count] of the epoch being prepared; the preparing thread's */
    uint64_t epoch;                /* of the staged batch */
    int64_t position;              /* of the next batch to prepare */

    /* Under the mutex. The thread fills `staged` where it is wanted and not yet ready. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool wanted, ready, leave;
    alc_batch staged;

    int64_t latest_rows;
    int64_t *latest_indices;       /* [batch] */
};

/* Fills `batch` with what follows loader->position in loader->epoch. */
void alc_loader_prepare(alc_loader *loader, alc_batch *batch);
/* The order of the samples in loader->epoch, into loader->order. */
void alc_loader_shuffle(alc_loader *loader);

#endif
