/* tests/data/test_table_csv.c - CSV text becomes the cells that RFC 4180 says, or is refused with the line. */
#include <stdio.h>

#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

typedef struct good_case {
    const char *text;
    int64_t rows, columns;
    const char *cells; /* names and cells, each ended by '|' */
    int64_t last_line; /* of the last row */
} good_case;

static const good_case good[] = {
    {"a,b\n1,2\n", 1, 2, "a|b|1|2|", 2},
    {"a,b\n1,2", 1, 2, "a|b|1|2|", 2},
    {"a,b\r\n1,2\r\n", 1, 2, "a|b|1|2|", 2},
    {"a,b\r\n1,2\n3,4\r\n\n\r\n", 2, 2, "a|b|1|2|3|4|", 3},
    {"\xEF\xBB\xBF" "a,b\n1,2\n", 1, 2, "a|b|1|2|", 2},
    {"#Table1\na,b\n1,2\n", 1, 2, "a|b|1|2|", 3},
    {"\xEF\xBB\xBF#Table1\r\na\r\n1\r\n", 1, 1, "a|1|", 3},
    {"#a,b\n1,2\n", 1, 2, "#a|b|1|2|", 2},
    {" a , b\t\n x ,2\n", 1, 2, "a|b| x |2|", 2},
    {"a,b\n\"1,5\",\"say \"\"no\"\"\"\n", 1, 2, "a|b|1,5|say \"no\"|", 2},
    {"a,b\n\"one\ntwo\r\n\",2\nx,y\n", 2, 2, "a|b|one\ntwo\r\n|2|x|y|", 5},
    {"\"a,b\",\"\"\"\"\n,\n", 1, 2, "a,b|\"|||", 2},
    {"a,b\n,\n\"\",\"\"\n", 2, 2, "a|b|||||", 3},
    {"a\n\"\"\n", 1, 1, "a||", 2},
    {"a,b\n", 0, 2, "a|b|", 0},
    {"a", 0, 1, "a|", 0},
    {"gr\xC3\xB6\xC3\x9F" "e,\xE2\x88\x9E\n\xF0\x9F\x98\x80,x\n", 1, 2,
     "gr\xC3\xB6\xC3\x9F" "e|\xE2\x88\x9E|\xF0\x9F\x98\x80|x|", 2},
    {"id\n1237645879551066262\n", 1, 1, "id|1237645879551066262|", 2},
};

START_TEST(well_formed_text_is_read)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        alc_table *table = make_table(context, good[i].text);
        char all[256] = "";
        ck_assert_int_eq(alc_table_rows(table), good[i].rows);
        ck_assert_int_eq(alc_table_columns(table), good[i].columns);
        for (int64_t row = -1; row < good[i].rows; row++)
            for (int64_t column = 0; column < good[i].columns; column++) {
                strcat(all, row < 0 ? alc_table_column_name(table, column)
                                    : alc_table_cell(table, row, column));
                strcat(all, "|");
            }
        ck_assert_str_eq(all, good[i].cells);
        ck_assert_int_eq(alc_table_line(table, good[i].rows - 1), good[i].last_line);
        alc_table_destroy(table);
    }
    alc_context_destroy(context);
}
END_TEST

