/* softmax.c - probabilities from logits, over the channels of each pixel. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    alc_status status = alc_expect_real(infer, 0);
    return status == ALC_OK ? alc_infer_output(infer, infer->input_shapes[0], ALC_REAL) : status;
}

static alc_status prepare(alc_prepare *p)
{
    if (p->differentiated)
        alc_prepare_keep_output(p, 0);
    alc_prepare_describe(p, "softmax", 4 * (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0], *y = &r->outputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->softmax(&parallel, r->rows * alc_view_pixels(x), x->channels, x->data, x->stride,
                                             y->data, y->stride);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_view *y = &r->outputs[0], *dy = &r->output_gradients[0].view;
    const alc_gradient_view *dx = &r->input_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->softmax_backward(&parallel, r->rows * alc_view_pixels(y), y->channels, y->data,
                                                      y->stride, dy->data, dy->stride, dx->view.data, dx->view.stride,
                                                      dx->add);
    return ALC_OK;
}

const alc_op_def alc_op_softmax = {
    .name = "softmax", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
};

alc_tensor *alc_softmax(alc_tensor *logits)
{
    return alc_apply(&alc_op_softmax, NULL, NULL, 1, &logits);
}
