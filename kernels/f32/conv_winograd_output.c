/* kernels/f32/conv_winograd_output.c - the products of Winograd's convolution transformed to pixels, finished by the
 * epilogue and stored, all of them or the largest of each four: conv_winograd.h.
 */
#include "kernels/f32/conv_winograd.h"
#include "kernels/f32/epilogue.h"
#include "kernels/f32/pool_window.h"

#define PIXELS (WINOGRAD_OUTPUTS * WINOGRAD_OUTPUTS)

/* Rows and columns of pixels of which the largest is stored. */
#define POOLED 2

/* One tile's pixels in the output: those that exist. */
typedef struct tile_place {
    int64_t pixel; /* of the output: the first */
    int64_t rows, columns, width; /* the tile's, and the image's */
} tile_place;

static tile_place find_place(const winograd *w, int64_t tile)
{
    const alck_conv *s = &w->s;
    const int64_t image = tile / (w->tiles_y * w->tiles_x);
    const int64_t y = tile / w->tiles_x % w->tiles_y * WINOGRAD_OUTPUTS, x = tile % w->tiles_x * WINOGRAD_OUTPUTS;
    const int64_t rows = smaller(WINOGRAD_OUTPUTS, s->out_height - y), columns = smaller(WINOGRAD_OUTPUTS, s->out_width - x);
    if (!w->epilogue->pools)
        return (tile_place){(image * s->out_height + y) * s->out_width + x, rows, columns, s->out_width};
    const int64_t height = s->out_height / POOLED, width = s->out_width / POOLED;
    return (tile_place){(image * height + y / POOLED) * width + x / POOLED, rows / POOLED, columns / POOLED, width};
}

/* One vector of columns from M at `m`: first down the six columns of the tile, then along its rows. */
ALCK_INLINE void transform_back(const alck_real *m, int64_t pitch, vf *pixels)
{
    vf columns[WINOGRAD_OUTPUTS * WINOGRAD_POINTS];
    for (int j = 0; j < WINOGRAD_POINTS; j++) {
        vf products[WINOGRAD_POINTS];
        for (int i = 0; i < WINOGRAD_POINTS; i++)
            products[i] = vf_load(m + (i * WINOGRAD_POINTS + j) * pitch);
        transform_output(products, columns + j, WINOGRAD_POINTS);
    }
    for (int i = 0; i < WINOGRAD_OUTPUTS; i++)
        transform_output(columns + i * WINOGRAD_POINTS, pixels + i * WINOGRAD_OUTPUTS, 1);
}

/* A whole vector of output channels of a tile whose epilogue the registers can serve. What is looked at for each pixel is
 * copied first, for a vector that is stored might have changed it, as far as the compiler knows. */
ALCK_INLINE void store_simple(const winograd *w, const tile_place *place, const vf *pixels, int64_t channel)
{
    const alck_epilogue e = *w->epilogue;
    const tile_place tile = *place;
    const int64_t stride = w->s.out_stride;
    alck_real *const output = w->output + channel;
    for (int64_t i = 0; i < tile.rows; i++)
        for (int64_t j = 0; j < tile.columns; j++) {
            const int64_t pixel = tile.pixel + i * tile.width + j;
            alck_real *at = output + pixel * stride;
            vf_store(at, epilogue_simple(&e, pixels[i * WINOGRAD_OUTPUTS + j], pixel, channel, at));
        }
}

/* Channels that whole vectors, or the registers, cannot finish: from `sums` [pixel][WINOGRAD_COLUMNS]. */
static void store_rest(const winograd *w, const tile_place *place, const alck_real *sums, int64_t channel, int64_t count)
{
    int64_t pixels[WINOGRAD_OUTPUTS];
    epilogue_rows_job job = {.rows = place->columns, .channel = channel, .count = count, .sums_pitch = WINOGRAD_COLUMNS,
                             .output_stride = w->s.out_stride, .pixels = pixels,
                             .output = epilogue_output(w->epilogue, w->output, channel)};
    for (int64_t i = 0; i < place->rows; i++) {
        for (int64_t j = 0; j < place->columns; j++)
            pixels[j] = place->pixel + i * place->width + j;
        job.sums = sums + i * WINOGRAD_OUTPUTS * WINOGRAD_COLUMNS;
        ALCK_NAME(epilogue_rows)(w->epilogue, &job);
    }
}

