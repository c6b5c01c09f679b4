/* gradcheck.c - gradients against central differences. It is slow on purpose: two forward runs for each value, so that
 * nothing of the machinery it judges is used to judge it. */
#include "alcor/gradcheck.h"

#include <math.h>
#include <string.h>

#include "lib/compile/plan.h"

#define DOUBLE_BUILD (sizeof(alc_real) == sizeof(double))

typedef struct checker {
    alc_context *context;
    alc_model *model;
    alc_plan *plan;
    alc_gradcheck_options options;
    int64_t output_count;     /* values of the output in a whole batch */
    alc_real *projection;     /* one per value; NULL for a scalar */
    alc_real *analytic;       /* gradients of one tensor */
    alc_real *kept_state;     /* the model's state, to be put back */
    alc_gradcheck_result *result;
} checker;

static void set_defaults(alc_gradcheck_options *o)
{
    if (o->batch == 0)
        o->batch = 3;
    if (o->epsilon == 0)
        o->epsilon = DOUBLE_BUILD ? 1e-6 : 1e-3;
    if (o->relative_tolerance == 0)
        o->relative_tolerance = DOUBLE_BUILD ? 1e-5 : 3e-2;
    if (o->absolute_tolerance == 0)
        o->absolute_tolerance = DOUBLE_BUILD ? 1e-7 : 2e-3;
    if (o->values_per_tensor == 0)
        o->values_per_tensor = 24;
    if (o->classes == 0)
        o->classes = 2;
}

static alc_random_key key_for(const checker *c, const char *what)
{
    return (alc_random_key){.seed = c->options.seed, .stream = alc_mix(alc_hash_text("gradcheck"), alc_hash_text(what))};
}

static bool is_checked_input(const checker *c, const alc_tensor *tensor)
{
    return tensor->node == NULL && !tensor->poison && alc_plan_input(c->plan, tensor) != NULL;
}

static int64_t input_count(const checker *c, const alc_tensor *tensor)
{
    return c->options.batch * alc_shape_elements(tensor->shape);
}

static void fill_inputs(const checker *c)
{
    for (int64_t t = 0; t < c->model->tensor_count; t++) {
        const alc_tensor *tensor = c->model->tensors[t];
        if (!is_checked_input(c, tensor))
            continue;
        void *values = alc_plan_input(c->plan, tensor);
        const int64_t count = input_count(c, tensor);
        const alc_random_key key = key_for(c, tensor->name);
        if (c->options.fill) {
            c->options.fill(c->options.fill_user, tensor, values, count);
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            if (tensor->dtype == ALC_I32)
                ((int32_t *)values)[i] = (int32_t)alc_random_below(key, (uint64_t)i, (uint64_t)c->options.classes);
            else
                ((alc_real *)values)[i] = (alc_real)(2 * alc_random_uniform(key, (uint64_t)i) - 1);
        }
    }
}

/* The projected output of one forward run. */
static alc_status run_forward(const checker *c, double *value)
{
    const alc_status status = alc_forward(c->plan);
    if (status)
        return status;
    const alc_real *output = alc_plan_values(c->plan, c->options.output);
    double sum = 0;
    for (int64_t i = 0; i < c->output_count; i++)
        sum += (double)output[i] * (c->projection ? (double)c->projection[i] : 1);
    if (!isfinite(sum))
        return alc_fail(c->context, ALC_NOT_FINITE, "gradient check: the output %s is not finite",
                        c->options.output->name);
    *value = sum;
    return ALC_OK;
}

static alc_status run_backward(const checker *c)
{
    double ignored;
    const alc_status status = run_forward(c, &ignored);
    if (status)
        return status;
    alc_real *gradient = alc_plan_output_gradient(c->plan);
    if (gradient && c->projection)
        memcpy(gradient, c->projection, (size_t)c->output_count * sizeof *gradient);
    alc_zero_gradients(c->plan);
    return alc_backward(c->plan);
}

static void judge(const checker *c, const char *name, int64_t index, double analytic, double numeric)
{
    alc_gradcheck_result *r = c->result;
    const double size = fmax(fabs(analytic), fabs(numeric)), error = fabs(analytic - numeric);
    const double tolerance = c->options.absolute_tolerance + c->options.relative_tolerance * size;
    const bool passed = error <= tolerance; /* false for NaN */
    r->checked++;
    r->failed += !passed;
    const double worst = isnan(error) ? INFINITY : error / tolerance;
    if (worst <= r->worst && r->checked > 1)
        return;
    r->worst = worst;
    r->relative_error = size > 0 ? error / size : 0;
    r->analytic = analytic;
    r->numeric = numeric;
    r->name = name;
    r->index = index;
}

/* Checks values of one tensor; `positions` maps PyTorch's order to memory (NULL: the same), `parameter` is told of every
 * write. */
