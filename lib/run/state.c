/* state.c - see state.h. A step may be refused as late as in its loss, when statistics have taken its batch in. */
#include <string.h>

#include "lib/run/state.h"

static size_t state_bytes(const alc_state_slot *slot)
{
    return (size_t)slot->parameter->count * sizeof(alc_real);
}

void alc_keep_state(alc_plan *plan)
{
    for (int64_t i = 0; i < plan->state_count; i++)
        memcpy(plan->states[i].before, plan->states[i].parameter->value, state_bytes(&plan->states[i]));
}

void alc_restore_state(alc_plan *plan)
{
    for (int64_t i = 0; i < plan->state_count; i++) {
        const alc_state_slot *slot = &plan->states[i];
        memcpy(slot->parameter->value, slot->before, state_bytes(slot));
        alc_parameter_written(slot->parameter);
    }
}
