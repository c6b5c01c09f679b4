/* tests/base/test_file.c - reading whole files through the hook: limits, short and interrupted
 * reads, every failure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    char path[1024];
} fixture;

static void set_up(fixture *f)
{
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    temporary_path(&f->folder, "table.csv", f->path);
}

static void tear_down(fixture *f)
{
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

START_TEST(a_file_is_read_with_a_zero_behind_it)
{
    fixture f;
    set_up(&f);
    static const char contents[] = "a,b\n1,2\n";
    for (size_t bytes = 0; bytes < sizeof contents; bytes++) {
        void *data;
        size_t got;
        write_test_file(f.path, contents, bytes);
        ck_assert_int_eq(alc_read_file(f.context, f.path, bytes, &data, &got), ALC_OK);
        ck_assert_uint_eq(got, bytes);
        ck_assert_int_eq(memcmp(data, contents, bytes), 0);
        ck_assert_int_eq(((char *)data)[bytes], 0);
        alc_free(f.context, data);
    }
    tear_down(&f);
}
END_TEST

START_TEST(a_file_above_the_limit_is_refused)
{
    fixture f;
    set_up(&f);
    void *data;
    size_t got;
    write_test_file(f.path, "12345", 5);
    ck_assert_int_eq(alc_read_file(f.context, f.path, 4, &data, &got), ALC_BAD_FILE);
    ck_assert_ptr_null(data);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.path));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "4 bytes"));
    tear_down(&f);
}
END_TEST

START_TEST(short_and_interrupted_reads_are_continued)
{
    fixture f;
    set_up(&f);
    char contents[1000];
    void *data;
    size_t got;
    for (size_t i = 0; i < sizeof contents; i++)
        contents[i] = (char)(i * 7);
    write_test_file(f.path, contents, sizeof contents);
    f.hooks.short_transfers = true;
    f.hooks.interrupted = true;
    ck_assert_int_eq(alc_read_file(f.context, f.path, 2000, &data, &got), ALC_OK);
    ck_assert_uint_eq(got, sizeof contents);
    ck_assert_int_eq(memcmp(data, contents, got), 0);
    alc_free(f.context, data);
    tear_down(&f);
}
END_TEST

START_TEST(what_has_no_size_is_read_to_its_end)
{
    fixture f;
    set_up(&f);
    int ends[2];
    char path[64], contents[5000];
    void *data;
    size_t got;
    ck_assert_int_eq(pipe(ends), 0);
    memset(contents, 'p', sizeof contents);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    ck_assert_int_eq(write(ends[1], contents, sizeof contents), (int)sizeof contents);
    close(ends[1]);
    ck_assert_int_eq(alc_read_file(f.context, path, 100000, &data, &got), ALC_OK);
    ck_assert_uint_eq(got, sizeof contents);
    ck_assert_int_eq(memcmp(data, contents, got), 0);
    alc_free(f.context, data);
    close(ends[0]);

    ck_assert_int_eq(alc_read_file(f.context, "/dev/zero", 100000, &data, &got), ALC_BAD_FILE);
    tear_down(&f);
}
END_TEST

START_TEST(what_cannot_be_read_is_named_with_the_cause)
{
    fixture f;
    set_up(&f);
    void *data = &f;
    size_t got = 1;
    ck_assert_int_eq(alc_read_file(f.context, f.path, 10, &data, &got), ALC_IO_ERROR);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(got, 0);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.path));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "No such file"));
    ck_assert_int_eq(alc_read_file(f.context, f.folder.path, SIZE_MAX, &data, &got), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "directory"));
    tear_down(&f);
}
END_TEST

static void expect_existence(fixture *f, const char *path, bool expected)
{
    bool exists = !expected;
    ck_assert_int_eq(alc_look_for_file(f->context, path, &exists), ALC_OK);
    ck_assert(exists == expected);
}

START_TEST(existence)
{
    fixture f;
    set_up(&f);
    char inside[1100];
    snprintf(inside, sizeof inside, "%s/x", f.path);
    expect_existence(&f, f.path, false);
    write_test_file(f.path, "", 0);
    expect_existence(&f, f.path, true);
    expect_existence(&f, inside, false);
    expect_existence(&f, f.folder.path, true);
    f.hooks.fail_file = 1;
    f.hooks.file_error = EACCES;
    failing_hooks_restart(&f.hooks);
    bool exists;
    ck_assert_int_eq(alc_look_for_file(f.context, f.path, &exists), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "Permission denied"));
    tear_down(&f);
}
END_TEST

START_TEST(every_failing_operation_is_reported)
{
    fixture f;
    set_up(&f);
    write_test_file(f.path, "0123456789", 10);
    f.hooks.fail_files = FILE_ANY & ~FILE_CLOSE;
    f.hooks.short_transfers = true;
    void *data;
    size_t got;
    for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_read_file(f.context, f.path, 100, &data, &got);
        if (status == ALC_OK)
            break;
        ck_assert_int_eq(status, ALC_IO_ERROR);
        ck_assert_ptr_null(data);
        ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.path));
        ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "Input/output error"));
    }
    ck_assert_int_ge(f.hooks.fail_file, 5); /* open, size and at least two reads */
    alc_free(f.context, data);
    tear_down(&f);
}
END_TEST

START_TEST(every_failing_allocation_is_reported)
{
    fixture f;
    set_up(&f);
    write_test_file(f.path, "0123456789", 10);
    void *data;
    size_t got;
    failing_hooks_restart(&f.hooks);
    f.hooks.fail_allocation = 1;
    ck_assert_int_eq(alc_read_file(f.context, f.path, 100, &data, &got), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(data);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("file", a_file_is_read_with_a_zero_behind_it,
                     a_file_above_the_limit_is_refused, short_and_interrupted_reads_are_continued,
                     what_has_no_size_is_read_to_its_end,
                     what_cannot_be_read_is_named_with_the_cause, existence,
                     every_failing_operation_is_reported, every_failing_allocation_is_reported);
}
