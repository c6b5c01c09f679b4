/* alcor/plan.h - compiling a model into a plan, and running it.
 *
 * A model owns parameters; a plan owns activations, gradients, scratch and packed weights for one purpose: training, or
 * evaluation at some batch size. Several plans may share a model. All memory is allocated by alc_compile; running a
 * plan allocates nothing.
 */
#ifndef ALCOR_PLAN_H
#define ALCOR_PLAN_H

#include "alcor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alc_plan alc_plan;

typedef enum alc_plan_mode { ALC_EVALUATE, ALC_TRAIN } alc_plan_mode;

#define ALC_MAX_KEPT 16

typedef struct alc_compile_options {
    alc_plan_mode mode;
    int64_t batch;                 /* most samples in one run; at least 1 */
    alc_tensor *output;            /* what is computed; in training what is differentiated, usually a loss */
    alc_tensor *kept[ALC_MAX_KEPT];/* further tensors to be computed and readable after a run, such as logits; keeping one can
                                      change the last bits of results (docs/determinism.md) */
    int kept_count;
    alc_tensor *given;             /* a tensor inside the model that is no longer computed but written by the caller, as an
                                      input is (alc_plan_input): what only it needs is no part of the plan. The only output of
                                      its node, and not `output`. NULL: none */
    bool input_gradients;          /* training: gradients of the inputs are wanted too (gradient checks) */
    bool no_dropout;               /* training: dropout and drop-connect do nothing, to compare gradients */
    bool keep_activations;         /* training: keep what is cheap to compute again, such as batch norm's outputs */
    bool update_in_backward;       /* training: each parameter is updated as soon as its gradient is there, so that gradients
                                      need not all be held. The plan is then for alc_train_step alone, with an optimizer that
                                      does not clip; the weights are the same bits as without */
    size_t max_bytes;              /* most bytes that this plan, the model's parameters and other_bytes may take together; in
                                      training as much as needed is recomputed in backward to stay below. 0: no limit */
    size_t other_bytes;            /* what the caller will hold beside them, such as alc_optimizer_bytes() */
} alc_compile_options;

/* Compiles the part of the model that `output` and `kept` need. Trainable flags count as they are now.
 * On failure *plan is NULL: the model's first building error, ALC_INVALID_ARGUMENT (batch < 1, no output, tensors of
 * another model, a given tensor that cannot be one, an op that cannot be differentiated), ALC_OUT_OF_MEMORY (also where
 * max_bytes do not suffice: the sentence says how many would). */
alc_status alc_compile(alc_model *model, alc_compile_options options, alc_plan **plan);
void alc_plan_destroy(alc_plan *plan);
/* For inference in little memory: packs an evaluation plan's weights now, instead of in its first run, and gives back the memory of
 * each weight of which only the packed copy is read from then on. That ends the model's use for everything but this plan: it
 * can no longer be compiled, loaded or saved (ALC_INVALID_ARGUMENT), alc_parameter_read gives NaN for such a weight, and
 * alc_parameter_write does nothing. ALC_INVALID_ARGUMENT for a training plan, and while the model has another plan. */
alc_status alc_plan_release_weights(alc_plan *plan);
alc_model *alc_plan_model(const alc_plan *plan);
int64_t alc_plan_batch(const alc_plan *plan);

/* Where the frozen part of a training ends: the last tensor that is a function of `image` alone, computed by frozen nodes only,
 * and through which all of `image` that `output` depends on passes. What is trained is trained from there, so its values for an
 * image are the same in every step, and those of an evaluation plan. Trainable flags count as they are now. *last is NULL if there
 * is no such tensor: the first layer is trained, its batch norm uses the batch's statistics whatever is frozen, or a node without
 * parameters comes before all that have some, which might draw something anew as dropout does. ALC_INVALID_ARGUMENT for tensors
 * of another model, ALC_OUT_OF_MEMORY. */
alc_status alc_frozen_prefix(const alc_model *model, const alc_tensor *image, const alc_tensor *output, alc_tensor **last);

/* Where to write an input's (or the given tensor's) values for the next run: batch x shape, samples contiguous, of the input's
 * dtype; images are height, width, channels. NULL if the plan does not use that input. Contents survive runs. */
