/* tests/data/test_jpeg_scan.c - the entropy-coded data of a scan: every way in which it can be wrong is named, and what
 * a picture can hold passes.
 *
 * Bits are written out beside the data where they matter. In the tables of jpeg_test.h the first symbol's code is 0, the
 * second's 10, the third's 110.
 */
#include "data/jpeg_test.h"
#include "support/run_tests.h"

static const char early[] = "the image data end before the picture is complete";

/* A sequential gray picture with these tables. */
#define FRAME(marker, width) SOF1(marker, "0008 ", width, "01 11 00")
#define SEQUENTIAL_SCAN(value, dc, ac, width)                                                      \
    SOI DQT("00", value) dc ac FRAME("FFC0", width) SOS1("0100 ", SEQUENTIAL)
/* DC: 0, 11 bits, 12 bits. AC: end of block, a symbol. */
#define DC3 DHT3("00", "00", "0B", "0C")
#define AC(symbol) DHT2("10", "00", symbol)

START_TEST(sequential_blocks_are_checked)
{
    static const bad_jpeg cases[] = {
        /* 10 111...: a code that starts with 111 is none */
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "FF00 FF00 FF00" EOI, ALC_BAD_FILE,
         "there is a Huffman code that no table defines"},
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "C0 00 00 00" EOI, ALC_BAD_FILE,
         "a DC coefficient has more bits than there are"},
        /* 2047 twice: 10 11111111111 0, 10 11111111111 0 */
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0010 ") "BFFA FF00 EF" EOI, ALC_BAD_FILE,
         "a DC coefficient is out of range"},
        /* 2047 times 13 */
        {SEQUENTIAL_SCAN("0D", DC3, AC("F0"), "0008 ") "BFFB" EOI, ALC_BAD_FILE,
         "coefficients are larger than any picture's"},
        /* 0, then 1023 three times with 9: 0 10 1111111111 10 1111111111 10 1111111111 0 */
        {SEQUENTIAL_SCAN("09", DC3, AC("0A"), "0008 ") "5FFD FF00 DFFB" EOI, ALC_BAD_FILE,
         "coefficients are larger than any picture's"},
        /* four times 16 zeros: 0 10 10 10 10 */
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "557F" EOI, ALC_BAD_FILE,
         "a block has more coefficients than its scan"},
        {SEQUENTIAL_SCAN("01", DC3, AC("0B"), "0008 ") "5FFF00" EOI, ALC_BAD_FILE,
         "an AC coefficient has more bits than there are"},
        {SEQUENTIAL_SCAN("01", DC3, AC("10"), "0008 ") "5F" EOI, ALC_BAD_FILE,
         "there is an AC code that sequential files do not have"},
        /* nothing at all; after the DC code; within a value; within a code */
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") EOI, ALC_BAD_FILE, early},
        {SEQUENTIAL_SCAN("01", DHT1("00", "07"), AC("F0"), "0008 ") "00" EOI, ALC_BAD_FILE, early},
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "BF" EOI, ALC_BAD_FILE, early},
        {SEQUENTIAL_SCAN("01", DC3, AC("0A"), "0008 ") "5F" EOI, ALC_BAD_FILE, early},
        {SEQUENTIAL_SCAN("01", DHT1("00", "06"), AC("F0"), "0008 ") "01" EOI, ALC_BAD_FILE, early},
        /* the second of two blocks, without an end of the file */
        {SEQUENTIAL_SCAN("01", DHT1("00", "05"), AC("F0"), "0010 ") "00", ALC_BAD_FILE, early},
        {SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "FF", ALC_BAD_FILE, early},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

#define RESTART "FFDD 0004 0001 "

