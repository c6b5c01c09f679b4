/* optimizer_state.h - an optimizer's tensors and counters, for checkpoints: what must come back for the next step to be
 * the one that would have followed. Options and learning rates are no part of it; whoever resumes sets them again. */
#ifndef ALC_LIB_OPTIMIZER_STATE_H
#define ALC_LIB_OPTIMIZER_STATE_H

#include "alcor/optimizer.h"
#include "lib/base/base.h"

typedef struct alc_optimizer_tensor {
    const alc_parameter *parameter;
    const char *role;  /* "momentum", "first_moment" or "second_moment" */
    alc_real *values;  /* as many as the parameter has, in the parameter's order in memory; may be written */
    int64_t count;
} alc_optimizer_tensor;

/* Tensors come parameter by parameter in the model's order. */
int64_t alc_optimizer_tensor_count(const alc_optimizer *optimizer);
/* index in [0, count). */
alc_optimizer_tensor alc_optimizer_tensor_at(alc_optimizer *optimizer, int64_t index);
void alc_optimizer_set_steps(alc_optimizer *optimizer, int64_t steps);
/* "sgd", "adam" or "adamw". */
const char *alc_optimizer_kind_name(const alc_optimizer *optimizer);

#endif
