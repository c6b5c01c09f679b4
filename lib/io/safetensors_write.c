/* lib/io/safetensors_write.c - writing a safetensors file: checks, the header, the checksum, the
 * values.
 *
 * The checksum stands in the header, before the values that it covers, and files are written from
 * front to back; so the values are gone through twice, once for the sum and once for the file.
 * Eight-byte integers come first: then every value lies at a multiple of its size, which readers
 * that map the file rely on.
 */
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "lib/base/json_string.h"
#include "lib/io/safetensors_internal.h"

/* Values are turned into bytes this many at a time. */
#define CHUNK_VALUES 8192

typedef struct safetensors_writer {
    alc_context *context;
    const char *path;
    const alc_tensor_source *tensors;
    int64_t count;
    int64_t *order;   /* of the values in the file */
    alc_text header;  /* JSON, padded with spaces to a multiple of 8 */
    size_t digits_at; /* of the checksum, in the header */
    void *buffer;     /* for a tensor that is read by a function */
    unsigned char *chunk;
    XXH3_state_t *hash;
    alc_atomic_file *file; /* NULL while the checksum is formed */
} safetensors_writer;

/* ---- arguments ---- */

static alc_status refuse(const safetensors_writer *w, const char *kind, const char *name,
                         const char *what)
{
    return alc_fail(w->context, ALC_INVALID_ARGUMENT, "writing %s: %s '%s' %s", w->path, kind, name,
                    what);
}

static size_t value_size(const alc_tensor_source *tensor)
{
    return tensor->integers ? sizeof(int64_t) : sizeof(alc_real);
}

/* False for a negative extent, a wrong rank or an overflow. */
static bool find_elements(const alc_tensor_source *tensor, size_t *elements, size_t *bytes)
{
    *elements = 1;
    if (tensor->shape.rank < 0 || tensor->shape.rank > ALC_MAX_RANK)
        return false;
    for (int i = 0; i < tensor->shape.rank; i++)
        if (tensor->shape.extent[i] < 0 ||
            !alc_multiply_sizes(*elements, (size_t)tensor->shape.extent[i], elements))
            return false;
    return alc_multiply_sizes(*elements, value_size(tensor), bytes) && *bytes <= INT64_MAX;
}

