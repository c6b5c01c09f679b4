/* input_file.c - a whole file at once. A pipe or a device is refused without waiting for it. */
#include "common/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A descriptor of a regular file; -1 with errno set for anything else. */
static int open_regular(const char *path)
{
    struct stat status;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return -1;
    const int error = fstat(file, &status) ? errno : S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : ENODEV;
    if (!error)
        return file;
    close(file);
    errno = error;
    return -1;
}

/* The bytes read, most + 1 where there are more than `most`; below 0: errno. */
static ssize_t read_up_to(int file, char *text, size_t most)
{
    size_t length = 0;
    while (length <= most) {
        const ssize_t got = read(file, text + length, most + 1 - length);
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        length += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)length;
}

char *input_file_read(const char *path, size_t most, size_t *bytes)
{
    const int file = open_regular(path);
    if (file < 0)
        return NULL;
    char *text = calloc(1, most + 2);
    const ssize_t length = text ? read_up_to(file, text, most) : -1;
    const int error = length < 0 ? errno : (size_t)length > most ? EFBIG : 0;
    close(file);
    if (error) {
        free(text);
        errno = error;
        return NULL;
    }
    *bytes = (size_t)length;
    return text;
}

const char *file_why(void)
{
    if (errno == EBUSY)
        return "it is the program's standard input or output";
    return errno == ENODEV ? "it is no regular file" : strerror(errno);
}
