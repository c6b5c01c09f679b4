/* lib/run/state.h - parameters that forward updates, such as running statistics, as they were before a step that fails. */
#ifndef ALC_LIB_STATE_H
#define ALC_LIB_STATE_H

#include "lib/compile/plan.h"

/* Before a forward pass. */
void alc_keep_state(alc_plan *plan);
/* After one, or after what follows it, failed. */
void alc_restore_state(alc_plan *plan);

#endif
