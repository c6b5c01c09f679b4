/* activation.c - relu, relu6, sigmoid, silu, tanh: one function each way, five definitions.
 *
 * The derivative is taken from y, which neighbours usually keep anyway; silu's needs x. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    alc_status status = alc_expect_real(infer, 0);
    return status == ALC_OK ? alc_infer_output(infer, infer->input_shapes[0], ALC_REAL) : status;
}

static alc_status prepare_activation(alc_prepare *p, alck_activation activation)
{
    if (p->differentiated && activation == ALCK_SILU)
        alc_prepare_keep_input(p, 0);
    else if (p->differentiated)
        alc_prepare_keep_output(p, 0);
    alc_prepare_describe(p, "elementwise", (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static alc_status run_forward(const alc_run *r, alck_activation activation)
{
    const alc_view *x = &r->inputs[0], *y = &r->outputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->activation_forward(&parallel, activation, r->rows * alc_view_pixels(x), x->channels,
                                                        x->data, x->stride, y->data, y->stride);
    return ALC_OK;
}

static alc_status run_backward(const alc_run *r, alck_activation activation)
{
    const alc_view *source = activation == ALCK_SILU ? &r->inputs[0] : &r->outputs[0];
    const alc_gradient_view *dx = &r->input_gradients[0], *dy = &r->output_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->activation_backward(
        &parallel, activation, r->rows * alc_view_pixels(source), source->channels, source->data, source->stride,
        dy->view.data, dy->view.stride, dx->view.data, dx->view.stride, dx->add);
    return ALC_OK;
}

#define ACTIVATION(op, kind)                                                                       \
    static alc_status op##_prepare(alc_prepare *p)                                                 \
    {                                                                                              \
        return prepare_activation(p, kind);                                                        \
    }                                                                                              \
    static alc_status op##_forward(const alc_run *r)                                               \
    {                                                                                              \
        return run_forward(r, kind);                                                               \
    }                                                                                              \
    static alc_status op##_backward(const alc_run *r)                                              \
    {                                                                                              \
        return run_backward(r, kind);                                                              \
    }                                                                                              \
    const alc_op_def alc_op_##op = {                                                               \
        .name = #op, .infer = infer, .prepare = op##_prepare, .forward = op##_forward,             \
        .backward = op##_backward, .gradient_in_place = true,                                      \
    };                                                                                             \
    alc_tensor *alc_##op(alc_tensor *input)                                                        \
    {                                                                                              \
        return alc_apply(&alc_op_##op, NULL, NULL, 1, &input);                                     \
    }

ACTIVATION(relu, ALCK_RELU)
ACTIVATION(relu6, ALCK_RELU6)
ACTIVATION(sigmoid, ALCK_SIGMOID)
ACTIVATION(silu, ALCK_SILU)
ACTIVATION(tanh, ALCK_TANH)

alck_activation alc_activation_of(const alc_op_def *op)
{
    static const struct {
        const alc_op_def *op;
        alck_activation activation;
    } table[] = {{&alc_op_relu, ALCK_RELU}, {&alc_op_relu6, ALCK_RELU6}, {&alc_op_sigmoid, ALCK_SIGMOID},
                 {&alc_op_silu, ALCK_SILU}, {&alc_op_tanh, ALCK_TANH}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].op == op)
            return table[i].activation;
    }
    return ALCK_IDENTITY;
}