void *alc_plan_input(alc_plan *plan, const alc_tensor *input);
/* How many samples the next runs have, 1 .. batch; starts as the batch. ALC_INVALID_ARGUMENT otherwise. */
alc_status alc_plan_set_rows(alc_plan *plan, int64_t rows);
/* Which random numbers the next run draws (dropout): the epoch, and the position of its first sample in that epoch. */
void alc_plan_set_draw(alc_plan *plan, uint64_t epoch, uint64_t position);

/* Computes the outputs (training: with batch statistics, and running statistics are updated). */
alc_status alc_forward(alc_plan *plan);
/* Gradients of the output with respect to every trainable parameter are ADDED to the plan's gradients. The output's own
 * gradient is 1 if it is a scalar, else what alc_plan_output_gradient holds. Follows an alc_forward on the same rows.
 * ALC_INVALID_ARGUMENT for a plan with update_in_backward. */
alc_status alc_backward(alc_plan *plan);
/* Makes the next alc_backward overwrite instead of add. A new plan starts so. */
void alc_zero_gradients(alc_plan *plan);

/* The values of an output, kept tensor or input after a run: rows x shape, contiguous. NULL if not kept. */
const void *alc_plan_values(const alc_plan *plan, const alc_tensor *tensor);
/* Training, output not scalar: where to write its gradient before alc_backward, batch x shape; else NULL. */
alc_real *alc_plan_output_gradient(alc_plan *plan);
/* The gradient of an input after alc_backward, with options.input_gradients; else NULL. */
const alc_real *alc_plan_input_gradient(const alc_plan *plan, const alc_tensor *input);
/* Copies a parameter's gradient in PyTorch's order; ALC_NOT_FOUND if the plan does not compute it or, with
 * update_in_backward, does not hold it. */
alc_status alc_plan_read_gradient(const alc_plan *plan, const alc_parameter *parameter, alc_real *values);

/* What one run costs, known before it. Bytes of the plan are all that alc_compile allocated. */
typedef struct alc_plan_cost {
    double forward_flops, backward_flops;   /* of a whole batch; a multiply and an add are two */
    size_t activation_bytes;  /* the arena: activations, gradients of activations, saved and scratch memory */
    size_t gradient_bytes;    /* of parameters */
    size_t derived_bytes;     /* packed and folded weights */
    size_t total_bytes;       /* everything the plan holds */
    size_t parameter_bytes;   /* the model's, shared by its plans */
    size_t replaced_bytes;    /* of these, what alc_plan_release_weights gives back */
} alc_plan_cost;
alc_plan_cost alc_plan_costs(const alc_plan *plan);

/* A table of text: nodes in order with output shape, kernel, FLOPs, bytes of the buffer in which the output lies (a
 * multiple of 64), values of parameters and how many of them are trained; the memory in all. The text is the caller's to
 * release with alc_release_text. */
alc_status alc_plan_report(const alc_plan *plan, char **text);
void alc_release_text(alc_context *context, char *text);

/* One call of one node while a plan runs. */
typedef enum alc_step_kind { ALC_STEP_FORWARD, ALC_STEP_RECOMPUTE, ALC_STEP_BACKWARD } alc_step_kind;
typedef struct alc_step_info {
    const char *node, *kernel;
    alc_step_kind kind;
    int64_t index;            /* of the step, 0 .. alc_plan_step_count - 1: in evaluation it may be called for parts of the batch */
    int64_t rows;             /* samples of this call */
    alc_shape output;         /* of one sample */
    double flops;             /* as a direct computation counts them, for these rows; a multiply and an add are two */
    double bytes;             /* values that it must read or write: inputs, outputs, parameters, gradients, each once */
} alc_step_info;
/* How many steps the plan has, forward and backward. */
int64_t alc_plan_step_count(const alc_plan *plan);
/* Calls observe(argument, step) after every step of the plan's runs, on the thread that runs it: with a clock of the caller's
 * it gives a profile, since all that a run does lies between two calls. NULL ends it. */
void alc_plan_observe(alc_plan *plan, void (*observe)(void *argument, const alc_step_info *step), void *argument);

/* The first node whose output holds an infinity or NaN in the latest forward run, in order of computation; "" if none.
 * Runs the plan's nodes again one by one, so call it only when something went wrong. */
alc_status alc_plan_find_not_finite(alc_plan *plan, const char **node);

#ifdef __cplusplus
}
#endif
#endif
