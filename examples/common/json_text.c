/* json_text.c - jansson refuses a string that is not UTF-8, and with it all that it would be a part of: a report would be lost for
 * the name of a file. So such bytes are replaced. */
#include "common/json_text.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of the character at text that jansson takes; 0: none. */
static size_t character(const char *text)
{
    const size_t left = strlen(text);
    for (size_t length = 1; length <= 4 && length <= left; length++) {
        json_t *one = json_stringn(text, length);
        json_decref(one);
        if (one)
            return length;
    }
    return 0;
}

json_t *json_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    json_t *whole = text ? json_string(text) : NULL;
    if (whole || !text)
        return whole;
    char *copy = malloc(3 * strlen(text) + 1), *end = copy;
    if (!copy)
        return NULL;
    while (*text) {
        const size_t length = character(text);
        memcpy(end, length ? text : replacement, length ? length : 3);
        end += length ? length : 3;
        text += length ? length : 1;
    }
    *end = '\0';
    whole = json_string(copy);
    free(copy);
    return whole;
}
