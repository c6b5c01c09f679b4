/* lib/base/float_mode.c - see float_mode.h. C has no word for "flush to zero"; restoring the
 * default environment clears it on x86-64 and aarch64 alike, which tests/base/test_float_mode.c
 * checks. */
#include "lib/base/float_mode.h"

void alc_float_mode_enter(alc_float_mode *saved)
{
    fegetenv(saved);
    fesetenv(FE_DFL_ENV);
}

void alc_float_mode_leave(const alc_float_mode *saved)
{
    fesetenv(saved);
}
