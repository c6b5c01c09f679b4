/* kernels/f32/conv_winograd_product.c - the 36 matrix products of Winograd's convolution, by the register tiles of all
 * products (tile.h): conv_winograd.h.
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
    const int64_t count = rows->count, parts = even_parts(count, TILE_ROWS);
    target->ahead = (uintptr_t)(panel + length * vectors * VF_LANES);
    target->ahead_lines = lines_ahead(vectors * VF_LANES, parts);
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
    const int64_t terms = w->terms, columns = w->s.out_channels;
    const int64_t pitch = tile_pitch(terms), next = TILE_ROWS * pitch * (int64_t)sizeof *v;
    product_rows rows = {.count = count};
    alck_real sums[TILE_ROWS * TILE_COLUMNS];
    for (int64_t t = 0; t < count; t++)
        rows.pixels[t] = t;
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++)
        for (int64_t first = 0; first < terms; first += K_BLOCK) {
            const int64_t length = terms - first < K_BLOCK ? terms - first : K_BLOCK;
            const alck_epilogue epilogue = {.add = first > 0};
            const alck_real *panel_u = u;
            for (int64_t t = 0; t < count; t++)
                rows.pointers[t] = v + t * pitch + position * position_pitch(terms) + first;
            for (int64_t p = panel; p < end; p++) {
                const int64_t vectors = panel_vectors(columns, p), width = vectors * VF_LANES;
                tile_target target = {.sums = sums, .first = true, .last = true,
                                      .output = m + position * position_pitch(WINOGRAD_COLUMNS) + (p - panel) * TILE_COLUMNS,
                                      .output_stride = tile_pitch(WINOGRAD_COLUMNS), .columns = width,
                                      .epilogue = &epilogue};
                multiply_terms(w->s.operands, &rows, length, next, vectors,
                               panel_u + position * panel_pitch(terms, vectors) + first * width, &target);
                panel_u += panel_values(terms, vectors);
            }
        }
}
