/* output_file.c - write to a temporary name, then rename. The name is fixed, as the library's: what a killed program left
 * behind is replaced by the next one. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "common/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the file is what a shell opened for the program: what is printed there would be lost with it, and /dev/stdout is a link
 * that would be replaced itself. */
static bool is_standard_stream(const struct stat *file)
{
    struct stat stream;
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fstat(i, &stream) == 0 && stream.st_dev == file->st_dev && stream.st_ino == file->st_ino)
            return true;
    return false;
}

bool output_path_replaceable(const char *path)
{
    struct stat status;
    if (stat(path, &status))
        return errno == ENOENT;
    errno = S_ISDIR(status.st_mode) ? EISDIR : S_ISREG(status.st_mode) ? EBUSY : ENODEV;
    return S_ISREG(status.st_mode) && !is_standard_stream(&status);
}

/* Of a symbolic link, the file that it leads to: that is replaced, in its folder, and the link stays. */
static const char *behind_link(const char *path, char target[PATH_MAX])
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode) && realpath(path, target) ? target : path;
}

/* The name that is written to first, of what is replaced. */
static bool name_temporary(const char *replaced, char *temporary, size_t size)
{
    if ((size_t)snprintf(temporary, size, "%s.partial", replaced) < size)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

bool output_file_open(output_file *file, const char *path)
{
    *file = (output_file){0};
    char target[PATH_MAX];
    const char *replaced = behind_link(path, target);
    if (!name_temporary(replaced, file->temporary, sizeof file->temporary) || !output_path_replaceable(path))
        return false;
    strcpy(file->path, replaced);
    if (unlink(file->temporary) && errno != ENOENT)
        return false;
    struct stat old; /* whose permissions the new file gets */
    const mode_t mode = stat(file->path, &old) == 0 ? old.st_mode & 0777 : 0666;
    const int created = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    file->stream = created < 0 ? NULL : fdopen(created, "w");
    if (!file->stream && created >= 0)
        close(created);
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
    char temporary[4096], target[PATH_MAX];
    struct stat status;
    if (!name_temporary(behind_link(path, target), temporary, sizeof temporary) || !output_path_replaceable(path))
        return false;
    /* What a killed program left is replaced when the time has come; until then it might be somebody's file. */
    if (lstat(temporary, &status) == 0)
        return output_path_replaceable(temporary) && access(temporary, W_OK) == 0;
    const int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return false;
    close(file);
    return unlink(temporary) == 0;
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

/* Whether two paths lead to one file, or would if it were there. */
static bool same_file(const char *a, const char *b)
{
    char first[4096], second[4096];
    const char *name, *other;
    if (strcmp(a, b) == 0 || one_inode(a, b))
        return true;
    return folder_of(a, first, sizeof first, &name) && folder_of(b, second, sizeof second, &other) &&
           strcmp(name, other) == 0 && one_inode(first, second);
}

static bool writes(const char *output, const char *other)
{
    char temporary[4096];
    return same_file(output, other) ||
           (name_temporary(output, temporary, sizeof temporary) && same_file(temporary, other));
}

bool output_replaces(const char *output, const char *other)
{
    return writes(output, other) || writes(other, output);
}

bool output_folder_holds(const char *folder, const char *path)
{
    char own[4096];
    const char *name;
    return folder_of(path, own, sizeof own, &name) && one_inode(folder, own);
}

bool output_replaces_image(const char *output, const alc_dataset *dataset)
{
    bool replaces = false;
    for (int64_t i = 0; i < alc_dataset_count(dataset) && !replaces; i++)
        replaces = writes(output, alc_dataset_image_path(dataset, i));
    return replaces;
}
