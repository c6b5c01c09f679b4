/* alcor/loader.h - batches of a data set, written into a plan's inputs while a thread of its own
 * prepares the next one.
 *
 * The order of samples and their views depend only on the seed, the epoch and the position in the
 * epoch, never on threads or timing, so an epoch can be started again at any time with the same
 * bits.
 */
#ifndef ALCOR_LOADER_H
#define ALCOR_LOADER_H

#include "alcor/dataset.h"
#include "alcor/feature_cache.h"
#include "alcor/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_loader alc_loader;

typedef enum alc_loader_views {
    ALC_LOADER_FIXED_VIEW,  /* every image in the view `view` */
    ALC_LOADER_RANDOM_VIEWS /* each of the eight views (alc_image_view) with probability 1/8, drawn
                               anew in every epoch */
} alc_loader_views;

typedef struct alc_loader_options {
    const int64_t *indices; /* samples of the data set, copied; NULL: all */
    int64_t count;
    int64_t batch; /* samples in a batch, at least 1 */
    bool training; /* shuffled in every epoch; a last batch of one sample after a full one is left
                      out, for batch norm has no statistics of it. Else in the order of `indices`,
                      complete. */
    uint64_t seed; /* of the order and the random views */
    alc_loader_views views;
    int view;                        /* of ALC_LOADER_FIXED_VIEW, 0 .. 7 */
    alc_normalisation normalisation; /* of the images; all zeros: v / 255 alone */
    /* What the network's weights expect of images (a file's preprocessing): the values of the first
     * batch are checked against it (alc_image_check_values). All zeros: not checked. */
    alc_normalisation expected;
    const alc_encoder *encoder;      /* of the features; only used by alc_loader_create */
    /* The inputs that batches are written to; any may be NULL. Only their shapes are looked at. */
    const alc_tensor *image;    /* ALC_REAL [size, size, 3] of a data set with images */
    const alc_tensor *features; /* ALC_REAL [alc_encoder_width] */
    const alc_tensor *label;    /* ALC_I32 [1] */
    /* Where there is one, plans that have its tensor as their given one get that instead of the image, from the cache's file or
     * computed by it. It was opened with the same `image` and `normalisation`. Several loaders may share a cache, and so may
     * plans, on one thread. */
    alc_feature_cache *cache;
} alc_loader_options;

/* The data set must outlive the loader. Everything is allocated and encoded here. The first epoch
 * is number 0, as after alc_loader_start_epoch(loader, 0). *loader is NULL on failure:
 * ALC_INVALID_ARGUMENT (no sample, an index outside the data set, a label input with a sample of
 * unknown class: named by row; a cache of another image or normalisation), ALC_SHAPE_MISMATCH (an input's shape or type), failures of
 * alc_encoder_encode, ALC_OUT_OF_MEMORY, ALC_UNSUPPORTED (no thread to be had). */
alc_status alc_loader_create(const alc_dataset *dataset, alc_loader_options options,
                             alc_loader **loader);
/* Waits for the preparing thread and frees it. NULL is allowed. */
void alc_loader_destroy(alc_loader *loader);

/* Batches per epoch, and samples in them all. */
int64_t alc_loader_batches(const alc_loader *loader);
int64_t alc_loader_samples(const alc_loader *loader);

/* The next alc_loader_next gives the first batch of `epoch`, wherever the loader stands. */
void alc_loader_start_epoch(alc_loader *loader, uint64_t epoch);
/* Fixed views: this one from the next alc_loader_start_epoch on. ALC_INVALID_ARGUMENT outside 0
 * .. 7. */
alc_status alc_loader_set_view(alc_loader *loader, int view);

/* Writes the next batch into the plan's inputs (those that the plan uses), and sets its rows and
 * draw (alc_plan_set_rows, alc_plan_set_draw). ALC_END after the last batch of an epoch, with the
 * plan untouched; the next call then starts the following epoch. ALC_SHAPE_MISMATCH if the plan's
 * batch is smaller than the batch; ALC_MISMATCH for a plan of another model than the inputs, or a
 * first batch that is not as `expected`; failures of a cache. Allocates
 * nothing, but for a cache's index of its records. */
alc_status alc_loader_next(alc_loader *loader, alc_plan *plan);

/* Of the latest batch: how many samples it has (0 before the first), and which of the data set they
 * are, in order. */
int64_t alc_loader_rows(const alc_loader *loader);
const int64_t *alc_loader_indices(const alc_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
