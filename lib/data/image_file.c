/* lib/data/image_file.c - reads an image file: which format, is it sound, then the decoder.
 *
 * No decoder is called before alc_jpeg_check or alc_png_check has accepted the whole file, and it is given their clean
 * copy instead of the file.
 */
#include <string.h>

#include "lib/data/image_internal.h"

alc_status alc_image_check_extents(const alc_image_source *source, const alc_image_limits *limits,
                                   int64_t height, int64_t width)
{
    if (height > limits->side || width > limits->side || height * width > limits->pixels)
        return alc_fail(source->context, ALC_UNSUPPORTED,
                        "%s: %lld x %lld pixels are above the limit of %lld a side and %lld in all",
                        source->name, (long long)height, (long long)width, (long long)limits->side,
                        (long long)limits->pixels);
    return ALC_OK;
}

alc_status alc_image_check_decoded(const alc_image_source *source, int64_t height, int64_t width)
{
    if (height != source->height || width != source->width)
        return alc_fail(source->context, ALC_BAD_FILE,
                        "%s: %s found %lld x %lld pixels where the header says %lld x %lld",
                        source->name, alc_image_decoder_name(), (long long)height, (long long)width,
                        (long long)source->height, (long long)source->width);
    return ALC_OK;
}

static alc_status complete_limits(alc_context *context, alc_image_limits *limits)
{
    if (limits->side == 0)
        limits->side = ALC_IMAGE_MOST_SIDE;
    if (limits->pixels == 0)
        limits->pixels = ALC_IMAGE_MOST_PIXELS;
    if (limits->bytes == 0)
        limits->bytes = ALC_IMAGE_MOST_BYTES;
    if (limits->side < 1 || limits->side > ALC_IMAGE_MOST_SIDE || limits->pixels < 1 ||
        limits->pixels > ALC_IMAGE_MOST_PIXELS || limits->bytes > ALC_IMAGE_MOST_BYTES)
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "image limits of %lld pixels a side, %lld in all and %zu bytes are outside "
                        "1 to %d, %lld and %zu",
                        (long long)limits->side, (long long)limits->pixels, limits->bytes,
                        ALC_IMAGE_MOST_SIDE, (long long)ALC_IMAGE_MOST_PIXELS,
                        ALC_IMAGE_MOST_BYTES);
    return ALC_OK;
}

static alc_status check(const uint8_t *data, size_t bytes, const alc_image_limits *limits,
                        alc_image_source *source)
{
    static const uint8_t jpeg[3] = {0xFF, 0xD8, 0xFF};
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

    if (bytes == 0)
        return alc_fail(source->context, ALC_BAD_FILE, "%s: the file is empty", source->name);
    if (bytes >= sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0)
        return alc_jpeg_check(data, bytes, limits, source);
    if (bytes >= sizeof png && memcmp(data, png, sizeof png) == 0)
        return alc_png_check(data, bytes, limits, source);
    return alc_fail(source->context, ALC_BAD_FILE,
                    "%s: byte 0: the file begins neither as JPEG nor as PNG", source->name);
}

/* Limits are complete. */
static alc_status decode(alc_context *context, const char *name, const void *data, size_t bytes,
                         const alc_image_limits *limits, alc_image *image)
{
    alc_image_source source = {.context = context, .name = name};
    uint8_t *pixels = NULL;
    alc_status status = check(data, bytes, limits, &source);

    if (status != ALC_OK)
        return status;
    pixels = alc_allocate(context, (size_t)(source.height * source.width * 3), "an image");
    status = pixels != NULL ? alc_image_decode_source(&source, pixels) : ALC_OUT_OF_MEMORY;
    alc_free(context, source.stream);
    if (status != ALC_OK) {
        alc_free(context, pixels);
        return status;
    }
    *image = (alc_image){.context = context,
                         .height = source.height,
                         .width = source.width,
                         .channels = source.channels,
                         .pixels = pixels};
    return ALC_OK;
}

alc_status alc_image_decode(alc_context *context, const char *name, const void *data, size_t bytes,
                            alc_image_limits limits, alc_image *image)
{
    alc_status status;

    if (image != NULL)
        *image = (alc_image){0};
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (name == NULL || image == NULL || (data == NULL && bytes > 0))
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_image_decode: an argument is NULL");
    status = complete_limits(context, &limits);
    if (status != ALC_OK)
        return status;
    if (bytes > limits.bytes)
        return alc_fail(context, ALC_UNSUPPORTED, "%s: %zu bytes are above the limit of %zu", name,
                        bytes, limits.bytes);
    return decode(context, name, data, bytes, &limits, image);
}

alc_status alc_image_read(alc_context *context, const char *path, alc_image_limits limits,
                          alc_image *image)
{
    void *data = NULL;
    size_t bytes = 0;
    alc_status status;

    if (image != NULL)
        *image = (alc_image){0};
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (path == NULL || image == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_image_read: an argument is NULL");
    status = complete_limits(context, &limits);
    if (status == ALC_OK)
        status = alc_read_file(context, path, limits.bytes, &data, &bytes);
    if (status != ALC_OK)
        return status;
    status = decode(context, path, data, bytes, &limits, image);
    alc_free(context, data);
    return status;
}

void alc_image_free(alc_image *image)
{
    if (image == NULL)
        return;
    if (image->pixels != NULL)
        alc_free(image->context, image->pixels);
    *image = (alc_image){0};
}
