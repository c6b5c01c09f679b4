/* kernels/f32/norm_forward.c - batch norm's second half: y = f(x scale + shift (+ residual)), with scale and shift
 * folded from the statistics by the caller. One fused multiply-add, so that the backward pass can repeat it bit by bit.
 */
#include "kernels/f32/activation.h"
#include "kernels/f32/strips.h"

typedef struct norm_job {
    strips cut;
    const alck_norm *s;
    alck_real *y;
    int64_t y_stride;
} norm_job;

ALCK_INLINE void norm_step(alck_activation f, const alck_norm *s, const alck_real *x, const alck_real *residual,
                           alck_real *y, int64_t i, int64_t lanes)
{
    vf z = vf_fma(load_lanes(x + i, lanes), load_lanes(s->scale + i, lanes), load_lanes(s->shift + i, lanes));
    if (residual != NULL)
        z = vf_add(z, load_lanes(residual + i, lanes));
    store_lanes(y + i, vf_activate(f, z), lanes);
}

/* Without a residual a loop of its own, but where a polynomial outweighs the question. */
ALCK_INLINE void norm_pixels(alck_activation f, const norm_job *j, int64_t first, int64_t end)
{
    const alck_norm *s = j->s;
    if (s->residual == NULL && activation_is_simple(f)) {
        for (int64_t p = first; p < end; p++)
            EACH_VECTOR(s->channels, norm_step, f, s, s->x + p * s->x_stride, NULL, j->y + p * j->y_stride);
        return;
    }
    for (int64_t p = first; p < end; p++) {
        const alck_real *residual = s->residual != NULL ? s->residual + p * s->residual_stride : NULL;
        EACH_VECTOR(s->channels, norm_step, f, s, s->x + p * s->x_stride, residual, j->y + p * j->y_stride);
    }
}

static void norm_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const norm_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
#define NORM(f) norm_pixels(f, j, first, end)
    FOR_NORM_ACTIVATION(j->s->activation, NORM)
#undef NORM
}

void ALCK_NAME(norm_forward)(const alck_parallel *par, const alck_norm *s, alck_real *y, int64_t y_stride)
{
    norm_job j = {.cut = strips_of(s->rows * s->pixels_per_row, s->channels, false),
                  .s = s,
                  .y = y,
                  .y_stride = y_stride};
    alck_spread(par, strip_tasks(&j.cut), norm_task, &j);
}
