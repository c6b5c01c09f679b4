/* test_conv_winograd_accuracy.c - how far Winograd's convolutions and direct ones are from the sum in double, at the layers'
 * shapes of the networks: worst and median error in units of rounding (2^-24, of bf16 2^-8) of the outputs' root mean square.
 * Winograd's median must stay within eight times direct's, its worst of a sample, which varies more, within sixteen times, and all
 * within the bounds of docs/design/kernels.md. The lines it prints are that page's tables. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels/reference/winograd_reference.h"
#include "support/run_tests.h"
#include "tests/kernels/kernel_test.h"
#include "tests/kernels/product_checks.h"

/* The images are what a rectifier leaves, as in the networks; the other extents do not change the error. */
enum { IMAGES = 2, COLUMNS = 16, SAMPLES = 2000 };

typedef enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS } direction;
static const char *const direction_names[DIRECTIONS] = {"forward", "data gradient", "weight gradient"};

static const struct layer {
    int64_t size, channels;
} layers[] = {{64, 32}, {56, 64}, {32, 64}, {28, 128}, {16, 128}, {14, 256}, {8, 256}, {7, 512}, {28, 512}};
#define LAYERS ((int)(sizeof layers / sizeof *layers))
/* Of which so many with bf16, whose emulation takes longer. */
enum { BF16_LAYERS = 4 };

static void run_tasks(void *pool, int64_t tasks, void (*body)(void *argument, int64_t task, int worker), void *argument)
{
    (void)pool;
    for (int64_t task = 0; task < tasks; task++)
        body(argument, task, 0);
}

static const alck_parallel alone = {run_tasks, NULL, 1};

typedef struct experiment {
    alck_conv s;
    direction direction;
    kernel_tensor x, weight, y; /* y: the output or its gradient; one of the three is the result */
} experiment;

static kernel_tensor random_tensor(kernel_run *run, int64_t pixels, int64_t channels, double least)
{
    kernel_tensor t = kernel_tensor_reals(run, pixels, channels, channels, 1);
    for (int64_t i = 0; i < pixels * channels; i++)
        t.data[i] = (alck_real)fmax(least, (double)t.data[i]);
    return t;
}

/* The sum is over `channels`: the inputs forward, the outputs for the data gradient; of a weight gradient over tiles only. */
static experiment prepare(kernel_run *run, const struct layer *layer, direction d, alck_operands operands)
{
    experiment e = {.direction = d};
    e.s = (alck_conv){.batch = IMAGES, .in_height = layer->size, .in_width = layer->size, .in_channels = COLUMNS,
                      .out_height = layer->size, .out_width = layer->size, .out_channels = COLUMNS, .kernel_height = 3,
                      .kernel_width = 3, .stride_y = 1, .stride_x = 1, .pad_top = 1, .pad_left = 1, .dilation_y = 1,
                      .dilation_x = 1, .groups = 1, .operands = operands};
    if (d == FORWARD)
        e.s.in_channels = layer->channels;
    else if (d == BACKWARD_DATA)
        e.s.out_channels = layer->channels;
    const int64_t pixels = IMAGES * layer->size * layer->size;
    e.x = random_tensor(run, pixels, e.s.in_channels, 0);
    e.weight = random_tensor(run, 9 * e.s.in_channels, e.s.out_channels, -1);
    e.y = random_tensor(run, pixels, e.s.out_channels, -1);
    return e;
}

static void destroy(kernel_run *run, experiment *e)
{
    kernel_tensor_free(run, &e->x, "x");
    kernel_tensor_free(run, &e->weight, "weight");
    kernel_tensor_free(run, &e->y, "y");
}

/* The direction's result by one of the two ways. */
static kernel_tensor compute(kernel_run *run, const experiment *e, bool winograd)
{
    const alck_table *t = run->table;
    const alck_conv *s = &e->s;
    const alck_epilogue plain = {0};
    const kernel_tensor *like = e->direction == FORWARD ? &e->y : e->direction == BACKWARD_DATA ? &e->x : &e->weight;
    kernel_tensor result = kernel_tensor_new(like->pixels, like->channels, like->stride);
    kernel_buffer packed = kernel_scratch(e->direction == FORWARD ? t->conv_packed_bytes(s) : t->conv_packed_backward_bytes(s));
    const size_t bytes[DIRECTIONS][2] = {
        {t->conv_forward_scratch_bytes(s, 1), t->winograd_forward_scratch_bytes(s, false, 1)},
        {t->conv_backward_data_scratch_bytes(s, 1), t->winograd_backward_data_scratch_bytes(s, 1)},
        {t->conv_backward_weights_scratch_bytes(s, 1), t->winograd_backward_weights_scratch_bytes(s, 1)}};
    kernel_buffer scratch = kernel_scratch(bytes[e->direction][winograd]);
    if (e->direction == FORWARD && winograd) {
        t->winograd_forward(&alone, s, e->x.data, e->weight.data, NULL, &plain, result.data, scratch.data);
    } else if (e->direction == FORWARD) {
        t->conv_pack(&alone, s, e->weight.data, packed.data);
        t->conv_forward(&alone, s, e->x.data, packed.data, &plain, result.data, scratch.data);
    } else if (e->direction == BACKWARD_DATA && winograd) {
        t->winograd_backward_data(&alone, s, e->y.data, e->weight.data, result.data, false, scratch.data);
    } else if (e->direction == BACKWARD_DATA) {
        t->conv_pack_backward(&alone, s, e->weight.data, packed.data);
        t->conv_backward_data(&alone, s, e->y.data, packed.data, result.data, false, scratch.data);
    } else if (winograd) {
        t->winograd_backward_weights(&alone, s, e->x.data, e->y.data, result.data, false, scratch.data);
    } else {
        t->conv_backward_weights(&alone, s, e->x.data, e->y.data, result.data, false, scratch.data);
    }
    kernel_buffer_free(run, &scratch, "scratch");
    kernel_buffer_free(run, &packed, "packed");
    return result;
}

