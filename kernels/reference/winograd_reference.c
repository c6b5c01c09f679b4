/* kernels/reference/winograd_reference.c - see winograd_reference.h. */
#include "kernels/reference/winograd_reference.h"
#include "kernels/reference/chain_reference.h"

#include <math.h>

static alck_real fused(double a, alck_real b, alck_real c)
{
#ifdef ALCOR_DOUBLE
    return fma(a, b, c);
#else
    return fmaf((float)a, b, c);
#endif
}

static alck_real times(double a, alck_real b)
{
    return (alck_real)a * b;
}

/* The transforms along one axis, `step` values apart. */
static void input_axis(alck_real *d, int step)
{
    const alck_real d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    d[0] = fused(1.265625, d0, fused(-2.8125, d2, d4));
    d[step] = fused(0.75, fused(-2.25, d1, d3), fused(-2.25, d2, d4));
    d[2 * step] = fused(-0.75, fused(-2.25, d1, d3), fused(-2.25, d2, d4));
    d[3 * step] = fused(1.5, fused(-0.5625, d1, d3), fused(-0.5625, d2, d4));
    d[4 * step] = fused(-1.5, fused(-0.5625, d1, d3), fused(-0.5625, d2, d4));
    d[5 * step] = fused(1.265625, d1, fused(-2.8125, d3, d5));
}

static void weight_axis(alck_real *g, int step)
{
    const alck_real g0 = g[0], g1 = g[step], g2 = g[2 * step];
    g[0] = times(64.0 / 81, g0);
    g[step] = fused(-32.0 / 81, g1, fused(-8.0 / 27, g2, times(-128.0 / 243, g0)));
    g[2 * step] = fused(32.0 / 81, g1, fused(-8.0 / 27, g2, times(-128.0 / 243, g0)));
    g[3 * step] = fused(16.0 / 81, g1, fused(8.0 / 27, g2, times(32.0 / 243, g0)));
    g[4 * step] = fused(-16.0 / 81, g1, fused(8.0 / 27, g2, times(32.0 / 243, g0)));
    g[5 * step] = g2;
}

static void output_axis(alck_real *m, int step)
{
    const alck_real m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
    m[0] = (m0 + (m1 + m2)) + (m3 + m4);
    m[step] = fused(1.5, m3 - m4, times(0.75, m1 - m2));
    m[2 * step] = fused(2.25, m3 + m4, times(0.5625, m1 + m2));
    m[3 * step] = fused(3.375, m3 - m4, fused(0.421875, m1 - m2, m5));
}

static void gradient_axis(alck_real *y, int step)
{
    const alck_real y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    y[step] = fused(0.75, fused(0.5625, y3, y1), fused(0.5625, y2, y0));
    y[2 * step] = fused(-0.75, fused(0.5625, y3, y1), fused(0.5625, y2, y0));
    y[3 * step] = fused(1.5, fused(2.25, y3, y1), fused(2.25, y2, y0));
    y[4 * step] = fused(-1.5, fused(2.25, y3, y1), fused(2.25, y2, y0));
    y[5 * step] = y3;
}

static void tap_axis(alck_real *u, int step)
{
    const alck_real u0 = u[0], u1 = u[step], u2 = u[2 * step], u3 = u[3 * step], u4 = u[4 * step], u5 = u[5 * step];
    u[0] = fused(32.0 / 243, u3 + u4, fused(-128.0 / 243, u1 + u2, times(64.0 / 81, u0)));
    u[step] = fused(16.0 / 81, u3 - u4, times(-32.0 / 81, u1 - u2));
    u[2 * step] = fused(8.0 / 27, u3 + u4, fused(-8.0 / 27, u1 + u2, u5));
}

