/* access.c - what callers read and write between runs: inputs, outputs, gradients, rows, random draws. */
#include <inttypes.h>

#include "lib/compile/plan.h"

const alc_plan_tensor *alc_plan_root(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    while (&plan->tensors[t->root] != t)
        t = &plan->tensors[t->root];
    return t;
}

void *alc_plan_buffer(const alc_plan *plan, int64_t buffer)
{
    return buffer < 0 ? NULL : plan->arena + plan->buffers[buffer].offset;
}

int64_t alc_plan_channel(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    int64_t channel = 0;
    for (const alc_plan_tensor *t = &plan->tensors[tensor]; t != root; t = &plan->tensors[t->root])
        channel += t->channel;
    return channel;
}

int64_t alc_plan_values_per_real(const alc_plan *plan, int64_t tensor)
{
    return alc_plan_root(plan, tensor)->pairs ? 2 : 1;
}

int64_t alc_plan_stride(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    return alc_shape_channels(root->shape) / alc_plan_values_per_real(plan, tensor) + root->padding;
}

int64_t alc_plan_gradient_stride(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    return alc_shape_channels(root->shape) + root->padding;
}

alc_real *alc_plan_gradient_of(const alc_plan *plan, const alc_parameter *parameter)
{
    for (int64_t i = 0; i < plan->slot_count; i++) {
        if (plan->slots[i].parameter == parameter)
            return plan->slots[i].values;
    }
    return NULL;
}

alc_model *alc_plan_model(const alc_plan *plan)
{
    return plan->model;
}

int64_t alc_plan_batch(const alc_plan *plan)
{
    return plan->options.batch;
}

/* The plan's side of a model's tensor, NULL if the plan does not use it. */
static const alc_plan_tensor *plan_tensor(const alc_plan *plan, const alc_tensor *tensor)
{
    if (!tensor || tensor->model != plan->model || tensor->id < 0 || tensor->id >= plan->tensor_count)
        return NULL;
    return plan->tensors[tensor->id].source ? &plan->tensors[tensor->id] : NULL;
}

void *alc_plan_input(alc_plan *plan, const alc_tensor *input)
{
    const alc_plan_tensor *t = plan_tensor(plan, input);
    return t && t->producer < 0 ? alc_plan_buffer(plan, t->value) : NULL;
}

const void *alc_plan_values(const alc_plan *plan, const alc_tensor *tensor)
{
    const alc_plan_tensor *t = plan_tensor(plan, tensor);
    return t && (t->producer < 0 || t->kept) ? alc_plan_buffer(plan, t->value) : NULL;
}

alc_real *alc_plan_output_gradient(alc_plan *plan)
{
    const alc_plan_tensor *t = &plan->tensors[plan->options.output->id];
    return t->scalar ? NULL : alc_plan_buffer(plan, t->gradient);
}

const alc_real *alc_plan_input_gradient(const alc_plan *plan, const alc_tensor *input)
{
    const alc_plan_tensor *t = plan_tensor(plan, input);
    return t && t->producer < 0 && plan->options.input_gradients ? alc_plan_buffer(plan, t->gradient) : NULL;
}

alc_status alc_plan_read_gradient(const alc_plan *plan, const alc_parameter *parameter, alc_real *values)
{
    const alc_real *gradient = alc_plan_gradient_of(plan, parameter);
    if (plan->options.update_in_backward)
        return alc_fail(plan->context, ALC_NOT_FOUND, "%s: its gradient is not held, for this plan's parameters are updated "
                        "in backward", parameter->name);
    if (!gradient)
        return alc_fail(plan->context, ALC_NOT_FOUND, "%s: this plan computes no gradient of it", parameter->name);
    alc_layout_load(&parameter->spec, gradient, values);
    return ALC_OK;
}

alc_status alc_plan_set_rows(alc_plan *plan, int64_t rows)
{
    if (rows < 1 || rows > plan->options.batch)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "%" PRId64 " rows; the plan takes 1 to %" PRId64, rows,
                        plan->options.batch);
    plan->rows = rows;
    plan->forward_done = false;
    return ALC_OK;
}

void alc_plan_set_draw(alc_plan *plan, uint64_t epoch, uint64_t position)
{
    plan->draw.epoch = epoch;
    plan->draw.position = position;
}

void alc_zero_gradients(alc_plan *plan)
{
    plan->accumulate = false;
}
