/* node.c - adding a node: checks, shape inference, parameters. One that cannot be added fails the model. */
#include <stdio.h>
#include <string.h>

#include "lib/graph/graph.h"
#include "lib/graph/node.h"

/* What an op's infer declares, collected before anything of the model changes. */
struct alc_infer_private {
    int output_count, parameter_count;
    alc_shape output_shapes[ALC_MAX_OUTPUTS];
    alc_dtype output_dtypes[ALC_MAX_OUTPUTS];
    bool output_scalar[ALC_MAX_OUTPUTS];
    alc_parameter_spec parameters[ALC_MAX_NODE_PARAMETERS];
};

static alc_status declare_output(alc_infer *infer, alc_shape shape, alc_dtype dtype, bool scalar)
{
    struct alc_infer_private *declared = infer->internal;
    char text[128];
    if (declared->output_count == ALC_MAX_OUTPUTS)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "more than %d outputs", ALC_MAX_OUTPUTS);
    if (!alc_shape_is_tensor(shape))
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "output shape %s must have 1 to 3 extents, all at "
                              "least 1, and at most 2^48 values", alc_shape_text(shape, text, sizeof text));
    declared->output_shapes[declared->output_count] = shape;
    declared->output_dtypes[declared->output_count] = dtype;
    declared->output_scalar[declared->output_count++] = scalar;
    return ALC_OK;
}

alc_status alc_infer_output(alc_infer *infer, alc_shape shape, alc_dtype dtype)
{
    return declare_output(infer, shape, dtype, false);
}

alc_status alc_infer_scalar_output(alc_infer *infer)
{
    return declare_output(infer, ALC_SHAPE(1), ALC_REAL, true);
}

alc_status alc_infer_parameter(alc_infer *infer, alc_parameter_spec spec)
{
    struct alc_infer_private *declared = infer->internal;
    if (declared->parameter_count == ALC_MAX_NODE_PARAMETERS)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "more than %d parameters", ALC_MAX_NODE_PARAMETERS);
    declared->parameters[declared->parameter_count++] = spec;
    return ALC_OK;
}

alc_status alc_infer_fail(alc_infer *infer, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    alc_fail_in(infer->context, status, infer->node, format, arguments);
    va_end(arguments);
    return status;
}

/* Makes room for one more pointer in one of the model's arrays. */
static bool grow(alc_model *model, void **array, int64_t count, int64_t *capacity)
{
    if (count < *capacity)
        return true;
    int64_t larger = *capacity ? 2 * *capacity : 64;
    void *memory = alc_reallocate_array(model->context, *array, (size_t)*capacity, (size_t)larger, sizeof(void *),
                                        "a model's graph");
    if (!memory)
        return false;
    *array = memory;
    *capacity = larger;
    return true;
}

alc_tensor *alc_model_add_tensor(alc_model *model, alc_node *node, int index, const char *name)
{
    alc_tensor *tensor = name ? alc_arena_allocate(&model->arena, sizeof *tensor, "a tensor") : NULL;
    void *tensors = model->tensors;
    if (!tensor || !grow(model, &tensors, model->tensor_count, &model->tensor_capacity)) {
        alc_model_fail(model, ALC_OUT_OF_MEMORY);
        return NULL;
    }
    model->tensors = tensors;
    *tensor = (alc_tensor){.model = model, .node = node, .index = index, .name = name, .id = model->tensor_count};
    model->tensors[model->tensor_count++] = tensor;
    return tensor;
}

/* The full name: the scopes, then the given name, or the op's with the first number that is free. */
static const char *node_name(alc_model *model, const alc_op_def *op, const char *name)
{
    const char *scope = alc_text_string(&model->scope);
    if (name)
        return alc_arena_format(&model->arena, "%s%s", scope, name);
    char candidate[512];
    for (int64_t number = 1;; number++) {
        int length = snprintf(candidate, sizeof candidate, "%s%s_%lld", scope, op->name, (long long)number);
        if ((size_t)length >= sizeof candidate) {
            alc_poison(model, ALC_INVALID_ARGUMENT, "%s: the names of the scopes around it have more than %zu characters",
                       op->name, sizeof candidate - 1);
            return NULL;
        }
        if (!alc_model_find_tensor(model, candidate))
            return alc_arena_format(&model->arena, "%s", candidate);
    }
}

static bool inputs_are_usable(alc_model *model, const alc_op_def *op, int count, alc_tensor *const *inputs)
{
    if (model->status != ALC_OK)
        return false;
    for (int i = 0; i < count; i++) {
        if (!inputs[i]) {
            alc_poison(model, ALC_INVALID_ARGUMENT, "%s: input %d is NULL", op->name, i);
            return false;
        }
        if (inputs[i]->poison)
            return false;
        if (inputs[i]->model != model) {
            alc_poison(model, ALC_INVALID_ARGUMENT, "%s: input %d is of another model", op->name, i);
            return false;
        }
    }
    return true;
}

/* Creates what infer declared. What exists when one thing fails stays with the model, which has failed then and is only
 * destroyed. */
