/* tests/support/plan_fixture.c - see plan_fixture.h. */
#include "support/plan_fixture.h"

#include <check.h>
#include <string.h>

void plan_fixture_begin(plan_fixture *f)
{
    plan_fixture_begin_with(f, ALC_PRECISION_DEFAULT);
}

void plan_fixture_begin_with(plan_fixture *f, alc_precision precision)
{
    f->plan = NULL;
    failing_hooks_init(&f->hooks);
    f->context = failing_hooks_context_of(&f->hooks, (alc_context_options){.threads = 2, .precision = precision});
    ck_assert_int_eq(alc_model_create(f->context, &f->model), ALC_OK);
}

void plan_fixture_compile(plan_fixture *f, alc_compile_options options)
{
    alc_plan_destroy(f->plan);
    alc_status status = alc_compile(f->model, options, &f->plan);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(f->context));
}

void plan_fixture_refused(plan_fixture *f, alc_compile_options options, alc_status status, const char *sentence)
{
    alc_plan *plan = NULL;
    int64_t outstanding = f->hooks.bytes_outstanding;
    ck_assert_int_eq(alc_compile(f->model, options, &plan), status);
    ck_assert_ptr_null(plan);
    ck_assert_msg(strcmp(alc_error_message(f->context), sentence) == 0, "'%s', expected '%s'",
                  alc_error_message(f->context), sentence);
    ck_assert_int_eq(f->hooks.bytes_outstanding, outstanding);
}

void plan_fixture_end(plan_fixture *f)
{
    alc_plan_destroy(f->plan);
    alc_model_destroy(f->model);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
}

const alc_plan_node *plan_node(const alc_plan *plan, const char *name)
{
    for (int64_t n = 0; n < plan->node_count; n++) {
        if (!plan->nodes[n].dead && strcmp(plan->nodes[n].name, name) == 0)
            return &plan->nodes[n];
    }
    return NULL;
}

int plan_live_nodes(const alc_plan *plan)
{
    int count = 0;
    for (int64_t n = 0; n < plan->node_count; n++)
        count += !plan->nodes[n].dead;
    return count;
}

int plan_steps(const alc_plan *plan, const char *name, alc_step_kind kind)
{
    int count = 0;
    for (int64_t i = 0; i < plan->step_count; i++)
        count += plan->steps[i].kind == kind && strcmp(plan->nodes[plan->steps[i].node].name, name) == 0;
    return count;
}

void fill_reals(alc_real *values, int64_t count, uint64_t number)
{
    for (int64_t i = 0; i < count; i++)
        values[i] = (alc_real)(2 * alc_random_uniform((alc_random_key){number, 1}, (uint64_t)i) - 1);
}

void fill_model(alc_model *model, uint64_t number)
{
    for (int64_t p = 0; p < model->parameter_count; p++) {
        alc_parameter *parameter = model->parameters[p];
        size_t length = strlen(parameter->name);
        bool variance = length > 11 && strcmp(parameter->name + length - 11, "running_var") == 0;
        fill_reals(parameter->value, parameter->count, alc_mix(number, alc_hash_text(parameter->name)));
        for (int64_t i = 0; variance && i < parameter->count; i++)
            parameter->value[i] = 1 + parameter->value[i] / 2;
        alc_parameter_written(parameter);
    }
}

void fill_plan(alc_plan *plan, uint64_t number, int classes)
{
    const alc_model *model = plan->model;
    for (int64_t t = 0; t < model->tensor_count; t++) {
        const alc_tensor *input = model->tensors[t];
        void *values = input->node ? NULL : alc_plan_input(plan, input);
        int64_t count = alc_plan_batch(plan) * alc_shape_elements(input->shape);
        alc_random_key key = {number, alc_hash_text(input->name)};
        if (values && input->dtype == ALC_REAL)
            fill_reals(values, count, alc_mix(number, key.stream));
        for (int64_t i = 0; values && input->dtype == ALC_I32 && i < count; i++)
            ((int32_t *)values)[i] = (int32_t)alc_random_below(key, (uint64_t)i, (uint64_t)classes);
    }
}

const alc_real *plan_fixture_run(plan_fixture *f, alc_compile_options options, int kept_count, alc_tensor *const *kept)
{
    options.kept_count = kept_count;
    for (int i = 0; i < kept_count; i++)
        options.kept[i] = kept[i];
    plan_fixture_compile(f, options);
    fill_model(f->model, 7);
    fill_plan(f->plan, 1, 1);
    ck_assert_int_eq(alc_forward(f->plan), ALC_OK);
    return alc_plan_values(f->plan, options.output);
}

void plan_fixture_backward(plan_fixture *f, const char *const *names, int count, alc_real *gradients, int64_t pitch)
{
    fill_reals(alc_plan_output_gradient(f->plan), alc_plan_batch(f->plan) * alc_shape_elements(f->plan->options.output->shape), 4);
    ck_assert_int_eq(alc_backward(f->plan), ALC_OK);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(alc_plan_read_gradient(f->plan, alc_model_find_parameter(f->model, names[i]), gradients + i * pitch), ALC_OK);
}
