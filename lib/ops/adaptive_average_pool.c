/* adaptive_average_pool.c - averages over windows that split an image of any size into a grid of a given one. */
#include "lib/ops/ops.h"

#define MAX_EXTENT 4096

typedef struct adaptive_pool_node {
    int64_t height, width;
} adaptive_pool_node;

static alck_pool geometry(const adaptive_pool_node *o, alc_shape in, int64_t batch)
{
    return (alck_pool){.batch = batch, .channels = in.extent[2], .in_height = in.extent[0], .in_width = in.extent[1],
                       .in_stride = in.extent[2], .out_stride = in.extent[2], .out_height = o->height,
                       .out_width = o->width, .adaptive = true};
}

static alc_status infer(alc_infer *infer)
{
    const adaptive_pool_node *o = infer->options;
    alc_status status = alc_expect_image(infer, 0);
    if (status != ALC_OK)
        return status;
    if (o->height < 1 || o->height > MAX_EXTENT || o->width < 1 || o->width > MAX_EXTENT)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "an output of %lldx%lld pixels; both extents must be within 1 "
                              "and %d", (long long)o->height, (long long)o->width, MAX_EXTENT);
    return alc_infer_output(infer, ALC_SHAPE(o->height, o->width, infer->input_shapes[0].extent[2]), ALC_REAL);
}

/* Values along one axis in all its windows together. */
static int64_t values_read(int64_t in, int64_t out)
{
    int64_t values = 0;
    for (int64_t i = 0; i < out; i++)
        values += ((i + 1) * in + out - 1) / out - i * in / out;
    return values;
}

static alc_status prepare(alc_prepare *p)
{
    const adaptive_pool_node *o = p->options;
    const alc_shape in = p->input_shapes[0];
    alc_prepare_describe(p, "adaptive average",
                         (double)(values_read(in.extent[0], o->height) * values_read(in.extent[1], o->width)) *
                             (double)in.extent[2]);
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    const alc_view *x = &r->inputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = geometry(r->options, ALC_SHAPE(x->height, x->width, x->channels), r->rows);
    s.in_stride = x->stride;
    s.out_stride = r->outputs[0].stride;
    alc_context_kernels(r->context)->average_pool_forward(&parallel, &s, x->data, r->outputs[0].data);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_gradient_view *dx = &r->input_gradients[0], *dy = &r->output_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = geometry(r->options, ALC_SHAPE(dx->view.height, dx->view.width, dx->view.channels), r->rows);
    s.in_stride = dx->view.stride;
    s.out_stride = dy->view.stride;
    alc_context_kernels(r->context)->average_pool_backward(&parallel, &s, dy->view.data, dx->view.data, dx->add);
    return ALC_OK;
}

const alc_op_def alc_op_adaptive_average_pool = {
    .name = "adaptive_average_pool", .options_size = sizeof(adaptive_pool_node), .infer = infer, .prepare = prepare,
    .forward = forward, .backward = backward,
};

alc_tensor *alc_adaptive_average_pool(alc_tensor *input, int64_t height, int64_t width)
{
    adaptive_pool_node node = {.height = height, .width = width};
    return alc_apply(&alc_op_adaptive_average_pool, NULL, &node, 1, &input);
}
