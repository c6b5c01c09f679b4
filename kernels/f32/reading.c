/* kernels/f32/reading.c - see reading.h: the operations of multiply_broadcast and norm_forward.c on a row.
 */
#include "kernels/f32/reading.h"

#include "kernels/f32/activation.h"
#include "kernels/f32/pairs.h"
#include "kernels/f32/strips.h"

ALCK_INLINE void normalise_step(alck_activation f, const alck_real *scale, const alck_real *shift, const alck_real *from,
                                alck_real *to, int64_t i, int64_t lanes)
{
    const vf z = vf_fma(load_lanes(from + i, lanes), load_lanes(scale + i, lanes), load_lanes(shift + i, lanes));
    store_lanes(to + i, vf_activate(f, z), lanes);
}

ALCK_INLINE void multiply_step(const alck_real *gate, const alck_real *from, alck_real *to, int64_t i, int64_t lanes)
{
    store_lanes(to + i, vf_mul(load_lanes(from + i, lanes), load_lanes(gate + i, lanes)), lanes);
}

void ALCK_NAME(read_values)(alck_operands operands, const alck_reading *reading, int64_t image, int64_t channel, int64_t count,
                            const alck_real *from, alck_real *to)
{
    if (reading->pairs) {
        ALCK_NAME(unpair_values)(channel % 2, count, from, to);
        from = to;
    } else if (reading->rounds) {
        ALCK_NAME(round_values)(operands, count, from, to);
        from = to;
    }
    if (reading->gate_stride > 0) {
        EACH_VECTOR(count, multiply_step, reading->gate + image * reading->gate_stride + channel, from, to);
        return;
    }
    if (!reading->normalises)
        return;
    const alck_real *scale = reading->scale + channel, *shift = reading->shift + channel;
    if (reading->activation == ALCK_RELU)
        EACH_VECTOR(count, normalise_step, ALCK_RELU, scale, shift, from, to);
    else if (reading->activation == ALCK_RELU6)
        EACH_VECTOR(count, normalise_step, ALCK_RELU6, scale, shift, from, to);
    else
        EACH_VECTOR(count, normalise_step, ALCK_IDENTITY, scale, shift, from, to);
}
