/* lib/data/image_resize.c - resizes 8-bit images with an antialiasing filter.
 *
 * An output pixel at o covers the point c = (o + 1/2) s of the input, s = input extent / output extent. Input pixel i has
 * the weight f((i + 1/2 - c) / max(s, 1)), divided by the sum of all, f the triangle or Keys' cubic (IEEE Trans. ASSP 29,
 * 1981). The two directions are separate passes, each rounded to 8 bits. Weights are integers in units of 2^-22: sums are
 * then exact and the same everywhere, and the results are those of Pillow, whose 8-bit arithmetic has the same units.
 */
#include <math.h>

#include "lib/data/image_internal.h"

#define UNIT_BITS 22

/* For each output pixel, `count` weights from input pixel `first` on. */
typedef struct resize_weights {
    int64_t most;       /* weights reserved for one pixel */
    int64_t *first;
    int64_t *count;
    int32_t *weight;    /* [outputs][most] */
} resize_weights;

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/* a = -1/2, the value that reproduces quadratics. */
static double cubic(double x)
{
    x = fabs(x);
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    if (x < 2)
        return ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return 0;
}

static double filter_value(alc_resize_filter filter, double x)
{
    return filter == ALC_RESIZE_BILINEAR ? triangle(x) : cubic(x);
}

static void free_weights(alc_context *context, resize_weights *weights)
{
    alc_free(context, weights->first);
    alc_free(context, weights->count);
    alc_free(context, weights->weight);
}

static alc_status allocate_weights(alc_context *context, int64_t outputs, int64_t most,
                                   resize_weights *weights)
{
    *weights = (resize_weights){.most = most};
    weights->first = alc_allocate_array(context, (size_t)outputs, sizeof(int64_t), "resize weights");
    weights->count = alc_allocate_array(context, (size_t)outputs, sizeof(int64_t), "resize weights");
    weights->weight = alc_allocate_array(context, (size_t)outputs, (size_t)most * sizeof(int32_t), "resize weights");
    if (weights->first == NULL || weights->count == NULL || weights->weight == NULL)
        return ALC_OUT_OF_MEMORY;
    return ALC_OK;
}

/* The weights of one output pixel; `real` has room for weights->most values. */
static void weigh_pixel(resize_weights *weights, int64_t output, double scale, int64_t inputs,
                        alc_resize_filter filter, double *real)
{
    double widening = scale > 1 ? scale : 1;
    double radius = (filter == ALC_RESIZE_BILINEAR ? 1 : 2) * widening;
    double centre = ((double)output + 0.5) * scale, sum = 0;
    int64_t first = (int64_t)(centre - radius + 0.5), end = (int64_t)(centre + radius + 0.5);
    int32_t *weight = weights->weight + output * weights->most;

    first = centre - radius + 0.5 < 0 ? 0 : first;
    end = end > inputs ? inputs : end;
    for (int64_t i = first; i < end; i++) {
        real[i - first] = filter_value(filter, ((double)i + 0.5 - centre) / widening);
        sum += real[i - first];
    }
    for (int64_t i = 0; i < end - first; i++) {
        double units = real[i] / sum * (1 << UNIT_BITS);
        weight[i] = (int32_t)(units < 0 ? units - 0.5 : units + 0.5);
    }
    weights->first[output] = first;
    weights->count[output] = end - first;
}

static alc_status weigh(alc_context *context, int64_t inputs, int64_t outputs,
                        alc_resize_filter filter, resize_weights *weights)
{
    double scale = (double)inputs / (double)outputs;
    double radius = (filter == ALC_RESIZE_BILINEAR ? 1 : 2) * (scale > 1 ? scale : 1);
    int64_t most = 2 * (int64_t)ceil(radius) + 1;
    alc_status status = allocate_weights(context, outputs, most, weights);
    double *real = NULL;

    if (status != ALC_OK)
        return status;
    real = alc_allocate_array(context, (size_t)most, sizeof(double), "resize weights");
    if (real == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t o = 0; o < outputs; o++)
        weigh_pixel(weights, o, scale, inputs, filter, real);
    alc_free(context, real);
    return ALC_OK;
}

