/* observe.c - tells an observer what each step of a run was: what it computed and which values it had to touch. How long it
 * took the observer sees by a clock of its own. */
#include "lib/compile/plan.h"

int64_t alc_plan_step_count(const alc_plan *plan)
{
    return plan->step_count;
}

void alc_plan_observe(alc_plan *plan, void (*observe)(void *argument, const alc_step_info *step), void *argument)
{
    plan->observe = observe;
    plan->observer = argument;
}

static double tensor_bytes(const alc_plan *plan, int64_t tensor, int64_t rows)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    return (double)(t->scalar ? 1 : rows) * (double)alc_shape_elements(t->shape) * (double)alc_dtype_size(t->dtype);
}

static double value_bytes(const alc_plan *plan, int64_t tensor, int64_t rows)
{
    return plan->tensors[tensor].unstored ? 0 : tensor_bytes(plan, tensor, rows) / (double)alc_plan_values_per_real(plan, tensor);
}

static double forward_bytes(const alc_plan *plan, const alc_plan_node *node, int64_t rows)
{
    double bytes = 0;
    for (int i = 0; i < node->input_count; i++)
        bytes += value_bytes(plan, node->inputs[i], rows);
    for (int i = 0; i < node->output_count; i++)
        bytes += value_bytes(plan, node->outputs[i], rows);
    for (int i = 0; i < node->parameter_count; i++)
        bytes += (double)node->parameters[i]->count * sizeof(alc_real);
    return bytes;
}

/* Gradients that come in and go out, the values kept for them, and the parameters with their gradients. */
static double backward_bytes(const alc_plan *plan, const alc_plan_node *node, int64_t rows)
{
    double bytes = 0;
    for (int i = 0; i < node->input_count; i++)
        bytes += node->keep_inputs[i] * value_bytes(plan, node->inputs[i], rows) +
                 node->input_gradient_wanted[i] * tensor_bytes(plan, node->inputs[i], rows);
    for (int i = 0; i < node->output_count; i++)
        bytes += node->keep_outputs[i] * value_bytes(plan, node->outputs[i], rows) + tensor_bytes(plan, node->outputs[i], rows);
    for (int i = 0; i < node->parameter_count; i++)
        bytes += (node->parameter_gradient_wanted[i] + 1) * (double)node->parameters[i]->count * sizeof(alc_real);
    return bytes;
}

void alc_observe_step(const alc_plan *plan, const alc_step *step, int64_t rows)
{
    if (!plan->observe)
        return;
    const alc_plan_node *node = &plan->nodes[step->node];
    const bool backward = step->kind == ALC_STEP_BACKWARD;
    const double flops = backward ? alc_backward_flops(node) : node->flops_per_sample;
    const alc_step_info info = {
        .node = node->name, .kernel = node->kernel[0] ? node->kernel : node->op->name, .kind = step->kind,
        .index = step - plan->steps, .rows = rows, .output = plan->tensors[node->outputs[0]].shape,
        .flops = flops * (double)rows,
        .bytes = backward ? backward_bytes(plan, node, rows) : forward_bytes(plan, node, rows)};
    plan->observe(plan->observer, &info);
}
