/* tests/base/test_json_string.c - strings go through jansson's strict parser and come back; UTF-8 is
 * judged as it judges. */
#include <jansson.h>
#include <string.h>

#include "lib/base/json_string.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

START_TEST(texts_come_back)
{
    static const char *const texts[] = {"",       "plain",         "with \"quotes\" and \\ and /",
                                        "\n\t\r", "\x01\x1f\x7f",  "h\xc3\xa9t\xc3\xa9",
                                        "\"",     "\xe2\x9c\xa8x", "\xf0\x9f\x8c\x8c"};
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        alc_text json;
        alc_text_init(&json, context);
        alc_append_json_string(&json, texts[i]);
        json_t *value = json_loads(alc_text_string(&json), JSON_DECODE_ANY, NULL);
        ck_assert_msg(value != NULL, "no JSON: %s", alc_text_string(&json));
        ck_assert_str_eq(json_string_value(value), texts[i]);
        ck_assert(alc_is_utf8(texts[i]));
        json_decref(value);
        alc_text_free(&json);
    }
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(utf8_is_judged_as_jansson_does)
{
    /* All sequences of up to two bytes, and three- and four-byte ones around every limit. */
    static const unsigned char firsts[] = {0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
                                           0xf3, 0xf4, 0xf5, 0xf8, 0xff, 0xc0, 0xc1, 0xdf};
    static const unsigned char others[] = {0x00, 0x41, 0x7f, 0x80, 0x8f,
                                           0x90, 0x9f, 0xa0, 0xbf, 0xc0};
    int differences = 0;
    for (int first = 1; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            char text[] = {(char)first, (char)second, 0};
            json_t *value = json_string(text);
            differences += alc_is_utf8(text) != (value != NULL);
            json_decref(value);
        }
    for (size_t a = 0; a < sizeof firsts; a++)
        for (size_t b = 0; b < sizeof others; b++)
            for (size_t c = 0; c < sizeof others; c++)
                for (size_t d = 0; d < sizeof others; d++) {
                    char text[] = {(char)firsts[a], (char)others[b], (char)others[c],
                                   (char)others[d], 0};
                    json_t *value = json_string(text);
                    differences += alc_is_utf8(text) != (value != NULL);
                    json_decref(value);
                }
    ck_assert_int_eq(differences, 0);
}
END_TEST

int main(void)
{
    return RUN_TESTS("json_string", texts_come_back, utf8_is_judged_as_jansson_does);
}
