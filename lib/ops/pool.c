/* pool.c - max and average pooling over windows of one size, and averages over windows that split an image of any size into a
 * grid of a given one.
 *
 * Max pooling keeps one byte per output value, the position of the maximum in its window; nothing else is needed in
 * backward. */
#include "lib/ops/ops.h"

/* A place in a window of 15 x 15 fits into a byte. */
#define MAX_KERNEL 15
#define MAX_GRID 4096

alck_pool alc_pool_geometry(const alc_pool_node *o, alc_shape in, int64_t batch)
{
    if (o->height > 0)
        return (alck_pool){.batch = batch, .channels = in.extent[2], .in_height = in.extent[0], .in_width = in.extent[1],
                           .in_stride = in.extent[2], .out_stride = in.extent[2], .out_height = o->height,
                           .out_width = o->width, .adaptive = true};
    return (alck_pool){.batch = batch, .channels = in.extent[2], .in_height = in.extent[0], .in_width = in.extent[1],
                       .in_stride = in.extent[2], .out_stride = in.extent[2],
                       .out_height = (in.extent[0] + 2 * o->padding - o->kernel) / o->stride + 1,
                       .out_width = (in.extent[1] + 2 * o->padding - o->kernel) / o->stride + 1,
                       .kernel_height = o->kernel, .kernel_width = o->kernel, .stride_y = o->stride,
                       .stride_x = o->stride, .pad_top = o->padding, .pad_left = o->padding,
                       .count_padding = o->count_padding};
}

static alc_status infer(alc_infer *infer)
{
    const alc_pool_node *o = infer->options;
    char text[128];
    alc_status status = alc_expect_image(infer, 0);
    if (status != ALC_OK)
        return status;
    alc_shape in = infer->input_shapes[0];
    if (o->kernel < 1 || o->stride < 1 || o->padding < 0 || o->padding > o->kernel / 2 || o->kernel > MAX_KERNEL)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "kernel %lld (1 to 15), stride %lld (at least 1) or padding %lld "
                              "(0 to half the kernel) is out of range", (long long)o->kernel, (long long)o->stride,
                              (long long)o->padding);
    if (in.extent[0] + 2 * o->padding < o->kernel || in.extent[1] + 2 * o->padding < o->kernel)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "a window of %lldx%lld does not fit into the input %s",
                              (long long)o->kernel, (long long)o->kernel, alc_shape_text(in, text, sizeof text));
    alck_pool s = alc_pool_geometry(o, in, 1);
    return alc_infer_output(infer, ALC_SHAPE(s.out_height, s.out_width, s.channels), ALC_REAL);
}

static alc_status infer_adaptive(alc_infer *infer)
{
    const alc_pool_node *o = infer->options;
    alc_status status = alc_expect_image(infer, 0);
    if (status != ALC_OK)
        return status;
    if (o->height < 1 || o->height > MAX_GRID || o->width < 1 || o->width > MAX_GRID)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "an output of %lldx%lld pixels; both extents must be within 1 "
                              "and %d", (long long)o->height, (long long)o->width, MAX_GRID);
    return alc_infer_output(infer, ALC_SHAPE(o->height, o->width, infer->input_shapes[0].extent[2]), ALC_REAL);
}

static double window_operations(const alc_prepare *p)
{
    const alc_pool_node *o = p->options;
    return (double)(o->kernel * o->kernel * alc_shape_elements(p->output_shapes[0]));
}

static alc_status prepare_max(alc_prepare *p)
{
    if (p->differentiated)
        alc_prepare_saved(p, (size_t)(p->batch * alc_shape_elements(p->output_shapes[0])));
    alc_prepare_describe(p, "max pool", window_operations(p));
    return ALC_OK;
}

static alc_status prepare_average(alc_prepare *p)
{
    alc_prepare_describe(p, "average pool", window_operations(p));
    return ALC_OK;
}

