/* fuse_pool.c - a convolution stores what a max pool makes of its output, where nobody else wants that and its kernel can: in
 * training with the positions of the largest values. Values and gradients are the same bits with and without. */
#include "lib/compile/compile.h"

/* The convolution whose output this node pools, if it can do that; else NULL. */
static alc_plan_node *convolution_before(alc_plan *plan, int64_t index)
{
    const alc_plan_node *pool = &plan->nodes[index];
    if (pool->dead || pool->op != &alc_op_max_pool)
        return NULL;
    /* A gradient that the caller may look at is not changed. */
    const bool callers = pool->differentiated && plan->tensors[pool->outputs[0]].kept;
    alc_plan_node *host = callers ? NULL : alc_node_before(plan, index);
    const bool takes = host && host->op == &alc_op_conv2d &&
                       alc_conv2d_takes_pool(plan->context, host->options, plan->tensors[host->inputs[0]].shape, pool->options);
    return takes ? host : NULL;
}

alc_status alc_fuse_pool(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *pool = &plan->nodes[n], *host = convolution_before(plan, n);
        if (!host)
            continue;
        alc_conv2d_node *options = alc_own_options(plan, host);
        if (!options)
            return ALC_OUT_OF_MEMORY;
        options->pool = pool->options;
        alc_take_follower(plan, host, pool);
    }
    return ALC_OK;
}
