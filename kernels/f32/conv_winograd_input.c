/* kernels/f32/conv_winograd_input.c - tiles of 6x6 pixels transformed for Winograd's products: conv_winograd.h. */
#include "kernels/f32/conv_winograd.h"

/* A tile's pixels; NULL in the padding, which counts as zeros. */
typedef struct tile_pixels {
    const alck_real *at[WINOGRAD_POSITIONS];
} tile_pixels;

static tile_pixels find_pixels(const winograd *w, int64_t tile)
{
    const alck_conv *s = &w->s;
    const int64_t image = tile / (w->tiles_y * w->tiles_x);
    const int64_t first_y = tile / w->tiles_x % w->tiles_y * WINOGRAD_OUTPUTS - s->pad_top;
    const int64_t first_x = tile % w->tiles_x * WINOGRAD_OUTPUTS - s->pad_left;
    tile_pixels pixels;
    for (int64_t i = 0; i < WINOGRAD_POINTS; i++)
        for (int64_t j = 0; j < WINOGRAD_POINTS; j++) {
            const int64_t y = first_y + i, x = first_x + j;
            const bool inside = y >= 0 && y < s->in_height && x >= 0 && x < s->in_width;
            pixels.at[i * WINOGRAD_POINTS + j] =
                inside ? w->input + ((image * s->in_height + y) * s->in_width + x) * s->in_stride : NULL;
        }
    return pixels;
}

ALCK_INLINE vf load_pixel(const tile_pixels *pixels, bool pairs, int position, int64_t channel, int64_t lanes)
{
    const alck_real *at = pixels->at[position];
    if (at == NULL)
        return vf_zero();
    return pairs ? vf_load_bf16((const uint16_t *)(const void *)at + channel, lanes) : load_lanes(at + channel, lanes);
}

/* `lanes` channels from first + channel on: first down the six columns, then along the six rows. */
ALCK_INLINE void transform_lanes(const tile_pixels *pixels, bool pairs, int64_t first, int64_t pitch, alck_real *v, int64_t channel,
                                 int64_t lanes)
{
    vf columns[WINOGRAD_POSITIONS];
    for (int j = 0; j < WINOGRAD_POINTS; j++) {
        vf column[WINOGRAD_POINTS];
        for (int i = 0; i < WINOGRAD_POINTS; i++)
            column[i] = load_pixel(pixels, pairs, i * WINOGRAD_POINTS + j, first + channel, lanes);
        transform_input(column, columns + j, WINOGRAD_POINTS);
    }
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        vf row[WINOGRAD_POINTS];
        transform_input(columns + i * WINOGRAD_POINTS, row, 1);
        for (int j = 0; j < WINOGRAD_POINTS; j++)
            store_lanes(v + (i * WINOGRAD_POINTS + j) * pitch + channel, row[j], lanes);
    }
}

/* Channels [first, first + count) of a tile. */
ALCK_ONCE void transform_pixels(const tile_pixels *pixels, int64_t first, int64_t count, int64_t pitch, alck_real *v)
{
    EACH_VECTOR(count, transform_lanes, pixels, false, first, pitch, v);
}

#ifdef ALCK_AVX512
/* The same of pixels that are pairs in memory. */
ALCK_ONCE void transform_paired(const tile_pixels *pixels, int64_t first, int64_t count, int64_t pitch, alck_real *v)
{
    EACH_VECTOR(count, transform_lanes, pixels, true, first, pitch, v);
}
#else
/* The same by way of reals, for size: elsewhere pairs are emulated. */
static void transform_paired(const tile_pixels *pixels, int64_t first, int64_t count, int64_t pitch, alck_real *v)
{
    alck_real reals[WINOGRAD_POSITIONS * PAIRED_TOGETHER];
    tile_pixels unpaired = *pixels;
    for (int i = 0; i < WINOGRAD_POSITIONS; i++) {
        if (pixels->at[i] == NULL)
            continue;
        unpaired.at[i] = reals + i * PAIRED_TOGETHER;
        ALCK_NAME(unpair_values)(first, count, pixels->at[i], reals + i * PAIRED_TOGETHER);
    }
    transform_pixels(&unpaired, 0, count, pitch, v);
}
#endif

/* Channels [first, first + count) of two tiles, or of one where `both` is false, as pairs. */
static void pair_tiles(const winograd *w, int64_t tile, bool both, int64_t first, int64_t count, v_layout layout, alck_real *v)
{
    alck_real values[2][WINOGRAD_POSITIONS * PAIRED_TOGETHER];
    for (int i = 0; i < (both ? 2 : 1); i++) {
        const tile_pixels pixels = find_pixels(w, tile + i);
        (w->s.reading.pairs ? transform_paired : transform_pixels)(&pixels, first, count, PAIRED_TOGETHER, values[i]);
    }
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++) {
        const alck_real *from = values[0] + position * PAIRED_TOGETHER;
        alck_real *to = v + position * layout.position;
        if (layout.pairs_tiles)
            ALCK_NAME(pair_rows)(w->s.operands, count, from, both ? values[1] + position * PAIRED_TOGETHER : NULL, to + first);
        else
            ALCK_NAME(pair_values)(w->s.operands, count, from, to + first / 2);
    }
}

void ALCK_NAME(winograd_input)(const winograd *w, int64_t first, int64_t count, v_layout layout, alck_real *v)
{
    const int64_t channels = w->s.in_channels, step = layout.pairs_tiles ? 2 : 1;
    for (int64_t t = 0; t < count; t += step, v += layout.tile) {
        if (w->s.operands == ALCK_REALS) {
            const tile_pixels pixels = find_pixels(w, first + t);
            transform_pixels(&pixels, 0, channels, layout.position, v);
        }
        for (int64_t c = 0; w->s.operands != ALCK_REALS && c < channels; c += PAIRED_TOGETHER)
            pair_tiles(w, first + t, layout.pairs_tiles && t + 1 < count, c, smaller(PAIRED_TOGETHER, channels - c), layout, v);
    }
}
