/* kernels/dispatch.c - which kernel tables this build has, and which of them the machine can run.
 *
 * It chooses nothing: the caller walks the list, widest first, or looks for the name it was told. What a CPU can run
 * is asked from the CPU and, for the wide registers, from the operating system too, which must save them.
 */
#include "kernels/kernels.h"

#include <string.h>

#if defined(ALCK_HAVE_AVX2) || defined(ALCK_HAVE_AVX512)
#include <cpuid.h>
#endif
#ifdef ALCK_HAVE_NEON
#include <sys/auxv.h>
#endif

extern const alck_table alck_table_scalar;
#ifdef ALCK_HAVE_AVX512
extern const alck_table alck_table_avx512;
#endif
#ifdef ALCK_HAVE_AVX2
extern const alck_table alck_table_avx2;
#endif
#ifdef ALCK_HAVE_NEON
extern const alck_table alck_table_neon;
#endif

static const alck_table *const tables[] = {
#ifdef ALCK_HAVE_AVX512
    &alck_table_avx512,
#endif
#ifdef ALCK_HAVE_AVX2
    &alck_table_avx2,
#endif
#ifdef ALCK_HAVE_NEON
    &alck_table_neon,
#endif
    &alck_table_scalar,
    NULL,
};

const alck_table *const *alck_tables(void)
{
    return tables;
}

#if defined(ALCK_HAVE_AVX2) || defined(ALCK_HAVE_AVX512)

/* Bits of cpuid and xgetbv, from Intel's Software Developer's Manual, volumes 1 (chapter 14) and 2 (CPUID). */
enum {
    LEAF1_ECX_FMA = 1 << 12,
    LEAF1_ECX_OSXSAVE = 1 << 27,
    LEAF7_EBX_AVX2 = 1 << 5,
    LEAF7_EBX_AVX512F = 1 << 16,
    LEAF7_EBX_AVX512DQ = 1 << 17,
    LEAF7_EBX_AVX512BW = 1 << 30,
    LEAF7_1_EAX_AVX512_BF16 = 1 << 5,
    XCR0_SSE_AVX = 0x06,
    XCR0_AVX512 = 0xE6
};
#define LEAF7_EBX_AVX512VL (1U << 31)

/* The register sets that the operating system saves; call it only where the CPU reports OSXSAVE. */
static unsigned saved_register_sets(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool cpu_runs(bool avx512)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & LEAF1_ECX_OSXSAVE) || !(c & LEAF1_ECX_FMA))
        return false;
    const unsigned saved = saved_register_sets();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    if ((saved & XCR0_SSE_AVX) != XCR0_SSE_AVX || !(b & LEAF7_EBX_AVX2))
        return false;
    if (!avx512)
        return true;
    const unsigned wanted =
        LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512DQ | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL;
    return (saved & XCR0_AVX512) == XCR0_AVX512 && (b & wanted) == wanted;
}

#endif

bool alck_table_supported(const alck_table *table)
{
#ifdef ALCK_HAVE_AVX512
    if (!strcmp(table->isa, "avx512"))
        return cpu_runs(true);
#endif
#ifdef ALCK_HAVE_AVX2
    if (!strcmp(table->isa, "avx2"))
        return cpu_runs(false);
#endif
#ifdef ALCK_HAVE_NEON
    if (!strcmp(table->isa, "neon"))
        return (getauxval(AT_HWCAP) & HWCAP_ASIMD) != 0;
#endif
    return !strcmp(table->isa, "scalar");
}

bool alck_has_bf16(const alck_table *table)
{
#ifdef ALCK_HAVE_AVX512
    unsigned a, b, c, d;
    if (!strcmp(table->isa, "avx512") && cpu_runs(true) && __get_cpuid_count(7, 1, &a, &b, &c, &d))
        return (a & LEAF7_1_EAX_AVX512_BF16) != 0;
#endif
    (void)table;
    return false;
}