/* The same of magnitudes: every term counts positive. */
static void input_magnitudes(double *d, int step)
{
    const double d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    d[0] = 1.265625 * d0 + 2.8125 * d2 + d4;
    d[step] = d[2 * step] = 0.75 * (d3 + 2.25 * d1) + d4 + 2.25 * d2;
    d[3 * step] = d[4 * step] = 1.5 * (d3 + 0.5625 * d1) + d4 + 0.5625 * d2;
    d[5 * step] = 1.265625 * d1 + 2.8125 * d3 + d5;
}

static void weight_magnitudes(double *g, int step)
{
    const double g0 = g[0], g1 = g[step], g2 = g[2 * step];
    g[0] = 64.0 / 81 * g0;
    g[step] = g[2 * step] = 32.0 / 81 * g1 + 8.0 / 27 * g2 + 128.0 / 243 * g0;
    g[3 * step] = g[4 * step] = 16.0 / 81 * g1 + 8.0 / 27 * g2 + 32.0 / 243 * g0;
    g[5 * step] = g2;
}

static void output_magnitudes(double *m, int step)
{
    const double m0 = m[0], a = m[step] + m[2 * step], b = m[3 * step] + m[4 * step], m5 = m[5 * step];
    m[0] = m0 + a + b;
    m[step] = 0.75 * a + 1.5 * b;
    m[2 * step] = 0.5625 * a + 2.25 * b;
    m[3 * step] = 0.421875 * a + 3.375 * b + m5;
}

static void gradient_magnitudes(double *y, int step)
{
    const double y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
    y[step] = y[2 * step] = y0 + 0.75 * y1 + 0.5625 * y2 + 0.421875 * y3;
    y[3 * step] = y[4 * step] = y0 + 1.5 * y1 + 2.25 * y2 + 3.375 * y3;
    y[5 * step] = y3;
}

static void tap_magnitudes(double *u, int step)
{
    const double u0 = u[0], a = u[step] + u[2 * step], b = u[3 * step] + u[4 * step], u5 = u[5 * step];
    u[0] = 64.0 / 81 * u0 + 128.0 / 243 * a + 32.0 / 243 * b;
    u[step] = 32.0 / 81 * a + 16.0 / 81 * b;
    u[2 * step] = 8.0 / 27 * (a + b) + u5;
}

static void both_axes_of_magnitudes(double block[36], int columns, int rows, void (*axis)(double *values, int step))
{
    for (int j = 0; j < columns; j++)
        axis(block + j, 6);
    for (int i = 0; i < rows; i++)
        axis(block + 6 * i, 1);
}

/* Both axes of the first `columns` columns and then of `rows` rows of a 6x6 block, the vertical first. */
static void both_axes(alck_real block[36], int columns, int rows, void (*axis)(alck_real *values, int step))
{
    for (int j = 0; j < columns; j++)
        axis(block + j, 6);
    for (int i = 0; i < rows; i++)
        axis(block + 6 * i, 1);
}

/* The tile's 6x6 pixels of one channel. */
static void read_pixels(const alck_conv *s, const alck_real *x, int64_t image, int64_t first_y, int64_t first_x,
                             int64_t channel, alck_real block[36])
{
    const int64_t stride = s->in_stride > 0 ? s->in_stride : s->in_channels;
    for (int64_t i = 0; i < 6; i++)
        for (int64_t j = 0; j < 6; j++) {
            const int64_t y = first_y + i, at = first_x + j;
            const bool inside = y >= 0 && y < s->in_height && at >= 0 && at < s->in_width;
            block[6 * i + j] = inside ? x[((image * s->in_height + y) * s->in_width + at) * stride + channel] : 0;
        }
}

/* How a convolution's weights are read: tap (ky, kx) of channel c and column k. */
typedef struct weights {
    const alck_real *weight;
    int64_t tap, channel, column; /* distances; a negative tap's begins at the last */
} weights;

static void read_taps(const weights *w, int64_t channel, int64_t column, alck_real block[36])
{
    const alck_real *at = w->weight + channel * w->channel + column * w->column;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            block[6 * i + j] = at[(3 * i + j) * w->tap];
}

