/* tests/support/temporary_folder.h - a folder of a test's own under $TMPDIR or /tmp, and paths in
 * it. */
#ifndef ALC_TESTS_TEMPORARY_FOLDER_H
#define ALC_TESTS_TEMPORARY_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct temporary_folder {
    char path[512];
} temporary_folder;

void temporary_folder_create(temporary_folder *folder);
/* Removes the files in it (not folders within) and the folder itself. */
void temporary_folder_remove(temporary_folder *folder);
/* Writes FOLDER/name into `path`, which has 1024 bytes, and returns it. */
char *temporary_path(const temporary_folder *folder, const char *name, char *path);
/* The number of files in the folder. */
int temporary_folder_files(const temporary_folder *folder);

/* Whole files, without the library: a Check failure where the system refuses. */
void write_test_file(const char *path, const void *data, size_t bytes);
/* malloc'ed; NULL if there is no such file. */
unsigned char *read_test_file(const char *path, size_t *bytes);
bool test_file_exists(const char *path);

#endif
