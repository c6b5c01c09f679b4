/* tests/kernels/check_depthwise.c - depthwise convolution and its gradients against naive loops: forward and the input's
 * gradient have the order of a grouped convolution with one channel per group, the weights' gradient one of its own. */
#include "tests/kernels/product_checks.h"

#include <string.h>

typedef struct depthwise_data {
    kernel_tensor x, weight, y, old;
    kernel_tensor grouped; /* the same weights as a grouped convolution has them */
} depthwise_data;

static depthwise_data make(kernel_run *run, const alck_conv *s, product_data data)
{
    const int64_t taps = s->kernel_height * s->kernel_width, channels = s->in_channels;
    depthwise_data d;
    d.x = product_tensor(run, data, s->batch * s->in_height * s->in_width, channels,
                         s->in_stride > 0 ? s->in_stride : channels);
    d.y = product_tensor(run, data, s->batch * s->out_height * s->out_width, channels,
                         s->out_stride > 0 ? s->out_stride : channels);
    d.weight = product_tensor(run, data, taps, channels, channels);
    d.grouped = kernel_tensor_new(channels, taps, taps);
    alck_reference_grouped_weights(s, d.weight.data, d.grouped.data);
    return d;
}

/* `output` is the one of the tensors that was written to; old is what it had been. */
static void destroy(kernel_run *run, depthwise_data *d, kernel_tensor *output, const char *name)
{
    kernel_tensor *all[] = {&d->x, &d->weight, &d->y, &d->grouped};
    for (int i = 0; i < 4; i++)
        if (all[i] == output)
            kernel_tensor_output(run, all[i], name);
        else
            kernel_tensor_free(run, all[i], "an input");
    kernel_tensor_free(run, &d->old, "old");
}

static void check_forward(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_conv s = product_random_depthwise(run, 20000);
        const product_data data = (product_data)(i % DATA_KINDS);
        const alck_epilogue e = {.add = i % 5 == 0};
        depthwise_data d = make(run, &s, data);
        d.old = kernel_tensor_copy(&d.y);
        run->table->depthwise_forward(run->par, &s, d.x.data, d.weight.data, &e, d.y.data, NULL);
        for (int64_t p = 0; p < d.y.pixels; p++)
            for (int64_t c = 0; c < s.in_channels; c++) {
                const int64_t row = p / s.out_width % s.out_height, image = p / s.out_width / s.out_height;
                product_expect(run, data, *kernel_at(&d.y, p, c),
                               alck_reference_conv(&s, d.x.data, d.grouped.data, image, row, p % s.out_width, c),
                               e.add ? kernel_at(&d.old, p, c) : NULL, "y", p, c);
            }
        destroy(run, &d, &d.y, "y");
    }
}

/* With a relu as it reads: as if its output had been stored first. */
static void check_relu(kernel_run *run)
{
    for (int i = 0; i < 30; i++) {
        alck_conv s = product_random_depthwise(run, 20000);
        const alck_epilogue e = {0};
        depthwise_data d = make(run, &s, (product_data)(i % DATA_KINDS));
        d.old = kernel_tensor_copy(&d.y);
        kernel_tensor relu = kernel_tensor_copy(&d.x);
        run->table->activation_forward(run->par, ALCK_RELU, d.x.pixels, s.in_channels, d.x.data, d.x.stride, relu.data, relu.stride);
        run->table->depthwise_forward(run->par, &s, relu.data, d.weight.data, &e, d.old.data, NULL);
        s.reading.activation = ALCK_RELU;
        run->table->depthwise_forward(run->par, &s, d.x.data, d.weight.data, &e, d.y.data, NULL);
        if (memcmp(d.y.data, d.old.data, d.y.buffer.bytes) != 0)
            kernel_fail(run, "a relu applied as it is read gives other bits than its output stored before");
        kernel_tensor_free(run, &relu, "the relu's output");
        destroy(run, &d, &d.y, "y");
    }
}

