/* share_statistics.c - a batch norm of values joined to others, the first of which an earlier norm has read, takes their statistics
 * from that: DenseNet's layers read all channels of their block before them, each with a norm of its own.
 *
 * Statistics of a channel depend on nothing but its values, so they are the same bits. */
#include "lib/compile/compile.h"

static bool computes_statistics(const alc_plan *plan, const alc_plan_node *node)
{
    return !node->dead && node->op == &alc_op_batch_norm &&
           alc_batch_norm_behaviour(node->options, plan->options.mode, node->frozen) == ALC_NORM_BATCH;
}

static bool rounds_values(const alc_plan_node *norm)
{
    return ((const alc_fusion *)norm->options)->rounds_values;
}

static int64_t channels_of(const alc_plan *plan, const alc_plan_node *norm)
{
    return alc_shape_channels(plan->tensors[norm->inputs[0]].shape);
}

/* Whether `earlier` has statistics that it keeps of the first channels of what `norm` reads. */
static bool reads_first_channels(const alc_plan *plan, const alc_plan_node *earlier, const alc_plan_node *norm)
{
    const int64_t ours = norm->inputs[0], theirs = earlier->inputs[0];
    return computes_statistics(plan, earlier) && earlier->differentiated && rounds_values(earlier) == rounds_values(norm) &&
           alc_plan_root(plan, ours) == alc_plan_root(plan, theirs) &&
           alc_plan_channel(plan, ours) == alc_plan_channel(plan, theirs) && channels_of(plan, earlier) <= channels_of(plan, norm);
}

/* The earlier norm that has most of a node's statistics; NULL: none has, or the node computes none. */
static alc_plan_node *find_widest(alc_plan *plan, int64_t index)
{
    const alc_plan_node *norm = &plan->nodes[index];
    alc_plan_node *widest = NULL;
    if (!computes_statistics(plan, norm))
        return NULL;
    for (alc_plan_node *earlier = plan->nodes; earlier < norm; earlier++)
        if (reads_first_channels(plan, earlier, norm) && (!widest || channels_of(plan, earlier) > channels_of(plan, widest)))
            widest = earlier;
    return widest;
}

alc_status alc_share_statistics(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *norm = &plan->nodes[n], *widest = find_widest(plan, n);
        if (!widest)
            continue;
        alc_batch_norm_node *options = alc_own_options(plan, norm);
        if (!options)
            return ALC_OUT_OF_MEMORY;
        options->known_channels = channels_of(plan, widest);
        norm->read_norm = widest;
    }
    return ALC_OK;
}
