/* derived.c - what plans make from parameters (packed, folded and transformed weights): renewed where a parameter was written, and
 * kept alone where the parameters themselves are given back. */
#include "lib/run/derived.h"

#include "alcor/op.h"

/* Versions only grow, so their sum changes whenever one of them does. */
static uint64_t parameters_version(const alc_plan_node *node)
{
    uint64_t version = 0;
    for (int i = 0; i < node->parameter_count; i++)
        version += node->parameters[i]->version;
    return version;
}

alc_status alc_renew_derived(alc_plan_node *node, const alc_step *step)
{
    uint64_t version = parameters_version(node);
    if (!node->op->derive || !node->derived || node->derived_version == version)
        return ALC_OK;
    alc_status status = node->op->derive(&step->run);
    if (status == ALC_OK)
        node->derived_version = version;
    return status;
}

/* Values that only derive reads. */
static int64_t replaced_values(const alc_plan_node *node)
{
    int64_t values = 0;
    for (int i = 0; i < node->parameter_count; i++)
        values += node->replaced[i] && node->parameters[i]->value ? node->parameters[i]->count : 0;
    return values;
}

/* The step with most of them, NULL if none has any. */
static alc_step *largest_replaced(const alc_plan *plan)
{
    alc_step *largest = NULL;
    int64_t most = 0;
    for (int64_t i = 0; i < plan->step_count; i++) {
        const int64_t values = replaced_values(&plan->nodes[plan->steps[i].node]);
        largest = values > most ? &plan->steps[i] : largest;
        most = values > most ? values : most;
    }
    return largest;
}

/* Gives these back. */
static void release_replaced(alc_plan *plan, const alc_plan_node *node, const alc_step *step)
{
    alc_parameter_view *views = (alc_parameter_view *)step->run.parameters;
    for (int i = 0; i < node->parameter_count; i++) {
        if (!node->replaced[i])
            continue;
        alc_free(plan->context, node->parameters[i]->value);
        node->parameters[i]->value = views[i].value = NULL;
    }
}

void alc_run_give_back(const alc_run *run, int parameter, int64_t count)
{
    if (run->gives_back)
        alc_discard(run->context, run->parameters[parameter].value, (size_t)count * sizeof(alc_real));
}

alc_status alc_plan_release_weights(alc_plan *plan)
{
    if (plan->options.mode != ALC_EVALUATE)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "alc_plan_release_weights: a training plan needs the weights");
    if (plan->model->plan_count > 1)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "alc_plan_release_weights: the model has %lld other plans, which "
                        "need the weights", (long long)(plan->model->plan_count - 1));
    /* The largest first, while few packed copies are there: both of its are in memory at once. */
    for (alc_step *step; (step = largest_replaced(plan)) != NULL;) {
        alc_plan_node *node = &plan->nodes[step->node];
        step->run.rows = step->run.batch;
        step->run.gives_back = true;
        const alc_status status = alc_renew_derived(node, step);
        step->run.gives_back = false;
        if (status != ALC_OK)
            return status;
        alc_poison(plan->model, ALC_INVALID_ARGUMENT, "the model's weights were given back by alc_plan_release_weights");
        release_replaced(plan, node, step);
    }
    return ALC_OK;
}
