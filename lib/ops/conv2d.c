/* conv2d.c - 2-D cross-correlation, dense, grouped or depthwise, with any stride, padding and dilation.
 *
 * In memory the weight is [group][ky][kx][in][out], depthwise [ky][kx][channel]. The kernels get it packed. Packed copies, and
 * those with a batch norm folded in, are derived memory, renewed when a parameter was written; a weight that is trained changes
 * with every step, so it is packed in scratch where it is used, by Winograd's kernels a part at a time, and no copy of the model
 * is held. */
#include "lib/ops/conv2d.h"

/* Where a depthwise convolution's derived memory follows. */
static size_t end_of(const alc_conv2d_derived *sizes)
{
    return sizes->norm_bytes + sizes->forward_bytes + sizes->backward_bytes;
}

/* Channels from which the products outweigh the transforms. */
#define WINOGRAD_CHANNELS 16

/* Whether Winograd's algorithm, which multiplies 36 values for a tile of 4x4 outputs instead of 144, is the faster one for
 * this many outputs: not where most of the tiles would stick out. */
static bool winograd_pays(int64_t in_channels, int64_t out_channels, int64_t height, int64_t width)
{
    int64_t covered = (height + 3) / 4 * 4 * ((width + 3) / 4 * 4);
    return in_channels >= WINOGRAD_CHANNELS && out_channels >= WINOGRAD_CHANNELS && covered <= 2 * height * width;
}

alc_conv2d_kernels alc_conv2d_choose_kernels(const alc_context *context, const alck_conv *s)
{
    bool fits = s->kernel_height == 3 && s->kernel_width == 3 && s->stride_y == 1 && s->dilation_y == 1 && s->groups == 1 &&
                alc_context_convolution(context) != ALC_CONVOLUTION_DIRECT;
    return (alc_conv2d_kernels){
        .depthwise = s->groups > 1 && s->groups == s->in_channels && s->groups == s->out_channels,
        .winograd = fits && winograd_pays(s->in_channels, s->out_channels, s->out_height, s->out_width),
        .winograd_data = fits && winograd_pays(s->out_channels, s->in_channels, s->in_height, s->in_width)};
}

bool alc_conv2d_takes_pool(const alc_context *context, const alc_conv2d_node *o, alc_shape input, const alc_pool_node *pool)
{
    const alck_conv s = alc_conv2d_geometry(o, input, 1);
    return alc_conv2d_choose_kernels(context, &s).winograd && !o->fusion.residual && !o->pool && pool->kernel == 2 &&
           pool->stride == 2 && pool->padding == 0;
}

/* Whether packed copies are held from run to run. */
static bool keeps_packed(const alc_conv2d_node *o, bool weight_gradient)
{
    return o->fusion.norm || !weight_gradient;
}

/* Depthwise kernels read the weight as it is, and Winograd's where it is trained, so only a folded copy needs memory. `batch`: samples
 * of any run at most. */
static alc_conv2d_derived derived_sizes(const alc_context *context, const alc_conv2d_node *o, const alck_conv *s, int64_t batch, bool keeps,
                                  bool input_gradient)
{
    const alck_table *kernels = alc_context_kernels(context);
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(context, s);
    alc_conv2d_derived sizes = {0};
    if (o->fusion.norm)
        sizes.folded_bytes = alc_align_up((size_t)(2 * o->filters) * sizeof(alc_real));
    sizes.norm_bytes = sizes.folded_bytes;
    if (o->fusion.reads_norm)
        sizes.norm_bytes += alc_align_up((size_t)(2 * s->in_channels) * sizeof(alc_real));
    if (use.depthwise)
        return (alc_conv2d_derived){.forward_bytes = alc_depthwise_derived_bytes(o)};
    if (!use.winograd) {
        sizes.forward_bytes = alc_align_up(kernels->conv_packed_bytes(s));
    } else if (keeps) {
        sizes.taps = alck_has_few_tiles(s, batch) && s->operands == ALCK_REALS;
        sizes.forward_bytes = alc_align_up(sizes.taps ? kernels->winograd_taps_bytes(s) : kernels->winograd_packed_bytes(s));
    }
    if (input_gradient && !use.winograd_data)
        sizes.backward_bytes = alc_align_up(kernels->conv_packed_backward_bytes(s));
    return sizes;
}

