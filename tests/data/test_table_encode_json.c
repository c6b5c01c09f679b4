/* tests/data/test_table_encode_json.c - an encoder comes back from its JSON with the same bits; other JSON is refused. */
#include <locale.h>

#include "alcor/plan.h"
#include "data/data_test.h"
#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/failing_json.h"
#include "support/run_tests.h"

static const char *const features[] = {"u", "u-g", "w \"x\""};
static const int64_t rows[] = {0, 1, 2};

static alc_encoder *fit(const alc_table *table, alc_encoding encoding)
{
    alc_encoder *encoder = NULL;
    ck_assert_int_eq(alc_encoder_fit(table, rows, 3,
                                     (alc_encoder_options){.features = features,
                                                           .feature_count = 3,
                                                           .encoding = encoding},
                                     &encoder),
                     ALC_OK);
    return encoder;
}

static alc_table *table_of(alc_context *context)
{
    return make_table(context, "u,g,\"w \"\"x\"\"\"\n0.1,3e-17,1\n0.7,,2\n1e10,2,4\n5,6,7\n");
}

START_TEST(the_same_bits_come_back)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8"};
    alc_context *context = make_context(1);
    alc_table *table = table_of(context);
    for (int i = 0; i < 4; i++) {
        alc_encoder *encoder = fit(table, (alc_encoding)(i / 2)), *copy;
        alc_real values[2][16];
        char *text, *again;
        setlocale(LC_ALL, locales[i % 2]); /* one that is not installed changes nothing */
        ck_assert_int_eq(alc_encoder_write_json(encoder, &text), ALC_OK);
        ck_assert_int_eq(alc_encoder_read_json(context, text, &copy), ALC_OK);
        ck_assert_int_eq(alc_encoder_write_json(copy, &again), ALC_OK);
        setlocale(LC_ALL, "C");
        ck_assert_str_eq(text, again);
        ck_assert_int_eq(alc_encoder_width(copy), 4);
        for (int64_t v = 0; v < 4; v++)
            ck_assert_str_eq(alc_encoder_value_name(copy, v), alc_encoder_value_name(encoder, v));
        ck_assert_int_eq(alc_encoder_encode(encoder, table, NULL, 4, values[0]), ALC_OK);
        ck_assert_int_eq(alc_encoder_encode(copy, table, NULL, 4, values[1]), ALC_OK);
        ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
        alc_free(context, text);
        alc_free(context, again);
        alc_encoder_destroy(encoder);
        alc_encoder_destroy(copy);
    }
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(other_json_is_refused)
{
#define FEATURE(extra) "{\"name\":\"u\",\"column\":\"u\"," extra "}"
#define ENCODER(list) "{\"encoding\":\"standardise\",\"features\":[" list "]}"
    static const char *const bad[] = {
        "", "{", "[]", "null", "{\"encoding\":\"standardise\"}", ENCODER(""), ENCODER("1"),
        "{\"encoding\":\"other\",\"features\":[" FEATURE(
            "\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false") "]}",
        ENCODER(FEATURE("\"mean\":0.0,\"std\":1.0")),
        ENCODER(FEATURE("\"mean\":0.0,\"std\":0.0,\"missing_indicator\":false")),
        ENCODER(FEATURE("\"mean\":0.0,\"std\":-1.0,\"missing_indicator\":false")),
        ENCODER(FEATURE("\"mean\":\"0\",\"std\":1.0,\"missing_indicator\":false")),
        ENCODER(FEATURE("\"mean\":1e999,\"std\":1.0,\"missing_indicator\":false")),
        ENCODER(FEATURE("\"minus\":3,\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false")),
        ENCODER(FEATURE("\"mean\":0.0,\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false")),
        ENCODER("{\"name\":\"u\",\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false}"),
        ENCODER(FEATURE("\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false") ",{}"),
        ENCODER(FEATURE("\"mean\":0.0,\"std\":1.0,\"missing_indicator\":false")) "x",
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        alc_encoder *encoder;
        ck_assert_msg(alc_encoder_read_json(context, bad[i], &encoder) == ALC_BAD_FILE, "%s",
                      bad[i]);
        ck_assert_ptr_null(encoder);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), "JSON is not valid"));
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_and_failing_allocations)
{
    failing_hooks hooks;
    alc_context *context;
    alc_table *table;
    alc_encoder *encoder, *copy;
    char *text;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    table = table_of(context);
    encoder = fit(table, ALC_ENCODE_STANDARDISE);
    ck_assert_int_eq(alc_encoder_write_json(NULL, &text), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_encoder_write_json(encoder, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_encoder_read_json(context, NULL, &copy), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_encoder_read_json(NULL, "{}", &copy), ALC_INVALID_ARGUMENT);
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        failing_hooks_restart(&hooks);
        if (alc_encoder_write_json(encoder, &text) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(text);
    }
    /* jansson's own memory. */
    hooks.fail_allocation = 0;
    for (int64_t n = 1;; n++) {
        char *again;
        failing_json_begin(n);
        alc_status status = alc_encoder_write_json(encoder, &again);
        failing_json_end();
        if (status == ALC_OK) {
            ck_assert_str_eq(again, text);
            alc_free(context, again);
            ck_assert_int_gt(n, 10);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_str_eq(alc_error_message(context), "cannot write an encoder as JSON");
        ck_assert_ptr_null(again);
    }
    /* Only the first three: at a number jansson 2.14 itself aborts for want of memory. */
    for (int64_t n = 1; n <= 3; n++) {
        failing_json_begin(n);
        alc_status status = alc_encoder_read_json(context, text, &copy);
        failing_json_end();
        ck_assert_msg(status == ALC_OUT_OF_MEMORY, "allocation %d: '%s'", (int)n, alc_error_message(context));
        ck_assert_ptr_null(copy);
    }
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        failing_hooks_restart(&hooks);
        if (alc_encoder_read_json(context, text, &copy) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(copy);
    }
    ck_assert_int_gt(hooks.fail_allocation, 10);
    alc_free(context, text);
    alc_encoder_destroy(copy);
    alc_encoder_destroy(encoder);
    alc_table_destroy(table);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("table_encode_json", the_same_bits_come_back, other_json_is_refused,
                     misuse_and_failing_allocations);
}
