/* tests/support/float_settings.c - see float_settings.h. */
#include "support/float_settings.h"

#include <float.h>

#if defined(__x86_64__)

#define STICKY_FLAGS 0x3fUL
#define FLUSH_BITS 0x8040U /* flush to zero, denormals are zeros */

unsigned long float_settings(void)
{
    return __builtin_ia32_stmxcsr() & ~STICKY_FLAGS;
}

void flush_subnormals(void)
{
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | FLUSH_BITS);
}

#elif defined(__aarch64__)

#define FLUSH_BIT (1UL << 24)

unsigned long float_settings(void)
{
    unsigned long settings;
    __asm__ volatile("mrs %0, fpcr" : "=r"(settings));
    return settings;
}

void flush_subnormals(void)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(float_settings() | FLUSH_BIT));
}

#endif

bool subnormals_survive(void)
{
    volatile float smallest = FLT_MIN;
    volatile float half = smallest * 0.5F;
    return half > 0;
}
