/* split_batch.c - evaluation takes the early layers a few samples at a time, so that what a layer writes is still in the cache
 * when the next one reads it, and so that only those samples' activations need memory.
 *
 * In evaluation samples know nothing of each other, so this is tiling: no bit depends on it. The plan's nodes are cut into
 * segments; a segment runs from its first node to its last for some rows, then for the next ones. Maps shrink and weights grow
 * from layer to layer: where a layer's weights, read anew for every part of the batch, cost more than its values, and for
 * whatever gives one value for the whole batch, the last segment begins, which takes all rows at once. */
#include "lib/compile/compile.h"

/* A part's values at the segment's widest layer should be within this: the share of a third-level cache that two threads
 * can count on. */
#define CACHE_BYTES ((size_t)8 << 20)

static size_t sample_bytes(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    return (size_t)alc_shape_elements(t->shape) * alc_dtype_size(t->dtype) / (size_t)alc_plan_values_per_real(plan, tensor);
}

/* What one sample makes the node read and write. */
static size_t node_bytes(const alc_plan *plan, const alc_plan_node *node)
{
    size_t bytes = 0;
    for (int i = 0; i < node->input_count; i++)
        bytes += sample_bytes(plan, node->inputs[i]);
    for (int i = 0; i < node->output_count; i++)
        bytes += sample_bytes(plan, node->outputs[i]);
    return bytes;
}

static size_t weight_bytes(const alc_plan_node *node)
{
    size_t bytes = 0;
    for (int i = 0; i < node->parameter_count; i++)
        bytes += (size_t)node->parameters[i]->count * sizeof(alc_real);
    return bytes;
}

static bool needs_whole_batch(const alc_plan *plan, const alc_plan_node *node)
{
    for (int i = 0; i < node->output_count; i++) {
        if (plan->tensors[node->outputs[i]].scalar)
            return true;
    }
    return false;
}

/* Equal parts of the batch that are within the cache where a sample needs `bytes`. */
static int64_t part_rows(const alc_plan *plan, size_t bytes)
{
    const int64_t batch = plan->options.batch;
    const size_t fitting = CACHE_BYTES / (bytes > 0 ? bytes : 1);
    const int64_t most = fitting < 1 ? 1 : fitting < (size_t)batch ? (int64_t)fitting : batch;
    const int64_t parts = batch / most + (batch % most != 0);
    return batch / parts + (batch % parts != 0);
}

/* Node n's segment is segments[nodes[n].segment]. `widest` of a node is the most that it or a later one needs a sample. */
static void cut_segments(alc_plan *plan, const size_t *widest)
{
    bool whole = plan->options.mode == ALC_TRAIN;
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        if (node->dead)
            continue;
        int64_t rows = part_rows(plan, widest[n]);
        whole = whole || needs_whole_batch(plan, node) ||
                weight_bytes(node) > (size_t)rows * node_bytes(plan, node);
        rows = whole ? plan->options.batch : rows;
        const int64_t before = plan->segment_count > 0 ? plan->segments[plan->segment_count - 1].rows : 0;
        if (rows >= 2 * before || (whole && rows > before))
            plan->segments[plan->segment_count++] = (alc_segment){.rows = rows};
        node->segment = plan->segment_count - 1;
    }
}

/* A tensor that one segment writes and reads needs room for that segment's rows only; all others hold the batch. What lies in
 * one buffer is judged together. */
static void size_tensors(alc_plan *plan, int64_t *owner)
{
    enum { NOBODY = -1, SEVERAL = -2 };
    for (int64_t t = 0; t < plan->tensor_count; t++)
        owner[t] = NOBODY;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count + node->output_count && !node->dead; i++) {
            const int64_t tensor = i < node->input_count ? node->inputs[i] : node->outputs[i - node->input_count];
            int64_t *root = &owner[alc_plan_root(plan, tensor) - plan->tensors];
            const bool outside = plan->tensors[tensor].kept || plan->tensors[tensor].producer < 0;
            *root = outside || (*root != NOBODY && *root != node->segment) ? SEVERAL : node->segment;
        }
    }
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        if (!plan->tensors[t].source)
            continue;
        const int64_t segment = owner[alc_plan_root(plan, t) - plan->tensors];
        plan->tensors[t].rows = segment >= 0 ? plan->segments[segment].rows : plan->options.batch;
    }
}

alc_status alc_split_batch(alc_plan *plan)
{
    size_t *widest = alc_allocate_array(plan->context, (size_t)plan->node_count, sizeof *widest, "a plan's segments");
    int64_t *owner = alc_allocate_array(plan->context, (size_t)plan->tensor_count, sizeof *owner, "a plan's segments");
    plan->segments = alc_plan_allocate(plan, (size_t)plan->node_count, sizeof *plan->segments);
    const bool allocated = widest && owner && plan->segments;
    if (allocated) {
        size_t most = 0;
        for (int64_t n = plan->node_count - 1; n >= 0; n--) {
            const size_t bytes = plan->nodes[n].dead ? 0 : node_bytes(plan, &plan->nodes[n]);
            most = bytes > most ? bytes : most;
            widest[n] = most;
        }
        cut_segments(plan, widest);
        size_tensors(plan, owner);
    }
    alc_free(plan->context, widest);
    alc_free(plan->context, owner);
    return allocated ? ALC_OK : ALC_OUT_OF_MEMORY;
}
