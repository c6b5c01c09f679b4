/* bind_memory.c - the last pass: allocates what the plan holds and turns buffers into pointers, step by step. */
#include <string.h>

#include "lib/compile/compile.h"

alc_status alc_place_buffers(alc_plan *plan)
{
    size_t count = (size_t)plan->buffer_count;
    int64_t *scratch = alc_allocate_array(plan->context, 2 * count, sizeof *scratch, "planning memory");
    if (!scratch)
        return ALC_OUT_OF_MEMORY;
    plan->arena_bytes = alc_plan_memory(plan->buffers, plan->buffer_count, ALC_ALIGNMENT, scratch, scratch + count);
    alc_free(plan->context, scratch);
    return ALC_OK;
}

static alc_status allocate_arena(alc_plan *plan)
{
    alc_status status = alc_place_buffers(plan);
    if (status != ALC_OK)
        return status;
    plan->arena = alc_allocate(plan->context, plan->arena_bytes, "a plan's activations");
    return plan->arena ? ALC_OK : ALC_OUT_OF_MEMORY;
}

static alc_status allocate_derived(alc_plan *plan)
{
    size_t offset = 0;
    for (int64_t n = 0; n < plan->node_count; n++)
        plan->derived_bytes += plan->nodes[n].dead ? 0 : alc_align_up(plan->nodes[n].derived_bytes);
    plan->derived = alc_allocate_untouched(plan->context, plan->derived_bytes, "a plan's packed weights");
    if (!plan->derived)
        return ALC_OUT_OF_MEMORY;
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        if (node->dead || node->derived_bytes == 0)
            continue;
        node->derived = plan->derived + offset;
        offset += alc_align_up(node->derived_bytes);
    }
    return ALC_OK;
}

size_t alc_gradient_bytes(const alc_plan_node *node)
{
    size_t bytes = 0;
    for (int i = 0; i < node->parameter_count && !node->dead; i++)
        bytes += node->parameter_gradient_wanted[i] ? alc_align_up((size_t)node->parameters[i]->count * sizeof(alc_real)) : 0;
    return bytes;
}

/* The node's gradients lie one behind the other from `at` on. */
static void add_slots(alc_plan *plan, const alc_plan_node *node, char *at)
{
    for (int i = 0; i < node->parameter_count && !node->dead; i++) {
        if (!node->parameter_gradient_wanted[i])
            continue;
        plan->slots[plan->slot_count++] = (alc_gradient_slot){node->parameters[i], (alc_real *)(void *)at};
        at += alc_align_up((size_t)node->parameters[i]->count * sizeof(alc_real));
    }
}

static alc_status allocate_gradients(alc_plan *plan)
{
    size_t slots = 0, offset = 0;
    for (int64_t n = 0; n < plan->node_count; n++) {
        plan->gradient_bytes += plan->options.update_in_backward ? 0 : alc_gradient_bytes(&plan->nodes[n]);
        slots += (size_t)plan->nodes[n].parameter_count;
    }
    plan->gradients = alc_allocate(plan->context, plan->gradient_bytes, "gradients");
    plan->slots = alc_plan_allocate(plan, slots, sizeof *plan->slots);
    if (!plan->gradients || !plan->slots)
        return ALC_OUT_OF_MEMORY;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        if (plan->options.update_in_backward) {
            add_slots(plan, node, alc_plan_buffer(plan, node->gradients));
            continue;
        }
        add_slots(plan, node, (char *)plan->gradients + offset);
        offset += alc_gradient_bytes(node);
    }
    return ALC_OK;
}

/* Whether a training step updates a node's parameter: statistics and the like. */
static bool is_updated(const alc_plan *plan, const alc_plan_node *node, int parameter)
{
    return plan->options.mode == ALC_TRAIN && !node->dead && node->op->update_state && node->parameters[parameter]->spec.state;
}

size_t alc_state_bytes(const alc_plan *plan, const alc_plan_node *node)
{
    size_t bytes = 0;
    for (int i = 0; i < node->parameter_count; i++) {
        if (is_updated(plan, node, i))
            bytes += sizeof(alc_state_slot) + (size_t)node->parameters[i]->count * sizeof(alc_real);
    }
    return bytes;
}

static void add_states(alc_plan *plan, const alc_plan_node *node, alc_real **before)
{
    for (int i = 0; i < node->parameter_count; i++) {
        if (!is_updated(plan, node, i))
            continue;
        plan->states[plan->state_count++] = (alc_state_slot){node->parameters[i], *before};
        *before += node->parameters[i]->count;
    }
}

/* The parameters that a training step updates, and behind them room for what they were before it. */
static alc_status allocate_states(alc_plan *plan)
{
    size_t count = 0;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        plan->state_bytes += alc_state_bytes(plan, node);
        for (int i = 0; i < node->parameter_count; i++)
            count += is_updated(plan, node, i);
    }
    plan->states = alc_allocate(plan->context, plan->state_bytes, "a plan's copies of statistics");
    if (!plan->states)
        return ALC_OUT_OF_MEMORY;
    alc_real *before = (alc_real *)(void *)(plan->states + count);
    for (int64_t n = 0; n < plan->node_count; n++)
        add_states(plan, &plan->nodes[n], &before);
    return ALC_OK;
}

/* A tensor's view, with data from one of its root's buffers: values (the recomputed ones in backward) or gradient. */
static alc_view view_of(const alc_plan *plan, int64_t tensor, int64_t buffer)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    alc_view view = alc_shape_view(t->shape, t->scalar);
    char *data = alc_plan_buffer(plan, buffer);
    view.data = data ? data + (size_t)alc_plan_channel(plan, tensor) * alc_dtype_size(t->dtype) : NULL;
    if (!t->scalar)
        view.stride = alc_plan_stride(plan, tensor);
    return view;
}

