/* alcor/feature_cache.h - what a frozen part of a network makes of each image, computed once and kept in a file.
 *
 * Where training starts behind some frozen layers, these compute the same in every epoch. A feature cache runs them as an
 * evaluation plan, once for each image in each of its eight exact views, and keeps their output; the training plan is compiled
 * with that tensor as its given one (alc_compile_options.given) and begins there. An output comes from the file, or is
 * computed, with the same bits: training with ALC_FEATURES_REAL gives the bits of training without a cache.
 *
 * The file is mapped into memory, grows while it is used, and is valid for one key: the values of all parameters before the tensor,
 * what the layers make of a test pattern (so also their options, the algorithms of the convolutions and the library's version),
 * the images' normalisation, the tensor's shape and the kind of value. Each record in it is keyed by the image's pixels and the
 * view and has a checksum, which is looked at whenever the record is used. A file of another key is replaced, records that are
 * damaged or cut short are left out and computed again, and the log says so; so a cache is never stale and never wrong. A file
 * that is no cache at all is refused rather than overwritten. One process at a time writes to a file.
 *
 * Several depths: a cache may begin at another one's tensor. With `start` a deeper part is computed from what the shallower
 * cache has, and where that is ALC_FEATURES_REAL the values, and so the file, are those of a cache that begins at the image.
 */
#ifndef ALCOR_FEATURE_CACHE_H
#define ALCOR_FEATURE_CACHE_H

#include "alcor/image.h"
#include "alcor/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_feature_cache alc_feature_cache;

typedef enum alc_feature_type {
    ALC_FEATURES_REAL, /* as computed: float, in the double build double */
    ALC_FEATURES_HALF  /* rounded to 16-bit floats, whether they come from the file or not */
} alc_feature_type;

typedef struct alc_feature_cache_options {
    const char *path;             /* replaced where it holds another cache */
    const alc_tensor *image;      /* the input that images are written to */
    alc_tensor *features;         /* what is kept: alc_frozen_prefix, or any tensor that depends on `image` alone */
    alc_feature_cache *start;     /* of a tensor before it, of the same model, image and normalisation; it must outlive this
                                     one. NULL: begins at the image */
    alc_normalisation normalisation; /* as the loaders' */
    alc_feature_type type;
    uint64_t limit;               /* bytes of the file at most; what does not fit is computed anew. 0: none */
    int64_t batch;                /* samples computed at a time, at least 1 */
} alc_feature_cache_options;

/* Opens the file or makes it. The model must outlive the cache. On failure *cache is NULL: ALC_INVALID_ARGUMENT (an argument that is
 * missing, a start that does not fit), ALC_SHAPE_MISMATCH (`features` needs other inputs than the image), ALC_BAD_FILE (a file that
 * is no feature cache), ALC_IO_ERROR, failures of alc_compile and alc_forward, ALC_OUT_OF_MEMORY. */
alc_status alc_feature_cache_open(alc_model *model, alc_feature_cache_options options, alc_feature_cache **cache);
/* Brings the file to the disk and frees the cache. ALC_IO_ERROR if that fails; it is freed all the same, and what is in the file
 * is checked again when it is opened. NULL is allowed. */
alc_status alc_feature_cache_close(alc_feature_cache *cache);

/* The tensor whose values it keeps: what a plan that is fed by it has as its given one. */
alc_tensor *alc_feature_cache_tensor(const alc_feature_cache *cache);

typedef struct alc_feature_cache_counts {
    int64_t found;    /* asked for and taken from the file */
    int64_t computed; /* asked for and computed */
    int64_t records;  /* in the file */
    uint64_t bytes;   /* of the file */
} alc_feature_cache_counts;
/* Since it was opened. */
alc_feature_cache_counts alc_feature_cache_count(const alc_feature_cache *cache);

#ifdef __cplusplus
}
#endif
#endif
