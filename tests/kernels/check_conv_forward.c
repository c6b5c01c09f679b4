/* tests/kernels/check_conv_forward.c - convolution against naive loops, bit for bit in the promised order. */
#include "tests/kernels/product_checks.h"

#include <string.h>

typedef struct conv_data {
    kernel_tensor x, weight, y, old;
    kernel_buffer packed;
} conv_data;

static conv_data make(kernel_run *run, const alck_conv *s, product_data data)
{
    const int64_t taps = s->kernel_height * s->kernel_width, inputs = s->in_channels / s->groups;
    conv_data d;
    d.x = product_tensor(run, data, s->batch * s->in_height * s->in_width, s->in_channels,
                         s->in_stride > 0 ? s->in_stride : s->in_channels);
    d.weight = product_tensor(run, data, s->groups * taps * inputs, s->out_channels / s->groups,
                              s->out_channels / s->groups);
    d.y = product_tensor(run, data, s->batch * s->out_height * s->out_width, s->out_channels,
                         s->out_stride > 0 ? s->out_stride : s->out_channels);
    d.old = kernel_tensor_copy(&d.y);
    d.packed = kernel_scratch(run->table->conv_packed_bytes(s));
    run->table->conv_pack(run->par, s, d.weight.data, d.packed.data);
    return d;
}

static void destroy(kernel_run *run, conv_data *d)
{
    kernel_tensor_free(run, &d->x, "x");
    kernel_tensor_free(run, &d->weight, "weight");
    kernel_tensor_free(run, &d->old, "old");
    kernel_tensor_output(run, &d->y, "y");
    kernel_buffer_free(run, &d->packed, "packed");
}

static void convolve(kernel_run *run, const alck_conv *s, const conv_data *d, const alck_epilogue *e)
{
    kernel_buffer scratch = kernel_scratch(run->table->conv_forward_scratch_bytes(s, run->par->workers));
    run->table->conv_forward(run->par, s, d->x.data, d->packed.data, e, d->y.data, scratch.data);
    kernel_buffer_free(run, &scratch, "scratch");
}

static void compare(kernel_run *run, const alck_conv *s, product_data data, const conv_data *d, bool add)
{
    for (int64_t p = 0; p < d->y.pixels; p++)
        for (int64_t c = 0; c < s->out_channels; c++) {
            const int64_t row = p / s->out_width % s->out_height, image = p / s->out_width / s->out_height;
            const alck_reference_sum want =
                alck_reference_conv(s, d->x.data, d->weight.data, image, row, p % s->out_width, c);
            product_expect(run, data, *kernel_at(&d->y, p, c), want, add ? kernel_at(&d->old, p, c) : NULL, "y", p, c);
        }
}

static void check_one(kernel_run *run, const alck_conv *s, product_data data, bool add)
{
    const alck_epilogue e = {.add = add};
    conv_data d = make(run, s, data);
    convolve(run, s, &d, &e);
    compare(run, s, data, &d, add);
    destroy(run, &d);
}

static void check_random(kernel_run *run)
{
    for (int i = 0; i < 120; i++) {
        const alck_conv s = product_random_conv(run, 20000);
        check_one(run, &s, (product_data)(i % DATA_KINDS), i % 5 == 0);
    }
}

