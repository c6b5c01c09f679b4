/* lock_file.c - a lock of fcntl's, which the system takes from whoever dies; the file alone means nothing. */
#include "common/lock_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/input_file.h"

/* Whether the open file is the one that the path leads to: its owner removes it, and may have done so meanwhile. */
static bool is_at(int file, const char *path)
{
    struct stat ours, there;
    return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static bool is_empty(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 && status.st_size == 0;
}

/* Waits a little where the lock is held: a program that was killed takes a moment to die. */
static bool take(int file)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec pause = {.tv_nsec = 50000000};
    int attempts = 40;
    while (fcntl(file, F_SETLK, &whole) && attempts-- > 0)
        nanosleep(&pause, NULL);
    return attempts >= 0;
}

const char *lock_file_take(lock_file *lock, const char *path, const char *held)
{
    for (;;) {
        const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
        if (file < 0)
            return file_why();
        const char *wrong = !take(file) ? held : !is_empty(file) ? "it is not empty, so it is no lock, and is not removed" : NULL;
        if (!wrong && is_at(file, path)) {
            lock->file = file;
            snprintf(lock->path, sizeof lock->path, "%s", path);
            return NULL;
        }
        close(file);
        if (wrong)
            return wrong;
    }
}

void lock_file_release(lock_file *lock)
{
    if (!lock->path[0])
        return;
    unlink(lock->path);
    close(lock->file);
}
