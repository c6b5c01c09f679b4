/* write_field.c - quotes where they are needed. */
#include "common/write_field.h"

#include <string.h>

void write_field(FILE *stream, const char *prefix, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fprintf(stream, "%s%s", prefix, text);
        return;
    }
    fprintf(stream, "\"%s", prefix);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}
