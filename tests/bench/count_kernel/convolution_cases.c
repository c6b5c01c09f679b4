/* convolution_cases.c - convolutions, direct, by Winograd's algorithm and depthwise, in every direction.
 *
 * Work is counted as a direct computation's products, so Winograd's takes less than an instruction's share for each. */
#include "tests/bench/count_kernel/cases.h"

#define BATCH 2

/* Square, padded by kernel / 2. Depthwise where groups are as many as channels. */
static alck_conv convolution(int64_t size, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups)
{
    const int64_t out_size = (size + kernel / 2 * 2 - kernel) / stride + 1;
    return (alck_conv){.batch = BATCH, .in_height = size, .in_width = size, .in_channels = in, .out_height = out_size,
                       .out_width = out_size, .out_channels = out, .kernel_height = kernel, .kernel_width = kernel,
                       .stride_y = stride, .stride_x = stride, .pad_top = kernel / 2, .pad_left = kernel / 2,
                       .dilation_y = 1, .dilation_x = 1, .groups = groups};
}

typedef struct convolution_shape {
    int64_t size, in, out, kernel, stride;
    bool depthwise;
    alck_activation activation;
} convolution_shape;

/* One convolution's tensors. */
typedef struct convolution_run {
    alck_conv s;
    alck_real *x, *y, *weight;
    int64_t weights;
} convolution_run;

static convolution_run prepare(lab *l, const convolution_shape *c)
{
    convolution_run r = {.s = convolution(c->size, c->in, c->out, c->kernel, c->stride, c->depthwise ? c->in : 1)};
    const int64_t outputs = BATCH * r.s.out_height * r.s.out_width * c->out;
    r.weights = c->kernel * c->kernel * c->in * c->out / r.s.groups;
    r.x = numbers(BATCH * c->size * c->size * c->in);
    r.y = numbers(outputs);
    r.weight = numbers(r.weights);
    l->work = outputs * (r.weights / c->out);
    l->unit = "FMA";
    return r;
}

static void conv_pack(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *packed = memory(l->table->conv_packed_bytes(&r.s));
    l->work = r.weights;
    l->unit = "value";
    for (int i = 0; i < l->runs; i++)
        l->table->conv_pack(&l->par, &r.s, r.weight, packed);
}

static void conv_pack_backward(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *packed = memory(l->table->conv_packed_backward_bytes(&r.s));
    l->work = r.weights;
    l->unit = "value";
    for (int i = 0; i < l->runs; i++)
        l->table->conv_pack_backward(&l->par, &r.s, r.weight, packed);
}

static void conv_forward(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_epilogue epilogue = {.activation = ((const convolution_shape *)shape)->activation};
    void *packed = memory(l->table->conv_packed_bytes(&r.s));
    void *scratch = memory(l->table->conv_forward_scratch_bytes(&r.s, 1));
    l->table->conv_pack(&l->par, &r.s, r.weight, packed);
    for (int i = 0; i < l->runs; i++)
        l->table->conv_forward(&l->par, &r.s, r.x, packed, &epilogue, r.y, scratch);
}

static void conv_backward_data(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *packed = memory(l->table->conv_packed_backward_bytes(&r.s));
    void *scratch = memory(l->table->conv_backward_data_scratch_bytes(&r.s, 1));
    l->table->conv_pack_backward(&l->par, &r.s, r.weight, packed);
    for (int i = 0; i < l->runs; i++)
        l->table->conv_backward_data(&l->par, &r.s, r.y, packed, r.x, false, scratch);
}

