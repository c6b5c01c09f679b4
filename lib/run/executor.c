/* executor.c - runs a plan's steps. Allocates nothing and decides nothing: all that was done by lib/compile. */
#include "lib/run/backward.h"
#include "lib/run/derived.h"
#include "lib/run/state.h"

alc_status alc_run_fail(const alc_run *run, alc_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    alc_fail_in(run->context, status, run->node, format, arguments);
    va_end(arguments);
    return status;
}

static void set_run(const alc_plan *plan, alc_step *step)
{
    step->run.rows = plan->rows;
    step->run.draw = plan->draw;
}

/* Moves the views of tensors that hold more than the segment's rows by so many samples. */
static void move_views(const alc_plan *plan, const int64_t *tensors, const alc_view *views, int count, int64_t segment_rows,
                       int64_t samples)
{
    for (int i = 0; i < count; i++) {
        const alc_plan_tensor *tensor = &plan->tensors[tensors[i]];
        alc_view *view = (alc_view *)&views[i];
        const int64_t elements = samples * view->height * view->width * view->stride;
        if (tensor->rows != segment_rows)
            view->data = (char *)view->data + elements * (int64_t)alc_dtype_size(tensor->dtype);
    }
}

static void move_step(const alc_plan *plan, const alc_step *step, int64_t segment_rows, int64_t samples)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    move_views(plan, node->inputs, step->run.inputs, node->input_count, segment_rows, samples);
    move_views(plan, node->outputs, step->run.outputs, node->output_count, segment_rows, samples);
}

static alc_status update_state(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    if (!node->op->update_state || plan->options.mode != ALC_TRAIN)
        return ALC_OK;
    alc_status status = node->op->update_state(&step->run);
    for (int i = 0; i < node->parameter_count; i++) {
        if (node->parameters[i]->spec.state)
            alc_parameter_written(node->parameters[i]);
    }
    return status;
}

/* Runs a step for the segment's rows from sample `first` on; `done`, if there is one, looks at the outputs after it. */
static alc_status run_forward_step(alc_plan *plan, alc_step *step, const alc_segment *segment, int64_t first,
                                   alc_status (*done)(alc_plan *plan, alc_step *step))
{
    alc_plan_node *node = &plan->nodes[step->node];
    const int64_t left = plan->rows - first;
    set_run(plan, step);
    step->run.rows = left < segment->rows ? left : segment->rows;
    step->run.draw.position += (uint64_t)first;
    move_step(plan, step, segment->rows, first);
    alc_status status = alc_renew_derived(node, step);
    if (status == ALC_OK)
        status = node->op->forward(&step->run);
    if (status == ALC_OK)
        status = done(plan, step);
    move_step(plan, step, segment->rows, -first);
    if (status == ALC_OK)
        alc_observe_step(plan, step, step->run.rows);
    return status;
}

static alc_status run_segment(alc_plan *plan, const alc_segment *segment,
                              alc_status (*done)(alc_plan *plan, alc_step *step))
{
    for (int64_t first = 0; first < plan->rows; first += segment->rows) {
        for (int64_t i = segment->first; i <= segment->last; i++) {
            alc_status status = run_forward_step(plan, &plan->steps[i], segment, first, done);
            if (status != ALC_OK)
                return status;
        }
    }
    return ALC_OK;
}

alc_status alc_forward(alc_plan *plan)
{
    alc_status status = ALC_OK;
    alc_keep_state(plan);
    for (int64_t s = 0; s < plan->segment_count && status == ALC_OK; s++)
        status = run_segment(plan, &plan->segments[s], update_state);
    if (status != ALC_OK)
        alc_restore_state(plan);
    plan->forward_done = status == ALC_OK;
    return status;
}

static void clear_gradient(const alc_plan *plan, int64_t tensor)
{
    const alc_buffer *buffer = &plan->buffers[plan->tensors[tensor].gradient];
    alck_parallel parallel = alc_context_parallel(plan->context);
    alc_context_kernels(plan->context)->fill(&parallel, (int64_t)(buffer->bytes / sizeof(alc_real)), 0,
                                             (alc_real *)(void *)(plan->arena + buffer->offset));
}

