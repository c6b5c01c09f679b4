/* tests/kernels/check_conv_backward_weights.c - a convolution's gradient for its weights against naive loops, bit for
 * bit in the promised order. */
#include "tests/kernels/product_checks.h"

#include <string.h>

static void compare(kernel_run *run, const alck_conv *s, product_data data, const kernel_tensor *x,
                    const kernel_tensor *dy, const kernel_tensor *dw, const kernel_tensor *old)
{
    const int64_t inputs = s->in_channels / s->groups, taps = s->kernel_height * s->kernel_width;
    for (int64_t row = 0; row < dw->pixels; row++)
        for (int64_t k = 0; k < dw->channels; k++) {
            const int64_t tap = row / inputs % taps;
            const alck_reference_sum want =
                alck_reference_conv_weights(s, x->data, dy->data, row / inputs / taps, tap / s->kernel_width,
                                            tap % s->kernel_width, row % inputs, k);
            product_expect(run, data, *kernel_at(dw, row, k), want, old != NULL ? kernel_at(old, row, k) : NULL, "dw",
                           row, k);
        }
}

static void check_one(kernel_run *run, const alck_conv *s, product_data data, bool add)
{
    const int64_t taps = s->kernel_height * s->kernel_width, inputs = s->in_channels / s->groups;
    const int64_t outputs = s->out_channels / s->groups;
    kernel_tensor x = product_tensor(run, data, s->batch * s->in_height * s->in_width, s->in_channels,
                                     s->in_stride > 0 ? s->in_stride : s->in_channels);
    kernel_tensor dy = product_tensor(run, data, s->batch * s->out_height * s->out_width, s->out_channels,
                                      s->out_stride > 0 ? s->out_stride : s->out_channels);
    kernel_tensor dw = product_tensor(run, data, s->groups * taps * inputs, outputs, outputs);
    kernel_tensor old = kernel_tensor_copy(&dw);
    kernel_buffer scratch = kernel_scratch(run->table->conv_backward_weights_scratch_bytes(s, run->par->workers));
    run->table->conv_backward_weights(run->par, s, x.data, dy.data, dw.data, add, scratch.data);
    compare(run, s, data, &x, &dy, &dw, add ? &old : NULL);
    kernel_tensor_free(run, &x, "x");
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &dw, "dw");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void check_random(kernel_run *run)
{
    for (int i = 0; i < 120; i++) {
        const alck_conv s = product_random_conv(run, 20000);
        check_one(run, &s, (product_data)(i % DATA_KINDS), i % 5 == 0);
    }
}

/* Several blocks and groups of pixels, cut by samples and not; a first layer; nothing to sum. */
static void check_special_shapes(kernel_run *run)
{
    static const alck_conv shapes[] = {
        {5, 40, 40, 1, 0, 40, 40, 2, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {23, 12, 12, 3, 0, 12, 12, 3, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {40, 17, 15, 2, 3, 9, 8, 2, 4, 3, 3, 2, 2, 1, 1, 1, 1, 2, ALCK_REALS, {0}},
        {16, 32, 32, 3, 0, 32, 32, 2, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {2, 3, 3, 300, 0, 3, 3, 33, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {1, 3, 3, 70, 0, 3, 3, 300, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {1, 3, 3, 512, 0, 3, 3, 8, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, ALCK_REALS, {0}}, /* as many rows as a region has */
        {0, 3, 3, 4, 0, 3, 3, 5, 0, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        alck_conv s = shapes[i];
        check_one(run, &s, DATA_REALS, i % 2);
        s.operands = product_bf16(run);
        check_one(run, &s, DATA_REALS, i % 2);
    }
}

/* With a batch norm, or a gate, that is read: as if its output had been stored first. */
static void check_reading(kernel_run *run)
{
    static const alck_activation activations[] = {ALCK_IDENTITY, ALCK_RELU, ALCK_RELU6};
    for (int i = 0; i < 40; i++) {
        alck_conv s = product_random_pointwise(run);
        const int64_t pixels = s.batch * s.in_height * s.in_width, outputs = s.batch * s.out_height * s.out_width;
        kernel_tensor x = kernel_tensor_reals(run, pixels, s.in_channels, s.in_channels, 1);
        kernel_tensor y = kernel_tensor_new(pixels, s.in_channels, s.in_channels);
        kernel_tensor scale = kernel_tensor_reals(run, 1, s.in_channels, s.in_channels, 1);
        kernel_tensor shift = kernel_tensor_reals(run, 1, s.in_channels, s.in_channels, 1);
        kernel_tensor dy = kernel_tensor_reals(run, outputs, s.out_channels, s.out_channels, 1);
        kernel_tensor dw = kernel_tensor_new(s.in_channels, s.out_channels / s.groups, s.out_channels / s.groups);
        kernel_tensor apart = kernel_tensor_copy(&dw);
        const alck_norm norm = {.rows = s.batch, .pixels_per_row = s.in_height * s.in_width, .channels = s.in_channels,
                                .x = x.data, .x_stride = x.stride, .scale = scale.data, .shift = shift.data,
                                .activation = activations[i % 3]};
        kernel_tensor gate = kernel_tensor_reals(run, s.batch, s.in_channels, s.in_channels + 3, 1);
        kernel_buffer scratch = kernel_scratch(run->table->conv_backward_weights_scratch_bytes(&s, run->par->workers));
        const bool gates = i % 4 == 3;
        if (gates)
            run->table->multiply_broadcast(run->par, s.batch, norm.pixels_per_row, s.in_channels, x.data, x.stride, gate.data,
                                           gate.stride, y.data, y.stride, false);
        else
            run->table->norm_forward(run->par, &norm, y.data, y.stride);
        run->table->conv_backward_weights(run->par, &s, y.data, dy.data, apart.data, false, scratch.data);
        if (gates)
            s.reading = (alck_reading){.gate = gate.data, .gate_stride = gate.stride};
        else
            s.reading = (alck_reading){.normalises = true, .scale = scale.data, .shift = shift.data, .activation = norm.activation};
        run->table->conv_backward_weights(run->par, &s, x.data, dy.data, dw.data, false, scratch.data);
        if (memcmp(dw.data, apart.data, dw.buffer.bytes) != 0)
            kernel_fail(run, "a norm or gate gives other bits than its output stored before");
        kernel_buffer_free(run, &scratch, "scratch");
        kernel_tensor_free(run, &gate, "gate");
        kernel_tensor_free(run, &x, "x");
        kernel_tensor_free(run, &y, "what is read");
        kernel_tensor_free(run, &scale, "scale");
        kernel_tensor_free(run, &shift, "shift");
        kernel_tensor_free(run, &dy, "dy");
        kernel_tensor_free(run, &apart, "dw of what is read");
        kernel_tensor_output(run, &dw, "dw");
    }
}

const kernel_check kernel_checks_conv_backward_weights[] = {
    {"conv_backward_weights, random shapes", check_random},
    {"conv_backward_weights, special shapes", check_special_shapes},
    {"conv_backward_weights, normalised or gated", check_reading},
    {NULL, NULL},
};