static bool normalises(const alc_conv2d_node *o)
{
    return o->fusion.reads_norm || o->fusion.reads_trained_norm;
}

/* Which input has the values. */
static int values_of(const alc_conv2d_node *o, int input_count)
{
    return o->fusion.reads_last ? input_count - 1 : 0;
}

const alc_view *alc_conv2d_input(const alc_run *r)
{
    return &r->inputs[values_of(r->options, r->input_count)];
}

static alc_shape output_shape(const alck_conv *s)
{
    return ALC_SHAPE(s->out_height, s->out_width, s->out_channels);
}

/* The geometry of what reads the node's input: itself, or the depthwise convolution that it computes as it reads. */
static alck_conv read_geometry(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    const alc_view *x = alc_conv2d_input(r);
    const alc_conv2d_node *reader = o->depthwise ? o->depthwise : o;
    alck_conv s = alc_conv2d_geometry(reader, ALC_SHAPE(x->height, x->width, x->channels), r->rows);
    s.in_stride = x->stride;
    s.reading.activation = reader->fusion.read_activation;
    return s;
}

alck_conv alc_conv2d_run_geometry(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    const alc_view *y = &r->outputs[0];
    alck_conv s = read_geometry(r);
    if (o->depthwise)
        s = alc_conv2d_geometry(o, output_shape(&s), r->rows);
    s.out_stride = y->stride;
    s.operands = alc_context_operands(r->context);
    s.reading = (alck_reading){.normalises = normalises(o),
                               .scale = o->fusion.read_scale, .shift = o->fusion.read_shift,
                               .activation = o->fusion.read_activation, .pairs = o->fusion.values_pairs,
                               .rounds = o->fusion.rounds_values};
    if (o->fusion.gate) {
        s.reading.gate = r->inputs[1].data;
        s.reading.gate_stride = r->inputs[1].stride;
    }
    return s;
}

static size_t forward_scratch(const alc_prepare *p, const alck_conv *s, bool keeps, bool taps)
{
    const alck_table *kernels = alc_context_kernels(p->context);
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(p->context, s);
    const alc_conv2d_node *o = p->options;
    return use.depthwise  ? (o->fusion.average ? kernels->depthwise_averages_scratch_bytes(s) : 0)
           : taps         ? kernels->winograd_taps_scratch_bytes(s, p->threads)
           : use.winograd ? kernels->winograd_forward_scratch_bytes(s, keeps, p->threads)
                          : kernels->conv_forward_scratch_bytes(s, p->threads);
}

/* `packing`: bytes of a weight that is packed for this step alone. */
static size_t backward_scratch(const alc_prepare *p, const alck_conv *s, size_t packing)
{
    const alc_conv2d_node *o = p->options;
    const alck_table *kernels = alc_context_kernels(p->context);
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(p->context, s);
    size_t scratch = 0;
    if (p->parameter_gradient_wanted[0])
        scratch = use.depthwise  ? kernels->depthwise_backward_scratch_bytes(s)
                  : use.winograd ? kernels->winograd_backward_weights_scratch_bytes(s, p->threads)
                                 : kernels->conv_backward_weights_scratch_bytes(s, p->threads);
    if (p->input_gradient_wanted[0] && !use.depthwise)
        scratch = alc_larger_size(scratch, use.winograd_data
                                               ? kernels->winograd_backward_data_scratch_bytes(s, p->threads)
                                               : packing + kernels->conv_backward_data_scratch_bytes(s, p->threads));
    if (o->bias)
        scratch = alc_larger_size(scratch, kernels->norm_scratch_bytes(s->batch, s->out_height * s->out_width, o->filters,
                                                                       p->threads));
    return scratch;
}

