/* kernels/f32/epilogue.h - what happens to an output value between its sum and its store (alck_epilogue), in registers
 * for the common cases and by whole rows for the rest. Both give the same bits: each step is one rounding per value.
 */
#ifndef ALCK_F32_EPILOGUE_H
#define ALCK_F32_EPILOGUE_H

#include "kernels/f32/activation.h"
#include "kernels/f32/strips.h"

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

/* `n` values, a vector or the part of one, of an activation that is a constant. */
ALCK_INLINE void epilogue_vector(const alck_epilogue *e, alck_activation activation, const alck_real *sums,
                                 const alck_real *residual, int64_t channel, alck_real *output, int64_t n)
{
    vf v = load_lanes(sums, n);
    if (e->add)
        v = vf_add(v, load_lanes(output, n));
    if (e->bias != NULL)
        v = vf_add(v, load_lanes(e->bias + channel, n));
    if (residual != NULL)
        v = vf_add(v, load_lanes(residual, n));
    store_lanes(output, vf_activate(activation, v), n);
}

#define EPILOGUE_VECTORS(activation)                                                                             \
    for (; i + VF_LANES <= count; i += VF_LANES)                                                                 \
        epilogue_vector(e, activation, sums + i, residual != NULL ? residual + i : NULL, channel + i, output + i, \
                        VF_LANES);                                                                               \
    if (i < count)                                                                                               \
        epilogue_vector(e, activation, sums + i, residual != NULL ? residual + i : NULL, channel + i, output + i, \
                        count - i)

/* Any epilogue, for `count` consecutive channels of a pixel: from sums to output. */
static inline void epilogue_row(const alck_epilogue *e, const alck_real *sums, int64_t pixel, int64_t channel,
                                int64_t count, alck_real *output)
{
    const alck_real *residual =
        e->residual != NULL ? e->residual + pixel * e->residual_stride + channel : NULL;
    int64_t i = 0;
    FOR_ACTIVATION(e->activation, EPILOGUE_VECTORS)
    if (e->span != NULL)
        e->span(e->span_argument, output, channel, count);
}

#endif
