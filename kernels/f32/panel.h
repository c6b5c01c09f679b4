/* kernels/f32/panel.h - the packed right operand: a [k][columns] matrix cut in panels of TILE_COLUMNS columns, each
 * panel [k][its vectors * VF_LANES] and contiguous. The last panel has only as many vectors as its columns need and is
 * filled up with zeros, so that tiles load whole vectors and never read outside.
 */
#ifndef ALCK_F32_PANEL_H
#define ALCK_F32_PANEL_H

#include "kernels/f32/tile.h"

ALCK_INLINE int64_t panel_count(int64_t columns)
{
    return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

ALCK_INLINE int64_t panel_columns(int64_t columns, int64_t panel)
{
    const int64_t left = columns - panel * TILE_COLUMNS;
    return left < TILE_COLUMNS ? left : TILE_COLUMNS;
}

ALCK_INLINE int64_t panel_vectors(int64_t columns, int64_t panel)
{
    return (panel_columns(columns, panel) + VF_LANES - 1) / VF_LANES;
}

/* Elements of all panels of a [k][columns] matrix; panel p starts at p * k * TILE_COLUMNS. */
ALCK_INLINE int64_t panel_elements(int64_t k, int64_t columns)
{
    return k * ((columns + VF_LANES - 1) / VF_LANES * VF_LANES);
}

/* Packs `length` rows of k into one panel's memory `packed` ([terms][width], width = vectors * VF_LANES). The source is
 * at its first wanted element: [k][columns] with `stride` between rows, or [columns][k] where transposed. */
void ALCK_NAME(panel_pack)(alck_operands operands, int64_t length, int64_t columns, const alck_real *source, int64_t stride,
                           bool transposed, alck_real *packed);

/* A right operand [stretches][reals][columns], `stride` between rows; or one stretch [columns][reals] where transposed. */
typedef struct pack_source {
    int64_t stretches, reals, columns;
    const alck_real *values;
    int64_t stride;
    bool transposed;
    alck_operands operands;
} pack_source;

void ALCK_NAME(pack_panels)(const alck_parallel *par, const pack_source *source, alck_real *packed);

#endif
