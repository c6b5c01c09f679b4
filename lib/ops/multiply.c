/* multiply.c - a b of equal shapes, or b a gate per channel for all pixels of a (squeeze and excite). */
#include "lib/ops/ops.h"

bool alc_is_gate(alc_shape a, alc_shape b)
{
    return alc_shape_pixels(b) == 1 && alc_shape_channels(a) == alc_shape_channels(b);
}

static alc_status infer(alc_infer *infer)
{
    char a[128], b[128];
    alc_status status = alc_expect_real(infer, 0);
    if (status == ALC_OK)
        status = alc_expect_real(infer, 1);
    if (status != ALC_OK)
        return status;
    if (!alc_shape_equal(infer->input_shapes[0], infer->input_shapes[1]) &&
        !alc_is_gate(infer->input_shapes[0], infer->input_shapes[1]))
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "shape %s is neither %s nor one value for each of its channels",
                              alc_shape_text(infer->input_shapes[1], b, sizeof b),
                              alc_shape_text(infer->input_shapes[0], a, sizeof a));
    return alc_infer_output(infer, infer->input_shapes[0], ALC_REAL);
}

static alc_status prepare(alc_prepare *p)
{
    if (p->differentiated && p->input_gradient_wanted[0])
        alc_prepare_keep_input(p, 1);
    if (p->differentiated && p->input_gradient_wanted[1])
        alc_prepare_keep_input(p, 0);
    alc_prepare_describe(p, "elementwise", (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

/* y (+)= x * other, where other has x's pixels or is a gate. */
static void product(const alc_run *r, const alc_view *x, const alc_view *other, const alc_view *y, bool add)
{
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    if (alc_view_pixels(x) == alc_view_pixels(other))
        kernels->multiply(&parallel, r->rows * alc_view_pixels(x), x->channels, x->data, x->stride, other->data,
                          other->stride, y->data, y->stride, add);
    else
        kernels->multiply_broadcast(&parallel, r->rows, alc_view_pixels(x), x->channels, x->data, x->stride, other->data,
                                    other->stride, y->data, y->stride, add);
}

static alc_status forward(const alc_run *r)
{
    if (r->outputs[0].data) /* else whoever reads it multiplies */
        product(r, &r->inputs[0], &r->inputs[1], &r->outputs[0], false);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_view *a = &r->inputs[0], *b = &r->inputs[1], *dy = &r->output_gradients[0].view;
    const alc_gradient_view *da = &r->input_gradients[0], *db = &r->input_gradients[1];
    alck_parallel parallel = alc_context_parallel(r->context);
    if (da->view.data)
        product(r, dy, b, &da->view, da->add);
    if (db->view.data && alc_view_pixels(a) == alc_view_pixels(b))
        product(r, dy, a, &db->view, db->add);
    else if (db->view.data)
        alc_context_kernels(r->context)->multiply_broadcast_gate(&parallel, r->rows, alc_view_pixels(a), a->channels,
                                                                 a->data, a->stride, dy->data, dy->stride, db->view.data,
                                                                 db->view.stride, db->add);
    return ALC_OK;
}

const alc_op_def alc_op_multiply = {
    .name = "multiply", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
    .cheap = true,
};

alc_tensor *alc_multiply(alc_tensor *a, alc_tensor *b)
{
    alc_tensor *inputs[] = {a, b};
    return alc_apply(&alc_op_multiply, NULL, NULL, 2, inputs);
}
