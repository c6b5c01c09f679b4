/* json_file.h - JSON files that a program reads itself. */
#ifndef EXAMPLES_JSON_FILE_H
#define EXAMPLES_JSON_FILE_H

#include <jansson.h>
#include <stddef.h>

/* The object or list in a file of at most 64 MiB, to be freed with json_decref. NULL, with the reason in `why` ("line 3: is no
 * JSON: ..."), if there is none. */
json_t *json_file_read(const char *path, char *why, size_t size);

#endif
