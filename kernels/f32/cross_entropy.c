/* kernels/f32/cross_entropy.c - softmax cross-entropy with class weights and label smoothing, as PyTorch defines it.
 *
 * With log p = x - max - log sum exp(x - max), label l, smoothing s, K classes and weights w (1 where none are given):
 *   row loss = (1 - s) w[l] (-log p[l]) + s / K sum over c of w[c] (-log p[c])
 *   loss     = sum of row losses / sum of w[l]
 * Logarithms are taken of sums that are at least 1, so every finite logit gives a finite loss.
 * Row losses and weights are added over rows in order, in double.
 */
#include "kernels/f32/class_rows.h"

typedef struct entropy_job {
    const alck_cross_entropy *s;
    int64_t per_task;
    alck_real *row_losses, *dx;
    double *losses; /* forward: one per row */
    int64_t dx_stride;
    bool add;
    double scale;         /* backward: the loss's gradient over the sum of weights */
    double total_weight;  /* of all classes */
} entropy_job;

ALCK_INLINE double class_weight(const alck_cross_entropy *s, int64_t c)
{
    return s->class_weights != NULL ? (double)s->class_weights[c] : 1.0;
}

static double sum_of_label_weights(const alck_cross_entropy *s)
{
    double sum = 0;
    for (int64_t row = 0; row < s->rows; row++)
        sum += class_weight(s, s->labels[row]);
    return sum;
}

/* log of one value, by the same operations as in a vector. */
static alck_real log_of(alck_real x)
{
    alck_real y;
    vf_store_n(&y, vf_log(vf_set1(x)), 1);
    return y;
}

/* --- forward --- */

ALCK_INLINE void smooth_step(lane_sums *sums, const alck_real *x, const alck_real *weights, vf maximum, vf log_sum,
                             int64_t i, int64_t lanes)
{
    const vf minus_log_p = vf_sub(log_sum, vf_sub(load_lanes(x + i, lanes), maximum));
    const vf one = vf_set1(REAL(1.0));
    vf term = vf_mul(weights != NULL ? load_lanes(weights + i, lanes) : one, minus_log_p);
    if (lanes != VF_LANES) {
        alck_real present[VF_LANES] = {0};
        vf_store_n(present, term, lanes);
        term = vf_load(present);
    }
    add_lanes(sums, term, i);
}

static double row_loss(const alck_cross_entropy *s, int64_t row)
{
    const alck_real *x = s->logits + row * s->logits_stride;
    const int64_t label = s->labels[row];
    const alck_real maximum = row_maximum(x, s->classes);
    const alck_real log_sum = log_of(row_exp_sum(x, s->classes, maximum));
    const double smoothing = (double)s->label_smoothing;
    const double minus_log_p = (double)(log_sum - (x[label] - maximum));
    const double loss = (1.0 - smoothing) * class_weight(s, label) * minus_log_p;
    if (!(smoothing > 0))
        return loss;
    lane_sums sums = {{0}};
    const vf shift = vf_set1(maximum), log_sums = vf_set1(log_sum);
    EACH_VECTOR(s->classes, smooth_step, &sums, x, s->class_weights, shift, log_sums);
    return loss + smoothing / (double)s->classes * (double)fold_lanes(&sums);
}

static void forward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const entropy_job *j = argument;
    const int64_t first = task * j->per_task, end = smaller(first + j->per_task, j->s->rows);
    for (int64_t row = first; row < end; row++) {
        j->losses[row] = row_loss(j->s, row);
        if (j->row_losses != NULL)
            j->row_losses[row] = (alck_real)j->losses[row];
    }
}

alck_real ALCK_NAME(cross_entropy_forward)(const alck_parallel *par, const alck_cross_entropy *s,
                                           alck_real *row_losses, double *scratch)
{
    entropy_job j = {
        .s = s, .per_task = class_rows_per_task(s->classes), .row_losses = row_losses, .losses = scratch};
    alck_spread(par, ceil_divide(s->rows, j.per_task), forward_task, &j);
    double sum = 0;
    for (int64_t row = 0; row < s->rows; row++)
        sum += scratch[row];
    return (alck_real)(sum / sum_of_label_weights(s));
}

/* --- backward: dx[c] = scale ((1 - s) w[l] (p[c] - [c = l]) + s / K (p[c] sum of w - w[c])) --- */

ALCK_INLINE void backward_step(const alck_real *x, const alck_real *weights, alck_real *dx, vf maximum, vf sum,
                               vf of_p, vf of_weight, bool add, int64_t i, int64_t lanes)
{
    const vf p = vf_div(vf_exp(vf_sub(load_lanes(x + i, lanes), maximum)), sum);
    const vf one = vf_set1(REAL(1.0));
    const vf smooth = vf_mul(of_weight, weights != NULL ? load_lanes(weights + i, lanes) : one);
    vf v = vf_sub(vf_mul(of_p, p), smooth);
    if (add)
        v = vf_add(load_lanes(dx + i, lanes), v);
    store_lanes(dx + i, v, lanes);
}

static void row_backward(const entropy_job *j, int64_t row)
{
    const alck_cross_entropy *s = j->s;
    const alck_real *x = s->logits + row * s->logits_stride;
    alck_real *dx = j->dx + row * j->dx_stride;
    const int64_t label = s->labels[row];
    const double share = (double)s->label_smoothing / (double)s->classes;
    const double of_label = j->scale * (1.0 - (double)s->label_smoothing) * class_weight(s, label);
    const alck_real maximum = row_maximum(x, s->classes);
    const vf shift = vf_set1(maximum), sum = vf_set1(row_exp_sum(x, s->classes, maximum));
    const vf of_p = vf_set1((alck_real)(of_label + j->scale * share * j->total_weight));
    const vf of_weight = vf_set1((alck_real)(j->scale * share));
    EACH_VECTOR(s->classes, backward_step, x, s->class_weights, dx, shift, sum, of_p, of_weight, j->add);
    dx[label] -= (alck_real)of_label;
}

static void backward_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const entropy_job *j = argument;
    const int64_t first = task * j->per_task, end = smaller(first + j->per_task, j->s->rows);
    for (int64_t row = first; row < end; row++)
        row_backward(j, row);
}

void ALCK_NAME(cross_entropy_backward)(const alck_parallel *par, const alck_cross_entropy *s, alck_real d_loss,
                                       alck_real *dx, int64_t dx_stride, bool add)
{
    entropy_job j = {.s = s,
                     .per_task = class_rows_per_task(s->classes),
                     .dx = dx,
                     .dx_stride = dx_stride,
                     .add = add,
                     .scale = (double)d_loss / sum_of_label_weights(s)};
    for (int64_t c = 0; c < s->classes; c++)
        j.total_weight += class_weight(s, c);
    alck_spread(par, ceil_divide(s->rows, j.per_task), backward_task, &j);
}
