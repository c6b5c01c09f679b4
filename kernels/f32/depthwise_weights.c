/* kernels/f32/depthwise_weights.c - a depthwise convolution's gradient for its weights: dw[tap][channel] is the sum over
 * output pixels of input[pixel at tap][channel] * dy[pixel][channel].
 *
 * The sum has three levels: a chain from +0 over a run, at most 256 consecutive pixels of one output line; runs added in
 * order within a sample; samples added in order. A task is one sample and some channels: it goes through the output line by
 * line, so that the input's lines are still in the cache when the next rows of taps read them, and leaves the sample's sums
 * in scratch. A second round of tasks adds the samples.
 */
#include "kernels/f32/depthwise.h"

/* Taps of one row that are summed at once. */
#define TAPS_MOST 8
/* Channels of a task: with a few lines of an image they fit into a second-level cache. */
#define TASK_VECTORS (128 / VF_LANES > 1 ? 128 / VF_LANES : 1)

typedef struct weights_job {
    product p;
    const alck_real *dy;
    alck_real *dw;
    alck_real *sums; /* [sample][tap][channels] */
    bool add;
} weights_job;

/* A run of output pixels: where each finds each tap of the row, and its gradient, at the task's first channel. */
typedef struct tap_run {
    int64_t pixels, dy_stride;
    const alck_real *dy;
    const alck_real *pointers[TAPS_MOST][K_BLOCK];
} tap_run;

#define EACH_TAP(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE_SUM(t) vf s##t##_0 = vf_zero(), s##t##_1 = s##t##_0, s##t##_2 = s##t##_0, s##t##_3 = s##t##_0;
#define LOAD_VALUE(from, v) (whole ? vf_load((from) + (v) * VF_LANES) : vf_load_n(from, n))
#define MULTIPLY_TAP(t)                                                                 \
    if (taps > t) {                                                                     \
        const alck_real *at = r->pointers[t][k] + c;                                    \
        s##t##_0 = vf_fma(LOAD_VALUE(at, 0), d0, s##t##_0);                             \
        if (vectors > 1) s##t##_1 = vf_fma(LOAD_VALUE(at, 1), d1, s##t##_1);            \
        if (vectors > 2) s##t##_2 = vf_fma(LOAD_VALUE(at, 2), d2, s##t##_2);            \
        if (vectors > 3) s##t##_3 = vf_fma(LOAD_VALUE(at, 3), d3, s##t##_3);            \
    }
#define SETTLE_VECTOR(t, v)                                                             \
    if (vectors > v) {                                                                  \
        alck_real *to = sums + t * channels + v * VF_LANES;                             \
        const vf total = first ? s##t##_##v : vf_add(LOAD_VALUE(to, 0), s##t##_##v);    \
        if (whole)                                                                      \
            vf_store(to, total);                                                        \
        else                                                                            \
            vf_store_n(to, total, n);                                                   \
    }
#define SETTLE_TAP(t) \
    if (taps > t) { SETTLE_VECTOR(t, 0) SETTLE_VECTOR(t, 1) SETTLE_VECTOR(t, 2) SETTLE_VECTOR(t, 3) }

/* Vectors of channels summed at once: a chain waits for its last product, so a few taps alone would leave the units idle. */
#define VECTORS_OF(taps) ((taps) <= 3 ? 4 : (taps) <= 6 ? 2 : 1)

/* `vectors` whole vectors, or n channels of one, from the task's channel c on; the sums of tap t are at sums + t * channels. */
ALCK_INLINE void sum_run(int64_t taps, int64_t vectors, bool whole, const tap_run *r, int64_t c, int64_t n, bool first,
                         alck_real *sums, int64_t channels)
{
    EACH_TAP(DECLARE_SUM)
    const alck_real *dy = r->dy + c;
    for (int64_t k = 0; k < r->pixels; k++, dy += r->dy_stride) {
        const vf d0 = LOAD_VALUE(dy, 0), d1 = vectors > 1 ? LOAD_VALUE(dy, 1) : d0;
        const vf d2 = vectors > 2 ? LOAD_VALUE(dy, 2) : d0, d3 = vectors > 3 ? LOAD_VALUE(dy, 3) : d0;
        EACH_TAP(MULTIPLY_TAP)
    }
    EACH_TAP(SETTLE_TAP)
}

typedef void (*run_function)(const tap_run *, int64_t, int64_t, bool, alck_real *, int64_t);

#define DEFINE_RUN(t)                                                                                              \
    static void run_wide_##t(const tap_run *r, int64_t c, int64_t n, bool first, alck_real *sums, int64_t channels)  \
    {                                                                                                              \
        sum_run(t + 1, VECTORS_OF(t + 1), true, r, c, n, first, sums, channels);                                   \
    }                                                                                                              \
    static void run_part_##t(const tap_run *r, int64_t c, int64_t n, bool first, alck_real *sums, int64_t channels) \
    {                                                                                                              \
        sum_run(t + 1, 1, false, r, c, n, first, sums, channels);                                                  \
    }
EACH_TAP(DEFINE_RUN)

