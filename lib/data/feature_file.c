/* lib/data/feature_file.c - see feature_file.h.
 *
 * Opening reads every record once and checks it; if one is not whole, the good ones are copied into a new file that replaces
 * the old one. Records are added at the end by single writes. What a crash, a full disk or a second writer does to the end of the
 * file shows in the checksums, which are looked at again whenever a record is used. */
#include <string.h>

#include <xxhash.h>

#include "lib/data/feature_file.h"

#define MAGIC "alcfeat1"
#define MAGIC_BYTES 8
#define HEADER_BYTES ((size_t)64)
#define HEAD_BYTES ((size_t)32) /* of a record, before its values */
#define VIEWS 8

/* ---- layout ---- */

static void write_header(const alc_feature_file *file, unsigned char header[HEADER_BYTES])
{
    const uint64_t bytes = file->value_bytes;
    memset(header, 0, HEADER_BYTES);
    memcpy(header, MAGIC, MAGIC_BYTES);
    memcpy(header + 8, &file->key, sizeof file->key);
    memcpy(header + 24, &bytes, sizeof bytes);
    const uint64_t checksum = XXH3_64bits(header, HEADER_BYTES - sizeof checksum);
    memcpy(header + HEADER_BYTES - sizeof checksum, &checksum, sizeof checksum);
}

static uint64_t checksum_of(const alc_feature_file *file, alc_feature_key image, int view, const void *values)
{
    const uint64_t parts[] = {file->key.half[0], file->key.half[1], image.half[0], image.half[1], (uint64_t)view};
    return XXH3_64bits_withSeed(values, file->value_bytes, XXH3_64bits(parts, sizeof parts));
}

static const unsigned char *record_at(const alc_feature_file *file, int64_t record)
{
    return file->mapped.bytes + HEADER_BYTES + (size_t)record * file->record_bytes;
}

/* What a record says of itself; false if its checksum says otherwise. */
static bool read_record(const alc_feature_file *file, int64_t record, alc_feature_entry *entry)
{
    const unsigned char *at = record_at(file, record);
    uint64_t view, checksum;
    memcpy(&entry->image, at, sizeof entry->image);
    memcpy(&view, at + 16, sizeof view);
    memcpy(&checksum, at + 24, sizeof checksum);
    entry->view = view < VIEWS ? (int)view : 0;
    entry->record = record;
    return view < VIEWS && checksum == checksum_of(file, entry->image, entry->view, at + HEAD_BYTES);
}

/* How many records these bytes of a file have in full. */
static int64_t whole_records(const alc_feature_file *file, size_t bytes)
{
    return bytes < HEADER_BYTES ? 0 : (int64_t)((bytes - HEADER_BYTES) / file->record_bytes);
}

/* ---- the index ---- */

static alc_feature_entry *entry_of(const alc_feature_file *file, alc_feature_key image, int view)
{
    const uint64_t mask = (uint64_t)file->entry_capacity - 1;
    uint64_t place = alc_mix(image.half[0], (uint64_t)view) & mask;
    for (;; place = (place + 1) & mask) {
        alc_feature_entry *entry = &file->entries[place];
        const bool same = entry->view == view && memcmp(&entry->image, &image, sizeof image) == 0;
        if (entry->record < 0 || same)
            return entry;
    }
}

static alc_status grow_index(alc_feature_file *file)
{
    alc_feature_entry *old = file->entries;
    const int64_t old_capacity = file->entry_capacity, capacity = old_capacity ? 2 * old_capacity : 1024;
    if (2 * file->entry_count < old_capacity)
        return ALC_OK;
    alc_feature_entry *entries =
        alc_allocate_array(file->context, (size_t)capacity, sizeof *entries, "the index of a feature cache");
    if (entries == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < capacity; i++)
        entries[i].record = -1;
    file->entries = entries;
    file->entry_capacity = capacity;
    for (int64_t i = 0; i < old_capacity; i++)
        if (old[i].record >= 0)
            *entry_of(file, old[i].image, old[i].view) = old[i];
    alc_free(file->context, old);
    return ALC_OK;
}

