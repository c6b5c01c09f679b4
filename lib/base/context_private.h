/* lib/base/context_private.h - what a context holds. Only lib/base looks inside; everybody else
 * calls functions. */
#ifndef ALC_LIB_CONTEXT_PRIVATE_H
#define ALC_LIB_CONTEXT_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/base.h"

struct alc_context {
    alc_allocator allocator;
    size_t most_bytes;         /* that may be allocated; what the system gives beyond them ends in its killing the process */
    atomic_size_t held_bytes;
    alc_file_system files;
    alc_log_fn log;
    void *log_user;
    uint64_t seed;
    alc_isa isa;
    const alck_table *kernels;
    alc_gemm_backend gemm;
    alc_convolution_choice convolution;
    alck_operands operands;
    int threads;
    struct alc_pool *pool; /* NULL with one thread */
    pthread_mutex_t message_mutex;
    atomic_int status;
    char message[ALC_MESSAGE_BYTES];
};

/* The operating system's memory and files, used where the options bring no hook of their own. */
extern const alc_allocator alc_system_allocator;
extern const alc_file_system alc_system_files;

/* What a write to `path` replaces: where a link leads, if anything is there (*leads: `target`), else the path itself. 0, or -errno
 * where it is no regular file (system_files.c). */
int alc_system_find_replaced(const char *path, char target[PATH_MAX], bool *leads);
/* The permissions of the file at `path`, which what replaces it shall have; a new file's where there is none. */
int alc_system_permissions(const char *path);
/* The number that a small file of the system's begins with; false if there is none. */
bool alc_system_read_number(const char *path, unsigned long long *number);

/* Bytes that this process can have at most: the machine's or its container's memory, and swap
 * (system_memory.c). */
size_t alc_system_memory(void);

/* How many processors this process may use, at least 1 and at most ALC_MAX_THREADS (processors.c).
 */
int alc_available_processors(void);

/* Picks context->kernels and context->isa for what was asked for (choose_isa.c). */
alc_status alc_choose_isa(alc_context *context, alc_isa wanted);

/* Makes sure that the linked OpenBLAS is safe under our threads and sets it to one thread
 * (openblas_check.c). */
alc_status alc_check_openblas(alc_context *context);

/* Worker threads (thread_pool.c). `threads` counts the calling one, so threads - 1 are started;
 * threads >= 2. */
typedef struct alc_pool alc_pool;
alc_status alc_pool_create(alc_context *context, int threads, alc_pool **pool);
void alc_pool_destroy(alc_context *context, alc_pool *pool);
/* False if the pool is in use: the caller then runs the tasks itself. */
bool alc_pool_run(alc_pool *pool, int64_t tasks,
                  void (*body)(void *argument, int64_t task, int worker), void *argument);

#endif
