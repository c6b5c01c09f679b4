/* kernels/f32/conv_winograd_weights.c - weights transformed for Winograd's products, panel by panel: conv_winograd.h.
 *
 * Turned weights, a data gradient's, lie with their columns apart; a few channels of a panel are turned in a small block
 * first, which is then read like weights that lie straight.
 */
#include "kernels/f32/conv_winograd.h"
#include "kernels/f32/strips.h"

/* Channels turned together: a cache line of each column. */
#define CHANNELS_TOGETHER 16
#define TAPS (WINOGRAD_TAPS * WINOGRAD_TAPS)

/* Where the nine taps of a panel's columns lie for one channel. */
typedef struct tap_rows {
    const alck_real *weight;
    int64_t tap_stride;
} tap_rows;

ALCK_INLINE void transform_column_lanes(const tap_rows *rows, int64_t pitch, alck_real *u, int64_t column, int64_t lanes)
{
    vf columns[WINOGRAD_POINTS * WINOGRAD_TAPS];
    for (int j = 0; j < WINOGRAD_TAPS; j++) {
        vf taps[WINOGRAD_TAPS];
        for (int i = 0; i < WINOGRAD_TAPS; i++)
            taps[i] = load_lanes(rows->weight + (i * WINOGRAD_TAPS + j) * rows->tap_stride + column, lanes);
        transform_weights(taps, columns + j, WINOGRAD_TAPS);
    }
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        vf row[WINOGRAD_POINTS];
        transform_weights(columns + i * WINOGRAD_TAPS, row, 1);
        for (int j = 0; j < WINOGRAD_POINTS; j++)
            vf_store(u + (i * WINOGRAD_POINTS + j) * pitch + column, row[j]);
    }
}

/* Channels [first, first + count) of a panel's columns, all taps, to `turned` [tap][channel][width]. */
static void turn(const winograd *w, int64_t panel, int64_t first, int64_t count, int64_t width, alck_real *turned)
{
    const int64_t channels = w->s.in_channels, columns = w->s.out_channels;
    for (int64_t tap = 0; tap < TAPS; tap++)
        ALCK_NAME(panel_pack)(ALCK_REALS, count, panel_columns(columns, panel),
                              w->weight + ((TAPS - 1 - tap) * columns + panel * TILE_COLUMNS) * channels + first, channels,
                              true, turned + tap * CHANNELS_TOGETHER * width);
}

static void transform_turned(const winograd *w, int64_t panel, int64_t vectors, alck_real *u)
{
    const int64_t channels = w->s.in_channels, width = vectors * VF_LANES;
    alck_real turned[TAPS * CHANNELS_TOGETHER * TILE_COLUMNS];
    for (int64_t first = 0; first < channels; first += CHANNELS_TOGETHER) {
        const int64_t count = smaller(CHANNELS_TOGETHER, channels - first);
        turn(w, panel, first, count, width, turned);
        for (int64_t c = 0; c < count; c++) {
            const tap_rows rows = {turned + c * width, CHANNELS_TOGETHER * width};
            EACH_VECTOR(width, transform_column_lanes, &rows, panel_pitch(channels, vectors), u + (first + c) * width);
        }
    }
}

void ALCK_NAME(winograd_weights)(const winograd *w, int64_t panel, alck_real *u)
{
    const int64_t channels = w->s.in_channels, columns = w->s.out_channels;
    const int64_t vectors = panel_vectors(columns, panel);
    if (w->turned) {
        transform_turned(w, panel, vectors, u);
        return;
    }
    for (int64_t c = 0; c < channels; c++) {
        const tap_rows rows = {w->weight + c * columns + panel * TILE_COLUMNS, channels * columns};
        EACH_VECTOR(panel_columns(columns, panel), transform_column_lanes, &rows, panel_pitch(channels, vectors),
                    u + c * vectors * VF_LANES);
    }
}
