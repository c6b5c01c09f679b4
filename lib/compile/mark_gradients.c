/* mark_gradients.c - which gradients are wanted, and which part of the model is frozen.
 *
 * A parameter's is wanted if it is trainable and the output depends on it; a tensor's if a trained parameter (or an input
 * whose gradient was asked for) has a part in it and the output depends on it. Nothing else is ever computed in backward. */
#include "lib/compile/compile.h"

/* From the output backwards. */
static void mark_leading_to_output(alc_plan *plan)
{
    int64_t output_node = plan->tensors[plan->options.output->id].producer;
    if (output_node < 0)
        return;
    plan->nodes[output_node].leads_to_output = true;
    for (int64_t n = output_node; n >= 0; n--) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && node->leads_to_output; i++) {
            int64_t producer = plan->tensors[node->inputs[i]].producer;
            if (producer >= 0)
                plan->nodes[producer].leads_to_output = true;
        }
    }
}

static void mark_node(alc_plan *plan, alc_plan_node *node)
{
    bool upstream = node->parameter_count > 0, trained = false, wanted = false;
    for (int i = 0; i < node->parameter_count; i++) {
        trained = trained || node->parameters[i]->trainable;
        node->parameter_gradient_wanted[i] = node->parameters[i]->trainable && node->leads_to_output;
        wanted = wanted || node->parameter_gradient_wanted[i];
    }
    bool trained_before = false;
    for (int i = 0; i < node->input_count; i++) {
        const alc_plan_tensor *input = &plan->tensors[node->inputs[i]];
        upstream = upstream || input->upstream_parameters;
        node->input_gradient_wanted[i] = input->gradient_wanted && node->leads_to_output;
        wanted = wanted || node->input_gradient_wanted[i];
        trained_before = trained_before || input->gradient_wanted;
    }
    node->frozen = node->parameter_count > 0 ? !trained : upstream && !trained_before;
    node->differentiated = wanted;
    for (int i = 0; i < node->output_count; i++) {
        plan->tensors[node->outputs[i]].upstream_parameters = upstream;
        plan->tensors[node->outputs[i]].gradient_wanted = wanted && plan->tensors[node->outputs[i]].dtype == ALC_REAL;
    }
}

alc_status alc_mark_gradients(alc_plan *plan)
{
    if (plan->options.mode == ALC_EVALUATE) {
        for (int64_t n = 0; n < plan->node_count; n++)
            plan->nodes[n].frozen = true;
        return ALC_OK;
    }
    mark_leading_to_output(plan);
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        alc_plan_tensor *tensor = &plan->tensors[t];
        if (tensor->source && tensor->producer < 0)
            tensor->gradient_wanted = plan->options.input_gradients && tensor->dtype == ALC_REAL;
    }
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        mark_node(plan, node);
        if (node->differentiated && !node->op->backward)
            return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "%s: the op '%s' has no backward, but gradients are "
                            "wanted before it", node->name, node->op->name);
    }
    return ALC_OK;
}
