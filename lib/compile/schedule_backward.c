/* schedule_backward.c - the list of steps and what lives when.
 *
 * Forward steps follow the nodes' order; backward steps reverse it. Where backward reads the output of a cheap op (batch
 * norm with its activation), or of one that choose_recomputed.c dropped, that output is not kept: steps that compute it again
 * are put before the first reader, into a buffer of its own. A gradient's first writer overwrites it and the others add, so
 * nothing is cleared, except where the first writer covers only some channels of a joined buffer. Where an op allows it, its
 * input's gradient takes over the memory of its output's, which nobody needs any more. A batch norm whose output is averaged and gated
 * forms the gradient of that as it reads, from the product's gradient, the gate and the average's gradient. */
#include <string.h>

#include "lib/compile/compile.h"

typedef struct schedule {
    alc_plan *plan;
    bool *has_slices;        /* per tensor: another is placed in it */
    bool *gradient_written;  /* per root: some backward step has written it */
} schedule;

static int64_t root_index(const alc_plan *plan, int64_t tensor)
{
    return alc_plan_root(plan, tensor) - plan->tensors;
}

static int64_t new_buffer(alc_plan *plan, size_t bytes)
{
    if (plan->buffer_count == plan->buffer_capacity) {
        int64_t capacity = plan->buffer_capacity ? 2 * plan->buffer_capacity : 256;
        alc_buffer *buffers = alc_reallocate_array(plan->context, plan->buffers, (size_t)plan->buffer_capacity,
                                                   (size_t)capacity, sizeof *buffers, "a plan's buffers");
        if (!buffers)
            return -1;
        plan->buffers = buffers;
        plan->buffer_capacity = capacity;
    }
    plan->buffers[plan->buffer_count] = (alc_buffer){.bytes = bytes, .first = INT64_MAX, .last = -1};
    return plan->buffer_count++;
}

/* Bytes of so many values a pixel for the rows that a tensor holds; choose_kernels.c has seen to it that they do not overflow. */
static size_t bytes_of(const alc_plan_tensor *tensor, int64_t stride)
{
    const size_t rows = tensor->scalar ? 1 : (size_t)tensor->rows, pixels = (size_t)alc_shape_pixels(tensor->shape);
    return pixels * (size_t)stride * alc_dtype_size(tensor->dtype) * rows;
}

static size_t value_bytes(const alc_plan *plan, const alc_plan_tensor *root)
{
    return bytes_of(root, alc_plan_stride(plan, root - plan->tensors));
}

static size_t gradient_bytes(const alc_plan *plan, const alc_plan_tensor *root)
{
    return bytes_of(root, alc_plan_gradient_stride(plan, root - plan->tensors));
}

static void use(alc_plan *plan, int64_t buffer, int64_t step)
{
    if (buffer < 0)
        return;
    alc_buffer *b = &plan->buffers[buffer];
    b->first = step < b->first ? step : b->first;
    b->last = step > b->last ? step : b->last;
}

/* A buffer in *slot that is in use at `step`; it is made on first use. */
static alc_status use_new(alc_plan *plan, int64_t *slot, size_t bytes, int64_t step)
{
    if (*slot < 0)
        *slot = new_buffer(plan, bytes);
    if (*slot < 0)
        return ALC_OUT_OF_MEMORY;
    use(plan, *slot, step);
    return ALC_OK;
}

static alc_status use_value(alc_plan *plan, int64_t tensor, int64_t step)
{
    alc_plan_tensor *root = &plan->tensors[root_index(plan, tensor)];
    return root->unstored ? ALC_OK : use_new(plan, &root->value, value_bytes(plan, root), step);
}

static alc_status use_gradient(alc_plan *plan, int64_t tensor, int64_t step)
{
    alc_plan_tensor *root = &plan->tensors[root_index(plan, tensor)];
    return use_new(plan, &root->gradient, gradient_bytes(plan, root), step);
}