static alc_status prepare(alc_prepare *p)
{
    const alc_conv2d_node *o = p->options;
    const alck_table *kernels = alc_context_kernels(p->context);
    alck_conv s = alc_conv2d_geometry(o->depthwise ? o->depthwise : o, p->input_shapes[0], p->batch);
    s.in_stride = p->input_strides[values_of(o, p->input_count)];
    const alck_conv depthwise_shape = s;
    const alck_depthwise source = {.shape = &depthwise_shape};
    if (o->depthwise) {
        s = alc_conv2d_geometry(o, output_shape(&s), p->batch);
        s.reading.depthwise = &source;
    }
    s.out_stride = o->pool ? o->filters : p->output_strides[0]; /* what is not pooled lies in scratch, without gaps */
    s.reading.gate_stride = o->fusion.gate ? p->input_strides[1] : 0;
    s.reading.normalises = normalises(o);
    s.reading.pairs = o->fusion.values_pairs;
    s.operands = alc_context_operands(p->context);
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(p->context, &s);
    bool keeps = keeps_packed(o, p->differentiated && p->parameter_gradient_wanted[0]);
    alc_conv2d_derived sizes = derived_sizes(p->context, o, &s, p->batch, keeps, p->differentiated && p->input_gradient_wanted[0]);
    const size_t packing = keeps ? 0 : sizes.backward_bytes;
    const size_t depthwise_bytes = o->depthwise ? alc_depthwise_derived_bytes(o->depthwise) : 0;
    size_t scratch = 0, scratch_backward = 0;
    for (alck_conv fewer = s; fewer.batch > 0; fewer.batch--) { /* which may be cut into larger tasks */
        scratch = alc_larger_size(scratch, forward_scratch(p, &fewer, keeps, sizes.taps));
        scratch_backward = alc_larger_size(scratch_backward, p->differentiated ? backward_scratch(p, &fewer, packing) : 0);
    }
    scratch += keeps ? 0 : sizes.forward_bytes;
    if (o->pool && p->differentiated) {
        alc_prepare_saved(p, (size_t)(p->batch * alc_shape_elements(p->output_shapes[0])));
        scratch_backward += alc_conv2d_unpooled_bytes(&s);
    }
    int64_t fan_in = s.in_channels / o->groups * o->kernel_height * o->kernel_width;
    if (o->fusion.norm)
        scratch = alc_larger_size(scratch, (size_t)(fan_in * o->filters) * sizeof(alc_real));
    alc_prepare_derived(p, keeps ? end_of(&sizes) + depthwise_bytes : 0);
    alc_prepare_forward_scratch(p, scratch);
    if (!p->differentiated && keeps && (o->fusion.norm || !use.depthwise))
        alc_prepare_replaced(p, 0);
    if (o->depthwise && o->depthwise->fusion.norm)
        alc_prepare_replaced(p, alc_conv2d_depthwise_at(o));
    if (p->differentiated && p->parameter_gradient_wanted[0]) {
        alc_prepare_keep_input(p, values_of(o, p->input_count));
        if (o->fusion.gate)
            alc_prepare_keep_input(p, 1);
    }
    if (p->differentiated) {
        alc_fusion_prepare_backward(&o->fusion, p);
        alc_prepare_backward_scratch(p, scratch_backward);
    }
    const int64_t depthwise_taps = o->depthwise ? o->depthwise->kernel_height * o->depthwise->kernel_width : 0;
    const double per_pixel = (double)fan_in * (double)s.out_channels + (double)depthwise_taps * (double)s.in_channels;
    alc_prepare_describe(p, use.depthwise  ? "depthwise"
                            : sizes.taps   ? "winograd 4x4, few tiles"
                            : o->pool      ? "winograd 4x4, max pool"
                            : use.winograd ? "winograd 4x4"
                                           : kernels->conv_kernel_name(&s),
                         2 * per_pixel * (double)(s.out_height * s.out_width));
    return ALC_OK;
}