/* Shapes with a way of their own through the kernels. */
static void check_special_shapes(kernel_run *run)
{
    static const alck_conv shapes[] = {
        /* a first layer: rows of taps side by side */
        {2, 13, 17, 3, 0, 7, 9, 33, 0, 7, 7, 2, 2, 3, 3, 1, 1, 1, ALCK_REALS, {0}},
        {1, 30, 30, 3, 0, 28, 28, 8, 0, 11, 11, 1, 1, 4, 4, 1, 1, 1, ALCK_REALS, {0}},
        /* pixels 4096 bytes apart */
        {1, 5, 5, 40, 1024, 5, 5, 65, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {1, 4, 31, 20, 512, 4, 16, 70, 0, 1, 1, 1, 2, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        /* a point-wise layer, more than one task */
        {2, 21, 19, 24, 0, 21, 19, 40, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        /* all padding */
        {1, 2, 2, 5, 0, 3, 3, 6, 0, 3, 3, 9, 9, 9, 9, 1, 1, 1, ALCK_REALS, {0}},
        /* nothing */
        {0, 4, 4, 8, 0, 4, 4, 8, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        alck_conv s = shapes[i];
        check_one(run, &s, DATA_REALS, false);
        s.operands = product_bf16(run);
        check_one(run, &s, DATA_REALS, false);
    }
}

/* An image's outputs are the same bits alone and in a batch. */
static void check_batch(kernel_run *run)
{
    for (int i = 0; i < 20; i++) {
        alck_conv s = product_random_conv(run, 20000);
        s.batch = 4;
        const alck_epilogue e = {0};
        conv_data d = make(run, &s, DATA_REALS);
        convolve(run, &s, &d, &e);
        const int64_t pixels = s.out_height * s.out_width, in_stride = d.x.stride;
        for (int64_t image = 0; image < 4; image++) {
            alck_conv alone = s;
            conv_data one = d;
            alone.batch = 1;
            one.x.data += image * s.in_height * s.in_width * in_stride;
            one.y = kernel_tensor_new(pixels, s.out_channels, d.y.stride);
            convolve(run, &alone, &one, &e);
            for (int64_t p = 0; p < pixels; p++)
                if (memcmp(kernel_at(&one.y, p, 0), kernel_at(&d.y, image * pixels + p, 0),
                           (size_t)s.out_channels * sizeof(alck_real)) != 0)
                    kernel_fail(run, "image %lld of 4: other bits than alone", (long long)image);
            kernel_tensor_output(run, &one.y, "y of one image");
        }
        destroy(run, &d);
    }
}

/* With a batch norm: as if its output had been stored first. */
static void check_norm(kernel_run *run)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6};
    for (int i = 0; i < 30; i++) {
        alck_conv s = product_random_pointwise(run);
        const alck_epilogue e = {0};
        conv_data d = make(run, &s, DATA_REALS), apart = d;
        kernel_tensor scale = kernel_tensor_reals(run, 1, s.in_channels, s.in_channels, 1);
        kernel_tensor shift = kernel_tensor_reals(run, 1, s.in_channels, s.in_channels, 1);
        const alck_norm norm = {.rows = s.batch, .pixels_per_row = s.in_height * s.in_width, .channels = s.in_channels,
                                .x = d.x.data, .x_stride = d.x.stride, .scale = scale.data, .shift = shift.data,
                                .activation = activations[i % 3]};
        apart.x = kernel_tensor_copy(&d.x);
        apart.y = kernel_tensor_copy(&d.y);
        run->table->norm_forward(run->par, &norm, apart.x.data, apart.x.stride);
        convolve(run, &s, &apart, &e);
        s.reading = (alck_reading){.normalises = true, .scale = scale.data, .shift = shift.data, .activation = norm.activation};
        convolve(run, &s, &d, &e);
        if (memcmp(d.y.data, apart.y.data, d.y.buffer.bytes) != 0)
            kernel_fail(run, "a norm gives other bits than its output stored before");
        kernel_tensor_free(run, &scale, "scale");
        kernel_tensor_free(run, &shift, "shift");
        kernel_tensor_free(run, &apart.x, "the norm's output");
        kernel_tensor_free(run, &apart.y, "y of the norm's output");
        destroy(run, &d);
    }
}

/* With a gate: as if its products with the input had been stored first. */
static void check_gate(kernel_run *run)
{
    for (int i = 0; i < 30; i++) {
        alck_conv s = product_random_pointwise(run);
        const int64_t pixels = s.in_height * s.in_width;
        const alck_epilogue e = {0};
        conv_data d = make(run, &s, DATA_REALS), apart = d;
        kernel_tensor gate = kernel_tensor_reals(run, s.batch, s.in_channels, s.in_channels + 3, 1);
        apart.x = kernel_tensor_copy(&d.x);
        apart.y = kernel_tensor_copy(&d.y);
        for (int64_t p = 0; p < d.x.pixels; p++)
            for (int64_t c = 0; c < s.in_channels; c++)
                *kernel_at(&apart.x, p, c) *= *kernel_at(&gate, p / pixels, c);
        convolve(run, &s, &apart, &e);
        s.reading.gate = gate.data;
        s.reading.gate_stride = gate.stride;
        convolve(run, &s, &d, &e);
        if (memcmp(d.y.data, apart.y.data, d.y.buffer.bytes) != 0)
            kernel_fail(run, "a gate gives other bits than products stored before");
        kernel_tensor_free(run, &gate, "gate");
        kernel_tensor_free(run, &apart.x, "products");
        kernel_tensor_free(run, &apart.y, "y of products");
        destroy(run, &d);
    }
}

/* The point-wise convolution that reads this one's output. */
static alck_conv pointwise_after(const alck_conv *s, int64_t columns)
{
    return (alck_conv){.batch = s->batch, .in_height = s->out_height, .in_width = s->out_width, .in_channels = s->out_channels,
                       .out_height = s->out_height, .out_width = s->out_width, .out_channels = columns, .kernel_height = 1,
                       .kernel_width = 1, .stride_y = 1, .stride_x = 1, .dilation_y = 1, .dilation_x = 1, .groups = 1};
}

static void check_depthwise_source(kernel_run *run, const alck_conv *shape, int64_t columns, alck_operands operands,
                                   alck_activation activation, bool bias)
{
    alck_conv s = pointwise_after(shape, columns);
    s.operands = operands;
    const alck_epilogue e = {.activation = ALCK_RELU};
    const int64_t channels = shape->in_channels;
    kernel_tensor x = kernel_tensor_reals(run, shape->batch * shape->in_height * shape->in_width, channels,
                                          shape->in_stride > 0 ? shape->in_stride : channels, 1);
    kernel_tensor weight = kernel_tensor_reals(run, shape->kernel_height * shape->kernel_width, channels, channels, 1);
    kernel_tensor biases = kernel_tensor_reals(run, 1, channels, channels, 1);
    const alck_depthwise source = {.shape = shape, .weight = weight.data,
                                   .epilogue = {.bias = bias ? biases.data : NULL, .activation = activation}};
    conv_data apart = make(run, &s, DATA_REALS), d = apart;
    run->table->depthwise_forward(run->par, shape, x.data, weight.data, &source.epilogue, apart.x.data, NULL);
    convolve(run, &s, &apart, &e);
    d.x = x;
    d.y = kernel_tensor_copy(&apart.y);
    s.reading.depthwise = &source;
    convolve(run, &s, &d, &e);
    if (memcmp(d.y.data, apart.y.data, d.y.buffer.bytes) != 0)
        kernel_fail(run, "a depthwise convolution that is formed gives other bits than its output stored before");
    kernel_tensor_free(run, &weight, "the depthwise weight");
    kernel_tensor_free(run, &biases, "the depthwise bias");
    kernel_tensor_free(run, &d.y, "y of what was formed");
    kernel_tensor_free(run, &x, "the depthwise input");
    destroy(run, &apart);
}

/* With a depthwise convolution: as if its output had been stored first. */
static void check_depthwise(kernel_run *run)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU6, ALCK_SILU};
    for (int i = 0; i < 40; i++) {
        alck_conv shape = product_random_depthwise(run, 20000);
        shape.out_stride = 0; /* it has no output of its own */
        shape.reading.activation = i % 2 ? ALCK_RELU : ALCK_IDENTITY;
        const int64_t outputs = kernel_random_extent(run);
        check_depthwise_source(run, &shape, outputs, product_random_operands(run), activations[i % 3], i % 4 < 2);
    }
    /* rows that are cut among tasks; several blocks of k, and of columns */
    static const alck_conv shapes[] = {
        {1, 9, 14, 270, 0, 9, 14, 270, 0, 3, 3, 1, 1, 1, 1, 1, 1, 270, ALCK_REALS, {0}},
        {1, 5, 121, 40, 48, 3, 61, 40, 0, 3, 3, 2, 2, 1, 1, 1, 1, 40, ALCK_REALS, {0}},
        {1, 5, 5, 530, 0, 5, 5, 530, 0, 5, 5, 1, 1, 2, 2, 1, 1, 530, ALCK_REALS, {0}},
        {0, 4, 4, 8, 0, 4, 4, 8, 0, 3, 3, 1, 1, 1, 1, 1, 1, 8, ALCK_REALS, {0}},
    };
    static const int64_t columns[] = {530, 64, 1100, 8};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int bf16 = 0; bf16 < 2; bf16++)
            check_depthwise_source(run, &shapes[i], columns[i], bf16 ? product_bf16(run) : ALCK_REALS, ALCK_IDENTITY, true);
}

