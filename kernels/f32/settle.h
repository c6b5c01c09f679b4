/* kernels/f32/settle.h - what becomes of the chains of a tile: added to the blocks' sums before them, kept, or finished
 * by the epilogue and stored.
 */
#ifndef ALCK_F32_SETTLE_H
#define ALCK_F32_SETTLE_H

#include "kernels/f32/epilogue.h"
#include "kernels/f32/tile.h"

#define SETTLED_VECTORS 4

/* Whether the last block can go from registers to the output: whole vectors, and a simple epilogue. */
ALCK_INLINE bool settles_in_registers(const tile_target *t, int64_t vectors)
{
    return t->last && t->columns == vectors * VF_LANES && epilogue_is_simple(t->epilogue);
}

/* What becomes of one row's chains: added to the sums before, kept there or finished. */
ALCK_INLINE void settle_row(int64_t row, int64_t vectors, bool finish, const tile_target *t, vf v0, vf v1,
                            vf v2, vf v3)
{
    alck_real *sums = t->sums + row * vectors * VF_LANES;
    vf values[SETTLED_VECTORS] = {v0, v1, v2, v3};
    if (!t->first)
        for (int64_t v = 0; v < vectors; v++)
            values[v] = vf_add(vf_load(sums + v * VF_LANES), values[v]);
    if (!finish) {
        for (int64_t v = 0; v < vectors; v++)
            vf_store(sums + v * VF_LANES, values[v]);
        return;
    }
    alck_real *output = t->output + t->pixels[row] * t->output_stride + t->channel;
    for (int64_t v = 0; v < vectors; v++)
        vf_store(output + v * VF_LANES,
                 epilogue_simple(t->epilogue, values[v], t->pixels[row], t->channel + v * VF_LANES,
                                 output + v * VF_LANES));
}

/* The rows whose epilogue or width the registers cannot serve: from the sums. */
static inline void finish_rows(int64_t rows, int64_t vectors, const tile_target *t)
{
    const epilogue_rows_job job = {.rows = rows, .channel = t->channel, .count = t->columns,
                                   .sums_pitch = vectors * VF_LANES, .output_stride = t->output_stride, .sums = t->sums,
                                   .pixels = t->pixels, .output = t->output + t->channel};
    epilogue_rows(t->epilogue, &job);
}

#endif