static void conv_backward_weights(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *scratch = memory(l->table->conv_backward_weights_scratch_bytes(&r.s, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->conv_backward_weights(&l->par, &r.s, r.x, r.y, r.weight, false, scratch);
}

static void winograd_pack(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *packed = memory(l->table->winograd_packed_bytes(&r.s));
    l->work = r.weights;
    l->unit = "value";
    for (int i = 0; i < l->runs; i++)
        l->table->winograd_pack(&l->par, &r.s, r.weight, packed);
}

static void winograd_forward(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_epilogue epilogue = {.activation = ((const convolution_shape *)shape)->activation};
    void *packed = memory(l->table->winograd_packed_bytes(&r.s));
    void *scratch = memory(l->table->winograd_forward_scratch_bytes(&r.s, true, 1));
    l->table->winograd_pack(&l->par, &r.s, r.weight, packed);
    for (int i = 0; i < l->runs; i++)
        l->table->winograd_forward(&l->par, &r.s, r.x, NULL, packed, &epilogue, r.y, scratch);
}

static void winograd_taps_forward(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_epilogue epilogue = {.activation = ((const convolution_shape *)shape)->activation};
    void *packed = memory(l->table->winograd_taps_bytes(&r.s));
    void *scratch = memory(l->table->winograd_taps_scratch_bytes(&r.s, 1));
    l->table->winograd_taps_pack(&l->par, &r.s, r.weight, packed);
    for (int i = 0; i < l->runs; i++)
        l->table->winograd_taps_forward(&l->par, &r.s, r.x, packed, &epilogue, r.y, scratch);
}

static void winograd_backward_data(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *scratch = memory(l->table->winograd_backward_data_scratch_bytes(&r.s, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->winograd_backward_data(&l->par, &r.s, r.y, r.weight, r.x, false, scratch);
}

static void winograd_backward_weights(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    void *scratch = memory(l->table->winograd_backward_weights_scratch_bytes(&r.s, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->winograd_backward_weights(&l->par, &r.s, r.x, r.y, r.weight, false, scratch);
}

static void depthwise_forward(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_epilogue epilogue = {.activation = ((const convolution_shape *)shape)->activation};
    for (int i = 0; i < l->runs; i++)
        l->table->depthwise_forward(&l->par, &r.s, r.x, r.weight, &epilogue, r.y, NULL);
}

static void depthwise_backward_data(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_depthwise_gradients dx = {.weight = r.weight, .dy = r.y, .dx = r.x, .dx_stride = r.s.in_channels};
    for (int i = 0; i < l->runs; i++)
        l->table->depthwise_backward(&l->par, &r.s, &dx);
}

static void depthwise_backward_weights(lab *l, const void *shape)
{
    const convolution_run r = prepare(l, shape);
    const alck_depthwise_gradients dw = {.x = r.x, .dy = r.y, .dw = r.weight,
                                         .scratch = memory(l->table->depthwise_backward_scratch_bytes(&r.s))};
    for (int i = 0; i < l->runs; i++)
        l->table->depthwise_backward(&l->par, &r.s, &dw);
}

#define SHAPE(...) &(const convolution_shape){__VA_ARGS__}
#define POINTWISE SHAPE(14, 64, 64, 1, 1, false, ALCK_IDENTITY)
#define SQUARE(stride, activation) SHAPE(14, 32, 64, 3, stride, false, activation)
#define STEM SHAPE(32, 3, 32, 3, 2, false, ALCK_IDENTITY)
#define DEPTHWISE(kernel, stride, activation) SHAPE(14, 96, 96, kernel, stride, true, activation)

static const kernel_case cases[] = {
    {"conv_pack 3x3, 32 to 64", conv_pack, SQUARE(1, ALCK_IDENTITY)},
    {"conv_forward 1x1, 64 to 64", conv_forward, POINTWISE},
    {"conv_forward 3x3, 32 to 64", conv_forward, SQUARE(1, ALCK_IDENTITY)},
    {"conv_forward 3x3, 32 to 64, silu", conv_forward, SQUARE(1, ALCK_SILU)},
    {"conv_forward 3x3/2, 3 to 32", conv_forward, STEM},
    {"conv_pack_backward 3x3, 32 to 64", conv_pack_backward, SQUARE(1, ALCK_IDENTITY)},
    {"conv_backward_data 1x1, 64 to 64", conv_backward_data, POINTWISE},
    {"conv_backward_data 3x3, 32 to 64", conv_backward_data, SQUARE(1, ALCK_IDENTITY)},
    {"conv_backward_data 3x3/2, 32 to 64", conv_backward_data, SQUARE(2, ALCK_IDENTITY)},
    {"conv_backward_weights 1x1, 64 to 64", conv_backward_weights, POINTWISE},
    {"conv_backward_weights 3x3, 32 to 64", conv_backward_weights, SQUARE(1, ALCK_IDENTITY)},
    {"conv_backward_weights 3x3/2, 3 to 32", conv_backward_weights, STEM},
    {"winograd_pack, 32 to 64", winograd_pack, SQUARE(1, ALCK_IDENTITY)},
    {"winograd_forward, 32 to 64", winograd_forward, SQUARE(1, ALCK_IDENTITY)},
    {"winograd_taps_forward, 32 to 64", winograd_taps_forward, SQUARE(1, ALCK_IDENTITY)},
    {"winograd_backward_data, 32 to 64", winograd_backward_data, SQUARE(1, ALCK_IDENTITY)},
    {"winograd_backward_weights, 32 to 64", winograd_backward_weights, SQUARE(1, ALCK_IDENTITY)},
    {"depthwise_forward 3x3, 96", depthwise_forward, DEPTHWISE(3, 1, ALCK_IDENTITY)},
    {"depthwise_forward 3x3/2, 96", depthwise_forward, DEPTHWISE(3, 2, ALCK_IDENTITY)},
    {"depthwise_forward 5x5, 96", depthwise_forward, DEPTHWISE(5, 1, ALCK_IDENTITY)},
    {"depthwise_forward 5x5, 96, silu", depthwise_forward, DEPTHWISE(5, 1, ALCK_SILU)},
    {"depthwise_backward_data 3x3, 96", depthwise_backward_data, DEPTHWISE(3, 1, ALCK_IDENTITY)},
    {"depthwise_backward_data 3x3/2, 96", depthwise_backward_data, DEPTHWISE(3, 2, ALCK_IDENTITY)},
    {"depthwise_backward_data 5x5, 96", depthwise_backward_data, DEPTHWISE(5, 1, ALCK_IDENTITY)},
    {"depthwise_backward_weights 3x3, 96", depthwise_backward_weights, DEPTHWISE(3, 1, ALCK_IDENTITY)},
    {"depthwise_backward_weights 5x5, 96", depthwise_backward_weights, DEPTHWISE(5, 1, ALCK_IDENTITY)},
};

case_list convolution_cases(void)
{
    return (case_list){cases, sizeof cases / sizeof *cases};
}
