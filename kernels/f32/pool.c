/* kernels/f32/pool.c - max and average pooling, forward and backward. Pixels outside the image are left out.
 *
 * Forward, an output pixel walks its window's taps in order (ky, kx), all channels of a vector at once. Backward, an
 * input pixel gathers from the windows it is in, in the order of the output's pixels: no two tasks write one place.
 * A task is a range of pixels of what it writes.
 */
#include "kernels/f32/pool_window.h"
#include "kernels/f32/polynomials.h"

/* Where an output pixel's window lies, or an input pixel's outputs: two ranges, and the sample's first pixel. */
typedef struct pool_area {
    pool_span y, x;
    int64_t origin; /* forward: the input pixel under tap (0, 0), perhaps outside; backward: output (0, 0) */
    int64_t tap_y, tap_x; /* backward: the tap of output (0, 0) that this input would be */
} pool_area;

typedef struct pool_job pool_job;
/* The gradient of the input pixel whose outputs `w` says, at dx. */
typedef void (*pool_backward_pixel)(const pool_job *j, const pool_area *w, alck_real *dx);

struct pool_job {
    strips cut; /* over the pixels that are written */
    const alck_pool *s;
    pool_axis rows, columns;
    const alck_real *input;
    alck_real *output;
    uint8_t *positions;
    const uint8_t *taken;
    bool add;
    pool_backward_pixel backward_pixel;
};

static pool_job pool_job_over(const alck_pool *s, int64_t pixels_per_row)
{
    pool_job j = {.cut = strips_of(s->batch * pixels_per_row, s->channels, false), .s = s};
    j.rows = pool_rows(s);
    j.columns = pool_columns(s);
    return j;
}

static pool_area window_of_output(const pool_job *j, int64_t pixel)
{
    const alck_pool *s = j->s;
    const int64_t x = pixel % s->out_width, y = pixel / s->out_width % s->out_height;
    const int64_t n = pixel / s->out_width / s->out_height;
    const int64_t top = pool_start(&j->rows, y), left = pool_start(&j->columns, x);
    return (pool_area){.y = pool_taps(&j->rows, y),
                       .x = pool_taps(&j->columns, x),
                       .origin = (n * s->in_height + top) * s->in_width + left};
}

static pool_area outputs_of_input(const pool_job *j, int64_t pixel)
{
    const alck_pool *s = j->s;
    const int64_t x = pixel % s->in_width, y = pixel / s->in_width % s->in_height;
    const int64_t n = pixel / s->in_width / s->in_height;
    return (pool_area){.y = pool_outputs(&j->rows, y),
                       .x = pool_outputs(&j->columns, x),
                       .origin = n * s->out_height * s->out_width,
                       .tap_y = y + s->pad_top,
                       .tap_x = x + s->pad_left};
}

static void backward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pool_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t p = first; p < end; p++) {
        const pool_area w = outputs_of_input(j, p);
        j->backward_pixel(j, &w, j->output + p * j->s->in_stride);
    }
}

static void run_backward(const alck_parallel *par, const alck_pool *s, pool_backward_pixel pixel, const uint8_t *positions,
                         const alck_real *dy, alck_real *dx, bool add)
{
    pool_job j = pool_job_over(s, s->in_height * s->in_width);
    j.input = dy;
    j.output = dx;
    j.taken = positions;
    j.add = add;
    j.backward_pixel = pixel;
    alck_spread(par, strip_tasks(&j.cut), backward_task, &j);
}

/* --- max --- */

/* A vector of an output pixel, or the part of one, with its position. */
ALCK_INLINE void max_step(const pool_job *j, const pool_area *w, alck_real *y, uint8_t *positions, int64_t i, int64_t lanes)
{
    const alck_pool *s = j->s;
    vf best = vf_neg(vf_infinity());
    vi where = vi_set1((int32_t)(w->y.first * s->kernel_width + w->x.first));
    for (int64_t ky = w->y.first; ky < w->y.end; ky++)
        for (int64_t kx = w->x.first; kx < w->x.end; kx++) {
            const vf v = load_lanes(j->input + (w->origin + ky * s->in_width + kx) * s->in_stride + i, lanes);
            const vm better = is_new_maximum(v, best);
            best = vf_select(better, v, best);
            where = vi_select(better, vi_set1((int32_t)(ky * s->kernel_width + kx)), where);
        }
    store_lanes(y + i, best, lanes);
    if (positions != NULL)
        vi_store_bytes(positions + i, where, lanes);
}

ALCK_ONCE void max_with_nan(const pool_job *j, const pool_area *w, alck_real *y, int64_t i, int64_t lanes)
{
    max_step(j, w, y, NULL, i, lanes);
}

/* The same without a position, in half the instructions where there is no NaN. */
ALCK_INLINE void max_value_step(const pool_job *j, const pool_area *w, alck_real *y, int64_t i, int64_t lanes)
{
    const int64_t pixel = j->s->in_stride, row = j->s->in_width * pixel;
    const uintptr_t next = (uintptr_t)(2 * j->s->stride_x * pixel) * sizeof(alck_real);
    const alck_real *from = j->input + w->origin * pixel + w->y.first * row + w->x.first * pixel + i;
    vf best = vf_neg(vf_infinity());
    vm unordered = vf_unordered(best);
    for (int64_t ky = w->y.first; ky < w->y.end; ky++, from += row) {
        const alck_real *at = from;
        for (int64_t kx = w->x.first; kx < w->x.end; kx++, at += pixel) {
            const vf v = load_lanes(at, lanes);
            __builtin_prefetch((const void *)((uintptr_t)at + next));
            best = vf_larger(v, best);
            unordered = vm_or(unordered, vf_unordered(v));
        }
    }
    store_lanes(y + i, best, lanes);
    if (vm_any(unordered))
        max_with_nan(j, w, y, i, lanes);
}

