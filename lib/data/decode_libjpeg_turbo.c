/* lib/data/decode_libjpeg_turbo.c - pixels of a checked file by libjpeg-turbo and libpng, with the build option
 * -DALCOR_IMAGE_DECODER=libjpeg-turbo. They give what most other programs see; stb_image differs in a value here and there.
 *
 * Both libraries report errors by leaving through longjmp; what must survive that is allocated before setjmp.
 */
#include "lib/data/image_internal.h"

#ifdef ALCOR_IMAGE_DECODER_LIBJPEG_TURBO

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

const char *alc_image_decoder_name(void)
{
    return "libjpeg-turbo";
}

typedef struct jpeg_errors {
    struct jpeg_error_mgr manager; /* first: libjpeg hands out a pointer to it */
    jmp_buf leave;
    char message[JMSG_LENGTH_MAX];
} jpeg_errors;

static void leave_jpeg(j_common_ptr common)
{
    jpeg_errors *errors = (jpeg_errors *)common->err;
    errors->manager.format_message(common, errors->message);
    longjmp(errors->leave, 1);
}

static void ignore_message(j_common_ptr common)
{
    (void)common;
}

/* c, m, y, k with 255 for no ink, in place of four bytes three. */
static void cmyk_to_rgb(const uint8_t *cmyk, int64_t width, uint8_t *rgb)
{
    for (int64_t x = 0; x < width; x++)
        for (int c = 0; c < 3; c++)
            rgb[3 * x + c] = (uint8_t)((cmyk[4 * x + c] * cmyk[4 * x + 3] + 127) / 255);
}

static void decode_rows(struct jpeg_decompress_struct *decoder, const alc_image_source *source,
                        uint8_t *row, uint8_t *pixels)
{
    while (decoder->output_scanline < decoder->output_height) {
        uint8_t *target = pixels + (int64_t)decoder->output_scanline * source->width * 3;
        JSAMPROW rows[1] = {row != NULL ? row : target};
        jpeg_read_scanlines(decoder, rows, 1);
        if (row != NULL)
            cmyk_to_rgb(row, source->width, target);
    }
}

/* `row` has room for a row of inks, or is NULL if the file has no inks. */
static alc_status run_jpeg(const alc_image_source *source, uint8_t *row, uint8_t *pixels)
{
    struct jpeg_decompress_struct decoder;
    jpeg_errors errors;
    alc_status status;

    decoder.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = leave_jpeg;
    errors.manager.output_message = ignore_message;
    if (setjmp(errors.leave) != 0) {
        jpeg_destroy_decompress(&decoder);
        return alc_fail(source->context, ALC_UNSUPPORTED, "%s: libjpeg-turbo: %s", source->name,
                        errors.message);
    }
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, source->stream, (unsigned long)source->bytes);
    jpeg_read_header(&decoder, TRUE);
    status = alc_image_check_decoded(source, decoder.image_height, decoder.image_width);
    if (status == ALC_OK) {
        decoder.out_color_space = row != NULL ? JCS_CMYK : JCS_RGB;
        decoder.dct_method = JDCT_ISLOW;
        jpeg_start_decompress(&decoder);
        decode_rows(&decoder, source, row, pixels);
        jpeg_finish_decompress(&decoder);
    }
    jpeg_destroy_decompress(&decoder);
    return status;
}

static alc_status decode_jpeg(const alc_image_source *source, uint8_t *pixels)
{
    bool inks = source->kind == ALC_IMAGE_CMYK_JPEG || source->kind == ALC_IMAGE_YCCK_JPEG;
    uint8_t *row = NULL;
    alc_status status;

    if (inks) {
        row = alc_allocate(source->context, (size_t)source->width * 4, "a row of inks");
        if (row == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    status = run_jpeg(source, row, pixels);
    alc_free(source->context, row);
    return status;
}

typedef struct png_input {
    const alc_image_source *source;
    size_t at;
    jmp_buf leave;
    char message[128];
} png_input;

static void leave_png(png_structp png, png_const_charp message)
{
    png_input *input = png_get_error_ptr(png);
    snprintf(input->message, sizeof input->message, "%s", message);
    longjmp(input->leave, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_png(png_structp png, png_bytep data, size_t bytes)
{
    png_input *input = png_get_io_ptr(png);
    if (bytes > input->source->bytes - input->at)
        png_error(png, "the data end early");
    memcpy(data, input->source->stream + input->at, bytes);
    input->at += bytes;
}

/* Without gamma or background: the stored values, as the default decoder gives them. */
static alc_status run_png(png_structp png, png_infop info, const alc_image_source *source,
                          png_bytep *rows)
{
    alc_status status;

    png_read_info(png, info);
    status = alc_image_check_decoded(source, png_get_image_height(png, info),
                                     png_get_image_width(png, info));
    if (status != ALC_OK)
        return status;
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    png_read_image(png, rows);
    png_read_end(png, NULL);
    return ALC_OK;
}

static alc_status decode_png(const alc_image_source *source, uint8_t *pixels)
{
    png_input input = {.source = source};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, leave_png,
                                             ignore_warning);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    png_bytep *rows = alc_allocate_array(source->context, (size_t)source->height, sizeof *rows,
                                         "rows of an image");
    alc_status status = ALC_OUT_OF_MEMORY;

    for (int64_t y = 0; rows != NULL && y < source->height; y++)
        rows[y] = pixels + y * source->width * 3;
    if (info == NULL || rows == NULL) {
        if (rows != NULL)
            alc_fail(source->context, status, "%s: libpng has no memory", source->name);
    } else if (setjmp(input.leave) == 0) {
        png_set_read_fn(png, &input, read_png);
        status = run_png(png, info, source, rows);
    } else {
        status = alc_fail(source->context, ALC_UNSUPPORTED, "%s: libpng: %s", source->name,
                          input.message);
    }
    png_destroy_read_struct(&png, &info, NULL);
    alc_free(source->context, rows);
    return status;
}

alc_status alc_image_decode_source(const alc_image_source *source, uint8_t *pixels)
{
    return source->kind == ALC_IMAGE_PNG ? decode_png(source, pixels) : decode_jpeg(source, pixels);
}

#endif
