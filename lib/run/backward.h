/* lib/run/backward.h - backward for those who want each node's gradients while they are there. */
#ifndef ALC_LIB_BACKWARD_H
#define ALC_LIB_BACKWARD_H

#include "lib/compile/plan.h"

/* As alc_backward. After each node's backward `done`, if it is not NULL, may read the gradients of the node's parameters and
 * write the parameters: nothing reads them any more in this run. */
alc_status alc_backward_in_turn(alc_plan *plan, void (*done)(void *user, const alc_plan_node *node), void *user);

#endif
