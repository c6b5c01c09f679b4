/* kernels/f32/conv_winograd.h - a 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3), in four steps.
 *
 * The output is cut in tiles of 4x4 pixels, each of which needs 6x6 pixels of the input. (1) Tiles are transformed
 * (conv_winograd_input.c) to V [tile][36][channel], (2) the weights (conv_winograd_weights.c) to U [36][channel][column], (3)
 * each of the 36 positions is a matrix product, M [tile][36][column] (conv_winograd_product.c), and (4) M is transformed to
 * pixels, with the epilogue (conv_winograd_output.c). conv_winograd_forward.c cuts this in tasks; a data gradient is the
 * same with the weights turned and channels and columns exchanged. conv_winograd_backward_weights.c has the adjoint.
 *
 * Order of addition: the transforms as conv_winograd_axis.h has them; a product's channels in blocks of K_BLOCK terms as in every
 * product. So a tile's values depend on nothing but its own 36 pixels. With bf16 the transformed values are rounded: V and U are
 * pairs of neighbouring channels, in a weight gradient V and D pairs of neighbouring tiles.
 */
#ifndef ALCK_F32_CONV_WINOGRAD_H
#define ALCK_F32_CONV_WINOGRAD_H

#include "kernels/f32/conv_winograd_axis.h"
#include "kernels/f32/geometry.h"

#define WINOGRAD_POSITIONS (WINOGRAD_POINTS * WINOGRAD_POINTS)

/* Columns that are multiplied and transformed back together: whole panels. */
#define WINOGRAD_PANELS (64 / TILE_COLUMNS)
#define WINOGRAD_COLUMNS (WINOGRAD_PANELS * TILE_COLUMNS)
/* Tiles whose products are made together: few enough for a second cache to hold their M, and where V is not shared their V. */
#define WINOGRAD_TILES_MOST 56

/* The convolution as it is computed: of a data gradient, input is the output's gradient. */
typedef struct winograd {
    alck_conv s;
    bool turned;              /* weights are [ky][kx][column][channel] and their taps in descending order */
    int64_t tiles_y, tiles_x; /* per image */
    int64_t tiles;
    int64_t terms;            /* of the channels: pairs of them with bf16 */
    const alck_real *input, *weight;
    alck_real *output;
    const alck_epilogue *epilogue;
} winograd;

/* Distances in V, M and U are odd numbers of cache lines, so that the 36 positions and the rows of a register tile do not
 * meet in a few sets of the caches. */
ALCK_INLINE int64_t odd_lines(int64_t values)
{
    return (even_parts(values, LINE_VALUES) | 1) * LINE_VALUES;
}

/* V [tile][36][term] and M [tile][36][column]: values from position to position, and from tile to tile. */
ALCK_INLINE int64_t position_pitch(int64_t terms)
{
    return odd_lines(terms);
}

ALCK_INLINE int64_t tile_pitch(int64_t terms)
{
    return odd_lines(WINOGRAD_POSITIONS * position_pitch(terms));
}

/* U: panels in turn, each [36][term][its width]; values from position to position of a panel so wide, and of all. */
ALCK_INLINE int64_t panel_pitch(int64_t terms, int64_t vectors)
{
    return odd_lines(terms * vectors * VF_LANES);
}

ALCK_INLINE int64_t panel_values(int64_t terms, int64_t vectors)
{
    return WINOGRAD_POSITIONS * panel_pitch(terms, vectors);
}

/* The convolution as it is, without tensors. */
winograd ALCK_NAME(winograd_of)(const alck_conv *s);

/* Channels whose 36 values of a tile are on their way to pairs. */
#define PAIRED_TOGETHER 64

/* Tiles [first, first + count) to V, with these distances from position to position and from tile to tile, or pair of tiles. */
typedef struct v_layout {
    int64_t position, tile;
    bool pairs_tiles; /* of bf16: not channels */
} v_layout;
void ALCK_NAME(winograd_input)(const winograd *w, int64_t first, int64_t count, v_layout layout, alck_real *v);
/* One panel of U. */
void ALCK_NAME(winograd_weights)(const winograd *w, int64_t panel, alck_real *u);
/* M of `count` tiles, at most WINOGRAD_TILES_MOST, for panels [panel, end): WINOGRAD_PANELS at most. */
void ALCK_NAME(winograd_product)(const winograd *w, int64_t count, const alck_real *v, int64_t panel, int64_t end,
                                 const alck_real *u, alck_real *m);
/* The same tiles' pixels and columns of the output. */
void ALCK_NAME(winograd_output)(const winograd *w, int64_t first, int64_t count, int64_t panel, int64_t end,
                                const alck_real *m);

#endif
