/* lib/data/image_internal.h - between the files that check an image file and the one that decodes it. */
#ifndef ALC_LIB_DATA_IMAGE_INTERNAL_H
#define ALC_LIB_DATA_IMAGE_INTERNAL_H

#include "alcor/image.h"
#include "lib/base/base.h"

#define ALC_IMAGE_MOST_SIDE 16384
#define ALC_IMAGE_MOST_PIXELS ((int64_t)64 << 20)
#define ALC_IMAGE_MOST_BYTES ((size_t)256 << 20)

typedef enum alc_image_kind {
    ALC_IMAGE_GRAY_JPEG,
    ALC_IMAGE_YCC_JPEG,
    ALC_IMAGE_RGB_JPEG,
    ALC_IMAGE_CMYK_JPEG, /* with Adobe's inverted values: 255 is no ink */
    ALC_IMAGE_YCCK_JPEG, /* the same, but C, M, Y coded as YCbCr */
    ALC_IMAGE_PNG
} alc_image_kind;

/* A file that was found sound, rewritten so that only what a decoder needs is left: no application segments, no garbage
 * between segments, nothing after the end. `stream` is freed with alc_free. */
typedef struct alc_image_source {
    alc_context *context;
    const char *name;       /* of the file, for messages */
    alc_image_kind kind;
    int64_t height, width;
    int channels;           /* as alc_image.channels */
    uint8_t *stream;
    size_t bytes;
} alc_image_source;

/* ALC_OK if an image of these extents may be decoded; `source` has its context and name. */
alc_status alc_image_check_extents(const alc_image_source *source, const alc_image_limits *limits,
                                   int64_t height, int64_t width);

/* Check a file's structure completely and fill `source`, whose context and name are set. */
alc_status alc_jpeg_check(const uint8_t *data, size_t bytes, const alc_image_limits *limits,
                          alc_image_source *source);
alc_status alc_png_check(const uint8_t *data, size_t bytes, const alc_image_limits *limits,
                         alc_image_source *source);

/* ALC_OK if a decoder found the extents that the checked file has. */
alc_status alc_image_check_decoded(const alc_image_source *source, int64_t height, int64_t width);

/* Decodes a checked file into height * width * 3 bytes (decode_stb.c or decode_libjpeg_turbo.c). */
alc_status alc_image_decode_source(const alc_image_source *source, uint8_t *pixels);

/* A new image of these extents, whose pixels are zero. */
alc_status alc_image_allocate(alc_context *context, int64_t height, int64_t width,
                              alc_image *image);
/* Fails unless `image` holds pixels and `result` is another, with `function`'s name; zeroes *result. */
alc_status alc_image_check_pair(const alc_image *image, alc_image *result, const char *function);

/* What each byte of each channel becomes, as at alc_normalisation. */
alc_status alc_normalisation_table(alc_context *context, alc_normalisation normalisation,
                                   alc_real table[3][256]);

/* The byte each pixel of a view comes from, in pixels: view[y * width' + x] = image[base + y * dy + x * dx]. */
typedef struct alc_view_walk {
    int64_t height, width; /* of the view */
    int64_t base, dy, dx;
} alc_view_walk;
alc_view_walk alc_image_walk_view(int64_t height, int64_t width, int view);

#endif
