/* tests/kernels/check_conv_winograd.c - Winograd's convolutions, forward and for both gradients, bit for bit in the promised
 * order, and within their bound of the sum. */
#include "kernels/reference/elementwise_reference.h"
#include "kernels/reference/winograd_reference.h"
#include "tests/kernels/product_checks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The bound of docs/design/kernels.md, in units of the sum of magnitudes; and what rounding to bf16 adds to it. */
#define ERROR_UNITS 10
#define BF16_ERROR 0x1.01p-7

/* A random 3x3 convolution with stride 1; padding and extents are any, so most have tiles that stick out. */
static alck_conv random_conv(kernel_run *run, int64_t terms)
{
    static const int64_t wide[] = {127, 255, 256, 257, 300, 513};
    alck_conv s = {.batch = kernel_random_between(run, 1, 3), .kernel_height = 3, .kernel_width = 3, .stride_y = 1,
                   .stride_x = 1, .dilation_y = 1, .dilation_x = 1, .groups = 1};
    s.in_height = kernel_random_between(run, 1, 11);
    s.in_width = kernel_random_between(run, 1, 11);
    s.pad_top = kernel_random_between(run, s.in_height < 3 ? 2 : 0, 3);
    s.pad_left = kernel_random_between(run, s.in_width < 3 ? 2 : 0, 3);
    s.out_height = s.in_height + s.pad_top + kernel_random_between(run, 0, 3) - 2;
    s.out_width = s.in_width + s.pad_left + kernel_random_between(run, 0, 3) - 2;
    s.in_channels = kernel_random(run) % 6 ? kernel_random_extent(run) : wide[kernel_random(run) % 6];
    s.out_channels = kernel_random(run) % 6 ? kernel_random_extent(run) : wide[kernel_random(run) % 6];
    while (s.batch * s.out_height * s.out_width * s.in_channels * s.out_channels > terms
           && s.in_channels * s.out_channels > 1) {
        if (s.in_channels > s.out_channels)
            s.in_channels = (s.in_channels + 1) / 2;
        else
            s.out_channels = (s.out_channels + 1) / 2;
    }
    s.in_stride = kernel_random(run) % 2 ? 0 : s.in_channels + kernel_random_between(run, 0, 5);
    s.out_stride = kernel_random(run) % 2 ? 0 : s.out_channels + kernel_random_between(run, 0, 5);
    s.operands = product_random_operands(run);
    return s;
}

typedef struct conv_data {
    kernel_tensor x, weight, y, old; /* y: what is written */
} conv_data;

static kernel_tensor pixels_of(kernel_run *run, product_data data, int64_t pixels, int64_t channels, int64_t stride)
{
    return product_tensor(run, data, pixels, channels, stride > 0 ? stride : channels);
}

static conv_data make(kernel_run *run, const alck_conv *s, product_data data, bool backward)
{
    const int64_t inputs = s->batch * s->in_height * s->in_width, outputs = s->batch * s->out_height * s->out_width;
    conv_data d;
    d.x = backward ? pixels_of(run, data, outputs, s->out_channels, s->out_stride)
                   : pixels_of(run, data, inputs, s->in_channels, s->in_stride);
    d.weight = product_tensor(run, data, 9 * s->in_channels, s->out_channels, s->out_channels);
    d.y = backward ? pixels_of(run, data, inputs, s->in_channels, s->in_stride)
                   : pixels_of(run, data, outputs, s->out_channels, s->out_stride);
    d.old = kernel_tensor_copy(&d.y);
    return d;
}

static void destroy(kernel_run *run, conv_data *d)
{
    kernel_tensor_free(run, &d->x, "x");
    kernel_tensor_free(run, &d->weight, "weight");
    kernel_tensor_free(run, &d->old, "old");
    kernel_tensor_output(run, &d->y, "y");
}

