/* kernels/f32/output_ahead.h - the lines that a tile's results will be stored in, and those of what is added to them, are fetched
 * while the tile multiplies.
 */
#ifndef ALCK_F32_OUTPUT_AHEAD_H
#define ALCK_F32_OUTPUT_AHEAD_H

#include "kernels/f32/tile.h"

/* So many lines of a tile's output are fetched at once. More would take all that a core has for lines on their way, and what the
 * products read from the second cache would wait: they are fetched a few rows at a time. */
#define LINES_AT_ONCE 16

ALCK_INLINE bool fetched_at_once(int64_t rows, int64_t vectors)
{
    return rows * vectors * VF_LANES <= LINES_AT_ONCE * LINE_VALUES;
}

ALCK_INLINE void fetch_row(uintptr_t row, int64_t vectors)
{
    for (uintptr_t i = 0; i < (uintptr_t)(vectors * VF_LANES) * sizeof(alck_real); i += LINE_BYTES)
        FETCH(row + i);
}

/* Where a row's results will be stored, and what will be added to them. */
ALCK_INLINE uintptr_t output_row(const tile_target *t, int64_t r)
{
    return (uintptr_t)(t->output + t->pixels[r] * t->output_stride);
}

ALCK_INLINE uintptr_t residual_row(const tile_target *t, int64_t r)
{
    return (uintptr_t)(t->residual + t->pixels[r] * t->epilogue->residual_stride);
}

ALCK_INLINE void fetch_at_once(int64_t rows, int64_t vectors, const tile_target *t)
{
    if (!t->last)
        return;
    for (int64_t r = 0; r < rows; r++)
        fetch_row(output_row(t, r), vectors);
    for (int64_t r = 0; r < rows && t->residual != NULL; r++)
        fetch_row(residual_row(t, r), vectors);
}

/* What of it is not fetched yet. */
typedef struct output_left {
    uintptr_t rows[2 * TILE_ROWS], *next, *end;
    int64_t each_time;
} output_left;

ALCK_INLINE void fetch_some(int64_t vectors, output_left *o)
{
    uintptr_t *const end = o->end - o->next > o->each_time ? o->next + o->each_time : o->end;
    for (; o->next != end; o->next++)
        fetch_row(*o->next, vectors);
}

ALCK_ONCE void fetch_first(int64_t rows, int64_t vectors, const tile_target *t, output_left *o)
{
    o->next = o->end = o->rows;
    o->each_time = t->output_rows;
    if (!t->last)
        return;
    for (int64_t r = 0; r < rows; r++)
        *o->end++ = output_row(t, r);
    if (t->residual != NULL) {
        o->each_time *= 2;
        for (int64_t r = 0; r < rows; r++)
            *o->end++ = residual_row(t, r);
    }
    fetch_some(vectors, o);
}

/* Before a tile's products. */
ALCK_INLINE void begin_output(int64_t rows, int64_t vectors, const tile_target *t, output_left *o)
{
    if (fetched_at_once(rows, vectors))
        fetch_at_once(rows, vectors, t);
    else
        fetch_first(rows, vectors, t, o);
}

/* Again for each line of k. */
ALCK_INLINE void fetch_more_output(int64_t rows, int64_t vectors, output_left *o)
{
    if (!fetched_at_once(rows, vectors))
        fetch_some(vectors, o);
}

#endif
