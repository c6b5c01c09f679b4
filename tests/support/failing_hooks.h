/* tests/support/failing_hooks.h - memory and file hooks that count, check for leaks, and fail where
 * a test asks them to.
 *
 *     failing_hooks hooks;
 *     failing_hooks_init(&hooks);
 *     alc_context *context = failing_hooks_context(&hooks, 1);
 *     for (hooks.fail_allocation = 1; ; hooks.fail_allocation++) {
 *         failing_hooks_restart(&hooks);
 *         if (thing(context) == ALC_OK) break;   // here all allocations went through
 *     }
 *     alc_context_destroy(context);
 *     failing_hooks_check(&hooks);               // nothing is outstanding
 *
 * Several threads may use the hooks; the fields below are set while none does.
 */
#ifndef ALC_TESTS_FAILING_HOOKS_H
#define ALC_TESTS_FAILING_HOOKS_H

#include <pthread.h>

#include "alcor/context.h"

typedef enum file_operation {
    FILE_OPEN = 1,
    FILE_CLOSE = 2,
    FILE_READ = 4,
    FILE_WRITE = 8,
    FILE_SIZE = 16,
    FILE_SYNC = 32,
    FILE_RENAME = 64,
    FILE_REMOVE = 128,
    FILE_LINK = 256,
    FILE_MAP = 512,
    FILE_ANY = 1023
} file_operation;

typedef struct failing_hooks {
    /* What to fail. Counts start at 1; 0 means never. */
    int64_t fail_allocation;
    bool allocations_stay_failed; /* that one and all later ones */
    int64_t fail_file;            /* which of the operations in `fail_files` */
    int fail_files;               /* a set of file_operation; FILE_ANY at first */
    int file_error;               /* errno, EIO at first */
    bool files_stay_failed;       /* as if the process had been killed there */
    bool short_transfers;         /* reads and writes move at most 7 bytes */
    bool no_hard_links;           /* a file system that has none: link gives EPERM */
    bool interrupted; /* every other operation that may be is interrupted first (EINTR) */

    /* What was seen since failing_hooks_restart. */
    int64_t allocations;
    int64_t file_operations; /* those in `fail_files` */
    int64_t faults;          /* how many failures were injected (EINTR is none) */

    /* What was seen since failing_hooks_init. */
    int64_t bytes_outstanding, blocks_outstanding, files_outstanding; /* files: open or mapped */
    int64_t most_bytes;
    int64_t bad_releases; /* releases with a size that is not the allocation's */

    alc_allocator allocator;
    alc_file_system files;
    pthread_mutex_t mutex;
    bool interrupt_next;
} failing_hooks;

void failing_hooks_init(failing_hooks *hooks);
/* Counts from 0 again. */
void failing_hooks_restart(failing_hooks *hooks);
/* Never fails again until asked to. */
void failing_hooks_relent(failing_hooks *hooks);
/* A context with these hooks; a Check failure if there is none. threads as in alc_context_options.
 */
alc_context *failing_hooks_context(failing_hooks *hooks, int threads);
/* The same with further options; those for hooks and the message are not read. */
alc_context *failing_hooks_context_of(failing_hooks *hooks, alc_context_options options);
/* A Check failure if memory or files are outstanding or were released wrongly. */
void failing_hooks_check(failing_hooks *hooks);

#endif
