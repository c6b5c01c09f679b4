/* progress.h - what a trainer shows while it works: on a terminal one line that is rewritten, elsewhere a plain line for
 * every epoch. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>

#include "alcor/fit.h"

typedef struct progress {
    const char *unit;        /* what is counted: "images" or "rows" */
    bool terminal;
    double started;          /* seconds on a clock that never goes back */
    double last_shown;
    int64_t samples_done;    /* in complete epochs, without those that were done before it started */
    int64_t first_batch;     /* batches over all epochs that were done before it started */
} progress;

/* `state` is where the training begins, with `batches` in an epoch. */
void progress_start(progress *p, const char *unit, const alc_training_state *state, int64_t batches);
/* After a step. */
void progress_step(progress *p, const alc_fit_progress *now);
/* After an epoch: its line stays. */
void progress_epoch(progress *p, const alc_fit_epoch *epoch, int64_t samples);
/* Seconds since it started. */
double progress_seconds(const progress *p);

#endif
