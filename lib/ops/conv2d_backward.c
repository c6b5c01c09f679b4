/* conv2d_backward.c - the convolution's gradients: of its input, its weight and its bias. */
#include "lib/ops/conv2d.h"

static void backward_depthwise(const alc_run *r, const alck_conv *weights)
{
    const alck_parallel parallel = alc_context_parallel(r->context);
    const alc_gradient_view *dx = &r->input_gradients[0];
    const alck_depthwise_gradients wanted = {.x = r->inputs[0].data, .weight = r->parameters[0].value,
                                             .dy = r->output_gradients[0].view.data, .dx = dx->view.data,
                                             .dw = r->parameters[0].gradient, .dx_stride = dx->view.stride,
                                             .add_dx = dx->add, .add_dw = r->parameters[0].add, .scratch = r->scratch};
    alc_context_kernels(r->context)->depthwise_backward(&parallel, weights, &wanted);
}

static void backward_dense(const alc_run *r, const alck_conv *data, const alck_conv *weights)
{
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    const alc_real *dy = r->output_gradients[0].view.data;
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(r->context, data);
    if (r->input_gradients[0].view.data && use.winograd_data) {
        kernels->winograd_backward_data(&parallel, data, dy, r->parameters[0].value, r->input_gradients[0].view.data,
                                        r->input_gradients[0].add, r->scratch);
    } else if (r->input_gradients[0].view.data) {
        alc_conv2d_derived sizes = alc_conv2d_derived_of(r, data);
        char *scratch = r->scratch;
        const char *packed = r->derived ? (const char *)r->derived + sizes.norm_bytes + sizes.forward_bytes : scratch;
        if (!r->derived) {
            kernels->conv_pack_backward(&parallel, data, r->parameters[0].value, scratch);
            scratch += sizes.backward_bytes;
        }
        kernels->conv_backward_data(&parallel, data, dy, packed, r->input_gradients[0].view.data,
                                    r->input_gradients[0].add, scratch);
    }
    if (r->parameters[0].gradient && use.winograd)
        kernels->winograd_backward_weights(&parallel, weights, alc_conv2d_input(r)->data, dy, r->parameters[0].gradient,
                                           r->parameters[0].add, r->scratch);
    else if (r->parameters[0].gradient)
        kernels->conv_backward_weights(&parallel, weights, alc_conv2d_input(r)->data, dy, r->parameters[0].gradient,
                                       r->parameters[0].add, r->scratch);
}

static void backward_of(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_conv weights = alc_conv2d_run_geometry(r), data = weights;
    weights.out_stride = data.out_stride = r->output_gradients[0].view.stride;
    if (r->input_gradients[0].view.data)
        data.in_stride = r->input_gradients[0].view.stride;
    if (alc_conv2d_choose_kernels(r->context, &data).depthwise)
        backward_depthwise(r, &weights);
    else
        backward_dense(r, &data, &weights);
    if (o->bias && r->parameters[1].gradient)
        alc_context_kernels(r->context)->channel_sums(&parallel, r->rows, weights.out_height * weights.out_width,
                                                      o->filters, r->output_gradients[0].view.data, weights.out_stride,
                                                      r->parameters[1].gradient, r->parameters[1].add, r->scratch);
}

size_t alc_conv2d_unpooled_bytes(const alck_conv *s)
{
    return alc_align_up((size_t)(s->batch * s->out_height * s->out_width * s->out_channels) * sizeof(alc_real));
}

/* The same where the output is pooled, with the gradient of what was. */
static void backward_of_pooled(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    const alck_parallel parallel = alc_context_parallel(r->context);
    const alc_view *dy = &r->output_gradients[0].view;
    const alck_conv s = alc_conv2d_run_geometry(r);
    alck_pool pool = alc_pool_geometry(o->pool, ALC_SHAPE(s.out_height, s.out_width, s.out_channels), s.batch);
    const alc_gradient_view whole = {.view = {r->scratch, s.out_height, s.out_width, s.out_channels, s.out_channels}};
    alc_run inner = *r;
    pool.out_stride = dy->stride;
    alc_context_kernels(r->context)->max_pool_backward(&parallel, &pool, r->saved, dy->data, r->scratch, false);
    inner.output_gradients = &whole;
    inner.scratch = (char *)r->scratch + alc_conv2d_unpooled_bytes(&s);
    backward_of(&inner);
}

alc_status alc_conv2d_backward(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    alc_fusion_backward(&o->fusion, r);
    if (o->pool)
        backward_of_pooled(r);
    else
        backward_of(r);
    return ALC_OK;
}
