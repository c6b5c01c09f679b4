/* choose_recomputed.c - which values training does not keep where it may hold no more than so many bytes.
 *
 * Without a limit what is cheap is recomputed and all else kept. With one that this does not meet, the trained nodes are cut
 * into stretches (Chen et al., arXiv 1604.06174): what passes from stretch to stretch is kept, what only a stretch's own
 * nodes read is dropped, and computed again when backward comes to the stretch. Cuts are made where little passes. Of all
 * numbers of stretches, and of how many of them, from the first on, are dropped, the one is taken that fits and recomputes
 * the fewest operations. A recomputed value has the same bits, so nothing else depends on the choice. */
#include "lib/compile/compile.h"

/* Where a root's values are made and read, in nodes; last_reader is -1 if no node reads them. */
typedef struct passage {
    int64_t first_writer, last_writer, last_reader;
    bool fixed;                  /* it is kept in any case */
} passage;

typedef struct choice {
    alc_plan *plan;
    passage *passages;           /* per tensor, of roots */
    size_t *passing;             /* per node: bytes that are read behind it and made up to it */
    size_t *kept;                /* per node: bytes made by it and those before that are kept until backward by default */
    int64_t *stretch;            /* per node */
    size_t least;                /* bytes of the smallest plan that was looked at */
} choice;

static const int64_t stretch_counts[] = {2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32};
#define MOST_STRETCHES 32

/* A limit on what binding will add to the plan's own structures. */
static size_t structure_bytes(const alc_plan *plan)
{
    size_t bytes = alc_arena_bytes(&plan->memory);
    for (int64_t i = 0; i < plan->step_count; i++) {
        const alc_plan_node *node = &plan->nodes[plan->steps[i].node];
        bytes += (size_t)(node->input_count + node->output_count) * (sizeof(alc_view) + sizeof(alc_gradient_view)) +
                 (size_t)node->parameter_count * (sizeof(alc_parameter_view) + sizeof(alc_gradient_slot)) + 8 * ALC_ALIGNMENT;
    }
    return bytes + bytes / 8 + ALC_ARENA_BLOCK_BYTES;
}

/* Schedules with what is dropped now; what the plan, the parameters and the caller will hold together. */
static alc_status measure(choice *c, size_t *bytes)
{
    alc_plan *plan = c->plan;
    alc_status status = alc_schedule(plan);
    if (status == ALC_OK)
        status = alc_place_buffers(plan);
    if (status != ALC_OK)
        return status;
    *bytes = structure_bytes(plan) + (size_t)plan->buffer_capacity * sizeof *plan->buffers + plan->options.other_bytes;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        *bytes += (node->dead ? 0 : node->derived_bytes) + (plan->options.update_in_backward ? 0 : alc_gradient_bytes(node)) +
                  alc_state_bytes(plan, node);
    }
    for (int64_t i = 0; i < plan->model->parameter_count; i++)
        *bytes += (size_t)plan->model->parameters[i]->count * sizeof(alc_real);
    if (!alc_add_sizes(*bytes, plan->arena_bytes, bytes))
        *bytes = SIZE_MAX;
    c->least = *bytes < c->least ? *bytes : c->least;
    return ALC_OK;
}

static double recomputed_operations(const alc_plan *plan)
{
    double operations = 0;
    for (int64_t i = plan->forward_count; i < plan->step_count; i++) {
        if (plan->steps[i].kind == ALC_STEP_RECOMPUTE)
            operations += plan->nodes[plan->steps[i].node].flops_per_sample;
    }
    return operations;
}

static passage *passage_of(const choice *c, int64_t tensor)
{
    return &c->passages[alc_plan_root(c->plan, tensor) - c->plan->tensors];
}

static void find_passages(const choice *c)
{
    const alc_plan *plan = c->plan;
    for (int64_t t = 0; t < plan->tensor_count; t++)
        c->passages[t] = (passage){.first_writer = INT64_MAX, .last_writer = -1, .last_reader = -1};
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        const alc_plan_tensor *tensor = &plan->tensors[t];
        if (tensor->source && (tensor->kept || tensor->producer < 0))
            passage_of(c, t)->fixed = true;
    }
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->output_count && !node->dead; i++) {
            passage *p = passage_of(c, node->outputs[i]);
            p->first_writer = n < p->first_writer ? n : p->first_writer;
            p->last_writer = n;
            p->fixed = p->fixed || !node->differentiated || node->output_count > 1;
        }
        for (int i = 0; i < node->input_count && !node->dead; i++)
            passage_of(c, node->inputs[i])->last_reader = n;
    }
}

/* Of the default schedule, which has just been made. */
static void weigh_nodes(const choice *c)
{
    const alc_plan *plan = c->plan;
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        const passage *p = &c->passages[t];
        const int64_t buffer = plan->tensors[t].value;
        if (!plan->tensors[t].source || plan->tensors[t].root != t || buffer < 0 || p->last_writer < 0)
            continue;
        if (plan->buffers[buffer].last >= plan->forward_count)
            c->kept[p->last_writer] += plan->buffers[buffer].bytes;
        for (int64_t n = p->first_writer; n < p->last_reader; n++)
            c->passing[n] += plan->buffers[buffer].bytes;
    }
    for (int64_t n = 1; n < plan->node_count; n++)
        c->kept[n] += c->kept[n - 1];
}

