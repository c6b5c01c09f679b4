/* lib/base/append_file.c - adding to a file. Unlike atomic_file.c it leaves the file open, and what a crash cuts short stays: for
 * formats that check every piece. */
#include <errno.h>
#include <fcntl.h>

#include "lib/base/file_operations.h"

alc_status alc_append_open(alc_context *context, const char *path, int *file)
{
    *file = alc_open_file(context, path, O_WRONLY | O_APPEND, 0);
    return *file < 0 ? alc_fail_operation(context, "add to", path, *file) : ALC_OK;
}

alc_status alc_append_write(alc_context *context, const char *path, int file, const void *data, size_t bytes)
{
    int64_t error = alc_write_all(context, file, data, bytes);
    return error < 0 ? alc_fail_operation(context, "add to", path, error) : ALC_OK;
}

alc_status alc_append_close(alc_context *context, const char *path, int file)
{
    int synced = alc_sync_file(context, file);
    int closed = context->files.close(context->files.user, file);
    if (synced < 0)
        return alc_fail_operation(context, "sync", path, synced);
    /* An interrupted close has closed the file, and all was synced before. */
    return closed < 0 && closed != -EINTR ? alc_fail_operation(context, "close", path, closed) : ALC_OK;
}
