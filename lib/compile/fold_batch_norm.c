/* fold_batch_norm.c - a batch norm that uses running statistics and passes no gradient is a scale and a shift per channel:
 * the convolution or dense layer before it takes both into its weights and bias. This happens in evaluation and in the
 * frozen part of a training plan alike, so a frozen prefix has the same bits in both. */
#include <string.h>

#include "lib/compile/compile.h"

void *alc_own_options(alc_plan *plan, alc_plan_node *host)
{
    void *options = alc_plan_allocate(plan, 1, host->op->options_size);
    if (!options)
        return NULL;
    memcpy(options, host->options, host->op->options_size);
    host->options = options;
    return options;
}

static bool can_host(const alc_plan_node *node)
{
    return (node->op == &alc_op_conv2d || node->op == &alc_op_dense) && !node->differentiated;
}

/* The node whose output the norm reads, if it may take the norm in. */
static alc_plan_node *host_of(alc_plan *plan, int64_t norm)
{
    alc_plan_node *host = alc_node_before(plan, norm);
    return host && can_host(host) && !((const alc_fusion *)host->options)->norm ? host : NULL;
}

alc_status alc_fold_batch_norm(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *norm = &plan->nodes[n];
        if (norm->dead || norm->op != &alc_op_batch_norm || norm->differentiated ||
            alc_batch_norm_behaviour(norm->options, plan->options.mode, norm->frozen) != ALC_NORM_RUNNING)
            continue;
        alc_plan_node *host = host_of(plan, n);
        if (!host)
            continue;
        alc_fusion *fusion = alc_own_options(plan, host);
        if (!fusion)
            return ALC_OUT_OF_MEMORY;
        fusion->norm = true;
        fusion->norm_epsilon = ((const alc_batch_norm_node *)norm->options)->epsilon;
        memcpy(host->parameters + host->parameter_count, norm->parameters, 4 * sizeof *norm->parameters);
        host->parameter_count += 4;
        alc_take_follower(plan, host, norm);
    }
    return ALC_OK;
}
