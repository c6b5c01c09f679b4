/* tests/support/training_life.h - everything that a program does with a model, in one call that faults can be put into:
 * building, compiling, loading weights, training with a checkpoint after every epoch, resuming, saving, predicting. */
#ifndef ALC_TESTS_TRAINING_LIFE_H
#define ALC_TESTS_TRAINING_LIFE_H

#include "support/small_training.h"
#include "support/temporary_folder.h"

enum { LIFE_EPOCHS = 3 };

typedef struct training_life {
    char weights[1024];    /* of an earlier training; read */
    char checkpoint[1024]; /* written after every epoch, and gone on from where there is one */
    char model[1024];      /* written at the end */
    char table[1024];      /* the data */
    bool images;           /* a network of image and table */
    int64_t stop_after;    /* epochs, after which it is interrupted; 0: never */
    small_phase phase;     /* what the latest run did last */
} training_life;

/* Names the files, and writes weights, table and images. */
void training_life_prepare(training_life *life, const temporary_folder *folder, bool images);

/* Trains until LIFE_EPOCHS are complete. *digest is a hash of the model's parameters, its predictions and every file that
 * was written. Leaves nothing behind in memory, whatever happens. */
alc_status training_life_run(training_life *life, alc_context *context, uint64_t *digest);
/* Whether a file is there that was begun and not completed. */
bool training_life_is_half_written(const training_life *life);
/* How many epochs the checkpoint holds, 0 without one; a Check failure if there is one and it does not load. */
int64_t training_life_epochs(const training_life *life, alc_context *context);
/* Removes what training_life_run wrote. */
void training_life_forget(const training_life *life);

#endif