/* The largest of a window's pixels at `pixels`, a vector of each or the part of one: the first of them in its order, a NaN before
 * all; and its position. */
ALCK_ONCE void store_largest(const alck_real *pixels, alck_real *y, uint8_t *positions, int64_t c, int64_t lanes)
{
    vf best = load_lanes(pixels + c, lanes);
    vi position = vi_set1(0);
    for (int p = 1; p < POOLED * POOLED; p++) {
        const vf v = load_lanes(pixels + (p / POOLED * WINOGRAD_OUTPUTS + p % POOLED) * WINOGRAD_COLUMNS + c, lanes);
        const vm better = is_new_maximum(v, best);
        best = vf_select(better, v, best);
        position = vi_select(better, vi_set1(p), position);
    }
    store_lanes(y + c, best, lanes);
    if (positions != NULL)
        vi_store_bytes(positions + c, position, lanes);
}

/* All channels, where it pools: the sums are finished where they lie. */
static void store_pooled(const winograd *w, const tile_place *place, alck_real *sums, int64_t channel, int64_t count)
{
    static const int64_t in_order[PIXELS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const epilogue_rows_job job = {.rows = PIXELS, .channel = channel, .count = count, .sums_pitch = WINOGRAD_COLUMNS,
                                   .output_stride = WINOGRAD_COLUMNS, .sums = sums, .pixels = in_order, .output = sums};
    uint8_t *const positions = w->epilogue->positions;
    ALCK_NAME(epilogue_rows)(w->epilogue, &job);
    for (int64_t window = 0; window < place->rows * place->columns; window++) {
        const int64_t i = window / place->columns, j = window % place->columns, pixel = place->pixel + i * place->width + j;
        const alck_real *pixels = sums + (i * WINOGRAD_OUTPUTS + j) * POOLED * WINOGRAD_COLUMNS;
        alck_real *at = w->output + pixel * w->s.out_stride + channel;
        EACH_VECTOR(count, store_largest, pixels, at, positions != NULL ? positions + pixel * w->s.out_channels + channel : NULL);
    }
}

static void output_tile(const winograd *w, const tile_place *place, int64_t channel, int64_t columns, int64_t pitch,
                        const alck_real *m)
{
    const bool pools = w->epilogue->pools;
    const int64_t whole = epilogue_is_simple(w->epilogue) && !pools ? columns / VF_LANES * VF_LANES : 0;
    alck_real sums[PIXELS * WINOGRAD_COLUMNS];
    for (int64_t c = 0; c < columns; c += VF_LANES) {
        vf pixels[PIXELS];
        transform_back(m + c, pitch, pixels);
        if (c < whole)
            store_simple(w, place, pixels, channel + c);
        else
            for (int p = 0; p < PIXELS; p++)
                vf_store(sums + p * WINOGRAD_COLUMNS + c - whole, pixels[p]);
    }
    if (pools)
        store_pooled(w, place, sums, channel, columns);
    else if (whole < columns)
        store_rest(w, place, sums, channel + whole, columns - whole);
}

void ALCK_NAME(winograd_output)(const winograd *w, int64_t first, int64_t count, int64_t panel, int64_t end,
                                const alck_real *m)
{
    const int64_t width = width_of_panels(w, panel, end), columns = smaller(end * TILE_COLUMNS, w->s.out_channels);
    for (int64_t t = 0; t < count; t++, m += tile_pitch(width)) {
        const tile_place place = find_place(w, first + t);
        for (int64_t channel = panel * TILE_COLUMNS, c = 0; channel < columns; channel += WINOGRAD_COLUMNS, c += WINOGRAD_COLUMNS)
            output_tile(w, &place, channel, smaller(WINOGRAD_COLUMNS, columns - channel), width, m + c);
    }
}
