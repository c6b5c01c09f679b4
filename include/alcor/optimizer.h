/* alcor/optimizer.h - optimizers and learning-rate schedules.
 *
 * An optimizer belongs to a model and holds its own tensors (momentum, moments) for every parameter that was trainable
 * when it was made. Formulas are PyTorch's (torch.optim), in its order of operations.
 */
#ifndef ALCOR_OPTIMIZER_H
#define ALCOR_OPTIMIZER_H

#include "alcor/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_optimizer alc_optimizer;

typedef enum alc_optimizer_kind {
    ALC_SGD,   /* v = momentum v + g + wd w; w -= lr v; nesterov: w -= lr (g + wd w + momentum v) */
    ALC_ADAM,  /* arXiv 1412.6980; weight decay is added to the gradient */
    ALC_ADAMW  /* arXiv 1711.05101; w *= 1 - lr wd first */
} alc_optimizer_kind;

/* Parameters whose name starts with `prefix` (at a dot, as in alc_model_train_from) get these factors; the last group
 * that matches a parameter counts. */
typedef struct alc_parameter_group {
    const char *prefix;
    double learning_rate_factor;
    double weight_decay_factor;
} alc_parameter_group;

typedef struct alc_optimizer_options {
    alc_optimizer_kind kind;
    double learning_rate;       /* > 0 */
    double weight_decay;
    double momentum;            /* SGD; 0: none */
    bool nesterov;
    double beta1, beta2;        /* Adam; 0: 0.9 and 0.999 */
    double epsilon;             /* Adam; 0: 1e-8 */
    double clip_norm;           /* gradients g are scaled by clip_norm / (|g| + 1e-6), |g| the 2-norm over all
                                   parameters, where that is below 1; 0: never */
    const alc_parameter_group *groups; /* copied */
    int group_count;
} alc_optimizer_options;

/* *optimizer is NULL on failure: ALC_INVALID_ARGUMENT for values out of range or a model without trainable parameters,
 * ALC_NOT_FOUND for a group that matches none of them, ALC_OUT_OF_MEMORY. */
alc_status alc_optimizer_create(alc_model *model, alc_optimizer_options options, alc_optimizer **optimizer);
void alc_optimizer_destroy(alc_optimizer *optimizer);
/* Bytes of the tensors that an optimizer of these options would hold for what is trainable in the model now. */
size_t alc_optimizer_bytes(const alc_model *model, alc_optimizer_options options);

/* Updates the model's trainable parameters from the plan's gradients. Allocates nothing. ALC_NOT_FINITE, with nothing
 * changed, if clip_norm is on and the norm is not finite; ALC_MISMATCH if the plan trains other parameters;
 * ALC_INVALID_ARGUMENT for a plan with update_in_backward. */
alc_status alc_optimizer_step(alc_optimizer *optimizer, alc_plan *plan);

/* The learning rate of the following steps, before group factors. */
void alc_optimizer_set_learning_rate(alc_optimizer *optimizer, double learning_rate);
double alc_optimizer_learning_rate(const alc_optimizer *optimizer);
int64_t alc_optimizer_steps(const alc_optimizer *optimizer);
/* The 2-norm of all gradients in the latest step with clip_norm; 0 before. */
double alc_optimizer_gradient_norm(const alc_optimizer *optimizer);

/* zero gradients, forward, backward, optimizer step. Stops at the first failure; a loss that is not finite is
 * ALC_NOT_FINITE naming the first node whose output is not, and neither a parameter nor a running statistic is changed. In a
 * plan with update_in_backward parameters are updated while backward runs: ALC_INVALID_ARGUMENT, with nothing changed, if the
 * optimizer clips. */
alc_status alc_train_step(alc_plan *plan, alc_optimizer *optimizer);

/* ---- schedules ---- */

typedef enum alc_schedule_kind {
    ALC_SCHEDULE_CONSTANT,
    ALC_SCHEDULE_STEP,      /* rate * gamma^(number of milestones passed): every `period` epochs */
    ALC_SCHEDULE_COSINE,    /* linear warm-up, then half a cosine down to final_factor * rate (arXiv 1608.03983) */
    ALC_SCHEDULE_ONE_CYCLE, /* cosine up from rate / 25 over the first 30 %, then cosine down to rate / 250,000 (1708.07120) */
    ALC_SCHEDULE_PLATEAU    /* times gamma when the watched score has not improved for `patience` epochs */
} alc_schedule_kind;

/* A plain value: it can be copied, saved and compared. Zero means the default. */
typedef struct alc_schedule {
    alc_schedule_kind kind;
    double learning_rate;    /* the peak */
    int64_t total_steps;     /* of the whole training: COSINE, ONE_CYCLE */
    int64_t steps_per_epoch; /* STEP */
    int64_t warmup_steps;    /* COSINE */
    double final_factor;     /* COSINE; 0 */
    int64_t period;          /* STEP; epochs; 0: 10 */
    double gamma;            /* STEP, PLATEAU; 0: 0.1 */
    int64_t patience;        /* PLATEAU; 0: 5 */
    /* PLATEAU's state: */
    double best, factor;
    int64_t waited;
    bool started;
} alc_schedule;

/* The learning rate of step `step` (from 0). Uses no libm, so it is the same on every machine. */
double alc_schedule_rate(const alc_schedule *schedule, int64_t step);
/* Tells a PLATEAU schedule an epoch's score (higher is better); the others ignore it. */
void alc_schedule_observe(alc_schedule *schedule, double score);

#ifdef __cplusplus
}
#endif
#endif
