/* add.c - a + b of equal shapes. Both gradients are the output's; the first takes over its memory where it can. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    char a[128], b[128];
    alc_status status = alc_expect_real(infer, 0);
    if (status == ALC_OK)
        status = alc_expect_real(infer, 1);
    if (status != ALC_OK)
        return status;
    if (!alc_shape_equal(infer->input_shapes[0], infer->input_shapes[1]))
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "shapes %s and %s differ",
                              alc_shape_text(infer->input_shapes[0], a, sizeof a),
                              alc_shape_text(infer->input_shapes[1], b, sizeof b));
    return alc_infer_output(infer, infer->input_shapes[0], ALC_REAL);
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_describe(p, "elementwise", (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    const alc_view *a = &r->inputs[0], *b = &r->inputs[1], *y = &r->outputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->add_forward(&parallel, ALCK_IDENTITY, r->rows * alc_view_pixels(a), a->channels,
                                                 a->data, a->stride, b->data, b->stride, y->data, y->stride);
    if (((const alc_add_node *)r->options)->rounds)
        alc_context_kernels(r->context)->round_to_bf16(&parallel, alc_context_operands(r->context), r->rows * alc_view_pixels(y),
                                                       y->channels, y->data, y->stride);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_view *dy = &r->output_gradients[0].view;
    alck_parallel parallel = alc_context_parallel(r->context);
    for (int i = 0; i < 2; i++) {
        const alc_gradient_view *dx = &r->input_gradients[i];
        if (dx->view.data && dx->view.data != dy->data)
            alc_context_kernels(r->context)->copy(&parallel, r->rows * alc_view_pixels(dy), dy->channels, dy->data,
                                                  dy->stride, dx->view.data, dx->view.stride, dx->add);
    }
    return ALC_OK;
}

const alc_op_def alc_op_add = {
    .name = "add", .options_size = sizeof(alc_add_node), .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
    .gradient_in_place = true,
};

alc_tensor *alc_add(alc_tensor *a, alc_tensor *b)
{
    alc_tensor *inputs[] = {a, b};
    const alc_add_node node = {.rounds = false};
    return alc_apply(&alc_op_add, NULL, &node, 2, inputs);
}
