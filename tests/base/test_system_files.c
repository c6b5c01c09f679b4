/* tests/base/test_system_files.c - the default file hook: real results, and errors as -errno. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/context_private.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

START_TEST(operations_reach_the_file_system)
{
    const alc_file_system *files = &alc_system_files;
    temporary_folder folder;
    char first[1024], second[1024], third[1024], buffer[16] = "";
    temporary_folder_create(&folder);
    temporary_path(&folder, "first", first);
    temporary_path(&folder, "second", second);
    temporary_path(&folder, "third", third);
    int file = files->open(files->user, first, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(files->write(files->user, file, "hello", 5), 5);
    ck_assert_int_eq(files->sync(files->user, file), 0);
    ck_assert_int_eq(files->close(files->user, file), 0);
    ck_assert_int_eq(files->link(files->user, first, second), 0);
    ck_assert_int_eq(files->rename(files->user, first, third), 0);
    ck_assert(!test_file_exists(first) && test_file_exists(second) && test_file_exists(third));
    file = files->open(files->user, second, O_RDONLY, 0);
    ck_assert_int_eq(files->size(files->user, file), 5);
    const void *memory = NULL;
    ck_assert_int_eq(files->map(files->user, file, 5, &memory), 0);
    ck_assert_int_eq(memcmp(memory, "hello", 5), 0);
    files->unmap(files->user, memory, 5);
    ck_assert_int_eq(files->read(files->user, file, buffer, sizeof buffer), 5);
    ck_assert_str_eq(buffer, "hello");
    ck_assert_int_eq(files->read(files->user, file, buffer, sizeof buffer), 0);
    ck_assert_int_eq(files->close(files->user, file), 0);
    ck_assert_int_eq(files->remove(files->user, second), 0);
    ck_assert(!test_file_exists(second));
    temporary_folder_remove(&folder);
}
END_TEST

START_TEST(only_regular_files_are_read)
{
    const alc_file_system *files = &alc_system_files;
    temporary_folder folder;
    char pipe[1024];
    temporary_folder_create(&folder);
    temporary_path(&folder, "pipe", pipe);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_int_eq(files->open(files->user, pipe, O_RDONLY, 0), -ENODEV); /* and does not wait for a writer */
    ck_assert_int_eq(files->open(files->user, "/dev/zero", O_RDONLY, 0), -ENODEV);
    int directory = files->open(files->user, folder.path, O_RDONLY | O_DIRECTORY, 0);
    ck_assert_int_ge(directory, 0);
    ck_assert_int_eq(files->close(files->user, directory), 0);
    ck_assert_int_eq(files->remove(files->user, pipe), 0);
    temporary_folder_remove(&folder);
}
END_TEST

START_TEST(errors_come_back_negated)
{
    const alc_file_system *files = &alc_system_files;
    char buffer[4];
    const void *memory;
    ck_assert_int_eq(files->map(files->user, -1, 4, &memory), -EBADF);
    ck_assert_int_eq(files->open(files->user, "/none/none", O_RDONLY, 0), -ENOENT);
    ck_assert_int_eq(files->close(files->user, -1), -EBADF);
    ck_assert_int_eq(files->read(files->user, -1, buffer, 4), -EBADF);
    ck_assert_int_eq(files->write(files->user, -1, "abc", 3), -EBADF);
    ck_assert_int_eq(files->size(files->user, -1), -EBADF);
    ck_assert_int_eq(files->sync(files->user, -1), -EBADF);
    ck_assert_int_eq(files->rename(files->user, "/none/a", "/none/b"), -ENOENT);
    ck_assert_int_eq(files->remove(files->user, "/none/a"), -ENOENT);
    ck_assert_int_eq(files->link(files->user, "/none/a", "/none/b"), -ENOENT);
}
END_TEST

int main(void)
{
    return RUN_TESTS("system_files", operations_reach_the_file_system, only_regular_files_are_read, errors_come_back_negated);
}
