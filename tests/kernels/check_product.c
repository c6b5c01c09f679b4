/* tests/kernels/check_product.c - the shared parts of the product checks: see product_checks.h. */
#include "tests/kernels/product_checks.h"

#include <math.h>
#include <string.h>

kernel_tensor product_tensor(kernel_run *run, product_data data, int64_t pixels, int64_t channels, int64_t stride)
{
    if (data == DATA_INTEGERS)
        return kernel_tensor_integers(run, pixels, channels, stride, 8);
    if (data == DATA_SPECIALS)
        return kernel_tensor_specials(run, pixels, channels, stride);
    kernel_tensor t = kernel_tensor_reals(run, pixels, channels, stride, 1);
    if (data == DATA_POSITIVE)
        for (int64_t p = 0; p < pixels; p++)
            for (int64_t c = 0; c < channels; c++)
                *kernel_at(&t, p, c) = (alck_real)fabs((double)*kernel_at(&t, p, c));
    return t;
}

alck_operands product_bf16(const kernel_run *run)
{
    if (sizeof(alck_real) != sizeof(float))
        return ALCK_REALS;
    return alck_has_bf16(run->table) ? ALCK_BF16_PAIRS : ALCK_BF16_EMULATED;
}

alck_operands product_random_operands(kernel_run *run)
{
    return kernel_random(run) % 3 == 0 ? product_bf16(run) : ALCK_REALS;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* One axis: from the input's extent to the output's, with padding of its own at the far end. */
static int64_t random_axis(kernel_run *run, int64_t *in, int64_t *kernel, int64_t *stride, int64_t *pad,
                           int64_t *dilation)
{
    static const int64_t kernels[] = {1, 1, 2, 3, 3, 3, 4, 5, 7};
    for (;;) {
        *in = kernel_random_between(run, 1, 12);
        *kernel = kernels[kernel_random(run) % (sizeof kernels / sizeof *kernels)];
        *stride = kernel_random(run) % 2 ? 1 : kernel_random_between(run, 1, 4);
        *dilation = kernel_random(run) % 3 ? 1 : kernel_random_between(run, 1, 3);
        *pad = kernel_random_between(run, 0, *kernel);
        const int64_t far = kernel_random_between(run, 0, *kernel);
        const int64_t room = *in + *pad + far - (*kernel - 1) * *dilation - 1;
        if (room >= 0)
            return room / *stride + 1;
    }
}

static alck_conv random_geometry(kernel_run *run)
{
    alck_conv s = {.batch = kernel_random_between(run, 1, 3)};
    s.out_height =
        random_axis(run, &s.in_height, &s.kernel_height, &s.stride_y, &s.pad_top, &s.dilation_y);
    s.out_width =
        random_axis(run, &s.in_width, &s.kernel_width, &s.stride_x, &s.pad_left, &s.dilation_x);
    return s;
}

/* Strides: none given, or some room after the channels. */
static void random_strides(kernel_run *run, alck_conv *s)
{
    s->in_stride = kernel_random(run) % 2 ? 0 : s->in_channels + kernel_random_between(run, 0, 5);
    s->out_stride = kernel_random(run) % 2 ? 0 : s->out_channels + kernel_random_between(run, 0, 5);
}

alck_conv product_random_conv(kernel_run *run, int64_t terms)
{
    alck_conv s = random_geometry(run);
    static const int64_t wide[] = {127, 255, 256, 257, 300, 513};
    const int64_t grouped = kernel_random(run) % 3 == 0;
    s.groups = grouped ? kernel_random_between(run, 2, 4) : 1;
    s.in_channels = kernel_random(run) % 4 ? kernel_random_extent(run) : kernel_random_between(run, 1, 4);
    s.out_channels = kernel_random_extent(run);
    if (kernel_random(run) % 8 == 0)
        s.in_channels = wide[kernel_random(run) % 6];
    if (kernel_random(run) % 8 == 0)
        s.out_channels = wide[kernel_random(run) % 6];
    const int64_t cost = s.batch * s.out_height * s.out_width * s.kernel_height * s.kernel_width;
    while (cost * s.in_channels * s.out_channels * s.groups > terms && s.in_channels * s.out_channels > 1) {
        if (s.in_channels > s.out_channels)
            s.in_channels = divide_up(s.in_channels, 2);
        else
            s.out_channels = divide_up(s.out_channels, 2);
    }
    s.in_channels *= s.groups;
    s.out_channels *= s.groups;
    random_strides(run, &s);
    s.operands = product_random_operands(run);
    return s;
}

alck_conv product_random_depthwise(kernel_run *run, int64_t terms)
{
    alck_conv s = random_geometry(run);
    const int64_t cost = s.batch * s.out_height * s.out_width * s.kernel_height * s.kernel_width;
    s.in_channels = kernel_random_extent(run);
    if (kernel_random(run) % 8 == 0)
        s.in_channels = kernel_random_between(run, 250, 300);
    if (cost * s.in_channels > terms)
        s.in_channels = divide_up(terms, cost);
    s.out_channels = s.groups = s.in_channels;
    random_strides(run, &s);
    return s;
}

/* How far the promised order may be from the sum. A chain of 256 positive terms has roundings of up to a unit of the sum so
 * far, whose root mean square is about 5 units of the sum; where signs are mixed the sum so far is small beside the
 * magnitudes. */
static double error_units(product_data data)
{
    return data == DATA_POSITIVE ? 20 : 10;
}

void product_expect(kernel_run *run, product_data data, alck_real got, alck_reference_sum sum, const alck_real *old,
                    const char *what, int64_t pixel, int64_t channel)
{
    const double before = old != NULL ? (double)*old : 0;
    if (sizeof(alck_real) == sizeof(float)) {
        const alck_real want = old != NULL ? sum.ordered + *old : sum.ordered;
        if (!(isnan(want) && isnan(got)) && memcmp(&got, &want, sizeof got) != 0)
            kernel_fail(run, "%s at pixel %lld, channel %lld: %a instead of %a in the promised order", what,
                        (long long)pixel, (long long)channel, (double)got, (double)want);
    }
    if (data == DATA_INTEGERS)
        kernel_expect(run, (double)got, sum.value + before, 0, what, pixel, channel);
    else if (data != DATA_SPECIALS)
        kernel_expect(run, (double)got, sum.value + before,
                      error_units(data) * KERNEL_UNIT * (sum.magnitude + fabs(before)), what, pixel, channel);
}

alck_conv product_random_pointwise(kernel_run *run)
{
    const int64_t groups = kernel_random_between(run, 1, 2), height = kernel_random_between(run, 1, 24);
    const int64_t width = kernel_random_between(run, 1, 24), stride = kernel_random_between(run, 1, 2);
    return (alck_conv){.batch = kernel_random_between(run, 1, 3), .in_height = height, .in_width = width,
                       .in_channels = groups * kernel_random_between(run, 1, 600),
                       .out_height = (height + stride - 1) / stride, .out_width = (width + stride - 1) / stride,
                       .out_channels = groups * kernel_random_extent(run), .kernel_height = 1, .kernel_width = 1,
                       .stride_y = stride, .stride_x = stride, .dilation_y = 1, .dilation_x = 1, .groups = groups,
                       .operands = product_random_operands(run)};
}