START_TEST(restart_markers_are_counted)
{
#define RESTARTED(data) SOI GRAY_TABLES RESTART FRAME("FFC0", "0018 ") SOS1("0100 ", SEQUENTIAL) data
    static const bad_jpeg cases[] = {
        {RESTARTED("3F FFD1 3F FFD2 3F" EOI), ALC_BAD_FILE,
         "a restart marker is missing or out of order"},
        {RESTARTED("3F FFD0 3F FFD0 3F" EOI), ALC_BAD_FILE,
         "a restart marker is missing or out of order"},
        {RESTARTED("3F FFD0 3F" EOI), ALC_BAD_FILE, "a restart marker is missing or out of order"},
        {RESTARTED("00"), ALC_BAD_FILE, early},
        {RESTARTED("3F FFD0 3F FFD1" EOI), ALC_BAD_FILE, early},
    };
    static const char *const good[] = {
        RESTARTED("3F FFD0 3F FFD1 3F" EOI),
        RESTARTED("3F 00 FF00 FFD0 3F FFFF FFD1 3F FFD2" EOI), /* padding, and a marker too many at the end */
        /* nine intervals, so the numbers begin again; an interval of 0 is none */
        SOI GRAY_TABLES RESTART FRAME("FFC0", "0048 ") SOS1("0100 ", SEQUENTIAL)
            "3F FFD0 3F FFD1 3F FFD2 3F FFD3 3F FFD4 3F FFD5 3F FFD6 3F FFD7 3F" EOI,
        SOI GRAY_TABLES RESTART "FFDD 0004 0000 " FRAME("FFC0", "0018 ") SOS1("0100 ", SEQUENTIAL) "03" EOI,
    };
    CHECK_BAD_JPEGS(cases);
    CHECK_GOOD_JPEGS(good);
}
END_TEST

/* A progressive picture of one block; dc and ac are tables. Its DC scan has bit `low`, written as two digits. */
#define PROGRESSIVE(value, dc, ac, low)                                                            \
    SOI DQT("00", value) dc ac FRAME("FFC2", "0008 ") SOS1("0100 ", "0000" low " ")
#define DC_ZERO PROGRESSIVE("01", DC3, AC("F0"), "00") "7F "
/* Then AC coefficients with a table of their own. */
#define AC_SCAN(table, progression) table SOS1("0100 ", progression)