/* The next step, with this much scratch while it runs. */
static alc_status add_step(alc_plan *plan, alc_step_kind kind, int64_t node, size_t scratch_bytes)
{
    int64_t number = plan->step_count++;
    alc_step *step = &plan->steps[number];
    *step = (alc_step){.kind = kind, .node = node, .scratch = -1};
    return scratch_bytes ? use_new(plan, &step->scratch, scratch_bytes, number) : ALC_OK;
}

/* What holds the whole batch is in use while its segment is at any part of it. */
static alc_status use_throughout(alc_plan *plan, int64_t tensor, const alc_segment *segment)
{
    if (plan->tensors[tensor].rows == segment->rows)
        return ALC_OK;
    alc_status status = use_value(plan, tensor, segment->first);
    return status == ALC_OK ? use_value(plan, tensor, segment->last) : status;
}

static alc_status extend_over_segments(alc_plan *plan)
{
    alc_status status = ALC_OK;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead && status == ALC_OK; i++)
            status = use_throughout(plan, node->inputs[i], &plan->segments[node->segment]);
        for (int i = 0; i < node->output_count && !node->dead && status == ALC_OK; i++)
            status = use_throughout(plan, node->outputs[i], &plan->segments[node->segment]);
    }
    return status;
}

/* What the node saved; and what a norm did that it applies as it reads, where scale and shift lie. */
static void use_saved(alc_plan *plan, const alc_plan_node *node, int64_t step)
{
    use(plan, node->saved, step);
    if (node->read_norm)
        use(plan, node->read_norm->saved, step);
}

static alc_status schedule_forward(alc_plan *plan)
{
    int64_t segments = 0;
    for (int64_t n = 0; n < plan->node_count; n++) {
        alc_plan_node *node = &plan->nodes[n];
        int64_t step = plan->step_count;
        if (node->dead)
            continue;
        alc_status status = add_step(plan, ALC_STEP_FORWARD, n, node->forward_scratch_bytes);
        if (node->segment == segments)
            plan->segments[segments++].first = step;
        plan->segments[node->segment].last = step;
        for (int i = 0; i < node->input_count && status == ALC_OK; i++)
            status = use_value(plan, node->inputs[i], step);
        for (int i = 0; i < node->output_count && status == ALC_OK; i++)
            status = use_value(plan, node->outputs[i], step);
        if (status == ALC_OK && node->saved_bytes)
            status = use_new(plan, &node->saved, node->saved_bytes, step);
        use_saved(plan, node, step);
        if (status != ALC_OK)
            return status;
    }
    plan->forward_count = plan->step_count;
    return extend_over_segments(plan);
}

static void read_value(alc_plan *plan, int64_t tensor, int64_t step)
{
    const alc_plan_tensor *root = alc_plan_root(plan, tensor);
    use(plan, root->recomputed >= 0 ? root->recomputed : root->value, step);
}

/* Whether a tensor is recomputed because that costs next to nothing: one pass over what is kept or recomputed anyway. */
static bool is_cheap(const schedule *s, int64_t tensor)
{
    const alc_plan *plan = s->plan;
    const alc_plan_tensor *t = &plan->tensors[tensor];
    if (t->producer < 0 || t->kept || t->root != tensor || s->has_slices[tensor] || plan->options.keep_activations)
        return false;
    const alc_plan_node *node = &plan->nodes[t->producer];
    if (!node->op->cheap || !node->differentiated || node->output_count != 1 || node->keep_outputs[0])
        return false;
    for (int i = 0; i < node->input_count; i++) {
        if (!node->keep_inputs[i])
            return false;
    }
    return true;
}

static bool writes_to(const alc_plan *plan, const alc_plan_node *node, int64_t root)
{
    for (int i = 0; i < node->output_count && !node->dead; i++) {
        if (root_index(plan, node->outputs[i]) == root)
            return true;
    }
    return false;
}

static alc_status need_value(schedule *s, int64_t tensor);

