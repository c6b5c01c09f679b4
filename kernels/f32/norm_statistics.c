/* kernels/f32/norm_statistics.c - mean and variance of each channel over all pixels: batch norm's statistics.
 *
 * Not by E[x^2] - mean^2, which loses all digits where the mean is large: every run of pixels is centred on its own
 * mean before it is squared, while it lies in the first-level cache, and (mean, M2) pairs are merged in double in the
 * order of runs.h: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
 * sample variances" (1979). The tensor is read from memory once.
 */
#include "kernels/f32/norm_values.h"
#include "kernels/f32/runs.h"

typedef struct statistics_job {
    units cut;
    const alck_norm *s;
    double *moments; /* [unit][mean, M2][channels] */
    alck_real *mean, *variance;
} statistics_job;

ALCK_INLINE void sum_step(const alck_real *x, int64_t stride, alck_real *sums, int64_t pixel, int64_t pixels,
                          int64_t i, int64_t lanes)
{
    vf sum = load_lanes(sums + i, lanes);
    for (int64_t p = 0; p < pixels; p++) {
        const alck_real *values = x + (pixel + p) * stride + i;
        fetch_pixel_ahead(values, stride);
        sum = vf_add(sum, load_lanes(values, lanes));
    }
    store_lanes(sums + i, sum, lanes);
}

ALCK_INLINE void centred_step(const alck_real *x, int64_t stride, const alck_real *centre, alck_real *sums,
                              alck_real *squares, int64_t pixel, int64_t pixels, int64_t i, int64_t lanes)
{
    const vf middle = load_lanes(centre + i, lanes);
    vf sum = load_lanes(sums + i, lanes), square = load_lanes(squares + i, lanes);
    for (int64_t p = 0; p < pixels; p++) {
        const vf d = vf_sub(load_lanes(x + (pixel + p) * stride + i, lanes), middle);
        sum = vf_add(sum, d);
        square = vf_fma(d, d, square);
    }
    store_lanes(sums + i, sum, lanes);
    store_lanes(squares + i, square, lanes);
}

/* What one more group of pixels weighs in a merge of `before` pixels with it. */
typedef struct merge_weights {
    double mean, cross;
} merge_weights;

static inline merge_weights weights_of_merge(int64_t before, int64_t pixels)
{
    const double share = (double)pixels / (double)(before + pixels);
    return (merge_weights){share, (double)before * share};
}

/* mean and m2 of `before` pixels take in a run: centre, sum and squares of the differences from it. */
static void merge_run(double *restrict mean, double *restrict m2, int64_t before, const alck_real *restrict centre,
                      const alck_real *restrict sums, const alck_real *restrict squares, int64_t pixels,
                      int64_t channels)
{
    const merge_weights w = weights_of_merge(before, pixels);
    const double inverse = 1.0 / (double)pixels;
    for (int64_t c = 0; c < channels; c++) {
        const double off = (double)sums[c] * inverse;
        const double run_m2 = (double)squares[c] - (double)sums[c] * off;
        const double delta = (double)centre[c] + off - mean[c];
        mean[c] += delta * w.mean;
        m2[c] += run_m2 + delta * delta * w.cross;
    }
}

static void merge_unit(double *restrict mean, double *restrict m2, int64_t before, const double *restrict unit_mean,
                       const double *restrict unit_m2, int64_t pixels, int64_t channels)
{
    const merge_weights w = weights_of_merge(before, pixels);
    for (int64_t c = 0; c < channels; c++) {
        const double delta = unit_mean[c] - mean[c];
        mean[c] += delta * w.mean;
        m2[c] += unit_m2[c] + delta * delta * w.cross;
    }
}

static void unit_moments(const statistics_job *j, int64_t unit, int64_t channel, int64_t channels)
{
    alck_real centre[CHUNK_CHANNELS], sums[CHUNK_CHANNELS], squares[CHUNK_CHANNELS], reals[RUN_PIXELS * CHUNK_CHANNELS];
    const int64_t all = unit_pixels(&j->cut, unit);
    double *mean = j->moments + 2 * unit * j->cut.channels + channel;
    double *m2 = mean + j->cut.channels;
    memset(mean, 0, (size_t)channels * sizeof *mean);
    memset(m2, 0, (size_t)channels * sizeof *m2);
    for (int64_t before = 0; before < all; before += RUN_PIXELS) {
        const int64_t pixels = smaller(RUN_PIXELS, all - before);
        const norm_values x = norm_x(j->s, (norm_block){unit_first_pixel(&j->cut, unit) + before, pixels, channel, channels}, reals);
        clear_sums(centre, channels);
        EACH_PIXEL_VECTOR(pixels, channels, sum_step, x.at, x.stride, centre);
        const alck_real inverse = (alck_real)1 / (alck_real)pixels;
        for (int64_t c = 0; c < channels; c++)
            centre[c] *= inverse;
        clear_sums(sums, channels);
        clear_sums(squares, channels);
        EACH_PIXEL_VECTOR(pixels, channels, centred_step, x.at, x.stride, centre, sums, squares);
        merge_run(mean, m2, before, centre, sums, squares, pixels, channels);
    }
}

static void moments_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const statistics_job *j = argument;
    const unit_range r = units_of_task(&j->cut, task);
    for (int64_t unit = r.first; unit < r.end; unit++)
        unit_moments(j, unit, r.channel, r.channels);
}

static void merge_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const statistics_job *j = argument;
    const int64_t channel = task * CHUNK_CHANNELS;
    const int64_t channels = smaller(CHUNK_CHANNELS, j->cut.channels - channel);
    double mean[CHUNK_CHANNELS] = {0}, m2[CHUNK_CHANNELS] = {0};
    int64_t before = 0;
    for (int64_t unit = 0; unit < j->cut.count; unit++) {
        const double *moments = j->moments + 2 * unit * j->cut.channels + channel;
        const int64_t pixels = unit_pixels(&j->cut, unit);
        merge_unit(mean, m2, before, moments, moments + j->cut.channels, pixels, channels);
        before += pixels;
    }
    for (int64_t c = 0; c < channels; c++) {
        j->mean[channel + c] = (alck_real)mean[c];
        j->variance[channel + c] = (alck_real)(before > 0 ? m2[c] / (double)before : 0.0);
    }
}

size_t ALCK_NAME(norm_scratch_bytes)(int64_t rows, int64_t pixels_per_row, int64_t channels, int workers)
{
    (void)workers;
    return (size_t)units_of(rows, pixels_per_row, channels).count * (size_t)channels * 2 * sizeof(double);
}

void ALCK_NAME(norm_statistics)(const alck_parallel *par, const alck_norm *s, alck_real *mean, alck_real *variance,
                                void *scratch)
{
    statistics_job j = {.cut = units_of(s->rows, s->pixels_per_row, s->channels),
                        .s = s,
                        .moments = scratch,
                        .mean = mean,
                        .variance = variance};
    alck_spread(par, unit_tasks(&j.cut), moments_task, &j);
    alck_spread(par, j.cut.chunks, merge_task, &j);
}
