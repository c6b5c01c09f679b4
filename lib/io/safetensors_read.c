/* lib/io/safetensors_read.c - an opened safetensors file: the whole of it in memory, checked, its
 * values converted on demand. What is right and wrong in a header is safetensors_header.c's; the
 * checksum is safetensors_checksum.c's. */
#include <string.h>

#include "lib/io/safetensors_internal.h"

alc_status alc_safetensors_parse(alc_context *context, const char *name, const void *bytes,
                                 size_t size, alc_safetensors **result)
{
    *result = NULL;
    alc_safetensors *file = alc_allocate(context, sizeof *file, "an opened file");
    if (file == NULL)
        return ALC_OUT_OF_MEMORY;
    file->context = context;
    file->bytes = bytes;
    file->size = size;
    alc_arena_init(&file->arena, context);
    file->name = alc_arena_format(&file->arena, "%s", name);
    alc_status status = file->name == NULL ? ALC_OUT_OF_MEMORY : alc_read_header(file);
    if (status == ALC_OK)
        status = alc_verify_checksum(file);
    if (status != ALC_OK) {
        alc_safetensors_close(file);
        return status;
    }
    *result = file;
    return ALC_OK;
}

alc_status alc_safetensors_open(alc_context *context, const char *path, alc_safetensors **file)
{
    void *bytes;
    size_t size;
    if (context == NULL || file == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_safetensors_open: an argument is NULL");
    *file = NULL;
    if (path == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_safetensors_open: the path is NULL");
    alc_status status = alc_read_file(context, path, SIZE_MAX, &bytes, &size);
    if (status != ALC_OK)
        return status;
    status = alc_safetensors_parse(context, path, bytes, size, file);
    if (status != ALC_OK)
        alc_free(context, bytes);
    else
        (*file)->owned = bytes;
    return status;
}

void alc_safetensors_close(alc_safetensors *file)
{
    if (file == NULL)
        return;
    alc_arena_free(&file->arena);
    alc_free(file->context, file->owned);
    alc_free(file->context, file);
}

int64_t alc_safetensors_count(const alc_safetensors *file)
{
    return file == NULL ? 0 : file->count;
}

static bool has_index(const alc_safetensors *file, int64_t index)
{
    return file != NULL && index >= 0 && index < file->count;
}

alc_stored_tensor alc_safetensors_tensor(const alc_safetensors *file, int64_t index)
{
    return has_index(file, index) ? file->tensors[index].about : (alc_stored_tensor){0};
}

int64_t alc_safetensors_find(const alc_safetensors *file, const char *name)
{
    if (file == NULL || name == NULL)
        return -1;
    int64_t low = 0, high = file->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int64_t index = file->by_name[middle];
        int order = strcmp(name, file->tensors[index].about.name);
        if (order == 0)
            return index;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

alc_metadata alc_safetensors_metadata(const alc_safetensors *file)
{
    return file == NULL ? (alc_metadata){0} : file->metadata;
}

static const unsigned char *bytes_of(const alc_safetensors *file, int64_t index)
{
    return file->bytes + 8 + file->header_bytes + file->tensors[index].begin;
}

static alc_status check_read(const alc_safetensors *file, int64_t index, const void *values)
{
    if (file == NULL || values == NULL)
        return alc_fail(file == NULL ? NULL : file->context, ALC_INVALID_ARGUMENT,
                        "reading a tensor: an argument is NULL");
    if (!has_index(file, index))
        return alc_fail(file->context, ALC_NOT_FOUND, "%s has no tensor %lld, only %lld",
                        file->name, (long long)index, (long long)file->count);
    return ALC_OK;
}

alc_status alc_safetensors_read_reals(const alc_safetensors *file, int64_t index, alc_real *values)
{
    alc_status status = check_read(file, index, values);
    if (status != ALC_OK)
        return status;
    const alc_stored_tensor *about = &file->tensors[index].about;
    alc_decode_reals(about->dtype, bytes_of(file, index), about->elements, values);
    return ALC_OK;
}

alc_status alc_safetensors_read_integers(const alc_safetensors *file, int64_t index,
                                         int64_t *values)
{
    alc_status status = check_read(file, index, values);
    if (status != ALC_OK)
        return status;
    const alc_stored_tensor *about = &file->tensors[index].about;
    if (!alc_decode_integers(about->dtype, bytes_of(file, index), about->elements, values))
        return alc_fail(file->context, ALC_MISMATCH,
                        "%s: tensor '%s' holds %s values, which are not all integers below 2^63",
                        file->name, about->name, alc_stored_dtype_name(about->dtype));
    return ALC_OK;
}