/* Values along one axis in all its windows together. */
static int64_t values_read(int64_t in, int64_t out)
{
    int64_t values = 0;
    for (int64_t i = 0; i < out; i++)
        values += ((i + 1) * in + out - 1) / out - i * in / out;
    return values;
}

static alc_status prepare_adaptive(alc_prepare *p)
{
    const alc_pool_node *o = p->options;
    const alc_shape in = p->input_shapes[0];
    alc_prepare_describe(p, "adaptive average",
                         (double)(values_read(in.extent[0], o->height) * values_read(in.extent[1], o->width)) *
                             (double)in.extent[2]);
    return ALC_OK;
}

static alck_pool run_geometry(const alc_run *r, int64_t in_stride, int64_t out_stride)
{
    const alc_view *x = &r->inputs[0];
    alck_pool s = alc_pool_geometry(r->options, ALC_SHAPE(x->height, x->width, x->channels), r->rows);
    s.in_stride = in_stride;
    s.out_stride = out_stride;
    return s;
}

static alc_status max_forward(const alc_run *r)
{
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = run_geometry(r, r->inputs[0].stride, r->outputs[0].stride);
    alc_context_kernels(r->context)->max_pool_forward(&parallel, &s, r->inputs[0].data, r->outputs[0].data, r->saved);
    return ALC_OK;
}

static alc_status max_backward(const alc_run *r)
{
    const alc_gradient_view *dx = &r->input_gradients[0], *dy = &r->output_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = run_geometry(r, dx->view.stride, dy->view.stride);
    alc_context_kernels(r->context)->max_pool_backward(&parallel, &s, r->saved, dy->view.data, dx->view.data, dx->add);
    return ALC_OK;
}

static alc_status average_forward(const alc_run *r)
{
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = run_geometry(r, r->inputs[0].stride, r->outputs[0].stride);
    alc_context_kernels(r->context)->average_pool_forward(&parallel, &s, r->inputs[0].data, r->outputs[0].data);
    return ALC_OK;
}

static alc_status average_backward(const alc_run *r)
{
    const alc_gradient_view *dx = &r->input_gradients[0], *dy = &r->output_gradients[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_pool s = run_geometry(r, dx->view.stride, dy->view.stride);
    alc_context_kernels(r->context)->average_pool_backward(&parallel, &s, dy->view.data, dx->view.data, dx->add);
    return ALC_OK;
}

const alc_op_def alc_op_max_pool = {
    .name = "max_pool", .options_size = sizeof(alc_pool_node), .infer = infer, .prepare = prepare_max,
    .forward = max_forward, .backward = max_backward,
};

const alc_op_def alc_op_average_pool = {
    .name = "average_pool", .options_size = sizeof(alc_pool_node), .infer = infer, .prepare = prepare_average,
    .forward = average_forward, .backward = average_backward,
};

const alc_op_def alc_op_adaptive_average_pool = {
    .name = "adaptive_average_pool", .options_size = sizeof(alc_pool_node), .infer = infer_adaptive,
    .prepare = prepare_adaptive, .forward = average_forward, .backward = average_backward,
};

static alc_tensor *pool(const alc_op_def *op, alc_tensor *input, const alc_pool_options *options)
{
    alc_pool_node node = {.kernel = options->kernel, .stride = options->stride ? options->stride : options->kernel,
                      .padding = options->padding, .count_padding = options->count_padding};
    return alc_apply(op, options->name, &node, 1, &input);
}

alc_tensor *alc_max_pool(alc_tensor *input, alc_pool_options options)
{
    return pool(&alc_op_max_pool, input, &options);
}

alc_tensor *alc_average_pool(alc_tensor *input, alc_pool_options options)
{
    return pool(&alc_op_average_pool, input, &options);
}

alc_tensor *alc_adaptive_average_pool(alc_tensor *input, int64_t height, int64_t width)
{
    alc_pool_node node = {.height = height, .width = width};
    return alc_apply(&alc_op_adaptive_average_pool, NULL, &node, 1, &input);
}
