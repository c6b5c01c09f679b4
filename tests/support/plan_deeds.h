/* tests/support/plan_deeds.h - what the passes of lib/compile did to plans, counted: so that a test knows whether it tests them. */
#ifndef ALC_TESTS_PLAN_DEEDS_H
#define ALC_TESTS_PLAN_DEEDS_H

#include "lib/compile/plan.h"

/* X(deed): what became of a node, a tensor or a step. */
#define PLAN_DEED_LIST(X)                                                                                                        \
    X(folded_norm) X(residual) X(activation) X(gate) X(trained_gate) X(norm_read) X(trained_norm_read) X(depthwise) X(relu_read) \
    X(average) X(pool) X(trained_pool) X(placed) X(placed_in_training) X(shared_statistics) X(padded) X(recomputed) X(dropped)   \
    X(waited) X(given) X(average_added) X(gate_left)

/* The same with bf16 alone. */
#define BF16_DEED_LIST(X) X(pairs) X(pairs_in_training) X(norm_reads_pairs) X(norm_stores_pairs) X(residual_pairs)                 \
    X(norm_adds_pairs) X(rounded_values)

#define PLAN_DEED_COUNT(deed) int deed;
typedef struct plan_deeds {
    PLAN_DEED_LIST(PLAN_DEED_COUNT)
    BF16_DEED_LIST(PLAN_DEED_COUNT)
} plan_deeds;
#undef PLAN_DEED_COUNT

/* Adds those of one plan. */
void plan_deeds_add(const alc_plan *plan, plan_deeds *deeds);

#endif
