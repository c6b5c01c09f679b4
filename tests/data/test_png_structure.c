/* tests/data/test_png_structure.c - a PNG file's chunks and image data: every rule, broken once, is named; all kinds pass. */
#include "data/png_test.h"
#include "lib/data/image_internal.h"
#include "support/run_tests.h"

static alc_status check_bytes(alc_context *context, const uint8_t *data, size_t bytes,
                              alc_image_source *source)
{
    const alc_image_limits limits = {
        ALC_IMAGE_MOST_SIDE, ALC_IMAGE_MOST_PIXELS, ALC_IMAGE_MOST_BYTES};
    uint8_t *exact = malloc(bytes); /* so that a sanitizer sees a read behind the end */
    alc_status status;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, bytes);
    *source = (alc_image_source){.context = context, .name = "x.png"};
    status = alc_png_check(exact, bytes, &limits, source);
    free(exact);
    return status;
}

#define GRAY8 HEADER("00000002 00000001", "0800")
#define PIXELS "IDAT @00 0102;"
#define PALETTE HEADER("00000002 00000001", "0203")

static const struct {
    const char *chunks;
    alc_status status;
    const char *words;
} bad[] = {
    {"", ALC_BAD_FILE, "x.png: byte 8: the file is cut off"},
    {GRAY8 PIXELS, ALC_BAD_FILE, "the file is cut off"},
    {PIXELS END, ALC_BAD_FILE, "byte 8: the first chunk is not the header IHDR"},
    {GRAY8 GRAY8 PIXELS END, ALC_BAD_FILE,
     "byte 33: the header IHDR comes twice or has the wrong length"},
    {"IHDR 00000002 00000001 0800 0000;", ALC_BAD_FILE,
     "the header IHDR comes twice or has the wrong length"},
    {HEADER("00000000 00000001", "0800"), ALC_BAD_FILE, "the image is 1 pixels high and 0 wide"},
    {HEADER("00000001 00000000", "0800"), ALC_BAD_FILE, "the image is 0 pixels high and 1 wide"},
    {HEADER("80000000 00000001", "0800"), ALC_BAD_FILE,
     "the image is 1 pixels high and 2147483648 wide"},
    {HEADER("00000001 FFFFFFFF", "0800"), ALC_BAD_FILE,
     "the image is 4294967295 pixels high and 1 wide"},
    {HEADER("00000001 00004001", "0800"), ALC_UNSUPPORTED,
     "x.png: 16385 x 1 pixels are above the limit of 16384 a side"},
    {HEADER("00004000 00002000", "0800"), ALC_UNSUPPORTED, "8192 x 16384 pixels are above the limit"},
    {HEADER("00000001 00000001", "0300"), ALC_BAD_FILE, "there is no PNG of colour type 0 with 3 bits"},
    {HEADER("00000001 00000001", "0801"), ALC_BAD_FILE, "there is no PNG of colour type 1 with 8 bits"},
    {HEADER("00000001 00000001", "0402"), ALC_BAD_FILE, "there is no PNG of colour type 2 with 4 bits"},
    {HEADER("00000001 00000001", "1003"), ALC_BAD_FILE, "there is no PNG of colour type 3 with 16 bits"},
    {HEADER("00000001 00000001", "0404"), ALC_BAD_FILE, "there is no PNG of colour type 4 with 4 bits"},
    {HEADER("00000001 00000001", "0106"), ALC_BAD_FILE, "there is no PNG of colour type 6 with 1 bits"},
    {HEADER("00000001 00000001", "0807"), ALC_BAD_FILE, "there is no PNG of colour type 7 with 8 bits"},
    {"IHDR 00000001 00000001 0800 010000;", ALC_BAD_FILE,
     "compression 1, filter 0 or interlacing 0 does not exist"},
    {"IHDR 00000001 00000001 0800 000100;", ALC_BAD_FILE,
     "compression 0, filter 1 or interlacing 0 does not exist"},
    {"IHDR 00000001 00000001 0800 000002;", ALC_BAD_FILE,
     "compression 0, filter 0 or interlacing 2 does not exist"},
    {GRAY8 "PLTE 000000;", ALC_BAD_FILE, "the palette does not belong here"},
    {HEADER("00000001 00000001", "0804") "PLTE 000000;", ALC_BAD_FILE,
     "the palette does not belong here"},
    {PALETTE "PLTE 000000;PLTE 000000;", ALC_BAD_FILE, "the palette does not belong here"},
    {HEADER("00000001 00000001", "0802") "IDAT @00 000000;PLTE 000000;", ALC_BAD_FILE,
     "the palette does not belong here"},
    {PALETTE "PLTE ;", ALC_BAD_FILE, "a palette of 0 bytes is not one of 1 to 4 colours"},
    {PALETTE "PLTE 00*4;", ALC_BAD_FILE, "a palette of 4 bytes is not one of 1 to 4 colours"},
    {PALETTE "PLTE 00*15;", ALC_BAD_FILE, "a palette of 15 bytes is not one of 1 to 4 colours"},
    {HEADER("00000001 00000001", "0802") "PLTE 00*771;", ALC_BAD_FILE,
     "a palette of 771 bytes is not one of 1 to 256 colours"},
    {PALETTE "IDAT @00 00;", ALC_BAD_FILE, "image data come without a palette or after other chunks"},
    {GRAY8 "IDAT @00 0102;tEXt 61;IDAT ;", ALC_BAD_FILE,
     "image data come without a palette or after other chunks"},
    {GRAY8 "tRNS 00;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {GRAY8 "tRNS 0001;tRNS 0001;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {GRAY8 PIXELS "tRNS 0001;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {HEADER("00000001 00000001", "0802") "tRNS 0001;", ALC_BAD_FILE,
     "the transparency tRNS does not fit the image"},
    {HEADER("00000001 00000001", "0806") "tRNS 0001;", ALC_BAD_FILE,
     "the transparency tRNS does not fit the image"},
    {PALETTE "tRNS 01;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {PALETTE "PLTE 000000;tRNS ;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {PALETTE "PLTE 000000;tRNS 0102;", ALC_BAD_FILE, "the transparency tRNS does not fit the image"},
    {GRAY8 PIXELS "IEND 00;", ALC_BAD_FILE, "the end IEND has contents"},
    {GRAY8 END, ALC_BAD_FILE, "the image data end before the picture is complete"},
    {GRAY8 "IDAT @00 01;" END, ALC_BAD_FILE, "the image data end before the picture is complete"},
    {GRAY8 "IDAT !00 0102;" END, ALC_BAD_FILE, "the image data end before the picture is complete"},
    {HEADER("00000001 00000002", "0800") "IDAT @00 01 00;" END, ALC_BAD_FILE,
     "the image data end before the picture is complete"},
    {GRAY8 "IDAT @00 010203;" END, ALC_BAD_FILE, "there are more image data than the header says"},
    {GRAY8 "IDAT @05 0102;" END, ALC_BAD_FILE, "a row has a filter that does not exist"},
    {GRAY8 "IDAT !00 0102;IDAT 00000000;" END, ALC_BAD_FILE,
     "the image data cannot be inflated: incorrect data check"},
    {GRAY8 "IDAT 1234;" END, ALC_BAD_FILE,
     "the image data cannot be inflated: incorrect header check"},
    {GRAY8 "IDAT 78BB 00000001;" END, ALC_BAD_FILE,
     "the image data cannot be inflated: a dictionary is missing"},
    {GRAY8 PIXELS "IDAT 00;" END, ALC_BAD_FILE, "there are data after the image data"},
    {GRAY8 "ABcd 00;" PIXELS END, ALC_UNSUPPORTED, "the critical chunk ABcd is not known"},
};

START_TEST(broken_files_are_refused)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        alc_image_source source;
        file_bytes file = {.size = 0};
        put_png(&file, bad[i].chunks);
        ck_assert_fails(context, check_bytes(context, file.data, file.size, &source), bad[i].status,
                        bad[i].words);
        ck_assert_ptr_null(source.stream);
    }
    alc_context_destroy(context);
}
END_TEST

