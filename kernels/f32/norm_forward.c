/* kernels/f32/norm_forward.c - batch norm's second half: y = f(x scale + shift (+ residual)), with scale and shift
 * folded from the statistics by the caller. One fused multiply-add, so that the backward pass can repeat it bit by bit.
 */
#include "kernels/f32/activation.h"
#include "kernels/f32/norm_values.h"
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

static void norm_range(const norm_job *j, int64_t first, int64_t end)
{
#define NORM(f) norm_pixels(f, j, first, end)
    FOR_NORM_ACTIVATION(j->s->activation, NORM)
#undef NORM
}

/* Rounded z to y: relu or relu6, or neither. */
static void activate_rounded(const alck_norm *s, norm_block b, alck_real *z)
{
    for (int64_t i = 0; i < b.pixels * b.channels && s->activation != ALCK_IDENTITY; i += VF_LANES) {
        const int64_t lanes = smaller(VF_LANES, b.pixels * b.channels - i);
        const vf v = vf_load_n(z + i, lanes);
        vf_store_n(z + i, s->activation == ALCK_RELU ? vf_relu(v) : vf_relu6(v), lanes);
    }
}

static void store_rounded(const norm_job *j, norm_block b, const alck_real *z)
{
    for (int64_t p = 0; p < b.pixels; p++, z += b.channels) {
        alck_real *const y = j->y + (b.pixel + p) * j->y_stride;
        if (j->s->y_pairs)
            ALCK_NAME(pair_values)(j->s->rounding, b.channels, z, y + b.channel / 2);
        else
            memcpy(y + b.channel, z, (size_t)b.channels * sizeof *z);
    }
}

/* A block where something is rounded, or lies in pairs: by way of memory of its own. */
static void norm_rounded(const norm_job *j, norm_block b)
{
    alck_real x[NORM_BLOCK], residual[NORM_BLOCK], z[NORM_BLOCK];
    alck_norm s = norm_of_block(j->s, b, x);
    norm_job block = {.s = &s, .y = j->y + b.pixel * j->y_stride + b.channel, .y_stride = j->y_stride};
    if (s.residual != NULL && s.residual_pairs) {
        const norm_values unpaired = norm_unpaired(j->s->residual, s.residual_stride, b, residual);
        s.residual = unpaired.at;
        s.residual_stride = unpaired.stride;
    }
    if (s.residual == NULL || s.rounding == ALCK_REALS) {
        norm_range(&block, 0, b.pixels);
        return;
    }
    s.activation = ALCK_IDENTITY;
    block.y = z;
    block.y_stride = b.channels;
    norm_range(&block, 0, b.pixels);
    ALCK_NAME(round_values)(s.rounding, b.pixels * b.channels, z, z);
    activate_rounded(j->s, b, z);
    store_rounded(j, b, z);
}

static void norm_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const norm_job *j = argument;
    const int64_t first = task * j->cut.per_task;
    const int64_t end = smaller(first + j->cut.per_task, j->cut.count);
    if (!norm_makes_x(j->s) && j->s->rounding == ALCK_REALS) {
        norm_range(j, first, end);
        return;
    }
    for (norm_block b = norm_first_block(j->s, first, end); b.pixels > 0; b = norm_next_block(j->s, b, end))
        norm_rounded(j, b);
}

void ALCK_NAME(norm_forward)(const alck_parallel *par, const alck_norm *s, alck_real *y, int64_t y_stride)
{
    norm_job j = {.cut = strips_of(s->rows * s->pixels_per_row, s->channels, false),
                  .s = s,
                  .y = y,
                  .y_stride = y_stride};
    alck_spread(par, strip_tasks(&j.cut), norm_task, &j);
}
