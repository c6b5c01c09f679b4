/* kernels/f32/activation.h - an activation and its derivative on a vector, for every kernel that takes one along.
 *
 * relu is x < 0 ? 0 : x, so NaN passes; its derivative is 1 unless y <= 0, so NaN passes there too.
 */
#ifndef ALCK_F32_ACTIVATION_H
#define ALCK_F32_ACTIVATION_H

#include "kernels/f32/polynomials.h"
#include "kernels/isa.h"

ALCK_INLINE vf vf_relu(vf x)
{
    return vf_larger(vf_zero(), x);
}

ALCK_INLINE vf vf_relu6(vf x)
{
    return vf_smaller(vf_set1(REAL(6.0)), vf_relu(x));
}

/* Whether it takes a few instructions, and no polynomial. */
ALCK_INLINE bool activation_is_simple(alck_activation f)
{
    return f <= ALCK_RELU6;
}

/* f(x). Where f is a constant, only its branch is left. */
ALCK_INLINE vf vf_activate(alck_activation f, vf x)
{
    switch (f) {
    case ALCK_RELU:
        return vf_relu(x);
    case ALCK_RELU6:
        return vf_relu6(x);
    case ALCK_SIGMOID:
        return vf_sigmoid(x);
    case ALCK_SILU:
        return vf_silu(x);
    case ALCK_TANH:
        return vf_tanh(x);
    case ALCK_IDENTITY:
        break;
    }
    return x;
}

/* dy f'(x), from y = f(x), or from x itself for silu (whose y does not tell its x). */
ALCK_INLINE vf vf_activate_backward(alck_activation f, vf source, vf dy)
{
    const vf one = vf_set1(REAL(1.0));
    switch (f) {
    case ALCK_RELU:
        return vf_select(vf_le(source, vf_zero()), vf_zero(), dy);
    case ALCK_RELU6:
        return vf_select(vm_or(vf_le(source, vf_zero()), vf_le(vf_set1(REAL(6.0)), source)), vf_zero(), dy);
    case ALCK_SIGMOID: /* y (1 - y) */
        return vf_mul(dy, vf_mul(source, vf_sub(one, source)));
    case ALCK_TANH: /* 1 - y^2 */
        return vf_mul(dy, vf_fma(vf_neg(source), source, one));
    case ALCK_SILU: { /* s (1 + x (1 - s)), s = sigmoid x */
        const vf s = vf_sigmoid(source);
        return vf_mul(dy, vf_mul(s, vf_fma(source, vf_sub(one, s), one)));
    }
    case ALCK_IDENTITY:
        break;
    }
    return dy;
}

/* The derivative from x, for those that recompute: f(x) where y tells the derivative, x where it does not. */
ALCK_INLINE vf vf_activation_source(alck_activation f, vf x)
{
    return f == ALCK_SILU ? x : vf_activate(f, x);
}

#define ACTIVATION_CASE(activation, CALL) \
    case activation:                      \
        CALL(activation);                 \
        break;

/* Calls the macro CALL with the activation as a constant, so that loops contain one activation and no choice. */
#define FOR_ACTIVATION(f, CALL)               \
    switch (f) {                              \
        ACTIVATION_CASE(ALCK_IDENTITY, CALL)  \
        ACTIVATION_CASE(ALCK_RELU, CALL)      \
        ACTIVATION_CASE(ALCK_RELU6, CALL)     \
        ACTIVATION_CASE(ALCK_SIGMOID, CALL)   \
        ACTIVATION_CASE(ALCK_SILU, CALL)      \
        ACTIVATION_CASE(ALCK_TANH, CALL)      \
    }

/* The same for those that a batch norm can have (alck_norm). */
#define FOR_NORM_ACTIVATION(f, CALL)          \
    switch (f) {                              \
        ACTIVATION_CASE(ALCK_RELU, CALL)      \
        ACTIVATION_CASE(ALCK_RELU6, CALL)     \
        ACTIVATION_CASE(ALCK_SILU, CALL)      \
    default:                                  \
        CALL(ALCK_IDENTITY);                  \
    }

#endif
