/* output_file.h - text files that are there whole or not at all. */
#ifndef EXAMPLES_OUTPUT_FILE_H
#define EXAMPLES_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "alcor/dataset.h"

typedef struct output_file {
    FILE *stream;             /* to be written to */
    char path[4096], temporary[4096];
} output_file;

/* Opens a temporary file beside `path`, which must be a regular file if it is there. false, with errno set (see
 * file_why), if that cannot be. */
bool output_file_open(output_file *file, const char *path);
/* Puts it in its place. false, with errno set and nothing left behind, if anything could not be written. */
bool output_file_commit(output_file *file);
void output_file_cancel(output_file *file);

/* Whether the path is free, or a regular file's: a device or a pipe would be replaced, not written to. errno says why not. */
bool output_path_replaceable(const char *path);
/* Whether, beside that, a file could be made at `path` now; errno says why not. Leaves nothing behind. */
bool output_path_writable(const char *path);
/* Whether writing to `output` and to or from `other` would meet in one file, be it a temporary one; whatever their names. */
bool output_replaces(const char *output, const char *other);
/* Whether the file at `path` lies in the folder itself, whatever the names of both. */
bool output_folder_holds(const char *folder, const char *path);
/* Whether an image of the data set would be overwritten. */
bool output_replaces_image(const char *output, const alc_dataset *dataset);

#endif
