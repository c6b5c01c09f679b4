/* kernels/f32/depthwise_weights.c - a depthwise convolution's gradient for its weights: dw[tap][channel] is the sum over
 * output pixels of input[pixel at tap][channel] * dy[pixel][channel].
 *
 * The sum has three levels: a chain from +0 over a run, at most 256 consecutive pixels of one output line; runs added in
 * order within a sample; samples added in order. A task is one vector of channels and one row of taps, over all pixels.
 */
#include "kernels/f32/depthwise.h"

/* Taps of one row that are summed at once. */
#define TAPS_MOST 8

typedef struct weights_job {
    product p;
    const alck_conv *s;
    const alck_real *dy;
    alck_real *dw;
    bool add;
} weights_job;

/* A run of output pixels: where each finds each tap of the row, and its gradient. */
typedef struct tap_run {
    int64_t pixels, dy_stride;
    const alck_real *dy;
    const alck_real *pointers[TAPS_MOST][K_BLOCK];
} tap_run;

#define EACH_TAP(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE_SUM(t) vf s##t = vf_zero();
#define LOAD_TAP(t) (whole ? vf_load(r->pointers[t][k]) : vf_load_n(r->pointers[t][k], n))
#define MULTIPLY_TAP(t) \
    if (taps > t) s##t = vf_fma(LOAD_TAP(t), d, s##t);
#define ADD_TAP(t) \
    if (taps > t) vf_store(sums + t * VF_LANES, vf_add(vf_load(sums + t * VF_LANES), s##t));
#define STORE_TAP(t) \
    if (taps > t) vf_store(sums + t * VF_LANES, s##t);

ALCK_INLINE void sum_run(int64_t taps, bool whole, const tap_run *r, int64_t n, bool first, alck_real *sums)
{
    EACH_TAP(DECLARE_SUM)
    const alck_real *dy = r->dy;
    for (int64_t k = 0; k < r->pixels; k++, dy += r->dy_stride) {
        const vf d = whole ? vf_load(dy) : vf_load_n(dy, n);
        EACH_TAP(MULTIPLY_TAP)
    }
    if (first) {
        EACH_TAP(STORE_TAP)
    } else {
        EACH_TAP(ADD_TAP)
    }
}

typedef void (*run_function)(const tap_run *, int64_t, bool, alck_real *);

#define DEFINE_RUN(t)                                                                          \
    static void run_whole_##t(const tap_run *r, int64_t n, bool first, alck_real *sums)        \
    {                                                                                          \
        sum_run(t + 1, true, r, n, first, sums);                                               \
    }                                                                                          \
    static void run_part_##t(const tap_run *r, int64_t n, bool first, alck_real *sums)         \
    {                                                                                          \
        sum_run(t + 1, false, r, n, first, sums);                                              \
    }
EACH_TAP(DEFINE_RUN)

#define WHOLE_ENTRY(t) run_whole_##t,
#define PART_ENTRY(t) run_part_##t,
static const run_function run_whole[] = {EACH_TAP(WHOLE_ENTRY)};
static const run_function run_part[] = {EACH_TAP(PART_ENTRY)};

/* Some taps of one row, from tap column j on, at one vector of channels. */
typedef struct tap_place {
    int64_t i, j, taps, channel, n;
} tap_place;

/* The sums of one sample. */
static void sum_sample(const weights_job *job, int64_t image, const tap_place *at, tap_run *r, alck_real *sums)
{
    const product *p = &job->p;
    const run_function function = at->n == VF_LANES ? run_whole[at->taps - 1] : run_part[at->taps - 1];
    for (int64_t y = 0; y < p->grid_height; y++) {
        const alck_real *line = depthwise_line(p, image, y, at->i, at->channel);
        for (int64_t x = 0; x < p->grid_width; x += K_BLOCK) {
            r->pixels = p->grid_width - x < K_BLOCK ? p->grid_width - x : K_BLOCK;
            r->dy_stride = p->output_stride;
            r->dy = job->dy + ((image * p->grid_height + y) * p->grid_width + x) * p->output_stride + at->channel;
            for (int64_t t = 0; t < at->taps; t++)
                depthwise_point(p, line, x, r->pixels, at->j + t, r->pointers[t]);
            function(r, at->n, y == 0 && x == 0, sums);
        }
    }
}

static void sum_taps(const weights_job *job, const tap_place *at)
{
    alck_real totals[TAPS_MOST * VF_LANES], sums[TAPS_MOST * VF_LANES];
    tap_run r;
    for (int64_t image = 0; image < job->p.batch; image++) {
        sum_sample(job, image, at, &r, image == 0 ? totals : sums);
        for (int64_t t = 0; t < at->taps && image > 0; t++)
            vf_store(totals + t * VF_LANES, vf_add(vf_load(totals + t * VF_LANES), vf_load(sums + t * VF_LANES)));
    }
    for (int64_t t = 0; t < at->taps; t++) {
        alck_real *to = job->dw + (at->i * job->p.taps_x + at->j + t) * job->p.channels + at->channel;
        const vf total = vf_load(totals + t * VF_LANES);
        vf_store_n(to, job->add ? vf_add(total, vf_load_n(to, at->n)) : total, at->n);
    }
}

static void weights_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const weights_job *job = argument;
    const int64_t channel = task / job->p.taps_y * VF_LANES, left = job->p.channels - channel;
    tap_place at = {.i = task % job->p.taps_y, .channel = channel, .n = left < VF_LANES ? left : VF_LANES};
    for (at.j = 0; at.j < job->p.taps_x; at.j += at.taps) {
        at.taps = job->p.taps_x - at.j < TAPS_MOST ? job->p.taps_x - at.j : TAPS_MOST;
        sum_taps(job, &at);
    }
}

size_t ALCK_NAME(depthwise_backward_weights_scratch_bytes)(const alck_conv *s, int workers)
{
    (void)s;
    (void)workers;
    return 0;
}

void ALCK_NAME(depthwise_backward_weights)(const alck_parallel *par, const alck_conv *s, const alck_real *x,
                                           const alck_real *dy, alck_real *dw, bool add, void *scratch)
{
    (void)scratch;
    weights_job job = {.p = conv_as_product(s), .s = s, .dy = dy, .dw = dw, .add = add};
    job.p.groups = 1;
    job.p.channels = s->in_channels;
    job.p.input = x;
    if (s->batch * s->out_height * s->out_width == 0) {
        if (!add)
            memset(dw, 0, (size_t)(s->kernel_height * s->kernel_width * s->in_channels) * sizeof *dw);
        return;
    }
    alck_spread(par, even_parts(job.p.channels, VF_LANES) * job.p.taps_y, weights_task, &job);
}
