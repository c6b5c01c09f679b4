/* tests/support/plain_plan.h - a plan as if there were no passes: every node runs by itself, in the model's order and for the whole
 * batch, and every tensor, kept, lies in memory of its own. What the passes of lib/compile make is compared with it.
 *
 * Values are rounded to bf16 where compiled plans round them. And one pass it has, because the bits of gradients depend on it: where what a concat joins is read by later nodes too, it lies in the
 * concat's output. Its gradient is then added to by those readers and by the concat's one by one, else by the sum of the concat's.
 * (A gradient's terms change places also where a norm takes in an addition of what two nodes between them read: hardly any graph
 * has that.) */
#ifndef ALC_TESTS_PLAIN_PLAN_H
#define ALC_TESTS_PLAIN_PLAN_H

#include "lib/compile/plan.h"

/* `folds`: batch norms with fixed statistics are folded, which other roundings are due to. A Check failure if it cannot be made.
 * Destroyed by alc_plan_destroy. */
alc_plan *plain_plan(alc_model *model, alc_compile_options options, bool folds);

#endif