#define WIDE_ENTRY(t) run_wide_##t,
#define PART_ENTRY(t) run_part_##t,
/* By count of taps. */
static const run_function run_wide[] = {NULL, EACH_TAP(WIDE_ENTRY)};
static const run_function run_part[] = {NULL, EACH_TAP(PART_ENTRY)};

/* A task's sample and channels [channel, channel + channels). */
typedef struct task_range {
    int64_t image, channel, channels;
} task_range;

/* Adds a run to the sums of `taps` taps of one row, for all of the task's channels. */
static void sum_channels(const tap_run *r, int64_t taps, int64_t task_channels, bool first, alck_real *sums,
                         int64_t channels)
{
    const int64_t together = VECTORS_OF(taps) * VF_LANES;
    int64_t c = 0;
    for (; c + together <= task_channels; c += together)
        run_wide[taps](r, c, VF_LANES, first, sums + c, channels);
    for (; c < task_channels; c += VF_LANES)
        run_part[taps](r, c, task_channels - c < VF_LANES ? task_channels - c : VF_LANES, first, sums + c, channels);
}

/* All taps of one output line. */
static void sum_line(const weights_job *job, const task_range *at, int64_t y, tap_run *r)
{
    const product *p = &job->p;
    alck_real *sums = job->sums + at->image * p->taps_y * p->taps_x * p->channels + at->channel;
    for (int64_t x = 0; x < p->grid_width; x += K_BLOCK) {
        r->pixels = p->grid_width - x < K_BLOCK ? p->grid_width - x : K_BLOCK;
        r->dy_stride = p->output_stride;
        r->dy = job->dy + ((at->image * p->grid_height + y) * p->grid_width + x) * p->output_stride + at->channel;
        for (int64_t i = 0; i < p->taps_y; i++) {
            const alck_real *line = depthwise_line(p, at->image, y, i, at->channel);
            for (int64_t j = 0; j < p->taps_x; j += TAPS_MOST) {
                const int64_t taps = p->taps_x - j < TAPS_MOST ? p->taps_x - j : TAPS_MOST;
                for (int64_t t = 0; t < taps; t++)
                    depthwise_point(p, line, x, r->pixels, j + t, r->pointers[t]);
                sum_channels(r, taps, at->channels, y == 0 && x == 0, sums + (i * p->taps_x + j) * p->channels,
                             p->channels);
            }
        }
    }
}

static int64_t channel_parts(const product *p)
{
    return ceil_divide(ceil_divide(p->channels, VF_LANES), TASK_VECTORS);
}

static void sample_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const weights_job *job = argument;
    const product *p = &job->p;
    const int64_t parts = channel_parts(p), vectors = ceil_divide(p->channels, VF_LANES), part = task % parts;
    task_range at = {.image = task / parts, .channel = vectors * part / parts * VF_LANES};
    const int64_t end = vectors * (part + 1) / parts * VF_LANES;
    at.channels = (end < p->channels ? end : p->channels) - at.channel;
    tap_run r;
    for (int64_t y = 0; y < p->grid_height; y++)
        sum_line(job, &at, y, &r);
}

/* One tap: its samples' sums in order. */
static void add_samples_task(void *argument, int64_t tap, int worker)
{
    (void)worker;
    const weights_job *job = argument;
    const int64_t channels = job->p.channels, all = job->p.taps_y * job->p.taps_x * channels;
    for (int64_t c = 0; c < channels; c += VF_LANES) {
        const int64_t n = channels - c < VF_LANES ? channels - c : VF_LANES;
        const alck_real *sums = job->sums + tap * channels + c;
        alck_real *to = job->dw + tap * channels + c;
        vf total = vf_load_n(sums, n);
        for (int64_t image = 1; image < job->p.batch; image++)
            total = vf_add(total, vf_load_n(sums + image * all, n));
        vf_store_n(to, job->add ? vf_add(total, vf_load_n(to, n)) : total, n);
    }
}

size_t ALCK_NAME(depthwise_backward_weights_scratch_bytes)(const alck_conv *s, int workers)
{
    (void)workers;
    return (size_t)(s->batch * s->kernel_height * s->kernel_width * s->in_channels) * sizeof(alck_real);
}

void ALCK_NAME(depthwise_backward_weights)(const alck_parallel *par, const alck_conv *s, const alck_real *x,
                                           const alck_real *dy, alck_real *dw, bool add, void *scratch)
{
    weights_job job = {.p = conv_as_product(s), .dy = dy, .dw = dw, .sums = scratch, .add = add};
    job.p.groups = 1;
    job.p.channels = s->in_channels;
    job.p.input = x;
    if (s->batch * s->out_height * s->out_width == 0) {
        if (!add)
            memset(dw, 0, (size_t)(s->kernel_height * s->kernel_width * s->in_channels) * sizeof *dw);
        return;
    }
    alck_spread(par, job.p.batch * channel_parts(&job.p), sample_task, &job);
    alck_spread(par, job.p.taps_y * job.p.taps_x, add_samples_task, &job);
}