static alc_status add_declared(alc_model *model, alc_node *node, const struct alc_infer_private *declared)
{
    for (int i = 0; i < declared->parameter_count; i++) {
        void *parameters = model->parameters;
        if (!grow(model, &parameters, model->parameter_count, &model->parameter_capacity))
            return ALC_OUT_OF_MEMORY;
        model->parameters = parameters;
        alc_parameter *parameter = alc_parameter_create(model, node->name, &declared->parameters[i]);
        if (!parameter)
            return alc_error_status(model->context);
        node->parameters[node->parameter_count++] = parameter;
        model->parameters[model->parameter_count++] = parameter;
    }
    for (int i = 0; i < declared->output_count; i++) {
        alc_tensor *tensor = alc_model_add_tensor(model, node, i, node->name);
        if (!tensor)
            return ALC_OUT_OF_MEMORY;
        tensor->shape = declared->output_shapes[i];
        tensor->dtype = declared->output_dtypes[i];
        tensor->scalar = declared->output_scalar[i];
        node->outputs[node->output_count++] = tensor;
    }
    void *nodes = model->nodes;
    if (!grow(model, &nodes, model->node_count, &model->node_capacity))
        return ALC_OUT_OF_MEMORY;
    model->nodes = nodes;
    node->id = model->node_count;
    model->nodes[model->node_count++] = node;
    return ALC_OK;
}

static alc_node *allocate_node(alc_model *model, const alc_op_def *op, const char *name, const void *options,
                               int input_count, alc_tensor *const *inputs)
{
    alc_arena *arena = &model->arena;
    alc_node *node = alc_arena_allocate(arena, sizeof *node, "a node");
    if (!node)
        return NULL;
    *node = (alc_node){.op = op, .name = node_name(model, op, name), .input_count = input_count};
    node->options = alc_arena_allocate(arena, op->options_size, "a layer's options");
    node->inputs = alc_arena_allocate(arena, (size_t)input_count * sizeof *inputs, "a node");
    node->outputs = alc_arena_allocate(arena, ALC_MAX_OUTPUTS * sizeof *node->outputs, "a node");
    node->parameters = alc_arena_allocate(arena, ALC_MAX_NODE_PARAMETERS * sizeof *node->parameters, "a node");
    if (!node->name || !node->options || !node->inputs || !node->outputs || !node->parameters)
        return NULL;
    node->key = alc_hash_text(node->name);
    if (op->options_size)
        memcpy(node->options, options, op->options_size);
    memcpy(node->inputs, inputs, (size_t)input_count * sizeof *inputs);
    return node;
}

static alc_status add_node(alc_model *model, alc_node *node)
{
    alc_shape shapes[ALC_MAX_INPUTS];
    alc_dtype dtypes[ALC_MAX_INPUTS];
    struct alc_infer_private declared = {0};
    alc_infer infer = {.context = model->context, .node = node->name, .options = node->options,
                       .input_count = node->input_count, .input_shapes = shapes, .input_dtypes = dtypes,
                       .internal = &declared};
    for (int i = 0; i < node->input_count; i++) {
        shapes[i] = node->inputs[i]->shape;
        dtypes[i] = node->inputs[i]->dtype;
    }
    if (alc_model_find_tensor(model, node->name))
        return alc_infer_fail(&infer, ALC_INVALID_ARGUMENT, "the name is taken");
    alc_status status = node->op->infer(&infer);
    if (status == ALC_OK && declared.output_count == 0)
        status = alc_infer_fail(&infer, ALC_INVALID_ARGUMENT, "the op '%s' declares no output", node->op->name);
    return status == ALC_OK ? add_declared(model, node, &declared) : status;
}

void alc_apply_n(const alc_op_def *op, const char *name, const void *options, int input_count,
                 alc_tensor *const *inputs, int output_count, alc_tensor **outputs)
{
    alc_model *model = NULL;
    for (int i = 0; i < input_count && !model; i++)
        model = inputs[i] ? inputs[i]->model : NULL;
    for (int i = 0; i < output_count; i++)
        outputs[i] = model ? &model->poison : NULL;
    if (!model)
        return;
    if (input_count > ALC_MAX_INPUTS) {
        alc_poison(model, ALC_INVALID_ARGUMENT, "%s: %d inputs, at most %d are possible", op->name, input_count,
                   ALC_MAX_INPUTS);
        return;
    }
    if (!inputs_are_usable(model, op, input_count, inputs))
        return;
    alc_node *node = allocate_node(model, op, name, options, input_count, inputs);
    alc_status status = node ? add_node(model, node) : ALC_OUT_OF_MEMORY;
    if (status != ALC_OK) {
        alc_model_fail(model, status);
        return;
    }
    for (int i = 0; i < output_count && i < node->output_count; i++)
        outputs[i] = node->outputs[i];
}

alc_tensor *alc_apply(const alc_op_def *op, const char *name, const void *options, int input_count,
                      alc_tensor *const *inputs)
{
    alc_tensor *output = NULL;
    alc_apply_n(op, name, options, input_count, inputs, 1, &output);
    return output;
}
