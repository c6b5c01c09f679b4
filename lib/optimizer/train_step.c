/* train_step.c - one step of training: gradients of a loss, and the optimizer's answer. */
#include <math.h>

#include "alcor/optimizer.h"
#include "lib/optimizer/optimizer_update.h"
#include "lib/run/backward.h"
#include "lib/run/state.h"

static alc_status refuse_loss(alc_plan *plan, double loss)
{
    const char *node = "";
    const alc_status status = alc_plan_find_not_finite(plan, &node);
    if (status)
        return status;
    return alc_fail(plan->context, ALC_NOT_FINITE, "the loss is %s; the first layer whose output is not finite is %s",
                    isnan(loss) ? "not a number" : "infinite", node[0] ? node : plan->options.output->name);
}

static void update_node(void *user, const alc_plan_node *node)
{
    for (int i = 0; i < node->parameter_count; i++) {
        if (node->parameter_gradient_wanted[i])
            alc_optimizer_update(user, node->parameters[i]);
    }
}

/* Gradients, and what follows from them. */
static alc_status learn(alc_plan *plan, alc_optimizer *optimizer)
{
    if (plan->options.update_in_backward) {
        const alc_status status = alc_optimizer_begin(optimizer, plan);
        return status ? status : alc_backward_in_turn(plan, update_node, optimizer);
    }
    const alc_status status = alc_backward(plan);
    return status ? status : alc_optimizer_step(optimizer, plan);
}

alc_status alc_train_step(alc_plan *plan, alc_optimizer *optimizer)
{
    if (!plan->options.output->scalar)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "a training step needs a plan whose output %s is one "
                        "value, such as a loss", plan->options.output->name);
    alc_zero_gradients(plan);
    alc_status status = alc_forward(plan);
    if (status)
        return status;
    const double loss = (double)*(const alc_real *)alc_plan_values(plan, plan->options.output);
    status = isfinite(loss) ? learn(plan, optimizer) : refuse_loss(plan, loss);
    if (status)
        alc_restore_state(plan);
    return status;
}
