/* tests/data/test_jpeg_tables.c - Huffman and quantisation tables that decoders would stumble over are refused. */
#include "data/jpeg_test.h"
#include "support/run_tests.h"

/* Behind two byte markers and their length of two, a table starts at byte 6. */
#define HUFFMAN(length, contents) SOI "FFC4 " length contents

START_TEST(impossible_huffman_tables_are_refused)
{
    static const bad_jpeg cases[] = {
        {HUFFMAN("0012 ", "00 00*15"), ALC_BAD_FILE, "x.jpg: byte 6: a Huffman table is cut off"},
        {HUFFMAN("0014 ", "00 02 00*15 05"), ALC_BAD_FILE, "byte 6: a Huffman table is cut off"},
        {HUFFMAN("0025 ", "00 01 00*15 05 20 00*16"), ALC_BAD_FILE,
         "byte 24: there is no Huffman table of class 2 and number 0"},
        {HUFFMAN("0014 ", "04 01 00*15 05"), ALC_BAD_FILE,
         "there is no Huffman table of class 0 and number 4"},
        {HUFFMAN("0114 ", "00 00*14 FF 02 00*257"), ALC_BAD_FILE,
         "a Huffman table has 257 codes; 256 is the most"},
        {HUFFMAN("0016 ", "00 03 00*15 00 01 02"), ALC_BAD_FILE,
         "a Huffman table has more codes than fit their lengths"},
        {HUFFMAN("0017 ", "10 01 03 00*14 00 01 02 03"), ALC_BAD_FILE,
         "a Huffman table has more codes than fit their lengths"},
        {HUFFMAN("0016 ", "10 02 01 00*14 00 01 02"), ALC_BAD_FILE,
         "a Huffman table has more codes than fit their lengths"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(impossible_quantisation_tables_are_refused)
{
    static const bad_jpeg cases[] = {
        {SOI "FFDB 0043 20 01*64", ALC_BAD_FILE,
         "x.jpg: byte 6: there is no quantisation table of precision 2 and number 0"},
        {SOI "FFDB 0043 04 01*64", ALC_BAD_FILE,
         "there is no quantisation table of precision 0 and number 4"},
        {SOI "FFDB 0042 00 01*63", ALC_BAD_FILE, "byte 6: a quantisation table is cut off"},
        {SOI "FFDB 0043 10 01*64", ALC_BAD_FILE, "a quantisation table is cut off"},
        {SOI "FFDB 0084 00 01*64 01 01*63 00", ALC_BAD_FILE,
         "byte 71: a quantisation table has a zero"},
        {SOI "FFDB 0083 10 01*126 0000", ALC_BAD_FILE, "a quantisation table has a zero"},
        {SOI GRAY_TABLES GRAY_FRAME GRAY_SCAN DQT("00", "02") EOI, ALC_UNSUPPORTED,
         "a quantisation table changes between scans"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(all_that_tables_may_be_is_accepted)
{
    static const char *const recipes[] = {
        GRAY,
        /* several tables in one segment, one of them empty, every number */
        SOI "FFDB 0084 01 01*64 00 01*64" DHT1("00", "00") "FFC4 0037 13 00*16 10 01 00*15 00 03 01 00*15 00"
            GRAY_FRAME GRAY_SCAN EOI,
        /* a segment without a table */
        SOI "FFC4 0002 FFDB 0002" GRAY_TABLES GRAY_FRAME GRAY_SCAN EOI,
        /* 256 codes of 8 bits: every symbol has one, and all ones is used */
        SOI DQT("00", "01") DHT1("00", "00") "FFC4 0113 10 00*7 FF 01 00*7 00 01*255" GRAY_FRAME
            SOS1("0100 ", SEQUENTIAL) "007F" EOI,
        /* codes of 16 bits, the DC code being the last of them */
        SOI DQT("00", "01") "FFC4 0016 00 00*13 00 00 03 05 06 00" DHT1("10", "00") GRAY_FRAME
            SOS1("0100 ", SEQUENTIAL) "0002 7F" EOI,
        /* a table of 16-bit values, and the same one again after the scan, in 8 bits */
        SOI GRAY_TABLES "FFDB 0083 10 (0001)*64" GRAY_FRAME GRAY_SCAN DQT("00", "01") EOI,
        /* a table that no component uses changes */
        SOI GRAY_TABLES DQT("03", "05") GRAY_FRAME GRAY_SCAN DQT("03", "06") EOI,
    };
    CHECK_GOOD_JPEGS(recipes);
}
END_TEST

int main(void)
{
    return RUN_TESTS("jpeg_tables", impossible_huffman_tables_are_refused,
                     impossible_quantisation_tables_are_refused,
                     all_that_tables_may_be_is_accepted);
}
