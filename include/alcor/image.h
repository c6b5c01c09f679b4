/* alcor/image.h - reading JPEG and PNG files, and the exact transformations that training needs.
 *
 * A file's structure is checked before a decoder sees a byte of it, down to the last Huffman code
 * and checksum: what is cut off, contradicts itself or would be decoded wrongly is refused with the
 * reason. Images are always 8-bit RGB here.
 */
#ifndef ALCOR_IMAGE_H
#define ALCOR_IMAGE_H

#include "alcor/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* pixels[(y * width + x) * 3 + c], c = red, green, blue. Set to zero before first use, or by a
 * failed call. */
typedef struct alc_image {
    alc_context *context;
    int64_t height, width;
    int channels;    /* of the file: 1 gray, 2 gray and alpha, 3 colour or palette, 4 with alpha, or
                        CMYK */
    uint8_t *pixels; /* owned; release with alc_image_free */
} alc_image;

typedef struct alc_image_limits {
    int64_t side;   /* largest height and width; 0: 16384, which is also the most allowed */
    int64_t pixels; /* largest height * width; 0: 64 * 2^20, which is also the most allowed */
    size_t bytes;   /* largest file; 0: 256 MiB */
} alc_image_limits;

/* Reads a JPEG (8-bit, baseline, extended sequential or progressive, Huffman coded, 1, 3 or 4
 * components) or PNG file (all kinds). Gray is repeated in the three channels, CMYK converted by
 * the plain formula 255 (1-c)(1-m)(1-y)(1-k), alpha is dropped, 16-bit samples keep their upper 8
 * bits; colour profiles, gamma and orientation are ignored; an index beyond the palette is black.
 * image is zeroed on failure: ALC_IO_ERROR; ALC_BAD_FILE with what is wrong at which byte;
 * ALC_UNSUPPORTED for a sound file of a kind that is not decoded (12-bit, lossless, arithmetic
 * coding, chroma sampling that is no whole fraction, a progressive file without all of its scans)
 * or that is above the limits; ALC_INVALID_ARGUMENT; ALC_OUT_OF_MEMORY. */
alc_status alc_image_read(alc_context *context, const char *path, alc_image_limits limits,
                          alc_image *image);
/* The same from memory; `name` stands for the file in messages. */
alc_status alc_image_decode(alc_context *context, const char *name, const void *data, size_t bytes,
                            alc_image_limits limits, alc_image *image);
/* Releases the pixels and zeroes the struct. NULL and a zeroed struct are allowed. */
void alc_image_free(alc_image *image);

/* Which decoder this library was built with: "stb_image" or "libjpeg-turbo". They differ in a pixel
 * value here and there, so a checkpoint names it. */
const char *alc_image_decoder_name(void);

/* ---- transformations: `result` is a new image (not the input itself), zeroed on failure ---- */

typedef enum alc_resize_filter {
    ALC_RESIZE_BILINEAR, /* triangle of radius 1 */
    ALC_RESIZE_BICUBIC   /* Keys' cubic of radius 2 with a = -0.5 */
} alc_resize_filter;

/* Resizes with antialiasing: where it shrinks, the filter is widened by the scale. Separable, rows
 * first, in the fixed-point arithmetic of 8-bit images (coefficients of 22 bits, both passes
 * rounded to 8 bits): the numbers are Pillow's within 1 where it begins with the rows, too, which
 * depends on its version unless the image is square. ALC_INVALID_ARGUMENT for extents outside 1 ..
 * 16384 or an unknown filter; ALC_OUT_OF_MEMORY. */
alc_status alc_image_resize(const alc_image *image, int64_t height, int64_t width,
                            alc_resize_filter filter, alc_image *result);

/* The middle height x width pixels; the first row kept is (image->height - height) / 2, of two
 * that are as near the even one (as torchvision's center_crop), columns alike. ALC_INVALID_ARGUMENT
 * if the image is smaller. */
alc_status alc_image_crop_centre(const alc_image *image, int64_t height, int64_t width,
                                 alc_image *result);

/* One of the eight exact views, 0 .. 7: for view >= 4 first mirrored left to right, then turned
 * view mod 4 times by a quarter counter-clockwise. View 0 is the image itself; odd views exchange
 * height and width. */
#define ALC_VIEW_COUNT 8
alc_status alc_image_view(const alc_image *image, int view, alc_image *result);

/* How values enter a network: (v / 255 - mean[c]) / std[c], in double, rounded to alc_real. std[c]
 * > 0. */
typedef struct alc_normalisation {
    double mean[3], std[3];
} alc_normalisation;

/* Writes height x width x 3 values. ALC_INVALID_ARGUMENT for a std that is not positive or a value
 * that is not finite. */
alc_status alc_image_normalise(const alc_image *image, alc_normalisation normalisation,
                               alc_real *values);

/* Whether values[pixels][3] of some images, such as a first batch, can be what weights expect that
 * were trained with this normalisation. ALC_MISMATCH says what seems to have been done to them
 * instead: bytes that were not divided by 255 or divided twice, normalisation left out or applied
 * twice; ALC_NOT_FINITE. The normalisation must be sound (alc_image_normalise). */
alc_status alc_image_check_values(alc_context *context, alc_normalisation expected, const alc_real *values,
                                  int64_t pixels);

#ifdef __cplusplus
}
#endif
#endif
