/* kernels/f32/depthwise_backward.c - a depthwise convolution's gradients, for its input and its weights, in one pass.
 *
 * A task is a sample and some channels. It walks down the image in bands of rows whose values stay in the second cache, and there
 * reads the output's gradient twice: for the input's gradient, which is the forward sum over it phase by phase (phase.h), and for
 * the sums of the weights' gradient (depthwise_weights.c). A second round of tasks adds the samples' sums. Where one gradient alone
 * is wanted, or there are too few samples and channels to share them out, the input's gradient has a task for each band.
 */
#include "kernels/f32/depthwise.h"
#include "kernels/f32/phase.h"

/* Channels of a task, cut between two cache lines, which are the vectors summed at once. */
#define PART_CHANNELS 128
#define CUT_CHANNELS (2 * LINE_VALUES)
/* Bytes of x, dx and dy under a band. */
#define BAND_BYTES ((int64_t)512 << 10)

typedef struct backward_job {
    const alck_conv *s;
    const alck_depthwise_gradients *g;
    depthwise_weight_sums weights;
    int64_t parts, bands;
    int64_t groups; /* of bands, that tasks of their own walk */
    bool data_wanted, weights_wanted;
} backward_job;

static depthwise_part find_part(const backward_job *job, int64_t image, int64_t part)
{
    const int64_t channels = job->s->in_channels, cuts = ceil_divide(channels, CUT_CHANNELS);
    const int64_t first = cuts * part / job->parts * CUT_CHANNELS, end = cuts * (part + 1) / job->parts * CUT_CHANNELS;
    return (depthwise_part){image, first, smaller(end, channels) - first};
}

/* A band of dx: that of each phase. */
static void find_dx(const backward_job *job, const depthwise_part *part, int64_t band)
{
    const alck_conv *s = job->s;
    const alck_epilogue epilogue = {.add = job->g->add_dx};
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            const phase y = phase_y(s, i), x = phase_x(s, j);
            depthwise_product d = {.p = phase_product(s, &y, &x), .weight = job->g->weight, .kernel_width = s->kernel_width,
                                   .weight_y = y.last_tap, .weight_x = x.last_tap, .weight_step_y = -y.tap_step,
                                   .weight_step_x = -x.tap_step};
            d.p.groups = 1;
            d.p.channels = s->in_channels;
            d.p.input = job->g->dy;
            d.p.output = job->g->dx;
            d.p.output_stride = job->g->dx_stride;
            d.p.epilogue = &epilogue;
            if (y.taps * x.taps > 0 || !epilogue.add)
                ALCK_NAME(depthwise_rows)(&d, part, y.count * band / job->bands, y.count * (band + 1) / job->bands);
        }
}

static void part_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const backward_job *job = argument;
    const int64_t group = task / job->parts % job->groups, rows = job->s->out_height;
    const depthwise_part part = find_part(job, task / job->parts / job->groups, task % job->parts);
    for (int64_t band = job->bands * group / job->groups; band < job->bands * (group + 1) / job->groups; band++) {
        if (job->data_wanted)
            find_dx(job, &part, band);
        if (job->weights_wanted)
            ALCK_NAME(depthwise_weight_rows)(&job->weights, &part, rows * band / job->bands, rows * (band + 1) / job->bands);
    }
}

/* One tap: its samples' sums in order. */
static void add_samples_task(void *argument, int64_t tap, int worker)
{
    (void)worker;
    const backward_job *job = argument;
    const int64_t channels = job->s->in_channels, all = job->s->kernel_height * job->s->kernel_width * channels;
    for (int64_t c = 0; c < channels; c += VF_LANES) {
        const int64_t n = smaller(channels - c, VF_LANES);
        const alck_real *sums = job->weights.sums + tap * channels + c;
        alck_real *to = job->g->dw + tap * channels + c;
        vf total = vf_load_n(sums, n);
        for (int64_t image = 1; image < job->s->batch; image++)
            total = vf_add(total, vf_load_n(sums + image * all, n));
        vf_store_n(to, job->g->add_dw ? vf_add(total, vf_load_n(to, n)) : total, n);
    }
}

static void run(const alck_parallel *par, backward_job job, bool data_wanted, bool weights_wanted)
{
    job.data_wanted = data_wanted;
    job.weights_wanted = weights_wanted;
    job.groups = weights_wanted ? 1 : job.bands;
    alck_spread(par, job.s->batch * job.groups * job.parts, part_task, &job);
}

static backward_job plan(const alck_conv *s, const alck_depthwise_gradients *g)
{
    backward_job job = {.s = s, .g = g, .weights = {.p = conv_as_product(s), .dy = g->dy, .sums = g->scratch}};
    job.weights.p.groups = 1;
    job.weights.p.channels = s->in_channels;
    job.weights.p.input = g->x;
    job.parts = ceil_divide(s->in_channels, PART_CHANNELS);
    const int64_t row_values = (2 * s->stride_y * s->in_width + s->out_width) * smaller(s->in_channels, PART_CHANNELS);
    const int64_t rows = BAND_BYTES / larger(1, row_values * (int64_t)sizeof(alck_real));
    job.bands = larger(1, ceil_divide(s->out_height, larger(1, rows)));
    return job;
}

size_t ALCK_NAME(depthwise_backward_scratch_bytes)(const alck_conv *s)
{
    return (size_t)(s->batch * s->kernel_height * s->kernel_width * s->in_channels) * sizeof(alck_real);
}

void ALCK_NAME(depthwise_backward)(const alck_parallel *par, const alck_conv *s, const alck_depthwise_gradients *g)
{
    const backward_job job = plan(s, g);
    const bool is_empty = s->batch * s->out_height * s->out_width == 0;
    const bool together = !is_empty && s->batch * job.parts >= 2 * par->workers;
    if (g->dx != NULL && (g->dw == NULL || !together))
        run(par, job, true, false);
    if (g->dw != NULL && is_empty) {
        if (!g->add_dw)
            memset(g->dw, 0, (size_t)(s->kernel_height * s->kernel_width * s->in_channels) * sizeof *g->dw);
    } else if (g->dw != NULL) {
        run(par, job, g->dx != NULL && together, true);
        alck_spread(par, s->kernel_height * s->kernel_width, add_samples_task, (void *)&job);
    }
}
