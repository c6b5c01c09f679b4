/* output_file.h - text files that are there whole or not at all. */
#ifndef EXAMPLES_OUTPUT_FILE_H
#define EXAMPLES_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct output_file {
    FILE *stream;             /* to be written to */
    char path[4096], temporary[4096];
} output_file;

/* Opens a temporary file beside `path`, which must be a regular file if it is there. false, with errno set (see
 * output_file_why), if that cannot be. */
bool output_file_open(output_file *file, const char *path);
/* Puts it in its place. false, with errno set and nothing left behind, if anything could not be written. */
bool output_file_commit(output_file *file);
void output_file_cancel(output_file *file);

/* Whether a file could be made at `path` now; errno says why not. Leaves nothing behind. */
bool output_path_writable(const char *path);
/* Why one of these failed, from errno. */
const char *output_file_why(void);
/* Whether two paths lead to one file, or would if it were there. */
bool same_file(const char *a, const char *b);

#endif
