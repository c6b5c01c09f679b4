/* lib/base/base.h - what every other part of the library stands on: failing with a sentence, memory, overflow-checked
 * sizes, files, threads, random numbers and text. Nothing in here knows of tensors. */
#ifndef ALC_LIB_BASE_H
#define ALC_LIB_BASE_H

#include <stdarg.h>

#include "alcor/context.h"
#include "kernels/kernels.h"

/* Needed by callers that index workers' scratch by a fixed array. */
#define ALC_MAX_THREADS 256
#define ALC_ALIGNMENT 64

static inline size_t alc_align_up(size_t bytes)
{
    return (bytes + ALC_ALIGNMENT - 1) / ALC_ALIGNMENT * ALC_ALIGNMENT;
}

static inline size_t alc_larger_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Of a sentence with its zero byte; longer ones are cut and end in "...". */
#define ALC_MESSAGE_BYTES 1024

#if defined(__GNUC__)
#define ALC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define ALC_PRINTF(text, first)
#endif

/* ---- errors (status.c, context.c) ---- */

/* Keeps the sentence in the context and returns `status`. */
alc_status alc_fail(alc_context *context, alc_status status, const char *format, ...) ALC_PRINTF(3, 4);
alc_status alc_fail_v(alc_context *context, alc_status status, const char *format, va_list arguments);
/* "WHERE: SENTENCE". */
alc_status alc_fail_in(alc_context *context, alc_status status, const char *where, const char *format, va_list arguments);
/* ALC_OUT_OF_MEMORY with "cannot allocate %zu bytes for WHAT". */
alc_status alc_fail_memory(alc_context *context, size_t bytes, const char *what);
void alc_log(alc_context *context, const char *format, ...) ALC_PRINTF(2, 3);

/* ---- memory (memory.c) ---- */

/* Zeroed memory aligned to ALC_ALIGNMENT, through the context's hook; NULL (and a kept sentence) on failure. The size
 * is remembered in a header in front, so alc_free needs only the pointer. bytes == 0 gives a valid pointer. */
void *alc_allocate(alc_context *context, size_t bytes, const char *what);
/* The same without zeroing: what is not written to costs no memory yet. */
void *alc_allocate_untouched(alc_context *context, size_t bytes, const char *what);
void *alc_allocate_array(alc_context *context, size_t count, size_t size, const char *what);
void *alc_allocate_array_untouched(alc_context *context, size_t count, size_t size, const char *what);
/* Grows an array, keeping its contents; on failure the old one stays valid and NULL is returned. */
void *alc_reallocate_array(alc_context *context, void *memory, size_t old_count, size_t count, size_t size,
                           const char *what);
void alc_free(alc_context *context, void *memory);
/* The contents of these bytes of a block, whose next use is alc_free, are not wanted any more: their pages go back to the system
 * now, where the block is the system's. */
void alc_discard(alc_context *context, void *memory, size_t bytes);
char *alc_copy_text(alc_context *context, const char *text);
/* false if a * b (or a + b) overflows. */
bool alc_multiply_sizes(size_t a, size_t b, size_t *product);
bool alc_add_sizes(size_t a, size_t b, size_t *sum);

/* ---- arena (arena.c): many small allocations that die together ---- */

/* What it takes of the context's memory at a time, at least. */
#define ALC_ARENA_BLOCK_BYTES ((size_t)16384)

typedef struct alc_arena {
    alc_context *context;
    struct alc_arena_block *blocks;
} alc_arena;
void alc_arena_init(alc_arena *arena, alc_context *context);
void *alc_arena_allocate(alc_arena *arena, size_t bytes, const char *what); /* zeroed, 16-byte aligned; NULL on failure */
char *alc_arena_format(alc_arena *arena, const char *format, ...) ALC_PRINTF(2, 3);
void alc_arena_free(alc_arena *arena);
/* What it holds of the context's memory, used or not. */
size_t alc_arena_bytes(const alc_arena *arena);

/* ---- files (file.c, map_file.c, append_file.c, atomic_file.c): all through the context's hook; messages name the path and the cause ---- */

/* Reads a whole file of at most `limit` bytes; *data is freed with alc_free and has a zero byte after its end. */
alc_status alc_read_file(alc_context *context, const char *path, size_t limit, void **data, size_t *bytes);

/* A whole file as memory to be read: mapped where the hook can do that, else read. `size` is what it was when it was opened.
 * No byte follows the last one. alc_unmap_file on a zeroed one does nothing. */
typedef struct alc_mapped_file {
    const unsigned char *bytes;
    size_t size;
    void *read; /* to be freed; NULL: it is mapped */
} alc_mapped_file;
alc_status alc_map_file(alc_context *context, const char *path, alc_mapped_file *file);
void alc_unmap_file(alc_context *context, alc_mapped_file *file);

/* Writing at the end of a file that exists (append_file.c), each time all of `bytes` or, on failure, some of them. Closing syncs.
 * For files whose readers can tell a piece that is not whole. */
alc_status alc_append_open(alc_context *context, const char *path, int *file);
alc_status alc_append_write(alc_context *context, const char *path, int file, const void *data, size_t bytes);
alc_status alc_append_close(alc_context *context, const char *path, int file);

/* Whether there is such a file; fails where the system does not say so clearly. */
alc_status alc_look_for_file(alc_context *context, const char *path, bool *exists);

