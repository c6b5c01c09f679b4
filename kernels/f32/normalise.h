/* kernels/f32/normalise.h - values of a pixel as a batch norm and its activation would have stored them (alck_reading), for products
 * that read what the norm reads.
 */
#ifndef ALCK_F32_NORMALISE_H
#define ALCK_F32_NORMALISE_H

#include "kernels/isa.h"

/* Channels [channel, channel + count) of a pixel, the first of them at `from`. */
void ALCK_NAME(normalise_values)(const alck_reading *reading, int64_t channel, int64_t count, const alck_real *from,
                                 alck_real *to);

#endif
