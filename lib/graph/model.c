/* model.c - a model: its life, its scopes and inputs, and how it fails (once, with the first sentence). */
#include <string.h>

#include "lib/graph/graph.h"
#include "lib/graph/node.h"

alc_status alc_model_create(alc_context *context, alc_model **out)
{
    *out = NULL;
    alc_model *model = alc_allocate(context, sizeof *model, "a model");
    if (!model)
        return ALC_OUT_OF_MEMORY;
    model->context = context;
    model->poison = (alc_tensor){.model = model, .name = "poison", .poison = true, .id = -1};
    alc_arena_init(&model->arena, context);
    alc_text_init(&model->scope, context);
    *out = model;
    return ALC_OK;
}

void alc_model_destroy(alc_model *model)
{
    if (!model)
        return;
    alc_context *context = model->context;
    for (int64_t i = 0; i < model->parameter_count; i++)
        alc_parameter_destroy(model->parameters[i]);
    alc_free(context, model->nodes);
    alc_free(context, model->tensors);
    alc_free(context, model->parameters);
    alc_text_free(&model->scope);
    alc_arena_free(&model->arena);
    alc_free(context, model);
}

alc_context *alc_model_context(const alc_model *model)
{
    return model->context;
}

alc_status alc_model_fail(alc_model *model, alc_status status)
{
    if (model->status == ALC_OK) {
        model->status = status;
        alc_copy_error_message(model->context, model->message, sizeof model->message);
    }
    return status;
}

alc_status alc_model_status(const alc_model *model)
{
    if (model->status == ALC_OK)
        return ALC_OK;
    return alc_fail(model->context, model->status, "%s", model->message);
}

alc_tensor *alc_poison(alc_model *model, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    alc_model_fail(model, alc_fail_v(model->context, status, format, arguments));
    va_end(arguments);
    return &model->poison;
}

const void *alc_model_copy(alc_model *model, const void *data, size_t bytes)
{
    void *copy = alc_arena_allocate(&model->arena, bytes, "a layer's options");
    if (copy)
        memcpy(copy, data, bytes);
    else
        alc_model_fail(model, ALC_OUT_OF_MEMORY);
    return copy;
}

void alc_scope_begin(alc_model *model, const char *format, ...)
{
    char name[256];
    va_list arguments;
    va_start(arguments, format);
    int length = alc_format_v(name, sizeof name, format, arguments);
    va_end(arguments);
    if (length <= 0 || (size_t)length >= sizeof name) {
        alc_poison(model, ALC_INVALID_ARGUMENT, "a scope's name must have 1 to %zu characters",
                   sizeof name - 1);
        return;
    }
    if (model->scope_depth == ALC_MAX_SCOPES) {
        alc_poison(model, ALC_INVALID_ARGUMENT, "scope '%s' is nested more than %d deep", name,
                   ALC_MAX_SCOPES);
        return;
    }
    model->scope_starts[model->scope_depth++] = model->scope.length;
    alc_text_append(&model->scope, "%s.", name);
    if (model->scope.failed)
        alc_model_fail(model, ALC_OUT_OF_MEMORY);
}

void alc_scope_end(alc_model *model)
{
    if (model->scope_depth == 0) {
        alc_poison(model, ALC_INVALID_ARGUMENT, "a scope is ended that was not begun");
        return;
    }
    model->scope.length = model->scope_starts[--model->scope_depth];
    if (model->scope.data)
        model->scope.data[model->scope.length] = '\0';
}

alc_tensor *alc_input(alc_model *model, const char *name, alc_dtype dtype, alc_shape shape)
{
    char text[128];
    if (model->status != ALC_OK)
        return &model->poison;
    if (!name || !*name)
        return alc_poison(model, ALC_INVALID_ARGUMENT, "an input needs a name");
    if (dtype != ALC_REAL && dtype != ALC_I32)
        return alc_poison(model, ALC_INVALID_ARGUMENT, "input '%s': %d is no element type", name, (int)dtype);
    if (!alc_shape_is_tensor(shape))
        return alc_poison(model, ALC_INVALID_ARGUMENT, "input '%s': shape %s must have 1 to 3 extents, all at "
                          "least 1, and at most 2^48 values", name, alc_shape_text(shape, text, sizeof text));
    if (alc_model_find_tensor(model, name))
        return alc_poison(model, ALC_INVALID_ARGUMENT, "input '%s': the name is taken", name);
    alc_tensor *tensor = alc_model_add_tensor(model, NULL, 0, alc_arena_format(&model->arena, "%s", name));
    if (!tensor)
        return &model->poison;
    tensor->shape = shape;
    tensor->dtype = dtype;
    return tensor;
}

alc_model *alc_tensor_model(const alc_tensor *tensor)
{
    return tensor->model;
}

alc_shape alc_tensor_shape(const alc_tensor *tensor)
{
    return tensor->shape;
}

alc_dtype alc_tensor_dtype(const alc_tensor *tensor)
{
    return tensor->dtype;
}

const char *alc_tensor_name(const alc_tensor *tensor)
{
    return tensor->name;
}

alc_tensor *alc_model_find_tensor(const alc_model *model, const char *name)
{
    for (int64_t i = 0; i < model->tensor_count; i++) {
        if (model->tensors[i]->index == 0 && strcmp(model->tensors[i]->name, name) == 0)
            return model->tensors[i];
    }
    return NULL;
}
