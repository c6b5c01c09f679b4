/* kernels/f32/conv_winograd_input.c - tiles of 6x6 pixels transformed for Winograd's products: conv_winograd.h. */
#include "kernels/f32/conv_winograd.h"
#include "kernels/f32/strips.h"

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

ALCK_INLINE vf load_pixel(const tile_pixels *pixels, int position, int64_t channel, int64_t lanes)
{
    const alck_real *at = pixels->at[position];
    return at != NULL ? load_lanes(at + channel, lanes) : vf_zero();
}

/* `lanes` channels from `channel` on: first down the six columns, then along the six rows. */
ALCK_INLINE void transform_lanes(const tile_pixels *pixels, int64_t pitch, alck_real *v, int64_t channel, int64_t lanes)
{
    vf columns[WINOGRAD_POSITIONS];
    for (int j = 0; j < WINOGRAD_POINTS; j++) {
        vf column[WINOGRAD_POINTS];
        for (int i = 0; i < WINOGRAD_POINTS; i++)
            column[i] = load_pixel(pixels, i * WINOGRAD_POINTS + j, channel, lanes);
        transform_input(column, columns + j, WINOGRAD_POINTS);
    }
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        vf row[WINOGRAD_POINTS];
        transform_input(columns + i * WINOGRAD_POINTS, row, 1);
        for (int j = 0; j < WINOGRAD_POINTS; j++)
            vf_store(v + (i * WINOGRAD_POINTS + j) * pitch + channel, row[j]);
    }
}

void ALCK_NAME(winograd_input)(const winograd *w, int64_t first, int64_t count, v_layout layout, alck_real *v)
{
    for (int64_t t = 0; t < count; t++, v += layout.tile) {
        const tile_pixels pixels = find_pixels(w, first + t);
        EACH_VECTOR(w->s.in_channels, transform_lanes, &pixels, layout.position, v);
    }
}
