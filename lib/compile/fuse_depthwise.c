/* fuse_depthwise.c - a depthwise convolution before a 1x1 convolution is computed where that reads, a relu before it where it reads
 * itself; and the average of its output, which squeeze and excite begins with, as it stores that.
 *
 * Its output is as large as its input, is read once, and would cost more to store and to load than to compute. It brings its
 * folded batch norm and its activation along. Values are the same bits with and without. */
#include <string.h>

#include "lib/compile/compile.h"

/* The node before another that alone reads it, if neither is differentiated; else NULL. */
static alc_plan_node *node_before(alc_plan *plan, int64_t reader)
{
    alc_plan_node *before = plan->nodes[reader].differentiated ? NULL : alc_node_before(plan, reader);
    return before && !before->differentiated ? before : NULL;
}

static bool is_depthwise(const alc_plan *plan, const alc_plan_node *node)
{
    return !node->dead && node->op == &alc_op_conv2d &&
           alc_conv2d_is_depthwise(node->options, alc_shape_channels(plan->tensors[node->inputs[0]].shape));
}

static alc_status take_relu(alc_plan *plan, int64_t index)
{
    alc_plan_node *node = &plan->nodes[index], *relu = is_depthwise(plan, node) ? node_before(plan, index) : NULL;
    if (!relu || relu->op != &alc_op_relu)
        return ALC_OK;
    alc_fusion *fusion = alc_own_options(plan, node);
    if (!fusion)
        return ALC_OUT_OF_MEMORY;
    fusion->read_activation = ALCK_RELU;
    alc_take_before(node, relu);
    return ALC_OK;
}

/* The average becomes the depthwise convolution's second output. */
static alc_status take_average(alc_plan *plan, int64_t index)
{
    alc_plan_node *average = &plan->nodes[index];
    if (average->dead || average->op != &alc_op_global_average_pool || average->differentiated ||
        plan->tensors[average->inputs[0]].producer < 0)
        return ALC_OK;
    alc_plan_node *node = &plan->nodes[plan->tensors[average->inputs[0]].producer];
    if (!is_depthwise(plan, node) || node->differentiated || node->output_count > 1)
        return ALC_OK;
    alc_fusion *fusion = alc_own_options(plan, node);
    if (!fusion)
        return ALC_OUT_OF_MEMORY;
    fusion->average = true;
    node->outputs[node->output_count++] = average->outputs[0];
    node->in_place_of += 1 + average->in_place_of;
    plan->tensors[average->outputs[0]].producer = node - plan->nodes;
    average->dead = true;
    return ALC_OK;
}

/* Whether a convolution can form the values of one input pixel for each of its own. */
static bool reads_pixel_by_pixel(const alc_plan_node *node)
{
    if (node->dead || node->op != &alc_op_conv2d)
        return false;
    const alc_conv2d_node *o = node->options;
    return alc_conv2d_changes_input(o) && o->stride == 1 && !o->fusion.gate && !o->fusion.reads_norm;
}

static alc_status take_depthwise(alc_plan *plan, int64_t index)
{
    alc_plan_node *host = &plan->nodes[index], *depthwise = reads_pixel_by_pixel(host) ? node_before(plan, index) : NULL;
    if (!depthwise || !is_depthwise(plan, depthwise))
        return ALC_OK;
    const alc_fusion *fusion = depthwise->options;
    if (fusion->residual || fusion->span || fusion->average)
        return ALC_OK;
    alc_conv2d_node *options = alc_own_options(plan, host);
    if (!options)
        return ALC_OUT_OF_MEMORY;
    options->depthwise = depthwise->options;
    memcpy(host->parameters + host->parameter_count, depthwise->parameters,
           (size_t)depthwise->parameter_count * sizeof *depthwise->parameters);
    host->parameter_count += depthwise->parameter_count;
    alc_take_before(host, depthwise);
    return ALC_OK;
}

alc_status alc_fuse_depthwise(alc_plan *plan)
{
    alc_status status = ALC_OK;
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++)
        status = take_relu(plan, n);
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++)
        status = take_average(plan, n);
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++)
        status = take_depthwise(plan, n);
    return status;
}
