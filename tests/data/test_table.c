/* tests/data/test_table.c - asking a table for columns, missing values and numbers. */
#include <locale.h>
#include <stdio.h>

#include "data/data_test.h"
#include "support/run_tests.h"

START_TEST(columns_are_found_by_name)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "u,g,class\n1,2,STAR\n");
    int64_t column;
    ck_assert_int_eq(alc_table_find_column(table, "class"), 2);
    ck_assert_int_eq(alc_table_find_column(table, "Class"), -1);
    ck_assert_int_eq(alc_table_find_column(table, NULL), -1);
    int64_t columns[2];
    ck_assert(alc_table_find_feature(table, "class", columns) && columns[0] == 2 && columns[1] == -1);
    ck_assert(!alc_table_find_feature(table, "class-of", columns) && columns[0] == -1 && columns[1] == -1);
    ck_assert(alc_table_find_feature(table, "class-class", columns) && columns[0] == 2 && columns[1] == 2);
    ck_assert(!alc_table_find_feature(table, NULL, columns));
    ck_assert_int_eq(alc_table_require_column(table, "g", &column), ALC_OK);
    ck_assert_int_eq(column, 1);
    ck_assert_fails(context, alc_table_require_column(table, "r", &column), ALC_NOT_FOUND,
                    "test.csv: there is no column \"r\"; the columns are u, g, class");
    ck_assert_int_eq(column, -1);
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(long_lists_of_columns_are_cut)
{
    alc_context *context = make_context(1);
    char text[1024] = "c0";
    alc_table *table;
    int64_t column;
    for (int i = 1; i < 60; i++)
        sprintf(text + strlen(text), ",c%d", i);
    table = make_table(context, text);
    ck_assert_fails(context, alc_table_require_column(table, "x", &column), ALC_NOT_FOUND,
                    "c38, c39, ...");
    ck_assert_ptr_null(strstr(alc_error_message(context), "c40"));
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(missing_values_are_known)
{
    static const char *const missing[] = {"", "  ", "-9999", "-9999.0", " -9.999e3 ", "none"};
    static const char *const there[] = {"0", "9999", "-9999.5", "None", "nan", "-", "-9999x"};
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char text[64] = "v,w\n";
        alc_table *table;
        double value = 1;
        bool is_missing = false;
        strcat(strcat(text, missing[i]), ",1\n");
        ck_assert_int_eq(alc_table_parse(context, "x", text, strlen(text),
                                         (alc_table_options){.missing = "none"}, &table),
                         ALC_OK);
        ck_assert_msg(alc_table_missing(table, 0, 0), "'%s'", missing[i]);
        ck_assert_int_eq(alc_table_number(table, 0, 0, &value, &is_missing), ALC_OK);
        ck_assert(is_missing && value == 0);
        alc_table_destroy(table);
    }
    for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
        char text[64] = "v,w\n";
        alc_table *table;
        strcat(strcat(text, there[i]), ",1\n");
        table = make_table(context, text);
        ck_assert_msg(!alc_table_missing(table, 0, 0), "'%s'", there[i]);
        alc_table_destroy(table);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(cells_that_are_no_numbers_are_named)
{
    static const struct {
        const char *cell, *words;
    } cases[] = {
        {"\"17,5\"", "t,est.csv: line 4 (row 2), column \"g\": \"17,5\" has a decimal comma"},
        {"\"-1,5e3\"", "has a decimal comma"},
        {"\"1,234,5\"", "\"1,234,5\" is not a number"},
        {"abc", "\"abc\" is not a number"},
        {"nan", "is not a number"},
        {"inf", "is not a number"},
        {"1e999", "is not a number"},
        {"0x10", "is not a number"},
        {"1.5 mag", "is not a number"},
        {"--1", "is not a number"},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[96] = "u,g\n\"1\n\",2\n3,";
        alc_table *table;
        double value = 5;
        bool missing;
        strcat(text, cases[i].cell);
        ck_assert_int_eq(alc_table_parse(context, "t,est.csv", text, strlen(text),
                                         (alc_table_options){0}, &table),
                         ALC_OK);
        ck_assert_fails(context, alc_table_number(table, 1, 1, &value, &missing), ALC_BAD_FILE,
                        cases[i].words);
        ck_assert(value == 0 && !missing);
        alc_table_destroy(table);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "m\n19.38905\n-1.5e-3\n");
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        double value;
        bool missing;
        setlocale(LC_ALL, locales[i]); /* one that is not installed changes nothing */
        ck_assert_int_eq(alc_table_number(table, 0, 0, &value, &missing), ALC_OK);
        ck_assert(value == 19.38905 && !missing);
        ck_assert_int_eq(alc_table_number(table, 1, 0, &value, &missing), ALC_OK);
        ck_assert(value == -1.5e-3);
    }
    setlocale(LC_ALL, "C");
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(identifiers_keep_their_digits)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "objid\n1237645879551066262\n0012\n");
    ck_assert_str_eq(alc_table_cell(table, 0, 0), "1237645879551066262");
    ck_assert_str_eq(alc_table_cell(table, 1, 0), "0012");
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

START_TEST(nothing_is_outside_the_table)
{
    alc_context *context = make_context(1);
    alc_table *table = make_table(context, "a,b\n1,2\n");
    double value;
    bool missing;
    ck_assert_ptr_null(alc_table_cell(table, 1, 0));
    ck_assert_ptr_null(alc_table_cell(table, -1, 0));
    ck_assert_ptr_null(alc_table_cell(table, 0, 2));
    ck_assert_ptr_null(alc_table_column_name(table, 2));
    ck_assert_ptr_null(alc_table_column_name(table, -1));
    ck_assert_int_eq(alc_table_line(table, 1), 0);
    ck_assert(alc_table_missing(table, 5, 5));
    ck_assert_fails(context, alc_table_number(table, 0, 2, &value, &missing), ALC_INVALID_ARGUMENT,
                    "a table of 1 x 2");
    ck_assert_int_eq(alc_table_number(table, 0, 0, NULL, &missing), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_number(NULL, 0, 0, &value, &missing), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_require_column(table, NULL, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_rows(NULL) + alc_table_columns(NULL), 0);
    ck_assert_str_eq(alc_table_path(NULL), "");
    alc_table_destroy(table);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("table", columns_are_found_by_name, long_lists_of_columns_are_cut,
                     missing_values_are_known, cells_that_are_no_numbers_are_named,
                     numbers_do_not_depend_on_the_locale, identifiers_keep_their_digits,
                     nothing_is_outside_the_table);
}