/* Cuts into `count` stretches that keep about as much each. */
static void cut_stretches(const choice *c, int64_t count)
{
    const int64_t nodes = c->plan->node_count;
    const double all = (double)c->kept[nodes - 1];
    int64_t cuts[MOST_STRETCHES], n = 0;
    for (int64_t s = 1; s < count; s++) {
        const double end = all * ((double)s + 0.5) / (double)count;
        int64_t best = -1;
        for (; n < nodes && (double)c->kept[n] < end; n++) {
            const bool near = (double)c->kept[n] >= all * ((double)s - 0.5) / (double)count;
            if (near && !c->plan->nodes[n].dead && (best < 0 || c->passing[n] < c->passing[best]))
                best = n;
        }
        cuts[s - 1] = best >= 0 ? best : n;
    }
    int64_t stretch = 0;
    for (n = 0; n < nodes; n++) {
        c->stretch[n] = stretch;
        while (stretch < count - 1 && cuts[stretch] <= n)
            stretch++;
    }
}

/* Drops what begins and ends in one of the first `dropped` stretches. */
static void drop(const choice *c, int64_t dropped)
{
    for (int64_t t = 0; t < c->plan->tensor_count; t++) {
        const passage *p = &c->passages[t];
        alc_plan_tensor *tensor = &c->plan->tensors[t];
        const bool inner = tensor->source && tensor->root == t && !p->fixed && p->last_writer >= 0 && p->last_reader >= 0;
        tensor->dropped = inner && c->stretch[p->first_writer] == c->stretch[p->last_writer] &&
                          c->stretch[p->first_writer] == c->stretch[p->last_reader] && c->stretch[p->first_writer] < dropped;
    }
}

/* Leaves the schedule of the best choice; *found tells whether there is one. */
static alc_status search(choice *c, bool *found)
{
    int64_t best_count = 0, best_dropped = 0;
    double best_operations = 0;
    for (size_t i = 0; i < sizeof stretch_counts / sizeof *stretch_counts; i++) {
        const int64_t count = stretch_counts[i];
        cut_stretches(c, count);
        for (int64_t dropped = 1; dropped < count; dropped++) {
            size_t bytes = 0;
            drop(c, dropped);
            alc_status status = measure(c, &bytes);
            if (status != ALC_OK)
                return status;
            const double operations = recomputed_operations(c->plan);
            if (bytes > c->plan->options.max_bytes || (best_count > 0 && operations >= best_operations))
                continue;
            best_count = count;
            best_dropped = dropped;
            best_operations = operations;
        }
    }
    *found = best_count > 0;
    if (!*found)
        return ALC_OK;
    cut_stretches(c, best_count);
    drop(c, best_dropped);
    return alc_schedule(c->plan);
}

static alc_status choose(choice *c, bool *found)
{
    find_passages(c);
    weigh_nodes(c);
    return search(c, found);
}

static alc_status allocate_and_choose(choice *c, bool *found)
{
    const alc_plan *plan = c->plan;
    const size_t nodes = (size_t)plan->node_count;
    c->passages = alc_allocate_array(plan->context, (size_t)plan->tensor_count, sizeof *c->passages, "planning memory");
    c->passing = alc_allocate_array(plan->context, nodes, sizeof *c->passing, "planning memory");
    c->kept = alc_allocate_array(plan->context, nodes, sizeof *c->kept, "planning memory");
    c->stretch = alc_allocate_array(plan->context, nodes, sizeof *c->stretch, "planning memory");
    const bool allocated = c->passages && c->passing && c->kept && c->stretch;
    alc_status status = allocated ? choose(c, found) : ALC_OUT_OF_MEMORY;
    alc_free(plan->context, c->passages);
    alc_free(plan->context, c->passing);
    alc_free(plan->context, c->kept);
    alc_free(plan->context, c->stretch);
    return status;
}

alc_status alc_choose_recomputed(alc_plan *plan)
{
    choice c = {.plan = plan, .least = SIZE_MAX};
    size_t bytes = 0;
    bool found = false;
    if (plan->options.max_bytes == 0)
        return alc_schedule(plan);
    alc_status status = measure(&c, &bytes);
    if (status != ALC_OK || bytes <= plan->options.max_bytes)
        return status;
    if (plan->options.mode == ALC_TRAIN)
        status = allocate_and_choose(&c, &found);
    if (status != ALC_OK || found)
        return status;
    return alc_fail(plan->context, ALC_OUT_OF_MEMORY, "%s %lld samples at a time takes at least %zu bytes of memory; %zu are "
                    "allowed", plan->options.mode == ALC_TRAIN ? "training" : "evaluating", (long long)plan->options.batch,
                    c.least, plan->options.max_bytes);
}
