/* kernels/f32/conv_backward_data.c - a convolution's gradient for its input, as products (product.h) over the output's
 * gradient.
 *
 * Every phase (phase.h) is a convolution with stride 1 of the output's gradient; its columns are the input channels.
 */
#include "kernels/f32/phase.h"

/* Packed elements of one phase, all groups. */
static int64_t phase_elements(const alck_conv *s, const phase *y, const phase *x)
{
    const product p = phase_product(s, y, x);
    return s->groups * panel_elements(product_terms(&p), p.columns);
}

size_t ALCK_NAME(conv_packed_backward_bytes)(const alck_conv *s)
{
    int64_t elements = 0;
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            const phase y = phase_y(s, i), x = phase_x(s, j);
            elements += phase_elements(s, &y, &x);
        }
    return (size_t)elements * sizeof(alck_real);
}

/* One phase's panels: a task is one panel of one group. */
typedef struct pack_job {
    const alck_conv *s;
    phase y, x;
    const alck_real *weight;
    alck_real *packed;
} pack_job;

static void pack_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pack_job *job = argument;
    const alck_conv *s = job->s;
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    const int64_t group = task / panel_count(inputs), panel = task % panel_count(inputs);
    const int64_t terms = terms_of(s->operands, outputs), k = job->y.taps * job->x.taps * terms;
    const int64_t width = panel_vectors(inputs, panel) * VF_LANES;
    const alck_real *weight = job->weight + group * s->kernel_height * s->kernel_width * inputs * outputs
                              + panel * TILE_COLUMNS * outputs;
    alck_real *packed = job->packed + group * panel_elements(k, inputs) + panel * k * TILE_COLUMNS;
    for (int64_t i = 0; i < job->y.taps; i++)
        for (int64_t j = 0; j < job->x.taps; j++) {
            const int64_t ky = job->y.last_tap - i * job->y.tap_step;
            const int64_t kx = job->x.last_tap - j * job->x.tap_step;
            ALCK_NAME(panel_pack)(s->operands, outputs, panel_columns(inputs, panel),
                                  weight + (ky * s->kernel_width + kx) * inputs * outputs, outputs, true, packed);
            packed += terms * width;
        }
}

void ALCK_NAME(conv_pack_backward)(const alck_parallel *par, const alck_conv *s, const alck_real *weight,
                                   void *packed)
{
    pack_job job = {.s = s, .weight = weight, .packed = packed};
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            job.y = phase_y(s, i);
            job.x = phase_x(s, j);
            if (job.y.taps * job.x.taps > 0)
                alck_spread(par, s->groups * panel_count(s->in_channels / s->groups), pack_task, &job);
            job.packed += phase_elements(s, &job.y, &job.x);
        }
}

size_t ALCK_NAME(conv_backward_data_scratch_bytes)(const alck_conv *s, int workers)
{
    size_t most = 0;
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            const phase y = phase_y(s, i), x = phase_x(s, j);
            const product p = phase_product(s, &y, &x);
            const size_t bytes = ALCK_NAME(product_scratch_bytes)(&p, workers);
            most = bytes > most ? bytes : most;
        }
    return most;
}

void ALCK_NAME(conv_backward_data)(const alck_parallel *par, const alck_conv *s, const alck_real *dy,
                                   const void *packed, alck_real *dx, bool add, void *scratch)
{
    const alck_epilogue epilogue = {.add = add};
    const alck_real *panels = packed;
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            const phase y = phase_y(s, i), x = phase_x(s, j);
            product p = phase_product(s, &y, &x);
            p.input = dy;
            p.panels = panels;
            p.output = dx;
            p.epilogue = &epilogue;
            if (y.taps * x.taps > 0 || !add)
                ALCK_NAME(product_run)(par, &p, scratch);
            panels += phase_elements(s, &y, &x);
        }
}
