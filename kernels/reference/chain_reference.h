/* kernels/reference/chain_reference.h - how values join a chain of a sum, as reals or as pairs of bf16 (alck_operands). */
#ifndef ALCK_CHAIN_REFERENCE_H
#define ALCK_CHAIN_REFERENCE_H

#include "kernels/kernels.h"

typedef struct alck_reference_chain {
    alck_operands operands;
    alck_real value;            /* from +0 */
    alck_real first_a, first_b; /* of a pair, which wait for the second ones */
} alck_reference_chain;

/* What a value is multiplied as. */
alck_real alck_reference_operand(alck_operands operands, alck_real value);
/* Value i of `values` in a row: adds a b, or of a pair both products when it is complete. */
void alck_reference_join(alck_reference_chain *chain, alck_real a, alck_real b, int64_t i, int64_t values);
/* The number of the term that ended with value i, or -1 where a pair waits; and how many terms so many values are. */
int64_t alck_reference_term(alck_operands operands, int64_t i, int64_t values);
int64_t alck_reference_terms(alck_operands operands, int64_t values);

#endif
