/* lib/base/json_memory.h - telling a text that is no JSON from a lack of memory: jansson blames the text for either, but
 * malloc says in errno that it failed. */
#ifndef ALC_LIB_BASE_JSON_MEMORY_H
#define ALC_LIB_BASE_JSON_MEMORY_H

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>

/* NULL on failure: either *lacked_memory is set, or *error says what is wrong with the text. */
static inline json_t *alc_json_parse(const char *text, size_t bytes, json_error_t *error, bool *lacked_memory)
{
    errno = 0;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, error);
    *lacked_memory = root == NULL && errno == ENOMEM;
    return root;
}

#endif
