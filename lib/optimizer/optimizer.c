/* optimizer.c - optimizers: which parameters, their tensors, clipping and groups. The arithmetic of one tensor's step is
 * in kernels; learning rates over time are schedule.c's. */
#include <math.h>
#include <string.h>

#include "lib/optimizer/optimizer_state.h"
#include "lib/optimizer/optimizer_update.h"
#include "lib/optimizer/power.h"
#include "lib/compile/plan.h"

/* Values that one partial sum of the gradients' norm covers: see sum_of_squares in kernels/kernels.h. */
#define NORM_CHUNK 4096

typedef struct optimizer_entry {
    alc_parameter *parameter;
    const alc_real *gradient;  /* of the plan at hand, set at the start of a step */
    alc_real *first, *second;  /* momentum or first moment; second moment; NULL where the kind has none */
    double learning_rate_factor, weight_decay_factor;
} optimizer_entry;

struct alc_optimizer {
    alc_context *context;
    alc_model *model;
    alc_optimizer_options options; /* defaults filled in; groups are applied and not kept */
    int64_t entry_count;
    optimizer_entry *entries;
    alc_real *state;               /* every tensor, one block */
    double *norm_scratch;
    int64_t steps;
    double gradient_norm;
};

static bool outside(double value, double low, double high)
{
    return !(value >= low && value < high);
}

static alc_status check_options(alc_context *context, alc_optimizer_options *o)
{
    if (o->beta1 == 0)
        o->beta1 = 0.9;
    if (o->beta2 == 0)
        o->beta2 = 0.999;
    if (o->epsilon == 0)
        o->epsilon = 1e-8;
    const char *wrong = NULL;
    if (o->kind != ALC_SGD && o->kind != ALC_ADAM && o->kind != ALC_ADAMW)
        wrong = "the kind is none of ALC_SGD, ALC_ADAM, ALC_ADAMW";
    else if (outside(o->learning_rate, 0, INFINITY) || o->learning_rate == 0)
        wrong = "the learning rate must be a number above 0";
    else if (outside(o->weight_decay, 0, INFINITY))
        wrong = "the weight decay must be a number of at least 0";
    else if (outside(o->momentum, 0, 1) || outside(o->beta1, 0, 1) || outside(o->beta2, 0, 1))
        wrong = "momentum and betas must be at least 0 and below 1";
    else if (outside(o->epsilon, 0, INFINITY) || outside(o->clip_norm, 0, INFINITY))
        wrong = "epsilon and clip_norm must be numbers of at least 0";
    else if (o->nesterov && o->momentum == 0)
        wrong = "Nesterov's step needs a momentum";
    for (int i = 0; i < o->group_count && !wrong; i++)
        if (outside(o->groups[i].learning_rate_factor, 0, INFINITY) ||
            outside(o->groups[i].weight_decay_factor, 0, INFINITY))
            wrong = "a group's factors must be numbers of at least 0";
    return wrong ? alc_fail(context, ALC_INVALID_ARGUMENT, "optimizer: %s", wrong) : ALC_OK;
}

static bool has_first(const alc_optimizer_options *o)
{
    return o->kind != ALC_SGD || o->momentum > 0;
}

static bool has_second(const alc_optimizer_options *o)
{
    return o->kind != ALC_SGD;
}

static alc_status apply_groups(alc_optimizer *optimizer, const alc_optimizer_options *o)
{
    for (int64_t i = 0; i < optimizer->entry_count; i++) {
        optimizer->entries[i].learning_rate_factor = 1;
        optimizer->entries[i].weight_decay_factor = 1;
    }
    for (int g = 0; g < o->group_count; g++) {
        bool matched = false;
        for (int64_t i = 0; i < optimizer->entry_count; i++) {
            optimizer_entry *entry = &optimizer->entries[i];
            if (!alc_name_has_prefix(entry->parameter->name, o->groups[g].prefix))
                continue;
            matched = true;
            entry->learning_rate_factor = o->groups[g].learning_rate_factor;
            entry->weight_decay_factor = o->groups[g].weight_decay_factor;
        }
        if (!matched)
            return alc_fail(optimizer->context, ALC_NOT_FOUND, "optimizer: no trained parameter starts with '%s'",
                            o->groups[g].prefix);
    }
    return ALC_OK;
}

/* Entries for what is trainable now; adds their values to *values, and finds the most of one. */
static alc_status collect_entries(alc_optimizer *optimizer, size_t *values, int64_t *largest)
{
    alc_model *model = optimizer->model;
    int64_t count = 0;
    for (int64_t i = 0; i < model->parameter_count; i++)
        count += model->parameters[i]->trainable;
    if (count == 0)
        return alc_fail(optimizer->context, ALC_INVALID_ARGUMENT, "optimizer: the model has no trainable parameter");
    optimizer->entries =
        alc_allocate_array(optimizer->context, (size_t)count, sizeof *optimizer->entries, "an optimizer");
    if (!optimizer->entries)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < model->parameter_count; i++) {
        alc_parameter *parameter = model->parameters[i];
        if (!parameter->trainable)
            continue;
        optimizer->entries[optimizer->entry_count++].parameter = parameter;
        *values += (size_t)parameter->count; /* cannot overflow: the model holds that many */
        if (parameter->count > *largest)
            *largest = parameter->count;
    }
    return ALC_OK;
}

