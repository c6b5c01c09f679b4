/* alcor/fit.h - the training loop and prediction: what every trainer does with plans, loaders and
 * an optimizer.
 *
 * Where training stands is a plain value, alc_training_state (alcor/checkpoint.h). Saved with the
 * model's parameters and the optimizer's tensors, it resumes training at the very step where it
 * stopped, with the same bits as if it had not.
 */
#ifndef ALCOR_FIT_H
#define ALCOR_FIT_H

#include "alcor/checkpoint.h"
#include "alcor/loader.h"
#include "alcor/optimizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- prediction ---- */

typedef struct alc_predict_options {
    alc_plan *plan;                  /* an ALC_EVALUATE plan that computes ... */
    const alc_tensor *probabilities; /* ... this: [classes] for each sample */
    alc_loader *loader;              /* not a training one, with a fixed view */
    int views;                       /* average over the exact views 0 .. views-1 of alc_image_view,
                                        1 .. 8; 0: 1 */
    alc_stop_fn stop;                /* asked before every batch; NULL: never */
    void *stop_user;
} alc_predict_options;

/* Probabilities of every sample of the loader, in its order: [alc_loader_samples][classes]. The
 * loader stands at the start of epoch 0, in view 0, afterwards. `indices` gets the samples' numbers
 * in the data set; NULL: not wanted. ALC_INTERRUPTED if asked to stop; ALC_INVALID_ARGUMENT for
 * `views` out of range or a plan that does not compute `probabilities`; ALC_NOT_FINITE, naming the
 * first layer whose output is not finite; failures of the loader and of alc_forward. Allocates
 * nothing. */
alc_status alc_predict(alc_predict_options options, alc_real *probabilities, int64_t *indices);

/* ---- training ---- */

typedef struct alc_fit_progress {
    int64_t epoch, epochs;     /* epoch counts from 1 here */
    int64_t batch, batches;    /* batches done in this epoch */
    int64_t samples;           /* in them */
    double loss, accuracy;     /* their means so far */
    double learning_rate;      /* of the latest step */
} alc_fit_progress;

typedef struct alc_fit_epoch {
    int64_t epoch, epochs;     /* epoch counts from 1 here */
    double loss, accuracy;     /* while training, means over the epoch */
    double learning_rate;      /* of its last step */
    bool validated;            /* the following four are set */
    double validation_loss;    /* mean of -log(probability of the label), classes not weighted */
    double validation_accuracy, validation_balanced_accuracy;
    double score;              /* what a plateau schedule watches: -validation_loss; without
                                  validation: -loss */
    bool best;                 /* no earlier epoch's score was as high */
} alc_fit_epoch;

typedef struct alc_fit_options {
    alc_plan *plan;            /* ALC_TRAIN; its output is the loss, and it keeps `logits` */
    const alc_tensor *logits;
    const alc_tensor *label;   /* the input that the loader writes labels to */
    alc_loader *loader;        /* a training one */
    alc_optimizer *optimizer;
    int64_t epochs;            /* in all, with those that state says are complete */

    /* Validation after every epoch; validation_loader NULL: none, and none of these is looked at. */
    alc_plan *evaluation_plan;
    const alc_tensor *probabilities;
    alc_loader *validation_loader;
    const alc_dataset *dataset;    /* where the validation samples' labels are */

    alc_stop_fn stop;              /* asked before every step; NULL: never */
    void (*progress)(void *user, const alc_fit_progress *progress); /* after every step; or NULL */
    void (*epoch_done)(void *user, const alc_fit_epoch *epoch);     /* or NULL */
    /* Saves model, optimizer and state; anything but ALC_OK ends training with it. Called after
     * every save_every-th epoch, after the last, after every save_every_steps-th step (counted over
     * all epochs) and when asked to stop; NULL: never. */
    alc_status (*save)(void *user, const alc_training_state *state);
    int64_t save_every;            /* epochs; 0: 1 */
    int64_t save_every_steps;      /* 0: not after steps */
    void *user;                    /* handed to the four functions above */
} alc_fit_options;

/* Trains from `state` on, which is brought up to date after every step: the rate is
 * alc_schedule_rate(&state->schedule, step), steps counted over all epochs. ALC_INTERRUPTED if
 * asked to stop, after saving; ALC_NOT_FINITE as alc_train_step and alc_predict, with epoch and batch;
 * ALC_INVALID_ARGUMENT for an argument that is missing (for a validation also of those that
 * belong to it), a plan that does not compute what it is asked for, probabilities of another number of
 * classes, a state beyond `epochs` or the loader's batches; failures of loader, plan, optimizer and
 * save. Allocates only at its start. */
alc_status alc_fit(alc_fit_options options, alc_training_state *state);

#ifdef __cplusplus
}
#endif
#endif