/* Runs a node's forward again, after what it reads. */
static alc_status recompute_node(schedule *s, int64_t n)
{
    alc_plan *plan = s->plan;
    const alc_plan_node *node = &plan->nodes[n];
    alc_status status = ALC_OK;
    for (int i = 0; i < node->input_count && status == ALC_OK; i++)
        status = need_value(s, node->inputs[i]);
    int64_t step = plan->step_count;
    if (status == ALC_OK)
        status = add_step(plan, ALC_STEP_RECOMPUTE, n, node->forward_scratch_bytes);
    for (int i = 0; i < node->input_count && status == ALC_OK; i++)
        read_value(plan, node->inputs[i], step);
    for (int i = 0; i < node->output_count && status == ALC_OK; i++) {
        alc_plan_tensor *root = &plan->tensors[root_index(plan, node->outputs[i])];
        status = use_new(plan, &root->recomputed, value_bytes(plan, root), step);
    }
    use_saved(plan, node, step);
    return status;
}

/* Makes the values of a tensor available to the step that comes next: by recomputing before it all that lies in the tensor's
 * buffer, or by keeping. */
static alc_status need_value(schedule *s, int64_t tensor)
{
    alc_plan *plan = s->plan;
    const int64_t root = root_index(plan, tensor);
    alc_status status = ALC_OK;
    const alc_plan_tensor *t = &plan->tensors[root];
    if (t->unstored || t->recomputed >= 0 || !(t->dropped || is_cheap(s, tensor)))
        return ALC_OK;
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++) {
        if (writes_to(plan, &plan->nodes[n], root))
            status = recompute_node(s, n);
    }
    return status;
}

/* Whether a concat's input shares the memory of its output's gradient: then its backward writes nothing. */
static bool gradient_is_placed(const alc_plan *plan, const alc_plan_node *node, int input)
{
    return node->op == &alc_op_concat && plan->tensors[node->inputs[input]].root == node->outputs[0];
}

/* Decides for one written gradient whether it overwrites or adds. */
static void mark_write(schedule *s, alc_plan_node *node, int input)
{
    int64_t tensor = node->inputs[input], root = root_index(s->plan, tensor);
    if (gradient_is_placed(s->plan, node, input))
        return;
    node->input_add[input] = s->gradient_written[root] || tensor != root;
    if (!s->gradient_written[root] && tensor != root)
        node->clear[node->clear_count++] = root;
    s->gradient_written[root] = true;
}

static bool fills_buffer(const schedule *s, int64_t tensor)
{
    return s->plan->tensors[tensor].root == tensor && !s->has_slices[tensor];
}

/* Gives the gradient of a node's first input the buffer of its first output's gradient, if nothing stands in the way. */
static void share_gradient(const schedule *s, const alc_plan_node *node)
{
    alc_plan *plan = s->plan;
    if (!node->op->gradient_in_place || !node->input_gradient_wanted[0])
        return;
    alc_plan_tensor *input = &plan->tensors[node->inputs[0]];
    const alc_plan_tensor *output = &plan->tensors[node->outputs[0]];
    for (int i = 1; i < node->input_count; i++) {
        if (node->inputs[i] == node->inputs[0])
            return;
    }
    const bool callers = output->kept || input->producer < 0; /* the caller may look at these gradients */
    if (!callers && input->gradient < 0 && output->gradient >= 0 && fills_buffer(s, node->inputs[0]) &&
        fills_buffer(s, node->outputs[0]) && gradient_bytes(plan, input) == gradient_bytes(plan, output))
        input->gradient = output->gradient;
}

/* Whether it has a part in a tensor's gradient. */
static bool differentiates(const alc_plan_node *node, int64_t tensor)
{
    for (int i = 0; i < node->input_count && !node->dead; i++) {
        if (node->inputs[i] == tensor && node->input_gradient_wanted[i])
            return true;
    }
    return false;
}

/* The batch norm that computes a tensor, if it can form the tensor's gradient from parts as it reads that. */
static alc_plan_node *forming_norm(const schedule *s, int64_t tensor)
{
    const alc_plan_tensor *t = &s->plan->tensors[tensor];
    alc_plan_node *node = t->producer < 0 ? NULL : &s->plan->nodes[t->producer];
    return node && node->op == &alc_op_batch_norm && node->differentiated && !t->kept && fills_buffer(s, tensor) ? node : NULL;
}

