/* kernels/f32/gate_gradients.c - the gradients of a gate, a sum over a sample's pixels for each channel, and of what it multiplies.
 *
 * The order of addition is that of runs.h without units: a sample's runs are all added in order. A task is a few samples of one chunk
 * of channels. */
#include "kernels/f32/runs.h"

typedef struct gate_job {
    alck_gate_gradients g;
    int64_t chunks, per_task;
} gate_job;

/* sums += the products of some pixels of the sample that begins with pixel `first`; and their gradients, where they are wanted. */
ALCK_INLINE void gate_step(const alck_gate_gradients *g, const alck_real *gate, int64_t first, int64_t channel, alck_real *sums,
                           int64_t pixel, int64_t pixels, int64_t i, int64_t lanes)
{
    const int64_t x_stride = g->x_stride, dy_stride = g->dy_stride, dx_stride = g->dx_stride;
    const alck_real *const x = g->x + channel + i, *const dy = g->dy + channel + i;
    alck_real *const dx = g->dx != NULL ? g->dx + channel + i : NULL;
    const bool add = g->add_dx;
    const vf factor = dx != NULL ? load_lanes(gate + i, lanes) : vf_zero();
    vf sum = load_lanes(sums + i, lanes);
    for (int64_t p = first + pixel; p < first + pixel + pixels; p++) {
        fetch_pixel_ahead(x + p * x_stride, x_stride);
        fetch_pixel_ahead(dy + p * dy_stride, dy_stride);
        const vf d = load_lanes(dy + p * dy_stride, lanes);
        sum = vf_fma(load_lanes(x + p * x_stride, lanes), d, sum);
        if (dx != NULL) {
            alck_real *at = dx + p * dx_stride;
            store_lanes(at, add ? vf_fma(d, factor, load_lanes(at, lanes)) : vf_mul(d, factor), lanes);
        }
    }
    store_lanes(sums + i, sum, lanes);
}

static void sample_gradients(const alck_gate_gradients *g, int64_t row, int64_t channel, int64_t channels)
{
    alck_real sums[CHUNK_CHANNELS];
    double totals[CHUNK_CHANNELS] = {0};
    const alck_real *gate = g->dx != NULL ? g->gate + row * g->gate_stride + channel : NULL;
    for (int64_t before = 0; before < g->pixels; before += RUN_PIXELS) {
        const int64_t pixels = smaller(RUN_PIXELS, g->pixels - before);
        clear_sums(sums, channels);
        EACH_PIXEL_VECTOR(pixels, channels, gate_step, g, gate, row * g->pixels + before, channel, sums);
        ALCK_NAME(add_run)(totals, sums, channels);
    }
    alck_real *output = g->dgate + row * g->dgate_stride + channel;
    for (int64_t c = 0; c < channels; c++) {
        const alck_real value = (alck_real)totals[c];
        output[c] = g->add_dgate ? output[c] + value : value;
    }
}

static void gate_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const gate_job *j = argument;
    const int64_t first = task / j->chunks * j->per_task;
    const int64_t end = smaller(first + j->per_task, j->g.rows);
    const int64_t channel = task % j->chunks * CHUNK_CHANNELS;
    for (int64_t row = first; row < end; row++)
        sample_gradients(&j->g, row, channel, smaller(CHUNK_CHANNELS, j->g.channels - channel));
}

/* Both gradients in one pass where there are tasks for all workers; else dx, which can be shared out by pixels, after dgate, for it may
 * take dy's place. */
void ALCK_NAME(multiply_broadcast_backward)(const alck_parallel *par, const alck_gate_gradients *g)
{
    gate_job j = {.g = *g, .chunks = ceil_divide(g->channels, CHUNK_CHANNELS)};
    const int64_t values = g->pixels * smaller(CHUNK_CHANNELS, g->channels);
    j.per_task = larger(1, VALUES_PER_TASK / larger(1, values));
    const int64_t tasks = ceil_divide(g->rows, j.per_task) * j.chunks;
    const bool together = g->dgate != NULL && tasks >= 2 * par->workers;
    if (!together)
        j.g.dx = NULL;
    if (g->dgate != NULL)
        alck_spread(par, tasks, gate_task, &j);
    if (g->dx != NULL && !together)
        ALCK_NAME(multiply_broadcast)(par, g->rows, g->pixels, g->channels, g->dy, g->dy_stride, g->gate, g->gate_stride, g->dx,
                                      g->dx_stride, g->add_dx);
}
