/* kernels/f32/settle_bf16.h - as settle.h, for the largest tile of pairs whose outputs are rounded to bf16 (epilogue.h): in registers. A
 * row's two vectors become one of halves, its first.
 */
#ifndef ALCK_F32_SETTLE_BF16_H
#define ALCK_F32_SETTLE_BF16_H

#include "kernels/f32/halves.h"
#include "kernels/f32/settle.h"

/* Whether a tile of whole vectors ends so: no span, and no activation but relu. */
ALCK_INLINE bool settles_rounded(const tile_target *t)
{
    const alck_epilogue *e = t->epilogue;
    return t->last && t->columns == 2 * VF_LANES && e->rounding == ALCK_BF16_PAIRS && e->span == NULL
           && (e->activation == ALCK_IDENTITY || e->activation == ALCK_RELU);
}

#define ROUND_ROW(r) s##r##_0 = (vf)halves_of(s##r##_0, s##r##_1);
#define UNROUND_ROW(r)                                              \
    {                                                               \
        const two_vectors both = vectors_of((__m512i)s##r##_0);     \
        s##r##_0 = both.first;                                      \
        s##r##_1 = both.second;                                     \
    }
#define ADD_PAIRED_RESIDUAL(r)                                                                                      \
    {                                                                                                               \
        const two_vectors more =                                                                                    \
            vectors_of(_mm512_loadu_si512(e.residual + pixels[r] * e.residual_stride + first_channel / 2));         \
        s##r##_0 = vf_add(s##r##_0, more.first);                                                                    \
        s##r##_1 = vf_add(s##r##_1, more.second);                                                                   \
    }
#define RELU_OF_ROW(r) s##r##_0 = (vf)relu_of((__m512i)s##r##_0);
#define STORE_PAIRS(r) vf_store(ROW_OUTPUT(r), s##r##_0);

/* All rows of a tile that settles_rounded. */
#define SETTLE_ROUNDED(EACH_ROW, target)                                                    \
    do {                                                                                    \
        alck_real *const sums = (target)->sums;                                             \
        if (!(target)->first) {                                                             \
            EACH_ROW(ADD_SUMS)                                                              \
        }                                                                                   \
        COPY_TARGET(target)                                                                 \
        if (e.bias != NULL) {                                                               \
            EACH_ROW(ADD_BIAS)                                                              \
        }                                                                                   \
        EACH_ROW(ROUND_ROW)                                                                 \
        if (e.residual != NULL) {                                                           \
            EACH_ROW(UNROUND_ROW)                                                           \
            if (e.residual_pairs) {                                                         \
                EACH_ROW(ADD_PAIRED_RESIDUAL)                                               \
            } else {                                                                        \
                EACH_ROW(ADD_RESIDUAL)                                                      \
            }                                                                               \
            EACH_ROW(ROUND_ROW)                                                             \
        }                                                                                   \
        if (e.activation == ALCK_RELU) {                                                    \
            EACH_ROW(RELU_OF_ROW)                                                           \
        }                                                                                   \
        if (e.stores_pairs) {                                                               \
            EACH_ROW(STORE_PAIRS)                                                           \
        } else {                                                                            \
            EACH_ROW(UNROUND_ROW)                                                           \
            EACH_ROW(STORE_OUTPUT)                                                          \
        }                                                                                   \
    } while (0)

#endif
