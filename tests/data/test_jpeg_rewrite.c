/* tests/data/test_jpeg_rewrite.c - the clean stream that a decoder is given: only what belongs to the picture, said in one
 * way, and clean already where it is cleaned again. */
#include "data/jpeg_test.h"
#include "support/run_tests.h"

/* The frame as it is written: extended sequential, components numbered from 1. */
#define CLEAN_FRAME SOF1("FFC1", "0008 ", "0008 ", "01 11 00")

static void check_rewritten(alc_context *context, const char *recipe, const char *clean)
{
    alc_image_source source;
    file_bytes expected = {.size = 0};

    ck_assert_msg(check_jpeg(context, recipe, &source) == ALC_OK, "%s", alc_error_message(context));
    put_bytes(&expected, clean);
    ck_assert_uint_eq(source.bytes, expected.size);
    ck_assert_mem_eq(source.stream, expected.data, expected.size);
    alc_free(context, source.stream);
}

START_TEST(streams_are_rewritten)
{
#define THREE(a, b, c)                                                                             \
    SOF3("FFC1", "0008 ", "0008 ", a " 11 00", b " 11 00", c " 11 00")                             \
    SOS3(a "00 ", b "00 ", c "00 ", SEQUENTIAL) "03" EOI
#define FOUR                                                                                       \
    SOF4("FFC1", "0008 ", "0008 ", "01 11 00", "02 11 00", "03 11 00", "04 11 00")                 \
    "FFDA 000E 04 0100 0200 0300 0400" SEQUENTIAL "00" EOI
#define HUFFMAN DHT1("00", "00") DHT1("10", "00")
#define ADOBE(transform) "FFEE 000E 41646F6265 0064 00*4 " transform " "
    static const struct {
        const char *recipe, *clean;
    } cases[] = {
        /* tables come before the frame, what is no picture goes, as does what follows the end */
        {SOI DQT("00", "05") "FFE1 0006 45786966 FFFE 0003 61" HUFFMAN "FF01" GRAY_FRAME "4711" GRAY_SCAN "00 FFD7" EOI
             "DEAD",
         SOI HUFFMAN DQT("00", "05") CLEAN_FRAME GRAY_SCAN EOI},
        /* the number of lines goes, and a table that nobody uses; a restart interval stays */
        {SOI DQT("02", "09") DQT("00", "05") HUFFMAN "FFDD 0004 0007 " GRAY_FRAME GRAY_SCAN "FFDC 0004 0008" EOI,
         SOI HUFFMAN "FFDD 0004 0007 " DQT("00", "05") CLEAN_FRAME GRAY_SCAN EOI},
        /* a table of 16-bit values stays one only where it has to */
        {SOI "FFDB 0083 10 (0005)*64" HUFFMAN GRAY_FRAME GRAY_SCAN EOI,
         SOI HUFFMAN DQT("00", "05") CLEAN_FRAME GRAY_SCAN EOI},
        {SOI "FFDB 0083 10 (0005)*63 0105" HUFFMAN GRAY_FRAME GRAY_SCAN EOI,
         SOI HUFFMAN "FFDB 0083 10 (0005)*63 0105" CLEAN_FRAME GRAY_SCAN EOI},
        /* components are numbered again; a shared table is written once */
        {SOI DQT("00", "05") HUFFMAN THREE("07", "00", "FF"),
         SOI HUFFMAN DQT("00", "05") THREE("01", "02", "03")},
        /* colours other than gray and YCbCr are said by Adobe's segment */
        {SOI DQT("00", "05") HUFFMAN THREE("52", "47", "42"),
         SOI HUFFMAN ADOBE("00") DQT("00", "05") THREE("01", "02", "03")},
        {SOI "FFE0 0010 4A46494600 00*9" DQT("00", "05") HUFFMAN THREE("52", "47", "42"),
         SOI HUFFMAN DQT("00", "05") THREE("01", "02", "03")},
        {SOI DQT("00", "05") HUFFMAN FOUR, SOI HUFFMAN ADOBE("00") DQT("00", "05") FOUR},
        {SOI ADOBE("01") DQT("00", "05") HUFFMAN FOUR, SOI HUFFMAN ADOBE("02") DQT("00", "05") FOUR},
        /* progressive: scans and the tables between them in their order, padding between intervals gone */
        {SOI DQT("00", "05") HUFFMAN "FFDD 0004 0001 " SOF1("FFC2", "0008 ", "0010 ", "21 11 00")
             SOS1("2100 ", "000000 ") "7F 55 FFD0 7F FFE5 0002 " DHT1("11", "00") SOS1("2101 ", "013F00 ")
             "7F FFFFD0 7F 33" EOI,
         SOI HUFFMAN "FFDD 0004 0001 " DQT("00", "05") SOF1("FFC2", "0008 ", "0010 ", "01 11 00")
             SOS1("0100 ", "000000 ") "7F FFD0 7F " DHT1("11", "00") SOS1("0101 ", "013F00 ") "7F FFD0 7F " EOI},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_rewritten(context, cases[i].recipe, cases[i].clean);
        check_rewritten(context, cases[i].clean, cases[i].clean);
    }
    alc_context_destroy(context);
}
END_TEST

/* The most that rewriting adds: Adobe's segment, and each table that was read once for four. */
START_TEST(the_copy_has_room)
{
    static const char recipe[] = SOI "FFDB 0206 10 0100 (0001)*63 11 0100 (0001)*63 12 0100 (0001)*63 13 0100 (0001)*63"
        HUFFMAN SOF4("FFC0", "0008 ", "0008 ", "01 11 00", "02 11 01", "03 11 02", "04 11 03")
        "FFDA 000E 04 0100 0200 0300 0400" SEQUENTIAL "00" EOI;
    alc_context *context = make_context(1);
    alc_image_source source;
    file_bytes file = {.size = 0};
    put_bytes(&file, recipe);
    ck_assert_int_eq(check_jpeg(context, recipe, &source), ALC_OK);
    ck_assert_uint_eq(source.bytes, file.size + 16 + 3 * 4); /* Adobe's, and three more heads of segments */
    alc_free(context, source.stream);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("jpeg_rewrite", streams_are_rewritten, the_copy_has_room);
}
