/* select_nodes.c - the part of the model that a plan needs, as plan nodes and plan tensors of its own that later passes
 * may rewrite. Plan tensors have the model's numbers; nodes keep the model's order, which is topological. */
#include <string.h>

#include "lib/compile/compile.h"

/* Marks what the wanted tensors depend on, from the last node to the first; a given tensor depends on nothing. */
static void mark_needed(const alc_model *model, const alc_tensor *given, bool *tensor_needed, bool *node_needed)
{
    for (int64_t n = model->node_count - 1; n >= 0; n--) {
        const alc_node *node = model->nodes[n];
        for (int i = 0; i < node->output_count && node->outputs[i] != given; i++)
            node_needed[n] = node_needed[n] || tensor_needed[node->outputs[i]->id];
        for (int i = 0; i < node->input_count && node_needed[n]; i++)
            tensor_needed[node->inputs[i]->id] = true;
    }
}

static void add_tensor(alc_plan *plan, const alc_tensor *tensor)
{
    plan->tensors[tensor->id] = (alc_plan_tensor){
        .source = tensor, .name = tensor->name, .shape = tensor->shape, .dtype = tensor->dtype, .scalar = tensor->scalar,
        .producer = -1, .root = tensor->id};
}

static alc_status add_node(alc_plan *plan, const alc_node *source)
{
    alc_plan_node *node = &plan->nodes[plan->node_count];
    /* Room for what fusion may add: two more inputs, an output, the parameters of two batch norms and of a convolution. */
    int inputs = source->input_count + 2, outputs = source->output_count + 1, parameters = source->parameter_count + 10;
    *node = (alc_plan_node){.op = source->op, .name = source->name, .key = source->key, .options = source->options,
                            .input_count = source->input_count, .output_count = source->output_count,
                            .parameter_count = source->parameter_count, .kernel = ""};
    node->inputs = alc_plan_allocate(plan, (size_t)inputs, sizeof *node->inputs);
    node->outputs = alc_plan_allocate(plan, (size_t)outputs, sizeof *node->outputs);
    node->parameters = alc_plan_allocate(plan, (size_t)parameters, sizeof *node->parameters);
    node->input_gradient_wanted = alc_plan_allocate(plan, (size_t)inputs, sizeof(bool));
    node->parameter_gradient_wanted = alc_plan_allocate(plan, (size_t)parameters, sizeof(bool));
    node->replaced = alc_plan_allocate(plan, (size_t)parameters, sizeof(bool));
    node->keep_inputs = alc_plan_allocate(plan, (size_t)inputs, sizeof(bool));
    node->keep_outputs = alc_plan_allocate(plan, (size_t)outputs, sizeof(bool));
    node->input_add = alc_plan_allocate(plan, (size_t)inputs, sizeof(bool));
    node->clear = alc_plan_allocate(plan, (size_t)inputs, sizeof *node->clear);
    if (!node->inputs || !node->outputs || !node->parameters || !node->input_gradient_wanted ||
        !node->parameter_gradient_wanted || !node->replaced || !node->keep_inputs || !node->keep_outputs ||
        !node->input_add || !node->clear)
        return ALC_OUT_OF_MEMORY;
    for (int i = 0; i < source->input_count; i++)
        node->inputs[i] = source->inputs[i]->id;
    for (int i = 0; i < source->output_count; i++) {
        node->outputs[i] = source->outputs[i]->id;
        add_tensor(plan, source->outputs[i]);
        plan->tensors[node->outputs[i]].producer = plan->node_count;
    }
    memcpy(node->parameters, source->parameters, (size_t)source->parameter_count * sizeof *node->parameters);
    plan->node_count++;
    return ALC_OK;
}

/* Whether some parameter has a part in a tensor: tensors before it are marked in `part_of`. */
static bool has_parameters(const alc_model *model, const alc_tensor *tensor, bool *part_of)
{
    bool found = false;
    part_of[tensor->id] = true;
    for (int64_t n = model->node_count - 1; n >= 0; n--) {
        const alc_node *node = model->nodes[n];
        bool part = false;
        for (int i = 0; i < node->output_count; i++)
            part = part || part_of[node->outputs[i]->id];
        for (int i = 0; i < node->input_count && part; i++)
            part_of[node->inputs[i]->id] = true;
        found = found || (part && node->parameter_count > 0);
    }
    return found;
}

alc_status alc_select_nodes(alc_plan *plan)
{
    const alc_model *model = plan->model;
    const alc_compile_options *options = &plan->options;
    bool *tensor_needed = alc_plan_allocate(plan, (size_t)model->tensor_count, sizeof(bool));
    bool *node_needed = alc_plan_allocate(plan, (size_t)model->node_count, sizeof(bool));
    bool *before_given = alc_plan_allocate(plan, (size_t)model->tensor_count, sizeof(bool));
    plan->nodes = alc_plan_allocate(plan, (size_t)model->node_count, sizeof *plan->nodes);
    plan->tensors = alc_plan_allocate(plan, (size_t)model->tensor_count, sizeof *plan->tensors);
    if (!tensor_needed || !node_needed || !before_given || !plan->nodes || !plan->tensors)
        return ALC_OUT_OF_MEMORY;
    plan->tensor_count = model->tensor_count;
    tensor_needed[options->output->id] = true;
    for (int i = 0; i < options->kept_count; i++)
        tensor_needed[options->kept[i]->id] = true;
    mark_needed(model, options->given, tensor_needed, node_needed);
    for (int64_t t = 0; t < model->tensor_count; t++) {
        const alc_tensor *tensor = model->tensors[t];
        if ((!tensor->node || tensor == options->given) && tensor_needed[t])
            add_tensor(plan, tensor);
    }
    if (options->given && tensor_needed[options->given->id])
        plan->tensors[options->given->id].upstream_parameters = has_parameters(model, options->given, before_given);
    for (int64_t n = 0; n < model->node_count; n++) {
        alc_status status = node_needed[n] ? add_node(plan, model->nodes[n]) : ALC_OK;
        if (status != ALC_OK)
            return status;
    }
    plan->tensors[options->output->id].kept = true;
    for (int i = 0; i < options->kept_count; i++)
        plan->tensors[options->kept[i]->id].kept = true;
    return ALC_OK;
}
