/* elide_dropout.c - dropout and drop-connect do nothing in evaluation, in frozen parts and where the caller says so: their
 * readers read their input. */
#include "lib/compile/compile.h"

static bool does_nothing(const alc_plan *plan, const alc_plan_node *node)
{
    return (node->op == &alc_op_dropout || node->op == &alc_op_drop_connect) &&
           (plan->options.mode == ALC_EVALUATE || node->frozen || plan->options.no_dropout);
}

void alc_elide_dropout(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        if (!does_nothing(plan, node))
            continue;
        /* A kept output must exist under its own number: that rare node stays and copies, as its op does where it is frozen. */
        if (plan->tensors[node->outputs[0]].kept) {
            node->frozen = true;
            continue;
        }
        node->dead = true;
        for (int64_t reader = n + 1; reader < plan->node_count; reader++) {
            for (int i = 0; i < plan->nodes[reader].input_count; i++) {
                if (plan->nodes[reader].inputs[i] == node->outputs[0])
                    plan->nodes[reader].inputs[i] = node->inputs[0];
            }
        }
    }
}