static const struct {
    const char *text;
    size_t bytes; /* 0: strlen */
    const char *words;
} bad[] = {
    {"", 0, "no header"},
    {"\n\n", 0, "no header"},
    {"#Table1\n", 0, "no header"},
    {"a,b\n1,2\n3\n", 0, "line 3 (row 2) has 1 cell, but the header has 2"},
    {"a,b\n1,2\n\n3,4\n", 0, "line 3 (row 2) has 1 cell, but the header has 2"},
    {"a,b\n1,2,3\n", 0, "line 2 (row 1) has 3 cells, but the header has 2; a decimal comma"},
    {"a,b,a\n1,2,3\n", 0, "line 1: columns 1 and 3 are both named \"a\""},
    {"a, a\n1,2\n", 0, "columns 1 and 2 are both named \"a\""},
    {"a,,b\n", 0, "line 1: column 2 has no name"},
    {"a,b\n1,\"2\n3,4\n", 0, "line 2: a quote is opened and never closed"},
    {"a,b\n1,2\"\n", 0, "line 2: there is a quote inside a cell"},
    {"a,b\n1,\"2\"x\n", 0, "line 2: there is text after a closing quote"},
    {"a,b\r1,2\r", 0, "line 1: a carriage return is not followed"},
    {"a,b\n1,2\r", 0, "line 2: a carriage return is not followed"},
    {"a,b\n1,\0002\n", 8, "line 2: there is a NUL byte"},
    {"a,b\n1,\xFF\n", 0, "line 2: the text is not valid UTF-8"},
    {"a\n\xC0\xAF\n", 0, "not valid UTF-8"},
    {"a\n\xE0\x80\x80\n", 0, "not valid UTF-8"},
    {"a\n\xED\xA0\x80\n", 0, "not valid UTF-8"},
    {"a\n\xF4\x90\x80\x80\n", 0, "not valid UTF-8"},
    {"a\n\xF0\x8F\xBF\xBF\n", 0, "not valid UTF-8"},
    {"a\n\xE2\x82\n", 0, "not valid UTF-8"},
    {"a\n\xE2\x82", 0, "not valid UTF-8"},
};

START_TEST(malformed_text_is_refused_with_its_line)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        alc_table *table = (alc_table *)&table;
        size_t bytes = bad[i].bytes > 0 ? bad[i].bytes : strlen(bad[i].text);
        ck_assert_fails(context,
                        alc_table_parse(context, "bad.csv", bad[i].text, bytes,
                                        (alc_table_options){0}, &table),
                        ALC_BAD_FILE, bad[i].words);
        ck_assert_ptr_null(table);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), "bad.csv"));
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(limits_are_kept)
{
    alc_context *context = make_context(1);
    size_t long_bytes = ALC_TABLE_MAX_CELL_BYTES + 16;
    char *text = malloc(long_bytes + 16);
    alc_table *table;
    size_t at = 0;
    ck_assert_ptr_nonnull(text);
    for (int i = 0; i <= ALC_TABLE_MAX_COLUMNS; i++)
        at += (size_t)snprintf(text + at, long_bytes - at, "%sc%d", i > 0 ? "," : "", i);
    ck_assert_fails(context,
                    alc_table_parse(context, "x", text, at, (alc_table_options){0}, &table),
                    ALC_BAD_FILE, "more than 4096 columns");
    *strrchr(text, ',') = 0;
    table = make_table(context, text);
    ck_assert_int_eq(alc_table_columns(table), ALC_TABLE_MAX_COLUMNS);
    alc_table_destroy(table);
    memcpy(text, "a\n", 2);
    memset(text + 2, 'x', ALC_TABLE_MAX_CELL_BYTES + 1);
    ck_assert_fails(context,
                    alc_table_parse(context, "x", text, ALC_TABLE_MAX_CELL_BYTES + 3,
                                    (alc_table_options){0}, &table),
                    ALC_BAD_FILE, "longer than 1 MiB");
    ck_assert_int_eq(alc_table_parse(context, "x", text, ALC_TABLE_MAX_CELL_BYTES + 2,
                                     (alc_table_options){0}, &table),
                     ALC_OK);
    alc_table_destroy(table);
    free(text);
    alc_context_destroy(context);
}
END_TEST

/* Any beginning of a file is read or refused; nothing is read beyond it (under AddressSanitizer). */
START_TEST(every_beginning_is_handled)
{
    static const char text[] = "\xEF\xBB\xBF#T\r\na,\"b \"\"x\"\"\",c\r\n\"1\n2\",\xC3\xB6,\r\n,,\"\"\n";
    alc_context *context = make_context(1);
    int sound = 0;
    for (size_t bytes = 0; bytes < sizeof text; bytes++) {
        char *copy = malloc(bytes + 1);
        alc_table *table = NULL;
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, text, bytes);
        sound += alc_table_parse(context, "x", copy, bytes, (alc_table_options){0}, &table) == ALC_OK;
        alc_table_destroy(table);
        free(copy);
    }
    ck_assert_int_gt(sound, 3);
    alc_context_destroy(context);
}
END_TEST

