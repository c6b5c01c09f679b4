/* tests/support/training_life.h - everything that a program does with a model, in one call that faults can be put into:
 * building, compiling, loading weights, training with a checkpoint after every epoch, resuming, saving, predicting. */
#ifndef ALC_TESTS_TRAINING_LIFE_H
#define ALC_TESTS_TRAINING_LIFE_H

#include "support/temporary_folder.h"
#include "alcor/context.h"

enum { LIFE_EPOCHS = 3 };

typedef struct training_life {
    char weights[1024];    /* of an earlier training; read */
    char checkpoint[1024]; /* written after every epoch, and gone on from where there is one */
    char model[1024];      /* written at the end */
    char table[1024];      /* the data */
    int64_t stop_after;    /* epochs, after which it is interrupted; 0: never */
} training_life;

/* Names the files, and writes weights and table. */
void training_life_prepare(training_life *life, const temporary_folder *folder);

/* Trains until LIFE_EPOCHS are complete. *digest is a hash of the model's parameters and its predictions. Leaves nothing
 * behind in memory, whatever happens. */
alc_status training_life_run(const training_life *life, alc_context *context, uint64_t *digest);
/* How many epochs the checkpoint holds, 0 without one; a Check failure if there is one and it does not load. */
int64_t training_life_epochs(const training_life *life, alc_context *context);
/* Removes what training_life_run wrote. */
void training_life_forget(const training_life *life);

#endif
