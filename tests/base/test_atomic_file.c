/* tests/base/test_atomic_file.c - replacing a file: the old one or the new one, whole, whatever
 * fails and whenever the process dies; nothing half-written stays after a failure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

/* More than the buffer of a file, written in pieces of many sizes. */
enum { NEW_BYTES = 200000 };

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    char path[1024];
    unsigned char *contents;
} fixture;

static void set_up(fixture *f)
{
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    temporary_path(&f->folder, "model.safetensors", f->path);
    write_test_file(f->path, "old", 3);
    f->contents = malloc(NEW_BYTES);
    ck_assert_ptr_nonnull(f->contents);
    for (size_t i = 0; i < NEW_BYTES; i++)
        f->contents[i] = (unsigned char)(i * i >> 3);
}

static void tear_down(fixture *f)
{
    free(f->contents);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

static bool holds(const char *path, const void *expected, size_t bytes)
{
    size_t got;
    unsigned char *data = read_test_file(path, &got);
    bool same = data != NULL && got == bytes && memcmp(data, expected, bytes) == 0;
    free(data);
    return same;
}

static alc_status write_in_pieces(fixture *f)
{
    alc_atomic_file *file;
    alc_status status = alc_atomic_file_open(f->context, f->path, &file);
    if (status != ALC_OK) {
        ck_assert_ptr_null(file);
        return status;
    }
    size_t piece = 1;
    for (size_t at = 0; at < NEW_BYTES;) {
        size_t bytes = piece < NEW_BYTES - at ? piece : NEW_BYTES - at;
        alc_atomic_file_write(file, f->contents + at, bytes);
        at += bytes;
        piece = piece * 3 % 100003;
    }
    return alc_atomic_file_commit(file);
}

START_TEST(pieces_of_all_sizes_come_out_in_order)
{
    fixture f;
    set_up(&f);
    ck_assert_int_eq(write_in_pieces(&f), ALC_OK);
    ck_assert(holds(f.path, f.contents, NEW_BYTES));
    ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    ck_assert_int_eq(alc_write_file(f.context, f.path, f.contents, 0), ALC_OK);
    ck_assert(holds(f.path, "", 0));
    tear_down(&f);
}
END_TEST

START_TEST(short_and_interrupted_writes_are_continued)
{
    fixture f;
    set_up(&f);
    f.hooks.short_transfers = true;
    f.hooks.interrupted = true;
    ck_assert_int_eq(alc_write_file(f.context, f.path, f.contents, 5000), ALC_OK);
    ck_assert(holds(f.path, f.contents, 5000));
    tear_down(&f);
}
END_TEST

START_TEST(a_name_without_a_folder_works)
{
    fixture f;
    set_up(&f);
    char before[1024];
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(f.folder.path), 0);
    ck_assert_int_eq(alc_write_file(f.context, "bare", "x", 1), ALC_OK);
    ck_assert_int_eq(chdir(before), 0);
    ck_assert_int_eq(temporary_folder_files(&f.folder), 2);
    tear_down(&f);
}
END_TEST

/* Of a link to another folder: the file there is the new one, and the link is still one. */
START_TEST(a_link_is_followed)
{
    fixture f;
    set_up(&f);
    temporary_folder other;
    char linked[1024], dangling[1024];
    struct stat status;
    temporary_folder_create(&other);
    temporary_path(&other, "latest.safetensors", linked);
    temporary_path(&other, "dangling", dangling);
    ck_assert_int_eq(symlink(f.path, linked), 0);
    ck_assert_int_eq(symlink("nowhere", dangling), 0);
    ck_assert_int_eq(alc_write_file(f.context, linked, "new", 3), ALC_OK);
    ck_assert(holds(f.path, "new", 3));
    ck_assert(lstat(linked, &status) == 0 && S_ISLNK(status.st_mode));
    ck_assert_int_eq(alc_write_file(f.context, dangling, "own", 3), ALC_OK);
    ck_assert(lstat(dangling, &status) == 0 && S_ISREG(status.st_mode));
    ck_assert(holds(dangling, "own", 3));
    ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    ck_assert_int_eq(temporary_folder_files(&other), 2);
    temporary_folder_remove(&other);
    tear_down(&f);
}
END_TEST

