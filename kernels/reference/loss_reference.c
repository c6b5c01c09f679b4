/* kernels/reference/loss_reference.c - softmax and cross-entropy, the latter as torch.nn.CrossEntropyLoss documents it
 * for class indices, weights, label smoothing and the mean over the batch. */
#include "kernels/reference/elementwise_reference.h"

#include <math.h>

static long double log_sum_exp(int64_t classes, const alck_real *x)
{
    long double largest = x[0], sum = 0;
    for (int64_t c = 1; c < classes; c++)
        if ((long double)x[c] > largest)
            largest = x[c];
    for (int64_t c = 0; c < classes; c++)
        sum += expl((long double)x[c] - largest);
    return largest + logl(sum);
}

void alck_reference_softmax(int64_t classes, const alck_real *x, double *y)
{
    const long double log_sum = log_sum_exp(classes, x);
    for (int64_t c = 0; c < classes; c++)
        y[c] = (double)expl((long double)x[c] - log_sum);
}

static long double weight_of(const alck_cross_entropy *s, int64_t c)
{
    return s->class_weights != NULL ? (long double)s->class_weights[c] : 1;
}

/* How much of -log p[c] a row with this label pays. */
static long double share_of(const alck_cross_entropy *s, int64_t label, int64_t c)
{
    const long double smoothing = s->label_smoothing;
    const long double target = (c == label ? 1 - smoothing : 0) + smoothing / (long double)s->classes;
    return weight_of(s, c) * target;
}

double alck_reference_cross_entropy(const alck_cross_entropy *s, double *row_losses, double *gradients)
{
    long double loss = 0, weights = 0;
    for (int64_t row = 0; row < s->rows; row++)
        weights += weight_of(s, s->labels[row]);
    for (int64_t row = 0; row < s->rows; row++) {
        const alck_real *x = s->logits + row * s->logits_stride;
        const long double log_sum = log_sum_exp(s->classes, x);
        long double row_loss = 0, shares = 0;
        for (int64_t c = 0; c < s->classes; c++) {
            row_loss += share_of(s, s->labels[row], c) * (log_sum - (long double)x[c]);
            shares += share_of(s, s->labels[row], c);
        }
        loss += row_loss;
        if (row_losses != NULL)
            row_losses[row] = (double)row_loss;
        for (int64_t c = 0; c < s->classes && gradients != NULL; c++) {
            const long double p = expl((long double)x[c] - log_sum);
            gradients[row * s->classes + c] = (double)((shares * p - share_of(s, s->labels[row], c)) / weights);
        }
    }
    return (double)(loss / weights);
}
