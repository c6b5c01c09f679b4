/* tests/data/test_jpeg_structure.c - a JPEG file's segments: every rule, broken once, is named; sound files pass. */
#include "data/jpeg_test.h"
#include "support/run_tests.h"

#define QUANTISED SOI DQT("00", "01")
#define TABLES SOI GRAY_TABLES
#define GRAY_COMPONENT "01 11 00 "
#define YCC_FRAME(marker) SOF3(marker, "0008 ", "0008 ", "01 11 00", "02 11 00", "03 11 00")
/* A progressive gray picture with all of its coefficients 0: DC, then AC. */
#define DC_SCAN SOS1("0100 ", "000000 ") "7F "
#define AC_SCAN SOS1("0100 ", "013F00 ") "7F "
#define PROGRESSIVE_GRAY TABLES SOF1("FFC2", "0008 ", "0008 ", GRAY_COMPONENT)

START_TEST(frames_are_checked)
{
    static const bad_jpeg cases[] = {
        {TABLES GRAY_FRAME GRAY_FRAME GRAY_SCAN EOI, ALC_BAD_FILE, "there is a second frame header"},
        {TABLES "FFC0 0007 08 0008 0008", ALC_BAD_FILE, "the frame header has the wrong length"},
        {TABLES "FFC0 000C 08 0008 0008 01 01 11 00 00", ALC_BAD_FILE,
         "the frame header has the wrong length"},
        {TABLES "FFC1 000B 0C 0008 0008 01 01 11 00", ALC_UNSUPPORTED, "samples of 12 bits, not 8"},
        {TABLES SOF1("FFC0", "0000 ", "0008 ", GRAY_COMPONENT), ALC_BAD_FILE,
         "the image is 0 pixels high and 8 wide"},
        {TABLES SOF1("FFC0", "0008 ", "0000 ", GRAY_COMPONENT), ALC_BAD_FILE,
         "the image is 8 pixels high and 0 wide"},
        {TABLES SOF1("FFC0", "4001 ", "0001 ", GRAY_COMPONENT), ALC_UNSUPPORTED,
         "16385 x 1 pixels are above the limit of 16384 a side"},
        {TABLES SOF1("FFC0", "4000 ", "4000 ", GRAY_COMPONENT), ALC_UNSUPPORTED,
         "16384 x 16384 pixels are above the limit"},
        {TABLES "FFC0 000E 08 0008 0008 02 01 11 00 02 11 00", ALC_UNSUPPORTED,
         "2 colour components, not 1, 3 or 4"},
        {TABLES "FFC0 0008 08 0008 0008 00", ALC_UNSUPPORTED, "0 colour components"},
        {TABLES SOF3("FFC0", "0008 ", "0008 ", "01 11 00", "02 11 00", "01 11 00"), ALC_BAD_FILE,
         "two components are numbered 1"},
        {TABLES SOF1("FFC0", "0008 ", "0008 ", "01 01 00 "), ALC_BAD_FILE,
         "sampling factors of 0x1 are outside 1 to 4"},
        {TABLES SOF1("FFC0", "0008 ", "0008 ", "01 15 00 "), ALC_BAD_FILE,
         "sampling factors of 1x5 are outside 1 to 4"},
        {TABLES SOF1("FFC0", "0008 ", "0008 ", "01 11 04 "), ALC_BAD_FILE,
         "there is no quantisation table number 4"},
        {TABLES SOF3("FFC0", "0008 ", "0008 ", "01 31 00", "02 21 00", "03 11 00"), ALC_UNSUPPORTED,
         "chroma sampled 2x1 against 3x1 is no whole fraction"},
        {TABLES SOF3("FFC0", "0008 ", "0008 ", "01 13 00", "02 11 00", "03 12 00"), ALC_UNSUPPORTED,
         "chroma sampled 1x2 against 1x3 is no whole fraction"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(scan_headers_are_checked)
{
    static const bad_jpeg cases[] = {
        {TABLES GRAY_SCAN, ALC_BAD_FILE, "a scan comes before the frame header"},
        {TABLES GRAY_FRAME "FFDA 0002", ALC_BAD_FILE, "the scan header has the wrong length"},
        {TABLES GRAY_FRAME "FFDA 0006 00 003F00", ALC_BAD_FILE, "the scan header has the wrong length"},
        {TABLES GRAY_FRAME "FFDA 000A 02 0100 0200 003F00", ALC_BAD_FILE,
         "the scan header has the wrong length"},
        {TABLES GRAY_FRAME "FFDA 0009 01 0100 003F00 00", ALC_BAD_FILE,
         "the scan header has the wrong length"},
        {TABLES GRAY_FRAME SOS1("0200 ", SEQUENTIAL), ALC_BAD_FILE, "a scan has component 2"},
        {TABLES YCC_FRAME("FFC0") SOS3("0100 ", "0200 ", "0100 ", SEQUENTIAL), ALC_BAD_FILE,
         "a scan has component 1, which the frame lacks or which it has twice"},
        {TABLES GRAY_FRAME SOS1("0100 ", "013F00 "), ALC_BAD_FILE,
         "a scan of a sequential file has the numbers of a progressive one"},
        {TABLES GRAY_FRAME SOS1("0100 ", "003F10 "), ALC_BAD_FILE, "the numbers of a progressive one"},
        {TABLES GRAY_FRAME SOS1("0100 ", "003F01 "), ALC_BAD_FILE, "the numbers of a progressive one"},
        {TABLES GRAY_FRAME GRAY_SCAN GRAY_SCAN EOI, ALC_BAD_FILE, "a component has two scans"},
        {TABLES YCC_FRAME("FFC0") GRAY_SCAN EOI, ALC_BAD_FILE, "component 2 has no scan"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(tables_that_a_scan_needs_are_there)
{
    static const bad_jpeg cases[] = {
        {QUANTISED DHT1("10", "00") GRAY_FRAME GRAY_SCAN EOI, ALC_BAD_FILE,
         "a scan uses a Huffman table that is not defined"},
        {QUANTISED DHT1("00", "00") GRAY_FRAME GRAY_SCAN EOI, ALC_BAD_FILE,
         "a scan uses a Huffman table that is not defined"},
        {TABLES GRAY_FRAME SOS1("0140 ", SEQUENTIAL), ALC_BAD_FILE,
         "a scan uses a Huffman table that is not defined"},
        {TABLES GRAY_FRAME SOS1("0104 ", SEQUENTIAL), ALC_BAD_FILE,
         "a scan uses a Huffman table that is not defined"},
        {TABLES SOF3("FFC0", "0008 ", "0008 ", "01 42 00", "02 22 00", "03 11 00")
             SOS3("0100 ", "0200 ", "0300 ", SEQUENTIAL),
         ALC_BAD_FILE, "a scan has 13 blocks per unit; 10 is the most"},
        {SOI DQT("01", "01") DHT1("00", "00") DHT1("10", "00") GRAY_FRAME GRAY_SCAN EOI, ALC_BAD_FILE,
         "a component uses a quantisation table that is not defined"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(progressions_are_checked)
{
#define IMPOSSIBLE(progression, text)                                                              \
    {PROGRESSIVE_GRAY DC_SCAN SOS1("0100 ", progression), ALC_BAD_FILE,                            \
     "the scan's progression (" text ") is impossible"}
    static const bad_jpeg cases[] = {
        IMPOSSIBLE("014000 ", "1 to 64, bits 0 to 0"),
        IMPOSSIBLE("050400 ", "5 to 4, bits 0 to 0"),
        IMPOSSIBLE("003F00 ", "0 to 63, bits 0 to 0"),
        IMPOSSIBLE("013F0E ", "1 to 63, bits 0 to 14"),
        IMPOSSIBLE("013F20 ", "1 to 63, bits 2 to 0"),
        IMPOSSIBLE("013F11 ", "1 to 63, bits 1 to 1"),
        {TABLES YCC_FRAME("FFC2") SOS3("0100 ", "0200 ", "0300 ", "000000 ") "1F "
             SOS3("0100 ", "0200 ", "0300 ", "013F00 "),
         ALC_BAD_FILE, "the scan's progression (1 to 63, bits 0 to 0) is impossible"},
        {PROGRESSIVE_GRAY AC_SCAN, ALC_BAD_FILE, "AC coefficients come before the DC coefficients"},
        {PROGRESSIVE_GRAY DC_SCAN DC_SCAN, ALC_BAD_FILE,
         "a scan repeats coefficients or leaves out a bit of them"},
        {PROGRESSIVE_GRAY SOS1("0100 ", "000002 ") "7F " SOS1("0100 ", "000010 "), ALC_BAD_FILE,
         "a scan repeats coefficients or leaves out a bit of them"},
        {PROGRESSIVE_GRAY DC_SCAN SOS1("0100 ", "013F10 "), ALC_BAD_FILE,
         "a scan repeats coefficients or leaves out a bit of them"},
        {PROGRESSIVE_GRAY DC_SCAN EOI, ALC_UNSUPPORTED,
         "the progressive file lacks scans: coefficient 1 of component 1 is not complete"},
        {PROGRESSIVE_GRAY SOS1("0100 ", "000001 ") "7F " AC_SCAN EOI, ALC_UNSUPPORTED,
         "the progressive file lacks scans: coefficient 0 of component 1 is not complete"},
        {PROGRESSIVE_GRAY DC_SCAN, ALC_UNSUPPORTED,
         "the progressive file ends without its end marker, so scans may be missing"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(segments_are_checked)
{
    static const bad_jpeg cases[] = {
        {SOI, ALC_BAD_FILE, "x.jpg: byte 2: the file is cut off"},
        {SOI "00*100", ALC_BAD_FILE, "byte 102: the file is cut off"},
        {TABLES GRAY_FRAME GRAY_SCAN, ALC_BAD_FILE, "the file is cut off"},
        {SOI "FFFE 00", ALC_BAD_FILE, "byte 4: the file is cut off"},
        {SOI "FFFE 0001 00*9", ALC_BAD_FILE,
         "byte 4: the segment FFFE is cut off or has a wrong length"},
        {SOI "FFE0 0010 00*13", ALC_BAD_FILE, "the segment FFE0 is cut off or has a wrong length"},
        {SOI "FFDD 0003 00", ALC_BAD_FILE, "the restart interval has the wrong length"},
        {SOI "FFDC 0004 0008", ALC_BAD_FILE, "the number of lines contradicts the frame"},
        {TABLES GRAY_FRAME "FFDC 0005 000800", ALC_BAD_FILE,
         "the number of lines contradicts the frame"},
        {TABLES GRAY_FRAME GRAY_SCAN "FFDC 0004 0009", ALC_BAD_FILE,
         "the number of lines contradicts the frame"},
        {SOI EOI, ALC_BAD_FILE, "the file has no image data"},
        {TABLES GRAY_FRAME EOI, ALC_BAD_FILE, "the file has no image data"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(other_kinds_of_coding_are_named)
{
#define MARKER(marker) SOI "FF" marker " 0004 0000"
    static const bad_jpeg cases[] = {
        {MARKER("C3"), ALC_UNSUPPORTED, "byte 4: lossless coding is not decoded"},
        {MARKER("C5"), ALC_UNSUPPORTED, "hierarchical coding is not decoded"},
        {MARKER("C7"), ALC_UNSUPPORTED, "hierarchical coding is not decoded"},
        {MARKER("DE"), ALC_UNSUPPORTED, "hierarchical coding is not decoded"},
        {MARKER("DF"), ALC_UNSUPPORTED, "hierarchical coding is not decoded"},
        {MARKER("C9"), ALC_UNSUPPORTED, "arithmetic coding is not decoded"},
        {MARKER("CB"), ALC_UNSUPPORTED, "arithmetic coding is not decoded"},
        {MARKER("CF"), ALC_UNSUPPORTED, "arithmetic coding is not decoded"},
        {MARKER("C8"), ALC_BAD_FILE, "the marker FFC8 does not belong here"},
        {MARKER("D8"), ALC_BAD_FILE, "the marker FFD8 does not belong here"},
        {MARKER("D0"), ALC_BAD_FILE, "the marker FFD0 does not belong here"},
        {MARKER("F0"), ALC_BAD_FILE, "the marker FFF0 does not belong here"},
        {MARKER("02"), ALC_BAD_FILE, "the marker FF02 does not belong here"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(sound_files_pass)
{
    static const char *const recipes[] = {
        GRAY,
        /* comments, applications' segments, arithmetic conditioning, TEM, fill bytes and garbage between segments */
        SOI "FFFE 0005 616263 FFE0 0004 4A46 FFCC 0004 0000 FF01 DEADBEEF 00 FFFFFF" GRAY_TABLES GRAY_FRAME "00 FF00 11"
            GRAY_SCAN "55 55 FFD3" EOI "0000",
        /* the number of lines, which the frame has already */
        TABLES GRAY_FRAME GRAY_SCAN "FFDC 0004 0008" EOI,
        /* extended sequential; components in scans of their own and numbered as one likes */
        TABLES SOF3("FFC1", "0008 ", "0008 ", "52 22 00", "00 11 00", "FF 12 00") SOS1("0000 ", SEQUENTIAL) "3F"
            SOS1("5200 ", SEQUENTIAL) "3F" SOS1("FF00 ", SEQUENTIAL) "3F" EOI,
        /* interleaved */
        TABLES YCC_FRAME("FFC0") SOS3("0100 ", "0200 ", "0300 ", SEQUENTIAL) "03" EOI,
        /* ten blocks in a unit */
        TABLES SOF4("FFC0", "0008 ", "0008 ", "01 22 00", "02 22 00", "03 11 00", "04 11 00")
            "FFDA 000E 04 0100 0200 0300 0400" SEQUENTIAL "0000 0F" EOI,
        /* progressive, with refinements */
        PROGRESSIVE_GRAY DC_SCAN AC_SCAN EOI,
        PROGRESSIVE_GRAY SOS1("0100 ", "000001 ") "7F" SOS1("0100 ", "010501 ") "7F" SOS1("0100 ", "063F00 ") "7F"
            SOS1("0100 ", "000010 ") "7F" SOS1("0100 ", "010510 ") "7F" EOI,
        /* a refinement of DC needs no Huffman table, and its AC number is not used */
        QUANTISED SOF1("FFC2", "0008 ", "0008 ", GRAY_COMPONENT) DHT1("00", "00") SOS1("0103 ", "000001 ") "7F"
            SOS1("0133 ", "000010 ") "7F" DHT1("10", "00") AC_SCAN EOI,
    };
    CHECK_GOOD_JPEGS(recipes);
}
END_TEST

START_TEST(colours_are_told_apart)
{
#define THREE(ids_1, ids_2, ids_3)                                                                 \
    SOF3("FFC0", "0008 ", "0008 ", ids_1 " 11 00", ids_2 " 11 00", ids_3 " 11 00")                 \
    SOS3(ids_1 "00 ", ids_2 "00 ", ids_3 "00 ", SEQUENTIAL) "03" EOI
#define FOUR                                                                                       \
    SOF4("FFC0", "0008 ", "0008 ", "01 11 00", "02 11 00", "03 11 00", "04 11 00")                 \
    "FFDA 000E 04 0100 0200 0300 0400" SEQUENTIAL "00" EOI
#define JFIF "FFE0 0010 4A46494600 00*9 "
#define ADOBE(transform) "FFEE 000E 41646F6265 00*6 " transform " "
    static const struct {
        const char *recipe;
        alc_image_kind kind;
        int channels;
    } cases[] = {
        {GRAY, ALC_IMAGE_GRAY_JPEG, 1},
        {TABLES THREE("01", "02", "03"), ALC_IMAGE_YCC_JPEG, 3},
        {TABLES THREE("52", "47", "42"), ALC_IMAGE_RGB_JPEG, 3},
        {TABLES JFIF THREE("52", "47", "42"), ALC_IMAGE_YCC_JPEG, 3},
        {TABLES ADOBE("00") THREE("01", "02", "03"), ALC_IMAGE_RGB_JPEG, 3},
        {TABLES ADOBE("01") THREE("52", "47", "42"), ALC_IMAGE_YCC_JPEG, 3},
        {TABLES JFIF ADOBE("00") THREE("01", "02", "03"), ALC_IMAGE_YCC_JPEG, 3},
        {TABLES FOUR, ALC_IMAGE_CMYK_JPEG, 4},
        {TABLES ADOBE("00") FOUR, ALC_IMAGE_CMYK_JPEG, 4},
        {TABLES ADOBE("02") FOUR, ALC_IMAGE_YCCK_JPEG, 4},
        {TABLES "FFEE 000D 41646F6265 00*5 02 " FOUR, ALC_IMAGE_CMYK_JPEG, 4}, /* too short to be Adobe's */
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_image_source source;
        ck_assert_msg(check_jpeg(context, cases[i].recipe, &source) == ALC_OK, "file %zu: %s", i,
                      alc_error_message(context));
        ck_assert_msg(source.kind == cases[i].kind, "file %zu is of kind %d", i, (int)source.kind);
        ck_assert_int_eq(source.channels, cases[i].channels);
        ck_assert(source.height == 8 && source.width == 8);
        alc_free(context, source.stream);
    }
    alc_context_destroy(context);
}
END_TEST

/* However a sound file is cut off, that is seen. */
START_TEST(no_beginning_of_a_file_passes)
{
    static const char *const whole[] = {GRAY, PROGRESSIVE_GRAY DC_SCAN AC_SCAN EOI,
                                        TABLES YCC_FRAME("FFC0") SOS3("0100 ", "0200 ", "0300 ", SEQUENTIAL) "03" EOI};
    const alc_image_limits limits = {16, 64, 4096};
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        file_bytes file = {.size = 0};
        put_bytes(&file, whole[i]);
        for (size_t bytes = 2; bytes < file.size; bytes++) {
            alc_image_source source = {.context = context, .name = "x"};
            uint8_t *part = malloc(bytes);
            alc_status status;
            ck_assert_ptr_nonnull(part);
            memcpy(part, file.data, bytes);
            status = alc_jpeg_check(part, bytes, &limits, &source);
            ck_assert(status == ALC_BAD_FILE || status == ALC_UNSUPPORTED);
            free(part);
        }
    }
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("jpeg_structure", frames_are_checked, scan_headers_are_checked,
                     tables_that_a_scan_needs_are_there, progressions_are_checked, segments_are_checked,
                     other_kinds_of_coding_are_named, sound_files_pass, colours_are_told_apart,
                     no_beginning_of_a_file_passes);
}
