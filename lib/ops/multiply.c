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

/* y (+)= x * other, of the same pixels. */
static void multiply(const alc_run *r, const alc_view *x, const alc_view *other, const alc_view *y, bool add)
{
    const alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->multiply(&parallel, r->rows * alc_view_pixels(x), x->channels, x->data, x->stride, other->data,
                                              other->stride, y->data, y->stride, add);
}

static bool has_gate(const alc_run *r)
{
    return alc_view_pixels(&r->inputs[0]) != alc_view_pixels(&r->inputs[1]);
}

static alc_status forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0], *gate = &r->inputs[1], *y = &r->outputs[0];
    const alck_parallel parallel = alc_context_parallel(r->context);
    if (!y->data) /* whoever reads it multiplies */
        return ALC_OK;
    if (has_gate(r))
        alc_context_kernels(r->context)->multiply_broadcast(&parallel, r->rows, alc_view_pixels(x), x->channels, x->data, x->stride,
                                                            gate->data, gate->stride, y->data, y->stride, false);
    else
        multiply(r, x, gate, y, false);
    return ALC_OK;
}

static void backward_of_gate(const alc_run *r)
{
    const alc_view *x = &r->inputs[0], *gate = &r->inputs[1], *dy = &r->output_gradients[0].view;
    const alc_gradient_view *dx = &r->input_gradients[0], *dgate = &r->input_gradients[1];
    const alck_parallel parallel = alc_context_parallel(r->context);
    const alck_gate_gradients wanted = {.rows = r->rows, .pixels = alc_view_pixels(x), .channels = x->channels, .x = x->data,
                                        .gate = gate->data, .dy = dy->data, .x_stride = x->stride, .gate_stride = gate->stride,
                                        .dy_stride = dy->stride, .dx = dx->view.data, .dgate = dgate->view.data,
                                        .dx_stride = dx->view.stride, .dgate_stride = dgate->view.stride, .add_dx = dx->add,
                                        .add_dgate = dgate->add};
    alc_context_kernels(r->context)->multiply_broadcast_backward(&parallel, &wanted);
}

/* The first input's gradient comes last where it takes the place of the output's. */
static alc_status backward(const alc_run *r)
{
    const alc_view *a = &r->inputs[0], *b = &r->inputs[1], *dy = &r->output_gradients[0].view;
    const alc_gradient_view *da = &r->input_gradients[0], *db = &r->input_gradients[1];
    if (has_gate(r)) {
        backward_of_gate(r);
        return ALC_OK;
    }
    const bool in_place = da->view.data == dy->data;
    if (da->view.data && !in_place)
        multiply(r, dy, b, &da->view, da->add);
    if (db->view.data)
        multiply(r, dy, a, &db->view, db->add);
    if (in_place)
        multiply(r, dy, b, &da->view, da->add);
    return ALC_OK;
}

const alc_op_def alc_op_multiply = {
    .name = "multiply", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
    .cheap = true, .gradient_in_place = true,
};

alc_tensor *alc_multiply(alc_tensor *a, alc_tensor *b)
{
    alc_tensor *inputs[] = {a, b};
    return alc_apply(&alc_op_multiply, NULL, NULL, 2, inputs);
}
