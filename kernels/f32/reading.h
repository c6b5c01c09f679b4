/* kernels/f32/reading.h - values of a pixel as reals, as a gate, or a batch norm and its activation, would have stored them
 * (alck_reading), for products that read what those read.
 */
#ifndef ALCK_F32_READING_H
#define ALCK_F32_READING_H

#include "kernels/isa.h"

ALCK_INLINE bool reading_changes(const alck_reading *reading)
{
    return reading->gate_stride > 0 || reading->normalises;
}

/* Channels [channel, channel + count) of a pixel of an image, the first of them, or the pair that has it, at `from`. */
void ALCK_NAME(read_values)(alck_operands operands, const alck_reading *reading, int64_t image, int64_t channel, int64_t count,
                            const alck_real *from, alck_real *to);

#endif
