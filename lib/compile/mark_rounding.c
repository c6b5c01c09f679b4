/* mark_rounding.c - with ALC_PRECISION_BF16, what is rounded to bf16 beside the operands of products, so that it can be stored as that.
 *
 * A convolution or an addition rounds what it puts out where that goes on, through batch norms, relus and additions, to convolutions
 * alone. And a trained batch norm rounds what a convolution gives it. Depthwise convolutions are none: they multiply reals. All of
 * this follows from the model and from what is trained, not from what else a plan computes or keeps. */
#include "lib/compile/compile.h"

/* Whether a node multiplies its input by weights, or hands it on to nodes that do. */
static bool leads_to_products(const alc_node *node, int input, const bool *wanted)
{
    if (alc_conv2d_product(node->op, node->options))
        return input == 0;
    const bool hands_on = node->op == &alc_op_batch_norm || node->op == &alc_op_relu || node->op == &alc_op_relu6 ||
                          node->op == &alc_op_add;
    return hands_on && wanted[node->outputs[0]->id];
}

/* Per tensor: whether all of its readers do, if there are any. */
static void find_wanted(const alc_model *model, bool *wanted, bool *refused)
{
    for (int64_t n = model->node_count - 1; n >= 0; n--) {
        const alc_node *node = model->nodes[n];
        for (int i = 0; i < node->output_count; i++)
            wanted[node->outputs[i]->id] = wanted[node->outputs[i]->id] && !refused[node->outputs[i]->id];
        for (int i = 0; i < node->input_count; i++) {
            const bool leads = leads_to_products(node, i, wanted);
            wanted[node->inputs[i]->id] = wanted[node->inputs[i]->id] || leads;
            refused[node->inputs[i]->id] = refused[node->inputs[i]->id] || !leads;
        }
    }
}

/* Whether a batch norm with the statistics of a batch reads what a convolution puts out. */
static bool rounds_values(const alc_plan *plan, const alc_plan_node *norm)
{
    const alc_node *before = plan->tensors[norm->inputs[0]].source->node;
    return before && alc_conv2d_product(before->op, before->options) &&
           alc_batch_norm_behaviour(norm->options, plan->options.mode, norm->frozen) == ALC_NORM_BATCH;
}

static alc_status mark_node(alc_plan *plan, alc_plan_node *node, bool wanted)
{
    const bool norm = node->op == &alc_op_batch_norm && rounds_values(plan, node), add = node->op == &alc_op_add;
    if (!norm && !(wanted && (add || alc_conv2d_product(node->op, node->options))))
        return ALC_OK;
    void *options = alc_own_options(plan, node);
    if (!options)
        return ALC_OUT_OF_MEMORY;
    if (norm)
        ((alc_fusion *)options)->rounds_values = true;
    else if (add)
        ((alc_add_node *)options)->rounds = true;
    else
        ((alc_fusion *)options)->rounds = true;
    return ALC_OK;
}

alc_status alc_mark_rounding(alc_plan *plan)
{
    const size_t tensors = (size_t)plan->model->tensor_count;
    if (alc_context_operands(plan->context) == ALCK_REALS)
        return ALC_OK;
    bool *wanted = alc_plan_allocate(plan, tensors, sizeof *wanted), *refused = alc_plan_allocate(plan, tensors, sizeof *refused);
    if (!wanted || !refused)
        return ALC_OUT_OF_MEMORY;
    find_wanted(plan->model, wanted, refused);
    alc_status status = ALC_OK;
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++)
        status = mark_node(plan, &plan->nodes[n], wanted[plan->nodes[n].outputs[0]]);
    return status;
}
