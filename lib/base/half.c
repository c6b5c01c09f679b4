/* lib/base/half.c - 16-bit floats to and from real ones by integer operations alone: no mode of the processor and no instruction
 * set has a part in them. */
#include <math.h>
#include <string.h>

#include "lib/base/base.h"

#define BIAS 1023 /* of a double's exponent */

double alc_half_value(uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const double fraction = (double)(half & 1023);
    double magnitude;
    if (exponent == 31) {
        magnitude = fraction == 0 ? (double)INFINITY : (double)NAN;
    } else if (exponent == 0) {
        magnitude = fraction * 0x1p-24;
    } else {
        const uint64_t power = (uint64_t)(BIAS + exponent - 25) << 52;
        double scale;
        memcpy(&scale, &power, sizeof scale);
        magnitude = (1024 + fraction) * scale;
    }
    return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

uint16_t alc_half_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    const int exponent = (int)(bits >> 52 & 2047) - BIAS;
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    if (exponent == BIAS + 1 && fraction != 0)
        return sign | 0x7e00;
    if (exponent > 15)
        return sign | 0x7c00;
    if (exponent < -25)
        return sign;
    /* What is cut off: 42 of 52 bits of the fraction; of a subnormal half one more for each power of two below 2^-14. */
    const int cut = exponent >= -14 ? 42 : 28 - exponent;
    const uint64_t whole = fraction | UINT64_C(1) << 52, rest = whole & ((UINT64_C(1) << cut) - 1);
    const uint64_t middle = UINT64_C(1) << (cut - 1);
    uint64_t rounded = whole >> cut;
    rounded += rest > middle || (rest == middle && (rounded & 1) != 0);
    /* The leading 1 of a normal half, and what rounding carries beyond the fraction, raise the exponent by themselves. */
    return (uint16_t)(sign | (rounded + (exponent >= -14 ? (uint64_t)(exponent + 14) << 10 : 0)));
}
