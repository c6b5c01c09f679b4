/* kernels/reference/chain_reference.c - see chain_reference.h. */
#include "kernels/reference/chain_reference.h"

#include <math.h>

alck_real alck_reference_operand(alck_operands operands, alck_real value)
{
    const float single = (float)value;
    if (operands == ALCK_REALS || (fpclassify(single) != FP_NORMAL && fpclassify(single) != FP_SUBNORMAL))
        return value;
    if (fpclassify(single) == FP_SUBNORMAL)
        return (alck_real)copysignf(0, single);
    /* nearest, ties to even: bf16 has 8 bits of precision and the exponents of float */
    int exponent;
    const double fraction = frexp((double)single, &exponent);
    return (alck_real)(float)ldexp(nearbyint(ldexp(fraction, 8)), exponent - 8);
}

static void add_bf16_product(alck_reference_chain *chain, alck_real a, alck_real b)
{
    const float rounded_a = (float)alck_reference_operand(chain->operands, a);
    const float rounded_b = (float)alck_reference_operand(chain->operands, b);
    const float sum = fmaf(rounded_a, rounded_b, (float)chain->value);
    chain->value = fpclassify(sum) == FP_SUBNORMAL ? (alck_real)copysignf(0, sum) : (alck_real)sum;
}

void alck_reference_join(alck_reference_chain *chain, alck_real a, alck_real b, int64_t i, int64_t values)
{
    if (chain->operands == ALCK_REALS) {
#ifdef ALCOR_DOUBLE
        chain->value = fma(a, b, chain->value);
#else
        chain->value = fmaf(a, b, chain->value);
#endif
    } else if (i % 2 == 1) {
        add_bf16_product(chain, a, b);
        add_bf16_product(chain, chain->first_a, chain->first_b);
    } else if (i + 1 == values) {
        add_bf16_product(chain, 0, 0);
        add_bf16_product(chain, a, b);
    } else {
        chain->first_a = a;
        chain->first_b = b;
    }
}

int64_t alck_reference_term(alck_operands operands, int64_t i, int64_t values)
{
    if (operands == ALCK_REALS)
        return i;
    return i % 2 == 0 && i + 1 < values ? -1 : i / 2;
}

int64_t alck_reference_terms(alck_operands operands, int64_t values)
{
    return operands == ALCK_REALS ? values : (values + 1) / 2;
}
