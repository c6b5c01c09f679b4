/* optimizer_update.h - a step of an optimizer that is taken parameter by parameter, while backward runs. */
#ifndef ALC_LIB_OPTIMIZER_UPDATE_H
#define ALC_LIB_OPTIMIZER_UPDATE_H

#include "alcor/optimizer.h"

/* Begins a step. ALC_INVALID_ARGUMENT if the optimizer clips, ALC_MISMATCH as alc_optimizer_step; nothing is changed then. */
alc_status alc_optimizer_begin(alc_optimizer *optimizer, const alc_plan *plan);
/* Updates one parameter from the gradient that the plan holds now. */
void alc_optimizer_update(alc_optimizer *optimizer, const alc_parameter *parameter);

#endif
