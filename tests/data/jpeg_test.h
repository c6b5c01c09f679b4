/* tests/data/jpeg_test.h - parts of small JPEG files as recipes (file_bytes.h), and what the JPEG checker makes of a file.
 *
 * Codes of the tables here: a Huffman table of one symbol has the code 0, of two 0 and 10, of three 0, 10 and 110.
 */
#ifndef ALC_TESTS_JPEG_TEST_H
#define ALC_TESTS_JPEG_TEST_H

#include "data/file_bytes.h"
#include "lib/data/image_internal.h"

#define SOI "FFD8 "
#define EOI "FFD9 "
/* A quantisation table of one value throughout. */
#define DQT(number, value) "FFDB 0043 " number value "*64 "
/* Huffman tables; `id` is the class (0 DC, 1 AC) and the number. */
#define DHT1(id, a) "FFC4 0014 " id "01 00*15 " a " "
#define DHT2(id, a, b) "FFC4 0015 " id "01 01 00*14 " a b " "
#define DHT3(id, a, b, c) "FFC4 0016 " id "01 01 01 00*13 " a b c " "
/* Frames by marker, height, width and components. */
#define SOF1(marker, height, width, a) marker " 000B 08 " height width "01 " a " "
#define SOF3(marker, height, width, a, b, c) marker " 0011 08 " height width "03 " a b c " "
#define SOF4(marker, height, width, a, b, c, d) marker " 0014 08 " height width "04 " a b c d " "
/* Scans by components and progression. */
#define SOS1(a, progression) "FFDA 0008 01 " a progression " "
#define SOS3(a, b, c, progression) "FFDA 000C 03 " a b c progression " "
#define SEQUENTIAL "003F00 "

/* A gray picture of one block, all of whose coefficients are 0. */
#define GRAY_TABLES DQT("00", "01") DHT1("00", "00") DHT1("10", "00")
#define GRAY_FRAME SOF1("FFC0", "0008 ", "0008 ", "01 11 00")
#define GRAY_SCAN SOS1("0100 ", SEQUENTIAL) "3F "
#define GRAY SOI GRAY_TABLES GRAY_FRAME GRAY_SCAN EOI

/* The result of alc_jpeg_check on a file that a recipe describes. source->stream is the caller's to alc_free. */
static inline alc_status check_jpeg(alc_context *context, const char *recipe, alc_image_source *source)
{
    const alc_image_limits limits = {
        ALC_IMAGE_MOST_SIDE, ALC_IMAGE_MOST_PIXELS, ALC_IMAGE_MOST_BYTES};
    file_bytes *file = calloc(1, sizeof *file);
    uint8_t *exact;
    alc_status status;

    ck_assert_ptr_nonnull(file);
    put_bytes(file, recipe);
    exact = malloc(file->size); /* so that a sanitizer sees a read behind the end */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, file->data, file->size);
    *source = (alc_image_source){.context = context, .name = "x.jpg"};
    status = alc_jpeg_check(exact, file->size, &limits, source);
    free(exact);
    free(file);
    return status;
}

typedef struct bad_jpeg {
    const char *recipe;
    alc_status status;
    const char *words; /* of the sentence */
} bad_jpeg;

static inline void check_bad_jpegs(const bad_jpeg *cases, size_t count)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < count; i++) {
        alc_image_source source;
        ck_assert_fails(context, check_jpeg(context, cases[i].recipe, &source), cases[i].status,
                        cases[i].words);
        ck_assert_ptr_null(source.stream);
    }
    alc_context_destroy(context);
}

static inline void check_good_jpegs(const char *const *recipes, size_t count)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < count; i++) {
        alc_image_source source;
        ck_assert_msg(check_jpeg(context, recipes[i], &source) == ALC_OK, "file %zu: %s", i,
                      alc_error_message(context));
        ck_assert_ptr_nonnull(source.stream);
        alc_free(context, source.stream);
    }
    alc_context_destroy(context);
}

#define CHECK_BAD_JPEGS(cases) check_bad_jpegs(cases, sizeof(cases) / sizeof *(cases))
#define CHECK_GOOD_JPEGS(recipes) check_good_jpegs(recipes, sizeof(recipes) / sizeof *(recipes))

#endif
