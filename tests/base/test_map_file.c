/* tests/base/test_map_file.c - a file's bytes as memory: mapped where that is possible, read where it is not, the same bytes in
 * either case. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

static failing_hooks hooks;
static temporary_folder folder;
static alc_context *context;
static char path[1024];
static const char contents[] = "what is in the file";

static void set_up(bool can_map)
{
    failing_hooks_init(&hooks);
    if (!can_map) {
        hooks.files.map = NULL;
        hooks.files.unmap = NULL;
    }
    temporary_folder_create(&folder);
    context = failing_hooks_context(&hooks, 1);
    write_test_file(temporary_path(&folder, "file", path), contents, sizeof contents);
}

static void tear_down(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

static void expect_contents(const alc_mapped_file *file)
{
    ck_assert_uint_eq(file->size, sizeof contents);
    ck_assert_int_eq(memcmp(file->bytes, contents, sizeof contents), 0);
}

START_TEST(a_file_is_mapped_without_a_copy)
{
    alc_mapped_file file;
    set_up(true);
    const int64_t before = hooks.bytes_outstanding;
    ck_assert_int_eq(alc_map_file(context, path, &file), ALC_OK);
    expect_contents(&file);
    ck_assert_int_eq(hooks.bytes_outstanding, before);
    ck_assert_ptr_null(file.read);
    alc_unmap_file(context, &file);
    ck_assert_ptr_null(file.bytes);
    alc_unmap_file(context, &file);
    tear_down();
}
END_TEST

START_TEST(what_is_mapped_stays_when_the_file_is_replaced)
{
    alc_mapped_file file;
    set_up(true);
    ck_assert_int_eq(alc_map_file(context, path, &file), ALC_OK);
    ck_assert_int_eq(alc_write_file(context, path, "other", 5), ALC_OK);
    expect_contents(&file);
    alc_unmap_file(context, &file);
    tear_down();
}
END_TEST

START_TEST(what_cannot_be_mapped_is_read)
{
    alc_mapped_file file;
    set_up(false);
    ck_assert_int_eq(alc_map_file(context, path, &file), ALC_OK);
    expect_contents(&file);
    ck_assert_ptr_nonnull(file.read);
    alc_unmap_file(context, &file);
    tear_down();
    set_up(true);
    hooks.fail_files = FILE_MAP;
    hooks.fail_file = 1;
    ck_assert_int_eq(alc_map_file(context, path, &file), ALC_OK);
    ck_assert_int_eq(hooks.faults, 1);
    expect_contents(&file);
    alc_unmap_file(context, &file);
    write_test_file(path, "", 0);
    ck_assert_int_eq(alc_map_file(context, path, &file), ALC_OK);
    ck_assert_uint_eq(file.size, 0);
    ck_assert_ptr_nonnull(file.bytes);
    alc_unmap_file(context, &file);
    tear_down();
}
END_TEST

START_TEST(every_failure_says_why)
{
    alc_mapped_file file;
    set_up(false);
    hooks.files_stay_failed = true;
    static const int operations[] = {FILE_OPEN, FILE_READ};
    for (int i = 0; i < 2; i++) {
        failing_hooks_restart(&hooks);
        hooks.fail_files = operations[i];
        hooks.fail_file = 1;
        ck_assert_int_eq(alc_map_file(context, path, &file), ALC_IO_ERROR);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), path));
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), strerror(EIO)));
    }
    tear_down();
}
END_TEST

/* Half a pair of functions would be found out in the middle of something. */
START_TEST(a_hook_maps_and_unmaps_or_does_neither)
{
    alc_context *made;
    char message[256];
    failing_hooks_init(&hooks);
    hooks.files.unmap = NULL;
    ck_assert_int_eq(alc_context_create((alc_context_options){.files = &hooks.files, .message = message,
                                                              .message_size = sizeof message}, &made),
                     ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(message, "the file system lacks a function");
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("map_file", a_file_is_mapped_without_a_copy, what_is_mapped_stays_when_the_file_is_replaced,
                     what_cannot_be_mapped_is_read, every_failure_says_why, a_hook_maps_and_unmaps_or_does_neither);
}
