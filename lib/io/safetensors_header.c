/* lib/io/safetensors_header.c - the JSON header of a safetensors file, taken apart and checked:
 * every rule of the format that says what a header may be is enforced here, and nowhere else.
 *
 * The values of the JSON are jansson's. Their memory does not come from the context's hook, so how many there may be is bounded
 * first; duplicate keys, texts that are no UTF-8, and zero bytes in texts are refused by the parser.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_parse.h"
#include "lib/io/safetensors_internal.h"

/* Commas and brackets in the header: the files of the largest published models have some 10,000. */
#define MOST_JSON_VALUES ((size_t)1 << 21)

static const char metadata_key[] = "__metadata__";

/* Counts what may start a JSON value; those within texts count too, which only makes the bound
 * stricter. */
static alc_status bound_header(const alc_safetensors *file, const unsigned char *header)
{
    size_t values = 0;
    for (size_t i = 0; i < file->header_bytes; i++)
        values += header[i] == ',' || header[i] == '[' || header[i] == '{';
    if (values > MOST_JSON_VALUES)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: the header holds more than %zu values, which is no model's",
                        file->name, MOST_JSON_VALUES);
    return ALC_OK;
}

static alc_status locate_header(alc_safetensors *file)
{
    if (file->size < 8)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s has %zu bytes; a safetensors file starts with 8 bytes that hold the "
                        "header's length",
                        file->name, file->size);
    uint64_t length = alc_load_little_endian(file->bytes, 8);
    if (length > ALC_HEADER_BYTES_LIMIT)
        return alc_fail(
            file->context, ALC_BAD_FILE,
            "%s: bytes 0 to 7 say that the header has %llu bytes; at most %zu are allowed",
            file->name, (unsigned long long)length, ALC_HEADER_BYTES_LIMIT);
    if (length > file->size - 8)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: the header has %llu bytes, but only %zu follow byte 7", file->name,
                        (unsigned long long)length, file->size - 8);
    if (length == 0 || file->bytes[8] != '{')
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: the header at byte 8 does not start with '{'", file->name);
    file->header_bytes = (size_t)length;
    return ALC_OK;
}

static alc_status parse_json(alc_safetensors *file, json_t **root)
{
    alc_json_problem problem;
    const unsigned char *header = file->bytes + 8;
    alc_status status = bound_header(file, header);
    if (status != ALC_OK)
        return status;
    *root = alc_json_parse(file->context, (const char *)header, file->header_bytes, &problem);
    if (*root != NULL)
        return ALC_OK;
    if (problem.what == NULL)
        return ALC_OUT_OF_MEMORY;
    return alc_fail(file->context, ALC_BAD_FILE, "%s: the header is no valid JSON at byte %zu: %s",
                    file->name, 8 + problem.at, problem.what);
}

static alc_status read_metadata(alc_safetensors *file, json_t *object)
{
    if (!json_is_object(object))
        return alc_fail(file->context, ALC_BAD_FILE, "%s: __metadata__ is no object", file->name);
    size_t count = json_object_size(object), i = 0;
    alc_metadata_entry *entries =
        alc_arena_allocate(&file->arena, count * sizeof *entries, "metadata");
    if (entries == NULL)
        return ALC_OUT_OF_MEMORY;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return alc_fail(file->context, ALC_BAD_FILE,
                            "%s: the value of '%s' in __metadata__ is no string", file->name, key);
        entries[i].key = alc_arena_format(&file->arena, "%s", key);
        entries[i].value = alc_arena_format(&file->arena, "%s", json_string_value(value));
        if (entries[i].key == NULL || entries[i].value == NULL)
            return ALC_OUT_OF_MEMORY;
        i++;
    }
    file->metadata = (alc_metadata){entries, (int64_t)count};
    return ALC_OK;
}

static alc_status fail_tensor(const alc_safetensors *file, const char *name, const char *what)
{
    return alc_fail(file->context, ALC_BAD_FILE, "%s: tensor '%s': %s", file->name, name, what);
}

/* A JSON integer that is not negative. */
static bool read_count(const json_t *value, int64_t *count)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *count = json_integer_value(value);
    return true;
}

static alc_status read_dtype(alc_safetensors *file, const json_t *value, alc_stored_tensor *about)
{
    if (!json_is_string(value))
        return fail_tensor(file, about->name, "dtype is missing or no string");
    if (!alc_stored_dtype_of_name(json_string_value(value), &about->dtype))
        return alc_fail(file->context, ALC_UNSUPPORTED,
                        "%s: tensor '%s' has values of kind '%s', which cannot be read", file->name,
                        about->name, json_string_value(value));
    return ALC_OK;
}

