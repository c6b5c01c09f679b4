/* plan_memory.c - where buffers lie in the arena. Pure: sizes and lifetimes in, offsets out.
 *
 * Greedy by size (Pisarchyk and Lee, arXiv 2001.03288): buffers are placed from the largest to the smallest, each in the
 * smallest gap that is large enough between buffers that live at the same time. */
#include <stdlib.h>

#include "lib/compile/compile.h"

static bool overlap_in_time(const alc_buffer *a, const alc_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Insertion sort of indices, largest first, equal sizes in order of number: plans have some hundreds of buffers. */
static void order_by_size(const alc_buffer *buffers, int64_t count, int64_t *order)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t at = i;
        while (at > 0 && buffers[order[at - 1]].bytes < buffers[i].bytes) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* `placed` holds indices in order of their offset. */
static size_t find_offset(const alc_buffer *buffers, const alc_buffer *buffer, const int64_t *placed, int64_t placed_count,
                          size_t bytes)
{
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (int64_t i = 0; i < placed_count; i++) {
        const alc_buffer *other = &buffers[placed[i]];
        if (!overlap_in_time(buffer, other))
            continue;
        if (other->offset >= end && other->offset - end >= bytes && other->offset - end < best_gap) {
            best = end;
            best_gap = other->offset - end;
        }
        if (other->offset + other->bytes > end)
            end = other->offset + other->bytes;
    }
    return best == SIZE_MAX ? end : best;
}

size_t alc_plan_memory(alc_buffer *buffers, int64_t count, size_t alignment, int64_t *order, int64_t *placed)
{
    int64_t placed_count = 0;
    size_t arena = 0;
    for (int64_t i = 0; i < count; i++) {
        if (buffers[i].bytes > SIZE_MAX - alignment)
            return SIZE_MAX;
        buffers[i].bytes = (buffers[i].bytes + alignment - 1) / alignment * alignment;
    }
    order_by_size(buffers, count, order);
    for (int64_t i = 0; i < count; i++) {
        alc_buffer *buffer = &buffers[order[i]];
        if (buffer->first > buffer->last)
            continue;
        buffer->offset = find_offset(buffers, buffer, placed, placed_count, buffer->bytes);
        if (buffer->offset > SIZE_MAX - buffer->bytes)
            return SIZE_MAX;
        int64_t at = placed_count++;
        while (at > 0 && buffers[placed[at - 1]].offset > buffer->offset) {
            placed[at] = placed[at - 1];
            at--;
        }
        placed[at] = order[i];
        if (buffer->offset + buffer->bytes > arena)
            arena = buffer->offset + buffer->bytes;
    }
    return arena;
}
