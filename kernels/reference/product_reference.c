/* kernels/reference/product_reference.c - see product_reference.h. */
#include "kernels/reference/product_reference.h"
#include "kernels/reference/chain_reference.h"

#include <math.h>

/* A sum of up to three levels: chains from +0, one fused multiply-add per term; sums of chains; sums of those. */
typedef struct sum {
    alck_reference_sum result;
    alck_reference_chain chain;
    alck_real blocks;
    int64_t chains, groups; /* finished so far: chains in this group, groups in all */
} sum;

static sum new_sum(alck_operands operands)
{
    return (sum){.chain = {.operands = operands}};
}

static void end_chain(sum *s)
{
    s->blocks = s->chains++ == 0 ? s->chain.value : s->blocks + s->chain.value;
    s->chain.value = 0;
}

static void end_group(sum *s)
{
    s->result.ordered = s->groups++ == 0 ? s->blocks : s->result.ordered + s->blocks;
    s->blocks = 0;
    s->chains = 0;
}

/* The blocks of k: whole stretches, as many as fit 256 terms, or 256 terms of one. */
static bool ends_chain(int64_t stretch, int64_t stretches, int64_t term, int64_t terms)
{
    const int64_t together = terms <= 256 ? 256 / terms : 1;
    if (terms > 256)
        return term == terms - 1 || term % 256 == 255;
    return term == terms - 1 && (stretch == stretches - 1 || stretch % together == together - 1);
}

/* Value i of so many of a stretch. */
static void add_value(sum *s, alck_real a, alck_real b, int64_t stretch, int64_t stretches, int64_t i, int64_t values)
{
    const alck_operands operands = s->chain.operands;
    const double product =
        (double)alck_reference_operand(operands, a) * (double)alck_reference_operand(operands, b);
    const int64_t term = alck_reference_term(operands, i, values);
    s->result.value += product;
    s->result.magnitude += fabs(product);
    alck_reference_join(&s->chain, a, b, i, values);
    if (term >= 0 && ends_chain(stretch, stretches, term, alck_reference_terms(operands, values)))
        end_chain(s);
}

alck_reference_sum alck_reference_gemm(const alck_gemm *g, int64_t i, int64_t j)
{
    sum s = new_sum(g->operands);
    for (int64_t k = 0; k < g->k; k++) {
        const alck_real a = g->a_transposed ? g->a[k * g->a_stride + i] : g->a[i * g->a_stride + k];
        const alck_real b = g->b_transposed ? g->b[j * g->b_stride + k] : g->b[k * g->b_stride + j];
        add_value(&s, a, b, 0, 1, k, g->k);
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
    const int64_t group = channel / outputs;
    const bool rows = s->operands != ALCK_REALS && s->kernel_width > 1 && s->dilation_x == 1 && s->kernel_width * inputs <= 64;
    const int64_t taps = rows ? s->kernel_width : 1, stretches = s->kernel_height * s->kernel_width / taps;
    sum total = new_sum(s->operands);
    for (int64_t ky = 0; ky < s->kernel_height; ky++)
        for (int64_t kx = 0; kx < s->kernel_width; kx++)
            for (int64_t c = 0; c < inputs; c++)
                add_value(&total, input_at(s, x, image, row, column, ky, kx, group * inputs + c),
                          weight_at(s, weight, group, ky, kx, c, channel % outputs),
                          (ky * s->kernel_width + kx) / taps, stretches, kx % taps * inputs + c, taps * inputs);
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
    sum total = new_sum(s->operands);
    for (int64_t ky = s->kernel_height - 1; ky >= 0; ky--)
        for (int64_t kx = s->kernel_width - 1; kx >= 0; kx--) {
            const int64_t y = row + s->pad_top - ky * s->dilation_y;
            const int64_t x = column + s->pad_left - kx * s->dilation_x;
            if (y % s->stride_y != 0 || x % s->stride_x != 0)
                continue;
            for (int64_t k = 0; k < outputs; k++)
                add_value(&total, gradient_at(s, dy, image, y / s->stride_y, x / s->stride_x, group * outputs + k),
                          weight_at(s, weight, group, ky, kx, channel % inputs, k), tap, taps, k, outputs);
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
    sum total = new_sum(s->operands);
    for (int64_t image = 0; image < s->batch; image++) {
        const int64_t first = image / samples * samples, end = first + samples < s->batch ? first + samples : s->batch;
        for (int64_t p = 0; p < pixels; p++) {
            const int64_t row = p / s->out_width, column = p % s->out_width;
            add_value(&total, input_at(s, x, image, row, column, ky, kx, group * inputs + c),
                      gradient_at(s, dy, image, row, column, group * outputs + k), 0, 1, (image - first) * pixels + p,
                      (end - first) * pixels);
        }
        if (image == end - 1 && pixels > 0)
            end_group(&total);
    }
    return total.result;
}

alck_reference_sum alck_reference_depthwise_weights(const alck_conv *s, const alck_real *x, const alck_real *dy,
                                                    int64_t ky, int64_t kx, int64_t c)
{
    sum total = new_sum(ALCK_REALS);
    for (int64_t image = 0; image < s->batch; image++) {
        for (int64_t row = 0; row < s->out_height; row++)
            for (int64_t column = 0; column < s->out_width; column++)
                add_value(&total, input_at(s, x, image, row, column, ky, kx, c),
                          gradient_at(s, dy, image, row, column, c), 0, 1, column, s->out_width);
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