/* Sets the extents and the number of bytes that they need. */
static alc_status read_shape(alc_safetensors *file, const json_t *value, alc_stored_tensor *about,
                             size_t *bytes)
{
    if (!json_is_array(value))
        return fail_tensor(file, about->name, "shape is missing or no list");
    size_t rank = json_array_size(value), elements = 1;
    int64_t *extent = alc_arena_allocate(&file->arena, rank * sizeof *extent, "a shape");
    if (extent == NULL)
        return ALC_OUT_OF_MEMORY;
    for (size_t i = 0; i < rank; i++) {
        if (!read_count(json_array_get(value, i), &extent[i]))
            return fail_tensor(file, about->name, "shape holds something that is no extent");
        if (!alc_multiply_sizes(elements, (size_t)extent[i], &elements))
            return fail_tensor(file, about->name, "the product of the extents overflows");
    }
    if (!alc_multiply_sizes(elements, alc_stored_dtype_size(about->dtype), bytes))
        return fail_tensor(file, about->name, "the size in bytes overflows");
    about->rank = (int)rank;
    about->extent = extent;
    about->elements = (int64_t)elements;
    return ALC_OK;
}

static alc_status read_offsets(alc_safetensors *file, const json_t *value, alc_file_tensor *tensor,
                               size_t bytes)
{
    int64_t begin, end;
    const char *name = tensor->about.name;
    if (!json_is_array(value) || json_array_size(value) != 2 ||
        !read_count(json_array_get(value, 0), &begin) ||
        !read_count(json_array_get(value, 1), &end))
        return fail_tensor(file, name, "data_offsets is missing or no pair of byte numbers");
    size_t available = file->size - 8 - file->header_bytes;
    if (begin > end || (uint64_t)end > available)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: tensor '%s' lies at bytes %lld to %lld of %zu bytes of values",
                        file->name, name, (long long)begin, (long long)end, available);
    if ((uint64_t)(end - begin) != bytes)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: tensor '%s' needs %zu bytes by its shape and has %lld by data_offsets",
                        file->name, name, bytes, (long long)(end - begin));
    tensor->begin = (uint64_t)begin;
    tensor->end = (uint64_t)end;
    return ALC_OK;
}

static alc_status read_tensor(alc_safetensors *file, const char *name, json_t *object,
                              alc_file_tensor *tensor)
{
    size_t bytes = 0;
    tensor->about.name = alc_arena_format(&file->arena, "%s", name);
    if (tensor->about.name == NULL)
        return ALC_OUT_OF_MEMORY;
    if (!json_is_object(object))
        return fail_tensor(file, name, "its description is no object");
    alc_status status = read_dtype(file, json_object_get(object, "dtype"), &tensor->about);
    if (status == ALC_OK)
        status = read_shape(file, json_object_get(object, "shape"), &tensor->about, &bytes);
    if (status == ALC_OK)
        status = read_offsets(file, json_object_get(object, "data_offsets"), tensor, bytes);
    if (status == ALC_OK && json_object_size(object) != 3)
        status =
            fail_tensor(file, name, "its description has more than dtype, shape and data_offsets");
    return status;
}

static int compare_places(const void *left, const void *right)
{
    const alc_file_tensor *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->about.name, b->about.name);
}

/* Tensors must follow each other without a hole or an overlap, from the first byte of values to the
 * last. */
static alc_status check_places(alc_safetensors *file)
{
    uint64_t at = 0;
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, compare_places);
    for (int64_t i = 0; i < file->count; i++) {
        const alc_file_tensor *tensor = &file->tensors[i];
        if (tensor->begin != at)
            return alc_fail(
                file->context, ALC_BAD_FILE,
                "%s: tensor '%s' starts at byte %llu of the values, %s the end of the one "
                "before at %llu",
                file->name, tensor->about.name, (unsigned long long)tensor->begin,
                tensor->begin < at ? "before" : "after a hole behind", (unsigned long long)at);
        file->tensors[i].values = file->bytes + 8 + file->header_bytes + tensor->begin;
        at = tensor->end;
    }
    size_t available = file->size - 8 - file->header_bytes;
    if (at != available)
        return alc_fail(file->context, ALC_BAD_FILE,
                        "%s: %llu bytes follow the last tensor, at byte %llu", file->name,
                        (unsigned long long)(available - at),
                        (unsigned long long)(8 + file->header_bytes + at));
    return ALC_OK;
}

static alc_status read_root(alc_safetensors *file, json_t *root)
{
    const char *name;
    json_t *value;
    size_t most = json_object_size(root);
    file->tensors =
        alc_arena_allocate(&file->arena, most * sizeof *file->tensors, "a list of tensors");
    if (file->tensors == NULL)
        return ALC_OUT_OF_MEMORY;
    json_object_foreach(root, name, value)
    {
        alc_status status = strcmp(name, metadata_key) == 0
                                ? read_metadata(file, value)
                                : read_tensor(file, name, value, &file->tensors[file->count++]);
        if (status != ALC_OK)
            return status;
    }
    return ALC_OK;
}

alc_status alc_read_header(alc_safetensors *file)
{
    json_t *root = NULL;
    alc_status status = locate_header(file);
    if (status == ALC_OK)
        status = parse_json(file, &root);
    if (status == ALC_OK)
        status = read_root(file, root);
    json_decref(root);
    if (status == ALC_OK)
        status = check_places(file);
    if (status == ALC_OK)
        status = alc_index_names(file);
    return status;
}