/* With averages: those of the output that is stored. */
static void check_averages(kernel_run *run)
{
    for (int i = 0; i < 30; i++) {
        const alck_conv s = product_random_depthwise(run, 20000);
        const alck_epilogue e = {.activation = i % 2 ? ALCK_SILU : ALCK_IDENTITY};
        depthwise_data d = make(run, &s, DATA_REALS);
        d.old = kernel_tensor_copy(&d.y);
        kernel_tensor averages = kernel_tensor_new(s.batch, s.out_channels, s.out_channels + 3);
        kernel_tensor apart = kernel_tensor_copy(&averages);
        kernel_buffer scratch = kernel_scratch(run->table->depthwise_averages_scratch_bytes(&s));
        const alck_averages wanted = {averages.data, averages.stride, scratch.data};
        run->table->depthwise_forward(run->par, &s, d.x.data, d.weight.data, &e, d.y.data, &wanted);
        run->table->depthwise_forward(run->par, &s, d.x.data, d.weight.data, &e, d.old.data, NULL);
        run->table->global_average_forward(run->par, s.batch, s.out_height, s.out_width, s.out_channels, d.old.data, d.old.stride,
                                           apart.data, apart.stride);
        if (memcmp(d.y.data, d.old.data, d.y.buffer.bytes) != 0 || memcmp(averages.data, apart.data, apart.buffer.bytes) != 0)
            kernel_fail(run, "averages found on the way have other bits than those of the output stored before");
        kernel_tensor_free(run, &apart, "averages of what was stored");
        kernel_tensor_output(run, &averages, "averages");
        kernel_buffer_free(run, &scratch, "scratch");
        destroy(run, &d, &d.y, "y");
    }
}

static void check_backward_data(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_conv s = product_random_depthwise(run, 20000);
        const product_data data = (product_data)(i % DATA_KINDS);
        const bool add = i % 5 == 0;
        depthwise_data d = make(run, &s, data);
        d.old = kernel_tensor_copy(&d.x);
        const alck_depthwise_gradients wanted = {.weight = d.weight.data, .dy = d.y.data, .dx = d.x.data,
                                                 .dx_stride = d.x.stride, .add_dx = add};
        run->table->depthwise_backward(run->par, &s, &wanted);
        for (int64_t p = 0; p < d.x.pixels; p++)
            for (int64_t c = 0; c < s.in_channels; c++) {
                const int64_t row = p / s.in_width % s.in_height, image = p / s.in_width / s.in_height;
                const alck_reference_sum want =
                    alck_reference_conv_data(&s, d.y.data, d.grouped.data, image, row, p % s.in_width, c);
                const alck_real before = *kernel_at(&d.old, p, c);
                /* without a term nothing is added, so that a zero keeps its sign */
                if (!add || want.magnitude != 0 || before != 0)
                    product_expect(run, data, *kernel_at(&d.x, p, c), want, add ? &before : NULL, "dx", p, c);
            }
        destroy(run, &d, &d.x, "dx");
    }
}

static void check_weights_of(kernel_run *run, const alck_conv *s, product_data data, bool add)
{
    depthwise_data d = make(run, s, data);
    kernel_buffer scratch = kernel_scratch(run->table->depthwise_backward_scratch_bytes(s));
    const alck_depthwise_gradients wanted = {.x = d.x.data, .dy = d.y.data, .dw = d.weight.data, .add_dw = add, .scratch = scratch.data};
    d.old = kernel_tensor_copy(&d.weight);
    run->table->depthwise_backward(run->par, s, &wanted);
    for (int64_t tap = 0; tap < d.weight.pixels; tap++)
        for (int64_t c = 0; c < s->in_channels; c++)
            product_expect(run, data, *kernel_at(&d.weight, tap, c),
                           alck_reference_depthwise_weights(s, d.x.data, d.y.data, tap / s->kernel_width,
                                                            tap % s->kernel_width, c),
                           add ? kernel_at(&d.old, tap, c) : NULL, "dw", tap, c);
    kernel_buffer_free(run, &scratch, "scratch");
    destroy(run, &d, &d.weight, "dw");
}

static void check_backward_weights(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_conv s = product_random_depthwise(run, 20000);
        check_weights_of(run, &s, (product_data)(i % DATA_KINDS), i % 5 == 0);
    }
}

