/* lib/data/decode_stb.c - pixels of a checked file by stb_image (Debian package libstb-dev), the default decoder.
 *
 * stb_image is compiled here and nowhere else, private to this file, with JPEG and PNG only and without its file access.
 * Its allocations are malloc's: they are bounded by the image's extents, which were checked. Its settings stay as they
 * are, and its one failure text is left out, so that nothing in it is ever written from two threads.
 *
 * Two of its functions are replaced, which enlarge chroma of half the width (4:2:2) and of half of both (4:2:0). The first
 * weighs the last two samples of a row the wrong way round in version 2.27, which falsifies a column of the picture; and
 * rows of one or two samples are repeated by libjpeg, not interpolated, which is a difference of up to 68 levels.
 */
#include "lib/data/image_internal.h"

#ifndef ALCOR_IMAGE_DECODER_LIBJPEG_TURBO

#include <string.h>

/* Doubles a row of `width` samples: each output is 3/4 of the nearest sample and 1/4 of the next nearest, rounded up and
 * down in turn; up to two samples are repeated, as libjpeg does. */
static unsigned char *stbi__resample_row_h_2(unsigned char *out, unsigned char *row,
                                             unsigned char *unused_row, int width, int unused_scale)
{
    (void)unused_row;
    (void)unused_scale;
    for (int i = 0; i < width; i++) {
        int left = i > 0 && width > 2 ? row[i - 1] : row[i];
        int right = i < width - 1 && width > 2 ? row[i + 1] : row[i];
        out[2 * i] = (unsigned char)((3 * row[i] + left + 1) >> 2);
        out[2 * i + 1] = (unsigned char)((3 * row[i] + right + 2) >> 2);
    }
    return out;
}
/* The same in both directions: 9/16 of the nearest sample, 3/16 of two and 1/16 of the farthest. `far` is the next nearest
 * row. */
static unsigned char *stbi__resample_row_hv_2_simd(unsigned char *out, unsigned char *near,
                                                   unsigned char *far, int width, int unused_scale)
{
    (void)unused_scale;
    for (int i = 0; i < width; i++) {
        int middle = 3 * near[i] + far[i];
        int left = i > 0 ? 3 * near[i - 1] + far[i - 1] : middle;
        int right = i < width - 1 ? 3 * near[i + 1] + far[i + 1] : middle;
        out[2 * i] = width > 2 ? (unsigned char)((3 * middle + left + 8) >> 4) : near[i];
        out[2 * i + 1] = width > 2 ? (unsigned char)((3 * middle + right + 8) >> 4) : near[i];
    }
    return out;
}

/* stb_image has two versions; which one it takes depends on the machine. */
static unsigned char *stbi__resample_row_hv_2(unsigned char *out, unsigned char *near,
                                              unsigned char *far, int width, int scale)
{
    return stbi__resample_row_hv_2_simd(out, near, far, width, scale);
}

/* stb_image's definitions have argument lists and are renamed by this; its uses have none, and find ours. */
#define stbi__resample_row_h_2(...) stbi__resample_row_h_2_replaced(__VA_ARGS__)
#define stbi__resample_row_hv_2(...) stbi__resample_row_hv_2_replaced(__VA_ARGS__)
#define stbi__resample_row_hv_2_simd(...) stbi__resample_row_hv_2_simd_replaced(__VA_ARGS__)

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_FAILURE_STRINGS
#define STBI_ASSERT(condition) ((void)0)
#if defined(__GNUC__)
/* For the rest of the file: GCC complains at its end about what stb_image declares and we do not use. */
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb/stb_image.h>

const char *alc_image_decoder_name(void)
{
    return "stb_image";
}

alc_status alc_image_decode_source(const alc_image_source *source, uint8_t *pixels)
{
    int width = 0, height = 0, channels = 0;
    uint8_t *decoded =
        stbi_load_from_memory(source->stream, (int)source->bytes, &width, &height, &channels, 3);
    alc_status status;

    if (decoded == NULL)
        return alc_fail(source->context, ALC_UNSUPPORTED,
                        "%s: stb_image cannot decode the file, or has no memory for it",
                        source->name);
    status = alc_image_check_decoded(source, height, width);
    if (status == ALC_OK)
        memcpy(pixels, decoded, (size_t)(source->height * source->width * 3));
    stbi_image_free(decoded);
    return status;
}

#endif