START_TEST(many_rows_are_read_from_a_file)
{
    alc_context *context = make_context(1);
    temporary_folder folder;
    char path[1024], *text = malloc(200000);
    size_t at = 0;
    alc_table *table;
    temporary_folder_create(&folder);
    at += (size_t)snprintf(text, 200000, "id,value\r\n");
    for (int i = 0; i < 5000; i++)
        at += (size_t)snprintf(text + at, 200000 - at, "%d,%d.5\r\n", i, i * 2);
    write_test_file(temporary_path(&folder, "many.csv", path), text, at);
    ck_assert_int_eq(alc_table_read(context, path, (alc_table_options){0}, &table), ALC_OK);
    ck_assert_int_eq(alc_table_rows(table), 5000);
    ck_assert_str_eq(alc_table_cell(table, 4999, 1), "9998.5");
    ck_assert_int_eq(alc_table_line(table, 4999), 5001);
    ck_assert_str_eq(alc_table_path(table), path);
    alc_table_destroy(table);
    ck_assert_int_eq(alc_table_read(context, temporary_path(&folder, "none.csv", path),
                                    (alc_table_options){0}, &table),
                     ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "none.csv"));
    ck_assert_ptr_null(table);
    free(text);
    temporary_folder_remove(&folder);
    alc_context_destroy(context);
}
END_TEST

START_TEST(failing_allocations_and_reads_leave_nothing)
{
    static const char text[] = "a,b\n1,2\n\"3\",4\n";
    failing_hooks hooks;
    alc_context *context;
    temporary_folder folder;
    char path[1024];
    temporary_folder_create(&folder);
    write_test_file(temporary_path(&folder, "t.csv", path), text, sizeof text - 1);
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    for (int stays = 0; stays < 2; stays++) {
        alc_table *table;
        hooks.allocations_stay_failed = stays == 1;
        for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
            failing_hooks_restart(&hooks);
            if (alc_table_read(context, path, (alc_table_options){.missing = "?"}, &table) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
            ck_assert_ptr_null(table);
        }
        ck_assert_int_gt(hooks.fail_allocation, 6);
        ck_assert_str_eq(alc_table_cell(table, 1, 0), "3");
        alc_table_destroy(table);
    }
    failing_hooks_relent(&hooks);
    hooks.fail_files = FILE_OPEN | FILE_READ | FILE_SIZE;
    for (int stays = 0; stays < 2; stays++) {
        alc_table *table;
        hooks.files_stay_failed = stays == 1;
        for (hooks.fail_file = 1;; hooks.fail_file++) {
            failing_hooks_restart(&hooks);
            if (alc_table_read(context, path, (alc_table_options){0}, &table) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_IO_ERROR);
            ck_assert_ptr_nonnull(strstr(alc_error_message(context), path));
            ck_assert_ptr_null(table);
        }
        ck_assert_int_gt(hooks.fail_file, 2);
        ck_assert_str_eq(alc_table_cell(table, 1, 0), "3");
        alc_table_destroy(table);
        failing_hooks_relent(&hooks);
    }
    hooks.short_transfers = hooks.interrupted = true;
    for (int i = 0; i < 2; i++) {
        alc_table *table;
        ck_assert_int_eq(alc_table_read(context, path, (alc_table_options){0}, &table), ALC_OK);
        ck_assert_str_eq(alc_table_cell(table, 1, 1), "4");
        alc_table_destroy(table);
    }
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}
END_TEST

START_TEST(misuse_is_refused)
{
    alc_context *context = make_context(1);
    alc_table *table;
    ck_assert_int_eq(alc_table_read(NULL, "x", (alc_table_options){0}, &table),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_read(context, NULL, (alc_table_options){0}, &table),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_read(context, "x", (alc_table_options){0}, NULL),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_parse(context, "x", NULL, 1, (alc_table_options){0}, &table),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_table_parse(context, "x", "a", ALC_TABLE_MAX_BYTES + 1,
                                     (alc_table_options){0}, &table),
                     ALC_BAD_FILE);
    alc_table_destroy(NULL);
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("table_csv", well_formed_text_is_read, malformed_text_is_refused_with_its_line,
                     limits_are_kept, every_beginning_is_handled, many_rows_are_read_from_a_file,
                     failing_allocations_and_reads_leave_nothing, misuse_is_refused);
}