/* Both gradients wanted at once: each as if it were alone. */
static void check_together_of(kernel_run *run, const alck_conv *s, product_data data, int64_t gap, bool add_dx, bool add_dw)
{
    depthwise_data d = make(run, s, data);
    d.old = kernel_tensor_copy(&d.weight);
    const int64_t dx_stride = s->in_channels + gap;
    kernel_tensor dx = product_tensor(run, DATA_REALS, d.x.pixels, s->in_channels, dx_stride), dw = kernel_tensor_copy(&d.weight);
    kernel_tensor dx_alone = kernel_tensor_copy(&dx), dw_alone = kernel_tensor_copy(&d.weight);
    kernel_buffer scratch = kernel_scratch(run->table->depthwise_backward_scratch_bytes(s));
    alck_depthwise_gradients wanted = {d.x.data, d.weight.data, d.y.data, dx.data, dw.data, dx_stride, add_dx, add_dw, scratch.data};
    run->table->depthwise_backward(run->par, s, &wanted);
    wanted.dx = dx_alone.data;
    wanted.dw = NULL;
    run->table->depthwise_backward(run->par, s, &wanted);
    wanted.dx = NULL;
    wanted.dw = dw_alone.data;
    run->table->depthwise_backward(run->par, s, &wanted);
    if (memcmp(dx.data, dx_alone.data, dx.buffer.bytes) != 0 || memcmp(dw.data, dw_alone.data, dw.buffer.bytes) != 0)
        kernel_fail(run, "gradients found together have other bits than each alone");
    kernel_tensor_free(run, &dx_alone, "dx alone");
    kernel_tensor_free(run, &dw_alone, "dw alone");
    kernel_tensor_output(run, &dx, "dx");
    kernel_buffer_free(run, &scratch, "scratch");
    destroy(run, &d, &d.x, "x");
    kernel_tensor_output(run, &dw, "dw");
}

static void check_backward_together(kernel_run *run)
{
    for (int i = 0; i < 60; i++) {
        const alck_conv s = product_random_depthwise(run, 20000);
        check_together_of(run, &s, (product_data)(i % DATA_KINDS), i % 3, i % 2 != 0, i % 5 == 0);
    }
}

/* A line of more than one run, a kernel of more taps than are summed at once, more taps than a block; an image in bands; no samples,
 * no output. */
static void check_special_shapes(kernel_run *run)
{
    static const alck_conv shapes[] = {
        {2, 2, 600, 3, 0, 2, 600, 3, 0, 1, 3, 1, 1, 0, 1, 1, 1, 3, ALCK_REALS, {0}},
        {1, 4, 30, 5, 0, 4, 30, 5, 0, 1, 19, 1, 1, 0, 9, 1, 1, 5, ALCK_REALS, {0}},
        {1, 20, 20, 17, 0, 3, 3, 17, 0, 18, 18, 1, 1, 0, 0, 1, 1, 17, ALCK_REALS, {0}},
        {3, 90, 41, 33, 0, 45, 21, 33, 0, 3, 3, 2, 2, 1, 1, 1, 1, 33, ALCK_REALS, {0}},
        {0, 4, 4, 8, 0, 4, 4, 8, 0, 3, 3, 1, 1, 1, 1, 1, 1, 8, ALCK_REALS, {0}},
        {40, 2, 2, 8, 0, 0, 0, 8, 0, 3, 3, 1, 1, 0, 0, 1, 1, 8, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const alck_conv *s = &shapes[i];
        const alck_epilogue e = {0};
        check_weights_of(run, s, DATA_REALS, false);
        check_together_of(run, s, DATA_REALS, 0, false, false);
        depthwise_data d = make(run, s, DATA_REALS);
        d.old = kernel_tensor_copy(&d.y);
        run->table->depthwise_forward(run->par, s, d.x.data, d.weight.data, &e, d.y.data, NULL);
        for (int64_t p = 0; p < d.y.pixels; p++)
            for (int64_t c = 0; c < s->in_channels; c++) {
                const int64_t row = p / s->out_width % s->out_height, image = p / s->out_width / s->out_height;
                product_expect(run, DATA_REALS, *kernel_at(&d.y, p, c),
                               alck_reference_conv(s, d.x.data, d.grouped.data, image, row, p % s->out_width, c),
                               NULL, "y", p, c);
            }
        destroy(run, &d, &d.y, "y");
    }
}

const kernel_check kernel_checks_depthwise[] = {
    {"depthwise_forward", check_forward},
    {"depthwise_forward, of a relu", check_relu},
    {"depthwise_forward, with averages", check_averages},
    {"depthwise_backward_data", check_backward_data},
    {"depthwise_backward_weights", check_backward_weights},
    {"depthwise_backward, both gradients", check_backward_together},
    {"depthwise, special shapes", check_special_shapes},
    {NULL, NULL},
};
