/* kernels/f32/polynomials.h - exp, log, tanh, sigmoid and silu on vectors, without libm and without estimates.
 *
 * Same operations in the same order on every instruction set, so the same bits. In single precision each is within
 * 2 ULP of the true value over the whole range, subnormal results, overflow, infinities and NaN included (the tests
 * measure it); in double precision within a few 1e-16. The coefficients are minimax fits of this file's own forms
 * (Remez exchange at 45 digits, weighted for relative error), rounded to the precision. The argument reductions are
 * the classic ones of W. J. Cody and W. Waite, "Software manual for the elementary functions" (1980), and for log
 * P. T. P. Tang, "Table-driven implementation of the logarithm function", ACM TOMS 16 (1990).
 */
#ifndef ALCK_F32_POLYNOMIALS_H
#define ALCK_F32_POLYNOMIALS_H

#include "kernels/isa.h"

/* A constant in the precision of the build. */
#define REAL(x) ((alck_real)(x))

#ifdef ALCOR_DOUBLE
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define EXPONENT_MAGIC 0x1.8p52         /* adding it rounds to an integer, in the low bits of the sum */
#define EXP_LIMIT 760.0                 /* beyond it exp is 0 or infinite, whatever the argument */
#define LOG2_E 0x1.71547652b82fep+0
#define LN2_HIGH 0x1.62e42fefa2000p-1   /* 40 bits: times an exponent it is exact */
#define LN2_LOW 0x1.9ef35793c7673p-41
#define SMALLEST_NORMAL 0x1p-1022
#define LARGEST 0x1.fffffffffffffp+1023
#define SUBNORMAL_SHIFT 54
#define SQRT_HALF_BITS INT64_C(0x3FE6A09E667F3BCD)
#else
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define EXPONENT_MAGIC 0x1.8p23
#define EXP_LIMIT 110.0
#define LOG2_E 0x1.715476p+0
#define LN2_HIGH 0x1.62e4p-1
#define LN2_LOW 0x1.7f7d1cp-20
#define SMALLEST_NORMAL 0x1p-126
#define LARGEST 0x1.fffffep+127
#define SUBNORMAL_SHIFT 25
#define SQRT_HALF_BITS 0x3F3504F3
#endif
#define TANH_POLYNOMIAL_LIMIT 0.625

/* An infinity; there is no literal for it that is free of library headers. */
ALCK_INLINE vf vf_infinity(void)
{
    const vi exponent = vi_set1((alck_int)(2 * EXPONENT_BIAS + 1));
    return vi_real(vi_shl(exponent, MANTISSA_BITS));
}

ALCK_INLINE vf vf_nan(void)
{
    return vf_sub(vf_infinity(), vf_infinity());
}

/* coefficients[0] + x coefficients[1] + ..., by Horner's rule. */
ALCK_INLINE vf vf_horner(vf x, const alck_real *coefficients, int count)
{
    vf sum = vf_set1(coefficients[count - 1]);
    for (int i = count - 2; i >= 0; i--)
        sum = vf_fma(sum, x, vf_set1(coefficients[i]));
    return sum;
}

/* 2^n for n within the normal exponents. */
ALCK_INLINE vf vf_power_of_two(vi n)
{
    return vi_real(vi_shl(vi_add(n, vi_set1(EXPONENT_BIAS)), MANTISSA_BITS));
}

/* v 2^n for |n| up to twice the normal exponents: two factors, so that only the last product can be subnormal or
 * overflow. */
ALCK_INLINE vf vf_scale(vf v, vi n)
{
    const vi half = vi_sar(n, 1);
    return vf_mul(vf_mul(v, vf_power_of_two(half)), vf_power_of_two(vi_sub(n, half)));
}

/* exp(x) = fraction 2^exponent, fraction within [1/sqrt 2, sqrt 2], for |x| <= EXP_LIMIT or NaN. */
typedef struct exp_parts {
    vf fraction;
    vi exponent;
} exp_parts;

