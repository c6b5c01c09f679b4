/* tests/support/zip_builder.h - zip files made byte by byte, so that each of their parts can be made wrong.
 *
 *     zip_builder z = {0};
 *     zip_add(&z, "w/data.pkl", "...", 3);
 *     zip_finish(&z);               // z.bytes, z.size
 *     zip_free(&z);
 */
#ifndef ALC_TESTS_ZIP_BUILDER_H
#define ALC_TESTS_ZIP_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZIP_MOST_ENTRIES = 16 };

typedef struct zip_builder {
    bool large;                                 /* set before zip_finish: with 64-bit records */
    unsigned char *bytes;
    size_t size;
    int count;
    size_t header[ZIP_MOST_ENTRIES];            /* where each entry's own header starts, ... */
    size_t directory[ZIP_MOST_ENTRIES + 1];     /* ... and its header in the directory; the directory's end */
    size_t end64, end;                          /* where the end records start */
    struct {
        char name[64];
        size_t bytes;
        uint32_t crc;
    } entries[ZIP_MOST_ENTRIES];
} zip_builder;

void zip_add(zip_builder *z, const char *name, const void *data, size_t bytes);
void zip_finish(zip_builder *z);
void zip_free(zip_builder *z);

/* Overwrites `count` bytes at `at` with a little-endian number. */
void zip_set(zip_builder *z, size_t at, size_t count, uint64_t value);
/* Appends bytes; `data` may be NULL for zeros. */
void zip_append(zip_builder *z, const void *data, size_t bytes);

#endif
