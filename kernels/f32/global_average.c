/* kernels/f32/global_average.c - the average of each channel of a map: see map_sums.h. A task is a few samples of some channels. */
#include "kernels/f32/map_sums.h"

void ALCK_NAME(map_sums_begin)(map_sums *s, int64_t channels)
{
    s->channels = channels;
    s->rows = 0;
    clear_sums(s->block, channels);
    memset(s->band, 0, (size_t)channels * sizeof *s->band);
}

ALCK_INLINE void add_step(alck_real *sums, const alck_real *values, int64_t pixels, int64_t stride, int64_t i, int64_t lanes)
{
    vf sum = load_lanes(sums + i, lanes);
    for (int64_t p = 0; p < pixels; p++)
        sum = vf_add(sum, load_lanes(values + p * stride + i, lanes));
    store_lanes(sums + i, sum, lanes);
}

void ALCK_NAME(map_sums_add)(map_sums *s, const alck_real *values, int64_t pixels, int64_t stride)
{
    EACH_VECTOR(s->channels, add_step, s->block, values, pixels, stride);
    if (++s->rows == BLOCK_ROWS)
        ALCK_NAME(map_sums_end_strip)(s);
}

void ALCK_NAME(map_sums_end_strip)(map_sums *s)
{
    if (s->rows > 0)
        ALCK_NAME(add_run)(s->band, s->block, s->channels);
    s->rows = 0;
    clear_sums(s->block, s->channels);
}

typedef struct average_job {
    int64_t rows, height, width, channels, chunks, per_task;
    const alck_real *x;
    int64_t x_stride, y_stride;
    alck_real *y;
} average_job;

/* Rows [first, end) of the map at x. */
static void sum_band(const average_job *j, const alck_real *x, int64_t first, int64_t end, map_sums *sums)
{
    const int64_t count = ceil_divide(j->width, STRIP_COLUMNS);
    for (int64_t strip = 0; strip < count; strip++) {
        const int64_t left = j->width * strip / count, pixels = j->width * (strip + 1) / count - left;
        for (int64_t y = first; y < end; y++)
            ALCK_NAME(map_sums_add)(sums, x + (y * j->width + left) * j->x_stride, pixels, j->x_stride);
        ALCK_NAME(map_sums_end_strip)(sums);
    }
}

static void average_map(const average_job *j, int64_t row, int64_t channel, int64_t channels)
{
    const int64_t bands = ceil_divide(j->height, BAND_ROWS);
    const alck_real *x = j->x + row * j->height * j->width * j->x_stride + channel;
    double totals[CHUNK_CHANNELS] = {0};
    map_sums sums;
    for (int64_t band = 0; band < bands; band++) {
        ALCK_NAME(map_sums_begin)(&sums, channels);
        sum_band(j, x, j->height * band / bands, j->height * (band + 1) / bands, &sums);
        for (int64_t c = 0; c < channels; c++)
            totals[c] += sums.band[c];
    }
    for (int64_t c = 0; c < channels; c++)
        j->y[row * j->y_stride + channel + c] = (alck_real)(totals[c] / (double)(j->height * j->width));
}

static void average_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const average_job *j = argument;
    const int64_t first = task / j->chunks * j->per_task;
    const int64_t end = smaller(first + j->per_task, j->rows);
    const int64_t channel = task % j->chunks * CHUNK_CHANNELS;
    for (int64_t row = first; row < end; row++)
        average_map(j, row, channel, smaller(CHUNK_CHANNELS, j->channels - channel));
}

void ALCK_NAME(global_average_forward)(const alck_parallel *par, int64_t rows, int64_t height, int64_t width, int64_t channels,
                                       const alck_real *x, int64_t x_stride, alck_real *y, int64_t y_stride)
{
    average_job j = {.rows = rows, .height = height, .width = width, .channels = channels, .x = x, .x_stride = x_stride,
                     .y = y, .y_stride = y_stride};
    j.chunks = ceil_divide(channels, CHUNK_CHANNELS);
    j.per_task = larger(1, VALUES_PER_TASK / larger(1, height * width * smaller(CHUNK_CHANNELS, channels)));
    alck_spread(par, ceil_divide(rows, j.per_task) * j.chunks, average_task, &j);
}
