/* lib/data/image_check_values.c - finds images that were scaled twice or not at all by the range of their values.
 *
 * With v / 255 in 0 .. 1, x = (v / 255 - mean) / std lies between -mean / std and (1 - mean) / std. Taken back by
 * x std + mean, values that were treated otherwise are found elsewhere: bytes that were not divided reach up to 255; bytes that were
 * divided twice stay below 1 / 255; values normalised twice go below 0; and values that were only divided are, taken back, all
 * between mean and mean + std.
 */
#include <math.h>

#include "lib/data/image_internal.h"

/* For rounding, and for filters that overshoot. */
#define TOLERANCE 0.02
/* Images in 0 .. 1 have values on both sides of these; normalised ones that all lie between 0 and 1 hardly ever do. */
#define DARK 0.1
#define BRIGHT 0.5

typedef struct value_range {
    double low, high;
} value_range;

static alc_status find_ranges(alc_context *context, alc_normalisation expected, const alc_real *values, int64_t pixels,
                              value_range *given, value_range *back)
{
    *given = *back = (value_range){INFINITY, -INFINITY};
    for (int64_t i = 0; i < 3 * pixels; i++) {
        const double value = values[i], taken_back = value * expected.std[i % 3] + expected.mean[i % 3];
        if (!isfinite(value))
            return alc_fail(context, ALC_NOT_FINITE, "a pixel of the images is not a finite number");
        given->low = fmin(given->low, value);
        given->high = fmax(given->high, value);
        back->low = fmin(back->low, taken_back);
        back->high = fmax(back->high, taken_back);
    }
    return ALC_OK;
}

/* Whether values of 0 .. 1 would be something else after it. */
static bool changes(alc_normalisation n)
{
    bool changed = false;
    for (int c = 0; c < 3; c++)
        changed = changed || fabs(n.mean[c]) > TOLERANCE || fabs(n.std[c] - 1) > TOLERANCE;
    return changed;
}

alc_status alc_image_check_values(alc_context *context, alc_normalisation expected, const alc_real *values, int64_t pixels)
{
    value_range given, back;
    alc_status status = find_ranges(context, expected, values, pixels, &given, &back);
    if (status != ALC_OK || pixels < 1)
        return status;
    if (given.low >= 0 && given.high > 2 && given.high <= 255 + TOLERANCE && (back.low < -TOLERANCE || back.high > 1 + TOLERANCE))
        return alc_fail(context, ALC_MISMATCH, "the images were not scaled at all: their values reach %g, as bytes do; the weights "
                        "expect values divided by 255, then normalised", given.high);
    if (back.low >= -TOLERANCE && back.high > 2)
        return alc_fail(context, ALC_MISMATCH, "the images were normalised without having been divided by 255: taken back, "
                        "their values reach %g instead of 1", back.high);
    if (back.low < -TOLERANCE || back.high > 1 + TOLERANCE)
        return alc_fail(context, ALC_MISMATCH, "the images were normalised twice, or by another mean and deviation than the weights "
                        "expect: taken back, their values are between %g and %g instead of 0 and 1", back.low, back.high);
    if (back.high <= 1.0 / 255 + 1e-4)
        return alc_fail(context, ALC_MISMATCH, "the images were divided by 255 twice, or are all black: taken back, their "
                        "values reach %g instead of 1", back.high);
    if (changes(expected) && given.low >= 0 && given.low <= DARK && given.high >= BRIGHT && given.high <= 1)
        return alc_fail(context, ALC_MISMATCH, "the images were divided by 255 but not normalised: their values are between "
                        "%g and %g, where the weights expect some below 0", given.low, given.high);
    return ALC_OK;
}