alc_conv2d_derived alc_conv2d_derived_of(const alc_run *r, const alck_conv *s)
{
    bool input_gradient = r->input_gradients && r->input_gradients[0].view.data;
    return derived_sizes(r->context, r->options, s, r->batch, keeps_packed(r->options, r->parameters[0].gradient != NULL),
                         input_gradient);
}

static alc_status derive(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_conv s = alc_conv2d_run_geometry(r);
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(r->context, &s);
    alc_conv2d_derived sizes = alc_conv2d_derived_of(r, &s);
    char *derived = r->derived;
    const alc_real *weight = r->parameters[0].value;
    if (use.depthwise) {
        alc_depthwise_derive(o, r->parameters, derived);
        return ALC_OK;
    }
    if (o->fusion.norm) {
        alc_conv2d_fold(o, r->parameters, r->derived, r->scratch);
        weight = r->scratch;
    }
    if (o->fusion.reads_norm) {
        const alc_parameter_view *norm = r->parameters + alc_conv2d_read_norm_at(o);
        alc_real *scale = (alc_real *)(void *)(derived + sizes.folded_bytes);
        alc_batch_norm_fold(s.in_channels, norm[0].value, norm[1].value, norm[2].value, norm[3].value, o->fusion.read_epsilon, scale,
                            scale + s.in_channels);
    }
    if (o->depthwise)
        alc_depthwise_derive(o->depthwise, r->parameters + alc_conv2d_depthwise_at(o), derived + end_of(&sizes));
    if (!use.winograd)
        kernels->conv_pack(&parallel, &s, weight, derived + sizes.norm_bytes);
    else if (sizes.taps)
        kernels->winograd_taps_pack(&parallel, &s, weight, derived + sizes.norm_bytes);
    else if (sizes.forward_bytes)
        kernels->winograd_pack(&parallel, &s, weight, derived + sizes.norm_bytes);
    if (sizes.backward_bytes)
        kernels->conv_pack_backward(&parallel, &s, weight, derived + sizes.norm_bytes + sizes.forward_bytes);
    return ALC_OK;
}

static void forward_depthwise(const alc_run *r, const alck_conv *s)
{
    const alc_conv2d_node *o = r->options;
    alck_parallel parallel = alc_context_parallel(r->context);
    const alc_real *bias, *weight = alc_depthwise_weight(o, r->parameters, r->derived, &bias);
    const alck_epilogue epilogue = alc_fusion_epilogue(&o->fusion, r, bias);
    alck_averages averages = {.scratch = r->scratch};
    if (o->fusion.average) {
        averages.values = r->outputs[1].data;
        averages.stride = r->outputs[1].stride;
    }
    alc_context_kernels(r->context)->depthwise_forward(&parallel, s, alc_conv2d_input(r)->data, weight, &epilogue, r->outputs[0].data,
                                                       o->fusion.average ? &averages : NULL);
}

static void forward_winograd(const alc_run *r, const alck_conv *s, const alc_conv2d_derived *sizes, const alck_epilogue *epilogue)
{
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    const alc_real *x = alc_conv2d_input(r)->data;
    const void *packed = r->derived ? (const char *)r->derived + sizes->norm_bytes : NULL;
    if (sizes->taps)
        kernels->winograd_taps_forward(&parallel, s, x, packed, epilogue, r->outputs[0].data, r->scratch);
    else
        kernels->winograd_forward(&parallel, s, x, r->parameters[0].value, packed, epilogue, r->outputs[0].data, r->scratch);
}

