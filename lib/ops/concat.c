/* concat.c - joins channels. Where lib/compile could place an input in the output's memory there is nothing to copy, in
 * either direction. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    alc_shape shape = infer->input_shapes[0];
    int64_t channels = 0;
    char a[128], b[128];
    for (int i = 0; i < infer->input_count; i++) {
        alc_shape other = infer->input_shapes[i];
        alc_status status = alc_expect_real(infer, i);
        if (status != ALC_OK)
            return status;
        channels += alc_shape_channels(other);
        other.extent[other.rank - 1] = shape.extent[shape.rank - 1];
        if (!alc_shape_equal(other, shape))
            return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "input %d is %s; only its channels may differ from %s", i,
                                  alc_shape_text(infer->input_shapes[i], b, sizeof b),
                                  alc_shape_text(shape, a, sizeof a));
    }
    shape.extent[shape.rank - 1] = channels;
    return alc_infer_output(infer, shape, ALC_REAL);
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_describe(p, "concat", 0);
    return ALC_OK;
}

/* The part of a joined tensor that belongs to an input whose channels start at `channel`. */
static alc_real *slice(const alc_view *joined, int64_t channel)
{
    return (alc_real *)joined->data + channel;
}

static alc_status forward(const alc_run *r)
{
    const alc_view *y = &r->outputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    int64_t channel = 0;
    for (int i = 0; i < r->input_count; i++) {
        const alc_view *x = &r->inputs[i];
        if (x->data != slice(y, channel))
            alc_context_kernels(r->context)->copy(&parallel, r->rows * alc_view_pixels(x), x->channels, x->data, x->stride,
                                                  slice(y, channel), y->stride, false);
        channel += x->channels;
    }
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_view *dy = &r->output_gradients[0].view;
    alck_parallel parallel = alc_context_parallel(r->context);
    int64_t channel = 0;
    for (int i = 0; i < r->input_count; i++) {
        const alc_gradient_view *dx = &r->input_gradients[i];
        const alc_view *x = &r->inputs[i];
        if (dx->view.data && dx->view.data != slice(dy, channel))
            alc_context_kernels(r->context)->copy(&parallel, r->rows * alc_view_pixels(x), x->channels, slice(dy, channel),
                                                  dy->stride, dx->view.data, dx->view.stride, dx->add);
        channel += x->channels;
    }
    return ALC_OK;
}

const alc_op_def alc_op_concat = {
    .name = "concat", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
};

alc_tensor *alc_concat(int count, alc_tensor *const *inputs)
{
    return alc_apply(&alc_op_concat, NULL, NULL, count, inputs);
}
