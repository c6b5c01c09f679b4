/* kernels/f32/conv_winograd_weights.c - weights transformed for Winograd's products, panel by panel, and where each lies in U:
 * conv_winograd.h.
 *
 * Turned weights, a data gradient's, lie with their columns apart; a few channels of a panel are turned in a small block
 * first, which is then read like weights that lie straight.
 */
#include "kernels/f32/conv_winograd.h"

/* Channels turned together: a cache line of each column. */
#define CHANNELS_TOGETHER 16

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

ALCK_ONCE void transform_channel(const tap_rows *rows, int64_t columns, int64_t pitch, alck_real *u)
{
    EACH_VECTOR(columns, transform_column_lanes, rows, pitch, u);
}

/* Two channels, whose taps are `apart`, as pairs; or one where `both` is false. */
static void pair_channels(const winograd *w, const tap_rows *rows, int64_t apart, bool both, int64_t columns, int64_t vectors,
                          int64_t pitch, alck_real *u)
{
    const tap_rows other = {rows->weight + apart, rows->tap_stride};
    alck_real values[2][WINOGRAD_POSITIONS * TILE_COLUMNS];
    transform_channel(rows, columns, TILE_COLUMNS, values[0]);
    if (both)
        transform_channel(&other, columns, TILE_COLUMNS, values[1]);
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++)
        ALCK_NAME(pair_rows)(w->s.operands, vectors * VF_LANES, values[0] + position * TILE_COLUMNS,
                             both ? values[1] + position * TILE_COLUMNS : NULL,
                             u + position * pitch);
}

/* Channels [first, first + count), the first of which has its taps in `rows` and the next ones `apart` from there. */
static void transform_channels(const winograd *w, int64_t first, int64_t count, tap_rows rows, int64_t apart, int64_t columns,
                               int64_t vectors, int64_t pitch, alck_real *u)
{
    const int64_t per_term = values_per_term(w->s.operands);
    u += first / per_term * vectors * VF_LANES;
    for (int64_t c = 0; c < count; c += per_term, rows.weight += per_term * apart, u += vectors * VF_LANES)
        if (per_term == 1)
            transform_channel(&rows, columns, pitch, u);
        else
            pair_channels(w, &rows, apart, c + 1 < count, columns, vectors, pitch, u);
}

static void transform_turned(const winograd *w, int64_t panel, int64_t vectors, int64_t pitch, alck_real *u)
{
    const int64_t channels = w->s.in_channels, width = vectors * VF_LANES;
    alck_real turned[TAPS * CHANNELS_TOGETHER * TILE_COLUMNS];
    for (int64_t first = 0; first < channels; first += CHANNELS_TOGETHER) {
        const int64_t count = smaller(CHANNELS_TOGETHER, channels - first);
        turn(w, panel, first, count, width, turned);
        transform_channels(w, first, count, (tap_rows){turned, CHANNELS_TOGETHER * width}, width, width, vectors, pitch, u);
    }
}

void ALCK_NAME(winograd_weights)(const winograd *w, int64_t first, int64_t end, int64_t panel, alck_real *u)
{
    const int64_t channels = w->s.in_channels, columns = w->s.out_channels, vectors = panel_vectors(columns, panel);
    const int64_t pitch = u_values(w, first, end) / WINOGRAD_POSITIONS;
    const tap_rows rows = {w->weight + panel * TILE_COLUMNS, channels * columns};
    u += (panel - first) * w->terms * TILE_COLUMNS;
    if (w->turned)
        transform_turned(w, panel, vectors, pitch, u);
    else
        transform_channels(w, 0, channels, rows, columns, panel_columns(columns, panel), vectors, pitch, u);
}

typedef struct weights_job {
    const winograd *w;
    int64_t together;
    alck_real *u;
} weights_job;

static void weights_task(void *argument, int64_t panel, int worker)
{
    (void)worker;
    const weights_job *job = argument;
    const winograd *w = job->w;
    const int64_t first = panel / job->together * job->together;
    const int64_t end = smaller(first + job->together, panel_count(w->s.out_channels));
    ALCK_NAME(winograd_weights)(w, first, end, panel, job->u + u_values(w, 0, first));
}

void ALCK_NAME(winograd_all_weights)(const alck_parallel *par, const winograd *w, bool packed, alck_real *u)
{
    weights_job job = {w, panels_together(w, packed), u};
    alck_spread(par, panel_count(w->s.out_channels), weights_task, &job);
}

size_t ALCK_NAME(winograd_packed_bytes)(const alck_conv *s)
{
    const winograd w = ALCK_NAME(winograd_of)(s);
    return value_bytes(u_values(&w, 0, panel_count(s->out_channels)));
}

void ALCK_NAME(winograd_pack)(const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed)
{
    winograd w = ALCK_NAME(winograd_of)(s);
    w.weight = weight;
    ALCK_NAME(winograd_all_weights)(par, &w, true, packed);
}
