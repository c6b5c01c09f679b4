/* tests/support/failing_hooks.c - see failing_hooks.h. Each block carries its size and a pattern in
 * front and behind, so a release with another size or a write past the end is seen. */
#include "support/failing_hooks.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUARD_BYTES 64
#define GUARD_VALUE 0xa5

/* ---- memory ---- */

static bool reached(int64_t count, int64_t which, bool stays)
{
    return which > 0 && (count == which || (stays && count > which));
}

static bool allocation_fails(failing_hooks *hooks, size_t bytes)
{
    pthread_mutex_lock(&hooks->mutex);
    hooks->allocations++;
    bool fails =
        reached(hooks->allocations, hooks->fail_allocation, hooks->allocations_stay_failed);
    if (fails) {
        hooks->faults++;
    } else {
        hooks->blocks_outstanding++;
        hooks->bytes_outstanding += (int64_t)bytes;
        if (hooks->bytes_outstanding > hooks->most_bytes)
            hooks->most_bytes = hooks->bytes_outstanding;
    }
    pthread_mutex_unlock(&hooks->mutex);
    return fails;
}

static void *hooked_allocate(void *user, size_t bytes, size_t alignment)
{
    failing_hooks *hooks = user;
    unsigned char *block = NULL;
    if (alignment > GUARD_BYTES || bytes > SIZE_MAX - 2 * GUARD_BYTES ||
        allocation_fails(hooks, bytes))
        return NULL;
    if (posix_memalign((void **)&block, GUARD_BYTES, bytes + 2 * GUARD_BYTES) != 0)
        return NULL;
    memset(block, GUARD_VALUE, bytes + 2 * GUARD_BYTES);
    memcpy(block, &bytes, sizeof bytes);
    return block + GUARD_BYTES;
}

static bool intact(const unsigned char *guard, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (guard[i] != GUARD_VALUE)
            return false;
    return true;
}

static void hooked_release(void *user, void *memory, size_t bytes)
{
    failing_hooks *hooks = user;
    unsigned char *block = (unsigned char *)memory - GUARD_BYTES;
    size_t allocated;
    memcpy(&allocated, block, sizeof allocated);
    bool good = allocated == bytes &&
                intact(block + sizeof allocated, GUARD_BYTES - sizeof allocated) &&
                intact(block + GUARD_BYTES + allocated, GUARD_BYTES);
    pthread_mutex_lock(&hooks->mutex);
    hooks->bad_releases += !good;
    hooks->blocks_outstanding--;
    hooks->bytes_outstanding -= (int64_t)allocated;
    pthread_mutex_unlock(&hooks->mutex);
    free(block);
}

/* ---- files ---- */

/* 0, or the -errno that the operation shall answer. */
static int fault(failing_hooks *hooks, file_operation operation, bool may_be_interrupted)
{
    int error = 0;
    pthread_mutex_lock(&hooks->mutex);
    if (hooks->interrupted && may_be_interrupted) {
        hooks->interrupt_next = !hooks->interrupt_next;
        if (hooks->interrupt_next)
            error = -EINTR;
    }
    if (error == 0 && (hooks->fail_files & (int)operation) != 0) {
        hooks->file_operations++;
        if (reached(hooks->file_operations, hooks->fail_file, hooks->files_stay_failed)) {
            hooks->faults++;
            error = -hooks->file_error;
        }
    }
    pthread_mutex_unlock(&hooks->mutex);
    return error;
}

static void count_files(failing_hooks *hooks, int change)
{
    pthread_mutex_lock(&hooks->mutex);
    hooks->files_outstanding += change;
    pthread_mutex_unlock(&hooks->mutex);
}

static int hooked_open(void *user, const char *path, int flags, int mode)
{
    int error = fault(user, FILE_OPEN, true);
    if (error != 0)
        return error;
    int file = open(path, flags, mode);
    if (file < 0)
        return -errno;
    count_files(user, 1);
    return file;
}

static int hooked_close(void *user, int file)
{
    /* As POSIX has it on every system that matters: the descriptor is gone even if close reports an
     * error. */
    int error = fault(user, FILE_CLOSE, false);
    count_files(user, -1);
    if (close(file) < 0)
        return -errno;
    return error;
}

static size_t transfer(const failing_hooks *hooks, size_t bytes)
{
    return hooks->short_transfers && bytes > 7 ? 7 : bytes;
}

