/* tests/support/plan_deeds.c - see plan_deeds.h. */
#include "support/plan_deeds.h"

#include "lib/ops/ops.h"

static void count_fusion(const alc_plan *plan, const alc_plan_node *node, plan_deeds *d)
{
    if (node->op != &alc_op_conv2d && node->op != &alc_op_dense && node->op != &alc_op_batch_norm)
        return;
    const alc_fusion *fusion = node->options;
    const alc_conv2d_node *conv = node->op == &alc_op_conv2d ? node->options : NULL;
    d->folded_norm += fusion->norm;
    d->residual += fusion->residual;
    d->activation += fusion->activation != ALCK_IDENTITY;
    d->gate += fusion->gate && !fusion->reads_last;
    d->trained_gate += fusion->gate && fusion->reads_last;
    d->norm_read += fusion->reads_norm;
    d->trained_norm_read += fusion->reads_trained_norm;
    d->depthwise += conv && conv->depthwise;
    d->relu_read += conv && !fusion->reads_norm && !fusion->reads_trained_norm && fusion->read_activation == ALCK_RELU;
    d->average += fusion->average;
    d->norm_reads_pairs += !conv && fusion->values_pairs;
    d->norm_stores_pairs += !conv && fusion->output_pairs;
    d->norm_adds_pairs += !conv && fusion->residual_pairs;
    d->residual_pairs += conv && fusion->residual_pairs;
    d->rounded_values += fusion->rounds_values && !fusion->values_pairs;
    d->pool += conv && conv->pool && !node->differentiated;
    d->trained_pool += conv && conv->pool && node->differentiated;
    d->average_added += node->average != NULL;
    d->gate_left += node->gated != NULL;
    d->shared_statistics += node->op == &alc_op_batch_norm && node->read_norm && plan->options.mode == ALC_TRAIN;
}

static int64_t place_in_model(const alc_plan *plan, const alc_plan_node *node)
{
    int64_t place = 0;
    while (plan->model->nodes[place]->key != node->key)
        place++;
    return place;
}

/* How many nodes come later than in the model. */
static int count_moved(const alc_plan *plan)
{
    int moved = 0;
    for (int64_t n = 1; n < plan->node_count; n++)
        moved += place_in_model(plan, &plan->nodes[n]) < place_in_model(plan, &plan->nodes[n - 1]);
    return moved;
}

static void count_tensor(const alc_plan *plan, int64_t index, plan_deeds *d)
{
    const alc_plan_tensor *tensor = &plan->tensors[index];
    if (!tensor->source)
        return;
    const bool placed = tensor->root != index, trained = plan->options.mode == ALC_TRAIN;
    d->placed += placed && !trained;
    d->placed_in_training += placed && trained;
    d->padded += tensor->padding > 0;
    d->pairs += tensor->pairs && !trained;
    d->pairs_in_training += tensor->pairs && trained;
    d->dropped += tensor->dropped;
}

void plan_deeds_add(const alc_plan *plan, plan_deeds *d)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        if (!plan->nodes[n].dead)
            count_fusion(plan, &plan->nodes[n], d);
    }
    for (int64_t t = 0; t < plan->tensor_count; t++)
        count_tensor(plan, t, d);
    for (int64_t i = plan->forward_count; i < plan->step_count; i++)
        d->recomputed += plan->steps[i].kind == ALC_STEP_RECOMPUTE;
    d->waited += count_moved(plan);
    d->given += plan->options.given != NULL;
}
