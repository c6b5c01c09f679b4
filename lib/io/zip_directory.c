/* lib/io/zip_directory.c - see zip_directory.h. The format is PKWARE's APPNOTE 6.3: at the end of the file an end record
 * says where the directory lies, which has a header for each entry; each entry has a header of its own in front of its
 * bytes. Large files have a second, 64-bit end record, and PyTorch writes it always. What stands between entries (padding,
 * data descriptors) is nobody's and not looked at. */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "lib/io/shown_name.h"
#include "lib/io/stored_dtype.h"
#include "lib/io/zip_directory.h"

enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    DIRECTORY_HEADER_BYTES = 46,
    ENTRY_HEADER_BYTES = 30,
    ENCRYPTED = 1,      /* a flag */
    EXTRA_64_BIT = 1    /* the kind of an extra field */
};
#define SIGNATURE_END UINT32_C(0x06054b50)
#define SIGNATURE_END64 UINT32_C(0x06064b50)
#define SIGNATURE_LOCATOR UINT32_C(0x07064b50)
#define SIGNATURE_DIRECTORY UINT32_C(0x02014b50)
#define SIGNATURE_ENTRY UINT32_C(0x04034b50)

typedef struct zip_reader {
    alc_context *context;
    const char *name;
    const unsigned char *bytes;
    size_t size;
    uint64_t count, begin, end; /* of the directory */
} zip_reader;

static uint64_t load(const zip_reader *r, uint64_t at, size_t count)
{
    return alc_load_little_endian(r->bytes + at, count);
}

static alc_status fail(const zip_reader *r, const char *what)
{
    return alc_fail(r->context, ALC_BAD_FILE, "%s: %s", r->name, what);
}

static alc_status fail_entry(const zip_reader *r, const alc_zip_entry *e, alc_status status, const char *what)
{
    return alc_fail(r->context, status, "%s: entry '%s' of the zip file %s", r->name,
                    alc_show_name(e->name, e->name_bytes).text, what);
}

/* Where the 64-bit end record is, its numbers are taken: those of the other one may be too small for the file. */
static alc_status read_end64(zip_reader *r, uint64_t end_at)
{
    if (end_at < LOCATOR_BYTES + END64_BYTES || load(r, end_at - LOCATOR_BYTES, 4) != SIGNATURE_LOCATOR)
        return ALC_OK;
    uint64_t at = load(r, end_at - LOCATOR_BYTES + 8, 8);
    if (at > end_at - LOCATOR_BYTES - END64_BYTES || load(r, at, 4) != SIGNATURE_END64)
        return fail(r, "the zip file's 64-bit end record is not where it should be");
    if (load(r, at + 16, 4) != 0 || load(r, at + 20, 4) != 0 || load(r, at + 24, 8) != load(r, at + 32, 8))
        return alc_fail(r->context, ALC_UNSUPPORTED, "%s: is one part of a zip file in several", r->name);
    r->count = load(r, at + 32, 8);
    r->begin = load(r, at + 48, 8);
    r->end = at;
    return load(r, at + 40, 8) == at - r->begin ? ALC_OK
                                                : fail(r, "the zip file's directory does not end where its end record starts");
}

static alc_status read_end(zip_reader *r)
{
    uint64_t at = r->size < END_BYTES ? 0 : r->size - END_BYTES;
    if (r->size < END_BYTES || load(r, at, 4) != SIGNATURE_END || load(r, at + 20, 2) != 0)
        return fail(r, "starts as a zip file, but does not end with a zip file's end record: it was cut off, or "
                       "something was added");
    r->count = load(r, at + 10, 2);
    r->begin = load(r, at + 16, 4);
    r->end = at;
    if (load(r, at + 4, 2) != 0 || load(r, at + 6, 2) != 0 || load(r, at + 8, 2) != r->count)
        return alc_fail(r->context, ALC_UNSUPPORTED, "%s: is one part of a zip file in several", r->name);
    const uint64_t bytes = load(r, at + 12, 4);
    alc_status status = read_end64(r, at);
    if (status != ALC_OK)
        return status;
    if (r->end == at && (r->begin > at || bytes != at - r->begin))
        return fail(r, "the zip file's directory does not end where its end record starts");
    if (r->begin > r->end || r->count > (r->end - r->begin) / DIRECTORY_HEADER_BYTES)
        return fail(r, "the zip file's directory is too small for its number of entries");
    return ALC_OK;
}

/* Sizes and places that do not fit 32 bits are all ones there, and stand in an extra field in the order given. */
static alc_status read_64_bit(const zip_reader *r, const alc_zip_entry *e, uint64_t at, uint64_t end,
                              uint64_t *const values[3])
{
    while (end - at >= 4) {
        uint64_t kind = load(r, at, 2), bytes = load(r, at + 2, 2);
        at += 4;
        if (bytes > end - at)
            break;
        for (int i = 0; i < 3 && kind == EXTRA_64_BIT; i++) {
            if (*values[i] != UINT32_MAX)
                continue;
            if (bytes < 8)
                return fail_entry(r, e, ALC_BAD_FILE, "lacks a 64-bit size");
            *values[i] = load(r, at, 8);
            at += 8;
            bytes -= 8;
        }
        at += bytes;
    }
    return at == end ? ALC_OK : fail_entry(r, e, ALC_BAD_FILE, "has an extra field that ends behind its header");
}