size_t alc_optimizer_bytes(const alc_model *model, alc_optimizer_options options)
{
    return (size_t)alc_model_trainable_values(model) * ((size_t)has_first(&options) + (size_t)has_second(&options)) *
           sizeof(alc_real);
}

static alc_status allocate_state(alc_optimizer *optimizer, size_t values, int64_t largest)
{
    alc_context *context = optimizer->context;
    const alc_optimizer_options *o = &optimizer->options;
    const size_t tensors = (size_t)has_first(o) + (size_t)has_second(o);
    optimizer->state = alc_allocate_array(context, values, tensors * sizeof(alc_real), "an optimizer's tensors");
    optimizer->norm_scratch = alc_allocate_array(context, (size_t)(largest / NORM_CHUNK + 1), sizeof(double),
                                                 "a gradient's norm");
    if (!optimizer->state || !optimizer->norm_scratch)
        return ALC_OUT_OF_MEMORY;
    alc_real *next = optimizer->state;
    for (int64_t i = 0; i < optimizer->entry_count; i++) {
        optimizer_entry *entry = &optimizer->entries[i];
        if (has_first(o)) {
            entry->first = next;
            next += entry->parameter->count;
        }
        if (has_second(o)) {
            entry->second = next;
            next += entry->parameter->count;
        }
    }
    return ALC_OK;
}

alc_status alc_optimizer_create(alc_model *model, alc_optimizer_options options, alc_optimizer **optimizer)
{
    *optimizer = NULL;
    alc_context *context = alc_model_context(model);
    alc_status status = check_options(context, &options);
    if (status)
        return status;
    alc_optimizer *made = alc_allocate(context, sizeof *made, "an optimizer");
    if (!made)
        return ALC_OUT_OF_MEMORY;
    made->context = context;
    made->model = model;
    made->options = options;
    made->options.groups = NULL;
    made->options.group_count = 0;
    size_t values = 0;
    int64_t largest = 0;
    status = collect_entries(made, &values, &largest);
    if (status == ALC_OK)
        status = apply_groups(made, &options);
    if (status == ALC_OK)
        status = allocate_state(made, values, largest);
    if (status) {
        alc_optimizer_destroy(made);
        return status;
    }
    *optimizer = made;
    return ALC_OK;
}

void alc_optimizer_destroy(alc_optimizer *optimizer)
{
    if (!optimizer)
        return;
    alc_free(optimizer->context, optimizer->norm_scratch);
    alc_free(optimizer->context, optimizer->state);
    alc_free(optimizer->context, optimizer->entries);
    alc_free(optimizer->context, optimizer);
}

/* Finds each entry's gradient in the plan, before anything is changed. */
static alc_status bind_gradients(alc_optimizer *optimizer, const alc_plan *plan)
{
    if (plan->model != optimizer->model)
        return alc_fail(optimizer->context, ALC_MISMATCH, "optimizer: the plan belongs to another model");
    if (plan->slot_count != optimizer->entry_count)
        return alc_fail(optimizer->context, ALC_MISMATCH,
                        "optimizer: the plan trains %lld parameters, the optimizer was made for %lld",
                        (long long)plan->slot_count, (long long)optimizer->entry_count);
    for (int64_t i = 0; i < optimizer->entry_count; i++) {
        optimizer_entry *entry = &optimizer->entries[i];
        entry->gradient = alc_plan_gradient_of(plan, entry->parameter);
        if (!entry->gradient)
            return alc_fail(optimizer->context, ALC_MISMATCH, "optimizer: the plan has no gradient of %s",
                            entry->parameter->name);
    }
    return ALC_OK;
}

/* The factor that all gradients get, 1 at first: below 1 where their norm is above the limit (torch.nn.utils.clip_grad_norm_). */
static alc_status clip(alc_optimizer *optimizer, double *scale)
{
    if (optimizer->options.clip_norm == 0)
        return ALC_OK;
    const alck_table *kernels = alc_context_kernels(optimizer->context);
    const alck_parallel parallel = alc_context_parallel(optimizer->context);
    double sum = 0;
    for (int64_t i = 0; i < optimizer->entry_count; i++) {
        const optimizer_entry *entry = &optimizer->entries[i];
        sum += kernels->sum_of_squares(&parallel, entry->parameter->count, entry->gradient, optimizer->norm_scratch);
    }
    const double norm = sqrt(sum);
    if (!isfinite(norm))
        return alc_fail(optimizer->context, ALC_NOT_FINITE, "optimizer: the norm of the gradients is not finite");
    optimizer->gradient_norm = norm;
    const double factor = optimizer->options.clip_norm / (norm + 1e-6);
    if (factor < 1)
        *scale = factor;
    return ALC_OK;
}

