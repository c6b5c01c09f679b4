/* kernels/f32/pairs_bf16.h - the functions of pairs.h by VCVTNEPS2BF16: only for CPUs that have it. */
#ifndef ALCK_F32_PAIRS_BF16_H
#define ALCK_F32_PAIRS_BF16_H

#include "kernels/isa.h"

void ALCK_NAME(pair_values_bf16)(int64_t count, const alck_real *from, alck_real *to);
void ALCK_NAME(pair_rows_bf16)(int64_t count, const alck_real *first, const alck_real *second, alck_real *to);
void ALCK_NAME(round_values_bf16)(int64_t count, const alck_real *from, alck_real *to);

#endif
