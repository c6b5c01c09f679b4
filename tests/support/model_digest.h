/* tests/support/model_digest.h - small settings of the models, and 64 bits of everything that training one leaves behind: to
 * compare runs on several instruction sets, thread counts and machines. */
#ifndef ALC_TESTS_MODEL_DIGEST_H
#define ALC_TESTS_MODEL_DIGEST_H

#include "alcor/plan.h"

enum { DIGEST_CLASSES = 3 };

typedef struct digest_case {
    const char *name;
    const char *backbone;   /* NULL: no image */
    int64_t size, width;    /* side of the images; values of a row, 0: none */
    const char *train_from; /* NULL: everything is trained */
} digest_case;

extern const digest_case digest_cases[];
extern const int digest_case_count;

typedef struct digest_model {
    alc_model *model;
    alc_tensor *image, *row, *label; /* image and row: NULL where it takes none */
    alc_tensor *logits, *loss;
} digest_model;

/* A Check failure if it cannot be built. */
digest_model digest_build(const digest_case *c, alc_context *context);
/* Losses of two steps of AdamW, all parameters after them, and logits in evaluation. */
uint64_t digest_of_training(const digest_case *c, alc_context *context);
/* Goes on with `hash`; begin with 0. */
uint64_t digest_bytes(uint64_t hash, const void *data, size_t bytes);

#endif
