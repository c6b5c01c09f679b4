/* lib/base/atomic_file.c - replacing a file so that a crash at any instant leaves the old one or
 * the new one, whole.
 *
 * PATH.partial is written, synced and renamed over PATH, then the directory is synced. A symbolic
 * link stays one: the file that it leads to is replaced, in that file's folder. The temporary name
 * is fixed so that what a killed process left behind is reclaimed by the next write instead of
 * piling up; a path has one writer at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/base/file_operations.h"

#define BUFFER_BYTES ((size_t)65536)
#define PARTIAL_SUFFIX ".partial"

struct alc_atomic_file {
    alc_context *context;
    char *path, *partial;
    int file;          /* below 0: closed */
    int directory;     /* below 0: closed; opened early, so that little can fail once the file is
                          replaced */
    bool created;      /* the partial file is ours to remove */
    bool finished;     /* written, synced and closed */
    alc_status status; /* the first failure: later writes do nothing, commit reports it */
    size_t buffered;
    unsigned char buffer[BUFFER_BYTES];
};

/* Opens what is before the last slash: "." for a bare name, "/" for a name in the root. Below 0 on
 * failure. */
static int open_directory_of(alc_context *context, const char *path)
{
    char *directory = alc_copy_text(context, path);
    if (directory == NULL)
        return -ENOMEM;
    char *slash = strrchr(directory, '/');
    if (slash != NULL)
        slash[slash == directory ? 1 : 0] = '\0';
    int file = alc_open_file(context, slash == NULL ? "." : directory, O_RDONLY | O_DIRECTORY, 0);
    if (file < 0)
        alc_fail_operation(context, "open the directory of", path, file);
    alc_free(context, directory);
    return file;
}

static alc_status sync_and_close_directory(alc_context *context, const char *path, int directory)
{
    int error = alc_sync_file(context, directory);
    alc_close_quietly(context, directory);
    /* EINVAL: a file system that cannot sync directories has nothing to promise either. */
    if (error < 0 && error != -EINVAL)
        return alc_fail_operation(context, "sync the directory of", path, error);
    return ALC_OK;
}

void alc_atomic_file_cancel(alc_atomic_file *file)
{
    if (file == NULL)
        return;
    alc_context *context = file->context;
    if (file->file >= 0)
        alc_close_quietly(context, file->file);
    if (file->directory >= 0)
        alc_close_quietly(context, file->directory);
    if (file->created)
        context->files.remove(context->files.user, file->partial);
    alc_free(context, file->path);
    alc_free(context, file->partial);
    alc_free(context, file);
}

static char *partial_name(alc_context *context, const char *path)
{
    size_t length = strlen(path);
    char *name = alc_allocate(context, length + sizeof PARTIAL_SUFFIX, "a file name");
    if (name != NULL) {
        memcpy(name, path, length);
        memcpy(name + length, PARTIAL_SUFFIX, sizeof PARTIAL_SUFFIX);
    }
    return name;
}

/* Removes what an interrupted write left behind, if anything. */
static alc_status remove_leftover(alc_context *context, const char *path)
{
    int error = context->files.remove(context->files.user, path);
    if (error < 0 && error != -ENOENT && error != -ENOTDIR)
        return alc_fail_operation(context, "remove", path, error);
    return ALC_OK;
}

/* What is replaced, and the name that is written first. */
static alc_status find_replaced(alc_atomic_file *file, const char *path)
{
    char target[PATH_MAX];
    bool leads = false;
    int error = alc_system_find_replaced(path, target, &leads);
    if (error < 0)
        return alc_fail_operation(file->context, "replace", path, error);
    file->path = alc_copy_text(file->context, leads ? target : path);
    file->partial = file->path == NULL ? NULL : partial_name(file->context, file->path);
    return file->partial == NULL ? ALC_OUT_OF_MEMORY : ALC_OK;
}

static alc_status create_partial(alc_atomic_file *file, const char *path)
{
    alc_context *context = file->context;
    alc_status status = find_replaced(file, path);
    if (status != ALC_OK)
        return status;
    if (remove_leftover(context, file->partial) != ALC_OK)
        return ALC_IO_ERROR;
    file->file = alc_open_file(context, file->partial, O_WRONLY | O_CREAT | O_EXCL, alc_system_permissions(file->path));
    if (file->file < 0)
        return alc_fail_operation(context, "create", file->partial, file->file);
    file->created = true;
    file->directory = open_directory_of(context, file->path);
    return file->directory < 0 ? alc_error_status(context) : ALC_OK;
}

alc_status alc_atomic_file_open(alc_context *context, const char *path, alc_atomic_file **result)
{
    *result = NULL;
    alc_atomic_file *file = alc_allocate(context, sizeof *file, "a file buffer");
    if (file == NULL)
        return ALC_OUT_OF_MEMORY;
    file->context = context;
    file->file = -1;
    file->directory = -1;
    alc_status status = create_partial(file, path);
    if (status != ALC_OK) {
        alc_atomic_file_cancel(file);
        return status;
    }
    *result = file;
    return ALC_OK;
}

