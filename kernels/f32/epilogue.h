/* kernels/f32/epilogue.h - what happens to an output value between its sum and its store (alck_epilogue), in registers
 * for the common cases and by whole rows for the rest. Both give the same bits: each step is one rounding per value.
 */
#ifndef ALCK_F32_EPILOGUE_H
#define ALCK_F32_EPILOGUE_H

#include "kernels/f32/activation.h"
#include "kernels/isa.h"

/* Whether epilogue_simple can finish whole vectors: no span, and no activation that needs polynomials. */
ALCK_INLINE bool epilogue_is_simple(const alck_epilogue *e)
{
    return e->span == NULL && e->activation <= ALCK_RELU6;
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

/* Any epilogue, for `count` consecutive channels of a pixel: from sums to output. */
static inline void epilogue_row(const alck_epilogue *e, const alck_real *sums, int64_t pixel, int64_t channel,
                                int64_t count, alck_real *output)
{
    const alck_real *residual =
        e->residual != NULL ? e->residual + pixel * e->residual_stride + channel : NULL;
    for (int64_t i = 0; i < count; i += VF_LANES) {
        const int64_t n = count - i < VF_LANES ? count - i : VF_LANES;
        vf v = vf_load_n(sums + i, n);
        if (e->add)
            v = vf_add(v, vf_load_n(output + i, n));
        if (e->bias != NULL)
            v = vf_add(v, vf_load_n(e->bias + channel + i, n));
        if (residual != NULL)
            v = vf_add(v, vf_load_n(residual + i, n));
        vf_store_n(output + i, vf_activate(e->activation, v), n);
    }
    if (e->span != NULL)
        e->span(e->span_argument, output, channel, count);
}

#endif
