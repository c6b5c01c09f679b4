/* power.h - whole powers by squaring: libm's pow differs between systems in its last bit. */
#ifndef ALC_LIB_POWER_H
#define ALC_LIB_POWER_H

#include <stdint.h>

static inline double alc_power(double base, int64_t exponent)
{
    double product = 1.0;
    for (double factor = base; exponent > 0; exponent /= 2, factor *= factor)
        if (exponent % 2)
            product *= factor;
    return product;
}

#endif
