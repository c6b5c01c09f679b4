/* kernels/f32/softmax.c - softmax along rows of classes, and its gradient. A row's result depends on that row alone. */
#include "kernels/f32/class_rows.h"

typedef struct softmax_job {
    int64_t rows, classes, per_task;
    const alck_real *x, *dy; /* backward: x is the softmax's output */
    alck_real *y;
    int64_t x_stride, dy_stride, y_stride;
    bool add;
} softmax_job;

ALCK_INLINE void softmax_step(const alck_real *x, alck_real *y, vf maximum, vf sum, int64_t i, int64_t lanes)
{
    const vf e = vf_exp(vf_sub(load_lanes(x + i, lanes), maximum));
    store_lanes(y + i, vf_div(e, sum), lanes);
}

static void softmax_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const softmax_job *j = argument;
    const int64_t first = task * j->per_task, end = smaller(first + j->per_task, j->rows);
    for (int64_t row = first; row < end; row++) {
        const alck_real *x = j->x + row * j->x_stride;
        const alck_real maximum = row_maximum(x, j->classes);
        const vf sum = vf_set1(row_exp_sum(x, j->classes, maximum));
        const vf shift = vf_set1(maximum);
        EACH_VECTOR(j->classes, softmax_step, x, j->y + row * j->y_stride, shift, sum);
    }
}

void ALCK_NAME(softmax)(const alck_parallel *par, int64_t rows, int64_t classes, const alck_real *x,
                        int64_t x_stride, alck_real *y, int64_t y_stride)
{
    softmax_job j = {.rows = rows,
                     .classes = classes,
                     .per_task = class_rows_per_task(classes),
                     .x = x,
                     .x_stride = x_stride,
                     .y = y,
                     .y_stride = y_stride};
    alck_spread(par, classes > 0 ? ceil_divide(rows, j.per_task) : 0, softmax_task, &j);
}

ALCK_INLINE void dot_step(lane_sums *sums, const alck_real *y, const alck_real *dy, int64_t i, int64_t lanes)
{
    add_lanes(sums, vf_mul(load_lanes(y + i, lanes), load_lanes(dy + i, lanes)), i);
}

ALCK_INLINE void backward_step(const alck_real *y, const alck_real *dy, alck_real *dx, vf dot, bool add, int64_t i,
                               int64_t lanes)
{
    vf v = vf_mul(load_lanes(y + i, lanes), vf_sub(load_lanes(dy + i, lanes), dot));
    if (add)
        v = vf_add(load_lanes(dx + i, lanes), v);
    store_lanes(dx + i, v, lanes);
}

static void backward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const softmax_job *j = argument;
    const int64_t first = task * j->per_task, end = smaller(first + j->per_task, j->rows);
    for (int64_t row = first; row < end; row++) {
        const alck_real *y = j->x + row * j->x_stride, *dy = j->dy + row * j->dy_stride;
        lane_sums sums = {{0}};
        EACH_VECTOR(j->classes, dot_step, &sums, y, dy);
        const vf dot = vf_set1(fold_lanes(&sums));
        EACH_VECTOR(j->classes, backward_step, y, dy, j->y + row * j->y_stride, dot, j->add);
    }
}

void ALCK_NAME(softmax_backward)(const alck_parallel *par, int64_t rows, int64_t classes, const alck_real *y,
                                 int64_t y_stride, const alck_real *dy, int64_t dy_stride, alck_real *dx,
                                 int64_t dx_stride, bool add)
{
    softmax_job j = {.rows = rows,
                     .classes = classes,
                     .per_task = class_rows_per_task(classes),
                     .x = y,
                     .x_stride = y_stride,
                     .dy = dy,
                     .dy_stride = dy_stride,
                     .y = dx,
                     .y_stride = dx_stride,
                     .add = add};
    alck_spread(par, classes > 0 ? ceil_divide(rows, j.per_task) : 0, backward_task, &j);
}
