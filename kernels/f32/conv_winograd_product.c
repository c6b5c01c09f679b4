/* kernels/f32/conv_winograd_product.c - the 36 matrix products of a few of Winograd's tiles and columns, which stay in the second
 * cache, by the register tiles of all products (tile.h): conv_winograd.h.
 */
#include "kernels/f32/conv_winograd.h"

/* Where a block of tiles lies, and what the register tiles are told of it. */
typedef struct product_rows {
    int64_t count;
    const alck_real *pointers[WINOGRAD_TILES_MOST];
    int64_t pixels[WINOGRAD_TILES_MOST]; /* of M: the tiles themselves */
} product_rows;

/* `length` terms of one position of all tiles times a panel's, to M, which lies at `target`. */
static void multiply_terms(alck_operands operands, const product_rows *rows, int64_t length, int64_t next, int64_t vectors, const alck_real *panel,
                              tile_target *target)
{
    const int64_t count = rows->count, parts = ceil_divide(count, TILE_ROWS);
    target->ahead = (uintptr_t)(panel + length * vectors * VF_LANES);
    target->ahead_lines = lines_ahead(vectors * VF_LANES, parts);
    target->output_rows = output_rows_ahead(length);
    for (int64_t part = 0; part < parts; part++) {
        const int64_t row = part_start(count, parts, part);
        const tile_rows left = {rows->pointers + row, WINOGRAD_TILES_MOST, &length, 1, (uintptr_t)next};
        target->pixels = rows->pixels + row;
        multiply_by_rows(operands, part_start(count, parts, part + 1) - row, vectors, &left, panel, target);
        target->ahead += bytes_ahead(target->ahead_lines, length);
    }
}

void ALCK_NAME(winograd_product)(const winograd *w, int64_t count, const alck_real *v, int64_t panel, int64_t end,
                                 const alck_real *u, alck_real *m)
{
    const int64_t terms = w->terms, columns = width_of_panels(w, panel, end);
    const int64_t pitch = tile_pitch(terms), next = TILE_ROWS * pitch * (int64_t)sizeof *v;
    product_rows rows = {.count = count};
    alck_real sums[TILE_ROWS * TILE_COLUMNS];
    for (int64_t t = 0; t < count; t++)
        rows.pixels[t] = t;
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++, u += terms * columns, m += columns)
        for (int64_t first = 0; first < terms; first += K_BLOCK) {
            const int64_t length = smaller(terms - first, K_BLOCK);
            const alck_epilogue epilogue = {.add = first > 0};
            for (int64_t t = 0; t < count; t++)
                rows.pointers[t] = v + t * pitch + position * terms + first;
            for (int64_t column = 0; column < columns; column += TILE_COLUMNS) {
                const int64_t width = smaller(columns - column, TILE_COLUMNS);
                tile_target target = {.sums = sums, .first = true, .last = true, .output = m + column,
                                      .output_stride = tile_pitch(columns), .columns = width, .epilogue = &epilogue};
                multiply_terms(w->s.operands, &rows, length, next, width / VF_LANES, u + column * terms + first * width, &target);
            }
        }
}
