/* choose_kernels.c - asks every op what it needs to run in this plan: which values to keep until backward, how much scratch
 * and derived memory, which kernel. */
#include "lib/compile/compile.h"

struct alc_prepare_private {
    alc_plan_node *node;
};

void alc_prepare_keep_input(alc_prepare *p, int index)
{
    p->internal->node->keep_inputs[index] = true;
}

void alc_prepare_keep_output(alc_prepare *p, int index)
{
    p->internal->node->keep_outputs[index] = true;
}

void alc_prepare_saved(alc_prepare *p, size_t bytes)
{
    p->internal->node->saved_bytes = bytes;
}

void alc_prepare_forward_scratch(alc_prepare *p, size_t bytes)
{
    p->internal->node->forward_scratch_bytes = bytes;
}

void alc_prepare_backward_scratch(alc_prepare *p, size_t bytes)
{
    p->internal->node->backward_scratch_bytes = bytes;
}

void alc_prepare_derived(alc_prepare *p, size_t bytes)
{
    p->internal->node->derived_bytes = bytes;
}

void alc_prepare_replaced(alc_prepare *p, int parameter)
{
    p->internal->node->replaced[parameter] = true;
}

void alc_prepare_describe(alc_prepare *p, const char *kernel, double flops_per_sample)
{
    p->internal->node->kernel = kernel;
    p->internal->node->flops_per_sample = flops_per_sample;
}

static alc_status prepare_node(alc_plan *plan, alc_plan_node *node)
{
    alc_shape inputs[ALC_MAX_INPUTS + 1], outputs[ALC_MAX_OUTPUTS + 1];
    int64_t input_strides[ALC_MAX_INPUTS + 1], output_strides[ALC_MAX_OUTPUTS + 1];
    struct alc_prepare_private internal = {node};
    alc_prepare prepare = {
        .context = plan->context, .node = node->name, .options = node->options, .mode = plan->options.mode,
        .batch = plan->segments[node->segment].rows, .threads = alc_context_threads(plan->context),
        .differentiated = node->differentiated, .frozen = node->frozen, .input_count = node->input_count,
        .output_count = node->output_count, .parameter_count = node->parameter_count, .input_shapes = inputs,
        .output_shapes = outputs, .input_gradient_wanted = node->input_gradient_wanted,
        .parameter_gradient_wanted = node->parameter_gradient_wanted, .input_strides = input_strides,
        .output_strides = output_strides, .internal = &internal};
    for (int i = 0; i < node->input_count; i++) {
        inputs[i] = plan->tensors[node->inputs[i]].shape;
        input_strides[i] = alc_plan_stride(plan, node->inputs[i]);
    }
    for (int i = 0; i < node->output_count; i++) {
        outputs[i] = plan->tensors[node->outputs[i]].shape;
        output_strides[i] = alc_plan_stride(plan, node->outputs[i]);
    }
    return node->op->prepare(&prepare);
}

/* More bytes than any machine can address, and so few that sizes which ops form of them stay within 64 bits. */
#define MOST_TENSOR_BYTES ((size_t)1 << 48)

static alc_status check_sizes(const alc_plan *plan)
{
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        const alc_plan_tensor *tensor = &plan->tensors[t];
        size_t bytes = 0;
        if (!tensor->source)
            continue;
        if (!alc_multiply_sizes((size_t)alc_shape_elements(tensor->shape), alc_dtype_size(tensor->dtype), &bytes) ||
            !alc_multiply_sizes(bytes, (size_t)plan->options.batch, &bytes) || bytes > MOST_TENSOR_BYTES)
            return alc_fail(plan->context, ALC_OUT_OF_MEMORY, "%s: a batch of %lld samples has more bytes than can be "
                            "addressed", tensor->name, (long long)plan->options.batch);
    }
    return ALC_OK;
}

alc_status alc_choose_kernels(alc_plan *plan)
{
    alc_status sizes = check_sizes(plan);
    if (sizes != ALC_OK)
        return sizes;
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        alc_status status = !node->dead && node->op->prepare ? prepare_node(plan, node) : ALC_OK;
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}
