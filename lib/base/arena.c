/* lib/base/arena.c - many small allocations that die together: names, nodes, parsed headers. It is
 * not a pool that reuses memory; nothing is given back before alc_arena_free. */
#include "lib/base/base.h"

#define ARENA_ALIGNMENT ((size_t)16)

/* Followed by its memory, at the first multiple of ARENA_ALIGNMENT. */
typedef struct alc_arena_block {
    struct alc_arena_block *next;
    size_t used, capacity;
} alc_arena_block;

#define HEADER_BYTES                                                                               \
    ((sizeof(alc_arena_block) + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT)

void alc_arena_init(alc_arena *arena, alc_context *context)
{
    arena->context = context;
    arena->blocks = NULL;
}

void *alc_arena_allocate(alc_arena *arena, size_t bytes, const char *what)
{
    size_t padded = 0, total = 0;
    if (!alc_add_sizes(bytes, ARENA_ALIGNMENT - 1, &padded)) {
        alc_fail_memory(arena->context, bytes, what);
        return NULL;
    }
    padded = padded / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    alc_arena_block *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < padded) {
        size_t capacity = padded > ALC_ARENA_BLOCK_BYTES ? padded : ALC_ARENA_BLOCK_BYTES;
        if (!alc_add_sizes(capacity, HEADER_BYTES, &total)) {
            alc_fail_memory(arena->context, bytes, what);
            return NULL;
        }
        block = alc_allocate(arena->context, total, what);
        if (block == NULL)
            return NULL;
        block->capacity = capacity;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = (unsigned char *)block + HEADER_BYTES + block->used;
    block->used += padded;
    return memory;
}

char *alc_arena_format(alc_arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char *text = NULL;
    int length = alc_format_v(NULL, 0, format, arguments);
    if (length < 0) {
        alc_fail(arena->context, ALC_INVALID_ARGUMENT, "a text cannot be formatted");
    } else {
        text = alc_arena_allocate(arena, (size_t)length + 1, "a text");
        if (text != NULL)
            alc_format_v(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    return text;
}

size_t alc_arena_bytes(const alc_arena *arena)
{
    size_t bytes = 0;
    for (const alc_arena_block *block = arena->blocks; block != NULL; block = block->next)
        bytes += HEADER_BYTES + block->capacity;
    return bytes;
}

void alc_arena_free(alc_arena *arena)
{
    alc_arena_block *block = arena->blocks;
    while (block != NULL) {
        alc_arena_block *next = block->next;
        alc_free(arena->context, block);
        block = next;
    }
    arena->blocks = NULL;
}