static void forward_direct(const alc_run *r, const alck_conv *s, const alc_conv2d_derived *sizes, const alck_epilogue *epilogue)
{
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    char *scratch = r->scratch;
    const char *packed = r->derived ? (const char *)r->derived + sizes->norm_bytes : scratch;
    if (!r->derived) {
        kernels->conv_pack(&parallel, s, r->parameters[0].value, scratch);
        scratch += sizes->forward_bytes;
    }
    kernels->conv_forward(&parallel, s, alc_conv2d_input(r)->data, packed, epilogue, r->outputs[0].data, scratch);
}

/* The depthwise convolution that the node computes as it reads: its operands. */
static alck_depthwise depthwise_source(const alc_run *r, const alck_conv *shape, const alc_conv2d_derived *sizes)
{
    const alc_conv2d_node *o = r->options;
    const void *derived = (const char *)r->derived + end_of(sizes);
    const alc_real *bias, *weight = alc_depthwise_weight(o->depthwise, r->parameters + alc_conv2d_depthwise_at(o), derived, &bias);
    return (alck_depthwise){.shape = shape, .weight = weight, .epilogue = alc_fusion_epilogue(&o->depthwise->fusion, r, bias)};
}

static alc_status forward(const alc_run *r)
{
    const alc_conv2d_node *o = r->options;
    alck_conv s = alc_conv2d_run_geometry(r), depthwise_shape;
    const alc_conv2d_kernels use = alc_conv2d_choose_kernels(r->context, &s);
    const alc_conv2d_derived sizes = alc_conv2d_derived_of(r, &s);
    const char *derived = r->derived;
    alck_depthwise source;
    if (use.depthwise) {
        forward_depthwise(r, &s);
        return ALC_OK;
    }
    if (o->fusion.reads_norm) {
        s.reading.scale = (const alc_real *)(const void *)(derived + sizes.folded_bytes);
        s.reading.shift = s.reading.scale + s.in_channels;
    }
    if (o->depthwise) {
        depthwise_shape = read_geometry(r);
        source = depthwise_source(r, &depthwise_shape, &sizes);
        s.reading.depthwise = &source;
    }
    const alc_real *bias = o->bias ? r->parameters[1].value : NULL;
    if (o->fusion.norm)
        bias = (const alc_real *)(const void *)derived + o->filters;
    alck_epilogue epilogue = alc_fusion_epilogue(&o->fusion, r, bias);
    epilogue.rounding = o->fusion.rounds || o->fusion.output_pairs ? s.operands : ALCK_REALS;
    epilogue.pools = o->pool != NULL;
    epilogue.positions = r->saved;
    if (use.winograd)
        forward_winograd(r, &s, &sizes, &epilogue);
    else
        forward_direct(r, &s, &sizes, &epilogue);
    return ALC_OK;
}

const alc_op_def alc_op_conv2d = {
    .name = "conv2d", .options_size = sizeof(alc_conv2d_node), .infer = alc_conv2d_infer, .prepare = prepare, .derive = derive,
    .forward = forward, .backward = alc_conv2d_backward,
};

static int64_t or_one(int64_t value)
{
    return value == 0 ? 1 : value;
}

alc_tensor *alc_conv2d(alc_tensor *input, alc_conv2d_options options)
{
    bool sides = options.pad_top || options.pad_left || options.pad_bottom || options.pad_right;
    alc_conv2d_node node = {
        .filters = options.filters,
        .kernel_height = options.kernel_height ? options.kernel_height : options.kernel,
        .kernel_width = options.kernel_width ? options.kernel_width : options.kernel,
        .stride = or_one(options.stride), .dilation = or_one(options.dilation), .groups = or_one(options.groups),
        .pad_top = sides ? options.pad_top : options.padding, .pad_left = sides ? options.pad_left : options.padding,
        .pad_bottom = sides ? options.pad_bottom : options.padding,
        .pad_right = sides ? options.pad_right : options.padding, .same = options.same, .bias = options.bias};
    return alc_apply(&alc_op_conv2d, options.name, &node, 1, &input);
}
