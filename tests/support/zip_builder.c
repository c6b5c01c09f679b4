/* tests/support/zip_builder.c - see zip_builder.h. Checksums are zlib's. */
#include "support/zip_builder.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

void zip_append(zip_builder *z, const void *data, size_t bytes)
{
    /* Of exactly the file's size, so that sanitizers see a read beyond its end. */
    z->bytes = realloc(z->bytes, z->size + bytes + (z->size + bytes == 0));
    ck_assert_ptr_nonnull(z->bytes);
    if (data != NULL)
        memcpy(z->bytes + z->size, data, bytes);
    else
        memset(z->bytes + z->size, 0, bytes);
    z->size += bytes;
}

void zip_set(zip_builder *z, size_t at, size_t count, uint64_t value)
{
    ck_assert_uint_le(at + count, z->size);
    for (size_t i = 0; i < count; i++)
        z->bytes[at + i] = (unsigned char)(value >> (8 * i));
}

static void add_number(zip_builder *z, size_t count, uint64_t value)
{
    zip_append(z, NULL, count);
    zip_set(z, z->size - count, count, value);
}

void zip_add(zip_builder *z, const char *name, const void *data, size_t bytes)
{
    const int i = z->count++;
    ck_assert_int_lt(i, ZIP_MOST_ENTRIES);
    ck_assert_uint_lt(strlen(name), sizeof z->entries[i].name);
    strcpy(z->entries[i].name, name);
    z->entries[i].bytes = bytes;
    z->entries[i].crc = (uint32_t)crc32_z(0, data, bytes);
    z->header[i] = z->size;
    add_number(z, 4, 0x04034b50);
    zip_append(z, NULL, 22); /* sizes and checksum stand in the directory alone, as PyTorch does it */
    add_number(z, 2, strlen(name));
    add_number(z, 2, 3);     /* an extra field that is padding */
    zip_append(z, name, strlen(name));
    zip_append(z, "FB\0", 3);
    zip_append(z, data, bytes);
}

static void add_directory_header(zip_builder *z, int i)
{
    const size_t name_bytes = strlen(z->entries[i].name), bytes = z->entries[i].bytes;
    z->directory[i] = z->size;
    add_number(z, 4, 0x02014b50);
    zip_append(z, NULL, 12);
    add_number(z, 4, z->entries[i].crc);
    add_number(z, 4, z->large ? UINT32_MAX : bytes);
    add_number(z, 4, z->large ? UINT32_MAX : bytes);
    add_number(z, 2, name_bytes);
    add_number(z, 2, z->large ? 28 : 0);
    zip_append(z, NULL, 10);
    add_number(z, 4, z->large ? UINT32_MAX : z->header[i]);
    zip_append(z, z->entries[i].name, name_bytes);
    if (!z->large)
        return;
    add_number(z, 2, 1);
    add_number(z, 2, 24);
    add_number(z, 8, bytes);
    add_number(z, 8, bytes);
    add_number(z, 8, z->header[i]);
}

void zip_finish(zip_builder *z)
{
    const size_t begin = z->size;
    for (int i = 0; i < z->count; i++)
        add_directory_header(z, i);
    const size_t bytes = z->size - begin;
    z->directory[z->count] = z->end64 = z->size;
    if (z->large) {
        add_number(z, 4, 0x06064b50);
        add_number(z, 8, 44);
        zip_append(z, NULL, 12);
        add_number(z, 8, (uint64_t)z->count);
        add_number(z, 8, (uint64_t)z->count);
        add_number(z, 8, bytes);
        add_number(z, 8, begin);
        add_number(z, 4, 0x07064b50);
        add_number(z, 4, 0);
        add_number(z, 8, z->end64);
        add_number(z, 4, 1);
    }
    z->end = z->size;
    add_number(z, 4, 0x06054b50);
    add_number(z, 4, 0);
    add_number(z, 2, z->large ? UINT16_MAX : (uint64_t)z->count);
    add_number(z, 2, z->large ? UINT16_MAX : (uint64_t)z->count);
    add_number(z, 4, z->large ? UINT32_MAX : bytes);
    add_number(z, 4, z->large ? UINT32_MAX : begin);
    add_number(z, 2, 0);
}

void zip_free(zip_builder *z)
{
    free(z->bytes);
    *z = (zip_builder){0};
}
