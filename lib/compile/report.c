/* report.c - what a plan will do and use, as numbers and as a table, before it runs. */
#include <stdio.h>

#include "lib/compile/compile.h"

double alc_backward_flops(const alc_plan_node *node)
{
    bool data = false, weights = false;
    for (int i = 0; i < node->input_count; i++)
        data = data || node->input_gradient_wanted[i];
    for (int i = 0; i < node->parameter_count; i++)
        weights = weights || node->parameter_gradient_wanted[i];
    return node->differentiated ? (data + weights) * node->flops_per_sample : 0;
}

static size_t replaced_bytes(const alc_plan_node *node)
{
    size_t bytes = 0;
    for (int i = 0; i < node->parameter_count; i++)
        bytes += node->replaced[i] ? (size_t)node->parameters[i]->count * sizeof(alc_real) : 0;
    return bytes;
}

alc_plan_cost alc_plan_costs(const alc_plan *plan)
{
    alc_plan_cost cost = {.activation_bytes = plan->arena_bytes, .gradient_bytes = plan->gradient_bytes,
                          .derived_bytes = plan->derived_bytes};
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        if (node->dead)
            continue;
        cost.forward_flops += node->flops_per_sample * (double)plan->options.batch;
        cost.backward_flops += alc_backward_flops(node) * (double)plan->options.batch;
        cost.replaced_bytes += plan->options.mode == ALC_EVALUATE ? replaced_bytes(node) : 0;
    }
    cost.total_bytes = plan->arena_bytes + plan->gradient_bytes + plan->derived_bytes + plan->state_bytes +
                       alc_arena_bytes(&plan->memory) + (size_t)plan->buffer_capacity * sizeof *plan->buffers + sizeof *plan;
    for (int64_t i = 0; i < plan->model->parameter_count; i++)
        cost.parameter_bytes += (size_t)plan->model->parameters[i]->count * sizeof(alc_real);
    return cost;
}

static int64_t all_values(const alc_plan_node *node)
{
    int64_t values = 0;
    for (int i = 0; i < node->parameter_count; i++)
        values += node->parameters[i]->spec.state ? 0 : node->parameters[i]->count;
    return values;
}

static int64_t trained_values(const alc_plan_node *node)
{
    int64_t values = 0;
    for (int i = 0; i < node->parameter_count; i++)
        values += node->parameter_gradient_wanted[i] ? node->parameters[i]->count : 0;
    return values;
}

static void report_node(const alc_plan *plan, const alc_plan_node *node, alc_text *text)
{
    char shape[128], kernel[128];
    const alc_plan_tensor *output = &plan->tensors[node->outputs[0]];
    snprintf(kernel, sizeof kernel, "%s%s", node->kernel[0] ? node->kernel : node->op->name,
             node->in_place_of ? " + fused" : "");
    alc_text_append(text, "%-36s %-16s %-28s %12.4g %12zu %10lld %10lld%s\n", node->name,
                    alc_shape_text(output->shape, shape, sizeof shape), kernel,
                    (node->flops_per_sample + alc_backward_flops(node)) * (double)plan->options.batch,
                    alc_plan_root(plan, node->outputs[0])->value >= 0
                        ? plan->buffers[alc_plan_root(plan, node->outputs[0])->value].bytes : 0,
                    (long long)all_values(node), (long long)trained_values(node),
                    node->frozen && plan->options.mode == ALC_TRAIN ? "  frozen" : "");
}

alc_status alc_plan_report(const alc_plan *plan, char **out)
{
    alc_text text;
    alc_plan_cost cost = alc_plan_costs(plan);
    *out = NULL;
    alc_text_init(&text, plan->context);
    alc_text_append(&text, "%s, batch %lld\n%-36s %-16s %-28s %12s %12s %10s %10s\n",
                    plan->options.mode == ALC_TRAIN ? "training" : "evaluation", (long long)plan->options.batch, "node",
                    "output", "kernel", "FLOPs", "bytes", "values", "trained");
    for (int64_t n = 0; n < plan->node_count; n++) {
        if (!plan->nodes[n].dead)
            report_node(plan, &plan->nodes[n], &text);
    }
    alc_text_append(&text, "forward %.4g and backward %.4g FLOPs\n", cost.forward_flops, cost.backward_flops);
    alc_text_append(&text, "memory: activations %zu, gradients %zu, packed weights %zu, in all %zu bytes; parameters %zu "
                    "bytes\n", cost.activation_bytes, cost.gradient_bytes, cost.derived_bytes, cost.total_bytes,
                    cost.parameter_bytes);
    if (text.failed) {
        alc_text_free(&text);
        return ALC_OUT_OF_MEMORY;
    }
    *out = text.data;
    return ALC_OK;
}

void alc_release_text(alc_context *context, char *text)
{
    alc_free(context, text);
}