static void put(alc_atomic_file *file, const void *data, size_t bytes)
{
    int64_t error = alc_write_all(file->context, file->file, data, bytes);
    if (error < 0)
        file->status = alc_fail_operation(file->context, "write", file->partial, error);
}

static void flush(alc_atomic_file *file)
{
    if (file->status == ALC_OK)
        put(file, file->buffer, file->buffered);
    file->buffered = 0;
}

alc_status alc_atomic_file_write(alc_atomic_file *file, const void *data, size_t bytes)
{
    if (bytes > BUFFER_BYTES - file->buffered)
        flush(file);
    if (file->status != ALC_OK)
        return file->status;
    if (bytes > BUFFER_BYTES) {
        put(file, data, bytes);
        return file->status;
    }
    if (bytes > 0)
        memcpy(file->buffer + file->buffered, data, bytes);
    file->buffered += bytes;
    return ALC_OK;
}

alc_status alc_atomic_file_finish(alc_atomic_file *file)
{
    alc_context *context = file->context;
    if (file->finished)
        return file->status;
    file->finished = true;
    flush(file);
    if (file->status != ALC_OK)
        return file->status;
    int error = alc_sync_file(context, file->file);
    if (error < 0)
        return file->status = alc_fail_operation(context, "sync", file->partial, error);
    error = context->files.close(context->files.user, file->file);
    file->file = -1;
    /* An interrupted close has closed the file, and all data were synced before. */
    if (error < 0 && error != -EINTR)
        return file->status = alc_fail_operation(context, "close", file->partial, error);
    return ALC_OK;
}

alc_status alc_atomic_file_commit(alc_atomic_file *file)
{
    alc_context *context = file->context;
    alc_status status = alc_atomic_file_finish(file);
    if (status == ALC_OK) {
        int error = context->files.rename(context->files.user, file->partial, file->path);
        if (error < 0)
            status = alc_fail_operation(context, "replace", file->path, error);
    }
    if (status == ALC_OK) {
        file->created = false;
        status = sync_and_close_directory(context, file->path, file->directory);
        file->directory = -1;
    }
    alc_atomic_file_cancel(file);
    return status;
}

alc_status alc_write_file(alc_context *context, const char *path, const void *data, size_t bytes)
{
    alc_atomic_file *file;
    alc_status status = alc_atomic_file_open(context, path, &file);
    if (status != ALC_OK)
        return status;
    alc_atomic_file_write(file, data, bytes);
    return alc_atomic_file_commit(file);
}

/* ---- a second name ---- */

static bool no_hard_links(int error)
{
    return error == -EPERM || error == -EOPNOTSUPP || error == -ENOSYS || error == -EMLINK;
}

/* For a file that a second name cannot be given. */
static alc_status copy_file(alc_context *context, const char *from, const char *to)
{
    alc_mapped_file mapped;
    alc_status status = alc_map_file(context, from, &mapped);
    if (status != ALC_OK)
        return status;
    status = alc_write_file(context, to, mapped.bytes, mapped.size);
    alc_unmap_file(context, &mapped);
    return status;
}

/* Of a symbolic link it is the file that it leads to that is kept: a second name of the link would lead to whatever replaces that
 * file. It may lie on another disk, where no second name can be given, and the link must stay; so the file is copied then. */
static alc_status replace_by_link(alc_context *context, const char *from, const char *to,
                                  const char *partial)
{
    const alc_file_system *files = &context->files;
    char target[PATH_MAX];
    bool leads = false;
    int error = alc_system_find_replaced(from, target, &leads);
    if (error < 0)
        return alc_fail_operation(context, "link", from, error);
    if (remove_leftover(context, partial) != ALC_OK)
        return ALC_IO_ERROR;
    error = files->link(files->user, leads ? target : from, partial);
    bool linked = error >= 0;
    if (!linked && leads && (no_hard_links(error) || error == -EXDEV)) {
        alc_status status = copy_file(context, target, partial);
        if (status != ALC_OK)
            return status;
        linked = true;
    } else if (!linked && !no_hard_links(error)) {
        return alc_fail_operation(context, "link", from, error);
    }
    error = files->rename(files->user, linked ? partial : from, to);
    if (error < 0)
        alc_fail_operation(context, "replace", to, error);
    /* Also after success: where both already were one file, rename leaves both names alone. */
    if (linked)
        files->remove(files->user, partial);
    return error < 0 ? ALC_IO_ERROR : ALC_OK;
}

alc_status alc_keep_file(alc_context *context, const char *from, const char *to)
{
    int directory = open_directory_of(context, to);
    if (directory < 0)
        return alc_error_status(context);
    char *partial = partial_name(context, to);
    alc_status status =
        partial == NULL ? ALC_OUT_OF_MEMORY : replace_by_link(context, from, to, partial);
    alc_free(context, partial);
    alc_status synced = sync_and_close_directory(context, to, directory);
    return status != ALC_OK ? status : synced;
}
