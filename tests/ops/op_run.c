/* op_run.c - see op_run.h. What is collected is allocated outside the library's hooks, so failing allocations do not
 * touch it. */
#include "tests/ops/op_run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/graph/graph.h"

static const char *const input_names[] = {"x", "second", "label"};

void op_bits_append(op_bits *bits, const void *data, size_t bytes)
{
    if (bits->count + bytes > bits->capacity) {
        bits->capacity = 2 * (bits->count + bytes);
        bits->bytes = realloc(bits->bytes, bits->capacity);
        ck_assert_ptr_nonnull(bits->bytes);
    }
    memcpy(bits->bytes + bits->count, data, bytes);
    bits->count += bytes;
}

bool op_bits_equal(const op_bits *a, const op_bits *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

void op_bits_free(op_bits *bits)
{
    free(bits->bytes);
    *bits = (op_bits){0};
}

void op_case_fill_plan(const op_case *c, alc_plan *plan)
{
    for (size_t i = 0; i < sizeof input_names / sizeof *input_names; i++) {
        const alc_tensor *input = alc_model_find_tensor(alc_plan_model(plan), input_names[i]);
        void *values = input ? alc_plan_input(plan, input) : NULL;
        if (values)
            op_case_fill_input(c, input_names[i], alc_tensor_dtype(input),
                               alc_plan_batch(plan) * alc_shape_elements(alc_tensor_shape(input)), values);
    }
}

int64_t op_output_count(const alc_tensor *output, int64_t rows)
{
    return output->scalar ? 1 : rows * alc_shape_elements(output->shape);
}

void op_case_fill_output_gradient(alc_plan *plan, const alc_tensor *output)
{
    alc_real *gradient = alc_plan_output_gradient(plan);
    const op_case plain = {0};
    if (gradient)
        op_case_fill_input(&plain, "output gradient", ALC_REAL, op_output_count(output, alc_plan_batch(plan)),
                           gradient);
}

static void append_inputs(const alc_plan *plan, op_bits *bits)
{
    for (size_t i = 0; i < sizeof input_names / sizeof *input_names; i++) {
        const alc_tensor *input = alc_model_find_tensor(alc_plan_model(plan), input_names[i]);
        const alc_real *gradient = input ? alc_plan_input_gradient(plan, input) : NULL;
        if (gradient)
            op_bits_append(bits, gradient, (size_t)(alc_plan_batch(plan) * alc_shape_elements(alc_tensor_shape(input))) *
                                               sizeof *gradient);
    }
}

static void append_parameters(const alc_plan *plan, op_bits *bits)
{
    const alc_model *model = alc_plan_model(plan);
    for (int64_t p = 0; p < alc_model_parameter_count(model); p++) {
        const alc_parameter *parameter = alc_model_parameter(model, p);
        int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
        alc_real *values = malloc((size_t)count * sizeof *values);
        ck_assert_ptr_nonnull(values);
        if (alc_parameter_trainable(parameter))
            ck_assert_int_eq(alc_plan_read_gradient(plan, parameter, values), ALC_OK);
        else
            alc_parameter_read(parameter, values);
        op_bits_append(bits, values, (size_t)count * sizeof *values);
        free(values);
    }
}

static alc_status train(const op_case *c, alc_model *model, alc_tensor *output, op_bits *bits)
{
    alc_plan *plan = NULL;
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = op_case_batch(c), .output = output,
                                   .input_gradients = true};
    alc_status status = alc_compile(model, options, &plan);
    if (status != ALC_OK)
        return status;
    op_case_fill_plan(c, plan);
    alc_plan_set_draw(plan, 2, 5);
    status = alc_forward(plan);
    op_case_fill_output_gradient(plan, output);
    if (status == ALC_OK)
        status = alc_backward(plan);
    if (status == ALC_OK) {
        int64_t count = op_output_count(output, op_case_batch(c));
        op_bits_append(bits, alc_plan_values(plan, output), (size_t)count * sizeof(alc_real));
        append_inputs(plan, bits);
        append_parameters(plan, bits);
    }
    alc_plan_destroy(plan);
    return status;
}

static alc_status evaluate(const op_case *c, alc_model *model, alc_tensor *output, op_bits *bits)
{
    alc_plan *plan = NULL;
    alc_compile_options options = {.batch = op_case_batch(c), .output = output};
    alc_status status = alc_compile(model, options, &plan);
    if (status != ALC_OK)
        return status;
    op_case_fill_plan(c, plan);
    status = alc_forward(plan);
    if (status == ALC_OK)
        op_bits_append(bits, alc_plan_values(plan, output),
                       (size_t)op_output_count(output, op_case_batch(c)) * sizeof(alc_real));
    alc_plan_destroy(plan);
    return status;
}

alc_status op_case_run(const op_case *c, alc_context *context, op_bits *bits)
{
    alc_model *model = NULL;
    alc_status status = alc_model_create(context, &model);
    if (status != ALC_OK)
        return status;
    alc_tensor *output = op_case_build(c, model);
    status = alc_model_status(model);
    if (status == ALC_OK) {
        op_case_fill_parameters(model);
        status = train(c, model, output, bits);
    }
    if (status == ALC_OK)
        status = evaluate(c, model, output, bits);
    alc_model_destroy(model);
    return status;
}

alc_context *op_context(alc_isa isa, int threads, alc_precision precision)
{
    alc_context *context = NULL;
    alc_status status = alc_context_create(
        (alc_context_options){.threads = threads, .isa = isa, .seed = 11, .precision = precision}, &context);
    ck_assert_msg(status == ALC_OK || status == ALC_UNSUPPORTED, "no context: %s", alc_status_name(status));
    return context;
}
