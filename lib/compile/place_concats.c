/* place_concats.c - a concat's inputs are computed where the concat's output wants them, so that joining is no copy.
 *
 * An input can be placed if some node computes it, no other concat has it, nobody wants it contiguous and it is not read
 * after the run. Concats of concats nest: a DenseNet block is one buffer. Gradients lie alike. */
#include "lib/compile/compile.h"

static bool can_place(const alc_plan *plan, int64_t tensor, const alc_plan_node *concat)
{
    const alc_plan_tensor *t = &plan->tensors[tensor];
    int64_t times = 0;
    for (int i = 0; i < concat->input_count; i++)
        times += concat->inputs[i] == tensor;
    return t->producer >= 0 && t->root == tensor && !t->kept && times == 1 && !alc_wants_contiguous(plan, tensor);
}

void alc_place_concats(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *concat = &plan->nodes[n];
        int64_t channel = 0;
        if (concat->dead || concat->op != &alc_op_concat)
            continue;
        for (int i = 0; i < concat->input_count; i++) {
            alc_plan_tensor *input = &plan->tensors[concat->inputs[i]];
            if (can_place(plan, concat->inputs[i], concat)) {
                input->root = concat->outputs[0];
                input->channel = channel;
            }
            channel += alc_shape_channels(input->shape);
        }
    }
}
