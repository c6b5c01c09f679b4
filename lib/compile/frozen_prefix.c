/* frozen_prefix.c - how far a model's values are a constant of the image while it is trained.
 *
 * The rules are mark_gradients.c's and batch_norm.c's, applied to the graph itself, since the answer is needed before there is a
 * plan. A single tensor is wanted: what follows then needs nothing else of the image. */
#include "lib/compile/compile.h"

typedef struct prefix {
    const alc_model *model;
    const alc_tensor *image, *output;
    bool *needed;    /* per tensor: the output depends on it */
    bool *constant;  /* per tensor: frozen nodes make it of the image alone */
    bool *reached;   /* per tensor: the image has a part in it that does not pass through the candidate */
} prefix;

/* A node with parameters of which none is trained, or without any behind some: then dropout is off, too. Everything else could be
 * drawn anew in every step. */
static bool is_frozen(const alc_node *node, const bool *with_parameters)
{
    bool before = false;
    for (int i = 0; i < node->parameter_count; i++) {
        if (node->parameters[i]->trainable)
            return false;
    }
    for (int i = 0; i < node->input_count; i++)
        before = before || with_parameters[node->inputs[i]->id];
    if (node->op == &alc_op_batch_norm)
        return alc_batch_norm_behaviour(node->options, ALC_TRAIN, true) == ALC_NORM_RUNNING;
    return node->parameter_count > 0 || before;
}

static void mark_constant(const prefix *p, bool *with_parameters)
{
    p->constant[p->image->id] = true;
    for (int64_t n = 0; n < p->model->node_count; n++) {
        const alc_node *node = p->model->nodes[n];
        bool constant = is_frozen(node, with_parameters), parameters = node->parameter_count > 0;
        for (int i = 0; i < node->input_count; i++) {
            constant = constant && p->constant[node->inputs[i]->id];
            parameters = parameters || with_parameters[node->inputs[i]->id];
        }
        for (int i = 0; i < node->output_count; i++) {
            p->constant[node->outputs[i]->id] = constant && !node->outputs[i]->scalar;
            with_parameters[node->outputs[i]->id] = parameters;
        }
    }
}

static void mark_needed(const prefix *p)
{
    p->needed[p->output->id] = true;
    for (int64_t n = p->model->node_count - 1; n >= 0; n--) {
        const alc_node *node = p->model->nodes[n];
        bool needed = false;
        for (int i = 0; i < node->output_count; i++)
            needed = needed || p->needed[node->outputs[i]->id];
        for (int i = 0; i < node->input_count && needed; i++)
            p->needed[node->inputs[i]->id] = true;
    }
}

/* Whether nothing that is not constant reads the image but through the candidate. */
static bool passes_all(const prefix *p, const alc_tensor *candidate)
{
    for (int64_t t = 0; t < p->model->tensor_count; t++)
        p->reached[t] = p->model->tensors[t] == p->image;
    for (int64_t n = 0; n < p->model->node_count; n++) {
        const alc_node *node = p->model->nodes[n];
        bool reached = false;
        for (int i = 0; i < node->input_count; i++)
            reached = reached || p->reached[node->inputs[i]->id];
        for (int i = 0; i < node->output_count && reached; i++) {
            const alc_tensor *output = node->outputs[i];
            if (p->needed[output->id] && !p->constant[output->id])
                return false;
            p->reached[output->id] = output != candidate;
        }
    }
    return !p->reached[p->output->id];
}

static alc_tensor *find_last(const prefix *p)
{
    for (int64_t n = p->model->node_count - 1; n >= 0; n--) {
        const alc_node *node = p->model->nodes[n];
        alc_tensor *candidate = node->outputs[0];
        if (node->output_count == 1 && candidate != p->output && p->needed[candidate->id] && p->constant[candidate->id] &&
            candidate->dtype == ALC_REAL && passes_all(p, candidate))
            return candidate;
    }
    return NULL;
}

alc_status alc_frozen_prefix(const alc_model *model, const alc_tensor *image, const alc_tensor *output, alc_tensor **last)
{
    *last = NULL;
    if (!image || !output || image->model != model || output->model != model || image->poison || output->poison)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_frozen_prefix: image and output must be tensors of this model");
    const size_t count = (size_t)model->tensor_count;
    bool *flags = alc_allocate_array(model->context, 4 * count, sizeof(bool), "the frozen part of a model");
    if (!flags)
        return ALC_OUT_OF_MEMORY;
    const prefix p = {.model = model, .image = image, .output = output, .needed = flags, .constant = flags + count,
                      .reached = flags + 2 * count};
    mark_constant(&p, flags + 3 * count);
    mark_needed(&p);
    *last = find_last(&p);
    alc_free(model->context, flags);
    return ALC_OK;
}
