/* parameter.c - values that are trained, and state beside them: creation with initial values, access, freezing. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lib/graph/graph.h"

/* Values of one task. */
#define PART 2048

/* Values are drawn by their place in PyTorch's order, so neither the layout in memory nor threads change them. */
static void initialize_part(void *argument, int64_t task, int worker)
{
    (void)worker;
    const alc_parameter *parameter = argument;
    const alc_parameter_spec *spec = &parameter->spec;
    const alc_random_key key = {alc_context_seed(parameter->model->context), alc_hash_text(parameter->name)};
    const int64_t first = task * PART, left = parameter->count - first, count = left < PART ? left : PART;
    double draws[PART];
    alc_real values[PART];
    if (spec->initializer == ALC_INITIALIZE_UNIFORM)
        alc_random_uniforms(key, (uint64_t)first, count, draws);
    for (int64_t i = 0; i < count; i++)
        values[i] = spec->initializer == ALC_INITIALIZE_ONES      ? 1
                    : spec->initializer == ALC_INITIALIZE_UNIFORM ? (alc_real)((2 * draws[i] - 1) * spec->bound)
                                                                  : 0;
    alc_layout_store_part(spec, first, count, values, parameter->value);
}

alc_parameter *alc_parameter_create(alc_model *model, const char *node_name, const alc_parameter_spec *spec)
{
    alc_context *context = model->context;
    int64_t count = alc_shape_elements(spec->shape);
    alc_parameter *parameter = alc_arena_allocate(&model->arena, sizeof *parameter, "a parameter");
    if (!parameter)
        return NULL;
    parameter->name = alc_arena_format(&model->arena, "%s.%s", node_name, spec->name);
    if (!parameter->name)
        return NULL;
    if (count < 0 || (spec->layout.view.rank > 0 && alc_shape_elements(spec->layout.view) != count)) {
        alc_fail(context, ALC_INVALID_ARGUMENT, "%s: its shape has an extent below 1, is too large, or does not "
                 "have as many values as its layout", parameter->name);
        return NULL;
    }
    if (alc_model_find_parameter(model, parameter->name)) {
        alc_fail(context, ALC_INVALID_ARGUMENT, "%s: the model has a parameter of that name already",
                 parameter->name);
        return NULL;
    }
    parameter->model = model;
    parameter->spec = *spec;
    parameter->count = count;
    parameter->trainable = !spec->state && !spec->fixed;
    parameter->version = 1;
    parameter->value = alc_allocate_array_untouched(context, (size_t)count, sizeof(alc_real), parameter->name);
    return parameter->value ? parameter : NULL;
}

void alc_parameter_initialize(alc_parameter *parameter)
{
    if (parameter->initialized)
        return;
    alc_parallel_run(parameter->model->context, (parameter->count + PART - 1) / PART, initialize_part, parameter);
    parameter->initialized = true;
}

void alc_parameter_destroy(alc_parameter *parameter)
{
    alc_free(parameter->model->context, parameter->value);
}

void alc_parameter_written(alc_parameter *parameter)
{
    parameter->version++;
    parameter->initialized = true;
}

const char *alc_parameter_name(const alc_parameter *parameter)
{
    return parameter->name;
}

alc_shape alc_parameter_shape(const alc_parameter *parameter)
{
    return parameter->spec.shape;
}

bool alc_parameter_is_state(const alc_parameter *parameter)
{
    return parameter->spec.state;
}

bool alc_parameter_trainable(const alc_parameter *parameter)
{
    return parameter->trainable;
}

void alc_parameter_set_trainable(alc_parameter *parameter, bool trainable)
{
    parameter->trainable = trainable && !parameter->spec.state && !parameter->spec.fixed;
}

void alc_parameter_read(const alc_parameter *parameter, alc_real *values)
{
    if (!parameter->value) {
        for (int64_t i = 0; i < parameter->count; i++)
            values[i] = (alc_real)NAN;
        return;
    }
    alc_parameter_initialize((alc_parameter *)parameter);
    alc_layout_load(&parameter->spec, parameter->value, values);
}

void alc_parameter_write(alc_parameter *parameter, const alc_real *values)
{
    if (parameter->model->status != ALC_OK)
        return; /* its other parameters may be gone, and could not be packed again with this one */
    alc_layout_store(&parameter->spec, values, parameter->value);
    alc_parameter_written(parameter);
}

int64_t alc_model_parameter_count(const alc_model *model)
{
    return model->parameter_count;
}

alc_parameter *alc_model_parameter(const alc_model *model, int64_t index)
{
    return index >= 0 && index < model->parameter_count ? model->parameters[index] : NULL;
}

alc_parameter *alc_model_find_parameter(const alc_model *model, const char *name)
{
    for (int64_t i = 0; i < model->parameter_count; i++) {
        if (strcmp(model->parameters[i]->name, name) == 0)
            return model->parameters[i];
    }
    return NULL;
}

bool alc_name_has_prefix(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0)
        return false;
    return length == 0 || name[length] == '\0' || name[length] == '.' || name[length] == '_' ||
           prefix[length - 1] == '.';
}

int64_t alc_model_trainable_values(const alc_model *model)
{
    int64_t values = 0;
    for (int64_t i = 0; i < model->parameter_count; i++)
        values += model->parameters[i]->trainable ? model->parameters[i]->count : 0;
    return values;
}

int64_t alc_model_total_values(const alc_model *model)
{
    int64_t values = 0;
    for (int64_t i = 0; i < model->parameter_count; i++)
        values += model->parameters[i]->spec.state ? 0 : model->parameters[i]->count;
    return values;
}