static void max_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pool_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t p = first; p < end; p++) {
        const pool_area w = window_of_output(j, p);
        alck_real *y = j->output + p * j->s->out_stride;
        if (j->positions == NULL)
            EACH_VECTOR(j->s->channels, max_value_step, j, &w, y);
        else
            EACH_VECTOR(j->s->channels, max_step, j, &w, y, j->positions + p * j->s->channels);
    }
}

void ALCK_NAME(max_pool_forward)(const alck_parallel *par, const alck_pool *s, const alck_real *x, alck_real *y,
                                 uint8_t *positions)
{
    pool_job j = pool_job_over(s, s->out_height * s->out_width);
    j.input = x;
    j.output = y;
    j.positions = positions;
    alck_spread(par, strip_tasks(&j.cut), max_task, &j);
}

ALCK_INLINE void max_backward_step(const pool_job *j, const pool_area *w, alck_real *dx, int64_t i, int64_t lanes)
{
    const alck_pool *s = j->s;
    vf sum = vf_zero();
    for (int64_t oy = w->y.first; oy < w->y.end; oy++)
        for (int64_t ox = w->x.first; ox < w->x.end; ox++) {
            const int64_t output = w->origin + oy * s->out_width + ox;
            const int64_t tap = (w->tap_y - oy * s->stride_y) * s->kernel_width + w->tap_x - ox * s->stride_x;
            const vm mine = vi_eq(vi_load_bytes(j->taken + output * s->channels + i, lanes), vi_set1((int32_t)tap));
            const vf dy = load_lanes(j->input + output * s->out_stride + i, lanes);
            sum = vf_add(sum, vf_select(mine, dy, vf_zero()));
        }
    store_lanes(dx + i, j->add ? vf_add(load_lanes(dx + i, lanes), sum) : sum, lanes);
}

static void max_backward_pixel(const pool_job *j, const pool_area *w, alck_real *dx)
{
    EACH_VECTOR(j->s->channels, max_backward_step, j, w, dx);
}

void ALCK_NAME(max_pool_backward)(const alck_parallel *par, const alck_pool *s, const uint8_t *positions,
                                  const alck_real *dy, alck_real *dx, bool add)
{
    run_backward(par, s, max_backward_pixel, positions, dy, dx, add);
}

/* --- average --- */

ALCK_INLINE int64_t averaged_pixels(const alck_pool *s, pool_span y, pool_span x)
{
    if (s->count_padding && !s->adaptive)
        return s->kernel_height * s->kernel_width;
    return (y.end - y.first) * (x.end - x.first);
}

ALCK_INLINE void average_step(const pool_job *j, const pool_area *w, vf pixels, alck_real *y, int64_t i,
                              int64_t lanes)
{
    const alck_pool *s = j->s;
    vf sum = vf_zero();
    for (int64_t ky = w->y.first; ky < w->y.end; ky++)
        for (int64_t kx = w->x.first; kx < w->x.end; kx++)
            sum = vf_add(sum, load_lanes(j->input + (w->origin + ky * s->in_width + kx) * s->in_stride + i, lanes));
    store_lanes(y + i, vf_div(sum, pixels), lanes);
}

static void average_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pool_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t p = first; p < end; p++) {
        const pool_area w = window_of_output(j, p);
        const vf pixels = vf_set1((alck_real)averaged_pixels(j->s, w.y, w.x));
        EACH_VECTOR(j->s->channels, average_step, j, &w, pixels, j->output + p * j->s->out_stride);
    }
}

void ALCK_NAME(average_pool_forward)(const alck_parallel *par, const alck_pool *s, const alck_real *x, alck_real *y)
{
    pool_job j = pool_job_over(s, s->out_height * s->out_width);
    j.input = x;
    j.output = y;
    alck_spread(par, strip_tasks(&j.cut), average_task, &j);
}

ALCK_INLINE void average_backward_step(const pool_job *j, const pool_area *w, alck_real *dx, int64_t i,
                                       int64_t lanes)
{
    const alck_pool *s = j->s;
    vf sum = vf_zero();
    for (int64_t oy = w->y.first; oy < w->y.end; oy++) {
        const pool_span taps_y = pool_taps(&j->rows, oy);
        for (int64_t ox = w->x.first; ox < w->x.end; ox++) {
            const int64_t pixels = averaged_pixels(s, taps_y, pool_taps(&j->columns, ox));
            const vf dy = load_lanes(j->input + (w->origin + oy * s->out_width + ox) * s->out_stride + i, lanes);
            sum = vf_add(sum, vf_div(dy, vf_set1((alck_real)pixels)));
        }
    }
    store_lanes(dx + i, j->add ? vf_add(load_lanes(dx + i, lanes), sum) : sum, lanes);
}

static void average_backward_pixel(const pool_job *j, const pool_area *w, alck_real *dx)
{
    EACH_VECTOR(j->s->channels, average_backward_step, j, w, dx);
}

void ALCK_NAME(average_pool_backward)(const alck_parallel *par, const alck_pool *s, const alck_real *dy,
                                      alck_real *dx, bool add)
{
    run_backward(par, s, average_backward_pixel, NULL, dy, dx, add);
}
