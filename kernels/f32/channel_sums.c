/* kernels/f32/channel_sums.c - sums over pixels for each channel: of a whole tensor (a bias's gradient), and of each
 * sample (the gradient of a gate). runs.h has their order; per sample the units are left out: a
 * sample's runs are all added in order. */
#include "kernels/f32/runs.h"

void ALCK_NAME(add_run)(double *restrict total, const alck_real *restrict sums, int64_t channels)
{
    for (int64_t c = 0; c < channels; c++)
        total[c] += (double)sums[c];
}

/* sums += the run's values, or its products with another tensor's where there is one. */
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

ALCK_INLINE void product_step(const alck_real *x, int64_t x_stride, const alck_real *y, int64_t y_stride,
                              alck_real *sums, int64_t pixel, int64_t pixels, int64_t i, int64_t lanes)
{
    vf sum = load_lanes(sums + i, lanes);
    for (int64_t p = 0; p < pixels; p++) {
        const alck_real *left = x + (pixel + p) * x_stride + i, *right = y + (pixel + p) * y_stride + i;
        fetch_pixel_ahead(left, x_stride);
        fetch_pixel_ahead(right, y_stride);
        sum = vf_fma(load_lanes(left, lanes), load_lanes(right, lanes), sum);
    }
    store_lanes(sums + i, sum, lanes);
}

/* total = the sum over `count` pixels from x (times y) on, run by run. */
ALCK_ONCE void sum_pixels(const alck_real *x, int64_t x_stride, const alck_real *y, int64_t y_stride, int64_t count,
                          int64_t channels, double *total)
{
    alck_real sums[CHUNK_CHANNELS];
    memset(total, 0, (size_t)channels * sizeof *total);
    for (int64_t before = 0; before < count; before += RUN_PIXELS) {
        const int64_t pixels = smaller(RUN_PIXELS, count - before);
        clear_sums(sums, channels);
        if (y == NULL)
            EACH_PIXEL_VECTOR(pixels, channels, sum_step, x + before * x_stride, x_stride, sums);
        else
            EACH_PIXEL_VECTOR(pixels, channels, product_step, x + before * x_stride, x_stride,
                              y + before * y_stride, y_stride, sums);
        ALCK_NAME(add_run)(total, sums, channels);
    }
}

/* --- over all samples --- */

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
        sum_pixels(j->x + unit_first_pixel(&j->cut, unit) * j->x_stride + r.channel, j->x_stride, NULL, 0,
                   unit_pixels(&j->cut, unit), r.channels, j->totals + unit * j->cut.channels + r.channel);
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

/* --- per sample: a task is a few samples of one chunk of channels --- */

typedef struct sample_job {
    int64_t rows, pixels, channels, chunks, per_task;
    const alck_real *x, *dy;
    int64_t x_stride, dy_stride, output_stride;
    alck_real *output;
    bool add;
} sample_job;

static void sample_sums(const sample_job *j, int64_t row, int64_t channel, int64_t channels)
{
    double totals[CHUNK_CHANNELS];
    const int64_t pixel = row * j->pixels;
    sum_pixels(j->x + pixel * j->x_stride + channel, j->x_stride, j->dy + pixel * j->dy_stride + channel, j->dy_stride, j->pixels,
               channels, totals);
    alck_real *output = j->output + row * j->output_stride + channel;
    for (int64_t c = 0; c < channels; c++) {
        const alck_real value = (alck_real)totals[c];
        output[c] = j->add ? output[c] + value : value;
    }
}

static void sample_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const sample_job *j = argument;
    const int64_t first = task / j->chunks * j->per_task;
    const int64_t end = smaller(first + j->per_task, j->rows);
    const int64_t channel = task % j->chunks * CHUNK_CHANNELS;
    for (int64_t row = first; row < end; row++)
        sample_sums(j, row, channel, smaller(CHUNK_CHANNELS, j->channels - channel));
}

static void spread_samples(const alck_parallel *par, sample_job *j)
{
    j->chunks = ceil_divide(j->channels, CHUNK_CHANNELS);
    const int64_t values = j->pixels * smaller(CHUNK_CHANNELS, j->channels);
    j->per_task = larger(1, VALUES_PER_TASK / larger(1, values));
    alck_spread(par, ceil_divide(j->rows, j->per_task) * j->chunks, sample_task, j);
}

void ALCK_NAME(multiply_broadcast_gate)(const alck_parallel *par, int64_t rows, int64_t pixels, int64_t channels,
                                        const alck_real *x, int64_t x_stride, const alck_real *dy,
                                        int64_t dy_stride, alck_real *dgate, int64_t dgate_stride, bool add)
{
    sample_job j = {.rows = rows,
                    .pixels = pixels,
                    .channels = channels,
                    .x = x,
                    .x_stride = x_stride,
                    .dy = dy,
                    .dy_stride = dy_stride,
                    .output = dgate,
                    .output_stride = dgate_stride,
                    .add = add};
    spread_samples(par, &j);
}
