/* global_average_pool.c - the mean over all pixels, [H,W,C] -> [C]. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    alc_status status = alc_expect_image(infer, 0);
    return status == ALC_OK ? alc_infer_output(infer, ALC_SHAPE(infer->input_shapes[0].extent[2]), ALC_REAL) : status;
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_describe(p, "global average", (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0], *y = &r->outputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alc_context_kernels(r->context)->global_average_forward(&parallel, r->rows, x->height, x->width, x->channels, x->data,
                                                            x->stride, y->data, y->stride);
    return ALC_OK;
}

/* Where a batch norm adds this gradient as it reads, only the share of each pixel is found, in its place. */
static void divide_by_pixels(const alc_run *r)
{
    const alc_view *dy = &r->output_gradients[0].view;
    const alc_real pixels = (alc_real)alc_view_pixels(&r->inputs[0]);
    for (int64_t row = 0; row < r->rows; row++)
        for (int64_t c = 0; c < dy->channels; c++)
            ((alc_real *)dy->data)[row * dy->stride + c] /= pixels;
}

static alc_status backward(const alc_run *r)
{
    const alc_gradient_view *dx = &r->input_gradients[0], *dy = &r->output_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    if (!dx->view.data) {
        divide_by_pixels(r);
        return ALC_OK;
    }
    alc_context_kernels(r->context)->global_average_backward(&parallel, r->rows, alc_view_pixels(&dx->view),
                                                             dx->view.channels, dy->view.data, dy->view.stride,
                                                             dx->view.data, dx->view.stride, dx->add);
    return ALC_OK;
}

const alc_op_def alc_op_global_average_pool = {
    .name = "global_average_pool", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward,
};

alc_tensor *alc_global_average_pool(alc_tensor *input)
{
    return alc_apply(&alc_op_global_average_pool, NULL, NULL, 1, &input);
}