/* One channel's share of the 36 sums of magnitudes. */
static void add_magnitudes(const alck_real pixels[36], const alck_real taps[36], double magnitudes[36])
{
    double d[36], g[36] = {0};
    for (int p = 0; p < 36; p++) {
        d[p] = fabs((double)pixels[p]);
        g[p] = p % 6 < 3 && p < 18 ? fabs((double)taps[p]) : 0;
    }
    both_axes_of_magnitudes(d, 6, 6, input_magnitudes);
    both_axes_of_magnitudes(g, 3, 6, weight_magnitudes);
    for (int p = 0; p < 36; p++)
        magnitudes[p] += d[p] * g[p];
}

/* The 36 sums of products, in chains of 256 terms. */
typedef struct product_sums {
    alck_reference_chain chain[36];
    alck_real sum[36];
} product_sums;

static product_sums new_sums(alck_operands operands)
{
    product_sums sums = {.sum = {0}};
    for (int p = 0; p < 36; p++)
        sums.chain[p] = (alck_reference_chain){.operands = operands};
    return sums;
}

/* Value i of so many at each of the 36 places. */
static void add_products(product_sums *sums, const alck_real a[36], const alck_real b[36], int64_t i, int64_t values)
{
    const alck_operands operands = sums->chain[0].operands;
    const int64_t term = alck_reference_term(operands, i, values), terms = alck_reference_terms(operands, values);
    for (int p = 0; p < 36; p++) {
        alck_reference_chain *chain = &sums->chain[p];
        alck_reference_join(chain, a[p], b[p], i, values);
        if (term >= 0 && (term % 256 == 255 || term == terms - 1)) {
            sums->sum[p] = term < 256 ? chain->value : sums->sum[p] + chain->value;
            chain->value = 0;
        }
    }
}

/* Sets a sum's value in the order of Winograd's convolution and its magnitude: of the terms that its 6x6 pixels bring. */
static void sum_in_order(const alck_conv *s, const alck_real *x, const weights *w, int64_t image, int64_t row, int64_t at,
                         int64_t column, alck_reference_sum *result)
{
    product_sums sums = new_sums(s->operands);
    double magnitudes[36] = {0};
    for (int64_t c = 0; c < s->in_channels; c++) {
        alck_real v[36], u[36];
        read_pixels(s, x, image, row / 4 * 4 - s->pad_top, at / 4 * 4 - s->pad_left, c, v);
        read_taps(w, c, column, u);
        add_magnitudes(v, u, magnitudes);
        both_axes(v, 6, 6, input_axis);
        both_axes(u, 3, 6, weight_axis);
        add_products(&sums, v, u, c, s->in_channels);
    }
    both_axes(sums.sum, 6, 4, output_axis);
    both_axes_of_magnitudes(magnitudes, 6, 4, output_magnitudes);
    result->ordered = sums.sum[row % 4 * 6 + at % 4];
    result->magnitude = magnitudes[row % 4 * 6 + at % 4];
}

/* The sum itself is of reals, whatever they are multiplied as. */
static alck_conv of_reals(const alck_conv *s)
{
    alck_conv reals = *s;
    reals.operands = ALCK_REALS;
    return reals;
}

alck_reference_sum alck_reference_winograd(const alck_conv *s, const alck_real *x, const alck_real *weight, int64_t image,
                                           int64_t row, int64_t column, int64_t c)
{
    const weights w = {weight, s->in_channels * s->out_channels, s->out_channels, 1};
    const alck_conv reals = of_reals(s);
    alck_reference_sum sum = alck_reference_conv(&reals, x, weight, image, row, column, c);
    sum_in_order(s, x, &w, image, row, column, c, &sum);
    return sum;
}

