/* lib/base/json_parse.c - JSON (RFC 8259) by jansson, with three things of jansson 2.14 seen to.
 *
 * It does not look whether the buffer of a token could grow: where memory is short it may lose characters or end the
 * process. The buffer grows by doubling, so twice the text is taken through the hook, and given back, right before.
 * It says that a text is wrong where memory ran out; malloc tells the difference in errno.
 * It passes over a zero byte behind a number.
 */
#include "lib/base/json_parse.h"

#include <errno.h>
#include <string.h>

#include "alcor/json.h"

static json_t *refuse(alc_json_problem *problem, size_t at, const char *what)
{
    problem->at = at;
    problem->what = strcpy(problem->text, what);
    return NULL;
}

json_t *alc_json_parse(alc_context *context, const char *text, size_t bytes, alc_json_problem *problem)
{
    json_error_t error;
    problem->what = NULL;
    void *buffer = alc_allocate_array(context, 2, bytes + 1, "a JSON text's tokens");
    if (buffer == NULL)
        return NULL;
    alc_free(context, buffer);
    const char *zero = bytes > 0 ? memchr(text, '\0', bytes) : NULL;
    if (zero != NULL)
        return refuse(problem, (size_t)(zero - text), "a zero byte");
    errno = 0;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (root != NULL)
        return root;
    if (errno != ENOMEM)
        return refuse(problem, (size_t)error.position, error.text);
    alc_fail_memory(context, bytes, "what a JSON text holds");
    return NULL;
}

alc_status alc_json_read(alc_context *context, const char *text, const char *what, struct json_t **root)
{
    alc_json_problem problem;
    if (root != NULL)
        *root = NULL;
    if (context == NULL)
        return ALC_INVALID_ARGUMENT;
    if (text == NULL || what == NULL || root == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_json_read: an argument is NULL");
    *root = alc_json_parse(context, text, strlen(text), &problem);
    if (*root != NULL)
        return ALC_OK;
    if (problem.what == NULL)
        return ALC_OUT_OF_MEMORY;
    return alc_fail(context, ALC_BAD_FILE, "%s is no valid JSON at byte %zu: %s", what, problem.at, problem.what);
}
