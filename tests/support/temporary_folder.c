/* tests/support/temporary_folder.c - see temporary_folder.h. */
#include "support/temporary_folder.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void temporary_folder_create(temporary_folder *folder)
{
    const char *root = getenv("TMPDIR");
    snprintf(folder->path, sizeof folder->path, "%s/alcor-test-XXXXXX",
             root != NULL && root[0] != '\0' ? root : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder->path));
}

static bool is_file(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

void temporary_folder_remove(temporary_folder *folder)
{
    char path[1024];
    DIR *directory = opendir(folder->path);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (is_file(entry))
            unlink(temporary_path(folder, entry->d_name, path));
    closedir(directory);
    ck_assert_int_eq(rmdir(folder->path), 0);
}

char *temporary_path(const temporary_folder *folder, const char *name, char *path)
{
    int length = snprintf(path, 1024, "%s/%s", folder->path, name);
    ck_assert_int_lt(length, 1024);
    return path;
}

int temporary_folder_files(const temporary_folder *folder)
{
    int files = 0;
    DIR *directory = opendir(folder->path);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        files += is_file(entry);
    closedir(directory);
    return files;
}

void write_test_file(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "cannot create %s", path);
    ck_assert_uint_eq(bytes == 0 ? 0 : fwrite(data, 1, bytes, file), bytes);
    ck_assert_int_eq(fclose(file), 0);
}

unsigned char *read_test_file(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    ck_assert_int_ge(size, 0);
    rewind(file);
    unsigned char *data = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(data);
    *bytes = fread(data, 1, (size_t)size, file);
    ck_assert_uint_eq(*bytes, (size_t)size);
    data[size] = 0;
    fclose(file);
    return data;
}

bool test_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
