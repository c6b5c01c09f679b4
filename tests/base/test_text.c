/* tests/base/test_text.c - numbers and growing texts, also where the process's locale writes a
 * decimal comma. */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

static bool parse(const char *text, double *value)
{
    return alc_parse_double(text, strlen(text), value);
}

START_TEST(decimals_are_read_exactly)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0", 0},
        {"-0.0", -0.0},
        {"19.47406", 19.47406},
        {" 1.5 ", 1.5},
        {"\t1 \t", 1},
        {".5", .5},
        {"5.", 5},
        {"+7e2", 700},
        {"-1E-3", -1e-3},
        {"1e308", 1e308},
        {"5e-324", 0x1p-1074},
        {"-9999", -9999},
        {"1e-999", 0},
        {"00012", 12},
        {"9007199254740993", 9007199254740992.0},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value = 99;
        ck_assert_msg(parse(good[i].text, &value), "'%s' was refused", good[i].text);
        ck_assert_msg(value == good[i].value && signbit(value) == signbit(good[i].value),
                      "'%s' gave %g", good[i].text, value);
    }
}
END_TEST

START_TEST(everything_else_is_refused)
{
    static const char *const bad[] = {"",      " ",    "1,5", "1 2",      "nan",   "inf",  "-inf",
                                      "0x10",  "1e",   "1e+", ".",        "-",     "+.e1", "1.2.3",
                                      "1e999", "\v1",  "1\n", "--1",      "1_000", "1f",   "null",
                                      "e5",    "1e5.", "١",   "infinity", "1d3",   "NULL"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 99;
        ck_assert_msg(!parse(bad[i], &value), "'%s' was taken for a number", bad[i]);
        ck_assert(value == 99);
    }
    char longest[500];
    double value;
    memset(longest, '0', sizeof longest);
    ck_assert(!alc_parse_double(longest, sizeof longest, &value));
    ck_assert(!alc_parse_double("1\0002", 3, &value));
    ck_assert(alc_parse_double("12", 1, &value) && value == 1);
}
END_TEST

START_TEST(integers_are_read_to_their_limits)
{
    int64_t value = 99;
    ck_assert(alc_parse_int64("9223372036854775807", 19, &value) && value == INT64_MAX);
    ck_assert(alc_parse_int64("-9223372036854775808", 20, &value) && value == INT64_MIN);
    ck_assert(alc_parse_int64(" +12 ", 5, &value) && value == 12);
    ck_assert(alc_parse_int64("-0", 2, &value) && value == 0);
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "1 2",
                                      "abc",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!alc_parse_int64(bad[i], strlen(bad[i]), &value), "'%s' was taken", bad[i]);
    ck_assert_int_eq(value, 0);
}
END_TEST

START_TEST(a_comma_locale_changes_nothing)
{
    static const char *const comma_locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                                "fr_FR.utf8",  "de_DE",      "fr_FR"};
    const char *set = NULL;
    for (size_t i = 0; set == NULL && i < sizeof comma_locales / sizeof comma_locales[0]; i++)
        set = setlocale(LC_ALL, comma_locales[i]);
    double value = 0;
    char text[32];
    ck_assert(parse("1.25", &value) && value == 1.25);
    ck_assert(!parse("1,25", &value));
    alc_format(text, sizeof text, "%.2f", 1.25);
    ck_assert_str_eq(text, "1.25");
    ck_assert_str_eq(setlocale(LC_ALL, NULL), set == NULL ? "C" : set);
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(a_text_grows)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_text text;
    alc_text_init(&text, context);
    ck_assert_str_eq(alc_text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        alc_text_append(&text, "%03d,", i);
    ck_assert(!text.failed);
    ck_assert_uint_eq(text.length, 4000);
    ck_assert_uint_eq(strlen(alc_text_string(&text)), 4000);
    ck_assert_int_eq(strncmp(text.data + 2000, "500,501,", 8), 0);
    alc_text_free(&text);
    ck_assert_str_eq(alc_text_string(&text), "");
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(a_text_that_cannot_grow_stays_failed)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_text text;
    alc_text_init(&text, context);
    alc_text_append(&text, "kept");
    failing_hooks_restart(&hooks);
    hooks.fail_allocation = 1;
    alc_text_append(&text, "%1000d", 1);
    alc_text_append(&text, "late");
    ck_assert(text.failed);
    ck_assert_str_eq(alc_text_string(&text), "kept");
    ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
    alc_text_free(&text);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("text", decimals_are_read_exactly, everything_else_is_refused,
                     integers_are_read_to_their_limits, a_comma_locale_changes_nothing,
                     a_text_grows, a_text_that_cannot_grow_stays_failed);
}