static alc_status index_record(alc_feature_file *file, alc_feature_entry found)
{
    alc_status status = grow_index(file);
    if (status != ALC_OK)
        return status;
    alc_feature_entry *entry = entry_of(file, found.image, found.view);
    file->entry_count += entry->record < 0;
    *entry = found;
    return ALC_OK;
}

/* ---- opening ---- */

/* NULL if the file has a header and it is ours, else what it is instead. */
static const char *fault_of_header(const alc_feature_file *file)
{
    unsigned char ours[HEADER_BYTES];
    uint64_t checksum;
    const unsigned char *theirs = file->mapped.bytes;
    if (file->mapped.size < HEADER_BYTES)
        return "is too short for a header";
    memcpy(&checksum, theirs + HEADER_BYTES - sizeof checksum, sizeof checksum);
    if (checksum != XXH3_64bits(theirs, HEADER_BYTES - sizeof checksum))
        return "has a damaged header";
    write_header(file, ours);
    return memcmp(ours, theirs, HEADER_BYTES) == 0 ? NULL : "is of other weights, images' normalisation, or another network or part of it";
}

/* Reads all records; *good becomes how many of them may stay. */
static alc_status index_records(alc_feature_file *file, int64_t *good)
{
    const int64_t count = whole_records(file, file->mapped.size);
    alc_status status = ALC_OK;
    *good = 0;
    for (int64_t i = 0; i < count && status == ALC_OK; i++) {
        alc_feature_entry entry;
        if (HEADER_BYTES + (uint64_t)(*good + 1) * file->record_bytes > file->limit || !read_record(file, i, &entry))
            continue;
        status = index_record(file, entry);
        (*good)++;
    }
    return status;
}

/* Replaces the file by one of this key, with the records that were indexed in their order. */
static alc_status rewrite(alc_feature_file *file)
{
    unsigned char header[HEADER_BYTES];
    alc_atomic_file *fresh;
    const int64_t count = whole_records(file, file->mapped.size);
    alc_status status = alc_atomic_file_open(file->context, file->path, &fresh);
    if (status != ALC_OK)
        return status;
    write_header(file, header);
    alc_atomic_file_write(fresh, header, sizeof header);
    int64_t written = 0;
    for (int64_t i = 0; i < count && file->entry_count > 0; i++) {
        alc_feature_entry entry;
        if (!read_record(file, i, &entry))
            continue;
        alc_feature_entry *indexed = entry_of(file, entry.image, entry.view);
        if (indexed->record != i)
            continue;
        alc_atomic_file_write(fresh, record_at(file, i), file->record_bytes);
        indexed->record = written++;
    }
    status = alc_atomic_file_commit(fresh);
    alc_unmap_file(file->context, &file->mapped);
    file->records = written;
    return status;
}

/* A file that is there: keeps what is good of it. */
static alc_status open_existing(alc_feature_file *file)
{
    alc_status status = alc_map_file(file->context, file->path, &file->mapped);
    if (status != ALC_OK)
        return status;
    const size_t size = file->mapped.size;
    const size_t magic = size < MAGIC_BYTES ? size : MAGIC_BYTES;
    if (memcmp(file->mapped.bytes, MAGIC, magic) != 0)
        return alc_fail(file->context, ALC_BAD_FILE, "%s is no feature cache; it is not overwritten", file->path);
    const char *fault = fault_of_header(file);
    if (fault != NULL) {
        alc_log(file->context, "%s %s: it begins anew", file->path, fault);
        alc_unmap_file(file->context, &file->mapped);
        return rewrite(file);
    }
    const int64_t count = whole_records(file, size);
    int64_t good;
    status = index_records(file, &good);
    file->records = count;
    if (status != ALC_OK || (good == count && size == HEADER_BYTES + (size_t)count * file->record_bytes))
        return status;
    alc_log(file->context, "%s: %lld of %lld records are whole and within the limit; the others are left out", file->path,
            (long long)good, (long long)count + (size != HEADER_BYTES + (size_t)count * file->record_bytes));
    return rewrite(file);
}

