/* kernels/f32/settle.h - what becomes of the chains of a tile: added to the blocks' sums before them, kept, or finished
 * by the epilogue and stored.
 *
 * The chains are local variables s0_0, s0_1, ... (row, vector), so that they stay in registers; EACH_ROW lists the rows of the
 * largest tile, and `rows` and `vectors`, constants where this is expanded, say which of them there are. Each step is taken for
 * all rows before the next one: what decides it is looked at once a tile. What a tile is told is copied first, for a vector that
 * is stored might have changed it, as far as the compiler knows.
 */
#ifndef ALCK_F32_SETTLE_H
#define ALCK_F32_SETTLE_H

#include "kernels/f32/epilogue.h"
#include "kernels/f32/tile.h"

#define SETTLED_VECTORS 4
_Static_assert(TILE_ROWS <= ROUNDED_ROWS && TILE_COLUMNS <= ROUNDED_COUNT, "a tile larger than what is rounded together");

/* Whether the last block can go from registers to the output: whole vectors, and an epilogue that the tile has code for, which is
 * any simple one or none. */
ALCK_INLINE bool settles_in_registers(const tile_target *t, int64_t vectors, bool simple)
{
    return t->last && t->columns == vectors * VF_LANES
           && (simple ? epilogue_is_simple(t->epilogue) : epilogue_only_stores(t->epilogue));
}

/* The rows whose epilogue or width the registers cannot serve: from the sums. */
static inline void finish_rows(int64_t rows, int64_t vectors, const tile_target *t)
{
    const epilogue_rows_job job = {.rows = rows, .channel = t->channel, .count = t->columns,
                                   .sums_pitch = vectors * VF_LANES, .output_stride = t->output_stride, .sums = t->sums,
                                   .pixels = t->pixels, .output = t->output};
    ALCK_NAME(epilogue_rows)(t->epilogue, &job);
}

/* DO(row, vector, where) for a row's vectors, whose values lie at `where`. */
#define EACH_OF_ROW(r, where, DO)                                 \
    if (rows > r) {                                               \
        DO(r, 0, where)                                           \
        if (vectors > 1) { DO(r, 1, where) }                      \
        if (vectors > 2) { DO(r, 2, where) }                      \
        if (vectors > 3) { DO(r, 3, where) }                      \
    }

#define ADD_VECTOR(r, v, at) s##r##_##v = vf_add(vf_load((at) + v * VF_LANES), s##r##_##v);
#define STORE_VECTOR(r, v, at) vf_store((at) + v * VF_LANES, s##r##_##v);
#define RELU_VECTOR(r, v, at) s##r##_##v = vf_relu(s##r##_##v);
#define RELU6_VECTOR(r, v, at) s##r##_##v = vf_relu6(s##r##_##v);

#define ROW_SUMS(r) (sums + r * vectors * VF_LANES)
#define ROW_OUTPUT(r) (output + pixels[r] * output_stride)
#define ROW_RESIDUAL(r) (e.residual + pixels[r] * e.residual_stride + first_channel)
#define ROW_BIAS(r) (e.bias + first_channel)

#define ADD_SUMS(r) EACH_OF_ROW(r, ROW_SUMS(r), ADD_VECTOR)
#define KEEP_SUMS(r) EACH_OF_ROW(r, ROW_SUMS(r), STORE_VECTOR)
#define ADD_OUTPUT(r) EACH_OF_ROW(r, ROW_OUTPUT(r), ADD_VECTOR)
#define ADD_BIAS(r) EACH_OF_ROW(r, ROW_BIAS(r), ADD_VECTOR)
#define ADD_RESIDUAL(r) EACH_OF_ROW(r, ROW_RESIDUAL(r), ADD_VECTOR)
#define RELU_ROW(r) EACH_OF_ROW(r, , RELU_VECTOR)
#define RELU6_ROW(r) EACH_OF_ROW(r, , RELU6_VECTOR)
#define STORE_OUTPUT(r) EACH_OF_ROW(r, ROW_OUTPUT(r), STORE_VECTOR)

/* All rows of a tile to its sums, added to what is there after the first block. */
#define KEEP(EACH_ROW, tile_sums, is_first)         \
    do {                                            \
        alck_real *const sums = (tile_sums);        \
        if (!(is_first)) {                          \
            EACH_ROW(ADD_SUMS)                      \
        }                                           \
        EACH_ROW(KEEP_SUMS)                         \
    } while (0);

/* What the steps are told. */
#define COPY_TARGET(target)                                \
    const alck_epilogue e = *(target)->epilogue;           \
    const int64_t *const pixels = (target)->pixels;        \
    const int64_t output_stride = (target)->output_stride; \
    const int64_t first_channel = (target)->channel;       \
    alck_real *const output = (target)->output;

/* All rows of a tile; `simple`, a constant, as in settles_in_registers. */
#define SETTLE(EACH_ROW, simple, target)                            \
    do {                                                            \
        alck_real *const sums = (target)->sums;                     \
        if (!(target)->first) {                                     \
            EACH_ROW(ADD_SUMS)                                      \
        }                                                           \
        if (!settles_in_registers(target, vectors, simple)) {       \
            EACH_ROW(KEEP_SUMS)                                     \
            if ((target)->last)                                     \
                finish_rows(rows, vectors, target);                 \
            break;                                                  \
        }                                                           \
        COPY_TARGET(target)                                         \
        if (e.add) {                                                \
            EACH_ROW(ADD_OUTPUT)                                    \
        }                                                           \
        if ((simple) && e.bias != NULL) {                           \
            EACH_ROW(ADD_BIAS)                                      \
        }                                                           \
        if ((simple) && e.residual != NULL) {                       \
            EACH_ROW(ADD_RESIDUAL)                                  \
        }                                                           \
        if ((simple) && e.activation == ALCK_RELU) {                \
            EACH_ROW(RELU_ROW)                                      \
        } else if ((simple) && e.activation == ALCK_RELU6) {        \
            EACH_ROW(RELU6_ROW)                                     \
        }                                                           \
        EACH_ROW(STORE_OUTPUT)                                      \
    } while (0)

#endif