alck_reference_sum alck_reference_winograd_data(const alck_conv *s, const alck_real *dy, const alck_real *weight,
                                                int64_t image, int64_t row, int64_t column, int64_t c)
{
    const int64_t tap = s->in_channels * s->out_channels;
    const weights w = {weight + 8 * tap, -tap, 1, s->out_channels};
    const alck_conv turned = {
        .batch = s->batch, .in_height = s->out_height, .in_width = s->out_width, .in_channels = s->out_channels,
        .in_stride = s->out_stride > 0 ? s->out_stride : s->out_channels, .out_height = s->in_height,
        .out_width = s->in_width, .out_channels = s->in_channels, .pad_top = 2 - s->pad_top, .pad_left = 2 - s->pad_left,
        .operands = s->operands};
    const alck_conv reals = of_reals(s);
    alck_reference_sum sum = alck_reference_conv_data(&reals, dy, weight, image, row, column, c);
    sum_in_order(&turned, dy, &w, image, row, column, c, &sum);
    return sum;
}

/* The tile's 4x4 pixels of one channel of the output's gradient, in the corner of a block. */
static void read_gradient(const alck_conv *s, const alck_real *dy, int64_t image, int64_t first_y, int64_t first_x,
                          int64_t channel, alck_real block[36])
{
    const int64_t stride = s->out_stride > 0 ? s->out_stride : s->out_channels;
    for (int64_t i = 0; i < 4; i++)
        for (int64_t j = 0; j < 4; j++) {
            const int64_t y = first_y + i, x = first_x + j;
            const bool inside = y < s->out_height && x < s->out_width;
            block[6 * i + j] = inside ? dy[((image * s->out_height + y) * s->out_width + x) * stride + channel] : 0;
        }
}

/* One tile's share of the 36 sums of magnitudes. */
static void add_gradient_magnitudes(const alck_real pixels[36], const alck_real gradient[36], double magnitudes[36])
{
    double d[36], m[36];
    for (int p = 0; p < 36; p++) {
        d[p] = fabs((double)pixels[p]);
        m[p] = fabs((double)gradient[p]);
    }
    both_axes_of_magnitudes(d, 6, 6, input_magnitudes);
    both_axes_of_magnitudes(m, 4, 6, gradient_magnitudes);
    for (int p = 0; p < 36; p++)
        magnitudes[p] += d[p] * m[p];
}

/* The 36 sums over all tiles. */
static void sum_tiles(const alck_conv *s, const alck_real *x, const alck_real *dy, int64_t c, int64_t k, product_sums *sums,
                      double magnitudes[36])
{
    const int64_t tiles_y = (s->out_height + 3) / 4, tiles_x = (s->out_width + 3) / 4, tiles = s->batch * tiles_y * tiles_x;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t image = t / tiles_x / tiles_y, y = t / tiles_x % tiles_y * 4, at = t % tiles_x * 4;
        alck_real v[36], m[36] = {0};
        read_pixels(s, x, image, y - s->pad_top, at - s->pad_left, c, v);
        read_gradient(s, dy, image, y, at, k, m);
        add_gradient_magnitudes(v, m, magnitudes);
        both_axes(v, 6, 6, input_axis);
        both_axes(m, 4, 6, gradient_axis);
        add_products(sums, v, m, t, tiles);
    }
}

alck_reference_sum alck_reference_winograd_weights(const alck_conv *s, const alck_real *x, const alck_real *dy, int64_t ky,
                                                   int64_t kx, int64_t c, int64_t k)
{
    const alck_conv reals = of_reals(s);
    alck_reference_sum result = alck_reference_conv_weights(&reals, x, dy, 0, ky, kx, c, k);
    product_sums sums = new_sums(s->operands);
    double magnitudes[36] = {0};
    sum_tiles(s, x, dy, c, k, &sums, magnitudes);
    both_axes(sums.sum, 6, 3, tap_axis);
    both_axes_of_magnitudes(magnitudes, 6, 3, tap_magnitudes);
    result.ordered = sums.sum[6 * ky + kx];
    result.magnitude = magnitudes[6 * ky + kx];
    return result;
}
