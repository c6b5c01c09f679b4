/* lib/data/encoder_internal.h - what an encoder holds, for fitting, encoding and its JSON. */
#ifndef ALC_LIB_DATA_ENCODER_INTERNAL_H
#define ALC_LIB_DATA_ENCODER_INTERNAL_H

#include "alcor/table.h"
#include "lib/base/base.h"

typedef struct alc_feature {
    char *name;       /* "u-g" */
    char *left;       /* "u": the column, or what is subtracted from */
    char *right;      /* "g", or NULL */
    char *indicator;  /* "u-g missing", or NULL where there is no indicator */
    double mean, std; /* std is 1 for a constant feature, so never 0 */
} alc_feature;

struct alc_encoder {
    alc_context *context;
    alc_encoding encoding;
    int64_t feature_count, indicator_count;
    alc_feature *features;
};

/* An encoder with `feature_count` empty features; NULL (and a kept sentence) on failure. */
alc_encoder *alc_encoder_allocate(alc_context *context, alc_encoding encoding,
                                  int64_t feature_count);
/* Names the feature's indicator and counts it. */
alc_status alc_encoder_add_indicator(alc_encoder *encoder, int64_t feature);

#endif
