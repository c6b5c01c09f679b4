/* kernels/reference/pool_reference.c - pooling by loops over every output pixel, tap and channel. */
#include "kernels/reference/elementwise_reference.h"

#include <math.h>
#include <string.h>

/* The input pixel under a tap, or -1 outside the image. */
static int64_t input_pixel(const alck_pool *s, int64_t n, int64_t oy, int64_t ox, int64_t ky, int64_t kx)
{
    const int64_t y = oy * s->stride_y - s->pad_top + ky, x = ox * s->stride_x - s->pad_left + kx;
    if (y < 0 || y >= s->in_height || x < 0 || x >= s->in_width)
        return -1;
    return (n * s->in_height + y) * s->in_width + x;
}

static int64_t output_pixels(const alck_pool *s)
{
    return s->batch * s->out_height * s->out_width;
}

/* For every tap of output pixel `o`: its number, and the input pixel under it (-1 outside the image). */
#define EACH_TAP(s, o, tap, pixel)                                                                                 \
    for (int64_t tap = 0, pixel; tap < (s)->kernel_height * (s)->kernel_width                                      \
         && (pixel = input_pixel(s, (o) / ((s)->out_height * (s)->out_width), (o) / (s)->out_width % (s)->out_height, \
                                 (o) % (s)->out_width, tap / (s)->kernel_width, tap % (s)->kernel_width),          \
            true);                                                                                                 \
         tap++)

void alck_reference_max_pool(const alck_pool *s, const alck_real *x, double *y, uint8_t *positions)
{
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t c = 0; c < s->channels; c++) {
            int64_t best = -1;
            double largest = 0;
            EACH_TAP(s, o, tap, pixel)
            {
                const double v = pixel < 0 ? 0 : (double)x[pixel * s->in_stride + c];
                if (pixel >= 0 && (best < 0 || (!isnan(largest) && (isnan(v) || v > largest)))) {
                    best = tap;
                    largest = v;
                }
            }
            y[o * s->channels + c] = largest;
            positions[o * s->channels + c] = (uint8_t)best;
        }
}

void alck_reference_max_pool_backward(const alck_pool *s, const uint8_t *positions, const alck_real *dy, double *dx)
{
    memset(dx, 0, (size_t)(s->batch * s->in_height * s->in_width * s->channels) * sizeof *dx);
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t c = 0; c < s->channels; c++)
            EACH_TAP(s, o, tap, pixel)
            {
                if (pixel >= 0 && positions[o * s->channels + c] == tap)
                    dx[pixel * s->channels + c] += (double)dy[o * s->out_stride + c];
            }
}

static int64_t counted_pixels(const alck_pool *s, int64_t o)
{
    int64_t count = 0;
    EACH_TAP(s, o, tap, pixel)
    {
        count += pixel >= 0 || s->count_padding;
    }
    return count;
}

void alck_reference_average_pool(const alck_pool *s, const alck_real *x, double *y)
{
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t c = 0; c < s->channels; c++) {
            double sum = 0;
            EACH_TAP(s, o, tap, pixel)
            {
                sum += pixel < 0 ? 0 : (double)x[pixel * s->in_stride + c];
            }
            y[o * s->channels + c] = sum / (double)counted_pixels(s, o);
        }
}

void alck_reference_average_pool_backward(const alck_pool *s, const alck_real *dy, double *dx)
{
    memset(dx, 0, (size_t)(s->batch * s->in_height * s->in_width * s->channels) * sizeof *dx);
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t c = 0; c < s->channels; c++)
            EACH_TAP(s, o, tap, pixel)
            {
                if (pixel >= 0)
                    dx[pixel * s->channels + c] += (double)dy[o * s->out_stride + c] / (double)counted_pixels(s, o);
            }
}

/* Whether input `i` of `in` is in the window of output `o` of `out`: floor(o in / out) <= i < ceil((o + 1) in / out). */
static bool in_window(int64_t i, int64_t in, int64_t o, int64_t out)
{
    return (double)i >= floor((double)(o * in) / (double)out) && (double)i < ceil((double)((o + 1) * in) / (double)out);
}

/* How many pixels the window of output pixel `o` holds, or 0 where input pixel `pixel` is none of them. */
static int64_t adaptive_window(const alck_pool *s, int64_t o, int64_t pixel)
{
    const int64_t area = s->out_height * s->out_width, in_area = s->in_height * s->in_width;
    const int64_t oy = o % area / s->out_width, ox = o % s->out_width;
    const int64_t y = pixel % in_area / s->in_width, x = pixel % s->in_width;
    int64_t pixels = 0;
    if (o / area != pixel / in_area || !in_window(y, s->in_height, oy, s->out_height)
        || !in_window(x, s->in_width, ox, s->out_width))
        return 0;
    for (int64_t p = 0; p < in_area; p++)
        pixels += in_window(p / s->in_width, s->in_height, oy, s->out_height)
                  && in_window(p % s->in_width, s->in_width, ox, s->out_width);
    return pixels;
}

void alck_reference_adaptive_pool(const alck_pool *s, const alck_real *x, double *y)
{
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t c = 0; c < s->channels; c++) {
            double sum = 0;
            int64_t pixels = 0;
            for (int64_t p = 0; p < s->batch * s->in_height * s->in_width; p++) {
                const int64_t window = adaptive_window(s, o, p);
                sum += window > 0 ? (double)x[p * s->in_stride + c] : 0;
                pixels = window > 0 ? window : pixels;
            }
            y[o * s->channels + c] = sum / (double)pixels;
        }
}

void alck_reference_adaptive_pool_backward(const alck_pool *s, const alck_real *dy, double *dx)
{
    memset(dx, 0, (size_t)(s->batch * s->in_height * s->in_width * s->channels) * sizeof *dx);
    for (int64_t o = 0; o < output_pixels(s); o++)
        for (int64_t p = 0; p < s->batch * s->in_height * s->in_width; p++) {
            const int64_t window = adaptive_window(s, o, p);
            for (int64_t c = 0; c < s->channels && window > 0; c++)
                dx[p * s->channels + c] += (double)dy[o * s->out_stride + c] / (double)window;
        }
}
