/* tests/base/test_json_parse.c - what is JSON and what is not; a lack of memory is told as one and met before jansson runs. */
#include "lib/base/json_parse.h"

#include <string.h>

#include "alcor/json.h"
#include "support/failing_hooks.h"
#include "support/failing_json.h"
#include "support/run_tests.h"

static const char *const good[] = {
    "{}",
    "[]",
    " \t\r\n[ ] \n",
    "{\"a\":1}",
    "{\"a\": {\"b\": [1, -2, 0, -0, 9223372036854775807, -9223372036854775808]}, \"c\": []}",
    "[0.5, -1.25e-3, 1E5, 1e+2, 0.0, -0.0, 3.141592653589793115997963468544185161590576171875, 1e-999]",
    "[1.7976931348623157e308, 5e-324, 0.1, 123456789012345678901234567890.0]",
    "[true, false, null]",
    "[\"\", \"plain\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"]",
    "[\"h\xc3\xa9 \xe2\x9c\xa8 \xf0\x9f\x8c\x8c\"]",
    "{\"\": 1, \"a b\": 2, \"\\u0061\": 3}",
    "{\"text\": \"{\\\"nested\\\": [1, 2]}\"}",
};

static const char *const bad[] = {
    "", " ", "null", "1", "\"a\"", "true", "{", "[", "{]", "[}", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{} x", "[] []", "[1]]", "[tru]",
    "[truex]", "[nul", "[True]", "[NaN]", "[Infinity]", "[-]", "[+1]", "[01]", "[-01]", "[.5]", "[1.]", "[1.e5]", "[1e]",
    "[1e+]", "[0x10]", "[1e999]", "[-1e999]", "[9223372036854775808]", "[-9223372036854775809]", "[\"]", "[\"a]", "[\"\\\"]",
    "[\"\\x\"]", "[\"\\u12\"]", "[\"\\u12g4\"]", "[\"\\u0000\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]",
    "[\"\\ud800\\ud800\"]", "[\"\\ud83d\\ude0\"]", "[\"a\nb\"]", "[\"\\\n\"]", "[\"\xff\"]", "[\"\xc0\x80\"]",
    "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "/**/[]", "[1]//",
    "\xef\xbb\xbf[]", "[\"\\", "[\"\\u", "[-", "[1.", "{\"a\"", "{\"a\":", "[1e",
};

static alc_context *context;
static failing_hooks hooks;

static void setup(void)
{
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
}

static void teardown(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}

START_TEST(good_texts_become_values)
{
    setup();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        json_t *root, *theirs = json_loads(good[i], JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(alc_json_read(context, good[i], "text", &root) == ALC_OK, "refused: %s", good[i]);
        ck_assert_msg(json_equal(root, theirs), "another value: %s", good[i]);
        json_decref(root);
        json_decref(theirs);
    }
    teardown();
}
END_TEST

START_TEST(bad_texts_are_refused)
{
    setup();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *root;
        ck_assert_msg(alc_json_read(context, bad[i], "text", &root) == ALC_BAD_FILE, "accepted: %s", bad[i]);
        ck_assert_ptr_null(root);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), "text is no valid JSON at byte"));
    }
    teardown();
}
END_TEST

/* jansson passes over one that follows a number. */
START_TEST(zero_bytes_are_refused)
{
    static const char text[] = "{\"ab\": [10, true]} ";
    char damaged[sizeof text];
    setup();
    for (size_t at = 0; at < sizeof text; at++) {
        alc_json_problem problem;
        memcpy(damaged, text, sizeof text);
        damaged[at] = '\0';
        ck_assert_msg(alc_json_parse(context, damaged, sizeof text, &problem) == NULL, "accepted with byte %zu zero", at);
        ck_assert_uint_eq(problem.at, at);
        ck_assert_str_eq(problem.what, "a zero byte");
    }
    teardown();
}
END_TEST

/* No token of this text is longer than the buffer that jansson begins with: no allocation of it is unchecked. */
START_TEST(a_lack_of_memory_is_told_as_one)
{
    static const char text[] = "{\"a\": [1, 2.5, \"short\", {\"b\": null}], \"c\\n\": -123456}";
    alc_status status = ALC_OUT_OF_MEMORY;
    json_t *root;
    int64_t n;
    setup();
    for (n = 0; status == ALC_OUT_OF_MEMORY; n++) {
        failing_json_begin(n + 1);
        status = alc_json_read(context, text, "text", &root);
        failing_json_end();
        ck_assert(status == ALC_OK || root == NULL);
        ck_assert(status == ALC_OK || strstr(alc_error_message(context), "cannot allocate") != NULL);
    }
    ck_assert_int_eq(status, ALC_OK);
    ck_assert_int_gt(n, 12);
    json_decref(root);
    teardown();
}
END_TEST

START_TEST(memory_for_long_tokens_is_asked_for_first)
{
    static const char text[] = "[\"a string longer than sixteen bytes\", -12345678901234567]";
    json_t *root;
    setup();
    hooks.fail_allocation = 1;
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_json_read(context, text, "text", &root), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(root);
    hooks.fail_allocation = 2;
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_json_read(context, text, "text", &root), ALC_OK);
    ck_assert_int_eq(hooks.faults, 0);
    json_decref(root);
    teardown();
}
END_TEST

START_TEST(misuse_is_refused)
{
    json_t *root;
    setup();
    ck_assert_int_eq(alc_json_read(NULL, "[]", "text", &root), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_json_read(context, NULL, "text", &root), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_json_read(context, "[]", NULL, &root), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_json_read(context, "[]", "text", NULL), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "alc_json_read: an argument is NULL");
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("json_parse", good_texts_become_values, bad_texts_are_refused, zero_bytes_are_refused,
                     a_lack_of_memory_is_told_as_one, memory_for_long_tokens_is_asked_for_first, misuse_is_refused);
}
