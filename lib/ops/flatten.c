/* flatten.c - [H,W,C] -> [C H W], channel outermost as PyTorch flattens. A dense layer does not need it. */
#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    alc_status status = alc_expect_real(infer, 0);
    return status == ALC_OK ? alc_infer_output(infer, ALC_SHAPE(alc_shape_elements(infer->input_shapes[0])), ALC_REAL)
                            : status;
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_describe(p, "transpose", 0);
    return ALC_OK;
}

typedef struct transpose {
    const alc_real *from;
    alc_real *to;
    int64_t pixels, channels, stride; /* of the image */
    bool to_image, add;
} transpose;

/* One sample. */
static void transpose_sample(void *argument, int64_t row, int worker)
{
    const transpose *t = argument;
    (void)worker;
    for (int64_t p = 0; p < t->pixels; p++) {
        for (int64_t c = 0; c < t->channels; c++) {
            int64_t image = (row * t->pixels + p) * t->stride + c, flat = (row * t->channels + c) * t->pixels + p;
            alc_real value = t->from[t->to_image ? flat : image];
            alc_real *to = &t->to[t->to_image ? image : flat];
            *to = t->add ? *to + value : value;
        }
    }
}

static alc_status forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0];
    transpose t = {.from = x->data, .to = r->outputs[0].data, .pixels = alc_view_pixels(x), .channels = x->channels,
                   .stride = x->stride};
    alc_parallel_for(r->context, r->rows, transpose_sample, &t);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_gradient_view *dx = &r->input_gradients[0];
    transpose t = {.from = r->output_gradients[0].view.data, .to = dx->view.data, .pixels = alc_view_pixels(&dx->view),
                   .channels = dx->view.channels, .stride = dx->view.stride, .to_image = true, .add = dx->add};
    alc_parallel_for(r->context, r->rows, transpose_sample, &t);
    return ALC_OK;
}

const alc_op_def alc_op_flatten = {
    .name = "flatten", .infer = infer, .prepare = prepare, .forward = forward, .backward = backward, .contiguous = true,
};

alc_tensor *alc_flatten(alc_tensor *input)
{
    return alc_apply(&alc_op_flatten, NULL, NULL, 1, &input);
}
