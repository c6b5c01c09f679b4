/* tests/base/test_half.c - 16-bit floats: all of them there and back, and the nearest one to values between them. */
#include <math.h>

#include "lib/base/base.h"
#include "support/run_tests.h"

START_TEST(every_half_comes_back)
{
    for (uint32_t half = 0; half < 65536; half++) {
        const double value = alc_half_value((uint16_t)half);
        if ((half >> 10 & 31) == 31 && (half & 1023) != 0)
            ck_assert(isnan(value) && isnan(alc_half_value(alc_half_of(value))));
        else
            ck_assert_uint_eq(alc_half_of(value), half);
    }
    ck_assert(alc_half_value(0x3c00) == 1 && alc_half_value(0x0001) == 0x1p-24 && alc_half_value(0x7bff) == 65504);
    ck_assert(signbit(alc_half_value(0x8000)) && alc_half_value(0xfc00) == -(double)INFINITY);
}
END_TEST

/* Between two neighbours: the middle goes to the even one, anything beyond it to the nearer. */
START_TEST(values_are_rounded_to_the_nearest)
{
    for (uint32_t half = 0; half < 0x7bff; half++) {
        const double low = alc_half_value((uint16_t)half), high = alc_half_value((uint16_t)(half + 1)), middle = (low + high) / 2;
        const uint32_t even = half + (half & 1);
        ck_assert_uint_eq(alc_half_of(middle), even);
        ck_assert_uint_eq(alc_half_of(nextafter(middle, 0)), half);
        ck_assert_uint_eq(alc_half_of(nextafter(middle, 1e9)), half + 1);
        ck_assert_uint_eq(alc_half_of(-middle), even | 0x8000);
    }
}
END_TEST

START_TEST(what_is_out_of_range_is_zero_or_infinite)
{
    ck_assert_uint_eq(alc_half_of(65519.999), 0x7bff);
    ck_assert_uint_eq(alc_half_of(65520), 0x7c00);
    ck_assert_uint_eq(alc_half_of(-1e300), 0xfc00);
    ck_assert_uint_eq(alc_half_of(0x1p-25), 0);
    ck_assert_uint_eq(alc_half_of(0x1.0000001p-25), 1);
    ck_assert_uint_eq(alc_half_of(-0x1p-1070), 0x8000);
    ck_assert_uint_eq(alc_half_of((double)INFINITY), 0x7c00);
}
END_TEST

int main(void)
{
    return RUN_TESTS("half", every_half_comes_back, values_are_rounded_to_the_nearest, what_is_out_of_range_is_zero_or_infinite);
}
