/* compile.c - alc_compile: checks what is asked for, then runs the passes in order. */
#include "lib/compile/compile.h"

void *alc_plan_allocate(alc_plan *plan, size_t count, size_t size)
{
    size_t bytes;
    if (!alc_multiply_sizes(count, size, &bytes)) {
        alc_fail_memory(plan->context, SIZE_MAX, "a plan");
        return NULL;
    }
    return alc_arena_allocate(&plan->memory, bytes, "a plan");
}

bool alc_wants_contiguous(const alc_plan *plan, int64_t tensor)
{
    int64_t producer = plan->tensors[tensor].producer;
    if (plan->nodes[producer].op->contiguous)
        return true;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead; i++) {
            if (node->inputs[i] == tensor && node->op->contiguous)
                return true;
        }
    }
    return false;
}

int64_t alc_count_uses(const alc_plan *plan, int64_t tensor)
{
    int64_t uses = 0;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead; i++)
            uses += node->inputs[i] == tensor;
    }
    return uses;
}

int64_t alc_single_consumer(const alc_plan *plan, int64_t tensor)
{
    int64_t consumer = -1;
    if (alc_count_uses(plan, tensor) != 1)
        return -1;
    for (int64_t n = 0; n < plan->node_count; n++) {
        const alc_plan_node *node = &plan->nodes[n];
        for (int i = 0; i < node->input_count && !node->dead; i++)
            consumer = node->inputs[i] == tensor ? n : consumer;
    }
    return consumer;
}

alc_plan_node *alc_node_before(alc_plan *plan, int64_t reader)
{
    const int64_t between = plan->nodes[reader].inputs[0], producer = plan->tensors[between].producer;
    if (producer < 0 || plan->tensors[between].kept || alc_single_consumer(plan, between) != reader)
        return NULL;
    return &plan->nodes[producer];
}

void alc_take_before(alc_plan_node *reader, alc_plan_node *before)
{
    reader->inputs[0] = before->inputs[0];
    reader->in_place_of += 1 + before->in_place_of;
    before->dead = true;
}

void alc_take_follower(alc_plan *plan, alc_plan_node *host, alc_plan_node *follower)
{
    host->outputs[0] = follower->outputs[0];
    host->differentiated = host->differentiated || follower->differentiated;
    host->in_place_of += 1 + follower->in_place_of;
    plan->tensors[host->outputs[0]].producer = host - plan->nodes;
    follower->dead = true;
}

static alc_status check_tensor(const alc_model *model, const alc_tensor *tensor, const char *what)
{
    if (!tensor || tensor->poison || tensor->model != model)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: %s is not a tensor of this model", what);
    return ALC_OK;
}

static alc_status check_given(const alc_model *model, const alc_compile_options *options)
{
    const alc_tensor *given = options->given;
    alc_status status = check_tensor(model, given, "the given tensor");
    if (status == ALC_OK && given == options->output)
        status = alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: %s is both given and the output", given->name);
    if (status == ALC_OK && given->node && given->node->output_count > 1)
        status = alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: %s is given, but its node has further outputs",
                          given->name);
    return status;
}

static alc_status check_options(const alc_model *model, const alc_compile_options *options)
{
    alc_status status = alc_model_status(model);
    if (status != ALC_OK)
        return status;
    if (options->batch < 1)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: batch is %lld; at least 1 is expected",
                        (long long)options->batch);
    if (options->mode != ALC_EVALUATE && options->mode != ALC_TRAIN)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: %d is no mode", (int)options->mode);
    if (options->kept_count < 0 || options->kept_count > ALC_MAX_KEPT)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "alc_compile: kept_count is %d; 0 to %d are possible",
                        options->kept_count, ALC_MAX_KEPT);
    status = check_tensor(model, options->output, "the output");
    for (int i = 0; i < options->kept_count && status == ALC_OK; i++)
        status = check_tensor(model, options->kept[i], "a kept tensor");
    return status == ALC_OK && options->given ? check_given(model, options) : status;
}

static alc_status run_passes(alc_plan *plan)
{
    alc_status status = alc_select_nodes(plan);
    if (status == ALC_OK)
        status = alc_mark_gradients(plan);
    if (status == ALC_OK)
        status = alc_mark_rounding(plan);
    if (status != ALC_OK)
        return status;
    alc_elide_dropout(plan);
    status = alc_fold_batch_norm(plan);
    if (status == ALC_OK)
        status = alc_fuse(plan);
    if (status == ALC_OK)
        status = alc_fuse_depthwise(plan);
    if (status == ALC_OK)
        status = alc_fuse_pool(plan);
    if (status != ALC_OK)
        return status;
    alc_place_concats(plan);
    status = alc_share_statistics(plan);
    if (status == ALC_OK)
        status = alc_store_pairs(plan);
    if (status != ALC_OK)
        return status;
    alc_pad_pixels(plan);
    status = alc_split_batch(plan);
    if (status == ALC_OK)
        status = alc_choose_kernels(plan);
    if (status == ALC_OK)
        status = alc_choose_recomputed(plan);
    return status == ALC_OK ? alc_bind_memory(plan) : status;
}

alc_status alc_compile(alc_model *model, alc_compile_options options, alc_plan **out)
{
    *out = NULL;
    alc_context *context = model->context;
    alc_status status = check_options(model, &options);
    if (status != ALC_OK)
        return status;
    alc_plan *plan = alc_allocate(context, sizeof *plan, "a plan");
    if (!plan)
        return ALC_OUT_OF_MEMORY;
    plan->context = context;
    plan->model = model;
    model->plan_count++;
    plan->options = options;
    plan->rows = options.batch;
    plan->draw.seed = alc_context_seed(context);
    alc_arena_init(&plan->memory, context);
    for (int64_t i = 0; i < model->parameter_count; i++)
        alc_parameter_initialize(model->parameters[i]);
    status = run_passes(plan);
    if (status != ALC_OK) {
        alc_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return ALC_OK;
}

void alc_plan_destroy(alc_plan *plan)
{
    if (!plan)
        return;
    alc_context *context = plan->context;
    plan->model->plan_count--;
    alc_free(context, plan->arena);
    alc_free(context, plan->derived);
    alc_free(context, plan->gradients);
    alc_free(context, plan->states);
    alc_free(context, plan->buffers);
    alc_arena_free(&plan->memory);
    alc_free(context, plan);
}