static alc_status call_backward(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    alc_parameter_view *parameters = (alc_parameter_view *)step->run.parameters;
    if (step->kind == ALC_STEP_RECOMPUTE)
        return node->op->forward(&step->run);
    for (int i = 0; i < node->clear_count; i++)
        clear_gradient(plan, node->clear[i]);
    for (int i = 0; i < node->parameter_count; i++)
        parameters[i].add = plan->accumulate;
    return node->op->backward(&step->run);
}

static alc_status run_backward_step(alc_plan *plan, alc_step *step)
{
    set_run(plan, step);
    alc_status status = call_backward(plan, step);
    if (status == ALC_OK)
        alc_observe_step(plan, step, step->run.rows);
    return status;
}

alc_status alc_backward(alc_plan *plan)
{
    if (plan->options.update_in_backward)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "alc_backward: this plan's parameters are updated in backward, "
                        "which alc_train_step does");
    return alc_backward_in_turn(plan, NULL, NULL);
}

alc_status alc_backward_in_turn(alc_plan *plan, void (*done)(void *user, const alc_plan_node *node), void *user)
{
    const alc_plan_tensor *output = &plan->tensors[plan->options.output->id];
    if (!plan->forward_done)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "alc_backward must follow an alc_forward of the same rows");
    if (output->gradient < 0)
        return alc_fail(plan->context, ALC_INVALID_ARGUMENT, "alc_backward: nothing is trained in this plan");
    if (output->scalar)
        *(alc_real *)(void *)(plan->arena + plan->buffers[output->gradient].offset) = 1;
    plan->forward_done = false;
    for (int64_t i = plan->forward_count; i < plan->step_count; i++) {
        const alc_step *step = &plan->steps[i];
        alc_status status = run_backward_step(plan, &plan->steps[i]);
        if (status != ALC_OK)
            return status;
        if (done && step->kind == ALC_STEP_BACKWARD)
            done(user, &plan->nodes[step->node]);
    }
    plan->accumulate = true;
    return ALC_OK;
}

/* ALC_NOT_FINITE, without a sentence, for a step that put out a value that is not. */
static alc_status expect_finite(alc_plan *plan, alc_step *step)
{
    const alc_plan_node *node = &plan->nodes[step->node];
    for (int i = 0; i < node->output_count; i++) {
        const alc_plan_tensor *tensor = &plan->tensors[node->outputs[i]];
        const alc_view *view = &step->run.outputs[i];
        int64_t pixels = view->height * view->width * (tensor->scalar ? 1 : step->run.rows);
        if (tensor->dtype == ALC_REAL && !tensor->unstored &&
            !alc_context_kernels(plan->context)->all_finite(pixels, view->channels, view->data, view->stride))
            return ALC_NOT_FINITE;
    }
    return ALC_OK;
}

/* The first step of a segment, over all parts of the batch, that puts out a value that is not finite; after its last one if
 * none does. */
static alc_status find_in_segment(alc_plan *plan, const alc_segment *segment, int64_t *found)
{
    *found = segment->last + 1;
    for (int64_t first = 0; first < plan->rows; first += segment->rows) {
        for (int64_t i = segment->first; i < *found; i++) {
            alc_status status = run_forward_step(plan, &plan->steps[i], segment, first, expect_finite);
            if (status == ALC_NOT_FINITE)
                *found = i;
            else if (status != ALC_OK)
                return status;
        }
    }
    return ALC_OK;
}

alc_status alc_plan_find_not_finite(alc_plan *plan, const char **node)
{
    *node = "";
    plan->forward_done = false;
    for (int64_t s = 0; s < plan->segment_count; s++) {
        int64_t found;
        alc_status status = find_in_segment(plan, &plan->segments[s], &found);
        if (status != ALC_OK)
            return status;
        if (found <= plan->segments[s].last) {
            *node = plan->nodes[plan->steps[found].node].name;
            return ALC_OK;
        }
    }
    return ALC_OK;
}
