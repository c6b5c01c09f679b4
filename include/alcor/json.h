/* alcor/json.h - reading JSON texts, such as the strings of a model file, without a risk for the program. */
#ifndef ALCOR_JSON_H
#define ALCOR_JSON_H

#include "alcor/context.h"

#ifdef __cplusplus
extern "C" {
#endif

struct json_t; /* a value of the library jansson, <jansson.h> */

/* Parses the JSON object or list `text` (RFC 8259: UTF-8, zero-terminated; no key twice in an object, no zero byte in a string)
 * into a new value of jansson, whose functions read it and whose json_decref frees it.
 *
 * It is json_loads with what that leaves out: as much memory as jansson's parser may need for a token, whose lack it does not
 * survive, is asked for first; and a lack of memory is told from a bad text. Values come from jansson's allocator, which is the
 * process's, not the context's.
 *
 * `what` names the text in the sentence: "WHAT is no valid JSON at byte 17: ...". On failure *root is NULL.
 * Errors: ALC_INVALID_ARGUMENT for NULL, ALC_BAD_FILE, ALC_OUT_OF_MEMORY. */
alc_status alc_json_read(alc_context *context, const char *text, const char *what, struct json_t **root);

#ifdef __cplusplus
}
#endif

#endif