static alc_status check_values(const checker *c, const char *name, alc_real *values, int64_t count,
                               alc_parameter *parameter)
{
    const int64_t limit = c->options.values_per_tensor, checks = count < limit ? count : limit;
    for (int64_t k = 0; k < checks; k++) {
        const int64_t index = count <= limit ? k : k * (count / checks) + k * (count % checks) / checks;
        alc_real *value = &values[parameter ? alc_layout_position(&parameter->spec, index) : index];
        const alc_real original = *value;
        double results[2];
        alc_real moved[2];
        alc_status status = ALC_OK;
        for (int side = 0; side < 2 && status == ALC_OK; side++) {
            moved[side] = (alc_real)((double)original + (side ? -1 : 1) * c->options.epsilon);
            *value = moved[side];
            if (parameter)
                alc_parameter_written(parameter);
            status = run_forward(c, &results[side]);
        }
        *value = original;
        if (parameter)
            alc_parameter_written(parameter);
        if (status)
            return status;
        const double step = (double)moved[0] - (double)moved[1];
        judge(c, name, index, (double)c->analytic[index], (results[0] - results[1]) / step);
    }
    return ALC_OK;
}

static alc_status check_inputs(const checker *c)
{
    for (int64_t t = 0; t < c->model->tensor_count; t++) {
        const alc_tensor *tensor = c->model->tensors[t];
        if (!is_checked_input(c, tensor) || tensor->dtype != ALC_REAL)
            continue;
        alc_status status = run_backward(c);
        if (status)
            return status;
        const alc_real *gradient = alc_plan_input_gradient(c->plan, tensor);
        const int64_t count = input_count(c, tensor);
        if (!gradient)
            continue; /* the output does not depend on it */
        memcpy(c->analytic, gradient, (size_t)count * sizeof *gradient);
        status = check_values(c, tensor->name, alc_plan_input(c->plan, tensor), count, NULL);
        if (status)
            return status;
    }
    return ALC_OK;
}

static alc_status check_parameters(const checker *c)
{
    for (int64_t p = 0; p < c->model->parameter_count; p++) {
        alc_parameter *parameter = c->model->parameters[p];
        if (!alc_plan_gradient_of(c->plan, parameter))
            continue;
        alc_status status = run_backward(c);
        if (status == ALC_OK)
            status = alc_plan_read_gradient(c->plan, parameter, c->analytic);
        if (status == ALC_OK)
            status = check_values(c, parameter->name, parameter->value, parameter->count, parameter);
        if (status)
            return status;
    }
    return ALC_OK;
}

/* Copies the model's state (running statistics) out of it, or back. */
static void move_state(const checker *c, bool back)
{
    alc_real *kept = c->kept_state;
    for (int64_t p = 0; p < c->model->parameter_count; p++) {
        alc_parameter *parameter = c->model->parameters[p];
        if (!parameter->spec.state)
            continue;
        const size_t bytes = (size_t)parameter->count * sizeof *kept;
        if (back) {
            memcpy(parameter->value, kept, bytes);
            alc_parameter_written(parameter);
        } else {
            memcpy(kept, parameter->value, bytes);
        }
        kept += parameter->count;
    }
}

static alc_status allocate(checker *c)
{
    int64_t largest = 1, state = 0;
    for (int64_t p = 0; p < c->model->parameter_count; p++) {
        const alc_parameter *parameter = c->model->parameters[p];
        largest = parameter->count > largest ? parameter->count : largest;
        state += parameter->spec.state ? parameter->count : 0;
    }
    for (int64_t t = 0; t < c->model->tensor_count; t++)
        if (is_checked_input(c, c->model->tensors[t]) && input_count(c, c->model->tensors[t]) > largest)
            largest = input_count(c, c->model->tensors[t]);
    c->analytic = alc_allocate_array(c->context, (size_t)largest, sizeof(alc_real), "a gradient check");
    c->kept_state = alc_allocate_array(c->context, (size_t)state, sizeof(alc_real), "a gradient check");
    if (!c->analytic || !c->kept_state)
        return ALC_OUT_OF_MEMORY;
    c->output_count = 1;
    if (c->options.output->scalar)
        return ALC_OK;
    c->output_count = c->options.batch * alc_shape_elements(c->options.output->shape);
    c->projection = alc_allocate_array(c->context, (size_t)c->output_count, sizeof(alc_real), "a gradient check");
    if (!c->projection)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < c->output_count; i++)
        c->projection[i] = (alc_real)(2 * alc_random_uniform(key_for(c, " projection"), (uint64_t)i) - 1);
    return ALC_OK;
}

alc_status alc_gradcheck(alc_model *model, alc_gradcheck_options options, alc_gradcheck_result *result)
{
    alc_context *context = alc_model_context(model);
    *result = (alc_gradcheck_result){.name = ""};
    set_defaults(&options);
    if (options.batch < 1 || !(options.epsilon > 0) || options.values_per_tensor < 1 || options.classes < 1)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "gradient check: batch, epsilon, values_per_tensor and "
                        "classes must be above 0");
    checker c = {.context = context, .model = model, .options = options, .result = result};
    alc_status status = alc_compile(model,
                                    (alc_compile_options){.mode = ALC_TRAIN,
                                                          .batch = options.batch,
                                                          .output = options.output,
                                                          .input_gradients = !options.parameters_only},
                                    &c.plan);
    if (status)
        return status;
    status = allocate(&c);
    if (status == ALC_OK) {
        move_state(&c, false);
        fill_inputs(&c);
        if (!options.parameters_only)
            status = check_inputs(&c);
        if (status == ALC_OK)
            status = check_parameters(&c);
        move_state(&c, true);
    }
    alc_free(context, c.projection);
    alc_free(context, c.kept_state);
    alc_free(context, c.analytic);
    alc_plan_destroy(c.plan);
    return status;
}
