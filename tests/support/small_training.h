/* tests/support/small_training.h - a whole training in miniature: a table of three classes, a network with batch norm and
 * dropout, loaders for training and validation, AdamW under a schedule. Everything that alc_fit and alc_predict need.
 * Another, still smaller one joins the table with images. */
#ifndef ALC_TESTS_SMALL_TRAINING_H
#define ALC_TESTS_SMALL_TRAINING_H

#include "alcor/fit.h"
#include "alcor/models.h"

enum { SMALL_ROWS = 60, SMALL_TRAINED = 45, SMALL_BATCH = 8, SMALL_BATCHES = 6, SMALL_CLASSES = 3 };

/* The one with images: fewer rows, as each is a file. */
enum { SMALL_IMAGE_ROWS = 9, SMALL_IMAGE_TRAINED = 6, SMALL_IMAGE_BATCH = 3, SMALL_IMAGE_SIDE = 8 };

/* What was begun last: where a failure was met. */
typedef enum small_phase {
    PHASE_DATA,       /* table, images, encoder */
    PHASE_BUILDING,
    PHASE_COMPILING,
    PHASE_PREPARING,  /* optimizer and loaders */
    PHASE_WEIGHTS,    /* from here on training_life's */
    PHASE_RESUMING,
    PHASE_TRAINING,
    PHASE_CHECKPOINT,
    PHASE_SAVING,
    PHASE_PREDICTING,
    PHASE_COUNT
} small_phase;

typedef struct small_training {
    alc_context *context;
    bool images;
    small_phase phase;
    alc_table *table;
    alc_dataset *dataset;
    alc_encoder *encoder;
    alc_model *model;
    alc_classifier classifier;
    alc_tensor *loss;
    alc_plan *plan, *evaluation;
    alc_loader *loader, *validation;
    alc_optimizer *optimizer;
    alc_training_state state; /* the start */
} small_training;

/* Makes all of it; on failure the status, with what exists already in place to be freed. */
alc_status small_training_create(small_training *t, alc_context *context, int64_t epochs);
/* The same with the table from a file, and with images where they are asked for. */
alc_status small_training_create_from(small_training *t, alc_context *context, int64_t epochs, const char *table,
                                      bool images);
/* Writes the table's text of at most SMALL_TABLE_BYTES; returns its length. Its images are 0.png and 1.jpg beside it. */
enum { SMALL_TABLE_BYTES = 8192 };
size_t small_training_table(char *text, bool images);
/* Frees whatever exists; not the context. */
void small_training_destroy(small_training *t);
/* What alc_fit wants, without the caller's functions. */
alc_fit_options small_training_options(const small_training *t, int64_t epochs);
/* A hash of every parameter's bits. */
uint64_t small_training_digest(const small_training *t);

#endif