START_TEST(first_scans_are_checked)
{
    static const bad_jpeg cases[] = {
        {PROGRESSIVE("01", DC3, AC("F0"), "00") EOI, ALC_BAD_FILE,
         "the image data end before the picture is complete (a progressive file without all of its scans)"},
        {PROGRESSIVE("01", DC3, AC("F0"), "00") "C000" EOI, ALC_BAD_FILE,
         "a DC coefficient has more bits than there are"},
        {PROGRESSIVE("01", DC3, AC("F0"), "04") "BFFF00" EOI, ALC_BAD_FILE,
         "coefficients are larger than any picture's"},
        {DC_ZERO AC_SCAN("", "013F00 ") EOI, ALC_BAD_FILE, early},
        {DC_ZERO AC_SCAN(DHT2("10", "00", "F0"), "013F00 ") "AAFF00" EOI, ALC_BAD_FILE,
         "a block has more coefficients than its scan"},
        {DC_ZERO AC_SCAN(DHT2("10", "00", "51"), "010500 ") "FF00" EOI, ALC_BAD_FILE, early},
        {DC_ZERO AC_SCAN(DHT2("10", "00", "51"), "010500 ") "AAAA" EOI, ALC_BAD_FILE,
         "a block has more coefficients than its scan"},
        {DC_ZERO AC_SCAN(DHT2("10", "00", "0B"), "013F00 ") "BFFF00" EOI, ALC_BAD_FILE,
         "an AC coefficient has more bits than there are"},
        {DC_ZERO AC_SCAN(DHT2("10", "00", "0A"), "013F05 ") "BFFF00" EOI, ALC_BAD_FILE,
         "coefficients are larger than any picture's"},
        {DC_ZERO AC_SCAN(DHT1("10", "E0"), "013F00 ") "7F" EOI, ALC_BAD_FILE, early},
        {DC_ZERO AC_SCAN(DHT1("10", "10"), "013F00 ") "3F" EOI, ALC_BAD_FILE,
         "a run of empty blocks is longer than the picture"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

/* AC coefficient 1 is 1 << 1; then one bit more of 1 to 5 is asked for. */
#define AC_ONE DC_ZERO AC_SCAN(DHT3("10", "01", "00", "F0"), "010501 ") "6F "

START_TEST(refinements_are_checked)
{
    static const bad_jpeg cases[] = {
        {PROGRESSIVE("01", DC3, AC("F0"), "01") "7F " SOS1("0100 ", "000010 ") EOI, ALC_BAD_FILE, early},
        /* 1 << 4 of DC in steps of 1001, then 8 more */
        {SOI "FFDB 0083 10 (05DD)*64" DHT1("00", "01") AC("F0") FRAME("FFC2", "0008 ")
             SOS1("0100 ", "000004 ") "7F" SOS1("0100 ", "000043 ") "FF00" EOI,
         ALC_BAD_FILE, "coefficients are larger than any picture's"},
        {AC_ONE AC_SCAN("", "010510 ") EOI, ALC_BAD_FILE, early},
        {AC_ONE AC_SCAN(DHT2("10", "00", "02"), "010510 ") "BF" EOI, ALC_BAD_FILE,
         "a refined coefficient has more than one bit"},
        /* a new one behind the band: code 10 (a zero run of 5), its sign, the correction of the first */
        {AC_ONE AC_SCAN(DHT2("10", "00", "51"), "010510 ") "BF" EOI, ALC_BAD_FILE,
         "a block has more coefficients than its scan"},
        {AC_ONE AC_SCAN(DHT1("10", "10"), "010510 ") "1F" EOI, ALC_BAD_FILE,
         "a run of empty blocks is longer than the picture"},
        {AC_ONE AC_SCAN(DHT1("10", "80"), "010510 ") "1F" EOI, ALC_BAD_FILE, early},
        /* the sign, the correction while zeros are passed, and at the end of the block are not there */
        {AC_ONE AC_SCAN("FFC4 0014 10 00*7 01 00*8 01", "010510 ") "00" EOI, ALC_BAD_FILE, early},
        {AC_ONE AC_SCAN("FFC4 0014 10 00*7 01 00*8 F0", "010510 ") "00" EOI, ALC_BAD_FILE, early},
        {AC_ONE AC_SCAN("FFC4 0014 10 00*7 01 00*8 00", "010510 ") "00" EOI, ALC_BAD_FILE, early},
        /* 2 in steps of 8193 is allowed, 3 is not; nor is a new 1 beside it */
        {SOI "FFDB 0083 10 (2001)*64" DHT1("00", "00") DHT2("10", "01", "00") FRAME("FFC2", "0008 ")
             SOS1("0100 ", "000000 ") "7F" SOS1("0100 ", "010501 ") "6F" SOS1("0100 ", "010510 ") "BF" EOI,
         ALC_BAD_FILE, "coefficients are larger than any picture's"},
        {SOI "FFDB 0083 10 (2001)*64" DHT1("00", "00") DHT2("10", "01", "00") FRAME("FFC2", "0008 ")
             SOS1("0100 ", "000000 ") "7F" SOS1("0100 ", "010501 ") "6F"
             AC_SCAN(DHT2("10", "01", "00"), "010510 ") "4A" EOI,
         ALC_BAD_FILE, "coefficients are larger than any picture's"},
    };
    CHECK_BAD_JPEGS(cases);
}
END_TEST

START_TEST(what_pictures_hold_passes)
{
    static const char *const recipes[] = {
        /* the largest DC and its opposite: 10 11111111111 0, 10 00000000000 0 (from 2047 to 0) */
        SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0010 ") "BFFA 000F" EOI,
        /* three runs of 16 zeros and the last 15 coefficients' end: 0 10 10 10 0 */
        SEQUENTIAL_SCAN("01", DC3, AC("F0"), "0008 ") "54" EOI,
        /* the 63rd coefficient: three runs, then 14 zeros and a value: 0 10 10 10 110 1 */
        SEQUENTIAL_SCAN("01", DC3, DHT3("10", "00", "F0", "E1"), "0008 ") "55BF" EOI,
        /* runs of empty blocks over two blocks, and over three with a bit of length */
        SOI DQT("00", "01") DHT1("00", "00") FRAME("FFC2", "0010 ") SOS1("0100 ", "000000 ") "3F"
            AC_SCAN(DHT1("10", "10"), "013F00 ") "3F" EOI,
        SOI DQT("00", "01") DHT1("00", "00") FRAME("FFC2", "0018 ") SOS1("0100 ", "000000 ") "1F"
            AC_SCAN(DHT1("10", "10"), "013F00 ") "7F" EOI,
        /* refinement: a correction, a new coefficient of either sign, the end of the block, the other coefficients */
        AC_ONE AC_SCAN(DHT3("10", "01", "00", "F0"), "010510 ") "37" AC_SCAN(DHT1("10", "00"), "063F00 ") "7F" EOI,
        /* refinement: 16 zeros passed over with a correction, then the end */
        DC_ZERO AC_SCAN(DHT3("10", "01", "00", "F0"), "013F01 ") "6F"
            AC_SCAN(DHT3("10", "01", "00", "F0"), "013F10 ") "DB" EOI,
    };
    CHECK_GOOD_JPEGS(recipes);
}
END_TEST

int main(void)
{
    return RUN_TESTS("jpeg_scan", sequential_blocks_are_checked, restart_markers_are_counted,
                     first_scans_are_checked, refinements_are_checked, what_pictures_hold_passes);
}