static alc_status check_tensor(const safetensors_writer *w, const alc_tensor_source *tensor)
{
    size_t elements, bytes;
    if (tensor->name == NULL)
        return alc_fail(w->context, ALC_INVALID_ARGUMENT, "writing %s: a tensor has no name",
                        w->path);
    if (!alc_is_utf8(tensor->name))
        return refuse(w, "the tensor name", tensor->name, "is not UTF-8");
    if (strcmp(tensor->name, "__metadata__") == 0)
        return refuse(w, "the tensor name", tensor->name, "is the format's own");
    if (!find_elements(tensor, &elements, &bytes))
        return refuse(w, "tensor", tensor->name, "has a shape that no file can hold");
    if (tensor->values == NULL && tensor->read == NULL && bytes > 0)
        return refuse(w, "tensor", tensor->name, "has no values");
    return ALC_OK;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorts the names and fails at the first that is there twice. */
static alc_status check_different(const safetensors_writer *w, const char *kind, const char **names,
                                  size_t count)
{
    qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return refuse(w, kind, names[i], "is there twice");
    return ALC_OK;
}

static alc_status check_tensors(const safetensors_writer *w)
{
    const char **names =
        alc_allocate_array(w->context, (size_t)w->count, sizeof *names, "a list of names");
    alc_status status = names == NULL ? ALC_OUT_OF_MEMORY : ALC_OK;
    for (int64_t i = 0; i < w->count && status == ALC_OK; i++) {
        status = check_tensor(w, &w->tensors[i]);
        if (status == ALC_OK)
            names[i] = w->tensors[i].name;
    }
    if (status == ALC_OK)
        status = check_different(w, "the tensor name", names, (size_t)w->count);
    alc_free(w->context, names);
    return status;
}

static alc_status check_entry(const safetensors_writer *w, const alc_metadata_entry *entry)
{
    if (entry->key == NULL || entry->value == NULL)
        return alc_fail(w->context, ALC_INVALID_ARGUMENT, "writing %s: a key or value is NULL",
                        w->path);
    if (!alc_is_utf8(entry->key) || !alc_is_utf8(entry->value))
        return refuse(w, "the key", entry->key, "or its value is not UTF-8");
    if (strncmp(entry->key, ALC_KEY_PREFIX, strlen(ALC_KEY_PREFIX)) == 0)
        return refuse(w, "the key", entry->key, "is reserved for the library");
    return ALC_OK;
}

static alc_status check_metadata(const safetensors_writer *w, alc_metadata library,
                                 alc_metadata metadata)
{
    size_t count = (size_t)metadata.count;
    const char **keys = alc_allocate_array(w->context, count, sizeof *keys, "a list of keys");
    alc_status status = keys == NULL ? ALC_OUT_OF_MEMORY : ALC_OK;
    for (size_t i = 0; i < count && status == ALC_OK; i++) {
        status = check_entry(w, &metadata.entries[i]);
        if (status != ALC_OK)
            break;
        keys[i] = metadata.entries[i].key;
        if (alc_metadata_find(library, keys[i]) != NULL)
            status = refuse(w, "the key", keys[i], "is reserved for the library");
    }
    if (status == ALC_OK)
        status = check_different(w, "the key", keys, count);
    alc_free(w->context, keys);
    return status;
}

/* ---- the header ---- */

static void append_metadata(alc_text *json, alc_metadata metadata)
{
    for (int64_t i = 0; i < metadata.count; i++) {
        alc_append_json_string(json, metadata.entries[i].key);
        alc_text_append(json, ":");
        alc_append_json_string(json, metadata.entries[i].value);
        alc_text_append(json, ",");
    }
}

static void append_tensor(alc_text *json, const alc_tensor_source *tensor, size_t *at)
{
    size_t elements, bytes;
    find_elements(tensor, &elements, &bytes);
    alc_text_append(json, ",");
    alc_append_json_string(json, tensor->name);
    alc_text_append(json, ":{\"dtype\":\"%s\",\"shape\":[",
                    alc_stored_dtype_name(tensor->integers ? ALC_STORED_I64 : ALC_STORED_REAL));
    for (int i = 0; i < tensor->shape.rank; i++)
        alc_text_append(json, "%s%lld", i == 0 ? "" : ",", (long long)tensor->shape.extent[i]);
    alc_text_append(json, "],\"data_offsets\":[%zu,%zu]}", *at, *at + bytes);
    *at += bytes;
}

/* The values' sizes are added up before, so that offsets cannot overflow here. */
static alc_status make_header(safetensors_writer *w, alc_metadata library, alc_metadata metadata)
{
    alc_text *json = &w->header;
    size_t at = 0;
    alc_text_append(json, "{\"__metadata__\":{");
    append_metadata(json, library);
    append_metadata(json, metadata);
    alc_text_append(json, "\"" ALC_KEY_VERSION "\":\"%s\"," ALC_CHECKSUM_LEAD, alc_version());
    w->digits_at = json->length;
    alc_text_append(json, "%0*d\"}", ALC_CHECKSUM_DIGITS, 0);
    for (int64_t i = 0; i < w->count; i++)
        append_tensor(json, &w->tensors[w->order[i]], &at);
    alc_text_append(json, "}");
    while (!json->failed && json->length % 8 != 0)
        alc_text_append(json, " ");
    if (json->failed)
        return ALC_OUT_OF_MEMORY;
    if (json->length > ALC_HEADER_BYTES_LIMIT)
        return alc_fail(w->context, ALC_INVALID_ARGUMENT,
                        "writing %s: names and strings need %zu bytes, at most %zu are allowed",
                        w->path, json->length, ALC_HEADER_BYTES_LIMIT);
    return ALC_OK;
}

/* Integers, then reals, each in the order given; finds the largest tensor that is read by a
 * function. */
static alc_status plan_values(safetensors_writer *w)
{
    size_t total = 0, largest = 0;
    int64_t next = 0;
    w->order =
        alc_allocate_array(w->context, (size_t)w->count, sizeof *w->order, "an order of tensors");
    if (w->order == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < w->count; i++) {
            const alc_tensor_source *tensor = &w->tensors[i];
            size_t elements, bytes;
            if (tensor->integers != (pass == 0))
                continue;
            w->order[next++] = i;
            find_elements(tensor, &elements, &bytes);
            if (!alc_add_sizes(total, bytes, &total) || total > INT64_MAX)
                return refuse(w, "tensor", tensor->name, "makes the file too large");
            if (tensor->values == NULL && bytes > largest)
                largest = bytes;
        }
    }
    w->buffer = alc_allocate(w->context, largest, "a tensor");
    w->chunk = alc_allocate(w->context, CHUNK_VALUES * sizeof(int64_t), "a piece of a file");
    return w->buffer == NULL || w->chunk == NULL ? ALC_OUT_OF_MEMORY : ALC_OK;
}

