/* map_cases.c - kernels over maps of channels: norms, pools, activations, sums and gates. */
#include "tests/bench/count_kernel/cases.h"

#define ROWS 2
#define SIZE 14
#define PIXELS (SIZE * SIZE)

/* A stride above the channels is a map within a wider one, as DenseNet's are. */
typedef struct map_shape {
    int64_t channels, stride;
    alck_activation activation;
    bool residual;
} map_shape;

static alck_real *map(lab *l, const map_shape *s)
{
    l->work = ROWS * PIXELS * s->channels;
    l->unit = "value";
    return numbers(ROWS * PIXELS * s->stride);
}

static alck_norm norm_of(lab *l, const map_shape *s)
{
    return (alck_norm){.rows = ROWS, .pixels_per_row = PIXELS, .channels = s->channels, .x = map(l, s),
                       .x_stride = s->stride, .scale = numbers(s->channels), .shift = numbers(s->channels),
                       .residual = s->residual ? map(l, s) : NULL, .residual_stride = s->stride,
                       .activation = s->activation};
}

static alck_norm_backward norm_backward_of(lab *l, const map_shape *s)
{
    const int64_t channels = s->channels;
    return (alck_norm_backward){.forward = norm_of(l, s), .dy = map(l, s), .dy_stride = s->stride,
                                .mean = numbers(channels), .inverse_std = numbers(channels),
                                .sum_dz = numbers(channels), .sum_dz_xhat = numbers(channels), .a = numbers(channels),
                                .b = numbers(channels), .c = numbers(channels), .dx = map(l, s),
                                .dx_stride = s->stride};
}

static void norm_statistics(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_norm n = norm_of(l, s);
    alck_real *mean = numbers(s->channels), *variance = numbers(s->channels);
    void *scratch = memory(l->table->norm_scratch_bytes(ROWS, PIXELS, s->channels, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->norm_statistics(&l->par, &n, mean, variance, scratch);
}

static void norm_forward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_norm n = norm_of(l, s);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->norm_forward(&l->par, &n, y, s->stride);
}

static void norm_backward_sums(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_norm_backward n = norm_backward_of(l, s);
    void *scratch = memory(l->table->norm_scratch_bytes(ROWS, PIXELS, s->channels, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->norm_backward_sums(&l->par, &n, scratch);
}

static void norm_backward_apply(lab *l, const void *shape)
{
    const alck_norm_backward n = norm_backward_of(l, shape);
    for (int i = 0; i < l->runs; i++)
        l->table->norm_backward_apply(&l->par, &n);
}

static void channel_sums(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s);
    alck_real *sums = numbers(s->channels);
    void *scratch = memory(l->table->norm_scratch_bytes(ROWS, PIXELS, s->channels, 1));
    for (int i = 0; i < l->runs; i++)
        l->table->channel_sums(&l->par, ROWS, PIXELS, s->channels, x, s->stride, sums, false, scratch);
}

/* 3x3 with stride 2; its work is the larger map's values. */
static alck_pool pool_of(const map_shape *s)
{
    return (alck_pool){.batch = ROWS, .channels = s->channels, .in_height = SIZE, .in_width = SIZE,
                       .in_stride = s->stride, .out_height = SIZE / 2, .out_width = SIZE / 2, .out_stride = s->stride,
                       .kernel_height = 3, .kernel_width = 3, .stride_y = 2, .stride_x = 2, .pad_top = 1,
                       .pad_left = 1};
}

static void max_pool_forward(lab *l, const void *shape)
{
    const alck_pool p = pool_of(shape);
    const alck_real *x = map(l, shape);
    alck_real *y = map(l, shape);
    uint8_t *positions = memory((size_t)l->work);
    for (int i = 0; i < l->runs; i++)
        l->table->max_pool_forward(&l->par, &p, x, y, positions);
}

static void max_pool_forward_alone(lab *l, const void *shape)
{
    const alck_pool p = pool_of(shape);
    const alck_real *x = map(l, shape);
    alck_real *y = map(l, shape);
    for (int i = 0; i < l->runs; i++)
        l->table->max_pool_forward(&l->par, &p, x, y, NULL);
}

static void max_pool_backward(lab *l, const void *shape)
{
    const alck_pool p = pool_of(shape);
    alck_real *x = map(l, shape), *y = map(l, shape);
    uint8_t *positions = memory((size_t)l->work);
    l->table->max_pool_forward(&l->par, &p, x, y, positions);
    for (int i = 0; i < l->runs; i++)
        l->table->max_pool_backward(&l->par, &p, positions, y, x, false);
}

static void average_pool_forward(lab *l, const void *shape)
{
    const alck_pool p = pool_of(shape);
    const alck_real *x = map(l, shape);
    alck_real *y = map(l, shape);
    for (int i = 0; i < l->runs; i++)
        l->table->average_pool_forward(&l->par, &p, x, y);
}

static void average_pool_backward(lab *l, const void *shape)
{
    const alck_pool p = pool_of(shape);
    const alck_real *dy = map(l, shape);
    alck_real *dx = map(l, shape);
    for (int i = 0; i < l->runs; i++)
        l->table->average_pool_backward(&l->par, &p, dy, dx, false);
}

static void global_average_forward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s);
    alck_real *y = numbers(ROWS * s->channels);
    for (int i = 0; i < l->runs; i++)
        l->table->global_average_forward(&l->par, ROWS, SIZE, SIZE, s->channels, x, s->stride, y, s->channels);
}

static void global_average_backward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *dy = numbers(ROWS * s->channels);
    alck_real *dx = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->global_average_backward(&l->par, ROWS, PIXELS, s->channels, dy, s->channels, dx, s->stride, false);
}

static void activation_forward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->activation_forward(&l->par, s->activation, ROWS * PIXELS, s->channels, x, s->stride, y, s->stride);
}

