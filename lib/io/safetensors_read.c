/* lib/io/safetensors_read.c - an opened file: mapped into memory, checked, its values converted on demand. What is
 * right and wrong in a header is safetensors_header.c's; the checksum is safetensors_checksum.c's; PyTorch's own files are
 * pth_read.c's, which fills the same list of tensors. */
#include <stdlib.h>
#include <string.h>

#include "lib/io/safetensors_internal.h"

/* Values that are put side by side at a time where they are not so in the file. */
#define GATHERED 256

typedef struct named_index {
    const char *name;
    int64_t index;
} named_index;

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const named_index *)left)->name, ((const named_index *)right)->name);
}

alc_status alc_index_names(alc_safetensors *file)
{
    named_index *names =
        alc_allocate_array(file->context, (size_t)file->count, sizeof *names, "names");
    int64_t *order =
        alc_arena_allocate(&file->arena, (size_t)file->count * sizeof *order, "an index of names");
    if (names == NULL || order == NULL) {
        alc_free(file->context, names);
        return ALC_OUT_OF_MEMORY;
    }
    for (int64_t i = 0; i < file->count; i++)
        names[i] = (named_index){file->tensors[i].about.name, i};
    qsort(names, (size_t)file->count, sizeof *names, compare_names);
    alc_status status = ALC_OK;
    for (int64_t i = 0; i < file->count && status == ALC_OK; i++) {
        order[i] = names[i].index;
        if (i > 0 && strcmp(names[i].name, names[i - 1].name) == 0)
            status = alc_fail(file->context, ALC_BAD_FILE, "%s: there are two tensors '%s'", file->name, names[i].name);
    }
    file->by_name = order;
    alc_free(file->context, names);
    return status;
}

static alc_status read_safetensors(alc_safetensors *file)
{
    alc_status status = alc_read_header(file);
    return status == ALC_OK ? alc_verify_checksum(file) : status;
}

static alc_status read_weights(alc_safetensors *file)
{
    return alc_is_pth(file->bytes, file->size) ? alc_read_pth(file) : read_safetensors(file);
}

static alc_status parse(alc_context *context, const char *name, const void *bytes, size_t size,
                        alc_status (*read)(alc_safetensors *file), alc_safetensors **result)
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
    alc_status status = file->name == NULL ? ALC_OUT_OF_MEMORY : read(file);
    if (status != ALC_OK) {
        alc_safetensors_close(file);
        return status;
    }
    *result = file;
    return ALC_OK;
}

alc_status alc_safetensors_parse(alc_context *context, const char *name, const void *bytes,
                                 size_t size, alc_safetensors **file)
{
    return parse(context, name, bytes, size, read_safetensors, file);
}

alc_status alc_weights_parse(alc_context *context, const char *name, const void *bytes, size_t size,
                             alc_safetensors **file)
{
    return parse(context, name, bytes, size, read_weights, file);
}

static alc_status open_with(alc_context *context, const char *path, const char *caller,
                            alc_status (*read)(alc_safetensors *file), alc_safetensors **file)
{
    alc_mapped_file mapped;
    if (file != NULL)
        *file = NULL;
    if (context == NULL || path == NULL || file == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "%s: an argument is NULL", caller);
    alc_status status = alc_map_file(context, path, &mapped);
    if (status != ALC_OK)
        return status;
    status = parse(context, path, mapped.bytes, mapped.size, read, file);
    if (status != ALC_OK)
        alc_unmap_file(context, &mapped);
    else
        (*file)->mapped = mapped;
    return status;
}

alc_status alc_safetensors_open(alc_context *context, const char *path, alc_safetensors **file)
{
    return open_with(context, path, "alc_safetensors_open", read_safetensors, file);
}

alc_status alc_weights_open(alc_context *context, const char *path, alc_safetensors **file)
{
    return open_with(context, path, "alc_weights_open", read_weights, file);
}

void alc_safetensors_close(alc_safetensors *file)
{
    if (file == NULL)
        return;
    alc_arena_free(&file->arena);
    alc_unmap_file(file->context, &file->mapped);
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

/* Where the index-th element lies, in the order of a tensor without strides. */
static const unsigned char *find_element(const alc_file_tensor *tensor, int64_t index)
{
    int64_t place = 0;
    for (int i = tensor->about.rank - 1; i >= 0; i--) {
        place += index % tensor->about.extent[i] * tensor->stride[i];
        index /= tensor->about.extent[i];
    }
    return tensor->values + (size_t)place * alc_stored_dtype_size(tensor->about.dtype);
}

/* Elements from `first` on, one after the other, in `buffer` where they do not lie so in the file; *count is how many. */
static const unsigned char *gather(const alc_file_tensor *tensor, int64_t first, unsigned char *buffer, int64_t *count)
{
    const size_t size = alc_stored_dtype_size(tensor->about.dtype);
    *count = tensor->about.elements - first;
    if (tensor->stride == NULL)
        return tensor->values + (size_t)first * size;
    if (*count > GATHERED)
        *count = GATHERED;
    for (int64_t i = 0; i < *count; i++)
        memcpy(buffer + (size_t)i * size, find_element(tensor, first + i), size);
    return buffer;
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
    unsigned char buffer[GATHERED * 8];
    const alc_file_tensor *tensor = &file->tensors[index];
    const alc_stored_tensor *about = &tensor->about;
    for (int64_t i = 0, count; i < about->elements; i += count) {
        const unsigned char *at = gather(tensor, i, buffer, &count);
        alc_decode_reals(about->dtype, at, count, values + i);
    }
    return ALC_OK;
}

alc_status alc_safetensors_read_integers(const alc_safetensors *file, int64_t index,
                                         int64_t *values)
{
    alc_status status = check_read(file, index, values);
    if (status != ALC_OK)
        return status;
    unsigned char buffer[GATHERED * 8];
    const alc_file_tensor *tensor = &file->tensors[index];
    const alc_stored_tensor *about = &tensor->about;
    bool good = alc_decode_integers(about->dtype, buffer, 0, values);
    for (int64_t i = 0, count; i < about->elements && good; i += count) {
        const unsigned char *at = gather(tensor, i, buffer, &count);
        good = alc_decode_integers(about->dtype, at, count, values + i);
    }
    if (!good)
        return alc_fail(file->context, ALC_MISMATCH,
                        "%s: tensor '%s' holds %s values, which are not all integers below 2^63",
                        file->name, about->name, alc_stored_dtype_name(about->dtype));
    return ALC_OK;
}