/* ---- the two passes ---- */

static void put(safetensors_writer *w, const void *bytes, size_t count)
{
    if (w->file == NULL)
        XXH3_64bits_update(w->hash, bytes, count);
    else
        alc_atomic_file_write(w->file, bytes, count); /* commit reports the first failure */
}

static void put_values(safetensors_writer *w, const alc_tensor_source *tensor)
{
    size_t elements, bytes;
    find_elements(tensor, &elements, &bytes);
    if (elements == 0)
        return;
    const void *values = tensor->values;
    if (values == NULL) {
        tensor->read(tensor->user, w->buffer);
        values = w->buffer;
    }
    for (size_t at = 0; at < elements; at += CHUNK_VALUES) {
        int64_t count = (int64_t)(elements - at < CHUNK_VALUES ? elements - at : CHUNK_VALUES);
        if (tensor->integers)
            alc_encode_integers((const int64_t *)values + at, count, w->chunk);
        else
            alc_encode_reals((const alc_real *)values + at, count, w->chunk);
        put(w, w->chunk, (size_t)count * value_size(tensor));
    }
}

static void put_all(safetensors_writer *w)
{
    unsigned char length[8];
    alc_store_little_endian(length, 8, w->header.length);
    put(w, length, 8);
    put(w, w->header.data, w->header.length);
    for (int64_t i = 0; i < w->count; i++)
        put_values(w, &w->tensors[w->order[i]]);
}

static alc_status write_file(safetensors_writer *w, alc_atomic_file **file, uint64_t *checksum)
{
    char text[ALC_CHECKSUM_DIGITS + 1];
    w->hash = XXH3_createState();
    if (w->hash == NULL)
        return alc_fail(w->context, ALC_OUT_OF_MEMORY, "cannot allocate memory for a checksum");
    XXH3_64bits_reset(w->hash);
    put_all(w);
    *checksum = XXH3_64bits_digest(w->hash);
    XXH3_freeState(w->hash);
    alc_checksum_text(*checksum, text);
    memcpy(w->header.data + w->digits_at, text, ALC_CHECKSUM_DIGITS);

    alc_status status = alc_atomic_file_open(w->context, w->path, &w->file);
    if (status != ALC_OK)
        return status;
    put_all(w);
    status = alc_atomic_file_finish(w->file);
    if (status == ALC_OK)
        *file = w->file;
    else
        alc_atomic_file_cancel(w->file);
    return status;
}

alc_status alc_safetensors_prepare(alc_context *context, const char *path,
                                   const alc_tensor_source *tensors, int64_t count,
                                   alc_metadata library, alc_metadata metadata,
                                   alc_atomic_file **file, uint64_t *checksum)
{
    safetensors_writer w = {.context = context, .path = path, .tensors = tensors, .count = count};
    *file = NULL;
    alc_text_init(&w.header, context);
    alc_status status = check_tensors(&w);
    if (status == ALC_OK)
        status = check_metadata(&w, library, metadata);
    if (status == ALC_OK)
        status = plan_values(&w);
    if (status == ALC_OK)
        status = make_header(&w, library, metadata);
    if (status == ALC_OK)
        status = write_file(&w, file, checksum);
    alc_text_free(&w.header);
    alc_free(context, w.order);
    alc_free(context, w.buffer);
    alc_free(context, w.chunk);
    return status;
}

alc_status alc_safetensors_write(alc_context *context, const char *path,
                                 const alc_tensor_source *tensors, int64_t count,
                                 alc_metadata metadata)
{
    alc_atomic_file *file;
    uint64_t checksum;
    if (context == NULL || path == NULL || count < 0 || (tensors == NULL && count > 0) ||
        metadata.count < 0 || (metadata.entries == NULL && metadata.count > 0))
        return alc_fail(context, ALC_INVALID_ARGUMENT,
                        "alc_safetensors_write: an argument is NULL or a count negative");
    alc_status status = alc_safetensors_prepare(context, path, tensors, count, (alc_metadata){0},
                                                metadata, &file, &checksum);
    return status == ALC_OK ? alc_atomic_file_commit(file) : status;
}
