/* kernels/f32/activation.c - activations over whole tensors, forward and backward; activation.h has the functions. */
#include "kernels/f32/activation.h"

#include "kernels/f32/strips.h"

typedef struct activation_job {
    strips cut;
    alck_activation f;
    const alck_real *source, *dy; /* forward: source is x */
    alck_real *output;
    int64_t source_stride, dy_stride, output_stride;
    bool add;
} activation_job;

ALCK_INLINE void forward_step(alck_activation f, const alck_real *x, alck_real *y, int64_t i, int64_t lanes)
{
    store_lanes(y + i, vf_activate(f, load_lanes(x + i, lanes)), lanes);
}

ALCK_INLINE void backward_step(alck_activation f, const alck_real *source, const alck_real *dy, alck_real *dx,
                               bool add, int64_t i, int64_t lanes)
{
    vf v = vf_activate_backward(f, load_lanes(source + i, lanes), load_lanes(dy + i, lanes));
    if (add)
        v = vf_add(load_lanes(dx + i, lanes), v);
    store_lanes(dx + i, v, lanes);
}

ALCK_INLINE void forward_strips(alck_activation f, const activation_job *j, int64_t first, int64_t end)
{
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), forward_step, f, j->source + s * j->source_stride,
                    j->output + s * j->output_stride);
}

ALCK_INLINE void backward_strips(alck_activation f, const activation_job *j, int64_t first, int64_t end)
{
    for (int64_t s = first; s < end; s++)
        EACH_VECTOR(strip_values(&j->cut, s), backward_step, f, j->source + s * j->source_stride,
                    j->dy + s * j->dy_stride, j->output + s * j->output_stride, j->add);
}

static void forward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const activation_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
#define FORWARD(f) forward_strips(f, j, first, end)
    FOR_ACTIVATION(j->f, FORWARD)
#undef FORWARD
}

static void backward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const activation_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
#define BACKWARD(f) backward_strips(f, j, first, end)
    FOR_ACTIVATION(j->f, BACKWARD)
#undef BACKWARD
}

void ALCK_NAME(activation_forward)(const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels,
                                   const alck_real *x, int64_t x_stride, alck_real *y, int64_t y_stride)
{
    const bool contiguous = x_stride == channels && y_stride == channels;
    activation_job j = {.cut = strips_of(pixels, channels, contiguous), .f = f, .source = x, .output = y};
    j.source_stride = contiguous ? j.cut.width : x_stride;
    j.output_stride = contiguous ? j.cut.width : y_stride;
    alck_spread(par, strip_tasks(&j.cut), forward_task, &j);
}

void ALCK_NAME(activation_backward)(const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels,
                                    const alck_real *source, int64_t source_stride, const alck_real *dy,
                                    int64_t dy_stride, alck_real *dx, int64_t dx_stride, bool add)
{
    const bool contiguous = source_stride == channels && dy_stride == channels && dx_stride == channels;
    activation_job j = {.cut = strips_of(pixels, channels, contiguous),
                        .f = f,
                        .source = source,
                        .dy = dy,
                        .output = dx,
                        .add = add};
    j.source_stride = contiguous ? j.cut.width : source_stride;
    j.dy_stride = contiguous ? j.cut.width : dy_stride;
    j.output_stride = contiguous ? j.cut.width : dx_stride;
    alck_spread(par, strip_tasks(&j.cut), backward_task, &j);
}
