/* kernels/f32/conv_winograd_axis.h - the transforms of Winograd's F(4x4, 3x3) along one axis, lane by lane.
 *
 * Four outputs of a filter of three taps need six inputs. As polynomials (Winograd 1980; Lavin and Gray 2016): evaluated at
 * the points 0, a, -a, b, -b and infinity, six products take the place of twelve. Here a = 3/4 and b = 3/2: exact in binary,
 * and their powers stay near 1, so that less is lost to rounding than with 1 and 2. With p over the finite points,
 * M(x) = x (x^2 - a^2)(x^2 - b^2) and N(p) the product of p - q over the other points q:
 *
 *   input    v[p] = coefficients of M(x)/(x - p) times d[0..4],  v[inf] = coefficients of M(x) times d[0..5]
 *   weights  u[p] = (g0 + p g1 + p^2 g2) / N(p),                 u[inf] = g2
 *   output   y[i] = sum over p of p^i m[p]  (+ m[inf] for i = 3), m = u v
 *
 * The gradient of the weights is the adjoint: dm = the output's transform, transposed, of dy; du = sum of v dm; and dg = the
 * weights' transform, transposed, of du.
 *
 * The order of operations below is part of the kernels' contract: kernels/reference/winograd_reference.c repeats it. In two
 * dimensions the vertical axis always comes first.
 */
#ifndef ALCK_F32_CONV_WINOGRAD_AXIS_H
#define ALCK_F32_CONV_WINOGRAD_AXIS_H

#include "kernels/isa.h"

#define POINT_A ((alck_real)0.75)
#define POINT_B ((alck_real)1.5)
#define A_SQUARED ((alck_real)0.5625)
#define B_SQUARED ((alck_real)2.25)
#define A_CUBED ((alck_real)0.421875)
#define B_CUBED ((alck_real)3.375)
#define SUM_OF_SQUARES ((alck_real)2.8125)
#define PRODUCT_OF_SQUARES ((alck_real)1.265625)
/* 1/N(p) of the points 0, +-a and +-b; and times p and its square. */
#define WEIGHT_0 ((alck_real)(64.0 / 81))
#define WEIGHT_A ((alck_real)(-128.0 / 243))
#define WEIGHT_A1 ((alck_real)(-32.0 / 81))
#define WEIGHT_A2 ((alck_real)(-8.0 / 27))
#define WEIGHT_B ((alck_real)(32.0 / 243))
#define WEIGHT_B1 ((alck_real)(16.0 / 81))
#define WEIGHT_B2 ((alck_real)(8.0 / 27))

/* One axis of a tile: six values transformed, and the outputs and taps that they stand for. */
#define WINOGRAD_POINTS 6
#define WINOGRAD_OUTPUTS 4
#define WINOGRAD_TAPS 3

/* v[i * step]: the six values that six inputs become. */
ALCK_INLINE void transform_input(const vf d[WINOGRAD_POINTS], vf *v, int step)
{
    const vf even_a = vf_fma(vf_set1(-B_SQUARED), d[2], d[4]), odd_a = vf_fma(vf_set1(-B_SQUARED), d[1], d[3]);
    const vf even_b = vf_fma(vf_set1(-A_SQUARED), d[2], d[4]), odd_b = vf_fma(vf_set1(-A_SQUARED), d[1], d[3]);
    v[0] = vf_fma(vf_set1(PRODUCT_OF_SQUARES), d[0], vf_fma(vf_set1(-SUM_OF_SQUARES), d[2], d[4]));
    v[step] = vf_fma(vf_set1(POINT_A), odd_a, even_a);
    v[2 * step] = vf_fma(vf_set1(-POINT_A), odd_a, even_a);
    v[3 * step] = vf_fma(vf_set1(POINT_B), odd_b, even_b);
    v[4 * step] = vf_fma(vf_set1(-POINT_B), odd_b, even_b);
    v[5 * step] = vf_fma(vf_set1(PRODUCT_OF_SQUARES), d[1], vf_fma(vf_set1(-SUM_OF_SQUARES), d[3], d[5]));
}