/* The weights' magnitudes add up to less than 2 units, so a sum stays below 2 * 255 * 2^22 < 2^31. */
static uint8_t round_sum(int32_t sum)
{
    if (sum < 0)
        return 0;
    sum >>= UNIT_BITS;
    return (uint8_t)(sum > 255 ? 255 : sum);
}

static void resize_rows(const alc_image *image, const resize_weights *weights, alc_image *result)
{
    for (int64_t y = 0; y < image->height; y++)
        for (int64_t x = 0; x < result->width; x++) {
            const uint8_t *from = image->pixels + (y * image->width + weights->first[x]) * 3;
            const int32_t *weight = weights->weight + x * weights->most;
            uint8_t *to = result->pixels + (y * result->width + x) * 3;
            int32_t sum[3] = {1 << (UNIT_BITS - 1), 1 << (UNIT_BITS - 1), 1 << (UNIT_BITS - 1)};
            for (int64_t i = 0; i < weights->count[x]; i++)
                for (int c = 0; c < 3; c++)
                    sum[c] += from[3 * i + c] * weight[i];
            for (int c = 0; c < 3; c++)
                to[c] = round_sum(sum[c]);
        }
}

/* `sums` has room for a row. */
static void resize_columns(const alc_image *image, const resize_weights *weights, int32_t *sums,
                           alc_image *result)
{
    int64_t row = image->width * 3;

    for (int64_t y = 0; y < result->height; y++) {
        const int32_t *weight = weights->weight + y * weights->most;
        for (int64_t x = 0; x < row; x++)
            sums[x] = 1 << (UNIT_BITS - 1);
        for (int64_t i = 0; i < weights->count[y]; i++) {
            const uint8_t *from = image->pixels + (weights->first[y] + i) * row;
            for (int64_t x = 0; x < row; x++)
                sums[x] += from[x] * weight[i];
        }
        for (int64_t x = 0; x < row; x++)
            result->pixels[y * row + x] = round_sum(sums[x]);
    }
}

static alc_status resize_width(const alc_image *image, int64_t width, alc_resize_filter filter,
                               alc_image *result)
{
    resize_weights weights = {0};
    alc_status status = weigh(image->context, image->width, width, filter, &weights);

    if (status == ALC_OK)
        status = alc_image_allocate(image->context, image->height, width, result);
    if (status == ALC_OK)
        resize_rows(image, &weights, result);
    free_weights(image->context, &weights);
    return status;
}

static alc_status resize_height(const alc_image *image, int64_t height, alc_resize_filter filter,
                                alc_image *result)
{
    resize_weights weights = {0};
    int32_t *sums = NULL;
    alc_status status = weigh(image->context, image->height, height, filter, &weights);

    if (status == ALC_OK) {
        sums = alc_allocate_array(image->context, (size_t)image->width * 3, sizeof *sums,
                                  "a row of sums");
        status = sums != NULL ? alc_image_allocate(image->context, height, image->width, result)
                              : ALC_OUT_OF_MEMORY;
    }
    if (status == ALC_OK)
        resize_columns(image, &weights, sums, result);
    alc_free(image->context, sums);
    free_weights(image->context, &weights);
    return status;
}

alc_status alc_image_resize(const alc_image *image, int64_t height, int64_t width,
                            alc_resize_filter filter, alc_image *result)
{
    alc_image narrow = {0};
    alc_status status = alc_image_check_pair(image, result, "alc_image_resize");

    if (status != ALC_OK)
        return status;
    if (height < 1 || width < 1 || height > ALC_IMAGE_MOST_SIDE || width > ALC_IMAGE_MOST_SIDE ||
        (filter != ALC_RESIZE_BILINEAR && filter != ALC_RESIZE_BICUBIC))
        return alc_fail(image->context, ALC_INVALID_ARGUMENT,
                        "an image cannot be resized to %lld x %lld with filter %d",
                        (long long)height, (long long)width, (int)filter);
    status = resize_width(image, width, filter, &narrow);
    if (status == ALC_OK)
        status = resize_height(&narrow, height, filter, result);
    if (status == ALC_OK)
        result->channels = image->channels;
    alc_image_free(&narrow);
    return status;
}