/* Such as /dev/null, where the system lets us: a file in its place would be a surprise to everyone else. */
START_TEST(permissions_stay)
{
    fixture f;
    set_up(&f);
    struct stat status;
    ck_assert_int_eq(chmod(f.path, 0600), 0);
    ck_assert_int_eq(alc_write_file(f.context, f.path, "new", 3), ALC_OK);
    ck_assert(holds(f.path, "new", 3));
    ck_assert_int_eq(stat(f.path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    tear_down(&f);
}
END_TEST

START_TEST(only_regular_files_are_replaced)
{
    fixture f;
    set_up(&f);
    char path[1024];
    struct stat status;
    temporary_path(&f.folder, "pipe", path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(alc_write_file(f.context, path, "new", 3), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "pipe: it is no regular file"));
    ck_assert(lstat(path, &status) == 0 && S_ISFIFO(status.st_mode));
    ck_assert_int_eq(alc_write_file(f.context, f.folder.path, "new", 3), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "Is a directory"));
    tear_down(&f);
}
END_TEST

START_TEST(until_the_commit_nothing_changes)
{
    fixture f;
    set_up(&f);
    alc_atomic_file *file;
    ck_assert_int_eq(alc_atomic_file_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_atomic_file_write(file, "new", 3), ALC_OK);
    ck_assert_int_eq(alc_atomic_file_finish(file), ALC_OK);
    ck_assert(holds(f.path, "old", 3));
    alc_atomic_file_cancel(file);
    ck_assert(holds(f.path, "old", 3));
    ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    alc_atomic_file_cancel(NULL);
    tear_down(&f);
}
END_TEST

START_TEST(a_leftover_of_a_killed_process_is_reclaimed)
{
    fixture f;
    set_up(&f);
    char partial[1024];
    write_test_file(temporary_path(&f.folder, "model.safetensors.partial", partial), "junk", 4);
    ck_assert_int_eq(alc_write_file(f.context, f.path, "new", 3), ALC_OK);
    ck_assert(holds(f.path, "new", 3));
    ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    tear_down(&f);
}
END_TEST

START_TEST(every_failing_operation_leaves_the_old_file)
{
    static const int errors[] = {EIO, ENOSPC, EACCES};
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        f.hooks.file_error = errors[i];
        for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
            write_test_file(f.path, "old", 3);
            failing_hooks_restart(&f.hooks);
            alc_status status = write_in_pieces(&f);
            if (f.hooks.faults == 0)
                break;
            if (status == ALC_OK) { /* what failed was closing the directory: all is done by then */
                ck_assert(holds(f.path, f.contents, NEW_BYTES));
                continue;
            }
            ck_assert_int_eq(status, ALC_IO_ERROR);
            ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.path));
            ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), strerror(errors[i])));
            ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
            if (strstr(alc_error_message(f.context), "sync the directory") == NULL)
                ck_assert(holds(f.path, "old", 3));
            else
                ck_assert(holds(f.path, f.contents, NEW_BYTES));
        }
        ck_assert_int_ge(f.hooks.fail_file, 10);
    }
    tear_down(&f);
}
END_TEST

START_TEST(dying_at_any_operation_leaves_the_old_or_the_new_file)
{
    fixture f;
    set_up(&f);
    int old = 0, new = 0;
    f.hooks.files_stay_failed = true;
    for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
        write_test_file(f.path, "old", 3);
        failing_hooks_restart(&f.hooks);
        write_in_pieces(&f);
        bool is_old = holds(f.path, "old", 3);
        bool is_new = holds(f.path, f.contents, NEW_BYTES);
        ck_assert(is_old || is_new);
        old += is_old;
        new += is_new;
        if (f.hooks.faults == 0)
            break;
    }
    ck_assert_int_ge(old, 5);
    ck_assert_int_ge(new, 2);
    tear_down(&f);
}
END_TEST

START_TEST(every_failing_allocation_leaves_the_old_file)
{
    fixture f;
    set_up(&f);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_write_file(f.context, f.path, "new", 3);
        if (status == ALC_OK)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert(holds(f.path, "old", 3));
        ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    }
    ck_assert_int_ge(f.hooks.fail_allocation, 4);
    tear_down(&f);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    fixture f;
    set_up(&f);
    char path[1024];
    temporary_path(&f.folder, "none/model.safetensors", path);
    ck_assert_int_eq(alc_write_file(f.context, path, "new", 3), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), path));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "No such file"));
    temporary_path(&f.folder, "model.safetensors/inside", path);
    ck_assert_int_eq(alc_write_file(f.context, path, "new", 3), ALC_IO_ERROR);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "Not a directory"));
    tear_down(&f);
}
END_TEST

