/* tests/base/test_append_file.c - adding to a file, whatever the system does meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

static failing_hooks hooks;
static temporary_folder folder;
static alc_context *context;
static char path[1024];

static void set_up(void)
{
    failing_hooks_init(&hooks);
    temporary_folder_create(&folder);
    context = failing_hooks_context(&hooks, 1);
    temporary_path(&folder, "log", path);
}

static void tear_down(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

static void expect_file(const char *expected)
{
    size_t bytes;
    unsigned char *data = read_test_file(path, &bytes);
    ck_assert_uint_eq(bytes, strlen(expected));
    ck_assert_int_eq(memcmp(data, expected, bytes), 0);
    free(data);
}

START_TEST(what_is_written_is_at_the_end)
{
    int file;
    set_up();
    write_test_file(path, "one ", 4);
    hooks.short_transfers = true;
    hooks.interrupted = true;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(alc_append_open(context, path, &file), ALC_OK);
        ck_assert_int_eq(alc_append_write(context, path, file, "two three ", 10), ALC_OK);
        ck_assert_int_eq(alc_append_close(context, path, file), ALC_OK);
    }
    expect_file("one two three two three ");
    tear_down();
}
END_TEST

START_TEST(every_failure_names_the_file_and_the_cause)
{
    static const struct {
        int operation;
        const char *words;
    } cases[] = {{FILE_OPEN, "cannot add to "}, {FILE_WRITE, "cannot add to "}, {FILE_SYNC, "cannot sync "},
                 {FILE_CLOSE, "cannot close "}};
    set_up();
    write_test_file(path, "", 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int file;
        failing_hooks_restart(&hooks);
        hooks.fail_files = cases[i].operation;
        hooks.fail_file = 1;
        alc_status status = alc_append_open(context, path, &file);
        if (status == ALC_OK) {
            status = alc_append_write(context, path, file, "x", 1);
            alc_status closed = alc_append_close(context, path, file);
            status = status != ALC_OK ? status : closed;
        }
        ck_assert_int_eq(status, ALC_IO_ERROR);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), cases[i].words));
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), path));
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), strerror(EIO)));
    }
    tear_down();
}
END_TEST

/* Only what exists is added to: who makes a file makes it whole. */
START_TEST(no_file_is_made)
{
    int file;
    set_up();
    ck_assert_int_eq(alc_append_open(context, path, &file), ALC_IO_ERROR);
    ck_assert(!test_file_exists(path));
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_TESTS("append_file", what_is_written_is_at_the_end, every_failure_names_the_file_and_the_cause, no_file_is_made);
}