/* Replaces `path` atomically: a temporary file in the same directory is written, synced, closed, renamed, and the
 * directory synced. On any failure the old file is untouched and the temporary one removed; only when the very last step,
 * the directory's sync, fails, the new file is already in place. The temporary name is fixed (PATH.partial): one writer
 * per path at a time. Writing after a failure does nothing; commit reports the first failure. */
typedef struct alc_atomic_file alc_atomic_file;
alc_status alc_atomic_file_open(alc_context *context, const char *path, alc_atomic_file **file);
alc_status alc_atomic_file_write(alc_atomic_file *file, const void *data, size_t bytes);
/* Optional: flushes, syncs and closes the temporary file, so that commit has only the rename left to do. */
alc_status alc_atomic_file_finish(alc_atomic_file *file);
alc_status alc_atomic_file_commit(alc_atomic_file *file);  /* frees `file` in any case */
void alc_atomic_file_cancel(alc_atomic_file *file);        /* NULL is allowed */
alc_status alc_write_file(alc_context *context, const char *path, const void *data, size_t bytes);
/* Atomically makes `to` a second name of the file `from`, replacing what `to` was; both in one directory, which is then
 * synced. Where there are no hard links `from` is renamed, so it vanishes. If `from` is a symbolic link, `to` becomes a second name of
 * the file that it leads to, or a copy of it where that cannot be; the link stays. */
alc_status alc_keep_file(alc_context *context, const char *from, const char *to);

/* ---- threads (thread_pool.c) ---- */

/* Runs body(argument, task, worker) for every task in [0, tasks), in any order, on the context's threads, and waits.
 * worker is in [0, alc_context_threads). Called from inside a body, or while another host thread uses the pool, it
 * runs the tasks on the calling thread (as worker 0 with scratch of its own is NOT guaranteed then: bodies that index
 * scratch by worker must not nest). Floating-point mode of the workers: round to nearest, subnormals kept. */
void alc_parallel_run(alc_context *context, int64_t tasks,
                      void (*body)(void *argument, int64_t task, int worker), void *argument);
/* The same as the kernels want it. */
alck_parallel alc_context_parallel(alc_context *context);
/* The kernels of the context's instruction set. */
const alck_table *alc_context_kernels(const alc_context *context);
alc_gemm_backend alc_context_gemm(const alc_context *context);
alc_convolution_choice alc_context_convolution(const alc_context *context);
/* What products multiply, by the precision and the CPU. */
alck_operands alc_context_operands(const alc_context *context);

/* ---- random numbers (random.c): Philox4x32-10, counter-based (Salmon et al. 2011) ---- */

typedef struct alc_random_key {
    uint64_t seed;
    uint64_t stream; /* what is drawn: the hash of a name, mixed with epoch or position */
} alc_random_key;
uint64_t alc_hash_text(const char *text);             /* XXH3, 64 bits */
uint64_t alc_mix(uint64_t a, uint64_t b);             /* a well-mixed function of both */
uint32_t alc_random_u32(alc_random_key key, uint64_t index);
/* Uniform in [0, 1): the upper 24 bits / 2^24, the same in every build. */
double alc_random_uniform(alc_random_key key, uint64_t index);
/* The same for `count` indices from `first` on, four at the price of one. */
void alc_random_uniforms(alc_random_key key, uint64_t first, int64_t count, double *values);
/* Uniform in [0, bound) without bias; the same key and index always give the same value. bound > 0. */
uint64_t alc_random_below(alc_random_key key, uint64_t index, uint64_t bound);
/* A random permutation of 0 .. count-1 (Fisher-Yates). */
void alc_random_permutation(alc_random_key key, int64_t count, int64_t *order);

/* ---- 16-bit floats (half.c): IEEE 754 binary16, a sign, 5 bits of exponent, 10 of fraction ---- */

double alc_half_value(uint16_t half);
/* The nearest half, of two the even one; an infinity from 65,520 on. */
uint16_t alc_half_of(double value);

/* ---- text (text.c): independent of the locale ---- */

/* vsnprintf and snprintf with a decimal point whatever the locale. Sentences, texts and files are made with these. */
int alc_format_v(char *buffer, size_t bytes, const char *format, va_list arguments);
int alc_format(char *buffer, size_t bytes, const char *format, ...) ALC_PRINTF(3, 4);

/* Moves the text's ends inwards past spaces and tabs. */
void alc_trim(const char **text, size_t *length);

/* Parses a whole cell as a decimal floating-point number with a point; false for anything else, for infinities, NaN,
 * hexadecimal, leading or trailing characters other than spaces and tabs. */
bool alc_parse_double(const char *text, size_t length, double *value);
bool alc_parse_int64(const char *text, size_t length, int64_t *value);

/* Growing text buffer; after a failed allocation `failed` stays set and appends do nothing. */
typedef struct alc_text {
    alc_context *context;
    char *data; /* zero-terminated, "" at first use of alc_text_string */
    size_t length, capacity;
    bool failed;
} alc_text;
void alc_text_init(alc_text *text, alc_context *context);
void alc_text_append(alc_text *text, const char *format, ...) ALC_PRINTF(2, 3);
const char *alc_text_string(const alc_text *text); /* never NULL */
void alc_text_free(alc_text *text);

#endif
