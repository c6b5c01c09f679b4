/* kernels/f32/grid.h - where the input pixels of a product's output pixels lie in memory, tap by tap.
 */
#ifndef ALCK_F32_GRID_H
#define ALCK_F32_GRID_H

#include "kernels/f32/product.h"

/* Consecutive grid points of one grid row. */
typedef struct grid_run {
    int64_t image, y, x, count;
} grid_run;

/* What is read at once of a pixel: some channels of a tap; or `taps` taps of one row, whose pixels are neighbours. */
typedef struct k_piece {
    int64_t tap_y, tap_x, taps, channel;
} k_piece;

/* Whether the taps of one row are short enough, and side by side, to be read as one piece. */
bool ALCK_NAME(grid_joins_taps)(const product *p);
/* Cuts grid points [first, first + count), counted through all images, into runs (at most `count`); returns how many. */
int64_t ALCK_NAME(grid_find_runs)(const product *p, int64_t first, int64_t count, grid_run *run);
/* Where each grid point of the runs finds the piece: in the image; among zeros, in the padding; or, for joined taps that
 * reach into the padding or whose pixels have gaps between them, in its slot of copies[grid point][TAP_ROW_MOST], which is
 * filled. */
void ALCK_NAME(grid_point)(const product *p, const grid_run *run, int64_t runs, int64_t group, const k_piece *piece,
                           const alck_real **pointers, alck_real *copies);

#endif
