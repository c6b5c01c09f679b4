/* lib/base/map_file.c - a file's bytes as memory, without a copy where the system can map it. What cannot be mapped (a pipe, an
 * empty file, a hook without mapping) is read. */
#include <fcntl.h>

#include "lib/base/file_operations.h"

/* False: it is to be read. */
static bool map_open_file(alc_context *context, int file, alc_mapped_file *mapped)
{
    const alc_file_system *files = &context->files;
    const void *memory;
    const int64_t size = files->size(files->user, file);
    if (files->map == NULL || size <= 0 || (uint64_t)size > SIZE_MAX / 4)
        return false;
    if (files->map(files->user, file, (size_t)size, &memory) < 0)
        return false;
    *mapped = (alc_mapped_file){.bytes = memory, .size = (size_t)size};
    return true;
}

alc_status alc_map_file(alc_context *context, const char *path, alc_mapped_file *mapped)
{
    *mapped = (alc_mapped_file){0};
    int file = alc_open_file(context, path, O_RDONLY, 0);
    if (file < 0)
        return alc_fail_operation(context, "open", path, file);
    bool done = map_open_file(context, file, mapped);
    alc_close_quietly(context, file);
    if (done)
        return ALC_OK;
    alc_status status = alc_read_file(context, path, SIZE_MAX, &mapped->read, &mapped->size);
    mapped->bytes = mapped->read;
    return status;
}

void alc_unmap_file(alc_context *context, alc_mapped_file *mapped)
{
    if (mapped->read != NULL)
        alc_free(context, mapped->read);
    else if (mapped->bytes != NULL)
        context->files.unmap(context->files.user, mapped->bytes, mapped->size);
    *mapped = (alc_mapped_file){0};
}