/* Forward with weights transformed for the call, or before, or while they are multiplied. */
typedef enum weight_form { MADE_FOR_THE_CALL, TRANSFORMED, TAPS, WEIGHT_FORMS } weight_form;

static void convolve_taps(kernel_run *run, const alck_conv *s, const conv_data *d, const alck_epilogue *e)
{
    const alck_table *t = run->table;
    kernel_buffer scratch = kernel_scratch(t->winograd_taps_scratch_bytes(s, run->par->workers));
    kernel_buffer weights = kernel_scratch(t->winograd_taps_bytes(s));
    t->winograd_taps_pack(run->par, s, d->weight.data, weights.data);
    t->winograd_taps_forward(run->par, s, d->x.data, weights.data, e, d->y.data, scratch.data);
    kernel_buffer_free(run, &weights, "packed taps");
    kernel_buffer_free(run, &scratch, "scratch");
}

/* Taps are multiplied as reals only. */
static void convolve(kernel_run *run, const alck_conv *s, const conv_data *d, weight_form form, const alck_epilogue *e)
{
    const bool packed = form != MADE_FOR_THE_CALL;
    if (form == TAPS && s->operands == ALCK_REALS) {
        convolve_taps(run, s, d, e);
        return;
    }
    const alck_table *t = run->table;
    kernel_buffer scratch = kernel_scratch(t->winograd_forward_scratch_bytes(s, packed, run->par->workers));
    kernel_buffer weights = kernel_scratch(packed ? t->winograd_packed_bytes(s) : 0);
    if (packed)
        t->winograd_pack(run->par, s, d->weight.data, weights.data);
    t->winograd_forward(run->par, s, d->x.data, packed ? NULL : d->weight.data, packed ? weights.data : NULL, e, d->y.data,
                        scratch.data);
    kernel_buffer_free(run, &weights, "transformed weights");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void convolve_backward(kernel_run *run, const alck_conv *s, const conv_data *d, bool add)
{
    kernel_buffer scratch = kernel_scratch(run->table->winograd_backward_data_scratch_bytes(s, run->par->workers));
    run->table->winograd_backward_data(run->par, s, d->x.data, d->weight.data, d->y.data, add, scratch.data);
    kernel_buffer_free(run, &scratch, "scratch");
}

/* As product_expect, but for the error: integers are no longer exact, since the weights' transform divides by 243. */
static void expect(kernel_run *run, alck_operands operands, product_data data, alck_real got, alck_reference_sum sum,
                   double before, int64_t pixel, int64_t channel)
{
    if (sizeof(alck_real) == sizeof(float)) {
        const alck_real want = sum.ordered + (alck_real)before;
        if (!(isnan(want) && isnan(got)) && got != want)
            kernel_fail(run, "pixel %lld, channel %lld: %a instead of %a in the promised order", (long long)pixel,
                        (long long)channel, (double)got, (double)want);
    }
    if (data != DATA_SPECIALS)
        kernel_expect(run, (double)got, sum.value + before, (ERROR_UNITS * KERNEL_UNIT + (operands == ALCK_REALS ? 0 : BF16_ERROR)) * (sum.magnitude + fabs(before)),
                      "y", pixel, channel);
    else if (!isfinite(sum.value) && isfinite(got))
        kernel_fail(run, "pixel %lld, channel %lld: %g, but a term is not finite", (long long)pixel, (long long)channel,
                    (double)got);
}

static void compare(kernel_run *run, const alck_conv *s, product_data data, const conv_data *d, bool backward, bool add)
{
    const int64_t height = backward ? s->in_height : s->out_height, width = backward ? s->in_width : s->out_width;
    for (int64_t p = 0; p < d->y.pixels; p++)
        for (int64_t c = 0; c < d->y.channels; c++) {
            const int64_t image = p / width / height, row = p / width % height, column = p % width;
            const alck_reference_sum sum =
                backward ? alck_reference_winograd_data(s, d->x.data, d->weight.data, image, row, column, c)
                         : alck_reference_winograd(s, d->x.data, d->weight.data, image, row, column, c);
            expect(run, s->operands, data, *kernel_at(&d->y, p, c), sum, add ? (double)*kernel_at(&d->old, p, c) : 0, p, c);
        }
}

static void check_one(kernel_run *run, const alck_conv *s, product_data data, bool backward, weight_form form, bool add)
{
    const alck_epilogue e = {.add = add};
    conv_data d = make(run, s, data, backward);
    if (backward)
        convolve_backward(run, s, &d, add);
    else
        convolve(run, s, &d, form, &e);
    compare(run, s, data, &d, backward, add);
    destroy(run, &d);
}

static void check_forward(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_conv s = random_conv(run, 3000);
        check_one(run, &s, (product_data)(i / WEIGHT_FORMS % DATA_KINDS), false, (weight_form)(i % WEIGHT_FORMS), i % 5 == 0);
    }
}

