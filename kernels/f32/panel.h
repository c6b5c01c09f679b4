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

/* Elements of all panels of a [k][columns] matrix. */
ALCK_INLINE int64_t panel_elements(int64_t k, int64_t columns)
{
    return k * ((columns + VF_LANES - 1) / VF_LANES * VF_LANES);
}

/* A matrix's long k is cut into chapters, whole blocks, whose panels follow each other: what is packed from some rows lies in one
 * place, so that a large weight can give its memory back while its packed copy grows. */
#define CHAPTER_TERMS ((int64_t)(8 * K_BLOCK))

/* Where row k of a panel lies among the elements of all; the rows after it follow, to the end of its chapter of `chapter` terms. */
ALCK_INLINE int64_t panel_offset(int64_t terms, int64_t chapter, int64_t columns, int64_t panel, int64_t k)
{
    const int64_t begin = k / chapter * chapter, length = terms - begin < chapter ? terms - begin : chapter;
    const int64_t width = panel_vectors(columns, panel) * VF_LANES;
    return panel_elements(begin, columns) + panel * length * TILE_COLUMNS + (k - begin) * width;
}

/* Packs `length` rows of k into one panel's memory `packed` ([terms][width], width = vectors * VF_LANES). The source is
 * at its first wanted element: [k][columns] with `stride` between rows, or [columns][k] where transposed. */
void ALCK_NAME(panel_pack)(alck_operands operands, int64_t length, int64_t columns, const alck_real *source, int64_t stride,
                           bool transposed, alck_real *packed);

/* A right operand [stretches][reals][columns], `stride` between rows; or one stretch [columns][reals] where transposed. Of one
 * stretch `count` rows of k from `first` on are packed; a count of 0 means all. */
typedef struct pack_source {
    int64_t stretches, reals, columns;
    int64_t first, count;
    const alck_real *values;
    int64_t stride;
    bool transposed;
    bool chapters; /* else all of k is one */
    alck_operands operands;
} pack_source;

void ALCK_NAME(pack_panels)(const alck_parallel *par, const pack_source *source, alck_real *packed);

#endif