/* The header in front of the entry's bytes says where these begin, and must name the same entry. */
static alc_status find_bytes(const zip_reader *r, alc_zip_entry *e, uint64_t bytes)
{
    if (e->header > r->begin || r->begin - e->header < ENTRY_HEADER_BYTES ||
        load(r, e->header, 4) != SIGNATURE_ENTRY)
        return fail_entry(r, e, ALC_BAD_FILE, "is not where the directory says");
    const uint64_t name_bytes = load(r, e->header + 26, 2);
    e->begin = e->header + ENTRY_HEADER_BYTES + name_bytes + load(r, e->header + 28, 2);
    if (e->begin > r->begin || bytes > r->begin - e->begin)
        return fail_entry(r, e, ALC_BAD_FILE, "reaches beyond the entries");
    e->end = e->begin + bytes;
    if (name_bytes != e->name_bytes || memcmp(r->bytes + e->header + ENTRY_HEADER_BYTES, e->name, e->name_bytes) != 0 ||
        load(r, e->header + 8, 2) != 0)
        return fail_entry(r, e, ALC_BAD_FILE, "is another one by its own header");
    return ALC_OK;
}

static alc_status read_entry(const zip_reader *r, uint64_t *at, alc_zip_entry *e)
{
    if (r->end - *at < DIRECTORY_HEADER_BYTES || load(r, *at, 4) != SIGNATURE_DIRECTORY)
        return fail(r, "the zip file's directory holds something that is no entry");
    const uint64_t header = *at, flags = load(r, header + 8, 2), method = load(r, header + 10, 2);
    const uint64_t name_bytes = load(r, header + 28, 2), extra_bytes = load(r, header + 30, 2);
    *at += DIRECTORY_HEADER_BYTES;
    if (r->end - *at < name_bytes + extra_bytes + load(r, header + 32, 2))
        return fail(r, "an entry of the zip file's directory reaches beyond it");
    uint64_t stored = load(r, header + 20, 4), bytes = load(r, header + 24, 4);
    *e = (alc_zip_entry){.name = (const char *)r->bytes + *at, .name_bytes = (size_t)name_bytes,
                         .header = load(r, header + 42, 4), .crc = (uint32_t)load(r, header + 16, 4)};
    *at += name_bytes;
    alc_status status = read_64_bit(r, e, *at, *at + extra_bytes, (uint64_t *const[3]){&bytes, &stored, &e->header});
    *at += extra_bytes + load(r, header + 32, 2);
    if (status != ALC_OK)
        return status;
    if (flags & ENCRYPTED)
        return fail_entry(r, e, ALC_UNSUPPORTED, "is encrypted");
    if (method != 0)
        return fail_entry(r, e, ALC_UNSUPPORTED, "is compressed; PyTorch stores entries as they are");
    if (stored != bytes)
        return fail_entry(r, e, ALC_BAD_FILE, "is not compressed and has two sizes");
    return find_bytes(r, e, bytes);
}

static int compare_headers(const void *left, const void *right)
{
    const alc_zip_entry *a = left, *b = right;
    return a->header < b->header ? -1 : a->header > b->header;
}

static int compare_names(const void *left, const void *right)
{
    const alc_zip_entry *a = left, *b = right;
    const int order = memcmp(a->name, b->name, a->name_bytes < b->name_bytes ? a->name_bytes : b->name_bytes);
    return order != 0 ? order : a->name_bytes < b->name_bytes ? -1 : a->name_bytes > b->name_bytes;
}

alc_status alc_zip_read(alc_arena *arena, const char *name, const unsigned char *bytes, size_t size, alc_zip *zip)
{
    zip_reader r = {.context = arena->context, .name = name, .bytes = bytes, .size = size};
    alc_status status = read_end(&r);
    if (status != ALC_OK)
        return status;
    uint64_t at = r.begin;
    zip->count = (size_t)r.count;
    zip->entries = alc_arena_allocate(arena, zip->count * sizeof *zip->entries, "a zip file's entries");
    if (zip->entries == NULL)
        return ALC_OUT_OF_MEMORY;
    for (size_t i = 0; i < zip->count && status == ALC_OK; i++)
        status = read_entry(&r, &at, &zip->entries[i]);
    if (status == ALC_OK && at != r.end)
        status = fail(&r, "the zip file's directory has bytes behind its last entry");
    if (status != ALC_OK)
        return status;
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_headers);
    for (size_t i = 1; i < zip->count; i++)
        if (zip->entries[i].header < zip->entries[i - 1].end)
            return fail_entry(&r, &zip->entries[i], ALC_BAD_FILE, "lies over another one");
    qsort(zip->entries, zip->count, sizeof *zip->entries, compare_names);
    for (size_t i = 1; i < zip->count; i++)
        if (compare_names(&zip->entries[i - 1], &zip->entries[i]) == 0)
            return fail_entry(&r, &zip->entries[i], ALC_BAD_FILE, "is there twice");
    return ALC_OK;
}

const alc_zip_entry *alc_zip_find(const alc_zip *zip, const char *name, size_t name_bytes)
{
    const alc_zip_entry wanted = {.name = name, .name_bytes = name_bytes};
    return bsearch(&wanted, zip->entries, zip->count, sizeof wanted, compare_names);
}

alc_status alc_zip_verify(alc_context *context, const char *name, const unsigned char *bytes, const alc_zip_entry *entry)
{
    if (entry->crc == 0 || crc32_z(0, bytes + entry->begin, (size_t)(entry->end - entry->begin)) == entry->crc)
        return ALC_OK;
    return alc_fail(context, ALC_CORRUPT, "%s is damaged: entry '%s' of the zip file does not have its checksum", name,
                    alc_show_name(entry->name, entry->name_bytes).text);
}
