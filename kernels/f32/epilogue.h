/* kernels/f32/epilogue.h - what happens to an output value between its sum and its store (alck_epilogue), in registers
 * for the common cases and by whole rows for the rest. Both give the same bits: each step is one rounding per value.
 */
#ifndef ALCK_F32_EPILOGUE_H
#define ALCK_F32_EPILOGUE_H

#include "kernels/f32/activation.h"
#include "kernels/f32/strips.h"

/* Whether epilogue_simple can finish whole vectors: no rounding, no span, and no activation that needs polynomials. */
ALCK_INLINE bool epilogue_is_simple(const alck_epilogue *e)
{
    return e->rounding == ALCK_REALS && e->span == NULL && activation_is_simple(e->activation);
}

/* Whether the sums are stored, or added to what is there, as they are. */
ALCK_INLINE bool epilogue_only_stores(const alck_epilogue *e)
{
    return e->bias == NULL && e->residual == NULL && e->activation == ALCK_IDENTITY && e->span == NULL && e->rounding == ALCK_REALS;
}

/* Where a channel of pixel 0 is stored. */
ALCK_INLINE alck_real *epilogue_output(const alck_epilogue *e, alck_real *output, int64_t channel)
{
    return output + (e->stores_pairs ? channel / 2 : channel);
}

/* A full vector of `channel`, ... of output pixel `pixel`, whose memory is at `output`. */
ALCK_INLINE vf epilogue_simple(const alck_epilogue *e, vf v, int64_t pixel, int64_t channel,
                               const alck_real *output)
{
    if (e->add)
        v = vf_add(v, vf_load(output));
    if (e->bias != NULL)
        v = vf_add(v, vf_load(e->bias + channel));
    if (e->residual != NULL)
        v = vf_add(v, vf_load(e->residual + pixel * e->residual_stride + channel));
    if (e->activation == ALCK_RELU)
        return vf_relu(v);
    return e->activation == ALCK_RELU6 ? vf_relu6(v) : v;
}

/* And where that of what is added lies, NULL if nothing is. */
ALCK_INLINE const alck_real *epilogue_residual(const alck_epilogue *e, int64_t channel)
{
    return e->residual != NULL ? e->residual + (e->residual_pairs ? channel / 2 : channel) : NULL;
}

/* What is rounded is at most so many rows of so many channels: those of a tile, or of Winograd's. */
#define ROUNDED_ROWS 16
#define ROUNDED_COUNT 64

/* What is stored of `rows` pixels: from sums, `sums_pitch` apart, to `count` consecutive channels of each. */
typedef struct epilogue_rows_job {
    int64_t rows, channel, count, sums_pitch, output_stride;
    const alck_real *sums;
    const int64_t *pixels; /* per row: the output pixel */
    alck_real *output;     /* `channel` of pixel 0 */
} epilogue_rows_job;

/* `n` sums, a vector or the part of one. */
ALCK_INLINE void epilogue_vector(const alck_epilogue *e, alck_activation activation, vf v, int64_t pixel,
                                 int64_t channel, alck_real *output, int64_t n)
{
    if (e->add)
        v = vf_add(v, load_lanes(output, n));
    if (e->bias != NULL)
        v = vf_add(v, load_lanes(e->bias + channel, n));
    if (e->residual != NULL)
        v = vf_add(v, load_lanes(e->residual + pixel * e->residual_stride + channel, n));
    store_lanes(output, vf_activate(activation, v), n);
}

/* All rows, by any epilogue. One function of an instruction set for all kernels: it has a loop for each activation. */
void ALCK_NAME(epilogue_rows)(const alck_epilogue *e, const epilogue_rows_job *j);

#endif