/* What the taps are multiplied by for the points a, -a, b and -b. */
static const alck_real middle_factors[WINOGRAD_POINTS - 2][WINOGRAD_TAPS] = {
    {WEIGHT_A, WEIGHT_A1, WEIGHT_A2}, {WEIGHT_A, -WEIGHT_A1, WEIGHT_A2}, {WEIGHT_B, WEIGHT_B1, WEIGHT_B2}, {WEIGHT_B, -WEIGHT_B1, WEIGHT_B2}};

/* The value of one of these points. */
ALCK_INLINE vf transform_weights_at(const vf g[WINOGRAD_TAPS], const alck_real c[WINOGRAD_TAPS])
{
    return vf_fma(vf_set1(c[1]), g[1], vf_fma(vf_set1(c[2]), g[2], vf_mul(vf_set1(c[0]), g[0])));
}

/* u[i * step]: the six values that three taps become. */
ALCK_INLINE void transform_weights(const vf g[WINOGRAD_TAPS], vf *u, int step)
{
    u[0] = vf_mul(vf_set1(WEIGHT_0), g[0]);
    for (int i = 1; i < WINOGRAD_POINTS - 1; i++)
        u[i * step] = transform_weights_at(g, middle_factors[i - 1]);
    u[5 * step] = g[2];
}

/* y[i * step]: the four outputs that six products stand for. */
ALCK_INLINE void transform_output(const vf m[WINOGRAD_POINTS], vf *y, int step)
{
    const vf sum_a = vf_add(m[1], m[2]), difference_a = vf_sub(m[1], m[2]);
    const vf sum_b = vf_add(m[3], m[4]), difference_b = vf_sub(m[3], m[4]);
    y[0] = vf_add(vf_add(m[0], sum_a), sum_b);
    y[step] = vf_fma(vf_set1(POINT_B), difference_b, vf_mul(vf_set1(POINT_A), difference_a));
    y[2 * step] = vf_fma(vf_set1(B_SQUARED), sum_b, vf_mul(vf_set1(A_SQUARED), sum_a));
    y[3 * step] = vf_fma(vf_set1(B_CUBED), difference_b, vf_fma(vf_set1(A_CUBED), difference_a, m[5]));
}

/* m[i * step]: the six values that the gradients of four outputs become. */
ALCK_INLINE void transform_gradient(const vf y[WINOGRAD_OUTPUTS], vf *m, int step)
{
    const vf even_a = vf_fma(vf_set1(A_SQUARED), y[2], y[0]), odd_a = vf_fma(vf_set1(A_SQUARED), y[3], y[1]);
    const vf even_b = vf_fma(vf_set1(B_SQUARED), y[2], y[0]), odd_b = vf_fma(vf_set1(B_SQUARED), y[3], y[1]);
    m[0] = y[0];
    m[step] = vf_fma(vf_set1(POINT_A), odd_a, even_a);
    m[2 * step] = vf_fma(vf_set1(-POINT_A), odd_a, even_a);
    m[3 * step] = vf_fma(vf_set1(POINT_B), odd_b, even_b);
    m[4 * step] = vf_fma(vf_set1(-POINT_B), odd_b, even_b);
    m[5 * step] = y[3];
}

/* g[i * step]: the gradients of three taps that six sums stand for. */
ALCK_INLINE void transform_taps(const vf u[WINOGRAD_POINTS], vf *g, int step)
{
    const vf sum_a = vf_add(u[1], u[2]), difference_a = vf_sub(u[1], u[2]);
    const vf sum_b = vf_add(u[3], u[4]), difference_b = vf_sub(u[3], u[4]);
    g[0] = vf_fma(vf_set1(WEIGHT_B), sum_b, vf_fma(vf_set1(WEIGHT_A), sum_a, vf_mul(vf_set1(WEIGHT_0), u[0])));
    g[step] = vf_fma(vf_set1(WEIGHT_B1), difference_b, vf_mul(vf_set1(WEIGHT_A1), difference_a));
    g[2 * step] = vf_fma(vf_set1(WEIGHT_B2), sum_b, vf_fma(vf_set1(WEIGHT_A2), sum_a, u[5]));
}

#endif
