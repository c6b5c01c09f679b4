/* tests/data/test_decode.c - whatever a decoder does with a stream, a caller gets a status and never pixels of another
 * picture. Streams that were found sound are decoded in test_image_file.c; here are some that never get so far. */
#include "data/jpeg_test.h"
#include "support/run_tests.h"

static const uint8_t no_jpeg[] = {0xFF, 0xD8, 0xFF, 0xD9};
static const uint8_t no_png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0, 0};

START_TEST(a_stream_that_is_no_picture_is_refused)
{
    alc_context *context = make_context(1);
    alc_image_source sources[] = {
        {.kind = ALC_IMAGE_GRAY_JPEG, .stream = (uint8_t *)(uintptr_t)no_jpeg, .bytes = sizeof no_jpeg},
        {.kind = ALC_IMAGE_CMYK_JPEG, .stream = (uint8_t *)(uintptr_t)no_jpeg, .bytes = sizeof no_jpeg},
        {.kind = ALC_IMAGE_PNG, .stream = (uint8_t *)(uintptr_t)no_png, .bytes = sizeof no_png},
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        uint8_t pixels[8 * 8 * 3];
        sources[i].context = context;
        sources[i].name = "x.jpg";
        sources[i].height = sources[i].width = 8;
        ck_assert_fails(context, alc_image_decode_source(&sources[i], pixels), ALC_UNSUPPORTED, "x.jpg: ");
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), alc_image_decoder_name()));
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(a_stream_of_another_size_is_refused)
{
    alc_context *context = make_context(1);
    alc_image_source source;
    uint8_t pixels[8 * 9 * 3];
    ck_assert_int_eq(check_jpeg(context, GRAY, &source), ALC_OK);
    ck_assert_int_eq(alc_image_decode_source(&source, pixels), ALC_OK);
    ck_assert_uint_eq(pixels[0], 128);
    ck_assert_uint_eq(pixels[8 * 8 * 3 - 1], 128);
    source.width = 9;
    ck_assert_fails(context, alc_image_decode_source(&source, pixels), ALC_BAD_FILE,
                    "found 8 x 8 pixels where the header says 8 x 9");
    alc_free(context, source.stream);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("decode", a_stream_that_is_no_picture_is_refused, a_stream_of_another_size_is_refused);
}
