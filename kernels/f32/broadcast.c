/* kernels/f32/broadcast.c - a value per sample and channel against every pixel of the sample: the gate of a
 * squeeze-and-excitation block, and the gradient of a global average.
 *
 * Tasks are ranges of pixels, counted over all samples.
 */
#include "kernels/f32/strips.h"

typedef struct broadcast_job {
    strips cut;
    int64_t pixels, channels;
    const alck_real *x, *gate;
    alck_real *y;
    int64_t x_stride, gate_stride, y_stride;
    bool add;
} broadcast_job;

ALCK_INLINE void multiply_step(const alck_real *x, const alck_real *gate, alck_real *y, bool add, int64_t i,
                               int64_t lanes)
{
    const vf vx = load_lanes(x + i, lanes), vg = load_lanes(gate + i, lanes);
    store_lanes(y + i, add ? vf_fma(vx, vg, load_lanes(y + i, lanes)) : vf_mul(vx, vg), lanes);
}

static void multiply_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const broadcast_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t p = first; p < end; p++)
        EACH_VECTOR(j->channels, multiply_step, j->x + p * j->x_stride,
                    j->gate + p / j->pixels * j->gate_stride, j->y + p * j->y_stride, j->add);
}

void ALCK_NAME(multiply_broadcast)(const alck_parallel *par, int64_t rows, int64_t pixels, int64_t channels,
                                   const alck_real *x, int64_t x_stride, const alck_real *gate,
                                   int64_t gate_stride, alck_real *y, int64_t y_stride, bool add)
{
    broadcast_job j = {.cut = strips_of(rows * pixels, channels, false),
                       .pixels = pixels,
                       .channels = channels,
                       .x = x,
                       .gate = gate,
                       .y = y,
                       .x_stride = x_stride,
                       .gate_stride = gate_stride,
                       .y_stride = y_stride,
                       .add = add};
    alck_spread(par, strip_tasks(&j.cut), multiply_task, &j);
}

ALCK_INLINE void average_step(const alck_real *dy, alck_real *dx, vf pixels, bool add, int64_t i, int64_t lanes)
{
    vf v = vf_div(load_lanes(dy + i, lanes), pixels);
    if (add)
        v = vf_add(load_lanes(dx + i, lanes), v);
    store_lanes(dx + i, v, lanes);
}

static void average_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const broadcast_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    const vf pixels = vf_set1((alck_real)j->pixels);
    for (int64_t p = first; p < end; p++)
        EACH_VECTOR(j->channels, average_step, j->gate + p / j->pixels * j->gate_stride, j->y + p * j->y_stride,
                    pixels, j->add);
}

void ALCK_NAME(global_average_backward)(const alck_parallel *par, int64_t rows, int64_t pixels, int64_t channels,
                                        const alck_real *dy, int64_t dy_stride, alck_real *dx, int64_t dx_stride,
                                        bool add)
{
    broadcast_job j = {.cut = strips_of(rows * pixels, channels, false),
                       .pixels = pixels,
                       .channels = channels,
                       .gate = dy,
                       .y = dx,
                       .gate_stride = dy_stride,
                       .y_stride = dx_stride,
                       .add = add};
    alck_spread(par, strip_tasks(&j.cut), average_task, &j);
}
