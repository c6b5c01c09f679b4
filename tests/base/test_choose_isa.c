/* tests/base/test_choose_isa.c - the instruction set: the option, the variable ALCOR_ISA, and
 * wishes that cannot be met. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base.h"
#include "support/run_tests.h"

typedef struct attempt {
    alc_status status;
    alc_isa isa;
    char message[256];
} attempt;

/* Makes a context with the variable set so (NULL: not set) and tells what came of it. */
static attempt try_isa(const char *variable, alc_isa isa)
{
    attempt result = {.isa = ALC_ISA_AUTO};
    alc_context *context;
    if (variable == NULL)
        unsetenv("ALCOR_ISA");
    else
        setenv("ALCOR_ISA", variable, 1);
    result.status = alc_context_create((alc_context_options){.threads = 1,
                                                             .isa = isa,
                                                             .message = result.message,
                                                             .message_size = sizeof result.message},
                                       &context);
    if (result.status == ALC_OK)
        result.isa = alc_context_isa(context);
    alc_context_destroy(context);
    unsetenv("ALCOR_ISA");
    return result;
}

static bool available(alc_isa isa)
{
    for (const alck_table *const *table = alck_tables(); *table != NULL; table++)
        if (strcmp((*table)->isa, alc_isa_name(isa)) == 0)
            return alck_table_supported(*table);
    return false;
}

#if defined(__x86_64__) && defined(__linux__)
/* Whether the kernel lists every one of the features, which stand between spaces. */
static bool listed(const char *flags, const char *const *features)
{
    char word[32];
    bool all = true;
    for (; *features != NULL; features++) {
        snprintf(word, sizeof word, " %s ", *features);
        all = all && strstr(flags, word) != NULL;
    }
    return all;
}

/* What the kernel says of the processor: an instruction set that went unnoticed would go untested. */
START_TEST(none_that_the_processor_has_is_missed)
{
    static const char *const avx2[] = {"avx2", "fma", NULL};
    static const char *const avx512[] = {"avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", NULL};
    static char line[16384];
    FILE *file = fopen("/proc/cpuinfo", "r");
    ck_assert_ptr_nonnull(file);
    do
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    while (strncmp(line, "flags", 5) != 0);
    fclose(file);
    char *end = strchr(line, '\n');
    ck_assert_ptr_nonnull(end);
    *end = ' ';
    ck_assert_int_eq(available(ALC_ISA_AVX2), listed(line, avx2));
    ck_assert_int_eq(available(ALC_ISA_AVX512), listed(line, avx512));
}
END_TEST
#define OF_THE_PROCESSOR none_that_the_processor_has_is_missed,
#else
#define OF_THE_PROCESSOR
#endif

START_TEST(the_widest_is_the_default)
{
    const alck_table *const *table = alck_tables();
    while (!alck_table_supported(*table))
        table++;
    attempt automatic = try_isa(NULL, ALC_ISA_AUTO);
    ck_assert_int_eq(automatic.status, ALC_OK);
    ck_assert_str_eq(alc_isa_name(automatic.isa), (*table)->isa);
    ck_assert_int_eq(try_isa("", ALC_ISA_AUTO).isa, automatic.isa);
}
END_TEST

START_TEST(option_and_variable_choose_each_that_is_available)
{
    for (int i = ALC_ISA_AUTO + 1; i < ALC_ISA_COUNT; i++) {
        alc_isa isa = (alc_isa)i;
        alc_status expected = available(isa) ? ALC_OK : ALC_UNSUPPORTED;
        attempt by_option = try_isa(NULL, isa);
        attempt by_variable = try_isa(alc_isa_name(isa), ALC_ISA_AUTO);
        ck_assert_int_eq(by_option.status, expected);
        ck_assert_int_eq(by_variable.status, expected);
        if (expected == ALC_OK) {
            ck_assert_int_eq(by_option.isa, isa);
            ck_assert_int_eq(by_variable.isa, isa);
        } else {
            ck_assert_ptr_nonnull(strstr(by_option.message, "the option isa"));
            ck_assert_ptr_nonnull(strstr(by_variable.message, "ALCOR_ISA"));
            ck_assert_ptr_nonnull(strstr(by_option.message, alc_isa_name(isa)));
        }
    }
}
END_TEST

START_TEST(the_option_goes_before_the_variable)
{
    attempt result = try_isa("nonsense", ALC_ISA_SCALAR);
    ck_assert_int_eq(result.status, ALC_OK);
    ck_assert_int_eq(result.isa, ALC_ISA_SCALAR);
}
END_TEST

START_TEST(an_unknown_name_is_loud)
{
    static const char *const wrong[] = {"AVX2", "avx", "auto", "scalar ", "-"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        attempt result = try_isa(wrong[i], ALC_ISA_AUTO);
        ck_assert_int_eq(result.status, ALC_INVALID_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(result.message, "ALCOR_ISA"));
        ck_assert_ptr_nonnull(strstr(result.message, wrong[i]));
        ck_assert_ptr_nonnull(strstr(result.message, "scalar avx2 avx512 neon"));
    }
}
END_TEST

START_TEST(names)
{
    ck_assert_str_eq(alc_isa_name(ALC_ISA_AUTO), "auto");
    ck_assert_str_eq(alc_isa_name(ALC_ISA_AVX512), "avx512");
    ck_assert_str_eq(alc_isa_name((alc_isa)-3), "unknown");
    ck_assert_str_eq(alc_isa_name(ALC_ISA_COUNT), "unknown");
}
END_TEST

int main(void)
{
    return RUN_TESTS("choose_isa", OF_THE_PROCESSOR the_widest_is_the_default,
                     option_and_variable_choose_each_that_is_available,
                     the_option_goes_before_the_variable, an_unknown_name_is_loud, names);
}