/* What is wrong with a chunk itself: byte `at` of a sound file becomes `value`. */
START_TEST(broken_chunks_are_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *words;
    } cases[] = {
        {37, 0x40, "byte 33: there is no chunk where one should begin"},
        {38, '@', "there is no chunk where one should begin"},
        {39, '{', "there is no chunk where one should begin"},
        {40, 0xFF, "there is no chunk where one should begin"},
        {33, 0x80, "byte 33: the chunk IDAT is cut off"},
        {36, 0xFF, "byte 33: the chunk IDAT is cut off"},
        {16, 0x80, "byte 8: the checksum of the chunk IHDR is wrong"},
        {28, 0x01, "byte 8: the checksum of the chunk IHDR is wrong"},
        {29, 0x00, "byte 8: the checksum of the chunk IHDR is wrong"},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_image_source source;
        file_bytes file = {.size = 0};
        put_png(&file, GRAY8 PIXELS END);
        ck_assert_uint_ne(file.data[cases[i].at], cases[i].value);
        file.data[cases[i].at] = cases[i].value;
        ck_assert_fails(context, check_bytes(context, file.data, file.size, &source), ALC_BAD_FILE,
                        cases[i].words);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(no_beginning_of_a_file_passes)
{
    alc_context *context = make_context(1);
    alc_image_source source;
    file_bytes file = {.size = 0};
    put_png(&file, PALETTE "PLTE 00*12;tRNS 0102;IDAT @00 00;" END);
    for (size_t bytes = 8; bytes < file.size; bytes++)
        ck_assert_int_eq(check_bytes(context, file.data, bytes, &source), ALC_BAD_FILE);
    ck_assert_int_eq(check_bytes(context, file.data, file.size, &source), ALC_OK);
    alc_free(context, source.stream);
    alc_context_destroy(context);
}
END_TEST

#define INTERLACED(size, kind) "IHDR " size kind "000001;"

static const struct {
    const char *chunks;
    int64_t height, width;
    int channels;
} good[] = {
    {GRAY8 PIXELS END, 1, 2, 1},
    {HEADER("00000009 00000001", "0100") "IDAT @00 FF80;" END, 1, 9, 1},
    {HEADER("00000003 00000001", "0200") "IDAT @04 FC;" END, 1, 3, 1},
    {HEADER("00000003 00000001", "0400") "IDAT @03 0123;" END, 1, 3, 1},
    {HEADER("00000001 00000002", "1000") "IDAT @02 0102 01 0304;" END, 2, 1, 1},
    {HEADER("00000001 00000001", "0802") "IDAT @00 010203;" END, 1, 1, 3},
    {HEADER("00000001 00000001", "1002") "IDAT @00 00*6;" END, 1, 1, 3},
    {HEADER("00000001 00000001", "0804") "IDAT @00 0102;" END, 1, 1, 2},
    {HEADER("00000001 00000001", "1004") "IDAT @00 00*4;" END, 1, 1, 2},
    {HEADER("00000001 00000001", "0806") "IDAT @00 00*4;" END, 1, 1, 4},
    {HEADER("00000001 00000001", "1006") "IDAT @00 00*8;" END, 1, 1, 4},
    {HEADER("00000002 00000001", "0103") "PLTE 00*6;IDAT @00 40;" END, 1, 2, 3},
    {HEADER("00000001 00000001", "0803") "PLTE 00*768;tRNS 00*256;IDAT @00 07;" END, 1, 1, 4},
    /* a suggested palette, a transparent colour, other chunks before and after */
    {HEADER("00000001 00000001", "0802") "gAMA 0000;PLTE 000000;tRNS 00*6;tIME 00;IDAT @00 010203;tEXt 61;" END,
     1, 1, 4},
    {GRAY8 "tRNS 0001;" PIXELS END, 1, 2, 2},
    /* data in several chunks, also empty ones */
    {GRAY8 "IDAT ;IDAT !00 0102;IDAT 00;IDAT ;IDAT 07;IDAT 00;IDAT 04;IDAT ;" END, 1, 2, 1},
    /* Adam7: a pixel is in the first pass alone; 5 x 5 has all passes */
    {INTERLACED("00000001 00000001", "0800") "IDAT @00 01;" END, 1, 1, 1},
    {INTERLACED("00000005 00000005", "0800")
         "IDAT @(0001)*2 000101 (0001)*2 00010101 (000101)*3 (000101010101)*2;" END, 5, 5, 1},
};

START_TEST(all_kinds_pass)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        alc_image_source source;
        file_bytes file = {.size = 0};
        put_png(&file, good[i].chunks);
        ck_assert_msg(check_bytes(context, file.data, file.size, &source) == ALC_OK, "file %zu: %s", i,
                      alc_error_message(context));
        ck_assert_int_eq(source.height, good[i].height);
        ck_assert_int_eq(source.width, good[i].width);
        ck_assert_int_eq(source.channels, good[i].channels);
        ck_assert(source.kind == ALC_IMAGE_PNG);
        alc_free(context, source.stream);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(only_the_picture_is_kept)
{
    static const struct {
        const char *chunks, *clean;
    } cases[] = {
        {GRAY8 "gAMA 0001;tRNS 0001;" PIXELS "tEXt 61;" END, GRAY8 PIXELS END},
        {HEADER("00000001 00000001", "0802") "PLTE 000000;IDAT @00 010203;" END,
         HEADER("00000001 00000001", "0802") "IDAT @00 010203;" END},
        /* a palette is filled up with black */
        {PALETTE "PLTE 010203;IDAT @00 00;" END, PALETTE "PLTE 010203 00*9;IDAT @00 00;" END},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_image_source source;
        file_bytes file = {.size = 0}, clean = {.size = 0};
        put_png(&file, cases[i].chunks);
        put_png(&clean, cases[i].clean);
        put_bytes(&file, "0102"); /* behind the end */
        ck_assert_int_eq(check_bytes(context, file.data, file.size, &source), ALC_OK);
        ck_assert_uint_eq(source.bytes, clean.size);
        ck_assert_mem_eq(source.stream, clean.data, clean.size);
        alc_free(context, source.stream);
    }
    alc_context_destroy(context);
}
END_TEST

/* 120,000 bytes of image data, which come out of zlib in parts: from some hundred bytes, also with a chunk for each. */
START_TEST(large_data_are_inflated_in_parts)
{
    static const char *const between[] = {"", ";IDAT "};
    alc_context *context = make_context(1);
    for (int i = 0; i < 2; i++) {
        alc_image_source source;
        file_bytes file = {.size = 0};
        put_black_png(&file, 980, between[i]);
        ck_assert_msg(check_bytes(context, file.data, file.size, &source) == ALC_OK, "%s",
                      alc_error_message(context));
        alc_free(context, source.stream);
    }
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("png_structure", broken_files_are_refused, broken_chunks_are_refused,
                     no_beginning_of_a_file_passes, all_kinds_pass, only_the_picture_is_kept,
                     large_data_are_inflated_in_parts);
}