/* A point-wise convolution is the matrix product, bit for bit. */
static void check_is_gemm(kernel_run *run)
{
    for (int i = 0; i < 20; i++) {
        const int64_t pixels = kernel_random_extent(run), inputs = kernel_random_between(run, 1, 600);
        const alck_conv s = {.batch = 1, .in_height = 1, .in_width = pixels, .in_channels = inputs, .out_height = 1,
                             .out_width = pixels, .out_channels = kernel_random_extent(run), .kernel_height = 1,
                             .kernel_width = 1, .stride_y = 1, .stride_x = 1, .dilation_y = 1, .dilation_x = 1, .groups = 1};
        const alck_epilogue e = {0};
        conv_data d = make(run, &s, DATA_REALS);
        convolve(run, &s, &d, &e);
        kernel_tensor c = kernel_tensor_new(pixels, s.out_channels, s.out_channels);
        const alck_gemm g = {.m = pixels, .n = s.out_channels, .k = inputs, .a = d.x.data, .a_stride = inputs,
                             .b = d.weight.data, .b_stride = s.out_channels, .c = c.data, .c_stride = c.stride};
        kernel_buffer scratch = kernel_scratch(run->table->gemm_scratch_bytes(&g, run->par->workers));
        run->table->gemm(run->par, &g, scratch.data);
        if (memcmp(c.data, d.y.data, c.buffer.bytes) != 0)
            kernel_fail(run, "a point-wise convolution differs from the matrix product");
        kernel_buffer_free(run, &scratch, "scratch");
        kernel_tensor_free(run, &c, "c");
        destroy(run, &d);
    }
}

const kernel_check kernel_checks_conv_forward[] = {
    {"conv_forward, random shapes", check_random},
    {"conv_forward, special shapes", check_special_shapes},
    {"conv_forward, batch", check_batch},
    {"conv_forward, point-wise", check_is_gemm},
    {"conv_forward, gated", check_gate},
    {"conv_forward, normalised", check_norm},
    {"conv_forward, of a depthwise convolution", check_depthwise},
    {NULL, NULL},
};
