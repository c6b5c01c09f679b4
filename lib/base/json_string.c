/* lib/base/json_string.c - see json_string.h. */
#include "lib/base/json_string.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at `text`, 0 if it is none. Ranges from the Unicode standard, table 3-7. A
 * final zero is no continuation, so nothing behind it is looked at. */
static size_t character_bytes(const unsigned char *text)
{
    unsigned char first = text[0], second = text[1];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || !is_continuation(second))
        return 0;
    if (first < 0xe0)
        return 2;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
        !is_continuation(text[2]))
        return 0;
    if (first < 0xf0)
        return 3;
    return is_continuation(text[3]) ? 4 : 0;
}

bool alc_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != 0) {
        size_t bytes = character_bytes(at);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return true;
}

void alc_append_json_string(alc_text *json, const char *text)
{
    alc_text_append(json, "\"");
    const char *plain = text;
    for (const char *at = text;; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        alc_text_append(json, "%.*s", (int)(at - plain), plain);
        plain = at + 1;
        if (c == 0)
            break;
        if (c < 0x20)
            alc_text_append(json, "\\u%04x", c);
        else
            alc_text_append(json, "\\%c", c);
    }
    alc_text_append(json, "\"");
}
