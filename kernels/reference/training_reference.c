/* kernels/reference/training_reference.c - dropout's factors, and the optimizers' steps as PyTorch's documentation of
 * torch.optim.SGD, Adam and AdamW writes them. */
#include "kernels/reference/elementwise_reference.h"

#include <math.h>

double alck_reference_dropout_factor(const alck_dropout *s, int64_t sample, int64_t element)
{
    const uint64_t e = s->per_sample ? 0 : (uint64_t)element;
    uint32_t words[4];
    alck_philox(s->seed, s->streams[sample], e / 4, words);
    const bool kept = words[e % 4] >= floor(s->rate * 4294967296.0);
    return kept ? 1.0 / (1.0 - s->rate) : 0.0;
}

static double decayed(const alck_optimizer_step *s, double weight)
{
    return s->decoupled ? weight * (1.0 - s->learning_rate * s->weight_decay) : weight;
}

static double penalised(const alck_optimizer_step *s, double weight, double gradient)
{
    return gradient * s->gradient_scale + (s->decoupled ? 0.0 : s->weight_decay * weight);
}

double alck_reference_sgd(const alck_optimizer_step *s, double weight, double gradient, double *first)
{
    const double w = decayed(s, weight), g = penalised(s, w, gradient);
    if (first == NULL)
        return w - s->learning_rate * g;
    *first = s->momentum * *first + g;
    return w - s->learning_rate * (s->nesterov ? g + s->momentum * *first : *first);
}

double alck_reference_adam(const alck_optimizer_step *s, double weight, double gradient, double *first,
                           double *second)
{
    const double w = decayed(s, weight), g = penalised(s, w, gradient);
    *first = s->beta1 * *first + (1.0 - s->beta1) * g;
    *second = s->beta2 * *second + (1.0 - s->beta2) * g * g;
    const double corrected_first = *first / s->correction1, corrected_second = *second / s->correction2;
    return w - s->learning_rate * corrected_first / (sqrt(corrected_second) + s->epsilon);
}