/* Of a global average: whether all others have written the gradient of what it averages, so that the norm comes next. */
static bool comes_last(const schedule *s, const alc_plan_node *average)
{
    const alc_plan *plan = s->plan;
    const int64_t tensor = average->inputs[0];
    if (plan->tensors[average->outputs[0]].kept || !s->gradient_written[root_index(plan, tensor)])
        return false;
    for (const alc_plan_node *earlier = plan->nodes; earlier < average; earlier++) {
        if (differentiates(earlier, tensor))
            return false;
    }
    return true;
}

/* Of a multiplication by a gate: whether its product's gradient lies where that of the first operand shall be, and nobody will write there
 * but an average, which leaves that to the norm too. */
static bool comes_alone(const schedule *s, const alc_plan_node *multiply)
{
    const alc_plan *plan = s->plan;
    const int64_t tensor = multiply->inputs[0];
    const alc_plan_tensor *t = &plan->tensors[tensor];
    int others = 0;
    if (s->gradient_written[root_index(plan, tensor)] || t->gradient < 0 || t->gradient != plan->tensors[multiply->outputs[0]].gradient ||
        !alc_is_gate(t->shape, plan->tensors[multiply->inputs[1]].shape))
        return false;
    for (const alc_plan_node *node = plan->nodes; node < plan->nodes + plan->node_count; node++) {
        if (node == multiply || !differentiates(node, tensor))
            continue;
        others++;
        if (node > multiply || node->op != &alc_op_global_average_pool || plan->tensors[node->outputs[0]].kept)
            return false;
    }
    return others <= 1;
}

/* Leaves the gradient of a node's first input to the batch norm before it, where the node adds one value to each channel, or multiplies
 * by one: squeeze and excite. */
static void leave_to_norm(const schedule *s, const alc_plan_node *node)
{
    alc_plan_node *norm = node->input_gradient_wanted[0] ? forming_norm(s, node->inputs[0]) : NULL;
    if (norm && node->op == &alc_op_global_average_pool && comes_last(s, node))
        norm->average = node;
    else if (norm && node->op == &alc_op_multiply && comes_alone(s, node))
        norm->gated = node;
}

/* What a batch norm forms its output's gradient from beside that. */
static alc_status use_parts(alc_plan *plan, const alc_plan_node *node, int64_t step)
{
    if (node->gated)
        read_value(plan, node->gated->inputs[1], step);
    return node->average ? use_gradient(plan, node->average->outputs[0], step) : ALC_OK;
}

static bool any_gradient_arrives(const schedule *s, const alc_plan_node *node)
{
    for (int i = 0; i < node->output_count; i++) {
        if (s->gradient_written[root_index(s->plan, node->outputs[i])])
            return true;
    }
    return false;
}

static alc_status schedule_node_backward(schedule *s, int64_t n)
{
    alc_plan *plan = s->plan;
    alc_plan_node *node = &plan->nodes[n];
    alc_status status = ALC_OK;
    for (int i = 0; i < node->input_count && status == ALC_OK; i++)
        status = node->keep_inputs[i] ? need_value(s, node->inputs[i]) : ALC_OK;
    for (int i = 0; i < node->output_count && status == ALC_OK; i++)
        status = node->keep_outputs[i] ? need_value(s, node->outputs[i]) : ALC_OK;
    if (status != ALC_OK)
        return status;
    int64_t step = plan->step_count;
    status = add_step(plan, ALC_STEP_BACKWARD, n, node->backward_scratch_bytes);
    if (status == ALC_OK)
        status = use_parts(plan, node, step);
    for (int i = 0; i < node->output_count && status == ALC_OK; i++) {
        if (node->keep_outputs[i])
            read_value(plan, node->outputs[i], step);
        if (s->gradient_written[root_index(plan, node->outputs[i])])
            status = use_gradient(plan, node->outputs[i], step);
    }
    share_gradient(s, node);
    leave_to_norm(s, node);
    for (int i = 0; i < node->input_count && status == ALC_OK; i++) {
        if (node->keep_inputs[i])
            read_value(plan, node->inputs[i], step);
        if (!node->input_gradient_wanted[i])
            continue;
        mark_write(s, node, i);
        status = use_gradient(plan, node->inputs[i], step);
    }
    use_saved(plan, node, step);
    const size_t gradients = plan->options.update_in_backward ? alc_gradient_bytes(node) : 0;
    return status == ALC_OK && gradients ? use_new(plan, &node->gradients, gradients, step) : status;
}

