/* kernels/f32/optimizer.c - one step of SGD or Adam on one parameter: PyTorch's formulas in PyTorch's order of
 * rounding (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, single-tensor CPU path).
 *
 * Scalars are computed in double and rounded to the build's precision once, before the loop.
 */
#include "kernels/f32/polynomials.h"
#include "kernels/f32/strips.h"

#include <math.h>

typedef struct step_job {
    strips cut;
    const alck_optimizer_step *s;
    vf gradient_scale, weight_decay, keep_weight; /* keep_weight: 1 - learning rate x decay, or 1 */
    vf momentum, minus_rate;
    vf new_first, old_second, new_second, root_correction, epsilon;
} step_job;

static step_job step_job_of(const alck_optimizer_step *s)
{
    step_job j = {.cut = strips_of(1, s->count, true), .s = s};
    j.gradient_scale = vf_set1((alck_real)s->gradient_scale);
    j.weight_decay = vf_set1((alck_real)(s->decoupled ? 0.0 : s->weight_decay));
    j.keep_weight = vf_set1((alck_real)(s->decoupled ? 1.0 - s->learning_rate * s->weight_decay : 1.0));
    return j;
}

/* The gradient, clipped and with the penalty's share. */
ALCK_INLINE vf full_gradient(const step_job *j, vf weight, int64_t i, int64_t lanes)
{
    const vf g = vf_mul(load_lanes(j->s->gradient + i, lanes), j->gradient_scale);
    return vf_fma(j->weight_decay, weight, g);
}

ALCK_INLINE void sgd_step(const step_job *j, int64_t base, int64_t offset, int64_t lanes)
{
    const alck_optimizer_step *s = j->s;
    const int64_t i = base + offset;
    const vf w = vf_mul(load_lanes(s->weight + i, lanes), j->keep_weight);
    vf g = full_gradient(j, w, i, lanes);
    if (s->first != NULL) {
        const vf v = vf_add(vf_mul(load_lanes(s->first + i, lanes), j->momentum), g);
        store_lanes(s->first + i, v, lanes);
        g = s->nesterov ? vf_fma(j->momentum, v, g) : v;
    }
    store_lanes(s->weight + i, vf_fma(j->minus_rate, g, w), lanes);
}

static void sgd_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const step_job *j = argument;
    const int64_t first = task * j->cut.per_task, end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t strip = first; strip < end; strip++)
        EACH_VECTOR(strip_values(&j->cut, strip), sgd_step, j, strip * j->cut.width);
}

void ALCK_NAME(sgd_step)(const alck_parallel *par, const alck_optimizer_step *s)
{
    step_job j = step_job_of(s);
    j.momentum = vf_set1((alck_real)s->momentum);
    j.minus_rate = vf_set1((alck_real)-s->learning_rate);
    alck_spread(par, strip_tasks(&j.cut), sgd_task, &j);
}

ALCK_INLINE void adam_step(const step_job *j, int64_t base, int64_t offset, int64_t lanes)
{
    const alck_optimizer_step *s = j->s;
    const int64_t i = base + offset;
    const vf w = vf_mul(load_lanes(s->weight + i, lanes), j->keep_weight);
    const vf g = full_gradient(j, w, i, lanes);
    const vf old_m = load_lanes(s->first + i, lanes);
    const vf m = vf_fma(j->new_first, vf_sub(g, old_m), old_m);
    const vf old_v = vf_mul(load_lanes(s->second + i, lanes), j->old_second);
    const vf v = vf_add(old_v, vf_mul(vf_mul(j->new_second, g), g));
    store_lanes(s->first + i, m, lanes);
    store_lanes(s->second + i, v, lanes);
    const vf root = vf_add(vf_div(vf_sqrt(v), j->root_correction), j->epsilon);
    store_lanes(s->weight + i, vf_add(w, vf_div(vf_mul(j->minus_rate, m), root)), lanes);
}

static void adam_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const step_job *j = argument;
    const int64_t first = task * j->cut.per_task, end = smaller(first + j->cut.per_task, j->cut.count);
    for (int64_t strip = first; strip < end; strip++)
        EACH_VECTOR(strip_values(&j->cut, strip), adam_step, j, strip * j->cut.width);
}

void ALCK_NAME(adam_step)(const alck_parallel *par, const alck_optimizer_step *s)
{
    step_job j = step_job_of(s);
    j.minus_rate = vf_set1((alck_real)(-s->learning_rate / s->correction1));
    j.new_first = vf_set1((alck_real)(1.0 - s->beta1));
    j.old_second = vf_set1((alck_real)s->beta2);
    j.new_second = vf_set1((alck_real)(1.0 - s->beta2));
    j.root_correction = vf_set1((alck_real)sqrt(s->correction2));
    j.epsilon = vf_set1((alck_real)s->epsilon);
    alck_spread(par, strip_tasks(&j.cut), adam_task, &j);
}