static void check_backward_data(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const alck_conv s = random_conv(run, 3000);
        check_one(run, &s, (product_data)(i % DATA_KINDS), true, MADE_FOR_THE_CALL, i % 5 == 0);
    }
}

/* Weights and tiles of which so many are compared with the reference at most; the digest has all. */
#define COMPARED 30000

static void check_weights(kernel_run *run, const alck_conv *s, product_data data, bool add)
{
    const int64_t inputs = s->batch * s->in_height * s->in_width, outputs = s->batch * s->out_height * s->out_width;
    kernel_tensor x = pixels_of(run, data, inputs, s->in_channels, s->in_stride);
    kernel_tensor dy = pixels_of(run, data, outputs, s->out_channels, s->out_stride);
    kernel_tensor dw = product_tensor(run, data, 9 * s->in_channels, s->out_channels, s->out_channels);
    kernel_tensor old = kernel_tensor_copy(&dw);
    kernel_buffer scratch = kernel_scratch(run->table->winograd_backward_weights_scratch_bytes(s, run->par->workers));
    run->table->winograd_backward_weights(run->par, s, x.data, dy.data, dw.data, add, scratch.data);
    const int64_t weights = dw.pixels * s->out_channels, step = 1 + weights * (outputs / 16) / COMPARED;
    for (int64_t i = 0; i < weights; i += step) {
        const int64_t row = i / s->out_channels, k = i % s->out_channels, tap = row / s->in_channels;
        const alck_reference_sum sum =
            alck_reference_winograd_weights(s, x.data, dy.data, tap / 3, tap % 3, row % s->in_channels, k);
        expect(run, s->operands, data, *kernel_at(&dw, row, k), sum, add ? (double)*kernel_at(&old, row, k) : 0, row, k);
    }
    kernel_buffer_free(run, &scratch, "scratch");
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &dw, "dw");
}

static void check_backward_weights(kernel_run *run)
{
    for (int i = 0; i < 40; i++) {
        const alck_conv s = random_conv(run, 3000);
        check_weights(run, &s, (product_data)(i % DATA_KINDS), i % 5 == 0);
    }
}