static int64_t value_buffer(const alc_plan *plan, int64_t tensor, bool backward)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    return backward && root->recomputed >= 0 ? root->recomputed : root->value;
}

static alc_gradient_view gradient_of(const alc_plan *plan, int64_t tensor, bool wanted, bool add)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    alc_gradient_view gradient = {view_of(plan, tensor, wanted ? root->gradient : -1), add};
    if (!plan->tensors[tensor].scalar)
        gradient.view.stride = alc_plan_gradient_stride(plan, tensor);
    return gradient;
}

/* Whether the norm before it forms the gradient of its first input. */
static bool is_left_to_norm(const alc_plan *plan, const alc_plan_node *node)
{
    const int64_t producer = node->input_count > 0 ? plan->tensors[node->inputs[0]].producer : -1;
    return producer >= 0 && (plan->nodes[producer].average == node || plan->nodes[producer].gated == node);
}

static alc_status bind_views(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    alc_run *run = &step->run;
    alc_view *inputs = alc_plan_allocate(plan, (size_t)node->input_count, sizeof *inputs);
    alc_view *outputs = alc_plan_allocate(plan, (size_t)node->output_count, sizeof *outputs);
    alc_gradient_view *dx = alc_plan_allocate(plan, (size_t)node->input_count, sizeof *dx);
    alc_gradient_view *dy = alc_plan_allocate(plan, (size_t)node->output_count, sizeof *dy);
    if (!inputs || !outputs || !dx || !dy)
        return ALC_OUT_OF_MEMORY;
    bool backward = step->kind != ALC_STEP_FORWARD;
    for (int i = 0; i < node->input_count; i++) {
        inputs[i] = view_of(plan, node->inputs[i], value_buffer(plan, node->inputs[i], backward));
        const bool left = i == 0 && is_left_to_norm(plan, node);
        dx[i] = gradient_of(plan, node->inputs[i], node->input_gradient_wanted[i] && !left, node->input_add[i]);
    }
    for (int i = 0; i < node->output_count; i++) {
        outputs[i] = view_of(plan, node->outputs[i], value_buffer(plan, node->outputs[i], backward));
        dy[i] = gradient_of(plan, node->outputs[i], node->differentiated, false);
    }
    run->inputs = inputs;
    run->outputs = outputs;
    run->input_gradients = dx;
    run->output_gradients = dy;
    return ALC_OK;
}

static alc_status bind_parameters(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    alc_parameter_view *views = alc_plan_allocate(plan, (size_t)node->parameter_count, sizeof *views);
    if (!views)
        return ALC_OUT_OF_MEMORY;
    for (int i = 0; i < node->parameter_count; i++) {
        alc_parameter *parameter = node->parameters[i];
        views[i] = (alc_parameter_view){.value = parameter->value, .count = parameter->count,
                                        .gradient = alc_plan_gradient_of(plan, parameter)};
    }
    step->run.parameters = views;
    return ALC_OK;
}

/* The options of a node that reads what a norm has saved are the plan's own copy. */
static void bind_read_norm(const alc_plan *plan, const alc_plan_node *node)
{
    const alc_plan_node *norm = node->read_norm;
    if (!norm)
        return;
    const alc_norm_memory saved =
        alc_batch_norm_memory(alc_plan_buffer(plan, norm->saved), alc_shape_channels(plan->tensors[norm->inputs[0]].shape));
    if (node->op == &alc_op_batch_norm) {
        alc_batch_norm_node *options = (alc_batch_norm_node *)node->options;
        options->known_mean = saved.mean;
        options->known_variance = saved.variance;
    } else {
        alc_fusion *fusion = (alc_fusion *)node->options;
        fusion->read_scale = saved.scale;
        fusion->read_shift = saved.shift;
    }
}

/* The same for a norm that forms its output's gradient from parts. */
static alc_status bind_parts(alc_plan *plan, alc_plan_node *node)
{
    if (!node->average && !node->gated)
        return ALC_OK;
    alc_batch_norm_node *options = alc_own_options(plan, node);
    if (!options)
        return ALC_OUT_OF_MEMORY;
    if (node->average)
        options->average_gradient = gradient_of(plan, node->average->outputs[0], true, false).view;
    if (node->gated)
        options->gate = view_of(plan, node->gated->inputs[1], value_buffer(plan, node->gated->inputs[1], true));
    return ALC_OK;
}

static alc_status bind_step(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    step->run = (alc_run){
        .context = plan->context, .node = node->name, .node_key = node->key, .options = node->options,
        .mode = plan->options.mode, .batch = plan->segments[node->segment].rows, .frozen = node->frozen,
        .recompute = step->kind == ALC_STEP_RECOMPUTE,
        .input_count = node->input_count, .output_count = node->output_count,
        .parameter_count = node->parameter_count, .saved = alc_plan_buffer(plan, node->saved),
        .scratch = alc_plan_buffer(plan, step->scratch),
        .derived = node->derived};
    alc_status status = bind_views(plan, step);
    return status == ALC_OK ? bind_parameters(plan, step) : status;
}

alc_status alc_bind_memory(alc_plan *plan)
{
    alc_status status = allocate_arena(plan);
    if (status == ALC_OK)
        status = allocate_derived(plan);
    if (status == ALC_OK)
        status = allocate_gradients(plan);
    if (status == ALC_OK)
        status = allocate_states(plan);
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++) {
        bind_read_norm(plan, &plan->nodes[n]);
        status = bind_parts(plan, &plan->nodes[n]);
    }
    for (int64_t i = 0; i < plan->step_count && status == ALC_OK; i++)
        status = bind_step(plan, &plan->steps[i]);
    return status;
}