START_TEST(a_second_name_replaces_an_older_file)
{
    fixture f;
    set_up(&f);
    char previous[1024];
    temporary_path(&f.folder, "model.previous.safetensors", previous);
    write_test_file(previous, "older", 5);
    ck_assert_int_eq(alc_keep_file(f.context, f.path, previous), ALC_OK);
    ck_assert(holds(f.path, "old", 3));
    ck_assert(holds(previous, "old", 3));
    /* Again, where both are one file already. */
    ck_assert_int_eq(alc_keep_file(f.context, f.path, previous), ALC_OK);
    ck_assert_int_eq(temporary_folder_files(&f.folder), 2);
    /* The second name keeps its contents when the first is replaced. */
    ck_assert_int_eq(alc_write_file(f.context, f.path, "new", 3), ALC_OK);
    ck_assert(holds(previous, "old", 3));
    tear_down(&f);
}
END_TEST

START_TEST(without_hard_links_the_file_is_renamed)
{
    fixture f;
    set_up(&f);
    char previous[1024];
    temporary_path(&f.folder, "model.previous.safetensors", previous);
    f.hooks.fail_files = FILE_LINK;
    f.hooks.fail_file = 1;
    f.hooks.file_error = EPERM;
    ck_assert_int_eq(alc_keep_file(f.context, f.path, previous), ALC_OK);
    ck_assert(holds(previous, "old", 3));
    ck_assert(!test_file_exists(f.path));
    tear_down(&f);
}
END_TEST

/* Of a link to another folder: what is kept is the file there, whatever the link leads to later. */
static void keep_what_a_link_leads_to(int link_error)
{
    fixture f;
    set_up(&f);
    temporary_folder other;
    char linked[1024], previous[1024];
    struct stat status;
    temporary_folder_create(&other);
    temporary_path(&other, "latest.safetensors", linked);
    temporary_path(&other, "latest.previous.safetensors", previous);
    ck_assert_int_eq(symlink(f.path, linked), 0);
    f.hooks.fail_files = FILE_LINK;
    f.hooks.fail_file = link_error != 0 ? 1 : 0;
    f.hooks.file_error = link_error;
    ck_assert_int_eq(alc_keep_file(f.context, linked, previous), ALC_OK);
    ck_assert_int_eq(alc_write_file(f.context, linked, "new", 3), ALC_OK);
    ck_assert(holds(f.path, "new", 3));
    ck_assert(holds(previous, "old", 3));
    ck_assert(lstat(previous, &status) == 0 && S_ISREG(status.st_mode));
    ck_assert(lstat(linked, &status) == 0 && S_ISLNK(status.st_mode));
    ck_assert_int_eq(temporary_folder_files(&other), 2);
    temporary_folder_remove(&other);
    tear_down(&f);
}

START_TEST(what_a_link_leads_to_is_kept)
{
    keep_what_a_link_leads_to(0);
}
END_TEST

START_TEST(also_from_another_disk_or_without_hard_links)
{
    keep_what_a_link_leads_to(EXDEV);
    keep_what_a_link_leads_to(EPERM);
}
END_TEST

START_TEST(a_second_name_fails_without_harm)
{
    fixture f;
    set_up(&f);
    char previous[1024];
    temporary_path(&f.folder, "model.previous.safetensors", previous);
    f.hooks.fail_files = FILE_ANY & ~FILE_CLOSE;
    for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
        write_test_file(previous, "older", 5);
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_keep_file(f.context, f.path, previous);
        ck_assert(holds(f.path, "old", 3));
        ck_assert(holds(previous, "old", 3) || holds(previous, "older", 5));
        if (f.hooks.faults == 0)
            break;
        if (status != ALC_OK) {
            ck_assert_int_eq(status, ALC_IO_ERROR);
            ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.folder.path));
        }
        unlink(previous);
    }
    f.hooks.fail_file = 0;
    failing_hooks_restart(&f.hooks);
    f.hooks.fail_allocation = 1;
    ck_assert_int_eq(alc_keep_file(f.context, f.path, previous), ALC_OUT_OF_MEMORY);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("atomic_file", pieces_of_all_sizes_come_out_in_order,
                     short_and_interrupted_writes_are_continued, a_name_without_a_folder_works,
                     a_link_is_followed, permissions_stay, only_regular_files_are_replaced, until_the_commit_nothing_changes, a_leftover_of_a_killed_process_is_reclaimed,
                     every_failing_operation_leaves_the_old_file,
                     dying_at_any_operation_leaves_the_old_or_the_new_file,
                     every_failing_allocation_leaves_the_old_file,
                     a_folder_that_is_not_there_is_named, a_second_name_replaces_an_older_file,
                     without_hard_links_the_file_is_renamed, what_a_link_leads_to_is_kept, also_from_another_disk_or_without_hard_links,
                     a_second_name_fails_without_harm);
}
