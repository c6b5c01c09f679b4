/* tests/data/data_test.h - what the tests of lib/data share: contexts, messages, small tables. */
#ifndef ALC_TESTS_DATA_TEST_H
#define ALC_TESTS_DATA_TEST_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/table.h"

static inline alc_context *make_context(int threads)
{
    alc_context *context = NULL;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = threads}, &context),
                     ALC_OK);
    return context;
}

/* A call fails with this status and a sentence that holds these words. */
#define ck_assert_fails(context, call, expected, words)                                            \
    do {                                                                                           \
        ck_assert_int_eq((call), (expected));                                                      \
        ck_assert_msg(strstr(alc_error_message(context), (words)) != NULL,                         \
                      "\"%s\" does not say \"%s\"", alc_error_message(context), (words));          \
    } while (0)

/* A table from text, which must be sound. */
static inline alc_table *make_table(alc_context *context, const char *text)
{
    alc_table *table = NULL;
    alc_status status = alc_table_parse(context, "test.csv", text, strlen(text),
                                        (alc_table_options){0}, &table);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(context));
    return table;
}

#endif