ALCK_INLINE exp_parts vf_exp_parts(vf x)
{
#ifdef ALCOR_DOUBLE
    static const alck_real terms[] = {
        0.5,                  0x1.555555555555bp-3,  0x1.5555555555502p-5,  0x1.111111110ec1ap-7,
        0x1.6c16c16c30765p-10, 0x1.a01a01b398c84p-13, 0x1.a01a0136030c7p-16, 0x1.71ddefdd00573p-19,
        0x1.27e5b4e80b0cbp-22, 0x1.af6c605a2c9ddp-26, 0x1.1e3ce52283fb1p-29};
#else
    static const alck_real terms[] = {0x1.fffffcp-2F, 0x1.55549p-3F, 0x1.5558f4p-5F, 0x1.123a6ap-7F,
                                      0x1.6a2344p-10F};
#endif
    const vf magic = vf_set1(REAL(EXPONENT_MAGIC));
    const vf shifted = vf_fma(x, vf_set1(REAL(LOG2_E)), magic);
    const vf n = vf_sub(shifted, magic);
    /* x = n ln 2 + r + r_low; n LN2_HIGH is exact */
    const vf near = vf_fma(n, vf_set1(-REAL(LN2_HIGH)), x);
    const vf rest = vf_mul(n, vf_set1(REAL(LN2_LOW)));
    const vf r = vf_sub(near, rest);
    const vf r_low = vf_sub(vf_sub(near, r), rest);
    /* 1 + r + (r_low + r^2 tail), with the rounding error of 1 + r put back */
    const vf one = vf_set1(REAL(1.0));
    const vf sum = vf_add(one, r);
    const vf sum_low = vf_add(vf_add(vf_sub(one, sum), r), r_low);
    const vf tail = vf_horner(r, terms, (int)(sizeof terms / sizeof *terms));
    const vf fraction = vf_add(sum, vf_fma(vf_mul(r, r), tail, sum_low));
    return (exp_parts){fraction, vi_sub(vf_bits(shifted), vf_bits(magic))};
}

/* x within [-limit, limit]; NaN stays. */
ALCK_INLINE vf vf_clamp(vf x, alck_real limit)
{
    return vf_smaller(vf_set1(limit), vf_larger(vf_set1(-limit), x));
}

ALCK_INLINE vf vf_exp(vf x)
{
    const exp_parts e = vf_exp_parts(vf_clamp(x, REAL(EXP_LIMIT)));
    const vf y = vf_scale(e.fraction, e.exponent);
    return vf_select(vf_unordered(x), x, y);
}

/* log x = exponent ln 2 + log(1 + f), 1 + f within [1/sqrt 2, sqrt 2); with s = f / (2 + f),
 * log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))), R the rest of 2 atanh s. */
ALCK_INLINE vf vf_log(vf x)
{
#ifdef ALCOR_DOUBLE
    static const alck_real terms[] = {0x1.5555555555592p-1, 0x1.999999997fd39p-2, 0x1.24924941f8b28p-2,
                                      0x1.c71c5202ce769p-3, 0x1.74664055c3cc6p-3, 0x1.39a193df16819p-3,
                                      0x1.2f06fe8892bacp-3};
#else
    static const alck_real terms[] = {0x1.555554p-1F, 0x1.999a7ap-2F, 0x1.2438cep-2F, 0x1.e2f7dap-3F};
#endif
    const vf one = vf_set1(REAL(1.0));
    const vm small = vf_lt(x, vf_set1(REAL(SMALLEST_NORMAL)));
    const vi shift = vi_set1(SUBNORMAL_SHIFT);
    const vf normal = vf_select(small, vf_mul(x, vf_power_of_two(shift)), x);
    const vi offset = vi_sub(vf_bits(normal), vi_set1(SQRT_HALF_BITS));
    vi exponent = vi_sar(offset, MANTISSA_BITS);
    const vf f = vf_sub(vi_real(vi_sub(vf_bits(normal), vi_shl(exponent, MANTISSA_BITS))), one);
    exponent = vi_select(small, vi_sub(exponent, shift), exponent);
    /* the integer as a real: in the low bits of the magic number, which is then taken away */
    const vf magic = vf_set1(REAL(EXPONENT_MAGIC));
    const vf k = vf_sub(vi_real(vi_add(vf_bits(magic), exponent)), magic);

    const vf s = vf_div(f, vf_add(vf_set1(REAL(2.0)), f));
    const vf z = vf_mul(s, s);
    const vf rest = vf_mul(z, vf_horner(z, terms, (int)(sizeof terms / sizeof *terms)));
    const vf half_square = vf_mul(vf_mul(vf_set1(REAL(0.5)), f), f);
    const vf correction = vf_fma(s, vf_add(half_square, rest), vf_mul(k, vf_set1(REAL(LN2_LOW))));
    vf y = vf_fma(k, vf_set1(REAL(LN2_HIGH)), vf_sub(f, vf_sub(half_square, correction)));

    y = vf_select(vf_lt(x, vf_zero()), vf_nan(), y);
    y = vf_select(vf_eq(x, vf_zero()), vf_neg(vf_infinity()), y);
    return vf_select(vm_or(vf_unordered(x), vf_eq(x, vf_infinity())), x, y);
}