static alc_status schedule_backward(schedule *s)
{
    alc_plan *plan = s->plan;
    int64_t output = plan->options.output->id;
    const alc_plan_tensor *t = &plan->tensors[output];
    if (plan->options.mode != ALC_TRAIN || !t->gradient_wanted)
        return ALC_OK;
    /* A scalar's gradient is set by the executor; another's is written by the caller between forward and backward. */
    alc_status status = use_gradient(plan, output, t->scalar ? plan->forward_count : 0);
    s->gradient_written[root_index(plan, output)] = true;
    for (int64_t n = plan->node_count - 1; n >= 0 && status == ALC_OK; n--) {
        const alc_plan_node *node = &plan->nodes[n];
        if (!node->dead && node->differentiated && any_gradient_arrives(s, node))
            status = schedule_node_backward(s, n);
    }
    return status;
}

/* Inputs live from the first step, since callers write them before it, and like what is kept to the last. */
static alc_status extend_lives(alc_plan *plan)
{
    int64_t last = plan->step_count - 1;
    alc_status status = ALC_OK;
    for (int64_t i = 0; i < plan->tensor_count && status == ALC_OK; i++) {
        const alc_plan_tensor *t = &plan->tensors[i];
        if (!t->source || (t->producer >= 0 && !t->kept))
            continue;
        status = use_value(plan, i, last);
        if (status == ALC_OK && t->producer < 0) {
            status = use_value(plan, i, 0);
            if (plan->options.input_gradients && t->gradient >= 0)
                use(plan, t->gradient, last);
        }
    }
    return status;
}

/* Undoes an earlier schedule. */
static void clear_schedule(alc_plan *plan)
{
    plan->buffer_count = 0;
    plan->step_count = 0;
    for (int64_t t = 0; t < plan->tensor_count; t++)
        plan->tensors[t].value = plan->tensors[t].recomputed = plan->tensors[t].gradient = -1;
    for (int64_t n = 0; n < plan->node_count; n++) {
        plan->nodes[n].saved = plan->nodes[n].gradients = -1;
        plan->nodes[n].clear_count = 0;
        plan->nodes[n].average = plan->nodes[n].gated = NULL;
    }
}

alc_status alc_schedule(alc_plan *plan)
{
    schedule s = {.plan = plan};
    clear_schedule(plan);
    if (!plan->steps) /* per node: one forward, one recomputation, one backward step */
        plan->steps = alc_plan_allocate(plan, (size_t)(3 * plan->node_count), sizeof *plan->steps);
    s.has_slices = alc_allocate_array(plan->context, (size_t)plan->tensor_count, 2 * sizeof(bool), "a plan's schedule");
    if (!s.has_slices || !plan->steps) {
        alc_free(plan->context, s.has_slices);
        return ALC_OUT_OF_MEMORY;
    }
    s.gradient_written = s.has_slices + plan->tensor_count;
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        if (plan->tensors[t].source)
            s.has_slices[plan->tensors[t].root] = s.has_slices[plan->tensors[t].root] || plan->tensors[t].root != t;
    }
    alc_status status = schedule_forward(plan);
    if (status == ALC_OK)
        status = schedule_backward(&s);
    alc_free(plan->context, s.has_slices);
    return status == ALC_OK ? extend_lives(plan) : status;
}