static void activation_backward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *source = map(l, s), *dy = map(l, s);
    alck_real *dx = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->activation_backward(&l->par, s->activation, ROWS * PIXELS, s->channels, source, s->stride, dy,
                                      s->stride, dx, s->stride, false);
}

static void add_forward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *a = map(l, s), *b = map(l, s);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->add_forward(&l->par, s->activation, ROWS * PIXELS, s->channels, a, s->stride, b, s->stride, y,
                              s->stride);
}

static void multiply(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *a = map(l, s), *b = map(l, s);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->multiply(&l->par, ROWS * PIXELS, s->channels, a, s->stride, b, s->stride, y, s->stride, false);
}

static void multiply_broadcast(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s), *gate = numbers(ROWS * s->channels);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->multiply_broadcast(&l->par, ROWS, PIXELS, s->channels, x, s->stride, gate, s->channels, y, s->stride,
                                     false);
}

static void multiply_broadcast_backward(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_gate_gradients wanted = {.rows = ROWS, .pixels = PIXELS, .channels = s->channels, .x = map(l, s),
                                        .gate = numbers(ROWS * s->channels), .dy = map(l, s), .x_stride = s->stride,
                                        .gate_stride = s->channels, .dy_stride = s->stride, .dx = map(l, s),
                                        .dgate = numbers(ROWS * s->channels), .dx_stride = s->stride, .dgate_stride = s->channels};
    for (int i = 0; i < l->runs; i++)
        l->table->multiply_broadcast_backward(&l->par, &wanted);
}

static void copy(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s);
    alck_real *y = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->copy(&l->par, ROWS * PIXELS, s->channels, x, s->stride, y, s->stride, false);
}

static void all_finite(lab *l, const void *shape)
{
    const map_shape *s = shape;
    const alck_real *x = map(l, s);
    for (int i = 0; i < l->runs; i++)
        l->table->all_finite(ROWS * PIXELS, s->channels, x, s->stride);
}

#define SHAPE(...) &(const map_shape){__VA_ARGS__}
#define MAP(activation) SHAPE(64, 64, activation, false)
#define PART SHAPE(64, 96, ALCK_RELU, false)
#define ODD SHAPE(22, 25, ALCK_RELU, false)

static const kernel_case cases[] = {
    {"norm_statistics", norm_statistics, MAP(ALCK_IDENTITY)},
    {"norm_statistics, 22 of 25 channels", norm_statistics, ODD},
    {"norm_forward, relu", norm_forward, MAP(ALCK_RELU)},
    {"norm_forward, residual, relu", norm_forward, SHAPE(64, 64, ALCK_RELU, true)},
    {"norm_forward, silu", norm_forward, MAP(ALCK_SILU)},
    {"norm_forward, relu, 22 of 25 channels", norm_forward, ODD},
    {"norm_backward_sums, relu", norm_backward_sums, MAP(ALCK_RELU)},
    {"norm_backward_sums, silu", norm_backward_sums, MAP(ALCK_SILU)},
    {"norm_backward_apply, relu", norm_backward_apply, MAP(ALCK_RELU)},
    {"norm_backward_apply, silu", norm_backward_apply, MAP(ALCK_SILU)},
    {"channel_sums", channel_sums, MAP(ALCK_IDENTITY)},
    {"max_pool_forward 3x3/2", max_pool_forward, MAP(ALCK_IDENTITY)},
    {"max_pool_forward 3x3/2, no positions", max_pool_forward_alone, MAP(ALCK_IDENTITY)},
    {"max_pool_backward 3x3/2", max_pool_backward, MAP(ALCK_IDENTITY)},
    {"average_pool_forward 3x3/2", average_pool_forward, MAP(ALCK_IDENTITY)},
    {"average_pool_backward 3x3/2", average_pool_backward, MAP(ALCK_IDENTITY)},
    {"global_average_forward", global_average_forward, MAP(ALCK_IDENTITY)},
    {"global_average_backward", global_average_backward, MAP(ALCK_IDENTITY)},
    {"activation_forward relu", activation_forward, MAP(ALCK_RELU)},
    {"activation_forward relu6", activation_forward, MAP(ALCK_RELU6)},
    {"activation_forward sigmoid", activation_forward, MAP(ALCK_SIGMOID)},
    {"activation_forward silu", activation_forward, MAP(ALCK_SILU)},
    {"activation_forward tanh", activation_forward, MAP(ALCK_TANH)},
    {"activation_backward relu", activation_backward, MAP(ALCK_RELU)},
    {"activation_backward relu6", activation_backward, MAP(ALCK_RELU6)},
    {"activation_backward sigmoid", activation_backward, MAP(ALCK_SIGMOID)},
    {"activation_backward silu", activation_backward, MAP(ALCK_SILU)},
    {"activation_backward tanh", activation_backward, MAP(ALCK_TANH)},
    {"add_forward relu", add_forward, MAP(ALCK_RELU)},
    {"add_forward relu, 64 of 96 channels", add_forward, PART},
    {"add_forward relu, 22 of 25 channels", add_forward, ODD},
    {"multiply", multiply, MAP(ALCK_IDENTITY)},
    {"multiply_broadcast", multiply_broadcast, MAP(ALCK_IDENTITY)},
    {"multiply_broadcast_backward", multiply_broadcast_backward, MAP(ALCK_IDENTITY)},
    {"copy", copy, MAP(ALCK_IDENTITY)},
    {"copy, 64 of 96 channels", copy, PART},
    {"copy, 22 of 25 channels", copy, ODD},
    {"all_finite", all_finite, MAP(ALCK_IDENTITY)},
};

case_list map_cases(void)
{
    return (case_list){cases, sizeof cases / sizeof *cases};
}
