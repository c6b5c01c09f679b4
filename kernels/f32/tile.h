/* kernels/f32/tile.h - the register tiles under every product: up to TILE_ROWS rows by TILE_VECTORS vectors of outputs.
 *
 * A tile adds one block of k (at most K_BLOCK terms) to its outputs: every output starts a chain at +0, does one FMA per
 * k in order, and the chain's result is then added to the sum of the blocks before it. After the last block the epilogue
 * is applied and the output stored. So tiles decide nothing about bits: which rows and columns share a tile is free.
 *
 * The right operand is always a packed panel [k][vectors * VF_LANES] (panel.h). The left one is read in
 * one of two ways: a row's k are contiguous and each row has a pointer (pixels of an image, rows of a matrix), or a k's
 * rows are contiguous and were packed (a transposed matrix, the input in a weight gradient).
 *
 * Tiles know what comes after them and fetch it while they multiply: the next rows and a share of the next panel. The
 * hardware's own prefetching sees a few hundred bytes of each row, too few to learn from.
 */
#ifndef ALCK_F32_TILE_H
#define ALCK_F32_TILE_H

#include "kernels/isa.h"

#define K_BLOCK 256
#define TILE_ROWS ALCK_TILE_ROWS
#define TILE_VECTORS ALCK_TILE_VECTORS
#define TILE_COLUMNS ((int64_t)(ALCK_TILE_VECTORS * VF_LANES))
/* Values in a cache line. */
#define LINE_BYTES 64
#define LINE_VALUES ((int64_t)(LINE_BYTES / sizeof(alck_real)))

/* What is fetched ahead is guessed and may lie outside of every array: so it is an address, never a pointer. */
#define FETCH(address) __builtin_prefetch((const void *)(address))
#define FETCH_FOR_LATER(address) __builtin_prefetch((const void *)(address), 0, 2)

/* Where a tile's values go. */
typedef struct tile_target {
    alck_real *sums;          /* [rows][vectors * VF_LANES], this tile's own: block sums, and room to finish edges in */
    bool first, last;         /* of the blocks of k; sums are only added to after the first, stored before the last */
    const int64_t *pixels;    /* per row: the output pixel */
    int64_t channel, columns; /* the tile's first channel, and how many channels of it exist */
    alck_real *output;        /* that channel of output pixel 0 */
    const alck_real *residual; /* and of what is added, where it is fetched ahead */
    int64_t output_stride;
    const alck_epilogue *epilogue;
    uintptr_t ahead;          /* address of what is wanted as a panel soon */
    int64_t ahead_lines;      /* of it fetched in the time of as many k as a line has values */
    int64_t output_rows;      /* whose output and residual the last block fetches first and again in each such time */
} tile_target;

/* The left operand by rows: `segments` pieces of k, each with a pointer per row and a length. */
typedef struct tile_rows {
    const alck_real *const *pointers; /* [segments][pitch] */
    int64_t pitch;
    const int64_t *lengths;
    int64_t segments;
    uintptr_t next; /* bytes from a row to the one that the next tile wants in its place, most likely: fetched ahead; 0: they are near already */
} tile_rows;

/* The left operand by k: row r of k is at values[k * stride + r]. The stride must be no large power of two, or a block of k
 * would share a few sets of the first cache: so what lies badly is packed, TILE_ROWS values apart.
 */
typedef struct tile_columns {
    const alck_real *values;
    int64_t length, stride;
} tile_columns;

/* One block of k of a tile of 1..TILE_ROWS rows and 1..TILE_VECTORS vectors. */
void ALCK_NAME(tile_by_rows)(int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel,
                             const tile_target *target);
void ALCK_NAME(tile_by_columns)(int64_t rows, int64_t vectors, const tile_columns *left, const alck_real *panel,
                                const tile_target *target);

#ifndef ALCOR_DOUBLE
/* The same on pairs of bf16 values (alck_operands): tile_pairs.c. */
void ALCK_NAME(tile_pairs_by_rows)(bool emulated, int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel,
                                   const tile_target *target);
void ALCK_NAME(tile_pairs_by_columns)(bool emulated, int64_t rows, int64_t vectors, const tile_columns *left,
                                      const alck_real *panel, const tile_target *target);
#endif

ALCK_INLINE void multiply_by_rows(alck_operands operands, int64_t rows, int64_t vectors, const tile_rows *left,
                                  const alck_real *panel, const tile_target *target)
{
#ifndef ALCOR_DOUBLE
    if (operands != ALCK_REALS) {
        ALCK_NAME(tile_pairs_by_rows)(operands == ALCK_BF16_EMULATED, rows, vectors, left, panel, target);
        return;
    }
#endif
    (void)operands;
    ALCK_NAME(tile_by_rows)(rows, vectors, left, panel, target);
}

ALCK_INLINE void multiply_by_columns(alck_operands operands, int64_t rows, int64_t vectors, const tile_columns *left,
                                     const alck_real *panel, const tile_target *target)
{
#ifndef ALCOR_DOUBLE
    if (operands != ALCK_REALS) {
        ALCK_NAME(tile_pairs_by_columns)(operands == ALCK_BF16_EMULATED, rows, vectors, left, panel, target);
        return;
    }
#endif
    (void)operands;
    ALCK_NAME(tile_by_columns)(rows, vectors, left, panel, target);
}

/* Where part `part` of [0, count) begins, in `parts` as even as can be: the longer ones come first. The divisions are a loop's over
 * parts, not a part's. */
ALCK_INLINE int64_t part_start(int64_t count, int64_t parts, int64_t part)
{
    const int64_t length = count / parts, longer = count % parts;
    return part * length + (part < longer ? part : longer);
}

/* Lines of the next panel, as wide as this one, that each of `tiles` tiles fetches for a line of k, so that together they fetch
 * all of it; and the bytes that a tile then fetches in a block of k. */
ALCK_INLINE int64_t lines_ahead(int64_t width, int64_t tiles)
{
    return ceil_divide(width, tiles);
}

ALCK_INLINE uintptr_t bytes_ahead(int64_t lines, int64_t length)
{
    return (uintptr_t)(length / LINE_VALUES * lines) * LINE_BYTES;
}

/* Rows whose output a tile fetches to begin with, and again for each line of k, so that `length` terms fetch that of all rows. */
ALCK_INLINE int64_t output_rows_ahead(int64_t length)
{
    return ceil_divide(TILE_ROWS, length / LINE_VALUES + 1);
}

#endif
