/* lib/base/file.c - file operations through the context's hook, and reading a whole file.
 * Interrupted operations are repeated, short reads continued, and a failure says which operation on
 * which path failed and why. It knows nothing of formats. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file_operations.h"

alc_status alc_fail_operation(alc_context *context, const char *operation, const char *path,
                              int64_t negative_errno)
{
    char reason[128];
    int error = (int)-negative_errno;
    if (error == ENODEV) /* the system's words for it speak of devices that are missing */
        alc_format(reason, sizeof reason, "it is no regular file");
    else if (strerror_r(error, reason, sizeof reason) != 0)
        alc_format(reason, sizeof reason, "error %d", error);
    return alc_fail(context, ALC_IO_ERROR, "cannot %s %s: %s", operation, path, reason);
}

int alc_open_file(alc_context *context, const char *path, int flags, int mode)
{
    const alc_file_system *files = &context->files;
    int file;
    do
        file = files->open(files->user, path, flags | O_CLOEXEC, mode);
    while (file == -EINTR);
    return file;
}

int alc_sync_file(alc_context *context, int file)
{
    const alc_file_system *files = &context->files;
    int error;
    do
        error = files->sync(files->user, file);
    while (error == -EINTR);
    return error;
}

void alc_close_quietly(alc_context *context, int file)
{
    context->files.close(context->files.user, file);
}

int64_t alc_write_all(alc_context *context, int file, const void *data, size_t bytes)
{
    const alc_file_system *files = &context->files;
    const unsigned char *at = data;
    while (bytes > 0) {
        int64_t put = files->write(files->user, file, at, bytes);
        if (put == -EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? put : -ENOSPC;
        at += put;
        bytes -= (size_t)put;
    }
    return 0;
}

static int64_t read_some(alc_context *context, int file, void *buffer, size_t bytes)
{
    const alc_file_system *files = &context->files;
    int64_t got;
    do
        got = files->read(files->user, file, buffer, bytes);
    while (got == -EINTR);
    return got;
}

static alc_status fail_limit(alc_context *context, const char *path, size_t limit)
{
    return alc_fail(context, ALC_BAD_FILE, "%s is larger than the limit of %zu bytes", path, limit);
}

/* A file may grow while it is read, and a pipe's size reads as 0: what counts is where reading
 * ends. */
static alc_status read_to_end(alc_context *context, const char *path, int file, size_t limit,
                              alc_text *contents)
{
    for (;;) {
        if (contents->length > limit)
            return fail_limit(context, path, limit);
        if (contents->length + 1 >= contents->capacity) {
            size_t capacity = contents->capacity * 2;
            char *larger =
                alc_reallocate_array(context, contents->data, contents->length, capacity, 1, path);
            if (larger == NULL)
                return ALC_OUT_OF_MEMORY;
            contents->data = larger;
            contents->capacity = capacity;
        }
        int64_t got = read_some(context, file, contents->data + contents->length,
                                contents->capacity - contents->length - 1);
        if (got < 0)
            return alc_fail_operation(context, "read", path, got);
        if (got == 0)
            return ALC_OK;
        contents->length += (size_t)got;
    }
}

static alc_status read_open_file(alc_context *context, const char *path, int file, size_t limit,
                                 alc_text *contents)
{
    int64_t size = context->files.size(context->files.user, file);
    if (size < 0)
        return alc_fail_operation(context, "find the size of", path, size);
    if ((uint64_t)size > limit)
        return fail_limit(context, path, limit);
    /* Room for the final zero, and for one byte more: a read of nothing then shows the end without
     * growing. */
    contents->capacity = (size_t)size + 2;
    contents->data = alc_allocate(context, contents->capacity, path);
    if (contents->data == NULL)
        return ALC_OUT_OF_MEMORY;
    return read_to_end(context, path, file, limit, contents);
}

alc_status alc_read_file(alc_context *context, const char *path, size_t limit, void **data,
                         size_t *bytes)
{
    alc_text contents;
    *data = NULL;
    *bytes = 0;
    if (limit > SIZE_MAX / 4)
        limit = SIZE_MAX / 4;
    int file = alc_open_file(context, path, O_RDONLY, 0);
    if (file < 0)
        return alc_fail_operation(context, "open", path, file);
    alc_text_init(&contents, context);
    alc_status status = read_open_file(context, path, file, limit, &contents);
    alc_close_quietly(context, file);
    if (status != ALC_OK) {
        alc_text_free(&contents);
        return status;
    }
    contents.data[contents.length] = '\0';
    *data = contents.data;
    *bytes = contents.length;
    return ALC_OK;
}

alc_status alc_look_for_file(alc_context *context, const char *path, bool *exists)
{
    int file = alc_open_file(context, path, O_RDONLY, 0);
    *exists = file >= 0;
    if (file >= 0)
        alc_close_quietly(context, file);
    if (file >= 0 || file == -ENOENT || file == -ENOTDIR)
        return ALC_OK;
    return alc_fail_operation(context, "open", path, file);
}
