/* kernels/f32/tile_bf16.h - the tiles of tile.c on pairs of bf16 values, by VDPBF16PS: only for CPUs that have it. */
#ifndef ALCK_F32_TILE_BF16_H
#define ALCK_F32_TILE_BF16_H

#include "kernels/f32/tile.h"

void ALCK_NAME(tile_bf16_by_rows)(int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel,
                                  const tile_target *target);
void ALCK_NAME(tile_bf16_by_columns)(int64_t rows, int64_t vectors, const tile_columns *left, const alck_real *panel,
                                     const tile_target *target);

#endif
