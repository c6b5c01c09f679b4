/* html_text.c - escaping, base64, and reading figures out of JSON. */
#include "sky_experiment/html_text.h"

#include <string.h>

void html_text(FILE *out, const char *text)
{
    for (; text && *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else
            fputc(*text, out);
    }
}

static void write_base64(FILE *out, FILE *in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char three[3];
    size_t count;
    while ((count = fread(three, 1, 3, in)) > 0) {
        for (size_t i = count; i < 3; i++)
            three[i] = 0;
        fputc(digits[three[0] >> 2], out);
        fputc(digits[(three[0] & 3) << 4 | three[1] >> 4], out);
        fputc(count > 1 ? digits[(three[1] & 15) << 2 | three[2] >> 6] : '=', out);
        fputc(count > 2 ? digits[three[2] & 63] : '=', out);
    }
}

bool html_data_uri(FILE *out, const char *path)
{
    unsigned char start[4] = {0};
    FILE *in = fopen(path, "rb");
    if (!in)
        return false;
    const size_t count = fread(start, 1, sizeof start, in);
    const bool jpeg = count == sizeof start && start[0] == 0xff && start[1] == 0xd8;
    const bool png = count == sizeof start && memcmp(start, "\x89PNG", 4) == 0;
    rewind(in);
    if (jpeg || png) {
        fprintf(out, "data:image/%s;base64,", jpeg ? "jpeg" : "png");
        write_base64(out, in);
    }
    fclose(in);
    return jpeg || png;
}

double number_at(const json_t *object, const char *member)
{
    return json_number_value(json_object_get(object, member));
}

const char *text_at(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

figure figure_at(const json_t *object, const char *member)
{
    const json_t *f = json_object_get(object, member);
    return (figure){number_at(f, "value"), number_at(f, "low"), number_at(f, "high")};
}
