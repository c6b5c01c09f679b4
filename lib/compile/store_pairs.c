/* store_pairs.c - with ALC_PRECISION_BF16, which tensors are pairs of bf16 in memory, half as many bytes.
 *
 * mark_rounding.c has decided what is rounded, wherever that is stored, so that nothing but memory and time depends on the choice made
 * here. Pairs are put out by convolutions and by batch norms with an addition, and read by both; depthwise convolutions, pools and all
 * else read reals. */
#include "lib/compile/compile.h"

static bool is_residual(const alc_plan_node *node, int input)
{
    return ((const alc_fusion *)node->options)->residual && input == node->input_count - 1;
}

static bool is_values(const alc_plan_node *node, int input)
{
    return input == (((const alc_fusion *)node->options)->reads_last ? node->input_count - 1 : 0);
}

/* Whether a node can read that input as pairs. What nobody rounds before must be rounded where it is read. */
static bool reads_pairs(const alc_plan_node *node, int input, bool rounded)
{
    const alc_conv2d_node *product = alc_conv2d_product(node->op, node->options);
    if (!product && node->op != &alc_op_batch_norm)
        return false;
    if (is_residual(node, input))
        return rounded && ((const alc_fusion *)node->options)->rounds;
    if (!rounded && !((const alc_fusion *)node->options)->rounds_values)
        return false;
    return product ? is_values(node, input) && !product->depthwise && !product->fusion.gate : input == 0;
}

static bool keeps_rounded(alck_activation activation)
{
    return activation == ALCK_IDENTITY || activation == ALCK_RELU || activation == ALCK_RELU6;
}

/* Whether a node can put out pairs: where no op follows that makes other values of what is rounded. A convolution that is trained with
 * an activation looks at them again, as reals. */
static bool stores_pairs(const alc_plan_node *node)
{
    const alc_conv2d_node *product = alc_conv2d_product(node->op, node->options);
    if (node->op == &alc_op_batch_norm) {
        const alc_fusion *fusion = node->options;
        return fusion->residual && fusion->rounds && keeps_rounded(fusion->activation);
    }
    if (!product || product->pool || product->fusion.span)
        return false;
    const alck_activation activation = product->fusion.activation;
    return node->differentiated ? activation == ALCK_IDENTITY : keeps_rounded(activation);
}

static bool can_be_pairs(const alc_plan *plan, int64_t tensor)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    if (!t->source || t->root != tensor || t->kept || t->producer < 0 || alc_shape_channels(t->shape) % 2 != 0 ||
        !stores_pairs(&plan->nodes[t->producer]))
        return false;
    const alc_fusion *producer = plan->nodes[t->producer].options;
    if (!producer->rounds && (producer->activation != ALCK_IDENTITY || producer->residual))
        return false;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead; i++) {
            if (node->inputs[i] == tensor && !reads_pairs(node, i, producer->rounds))
                return false;
        }
    }
    return true;
}

/* Tells the nodes at both ends. */
static alc_status tell_node(alc_plan *plan, alc_plan_node *node)
{
    bool values = false, residual = false, output = plan->tensors[node->outputs[0]].pairs;
    for (int i = 0; i < node->input_count; i++) {
        if (!plan->tensors[node->inputs[i]].pairs)
            continue;
        values = values || !is_residual(node, i);
        residual = residual || is_residual(node, i);
    }
    if (!values && !residual && !output)
        return ALC_OK;
    alc_fusion *fusion = alc_own_options(plan, node);
    if (!fusion)
        return ALC_OUT_OF_MEMORY;
    fusion->values_pairs = values;
    fusion->residual_pairs = residual;
    fusion->output_pairs = output;
    return ALC_OK;
}

alc_status alc_store_pairs(alc_plan *plan)
{
    alc_status status = ALC_OK;
    if (alc_context_operands(plan->context) == ALCK_REALS)
        return ALC_OK;
    for (int64_t t = 0; t < plan->tensor_count; t++)
        plan->tensors[t].pairs = can_be_pairs(plan, t);
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++) {
        alc_plan_node *node = &plan->nodes[n];
        if (!node->dead && (alc_conv2d_product(node->op, node->options) || node->op == &alc_op_batch_norm))
            status = tell_node(plan, node);
    }
    return status;
}
