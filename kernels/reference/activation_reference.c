/* kernels/reference/activation_reference.c - activations by their textbook formulas. */
#include "kernels/reference/elementwise_reference.h"

#include <math.h>

double alck_reference_activation(alck_activation f, double x)
{
    const long double wide = x;
    switch (f) {
    case ALCK_RELU:
        return x < 0 ? 0 : x;
    case ALCK_RELU6:
        return x < 0 ? 0 : x > 6 ? 6 : x;
    case ALCK_SIGMOID:
        return (double)(1 / (1 + expl(-wide)));
    case ALCK_SILU:
        return (double)(wide / (1 + expl(-wide)));
    case ALCK_TANH:
        return (double)tanhl(wide);
    case ALCK_IDENTITY:
        break;
    }
    return x;
}

double alck_reference_slope(alck_activation f, double source)
{
    const long double wide = source;
    switch (f) {
    case ALCK_RELU:
        return source <= 0 ? 0 : 1;
    case ALCK_RELU6:
        return source <= 0 || source >= 6 ? 0 : 1;
    case ALCK_SIGMOID:
        return (double)(wide * (1 - wide));
    case ALCK_TANH:
        return (double)(1 - wide * wide);
    case ALCK_SILU: {
        const long double s = 1 / (1 + expl(-wide));
        return (double)(s * (1 + wide * (1 - s)));
    }
    case ALCK_IDENTITY:
        break;
    }
    return 1;
}
