/* tests/base/test_float_mode.c - a host's rounding and flush-to-zero settings neither reach the
 * library nor get lost. */
#include <fenv.h>

#include "lib/base/float_mode.h"
#include "support/float_settings.h"
#include "support/run_tests.h"

START_TEST(the_default_mode_is_set_and_the_old_one_comes_back)
{
    alc_float_mode saved;
    unsigned long before = float_settings();
    ck_assert_int_eq(fesetround(FE_UPWARD), 0);
    flush_subnormals();
    unsigned long hosts = float_settings();
    ck_assert_uint_ne(hosts, before);
    ck_assert(!subnormals_survive());
    alc_float_mode_enter(&saved);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
    ck_assert(subnormals_survive());
    alc_float_mode_leave(&saved);
    ck_assert_int_eq(fegetround(), FE_UPWARD);
    ck_assert_uint_eq(float_settings(), hosts);
    fesetenv(FE_DFL_ENV);
    ck_assert(subnormals_survive());
}
END_TEST

int main(void)
{
    return RUN_TESTS("float_mode", the_default_mode_is_set_and_the_old_one_comes_back);
}
