/* conv2d_shape.c - what a convolution's options mean for an input: its geometry, its parameters, the shape of its output. */
#include <math.h>

#include "lib/ops/conv2d.h"

static int64_t output_extent(int64_t in, int64_t before, int64_t after, int64_t kernel, int64_t dilation, int64_t stride)
{
    int64_t span = in + before + after - dilation * (kernel - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

/* TensorFlow's "same": the output has ceil(in / stride); the odd pixel of padding goes to the end. */
static void same_padding(int64_t in, int64_t kernel, int64_t dilation, int64_t stride, int64_t *before, int64_t *after)
{
    int64_t out = (in + stride - 1) / stride;
    int64_t total = (out - 1) * stride + dilation * (kernel - 1) + 1 - in;
    total = total < 0 ? 0 : total;
    *before = total / 2;
    *after = total - total / 2;
}

alck_conv alc_conv2d_geometry(const alc_conv2d_node *o, alc_shape in, int64_t batch)
{
    if (in.rank == 1)
        in = ALC_SHAPE(1, 1, in.extent[0]);
    int64_t top = o->pad_top, bottom = o->pad_bottom, left = o->pad_left, right = o->pad_right;
    if (o->same) {
        same_padding(in.extent[0], o->kernel_height, o->dilation, o->stride, &top, &bottom);
        same_padding(in.extent[1], o->kernel_width, o->dilation, o->stride, &left, &right);
    }
    return (alck_conv){
        .batch = batch, .in_height = in.extent[0], .in_width = in.extent[1], .in_channels = in.extent[2],
        .in_stride = in.extent[2], .out_channels = o->filters, .out_stride = o->filters,
        .out_height = output_extent(in.extent[0], top, bottom, o->kernel_height, o->dilation, o->stride),
        .out_width = output_extent(in.extent[1], left, right, o->kernel_width, o->dilation, o->stride),
        .kernel_height = o->kernel_height, .kernel_width = o->kernel_width, .stride_y = o->stride,
        .stride_x = o->stride, .pad_top = top, .pad_left = left, .dilation_y = o->dilation,
        .dilation_x = o->dilation, .groups = o->groups};
}

const alc_conv2d_node *alc_conv2d_product(const alc_op_def *op, const void *options)
{
    const alc_conv2d_node *o = op == &alc_op_conv2d ? options : NULL;
    return o && o->groups == 1 ? o : NULL;
}

bool alc_conv2d_is_depthwise(const alc_conv2d_node *o, int64_t channels)
{
    return o->groups > 1 && o->groups == channels && o->groups == o->filters;
}

bool alc_conv2d_changes_input(const alc_conv2d_node *o)
{
    return o->kernel_height == 1 && o->kernel_width == 1 && o->groups == 1 && o->pad_top == 0 && o->pad_left == 0 &&
           o->pad_bottom == 0 && o->pad_right == 0;
}

/* Far above what any image needs, and so small that no sum of such numbers overflows. */
#define MOST ((int64_t)1 << 30)

static bool out_of_range(int64_t value, int64_t least)
{
    return value < least || value > MOST;
}

static alc_status check_options(alc_infer *infer, const alc_conv2d_node *o)
{
    int64_t channels = alc_shape_channels(infer->input_shapes[0]);
    if (out_of_range(o->filters, 1) || out_of_range(o->kernel_height, 1) || out_of_range(o->kernel_width, 1) ||
        out_of_range(o->stride, 1) || out_of_range(o->dilation, 1) || out_of_range(o->groups, 1))
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "filters %lld, kernel %lldx%lld, stride %lld, dilation %lld and "
                              "groups %lld must all be within 1 and 2^30", (long long)o->filters, (long long)o->kernel_height,
                              (long long)o->kernel_width, (long long)o->stride, (long long)o->dilation,
                              (long long)o->groups);
    if (out_of_range(o->pad_top, 0) || out_of_range(o->pad_left, 0) || out_of_range(o->pad_bottom, 0) ||
        out_of_range(o->pad_right, 0))
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "padding must be within 0 and 2^30");
    if (channels % o->groups != 0 || o->filters % o->groups != 0)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "%lld input channels and %lld filters do not both divide into "
                              "%lld groups", (long long)channels, (long long)o->filters, (long long)o->groups);
    return ALC_OK;
}

static alc_parameter_spec weight_spec(const alc_conv2d_node *o, const alck_conv *s)
{
    int64_t in = s->in_channels / o->groups, kh = o->kernel_height, kw = o->kernel_width;
    alc_parameter_spec spec = {.name = "weight", .shape = ALC_SHAPE(o->filters, in, kh, kw),
                               .initializer = ALC_INITIALIZE_UNIFORM, .bound = 1 / sqrt((double)in * (double)(kh * kw))};
    if (alc_conv2d_is_depthwise(o, s->in_channels))
        spec.layout = (alc_parameter_layout){ALC_SHAPE(o->filters, 1, kh, kw), {2, 3, 1, 0}};
    else
        spec.layout = (alc_parameter_layout){ALC_SHAPE(o->groups, o->filters / o->groups, in, kh, kw), {0, 3, 4, 2, 1}};
    return spec;
}

alc_status alc_conv2d_infer(alc_infer *infer)
{
    const alc_conv2d_node *o = infer->options;
    char text[128];
    alc_status status = infer->input_shapes[0].rank == 1 ? alc_expect_real(infer, 0) : alc_expect_image(infer, 0);
    if (status == ALC_OK)
        status = check_options(infer, o);
    if (status != ALC_OK)
        return status;
    alck_conv s = alc_conv2d_geometry(o, infer->input_shapes[0], 1);
    if (s.out_height < 1 || s.out_width < 1)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "a kernel of %lldx%lld with dilation %lld does not fit into the "
                              "input %s", (long long)o->kernel_height, (long long)o->kernel_width, (long long)o->dilation,
                              alc_shape_text(infer->input_shapes[0], text, sizeof text));
    alc_parameter_spec weight = weight_spec(o, &s);
    alc_parameter_spec bias = {.name = "bias", .shape = ALC_SHAPE(o->filters), .initializer = ALC_INITIALIZE_UNIFORM,
                               .bound = weight.bound};
    status = alc_infer_parameter(infer, weight);
    if (status == ALC_OK && o->bias)
        status = alc_infer_parameter(infer, bias);
    return status == ALC_OK ? alc_infer_output(infer, ALC_SHAPE(s.out_height, s.out_width, o->filters), ALC_REAL) : status;
}