static int64_t hooked_read(void *user, int file, void *buffer, size_t bytes)
{
    int error = fault(user, FILE_READ, true);
    if (error != 0)
        return error;
    ssize_t got = read(file, buffer, transfer(user, bytes));
    return got < 0 ? -errno : (int64_t)got;
}

static int64_t hooked_write(void *user, int file, const void *buffer, size_t bytes)
{
    int error = fault(user, FILE_WRITE, true);
    if (error != 0)
        return error;
    ssize_t put = write(file, buffer, transfer(user, bytes));
    return put < 0 ? -errno : (int64_t)put;
}

static int64_t hooked_size(void *user, int file)
{
    struct stat about;
    int error = fault(user, FILE_SIZE, false);
    if (error != 0)
        return error;
    return fstat(file, &about) < 0 ? -errno : (int64_t)about.st_size;
}

/* Nothing is really synced: no test cuts the power, and disks are slow. */
static int hooked_sync(void *user, int file)
{
    (void)file;
    return fault(user, FILE_SYNC, true);
}

static int hooked_rename(void *user, const char *from, const char *to)
{
    int error = fault(user, FILE_RENAME, false);
    if (error != 0)
        return error;
    return rename(from, to) < 0 ? -errno : 0;
}

static int hooked_remove(void *user, const char *path)
{
    int error = fault(user, FILE_REMOVE, false);
    if (error != 0)
        return error;
    return unlink(path) < 0 ? -errno : 0;
}

static int hooked_link(void *user, const char *from, const char *to)
{
    const failing_hooks *hooks = user;
    int error = fault(user, FILE_LINK, false);
    if (error != 0)
        return error;
    if (hooks->no_hard_links)
        return -EPERM;
    return link(from, to) < 0 ? -errno : 0;
}

static int hooked_map(void *user, int file, size_t bytes, const void **memory)
{
    int error = fault(user, FILE_MAP, false);
    if (error != 0)
        return error;
    void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    count_files(user, 1);
    *memory = mapped;
    return 0;
}

static void hooked_unmap(void *user, const void *memory, size_t bytes)
{
    count_files(user, -1);
    ck_assert_int_eq(munmap((void *)(uintptr_t)memory, bytes), 0);
}

/* ---- for tests ---- */

void failing_hooks_init(failing_hooks *hooks)
{
    memset(hooks, 0, sizeof *hooks);
    hooks->fail_files = FILE_ANY;
    hooks->file_error = EIO;
    hooks->allocator = (alc_allocator){hooks, hooked_allocate, hooked_release};
    hooks->files = (alc_file_system){.user = hooks,
                                     .open = hooked_open,
                                     .close = hooked_close,
                                     .read = hooked_read,
                                     .write = hooked_write,
                                     .size = hooked_size,
                                     .sync = hooked_sync,
                                     .rename = hooked_rename,
                                     .remove = hooked_remove,
                                     .link = hooked_link,
                                     .map = hooked_map,
                                     .unmap = hooked_unmap};
    ck_assert_int_eq(pthread_mutex_init(&hooks->mutex, NULL), 0);
}

void failing_hooks_restart(failing_hooks *hooks)
{
    hooks->allocations = 0;
    hooks->file_operations = 0;
    hooks->faults = 0;
}

void failing_hooks_relent(failing_hooks *hooks)
{
    hooks->fail_allocation = 0;
    hooks->allocations_stay_failed = false;
    hooks->fail_file = 0;
    hooks->files_stay_failed = false;
}

alc_context *failing_hooks_context(failing_hooks *hooks, int threads)
{
    return failing_hooks_context_of(hooks, (alc_context_options){.threads = threads});
}

alc_context *failing_hooks_context_of(failing_hooks *hooks, alc_context_options options)
{
    char message[256];
    alc_context *context = NULL;
    options.allocator = &hooks->allocator;
    options.files = &hooks->files;
    options.message = message;
    options.message_size = sizeof message;
    alc_status status = alc_context_create(options, &context);
    ck_assert_msg(status == ALC_OK, "no context: %s", message);
    return context;
}

void failing_hooks_check(failing_hooks *hooks)
{
    ck_assert_int_eq(hooks->bytes_outstanding, 0);
    ck_assert_int_eq(hooks->blocks_outstanding, 0);
    ck_assert_int_eq(hooks->files_outstanding, 0);
    ck_assert_int_eq(hooks->bad_releases, 0);
    pthread_mutex_destroy(&hooks->mutex);
}
