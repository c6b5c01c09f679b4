/* lib/base/json_parse.h - JSON texts as jansson's values; alcor/json.h is the same for others. */
#ifndef ALC_LIB_BASE_JSON_PARSE_H
#define ALC_LIB_BASE_JSON_PARSE_H

#include <jansson.h>

#include "lib/base/base.h"

/* What is wrong with a text, and at which byte of it; `what` NULL: nothing, memory ran out, and the context has the sentence. */
typedef struct alc_json_problem {
    size_t at;
    const char *what; /* `text`, or NULL */
    char text[JSON_ERROR_TEXT_LENGTH];
} alc_json_problem;

/* The object or list that the `bytes` at `text` are, to be freed by json_decref; NULL and *problem on failure. */
json_t *alc_json_parse(alc_context *context, const char *text, size_t bytes, alc_json_problem *problem);

#endif