static alck_reference_sum reference(const experiment *e, int64_t row, int64_t channel)
{
    const alck_conv *s = &e->s;
    const int64_t pixels = s->out_height * s->out_width;
    if (e->direction == FORWARD)
        return alck_reference_winograd(s, e->x.data, e->weight.data, row / pixels, row / s->out_width % s->out_height,
                                       row % s->out_width, channel);
    if (e->direction == BACKWARD_DATA)
        return alck_reference_winograd_data(s, e->y.data, e->weight.data, row / pixels, row / s->in_width % s->in_height,
                                            row % s->in_width, channel);
    const int64_t tap = row / s->in_channels;
    return alck_reference_winograd_weights(s, e->x.data, e->y.data, tap / 3, tap % 3, row % s->in_channels, channel);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Worst and median of the errors, which are then sorted. */
typedef struct spread {
    double worst, median;
} spread;

static spread spread_of(double errors[SAMPLES], double unit)
{
    qsort(errors, SAMPLES, sizeof *errors, ascending);
    return (spread){errors[SAMPLES - 1] / unit, errors[SAMPLES / 2] / unit};
}

static void check_layer(kernel_run *run, const struct layer *layer, direction d, alck_operands operands)
{
    const double rounding = operands == ALCK_REALS ? KERNEL_UNIT : 0x1p-8, bound = operands == ALCK_REALS ? 10 : 2.01;
    experiment e = prepare(run, layer, d, operands);
    kernel_tensor direct = compute(run, &e, false), winograd = compute(run, &e, true);
    double errors[2][SAMPLES], squares = 0, of_bound = 0;
    const int64_t values = direct.pixels * direct.channels;
    for (int64_t i = 0; i < SAMPLES; i++) {
        const int64_t at = values * i / SAMPLES;
        const alck_reference_sum sum = reference(&e, at / direct.channels, at % direct.channels);
        errors[0][i] = fabs((double)direct.data[at] - sum.value);
        errors[1][i] = fabs((double)winograd.data[at] - sum.value);
        squares += sum.value * sum.value;
        of_bound = fmax(of_bound, errors[1][i] / (rounding * sum.magnitude));
    }
    const double unit = rounding * sqrt(squares / SAMPLES);
    const spread one = spread_of(errors[0], unit), other = spread_of(errors[1], unit);
    printf("| %s%dx%d, %d | %s | %.2f / %.2f | %.2f / %.2f | %.1f / %.1f | %.2f |\n",
           operands == ALCK_REALS ? "" : "bf16, ", (int)layer->size, (int)layer->size, (int)layer->channels,
           direction_names[d], one.worst, one.median, other.worst, other.median, other.worst / one.worst,
           other.median / one.median, of_bound);
    fflush(stdout);
    ck_assert_double_le(other.median, 8 * one.median);
    ck_assert_double_le(other.worst, 16 * one.worst);
    ck_assert_double_le(of_bound, bound);
    kernel_tensor_free(run, &direct, "direct");
    kernel_tensor_free(run, &winograd, "winograd");
    destroy(run, &e);
    ck_assert_msg(run->error[0] == '\0', "%s", run->error);
}

START_TEST(errors_beside_direct)
{
    kernel_run run = {.par = &alone, .random = 1};
    for (const alck_table *const *table = alck_tables(); run.table == NULL; table++)
        run.table = alck_table_supported(*table) ? *table : NULL;
    for (int layer = 0; layer < LAYERS; layer++)
        for (direction d = FORWARD; d < DIRECTIONS; d++)
            check_layer(&run, &layers[layer], d, ALCK_REALS);
    for (int layer = 0; layer < BF16_LAYERS; layer++)
        for (direction d = FORWARD; d < DIRECTIONS; d++)
            check_layer(&run, &layers[layer], d, product_bf16(&run));
}
END_TEST

int main(void)
{
    return RUN_TESTS("accuracy of winograd's convolution", errors_beside_direct);
}
