/* kernels/f32/pairs.h - rounds reals to bf16 and pairs them (alck_operands), a row at a time, into a product's copies and panels and
 * into tensors, and makes reals of them again.
 *
 * Not for ALCK_REALS. The double build has no pairs, and never asks for any.
 */
#ifndef ALCK_F32_PAIRS_H
#define ALCK_F32_PAIRS_H

#include "kernels/isa.h"

/* Values of a term; and terms that so many of a stretch are. */
ALCK_INLINE int64_t values_per_term(alck_operands operands)
{
    return operands == ALCK_REALS ? 1 : 2;
}

ALCK_INLINE int64_t terms_of(alck_operands operands, int64_t values)
{
    return operands == ALCK_REALS ? values : (values + 1) / 2;
}

/* Values to their pairs, neighbours with each other. */
void ALCK_NAME(pair_values)(alck_operands operands, int64_t count, const alck_real *from, alck_real *to);
/* Two rows to pairs, the first's values with the second's; a row that is NULL has zeros. */
void ALCK_NAME(pair_rows)(alck_operands operands, int64_t count, const alck_real *first, const alck_real *second, alck_real *to);
/* Values as they are after rounding; `to` may be `from`. */
void ALCK_NAME(round_values)(alck_operands operands, int64_t count, const alck_real *from, alck_real *to);
/* Values [first, first + count) of a row of pairs that begins at `from`. */
void ALCK_NAME(unpair_values)(int64_t first, int64_t count, const alck_real *from, alck_real *to);

#endif
