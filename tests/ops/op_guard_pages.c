/* op_guard_pages.c - see op_guard_pages.h. A block ends at the end of its last page, as far as alignment allows; the rest,
 * in front and behind, is the pattern's. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/ops/op_guard_pages.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATTERN 0x5a

typedef struct block {
    unsigned char *pages; /* readable ones */
    size_t page_bytes;    /* of all readable pages */
    size_t start;         /* of the block in them */
} block;

/* Blocks are aligned to at most 64 bytes, so that their place follows from their size. */
static block layout(void *memory, size_t bytes, size_t page)
{
    block b = {.page_bytes = (bytes + page - 1) / page * page};
    if (b.page_bytes == 0)
        b.page_bytes = page;
    b.start = (b.page_bytes - bytes) / 64 * 64;
    b.pages = memory ? (unsigned char *)memory - b.start : NULL;
    return b;
}

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    op_guard_pages *guard = user;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    block b = layout(NULL, bytes, page);
    if (alignment > 64)
        return NULL;
    unsigned char *all = mmap(NULL, b.page_bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    if (mprotect(all + page, b.page_bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(all, b.page_bytes + 2 * page);
        return NULL;
    }
    memset(all + page, PATTERN, b.page_bytes);
    atomic_fetch_add(&guard->outstanding, 1);
    return all + page + b.start;
}

static bool holds_pattern(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != PATTERN)
            return false;
    }
    return true;
}

static void release(void *user, void *memory, size_t bytes)
{
    op_guard_pages *guard = user;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    block b = layout(memory, bytes, page);
    if (!holds_pattern(b.pages, b.start) ||
        !holds_pattern(b.pages + b.start + bytes, b.page_bytes - b.start - bytes))
        atomic_fetch_add(&guard->damaged, 1);
    munmap(b.pages - page, b.page_bytes + 2 * page);
    atomic_fetch_sub(&guard->outstanding, 1);
}

alc_allocator op_guard_pages_allocator(op_guard_pages *guard)
{
    atomic_init(&guard->outstanding, 0);
    atomic_init(&guard->damaged, 0);
    return (alc_allocator){guard, allocate, release};
}
