/* output_file.c - write to a temporary name, then rename. The name is fixed, as the library's: what a killed program left
 * behind is replaced by the next one. */
#include "common/output_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_file_open(output_file *file, const char *path)
{
    struct stat status;
    *file = (output_file){0};
    if (strlen(path) + 32 > sizeof file->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : ENODEV; /* a device or a pipe would be replaced, not written to */
        return false;
    }
    strcpy(file->path, path);
    snprintf(file->temporary, sizeof file->temporary, "%s.partial", path);
    if (remove(file->temporary) && errno != ENOENT)
        return false;
    file->stream = fopen(file->temporary, "wx");
    return file->stream != NULL;
}

bool output_file_commit(output_file *file)
{
    int error = 0;
    if (ferror(file->stream) || fflush(file->stream) || fsync(fileno(file->stream)))
        error = errno ? errno : EIO;
    if (fclose(file->stream) && !error)
        error = errno;
    file->stream = NULL;
    if (!error && rename(file->temporary, file->path))
        error = errno;
    if (!error)
        return true;
    remove(file->temporary);
    errno = error;
    return false;
}

void output_file_cancel(output_file *file)
{
    if (!file->stream)
        return;
    fclose(file->stream);
    remove(file->temporary);
    file->stream = NULL;
}

bool output_path_writable(const char *path)
{
    output_file file;
    if (!output_file_open(&file, path))
        return false;
    output_file_cancel(&file);
    return true;
}

const char *output_file_why(void)
{
    return errno == ENODEV ? "it is no regular file" : strerror(errno);
}

static bool one_inode(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* "." in the folder that the path names; *name is the rest of the path. */
static bool folder_of(const char *path, char *folder, size_t size, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    return (size_t)snprintf(folder, size, "%.*s.", (int)(*name - path), path) < size;
}

bool same_file(const char *a, const char *b)
{
    char first[4096], second[4096];
    const char *name, *other;
    if (strcmp(a, b) == 0 || one_inode(a, b))
        return true;
    return folder_of(a, first, sizeof first, &name) && folder_of(b, second, sizeof second, &other) &&
           strcmp(name, other) == 0 && one_inode(first, second);
}
