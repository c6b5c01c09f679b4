/* test_gradcheck_double.c - the gradient check itself: it passes right gradients and finds wrong ones, by name. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/gradcheck.h"
#include "alcor/layers.h"
#include "alcor/op.h"
#include "support/run_tests.h"

static alc_context *context;
static alc_model *model;

static void setup(void)
{
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = 3}, &context), ALC_OK);
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
}

static void teardown(void)
{
    alc_model_destroy(model);
    alc_context_destroy(context);
}

/* y = scale x with one trained scale per channel; options say what is wrong with its gradients. */
typedef struct scale_options {
    double input_error, scale_error;
} scale_options;

static alc_status scale_infer(alc_infer *i)
{
    const alc_status status = alc_infer_output(i, i->input_shapes[0], ALC_REAL);
    if (status)
        return status;
    return alc_infer_parameter(i, (alc_parameter_spec){.name = "scale",
                                                       .shape = ALC_SHAPE(i->input_shapes[0].extent[0]),
                                                       .initializer = ALC_INITIALIZE_UNIFORM,
                                                       .bound = 1});
}

static alc_status scale_prepare(alc_prepare *p)
{
    alc_prepare_keep_input(p, 0);
    return ALC_OK;
}

static alc_status scale_forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0], *y = &r->outputs[0];
    for (int64_t n = 0; n < r->rows; n++)
        for (int64_t c = 0; c < x->channels; c++)
            ((alc_real *)y->data)[n * y->stride + c] =
                r->parameters[0].value[c] * ((const alc_real *)x->data)[n * x->stride + c];
    return ALC_OK;
}

static alc_status scale_backward(const alc_run *r)
{
    const scale_options *o = r->options;
    const alc_view *x = &r->inputs[0], *dy = &r->output_gradients[0].view, *dx = &r->input_gradients[0].view;
    const alc_parameter_view *scale = &r->parameters[0];
    for (int64_t c = 0; scale->gradient && c < x->channels; c++) {
        alc_real sum = scale->add ? scale->gradient[c] : 0;
        for (int64_t n = 0; n < r->rows; n++)
            sum += ((const alc_real *)dy->data)[n * dy->stride + c] * ((const alc_real *)x->data)[n * x->stride + c];
        scale->gradient[c] = c == 2 ? sum * (alc_real)(1 + o->scale_error) : sum;
    }
    for (int64_t n = 0; dx->data && n < r->rows; n++)
        for (int64_t c = 0; c < x->channels; c++) {
            alc_real *to = (alc_real *)dx->data + n * dx->stride + c;
            const alc_real d = ((const alc_real *)dy->data)[n * dy->stride + c] * scale->value[c];
            *to = (r->input_gradients[0].add ? *to : 0) + d * (alc_real)(1 + o->input_error);
        }
    return ALC_OK;
}

static const alc_op_def scale_op = {.name = "scale",
                                    .options_size = sizeof(scale_options),
                                    .infer = scale_infer,
                                    .prepare = scale_prepare,
                                    .forward = scale_forward,
                                    .backward = scale_backward};

static alc_gradcheck_result check(scale_options options, alc_gradcheck_options how)
{
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(4));
    how.output = alc_apply(&scale_op, "wrong", &options, 1, &x);
    alc_gradcheck_result result;
    ck_assert_int_eq(alc_gradcheck(model, how, &result), ALC_OK);
    return result;
}

START_TEST(right_gradients_pass)
{
    setup();
    const alc_gradcheck_result r = check((scale_options){0}, (alc_gradcheck_options){0});
    ck_assert_int_eq(r.checked, 3 * 4 + 4);
    ck_assert_int_eq(r.failed, 0);
    ck_assert(r.worst <= 1);
    teardown();
}
END_TEST

START_TEST(wrong_parameter_gradient_is_found)
{
    setup();
    const alc_gradcheck_result r = check((scale_options){.scale_error = 1e-4}, (alc_gradcheck_options){0});
    ck_assert_int_eq(r.failed, 1);
    ck_assert_str_eq(r.name, "wrong.scale");
    ck_assert_int_eq(r.index, 2);
    ck_assert_double_eq_tol(r.relative_error, 1e-4, 1e-6);
    ck_assert(r.worst > 1);
    teardown();
}
END_TEST

START_TEST(wrong_input_gradient_is_found)
{
    setup();
    const alc_gradcheck_result r = check((scale_options){.input_error = 1e-3}, (alc_gradcheck_options){.batch = 2});
    ck_assert_int_eq(r.checked, 2 * 4 + 4);
    ck_assert_int_gt(r.failed, 0);
    ck_assert_str_eq(r.name, "x");
    teardown();
}
END_TEST

START_TEST(inputs_can_be_left_out)
{
    setup();
    const alc_gradcheck_result r =
        check((scale_options){.input_error = 1e-3}, (alc_gradcheck_options){.parameters_only = true});
    ck_assert_int_eq(r.checked, 4);
    ck_assert_int_eq(r.failed, 0);
    teardown();
}
END_TEST

START_TEST(few_values_of_large_tensors)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(50));
    alc_tensor *y = alc_dense(x, (alc_dense_options){.name = "d", .units = 40});
    alc_gradcheck_result r;
    ck_assert_int_eq(alc_gradcheck(model, (alc_gradcheck_options){.output = y, .values_per_tensor = 7}, &r), ALC_OK);
    ck_assert_int_eq(r.checked, 3 * 7);
    ck_assert_int_eq(r.failed, 0);
    teardown();
}
END_TEST

START_TEST(parameters_and_state_are_put_back)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    alc_tensor *y = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn"});
    alc_real before[4][3], after[4][3];
    for (int i = 0; i < 4; i++)
        alc_parameter_read(alc_model_parameter(model, i), before[i]);
    alc_gradcheck_result r;
    ck_assert_int_eq(alc_gradcheck(model, (alc_gradcheck_options){.output = y, .batch = 5}, &r), ALC_OK);
    ck_assert_int_eq(r.failed, 0);
    for (int i = 0; i < 4; i++)
        alc_parameter_read(alc_model_parameter(model, i), after[i]);
    ck_assert_mem_eq(before, after, sizeof before);
    teardown();
}
END_TEST

static void fill_with_nan(void *user, const alc_tensor *input, void *values, int64_t count)
{
    (void)user;
    (void)input;
    for (int64_t i = 0; i < count; i++)
        ((alc_real *)values)[i] = (alc_real)NAN;
}

START_TEST(what_cannot_be_checked_fails)
{
    setup();
    alc_tensor *x = alc_input(model, "x", ALC_REAL, ALC_SHAPE(3));
    alc_tensor *y = alc_relu(alc_dense(x, (alc_dense_options){.name = "d", .units = 2}));
    alc_gradcheck_result r;
    ck_assert_int_eq(alc_gradcheck(model, (alc_gradcheck_options){.output = y, .batch = -1}, &r),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_gradcheck(model, (alc_gradcheck_options){.output = y, .epsilon = -1}, &r),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_gradcheck(model, (alc_gradcheck_options){.output = y, .fill = fill_with_nan}, &r),
                     ALC_NOT_FINITE);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("gradcheck", right_gradients_pass,
                     wrong_parameter_gradient_is_found,
                     wrong_input_gradient_is_found,
                     inputs_can_be_left_out,
                     few_values_of_large_tensors,
                     parameters_and_state_are_put_back,
                     what_cannot_be_checked_fails);
}
