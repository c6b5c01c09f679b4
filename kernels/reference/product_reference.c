/* kernels/reference/product_reference.c - see product_reference.h. */
#include "kernels/reference/product_reference.h"

#include <math.h>
#include <string.h>

/* A sum of up to three levels: chains from +0, one fused multiply-add per term; sums of chains; sums of those. */
typedef struct sum {
    alck_reference_sum result;
    alck_real chain, blocks;
    int64_t chains, groups; /* finished so far: chains in this group, groups in all */
    alck_operands operands;
} sum;

static float upper_half(alck_real pair)
{
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits &= 0xffff0000U;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float lower_half(alck_real pair)
{
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    bits <<= 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void add_bf16_term(sum *s, float a, float b)
{
    const float chain = fmaf(a, b, (float)s->chain);
    s->chain = fpclassify(chain) == FP_SUBNORMAL ? copysignf(0, chain) : chain;
    s->result.value += (double)a * (double)b;
    s->result.magnitude += fabs((double)a * (double)b);
}

static void add_term(sum *s, alck_real a, alck_real b)
{
    if (s->operands != ALCK_REALS) {
        add_bf16_term(s, upper_half(a), upper_half(b));
        add_bf16_term(s, lower_half(a), lower_half(b));
        return;
    }
#ifdef ALCOR_DOUBLE
    s->chain = fma(a, b, s->chain);
#else
    s->chain = fmaf(a, b, s->chain);
#endif
    s->result.value += (double)a * (double)b;
    s->result.magnitude += fabs((double)a * (double)b);
}

static void end_chain(sum *s)
{
    s->blocks = s->chains++ == 0 ? s->chain : s->blocks + s->chain;
    s->chain = 0;
}

static void end_group(sum *s)
{
    s->result.ordered = s->groups++ == 0 ? s->blocks : s->result.ordered + s->blocks;
    s->blocks = 0;
    s->chains = 0;
}

/* The blocks of k: whole taps, as many as fit 256 terms, or 256 channels of one. Called after each term with the tap's
 * number, the channel's, and how many there are. */
static void end_term(sum *s, int64_t tap, int64_t taps, int64_t channel, int64_t channels)
{
    const int64_t taps_per_block = channels <= 256 ? 256 / channels : 1;
    if (channel == channels - 1 && (tap == taps - 1 || tap % taps_per_block == taps_per_block - 1))
        end_chain(s);
    else if (channels > 256 && (channel == channels - 1 || channel % 256 == 255))
        end_chain(s);
}

alck_reference_sum alck_reference_gemm(const alck_gemm *g, int64_t i, int64_t j)
{
    sum s = {.operands = g->operands};
    for (int64_t k = 0; k < g->k; k++) {
        const alck_real a = g->a_transposed ? g->a[k * g->a_stride + i] : g->a[i * g->a_stride + k];
        const alck_real b = g->b_transposed ? g->b[j * g->b_stride + k] : g->b[k * g->b_stride + j];
        add_term(&s, a, b);
        end_term(&s, 0, 1, k, g->k);
    }
    end_group(&s);
    return s.result;
}

static int64_t in_stride(const alck_conv *s)
{
    return s->in_stride > 0 ? s->in_stride : s->in_channels;
}

static int64_t out_stride(const alck_conv *s)
{
    return s->out_stride > 0 ? s->out_stride : s->out_channels;
}

/* Input value of output pixel (row, column) at tap (ky, kx); 0 in the padding. */
static alck_real input_at(const alck_conv *s, const alck_real *x, int64_t image, int64_t row, int64_t column,
                          int64_t ky, int64_t kx, int64_t channel)
{
    const int64_t y = row * s->stride_y - s->pad_top + ky * s->dilation_y;
    const int64_t at = column * s->stride_x - s->pad_left + kx * s->dilation_x;
    if (y < 0 || y >= s->in_height || at < 0 || at >= s->in_width)
        return 0;
    return x[((image * s->in_height + y) * s->in_width + at) * in_stride(s) + channel];
}

static alck_real gradient_at(const alck_conv *s, const alck_real *dy, int64_t image, int64_t row, int64_t column,
                             int64_t channel)
{
    if (row < 0 || row >= s->out_height || column < 0 || column >= s->out_width)
        return 0;
    return dy[((image * s->out_height + row) * s->out_width + column) * out_stride(s) + channel];
}

static alck_real weight_at(const alck_conv *s, const alck_real *weight, int64_t group, int64_t ky, int64_t kx,
                           int64_t c, int64_t k)
{
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    return weight[(((group * s->kernel_height + ky) * s->kernel_width + kx) * inputs + c) * outputs + k];
}

alck_reference_sum alck_reference_conv(const alck_conv *s, const alck_real *x, const alck_real *weight, int64_t image,
                                       int64_t row, int64_t column, int64_t channel)
{
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    const int64_t group = channel / outputs, taps = s->kernel_height * s->kernel_width;
    sum total = {.operands = s->operands};
    for (int64_t ky = 0; ky < s->kernel_height; ky++)
        for (int64_t kx = 0; kx < s->kernel_width; kx++)
            for (int64_t c = 0; c < inputs; c++) {
                add_term(&total, input_at(s, x, image, row, column, ky, kx, group * inputs + c),
                         weight_at(s, weight, group, ky, kx, c, channel % outputs));
                end_term(&total, ky * s->kernel_width + kx, taps, c, inputs);
            }
    end_group(&total);
    return total.result;
}

/* Kernel taps along one axis that input position `at` can be read through: those that leave a whole number of strides. */
static int64_t count_taps(int64_t at, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation)
{
    int64_t count = 0;
    for (int64_t tap = 0; tap < kernel; tap++)
        count += (at + pad - tap * dilation) % stride == 0;
    return count;
}

alck_reference_sum alck_reference_conv_data(const alck_conv *s, const alck_real *dy, const alck_real *weight,
                                            int64_t image, int64_t row, int64_t column, int64_t channel)
{
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    const int64_t group = channel / inputs;
    const int64_t taps = count_taps(row, s->kernel_height, s->stride_y, s->pad_top, s->dilation_y)
                         * count_taps(column, s->kernel_width, s->stride_x, s->pad_left, s->dilation_x);
    int64_t tap = 0;
    sum total = {.operands = s->operands};
    for (int64_t ky = s->kernel_height - 1; ky >= 0; ky--)
        for (int64_t kx = s->kernel_width - 1; kx >= 0; kx--) {
            const int64_t y = row + s->pad_top - ky * s->dilation_y;
            const int64_t x = column + s->pad_left - kx * s->dilation_x;
            if (y % s->stride_y != 0 || x % s->stride_x != 0)
                continue;
            for (int64_t k = 0; k < outputs; k++) {
                add_term(&total,
                         gradient_at(s, dy, image, y / s->stride_y, x / s->stride_x, group * outputs + k),
                         weight_at(s, weight, group, ky, kx, channel % inputs, k));
                end_term(&total, tap, taps, k, outputs);
            }
            tap++;
        }
    end_group(&total);
    return total.result;
}

alck_reference_sum alck_reference_conv_weights(const alck_conv *s, const alck_real *x, const alck_real *dy,
                                               int64_t group, int64_t ky, int64_t kx, int64_t c, int64_t k)
{
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    const int64_t pixels = s->out_height * s->out_width;
    const int64_t samples = pixels > 0 ? (1024 + pixels - 1) / pixels : 1;
    int64_t in_chain = 0;
    sum total = {.operands = s->operands};
    for (int64_t image = 0; image < s->batch; image++)
        for (int64_t p = 0; p < pixels; p++) {
            const int64_t row = p / s->out_width, column = p % s->out_width;
            const bool ends_group = p == pixels - 1 && (image == s->batch - 1 || image % samples == samples - 1);
            add_term(&total, input_at(s, x, image, row, column, ky, kx, group * inputs + c),
                     gradient_at(s, dy, image, row, column, group * outputs + k));
            if (++in_chain == 256 || ends_group) {
                end_chain(&total);
                in_chain = 0;
            }
            if (ends_group)
                end_group(&total);
        }
    return total.result;
}

alck_reference_sum alck_reference_depthwise_weights(const alck_conv *s, const alck_real *x, const alck_real *dy,
                                                    int64_t ky, int64_t kx, int64_t c)
{
    sum total = {0};
    for (int64_t image = 0; image < s->batch; image++) {
        for (int64_t row = 0; row < s->out_height; row++)
            for (int64_t column = 0; column < s->out_width; column++) {
                add_term(&total, input_at(s, x, image, row, column, ky, kx, c),
                         gradient_at(s, dy, image, row, column, c));
                if (column % 256 == 255 || column == s->out_width - 1)
                    end_chain(&total);
            }
        end_group(&total);
    }
    return total.result;
}

void alck_reference_grouped_weights(const alck_conv *s, const alck_real *weight, alck_real *grouped)
{
    const int64_t taps = s->kernel_height * s->kernel_width;
    for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t c = 0; c < s->in_channels; c++)
            grouped[c * taps + tap] = weight[tap * s->in_channels + c];
}
