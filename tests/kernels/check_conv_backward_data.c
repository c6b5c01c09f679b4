/* tests/kernels/check_conv_backward_data.c - a convolution's gradient for its input against naive loops, bit for bit in
 * the promised order. */
#include "tests/kernels/product_checks.h"

static void check_one(kernel_run *run, const alck_conv *s, product_data data, bool add)
{
    const int64_t taps = s->kernel_height * s->kernel_width, inputs = s->in_channels / s->groups;
    const int64_t outputs = s->out_channels / s->groups;
    kernel_tensor dy = product_tensor(run, data, s->batch * s->out_height * s->out_width, s->out_channels,
                                      s->out_stride > 0 ? s->out_stride : s->out_channels);
    kernel_tensor weight = product_tensor(run, data, s->groups * taps * inputs, outputs, outputs);
    kernel_tensor dx = product_tensor(run, data, s->batch * s->in_height * s->in_width, s->in_channels,
                                      s->in_stride > 0 ? s->in_stride : s->in_channels);
    kernel_tensor old = kernel_tensor_copy(&dx);
    kernel_buffer packed = kernel_scratch(run->table->conv_packed_backward_bytes(s));
    kernel_buffer scratch = kernel_scratch(run->table->conv_backward_data_scratch_bytes(s, run->par->workers));
    run->table->conv_pack_backward(run->par, s, weight.data, packed.data);
    run->table->conv_backward_data(run->par, s, dy.data, packed.data, dx.data, add, scratch.data);
    for (int64_t p = 0; p < dx.pixels; p++)
        for (int64_t c = 0; c < s->in_channels; c++) {
            const int64_t row = p / s->in_width % s->in_height, image = p / s->in_width / s->in_height;
            const alck_reference_sum want =
                alck_reference_conv_data(s, dy.data, weight.data, image, row, p % s->in_width, c);
            const alck_real before = *kernel_at(&old, p, c);
            /* without a term nothing is added, so that a zero keeps its sign */
            if (!add || want.magnitude != 0 || before != 0)
                product_expect(run, data, *kernel_at(&dx, p, c), want, add ? &before : NULL, "dx", p, c);
        }
    kernel_tensor_free(run, &dy, "dy");
    kernel_tensor_free(run, &weight, "weight");
    kernel_tensor_free(run, &old, "old");
    kernel_tensor_output(run, &dx, "dx");
    kernel_buffer_free(run, &packed, "packed");
    kernel_buffer_free(run, &scratch, "scratch");
}

static void check_random(kernel_run *run)
{
    for (int i = 0; i < 120; i++) {
        const alck_conv s = product_random_conv(run, 20000);
        check_one(run, &s, (product_data)(i % DATA_KINDS), i % 5 == 0);
    }
}

/* Strides above the kernel and the channels, strides and dilations with common divisors, dy 4096 bytes apart. */
static void check_special_shapes(kernel_run *run)
{
    static const alck_conv shapes[] = {
        {1, 14, 14, 24, 0, 7, 7, 40, 0, 1, 1, 2, 2, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {1, 20, 20, 2, 0, 4, 4, 3, 0, 3, 3, 5, 5, 0, 0, 1, 1, 1, ALCK_REALS, {0}},
        {1, 17, 17, 3, 0, 4, 4, 5, 0, 3, 3, 4, 4, 1, 1, 2, 2, 1, ALCK_REALS, {0}},
        {1, 17, 17, 3, 0, 4, 4, 5, 0, 3, 3, 6, 6, 1, 1, 4, 3, 1, ALCK_REALS, {0}},
        {1, 5, 6, 70, 0, 5, 6, 36, 1024, 3, 3, 1, 1, 1, 1, 1, 1, 1, ALCK_REALS, {0}},
        {2, 16, 16, 3, 0, 8, 8, 33, 0, 7, 7, 2, 2, 3, 3, 1, 1, 1, ALCK_REALS, {0}},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        alck_conv s = shapes[i];
        for (int add = 0; add < 2; add++)
            check_one(run, &s, DATA_REALS, add);
        s.operands = product_bf16(run);
        check_one(run, &s, DATA_REALS, false);
    }
}

const kernel_check kernel_checks_conv_backward_data[] = {
    {"conv_backward_data, random shapes", check_random},
    {"conv_backward_data, special shapes", check_special_shapes},
    {NULL, NULL},
};
