/* json_text.h - what need not be UTF-8, such as a file's name, as a JSON string. */
#ifndef EXAMPLES_JSON_TEXT_H
#define EXAMPLES_JSON_TEXT_H

#include <jansson.h>

/* The text, with U+FFFD in the place of every byte that is no part of UTF-8. NULL for NULL, or where memory ran out. */
json_t *json_text(const char *text);

#endif
