/* kernels/f32/conv_winograd.h - a 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3), in four steps.
 *
 * The output is cut in tiles of 4x4 pixels, each of which needs 6x6 pixels of the input. (1) Tiles are transformed
 * (conv_winograd_input.c) to V [tile][36][channel], (2) the weights (conv_winograd_weights.c) to U [36][channel][column], (3)
 * each of the 36 positions is a matrix product, M [tile][36][column] (product.c, or conv_winograd_product.c for what stays in a cache),
 * and (4) M is transformed to pixels, with the epilogue (conv_winograd_output.c). conv_winograd_forward.c cuts this in tasks; a data
 * gradient is the same with the weights turned and channels and columns exchanged. conv_winograd_taps.c does (2) and (3) at once, for
 * few tiles. conv_winograd_backward_weights.c has the adjoint.
 *
 * Order of addition: the transforms as conv_winograd_axis.h has them; a product's channels in blocks of K_BLOCK terms as in every
 * product. So a tile's values depend on nothing but its own 36 pixels. With bf16 the transformed values are rounded: V and U are
 * pairs of neighbouring channels, in a weight gradient V and D pairs of neighbouring tiles.
 */
#ifndef ALCK_F32_CONV_WINOGRAD_H
#define ALCK_F32_CONV_WINOGRAD_H

#include "kernels/f32/conv_winograd_axis.h"
#include "kernels/f32/geometry.h"
#include "kernels/f32/strips.h"

#define WINOGRAD_POSITIONS (WINOGRAD_POINTS * WINOGRAD_POINTS)
#define TAPS (WINOGRAD_TAPS * WINOGRAD_TAPS)

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

/* Distances of an odd number of cache lines: rows of a register tile that lie so far apart do not meet in a few sets of the caches. */
ALCK_INLINE int64_t odd_lines(int64_t values)
{
    return (ceil_divide(values, LINE_VALUES) | 1) * LINE_VALUES;
}

/* Values from tile to tile of V [tile][36][term] and M [tile][36][column]. */
ALCK_INLINE int64_t tile_pitch(int64_t values)
{
    return odd_lines(WINOGRAD_POSITIONS * values);
}

/* Columns of U and M of panels [panel, end): as many as their vectors have lanes. */
ALCK_INLINE int64_t width_of_panels(const winograd *w, int64_t panel, int64_t end)
{
    return panel_elements(1, smaller(end * TILE_COLUMNS, w->s.out_channels) - panel * TILE_COLUMNS);
}

ALCK_INLINE int64_t u_values(const winograd *w, int64_t panel, int64_t end)
{
    return WINOGRAD_POSITIONS * w->terms * width_of_panels(w, panel, end);
}

/* Weights (channels times columns) up to which a block of tiles meets all of U. */
#define FEW_WEIGHTS (128 * 128)

ALCK_INLINE bool few_weights(const winograd *w)
{
    return w->s.in_channels * w->s.out_channels <= FEW_WEIGHTS;
}

/* Panels whose U lies together, [36][panel][term][column]: those that are multiplied together. It is the same for any number of
 * tiles. */
ALCK_INLINE int64_t panels_together(const winograd *w, bool packed)
{
    return packed && !few_weights(w) ? larger(1, panel_count(w->s.out_channels)) : WINOGRAD_PANELS;
}

/* Bytes of whole cache lines. */
ALCK_INLINE size_t value_bytes(int64_t values)
{
    return (size_t)(ceil_divide(values, LINE_VALUES) * LINE_VALUES) * sizeof(alck_real);
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
/* Forward, and of a data gradient. */
ALCK_INLINE v_layout layout_of(const winograd *w)
{
    return (v_layout){w->terms, tile_pitch(w->terms), false};
}
void ALCK_NAME(winograd_input)(const winograd *w, int64_t first, int64_t count, v_layout layout, alck_real *v);
/* One panel of those of [first, end), whose U lies together at `u`. */
void ALCK_NAME(winograd_weights)(const winograd *w, int64_t first, int64_t end, int64_t panel, alck_real *u);
/* All of U, for weights that stay or for one call. */
void ALCK_NAME(winograd_all_weights)(const alck_parallel *par, const winograd *w, bool packed, alck_real *u);
/* M of `count` tiles, at most WINOGRAD_TILES_MOST, for panels [panel, end), WINOGRAD_PANELS at most, from V and the panels' U
 * [36][panel][term][column]. */
void ALCK_NAME(winograd_product)(const winograd *w, int64_t count, const alck_real *v, int64_t panel, int64_t end,
                                 const alck_real *u, alck_real *m);
/* Pixels of the output of tiles [first, first + count), columns of panels [panel, end), from M of those. */
void ALCK_NAME(winograd_output)(const winograd *w, int64_t first, int64_t count, int64_t panel, int64_t end,
                                const alck_real *m);

#endif
