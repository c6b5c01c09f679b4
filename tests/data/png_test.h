/* tests/data/png_test.h - small PNG files written down as chunks.
 *
 * A file is a text of chunks, each a type, a space and contents (file_bytes.h) up to a ';'. Contents after '@' are
 * deflated, after '!' deflated without their last four bytes, which are the sum.
 */
#ifndef ALC_TESTS_PNG_TEST_H
#define ALC_TESTS_PNG_TEST_H

#include <stdio.h>
#include <zlib.h>

#include "data/file_bytes.h"

#define SIGNATURE "89504E470D0A1A0A"

static inline void put_32(file_bytes *file, uLong value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        put_byte(file, (uint8_t)(value >> shift));
}

/* What a chunk contains, between `begin` and `end`. */
static inline void make_contents(const char *begin, const char *end, file_bytes *contents)
{
    char text[6144];
    file_bytes raw = {.size = 0};
    uLongf size = sizeof contents->data;
    bool deflated = begin < end && (*begin == '@' || *begin == '!');

    ck_assert_int_lt(end - begin, (long)sizeof text);
    snprintf(text, sizeof text, "%.*s", (int)(end - begin) - deflated, begin + deflated);
    put_bytes(deflated ? &raw : contents, text);
    if (!deflated)
        return;
    ck_assert_int_eq(compress(contents->data, &size, raw.data, raw.size), Z_OK);
    contents->size = size - (*begin == '!' ? 4 : 0);
}

static inline void put_png(file_bytes *file, const char *chunks)
{
    put_bytes(file, SIGNATURE);
    while (*chunks != '\0') {
        const char *end = strchr(chunks, ';');
        file_bytes contents = {.size = 0};
        ck_assert_ptr_nonnull(end);
        make_contents(chunks + 5, end, &contents);
        put_32(file, (uLong)contents.size);
        for (int i = 0; i < 4; i++)
            put_byte(file, (uint8_t)chunks[i]);
        for (size_t i = 0; i < contents.size; i++)
            put_byte(file, contents.data[i]);
        put_32(file, crc32(0, file->data + file->size - contents.size - 4, (uInt)contents.size + 4));
        chunks = end + 1;
    }
}

/* Width, height; depth, colour; then compression, filter, interlacing. */
#define HEADER(size, kind) "IHDR " size kind "000000;"
#define END "IEND ;"

/* A black square of one bit a pixel; `between` is put after each byte of its image data: "" or "; IDAT ". */
static inline void put_black_png(file_bytes *file, int64_t side, const char *between)
{
    size_t raw_bytes = (size_t)(side * ((side + 7) / 8 + 1)), at;
    uLongf packed_bytes = compressBound(raw_bytes);
    uint8_t *raw = calloc(raw_bytes, 1), *packed = malloc(packed_bytes);
    char text[65536];

    ck_assert(raw != NULL && packed != NULL);
    ck_assert_int_eq(compress(packed, &packed_bytes, raw, raw_bytes), Z_OK);
    at = (size_t)snprintf(text, sizeof text, "IHDR %08llX %08llX 0100 000000;IDAT ",
                          (unsigned long long)side, (unsigned long long)side);
    for (uLongf i = 0; i < packed_bytes && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%02X%s", packed[i], between);
    ck_assert_uint_lt(at, sizeof text - 16);
    strcat(text, ";" END);
    put_png(file, text);
    free(raw);
    free(packed);
}

#endif
