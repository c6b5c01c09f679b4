/* kernels/f32/left.h - finds the left operand of a product for a block of output rows and a block of k: where each
 * row's terms lie in the image. Values are copied only where they must be: a row of small taps that reaches into the
 * padding, channels too few for a piece of their own, pixels so far apart in powers of two that they would share
 * one set of the first cache, values that a gate multiplies or a batch norm changes, or reals that become pairs of
 * bf16. A depthwise convolution's values are formed there.
 */
#ifndef ALCK_F32_LEFT_H
#define ALCK_F32_LEFT_H

#include "kernels/f32/grid.h"

/* Output rows of one task: sixteen tiles, so that a panel's block of k is loaded into the first cache once for sixteen, and
 * the left operand's stays within a quarter of a second cache. */
#define ROWS_MOST (TILE_ROWS * 16)
/* A copied row, a little longer than a block of k, so that rows do not share cache sets. */
#define COPIED_ROW (K_BLOCK + 16)
/* The same for a tile of TILE_ROWS values per k. */
#define COPIED_TILE (K_BLOCK * TILE_ROWS + 16)

typedef enum left_kind {
    LEFT_TAPS,     /* a piece of k is a tap, or 256 channels of one */
    LEFT_TAP_ROWS, /* a piece of k is a row of taps whose pixels lie side by side */
    LEFT_COPIED,   /* rows are copied, a whole block of k side by side */
    LEFT_BY_K      /* the matrix is stored transposed */
} left_kind;

typedef struct left_block {
    int64_t first_row, rows, runs;
    grid_run *run;                    /* [ROWS_MOST] */
    int64_t *pixels;                  /* [ROWS_MOST] output pixels */
    const alck_real **pointers;       /* [pieces][ROWS_MOST]; none for LEFT_BY_K */
    int64_t *lengths;                 /* [pieces] */
    int64_t pieces;
    int64_t length;                   /* of the block of k */
    alck_real *copies;                /* rows of COPIED_ROW; for LEFT_BY_K tiles of COPIED_TILE, as tile_columns wants them */
} left_block;

left_kind ALCK_NAME(left_choose)(const product *p);
/* Values from a row's terms to those wanted in its place a tile or more later, most likely (tile_rows.next). */
int64_t ALCK_NAME(left_next)(const product *p);
const char *ALCK_NAME(left_name)(const product *p);
/* How many blocks k has (at least one: an empty product has one empty block). */
int64_t ALCK_NAME(left_blocks)(const product *p);
size_t ALCK_NAME(left_scratch_bytes)(const product *p);
/* Lays a left_block out in scratch and finds the pixels of its rows. */
void ALCK_NAME(left_begin)(const product *p, int64_t first_row, int64_t rows, void *scratch, left_block *left);
/* Finds the terms of block `block`; returns where the block begins in k. */
int64_t ALCK_NAME(left_find)(const product *p, int64_t group, int64_t block, left_block *left);

#endif
