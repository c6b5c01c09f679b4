/* lib/run/derived.h - what a node's op makes from its parameters. */
#ifndef ALC_LIB_DERIVED_H
#define ALC_LIB_DERIVED_H

#include "lib/compile/plan.h"

/* Renews it if one of the parameters was written since. */
alc_status alc_renew_derived(alc_plan_node *node, const alc_step *step);

#endif
