/* tests/support/plain_plan.c - see plain_plan.h. */
#include "support/plain_plan.h"

#include <check.h>

#include "lib/compile/compile.h"

static alc_plan *begin(alc_model *model, alc_compile_options options)
{
    alc_plan *plan = alc_allocate(model->context, sizeof *plan, "a plan");
    ck_assert_ptr_nonnull(plan);
    plan->context = model->context;
    plan->model = model;
    model->plan_count++;
    plan->options = options;
    plan->options.keep_activations = true;
    plan->rows = options.batch;
    plan->draw.seed = alc_context_seed(model->context);
    alc_arena_init(&plan->memory, model->context);
    for (int64_t i = 0; i < model->parameter_count; i++)
        alc_parameter_initialize(model->parameters[i]);
    return plan;
}

/* What dropout hides from folding is the other pass that it needs. */
static void fold(alc_plan *plan)
{
    alc_elide_dropout(plan);
    ck_assert_int_eq(alc_fold_batch_norm(plan), ALC_OK);
}

static bool is_read_after(const alc_plan *plan, int64_t tensor, int64_t after)
{
    for (int64_t n = after + 1; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead; i++)
            if (node->inputs[i] == tensor)
                return true;
    }
    return false;
}

static bool reads_after_joins(const alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *concat = &plan->nodes[n];
        for (int i = 0; i < concat->input_count && !concat->dead && concat->op == &alc_op_concat; i++)
            if (is_read_after(plan, concat->inputs[i], n))
                return true;
    }
    return false;
}

/* What is placed in another tensor is part of that. */
static void keep_everything(alc_plan *plan)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->output_count && !node->dead; i++) {
            alc_plan_tensor *tensor = &plan->tensors[node->outputs[i]];
            tensor->kept = tensor->root == node->outputs[i];
        }
    }
}

static void run_in_one_segment(alc_plan *plan)
{
    plan->segments = alc_plan_allocate(plan, 1, sizeof *plan->segments);
    ck_assert_ptr_nonnull(plan->segments);
    plan->segments[plan->segment_count++].rows = plan->options.batch;
    for (int64_t t = 0; t < plan->tensor_count; t++)
        plan->tensors[t].rows = plan->options.batch;
}

/* No two share memory. */
static void let_buffers_live(alc_plan *plan)
{
    for (int64_t i = 0; i < plan->buffer_count; i++) {
        if (plan->buffers[i].first > plan->buffers[i].last)
            continue;
        plan->buffers[i].first = 0;
        plan->buffers[i].last = plan->step_count - 1;
    }
}

alc_plan *plain_plan(alc_model *model, alc_compile_options options, bool folds)
{
    alc_plan *plan = begin(model, options);
    ck_assert_int_eq(alc_select_nodes(plan), ALC_OK);
    ck_assert_int_eq(alc_mark_gradients(plan), ALC_OK);
    ck_assert_int_eq(alc_mark_rounding(plan), ALC_OK);
    if (folds)
        fold(plan);
    if (options.mode == ALC_TRAIN && reads_after_joins(plan))
        alc_place_concats(plan);
    keep_everything(plan);
    alc_elide_dropout(plan); /* what is kept stays, and copies where it does nothing */
    run_in_one_segment(plan);
    ck_assert_int_eq(alc_choose_kernels(plan), ALC_OK);
    ck_assert_int_eq(alc_schedule(plan), ALC_OK);
    let_buffers_live(plan);
    ck_assert_int_eq(alc_bind_memory(plan), ALC_OK);
    return plan;
}
