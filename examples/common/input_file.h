/* input_file.h - small text files that a program reads itself. */
#ifndef EXAMPLES_INPUT_FILE_H
#define EXAMPLES_INPUT_FILE_H

#include <stddef.h>

/* The text of a regular file of at most `most` bytes, zero-terminated, to be freed with free; NULL with errno set (see
 * file_why) if there is none, and EFBIG for a larger one. */
char *input_file_read(const char *path, size_t most, size_t *bytes);

/* Why reading or writing a file failed, from errno. */
const char *file_why(void);

#endif
