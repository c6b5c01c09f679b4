/* kernels/f32/channel_sums.c - sums over the pixels of a whole tensor for each channel: a bias's gradient. runs.h has their order. */
#include "kernels/f32/runs.h"

void ALCK_NAME(add_run)(double *restrict total, const alck_real *restrict sums, int64_t channels)
{
    for (int64_t c = 0; c < channels; c++)
        total[c] += (double)sums[c];
}

/* sums += the run's values. */
ALCK_INLINE void sum_step(const alck_real *x, int64_t x_stride, alck_real *sums, int64_t pixel, int64_t pixels,
                          int64_t i, int64_t lanes)
{
    vf sum = load_lanes(sums + i, lanes);
    for (int64_t p = 0; p < pixels; p++) {
        const alck_real *values = x + (pixel + p) * x_stride + i;
        fetch_pixel_ahead(values, x_stride);
        sum = vf_add(sum, load_lanes(values, lanes));
    }
    store_lanes(sums + i, sum, lanes);
}

/* total = the sum over `count` pixels from x on, run by run. */
static void sum_pixels(const alck_real *x, int64_t x_stride, int64_t count, int64_t channels, double *total)
{
    alck_real sums[CHUNK_CHANNELS];
    memset(total, 0, (size_t)channels * sizeof *total);
    for (int64_t before = 0; before < count; before += RUN_PIXELS) {
        const int64_t pixels = smaller(RUN_PIXELS, count - before);
        clear_sums(sums, channels);
        EACH_PIXEL_VECTOR(pixels, channels, sum_step, x + before * x_stride, x_stride, sums);
        ALCK_NAME(add_run)(total, sums, channels);
    }
}

typedef struct tensor_job {
    units cut;
    const alck_real *x;
    int64_t x_stride;
    double *totals; /* [unit][channels] */
    alck_real *sums;
    bool add;
} tensor_job;

static void unit_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const tensor_job *j = argument;
    const unit_range r = units_of_task(&j->cut, task);
    for (int64_t unit = r.first; unit < r.end; unit++)
        sum_pixels(j->x + unit_first_pixel(&j->cut, unit) * j->x_stride + r.channel, j->x_stride, unit_pixels(&j->cut, unit), r.channels,
                   j->totals + unit * j->cut.channels + r.channel);
}

static void add_units_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const tensor_job *j = argument;
    const int64_t channel = task * CHUNK_CHANNELS;
    const int64_t channels = smaller(CHUNK_CHANNELS, j->cut.channels - channel);
    double sums[CHUNK_CHANNELS] = {0};
    for (int64_t unit = 0; unit < j->cut.count; unit++) {
        const double *totals = j->totals + unit * j->cut.channels + channel;
        for (int64_t c = 0; c < channels; c++)
            sums[c] += totals[c];
    }
    for (int64_t c = 0; c < channels; c++) {
        const alck_real sum = (alck_real)sums[c];
        j->sums[channel + c] = j->add ? j->sums[channel + c] + sum : sum;
    }
}

void ALCK_NAME(channel_sums)(const alck_parallel *par, int64_t rows, int64_t pixels_per_row, int64_t channels,
                             const alck_real *x, int64_t x_stride, alck_real *sums, bool add, void *scratch)
{
    tensor_job j = {.cut = units_of(rows, pixels_per_row, channels),
                    .x = x,
                    .x_stride = x_stride,
                    .totals = scratch,
                    .sums = sums,
                    .add = add};
    alck_spread(par, unit_tasks(&j.cut), unit_task, &j);
    alck_spread(par, j.cut.chunks, add_units_task, &j);
}