/* A polynomial near 0, else 1 - 2 / (exp 2|x| + 1), with x's sign. */
ALCK_INLINE vf vf_tanh(vf x)
{
#ifdef ALCOR_DOUBLE
    static const alck_real terms[] = {
        -0x1.5555555555552p-2, 0x1.1111111110c03p-3,   -0x1.ba1ba1b9ce671p-5, 0x1.664f48703791cp-6,
        -0x1.226e32c13628fp-7, 0x1.d6d3584f15c8ap-9,   -0x1.7d9c1d6496826p-10, 0x1.350ae1e756f1fp-11,
        -0x1.f10cb79173eb5p-13, 0x1.8006246f6b055p-14, -0x1.fa754f0646a1ap-16, 0x1.9581226b1a4edp-18};
#else
    static const alck_real terms[] = {-0x1.555532p-2F, 0x1.110726p-3F, -0x1.b83c5cp-5F, 0x1.5226a2p-6F,
                                      -0x1.75e1fp-8F};
#endif
    const vf one = vf_set1(REAL(1.0)), two = vf_set1(REAL(2.0));
    const vf size = vf_abs(x);
    const vf square = vf_mul(x, x);
    const vf near =
        vf_fma(vf_mul(x, square), vf_horner(square, terms, (int)(sizeof terms / sizeof *terms)), x);
    /* from 20 on the result is 1 in either precision */
    const exp_parts e = vf_exp_parts(vf_clamp(vf_mul(two, size), REAL(40.0)));
    const vf power = vf_mul(e.fraction, vf_power_of_two(e.exponent));
    const vf far = vf_sub(one, vf_div(two, vf_add(power, one)));
    const vf signed_far = vf_select(vf_lt(x, vf_zero()), vf_neg(far), far);
    const vf y = vf_select(vf_lt(size, vf_set1(REAL(TANH_POLYNOMIAL_LIMIT))), near, signed_far);
    return vf_select(vm_or(vf_unordered(x), vf_eq(x, vf_zero())), x, y);
}

/* The coefficients of exp's tail, alternating in sign: those of exp(-q). */
#ifdef ALCOR_DOUBLE
#define GATE_TERMS 0.5, -0x1.555555555555bp-3, 0x1.5555555555502p-5, -0x1.111111110ec1ap-7, 0x1.6c16c16c30765p-10,     \
                   -0x1.a01a01b398c84p-13, 0x1.a01a0136030c7p-16, -0x1.71ddefdd00573p-19, 0x1.27e5b4e80b0cbp-22,       \
                   -0x1.af6c605a2c9ddp-26, 0x1.1e3ce52283fb1p-29
#else
#define GATE_TERMS 0x1.fffffcp-2F, -0x1.55549p-3F, 0x1.5558f4p-5F, -0x1.123a6ap-7F, 0x1.6a2344p-10F
#endif
/* Below -GATE_TAIL 1 + exp(-x) is exp(-x) to the last bit; above GATE_ONE it is 1, and 2^exponent still normal. */
#define GATE_TAIL 60.0
#define GATE_ONE 87.0

/* numerator / (1 + exp(-x)) for x < -GATE_TAIL: exp's power of two is taken off last, so that a subnormal result is rounded
 * once. So rare that the loops are better off without it. */
static __attribute__((noinline, cold, unused)) vf vf_gate_tail(vf numerator, vf x)
{
    const exp_parts e = vf_exp_parts(vf_clamp(vf_neg(x), REAL(EXP_LIMIT)));
    const vf y = vf_scale(vf_div(numerator, e.fraction), vi_sub(vi_set1(0), e.exponent));
    return vf_select(vf_lt(x, vf_set1(-REAL(EXP_LIMIT))), vf_mul(numerator, vf_zero()), y);
}

/* numerator / (1 + exp(-x)), with exp(-x) = power + above_one power, so that the sum rounds once where it is large. */
ALCK_INLINE vf vf_gate(vf numerator, vf x)
{
    static const alck_real terms[] = {GATE_TERMS};
    const vf one = vf_set1(REAL(1.0)), magic = vf_set1(REAL(EXPONENT_MAGIC));
    const vf bounded = vf_smaller(vf_set1(REAL(GATE_ONE)), x);
    const vf shifted = vf_fma(bounded, vf_set1(-REAL(LOG2_E)), magic);
    const vf n = vf_sub(shifted, magic);
    /* -x = n ln 2 - q */
    const vf q = vf_fma(n, vf_set1(REAL(LN2_LOW)), vf_fma(n, vf_set1(REAL(LN2_HIGH)), bounded));
    const vf tail = vf_horner(q, terms, (int)(sizeof terms / sizeof *terms));
    const vf above_one = vf_fma(vf_mul(q, q), tail, vf_neg(q)); /* exp(-q) - 1 */
    /* the magic number's own bits are shifted out */
    const vf power = vi_real(vi_add(vi_shl(vf_bits(shifted), MANTISSA_BITS), vf_bits(one)));
    const vf y = vf_div(numerator, vf_add(power, vf_fma(above_one, power, one)));
    const vm low = vf_lt(x, vf_set1(-REAL(GATE_TAIL)));
    return vm_any(low) ? vf_select(low, vf_gate_tail(numerator, x), y) : y;
}

ALCK_INLINE vf vf_sigmoid(vf x)
{
    return vf_gate(vf_set1(REAL(1.0)), x);
}

ALCK_INLINE vf vf_silu(vf x)
{
    return vf_gate(x, x);
}

#endif