static alc_status open_file(alc_feature_file *file)
{
    bool exists;
    alc_status status = alc_look_for_file(file->context, file->path, &exists);
    if (status == ALC_OK)
        status = grow_index(file);
    if (status == ALC_OK)
        status = exists ? open_existing(file) : rewrite(file);
    return status == ALC_OK ? alc_append_open(file->context, file->path, &file->file) : status;
}

static void free_file(alc_feature_file *file)
{
    alc_unmap_file(file->context, &file->mapped);
    alc_free(file->context, file->record);
    alc_free(file->context, file->entries);
    alc_free(file->context, file->path);
    *file = (alc_feature_file){0};
}

alc_status alc_feature_file_open(alc_feature_file *file, alc_context *context, const char *path, alc_feature_key key,
                                 size_t value_bytes, uint64_t limit)
{
    *file = (alc_feature_file){.context = context, .key = key, .value_bytes = value_bytes, .file = -1};
    file->limit = limit > 0 ? limit : UINT64_MAX;
    file->record_bytes = (HEAD_BYTES + value_bytes + 63) / 64 * 64;
    file->path = alc_copy_text(context, path);
    file->record = alc_allocate(context, file->record_bytes, "a record of a feature cache");
    alc_status status = file->path != NULL && file->record != NULL ? open_file(file) : ALC_OUT_OF_MEMORY;
    if (status != ALC_OK)
        free_file(file);
    return status;
}

alc_status alc_feature_file_close(alc_feature_file *file)
{
    if (file->context == NULL)
        return ALC_OK;
    alc_status status = file->file >= 0 ? alc_append_close(file->context, file->path, file->file) : ALC_OK;
    free_file(file);
    return status;
}

uint64_t alc_feature_file_bytes(const alc_feature_file *file)
{
    return HEADER_BYTES + (uint64_t)file->records * file->record_bytes;
}

/* ---- records ---- */

/* Makes sure that the record is in memory, with all that were added by now; false if it cannot be. */
static bool map_record(alc_feature_file *file, int64_t record)
{
    if (record < whole_records(file, file->mapped.size))
        return true;
    alc_unmap_file(file->context, &file->mapped);
    return alc_map_file(file->context, file->path, &file->mapped) == ALC_OK &&
           record < whole_records(file, file->mapped.size);
}

const unsigned char *alc_feature_file_find(alc_feature_file *file, alc_feature_key image, int view)
{
    const alc_feature_entry *entry = entry_of(file, image, view);
    alc_feature_entry found;
    if (entry->record < 0 || !map_record(file, entry->record) || !read_record(file, entry->record, &found) ||
        found.view != view || memcmp(&found.image, &image, sizeof image) != 0)
        return NULL;
    return record_at(file, entry->record) + HEAD_BYTES;
}

unsigned char *alc_feature_file_values(alc_feature_file *file)
{
    return file->record + HEAD_BYTES;
}

alc_status alc_feature_file_add(alc_feature_file *file, alc_feature_key image, int view)
{
    const uint64_t stored_view = (uint64_t)view;
    const uint64_t checksum = checksum_of(file, image, view, file->record + HEAD_BYTES);
    if (file->file < 0 || alc_feature_file_bytes(file) + file->record_bytes > file->limit)
        return ALC_OK;
    memcpy(file->record, &image, sizeof image);
    memcpy(file->record + 16, &stored_view, sizeof stored_view);
    memcpy(file->record + 24, &checksum, sizeof checksum);
    alc_status status = index_record(file, (alc_feature_entry){.image = image, .view = view, .record = file->records});
    if (status != ALC_OK)
        return status;
    /* Indexed first: where the write fails, the record is not there or not whole, and finding it says so. */
    if (alc_append_write(file->context, file->path, file->file, file->record, file->record_bytes) == ALC_OK) {
        file->records++;
        return ALC_OK;
    }
    char sentence[ALC_MESSAGE_BYTES];
    alc_copy_error_message(file->context, sentence, sizeof sentence);
    alc_log(file->context, "%s; no more is kept there", sentence);
    alc_append_close(file->context, file->path, file->file);
    file->file = -1;
    return ALC_OK;
}
