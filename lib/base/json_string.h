/* lib/base/json_string.h - writing a text as a JSON string. */
#ifndef ALC_LIB_JSON_STRING_H
#define ALC_LIB_JSON_STRING_H

#include "lib/base/base.h"

/* Whether the text is UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool alc_is_utf8(const char *text);
/* Appends it in quotes; what JSON wants escaped is escaped, everything else stays as it is. */
void alc_append_json_string(alc_text *json, const char *text);

#endif
