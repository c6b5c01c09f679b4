/* lib/base/memory.c - every allocation of the library. A header of one alignment unit in front of
 * each block remembers its size, so that alc_free needs only the pointer although the hook's
 * release wants the bytes. */
#define _DEFAULT_SOURCE /* madvise */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/context_private.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE ((uintptr_t)sysconf(_SC_PAGESIZE))

typedef struct block_header {
    size_t bytes; /* of the whole block, header included */
} block_header;

static void *system_allocate(void *user, size_t bytes, size_t alignment)
{
    const bool huge = bytes >= 2 * HUGE_PAGE;
    void *memory = NULL;
    (void)user;
    if (posix_memalign(&memory, huge ? HUGE_PAGE : alignment, bytes) != 0)
        return NULL;
    /* A plan's activations are walked over from end to end: with small pages their addresses alone overflow the processor's
     * tables, and each page is a fault when it is first touched. Where the system has no huge pages nothing changes. */
    if (huge)
        (void)madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return memory;
}

static void system_release(void *user, void *memory, size_t bytes)
{
    (void)user;
    /* free() may keep a block for later ones; the pages of a large one, such as a weight that is given back, it need not keep. */
    if (bytes >= HUGE_PAGE / 2) {
        const uintptr_t first = ((uintptr_t)memory + PAGE - 1) / PAGE * PAGE, end = ((uintptr_t)memory + bytes) / PAGE * PAGE;
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
    }
    free(memory);
}

const alc_allocator alc_system_allocator = {NULL, system_allocate, system_release};

bool alc_multiply_sizes(size_t a, size_t b, size_t *product)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *product = a * b;
    return true;
}

bool alc_add_sizes(size_t a, size_t b, size_t *sum)
{
    if (a > SIZE_MAX - b)
        return false;
    *sum = a + b;
    return true;
}

/* Systems promise more than they have and kill who takes it: so what cannot be had is not asked for. */
static bool take_bytes(alc_context *context, size_t bytes)
{
    const size_t held = atomic_fetch_add(&context->held_bytes, bytes);
    if (held <= context->most_bytes && bytes <= context->most_bytes - held)
        return true;
    atomic_fetch_sub(&context->held_bytes, bytes);
    return false;
}

void *alc_allocate_untouched(alc_context *context, size_t bytes, const char *what)
{
    size_t total = 0;
    unsigned char *block = NULL;
    const bool taken = alc_add_sizes(bytes, ALC_ALIGNMENT, &total) && take_bytes(context, total);
    if (taken)
        block = context->allocator.allocate(context->allocator.user, total, ALC_ALIGNMENT);
    if (block == NULL) {
        if (taken)
            atomic_fetch_sub(&context->held_bytes, total);
        alc_fail_memory(context, bytes, what);
        return NULL;
    }
    ((block_header *)(void *)block)->bytes = total;
    return block + ALC_ALIGNMENT;
}

void *alc_allocate(alc_context *context, size_t bytes, const char *what)
{
    void *memory = alc_allocate_untouched(context, bytes, what);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}

void *alc_allocate_array_untouched(alc_context *context, size_t count, size_t size, const char *what)
{
    size_t bytes = 0;
    if (!alc_multiply_sizes(count, size, &bytes)) {
        alc_fail(context, ALC_OUT_OF_MEMORY, "cannot allocate %zu times %zu bytes for %s", count,
                 size, what);
        return NULL;
    }
    return alc_allocate_untouched(context, bytes, what);
}

void *alc_allocate_array(alc_context *context, size_t count, size_t size, const char *what)
{
    void *memory = alc_allocate_array_untouched(context, count, size, what);
    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void *alc_reallocate_array(alc_context *context, void *memory, size_t old_count, size_t count,
                           size_t size, const char *what)
{
    void *larger = alc_allocate_array(context, count, size, what);
    if (larger == NULL)
        return NULL;
    size_t kept = old_count < count ? old_count : count;
    if (memory != NULL && kept > 0)
        memcpy(larger, memory, kept * size);
    alc_free(context, memory);
    return larger;
}

void alc_discard(alc_context *context, void *memory, size_t bytes)
{
    if (context->allocator.allocate != system_allocate)
        return;
    /* whole huge pages: the system would cut others up first */
    const uintptr_t first = ((uintptr_t)memory + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const uintptr_t end = ((uintptr_t)memory + bytes) / HUGE_PAGE * HUGE_PAGE;
    if (first < end)
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
}

void alc_free(alc_context *context, void *memory)
{
    if (memory == NULL)
        return;
    void *block = (unsigned char *)memory - ALC_ALIGNMENT;
    const size_t bytes = ((block_header *)block)->bytes;
    context->allocator.release(context->allocator.user, block, bytes);
    atomic_fetch_sub(&context->held_bytes, bytes);
}

char *alc_copy_text(alc_context *context, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = alc_allocate(context, bytes, "a copy of a text");
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}