static void update(alc_optimizer *optimizer, const optimizer_entry *entry, double scale)
{
    const alck_table *kernels = alc_context_kernels(optimizer->context);
    const alck_parallel parallel = alc_context_parallel(optimizer->context);
    const alc_optimizer_options *o = &optimizer->options;
    const alck_optimizer_step step = {
        .count = entry->parameter->count,
        .weight = entry->parameter->value,
        .gradient = entry->gradient,
        .first = entry->first,
        .second = entry->second,
        .gradient_scale = scale,
        .learning_rate = o->learning_rate * entry->learning_rate_factor,
        .weight_decay = o->weight_decay * entry->weight_decay_factor,
        .momentum = o->momentum,
        .nesterov = o->nesterov,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .epsilon = o->epsilon,
        .correction1 = 1 - alc_power(o->beta1, optimizer->steps),
        .correction2 = 1 - alc_power(o->beta2, optimizer->steps),
        .decoupled = o->kind == ALC_ADAMW,
    };
    if (o->kind == ALC_SGD)
        kernels->sgd_step(&parallel, &step);
    else
        kernels->adam_step(&parallel, &step);
    alc_parameter_written(entry->parameter);
}

alc_status alc_optimizer_step(alc_optimizer *optimizer, alc_plan *plan)
{
    double scale = 1;
    if (plan->options.update_in_backward)
        return alc_fail(optimizer->context, ALC_INVALID_ARGUMENT, "optimizer: the plan's parameters are updated in backward, "
                        "which alc_train_step does");
    alc_status status = bind_gradients(optimizer, plan);
    if (status == ALC_OK)
        status = clip(optimizer, &scale);
    if (status)
        return status;
    optimizer->steps++;
    for (int64_t i = 0; i < optimizer->entry_count; i++)
        update(optimizer, &optimizer->entries[i], scale);
    return ALC_OK;
}

alc_status alc_optimizer_begin(alc_optimizer *optimizer, const alc_plan *plan)
{
    if (optimizer->options.clip_norm > 0)
        return alc_fail(optimizer->context, ALC_INVALID_ARGUMENT, "optimizer: clip_norm needs all gradients together, and the "
                        "plan updates parameters in backward");
    const alc_status status = bind_gradients(optimizer, plan);
    if (status == ALC_OK)
        optimizer->steps++;
    return status;
}

void alc_optimizer_update(alc_optimizer *optimizer, const alc_parameter *parameter)
{
    for (int64_t i = 0; i < optimizer->entry_count; i++) {
        if (optimizer->entries[i].parameter == parameter)
            update(optimizer, &optimizer->entries[i], 1);
    }
}

void alc_optimizer_set_learning_rate(alc_optimizer *optimizer, double learning_rate)
{
    optimizer->options.learning_rate = learning_rate;
}

double alc_optimizer_learning_rate(const alc_optimizer *optimizer)
{
    return optimizer->options.learning_rate;
}

int64_t alc_optimizer_steps(const alc_optimizer *optimizer)
{
    return optimizer->steps;
}

double alc_optimizer_gradient_norm(const alc_optimizer *optimizer)
{
    return optimizer->gradient_norm;
}

/* ---- for checkpoints: optimizer_state.h ---- */

int64_t alc_optimizer_tensor_count(const alc_optimizer *optimizer)
{
    return optimizer->entry_count * ((int64_t)has_first(&optimizer->options) + has_second(&optimizer->options));
}

alc_optimizer_tensor alc_optimizer_tensor_at(alc_optimizer *optimizer, int64_t index)
{
    const int64_t each = (int64_t)has_first(&optimizer->options) + has_second(&optimizer->options);
    const optimizer_entry *entry = &optimizer->entries[index / each];
    const bool second = index % each == 1;
    const char *role = second ? "second_moment" : optimizer->options.kind == ALC_SGD ? "momentum" : "first_moment";
    return (alc_optimizer_tensor){.parameter = entry->parameter,
                                  .role = role,
                                  .values = second ? entry->second : entry->first,
                                  .count = entry->parameter->count};
}

void alc_optimizer_set_steps(alc_optimizer *optimizer, int64_t steps)
{
    optimizer->steps = steps;
}

const char *alc_optimizer_kind_name(const alc_optimizer *optimizer)
{
    switch (optimizer->options.kind) {
    case ALC_ADAM:
        return "adam";
    case ALC_ADAMW:
        return "adamw";
    case ALC_SGD:
    default:
        return "sgd";
    }
}
