/* tests/base/test_status.c - names, sentences and the log. */
#include <string.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

START_TEST(every_status_has_a_name_and_a_meaning)
{
    ck_assert_str_eq(alc_status_name(ALC_OK), "ALC_OK");
    ck_assert_str_eq(alc_status_name(ALC_NOT_FINITE), "ALC_NOT_FINITE");
    ck_assert_str_eq(alc_status_text(ALC_CORRUPT), "a file's checksum does not match its contents");
    for (int i = 0; i < ALC_STATUS_COUNT; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(alc_status_name((alc_status)i), alc_status_name((alc_status)j));
}
END_TEST

START_TEST(a_value_that_is_no_status_has_a_text_too)
{
    ck_assert_str_eq(alc_status_name((alc_status)-1), "no alc_status");
    ck_assert_str_eq(alc_status_name(ALC_STATUS_COUNT), "no alc_status");
    ck_assert_str_ne(alc_status_text((alc_status)1000), "");
}
END_TEST

START_TEST(a_sentence_is_kept_with_its_status)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    ck_assert_str_eq(alc_error_message(context), "");
    ck_assert_int_eq(alc_error_status(context), ALC_OK);
    ck_assert_int_eq(alc_fail(context, ALC_NOT_FOUND, "no column '%s' in row %d", "u", 7),
                     ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(context), "no column 'u' in row 7");
    ck_assert_int_eq(alc_error_status(context), ALC_NOT_FOUND);
    /* The old sentence may be part of the new one. */
    alc_fail(context, ALC_BAD_FILE, "a.csv: %s", alc_error_message(context));
    ck_assert_str_eq(alc_error_message(context), "a.csv: no column 'u' in row 7");
    alc_fail_memory(context, 12, "a thing");
    ck_assert_str_eq(alc_error_message(context), "cannot allocate 12 bytes for a thing");
    char copy[10] = "unchanged";
    alc_copy_error_message(context, copy, sizeof copy);
    ck_assert_str_eq(copy, "cannot al");
    alc_copy_error_message(NULL, copy, sizeof copy);
    ck_assert_str_eq(copy, "");
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(a_sentence_that_is_too_long_says_so)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    char name[3000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    alc_fail(context, ALC_NOT_FOUND, "%s", name);
    const char *message = alc_error_message(context);
    size_t length = strlen(message);
    ck_assert_uint_gt(length, 500);
    ck_assert_str_eq(message + length - 4, "n...");
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(without_a_context_nothing_happens)
{
    ck_assert_int_eq(alc_fail(NULL, ALC_NOT_FOUND, "%s", "x"), ALC_NOT_FOUND);
    ck_assert_str_eq(alc_error_message(NULL), "");
    ck_assert_int_eq(alc_error_status(NULL), ALC_OK);
    alc_log(NULL, "nobody listens");
}
END_TEST

static void keep_line(void *user, const char *line)
{
    strcpy(user, line);
}

START_TEST(the_log_gets_one_line_or_is_absent)
{
    char line[1024] = "";
    alc_context *context;
    ck_assert_int_eq(
        alc_context_create((alc_context_options){.threads = 1, .log = keep_line, .log_user = line},
                           &context),
        ALC_OK);
    alc_log(context, "epoch %d", 3);
    ck_assert_str_eq(line, "epoch 3");
    alc_context_destroy(context);
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    alc_log(context, "nobody listens");
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("status", every_status_has_a_name_and_a_meaning,
                     a_value_that_is_no_status_has_a_text_too, a_sentence_is_kept_with_its_status,
                     a_sentence_that_is_too_long_says_so, without_a_context_nothing_happens,
                     the_log_gets_one_line_or_is_absent);
}
