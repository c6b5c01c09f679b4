/* lib/ops/precision.h - matrix products and direct convolutions in the precision that the context asks for.
 *
 * With ALC_PRECISION_BF16 their operands are rounded to bf16 pairs (alck_operands) in scratch first; results, and everything that
 * is no such product, are reals as ever. Otherwise the kernels are called as they are. Scratch is ALC_ALIGNMENT-aligned. */
#ifndef ALC_LIB_OPS_PRECISION_H
#define ALC_LIB_OPS_PRECISION_H

#include "lib/graph/graph.h"

/* Pairs of so many terms, the last without a partner where they are odd; and the bytes of pairs in scratch, aligned. */
static inline int64_t alc_pairs_of(int64_t terms)
{
    return (terms + 1) / 2;
}

static inline size_t alc_pair_bytes(int64_t pairs)
{
    return alc_align_up((size_t)pairs * sizeof(uint32_t));
}

/* The right operand [k][n] of a product, contiguous, packed for as long as it does not change. */
size_t alc_matrix_packed_bytes(alc_context *context, int64_t k, int64_t n);
size_t alc_matrix_pack_scratch_bytes(alc_context *context, int64_t k, int64_t n);
void alc_matrix_pack(alc_context *context, int64_t k, int64_t n, const alc_real *b, void *packed, void *scratch);

/* gemm_scratch_bytes and gemm; packed_b is from alc_matrix_pack. */
size_t alc_product_scratch_bytes(alc_context *context, const alck_gemm *gemm);
void alc_product(alc_context *context, const alck_gemm *gemm, void *scratch);

/* A direct convolution and its gradients: as the kernels of these names, with scratch to pack. */
const char *alc_direct_kernel_name(alc_context *context, const alck_conv *s);
size_t alc_direct_packed_bytes(alc_context *context, const alck_conv *s);
size_t alc_direct_pack_scratch_bytes(alc_context *context, const alck_conv *s);
void alc_direct_pack(alc_context *context, const alck_conv *s, const alc_real *weight, void *packed, void *scratch);
size_t alc_direct_forward_scratch_bytes(alc_context *context, const alck_conv *s);
void alc_direct_forward(alc_context *context, const alck_conv *s, const alc_real *x, const void *packed,
                        const alck_epilogue *epilogue, alc_real *y, void *scratch);

size_t alc_direct_packed_backward_bytes(alc_context *context, const alck_conv *s);
size_t alc_direct_pack_backward_scratch_bytes(alc_context *context, const alck_conv *s);
void alc_direct_pack_backward(alc_context *context, const alck_conv *s, const alc_real *weight, void *packed, void *scratch);
size_t alc_direct_backward_data_scratch_bytes(alc_context *context, const alck_conv *s);
void alc_direct_backward_data(alc_context *context, const alck_conv *s, const alc_real *dy, const void *packed, alc_real *dx,
                              bool add, void *scratch);

size_t alc_direct_backward_weights_scratch_bytes(alc_context *context, const alck_conv *s);
void alc_direct_backward_weights(alc_context *context, const alck_conv *s, const alc_real *x, const alc_real *dy, alc_real *dw,
                                 bool add, void *scratch);

#endif
