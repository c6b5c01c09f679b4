/* tests/support/checkpoints.h - saving and loading numbered checkpoints of the small model. */
#ifndef ALC_TESTS_CHECKPOINTS_H
#define ALC_TESTS_CHECKPOINTS_H

#include "alcor/checkpoint.h"

typedef struct trainee {
    alc_context *context;
    alc_model *model;
    alc_optimizer *optimizer; /* AdamW */
} trainee;

void trainee_create(trainee *t, alc_context *context);
void trainee_destroy(trainee *t);

/* A state in which every field has a value of its own. The strings are static. */
alc_training_state numbered_state(int64_t number);
bool state_is(const alc_training_state *state, int64_t number);

/* Saves everything filled by `number`. */
alc_status save_number(trainee *t, const char *path, int64_t number);
/* Loads and restores; the number that all of it agrees on, -1 if nothing loads (the context has the
 * sentence); a Check failure if parts differ. *previous (may be NULL) tells whether it was the pair
 * before the latest. */
int64_t load_number(trainee *t, const char *path, bool *previous);

#endif