/* Sums over more than a chain, all at once or in waves: regions that are cut, and panels that are not full. */
static void check_chains(kernel_run *run)
{
    static const alck_conv shapes[] = {
        {2, 60, 50, 3, 0, 60, 50, 5, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {1, 70, 66, 6, 8, 69, 64, 3, 4, 3, 3, 1, 1, 0, 1, 1, 1, 1, ALCK_REALS, {0}},
        {1, 7, 7, 150, 0, 7, 7, 70, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {1, 69, 71, 17, 0, 69, 71, 161, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {1, 68, 90, 161, 0, 68, 90, 17, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int bf16 = 0; bf16 < 2; bf16++) {
            alck_conv s = shapes[i];
            s.operands = bf16 ? product_bf16(run) : ALCK_REALS;
            check_weights(run, &s, i == 1 ? DATA_POSITIVE : DATA_REALS, false);
        }
}

static bool same(const kernel_tensor *a, const kernel_tensor *b)
{
    for (int64_t p = 0; p < a->pixels; p++)
        if (memcmp(kernel_at(a, p, 0), kernel_at(b, p, 0), (size_t)a->channels * sizeof(alck_real)) != 0)
            return false;
    return true;
}

/* Layers that are cut in several tasks, blocks and waves: an image alone, without memory of the batch, has the same bits,
 * however its weights were transformed. */
static void check_cuts(kernel_run *run)
{
    static const alck_conv shapes[] = {
        {3, 29, 30, 12, 0, 29, 30, 20, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {2, 9, 9, 130, 0, 9, 9, 140, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {3, 5, 40, 600, 640, 3, 38, 40, 48, 3, 3, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {2, 60, 60, 400, 0, 60, 60, 24, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        alck_conv s = shapes[i];
        s.operands = product_random_operands(run);
        const alck_epilogue e = {.activation = ALCK_SILU};
        conv_data d = make(run, &s, DATA_REALS, false);
        convolve(run, &s, &d, TRANSFORMED, &e);
        const int64_t pixels = s.out_height * s.out_width, last = s.batch - 1;
        conv_data one = d;
        one.x.data += last * s.in_height * s.in_width * d.x.stride;
        one.y = kernel_tensor_new(pixels, s.out_channels, d.y.stride);
        s.batch = 1;
        kernel_tensor in_batch = d.y;
        in_batch.data += last * pixels * d.y.stride;
        in_batch.pixels = pixels;
        for (weight_form form = MADE_FOR_THE_CALL; form < WEIGHT_FORMS; form++) {
            convolve(run, &s, &one, form, &e);
            if (!same(&one.y, &in_batch))
                kernel_fail(run, "shape %zu, weight form %d: other bits than in the batch", i, (int)form);
        }
        kernel_tensor_output(run, &one.y, "y of one image");
        destroy(run, &d);
    }
}

/* Every part of the epilogue, and the empty batch. */
static void add_one(const void *argument, alck_real *values, int64_t first, int64_t count)
{
    (void)argument;
    for (int64_t i = 0; i < count; i++)
        values[i] += (alck_real)(first + i);
}

static void check_epilogue(kernel_run *run)
{
    for (int i = 0; i < 24; i++) {
        const alck_conv s = random_conv(run, 3000);
        conv_data plain = make(run, &s, DATA_REALS, false), d = plain;
        kernel_tensor bias = product_tensor(run, DATA_REALS, 1, s.out_channels, s.out_channels);
        kernel_tensor residual = kernel_tensor_copy(&plain.old);
        d.y = kernel_tensor_copy(&plain.y);
        const alck_epilogue e = {.bias = bias.data, .residual = i % 2 ? residual.data : NULL,
                                 .residual_stride = residual.stride, .activation = (alck_activation)(i % 3),
                                 .span = i % 4 == 3 ? add_one : NULL};
        convolve(run, &s, &plain, TRANSFORMED, &(alck_epilogue){0});
        convolve(run, &s, &d, (weight_form)(i % WEIGHT_FORMS), &e);
        for (int64_t p = 0; p < d.y.pixels; p++)
            for (int64_t c = 0; c < d.y.channels; c++) {
                alck_real v = *kernel_at(&plain.y, p, c) + bias.data[c];
                v = e.residual != NULL ? v + *kernel_at(&residual, p, c) : v;
                v = e.activation != ALCK_IDENTITY && v < 0 ? 0 : v;
                v = e.activation == ALCK_RELU6 && v > 6 ? 6 : v;
                kernel_expect(run, (double)*kernel_at(&d.y, p, c), (double)(e.span != NULL ? v + (alck_real)c : v), 0, "y", p,
                              c);
            }
        kernel_tensor_free(run, &bias, "bias");
        kernel_tensor_free(run, &residual, "residual");
        kernel_tensor_output(run, &d.y, "y with an epilogue");
        destroy(run, &plain);
    }
}

/* What is stored is what pooling makes of the pixels that are stored without it, NaNs among them. */
static void compare_pooled(kernel_run *run, const alck_conv *s, const conv_data *d, weight_form form, const alck_epilogue *whole)
{
    const alck_pool pool = {.batch = s->batch, .channels = s->out_channels, .in_height = s->out_height, .in_width = s->out_width,
                            .in_stride = d->y.stride, .out_height = s->out_height / 2, .out_width = s->out_width / 2,
                            .kernel_height = 2, .kernel_width = 2, .stride_y = 2, .stride_x = 2};
    const int64_t pixels = pool.batch * pool.out_height * pool.out_width, values = pixels * pool.channels;
    alck_epilogue pooling = *whole;
    conv_data pooled = *d;
    pooled.y = kernel_tensor_new(pixels, s->out_channels, d->y.stride);
    kernel_buffer positions = kernel_buffer_new((size_t)values);
    double *want = malloc((size_t)(values + 1) * sizeof *want);
    uint8_t *want_positions = malloc((size_t)values + 1);
    pooling.pools = true;
    pooling.positions = pool.batch % 2 ? positions.data : NULL;
    convolve(run, s, d, form, whole);
    convolve(run, s, &pooled, form, &pooling);
    alck_reference_max_pool(&pool, d->y.data, want, want_positions);
    for (int64_t i = 0; i < values; i++) {
        const double got = (double)*kernel_at(&pooled.y, i / pool.channels, i % pool.channels);
        if (!(isnan(got) && isnan(want[i])) && got != want[i])
            kernel_fail(run, "pooled value %lld is %g instead of %g", (long long)i, got, want[i]);
    }
    if (pooling.positions != NULL && memcmp(positions.data, want_positions, (size_t)values) != 0)
        kernel_fail(run, "pooling took other positions");
    free(want);
    free(want_positions);
    kernel_buffer_free(run, &positions, "positions");
    kernel_tensor_output(run, &pooled.y, "pooled y");
}

static void check_pooling(kernel_run *run)
{
    for (int i = 0; i < 24; i++) {
        const alck_conv s = random_conv(run, 3000);
        conv_data d = make(run, &s, (product_data)(i / WEIGHT_FORMS % DATA_KINDS), false);
        kernel_tensor bias = product_tensor(run, DATA_REALS, 1, s.out_channels, s.out_channels);
        const alck_epilogue e = {.bias = i % 3 ? bias.data : NULL, .activation = (alck_activation)(i % 5),
                                 .span = i % 4 == 3 ? add_one : NULL};
        compare_pooled(run, &s, &d, (weight_form)(i % WEIGHT_FORMS), &e);
        kernel_tensor_free(run, &bias, "bias");
        destroy(run, &d);
    }
}

static void check_empty(kernel_run *run)
{
    const alck_conv s = {0, 4, 4, 8, 0, 4, 4, 8, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}};
    for (weight_form form = MADE_FOR_THE_CALL; form < WEIGHT_FORMS; form++)
        check_one(run, &s, DATA_REALS, false, form, false);
    check_one(run, &s, DATA_REALS, true, MADE_FOR_THE_CALL, false);
    check_weights(run, &s, DATA_REALS, false);
    check_weights(run, &s, DATA_REALS, true);
}

const kernel_check kernel_checks_conv_winograd[] = {
    {"winograd_forward, random shapes", check_forward},
    {"winograd_backward_data, random shapes", check_backward_data},
    {"winograd_backward_weights, random shapes", check_backward_weights},
    {"winograd_backward_weights, chains", check_chains},
    {"winograd_forward, cuts and batch", check_cuts},
    {"winograd_forward, epilogue", check_epilogue},
    {"winograd_forward, pooling", check_pooling},
    {"winograd, empty batch", check_empty},
    {NULL, NULL},
};
