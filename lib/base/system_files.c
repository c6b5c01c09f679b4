/* lib/base/system_files.c - the file hook that is used where the options bring none: POSIX calls,
 * errors as -errno.
 * What is read must be a regular file: a pipe would keep the process waiting, and a device has no end. */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/context_private.h"

int alc_system_find_replaced(const char *path, char target[PATH_MAX], bool *leads)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return S_ISDIR(about.st_mode) ? -EISDIR : -ENODEV;
    *leads = lstat(path, &about) == 0 && S_ISLNK(about.st_mode) && realpath(path, target) != NULL;
    return 0;
}

int alc_system_permissions(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (int)about.st_mode & 0777 : 0666;
}

bool alc_system_read_number(const char *path, unsigned long long *number)
{
    FILE *file = fopen(path, "r");
    const bool found = file != NULL && fscanf(file, "%llu", number) == 1;
    if (file != NULL)
        fclose(file);
    return found;
}

/* 0, or why the open file is nothing to read from. That a directory is none is said when it is read. */
static int check_readable(int file)
{
    struct stat about;
    if (fstat(file, &about) < 0)
        return -errno;
    return S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) ? 0 : -ENODEV;
}

static int system_open(void *user, const char *path, int flags, int mode)
{
    (void)user;
    const bool reads = (flags & (O_WRONLY | O_RDWR)) == 0;
    /* O_NONBLOCK: opening a pipe would wait for its writer. It changes nothing for regular files. */
    int file = open(path, reads ? flags | O_NONBLOCK : flags, mode);
    if (file < 0)
        return -errno;
    int error = reads ? check_readable(file) : 0;
    if (error == 0)
        return file;
    close(file);
    return error;
}

static int system_close(void *user, int file)
{
    (void)user;
    return close(file) < 0 ? -errno : 0;
}

static int64_t system_read(void *user, int file, void *buffer, size_t bytes)
{
    (void)user;
    ssize_t got = read(file, buffer, bytes);
    return got < 0 ? -errno : (int64_t)got;
}

static int64_t system_write(void *user, int file, const void *buffer, size_t bytes)
{
    (void)user;
    ssize_t put = write(file, buffer, bytes);
    return put < 0 ? -errno : (int64_t)put;
}

static int64_t system_size(void *user, int file)
{
    struct stat about;
    (void)user;
    return fstat(file, &about) < 0 ? -errno : (int64_t)about.st_size;
}

static int system_sync(void *user, int file)
{
    (void)user;
    return fsync(file) < 0 ? -errno : 0;
}

static int system_rename(void *user, const char *from, const char *to)
{
    (void)user;
    return rename(from, to) < 0 ? -errno : 0;
}

static int system_remove(void *user, const char *path)
{
    (void)user;
    return unlink(path) < 0 ? -errno : 0;
}

static int system_link(void *user, const char *from, const char *to)
{
    (void)user;
    return link(from, to) < 0 ? -errno : 0;
}

static int system_map(void *user, int file, size_t bytes, const void **memory)
{
    (void)user;
    void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    *memory = mapped;
    return 0;
}

static void system_unmap(void *user, const void *memory, size_t bytes)
{
    (void)user;
    munmap((void *)(uintptr_t)memory, bytes);
}

const alc_file_system alc_system_files = {NULL,          system_open, system_close, system_read,
                                          system_write,  system_size, system_sync,  system_rename,
                                          system_remove, system_link, system_map,   system_unmap};
