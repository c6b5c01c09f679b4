/* json_file.c - read by our own means, since jansson's would wait for a pipe's writer. */
#include "common/json_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/input_file.h"

#define MOST_BYTES ((size_t)1 << 26)

json_t *json_file_read(const char *path, char *why, size_t size)
{
    json_error_t error;
    size_t bytes;
    char *text = input_file_read(path, MOST_BYTES, &bytes);
    json_t *json = text ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!text)
        snprintf(why, size, "%s", file_why());
    else if (!json)
        snprintf(why, size, "line %d: is no JSON: %s", error.line, error.text);
    free(text);
    return json;
}
