/* lib/base/text.c - numbers and text, whatever locale the process has set. The syntax of a number
 * is checked here, so that strtod only ever sees plain decimals; it is asked for with the C locale,
 * which newlocale hands out without loading anything. _GNU_SOURCE: strtod_l is newer than POSIX
 * 2008. */
#define _GNU_SOURCE
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base.h"

int alc_format_v(char *buffer, size_t bytes, const char *format, va_list arguments)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return -1;
    locale_t before = uselocale(plain);
    int length = vsnprintf(buffer, bytes, format, arguments);
    uselocale(before);
    freelocale(plain);
    return length;
}

int alc_format(char *buffer, size_t bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = alc_format_v(buffer, bytes, format, arguments);
    va_end(arguments);
    return length;
}

/* Longer cells are no numbers that anybody wrote. */
#define LONGEST_NUMBER 400

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void alc_trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
}

static size_t skip_digits(const char *text, size_t length, size_t at)
{
    while (at < length && is_digit(text[at]))
        at++;
    return at;
}

/* [+-] digits [. digits] [(e|E) [+-] digits], with a digit on at least one side of the point. */
static bool is_decimal(const char *text, size_t length)
{
    size_t at = length > 0 && (text[0] == '+' || text[0] == '-') ? 1 : 0;
    size_t whole = at;
    at = skip_digits(text, length, at);
    size_t digits = at - whole;
    if (at < length && text[at] == '.') {
        size_t fraction = at + 1;
        at = skip_digits(text, length, fraction);
        digits += at - fraction;
    }
    if (digits == 0)
        return false;
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < length && (text[at] == '+' || text[at] == '-'))
            at++;
        size_t exponent = at;
        at = skip_digits(text, length, at);
        if (at == exponent)
            return false;
    }
    return at == length;
}

bool alc_parse_double(const char *text, size_t length, double *value)
{
    char copy[LONGEST_NUMBER + 1];
    alc_trim(&text, &length);
    if (length > LONGEST_NUMBER || !is_decimal(text, length))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return false;
    int saved_errno = errno;
    double parsed = strtod_l(copy, NULL, plain);
    errno = saved_errno;
    freelocale(plain);
    if (!isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

bool alc_parse_int64(const char *text, size_t length, int64_t *value)
{
    alc_trim(&text, &length);
    bool negative = length > 0 && text[0] == '-';
    size_t at = length > 0 && (text[0] == '+' || text[0] == '-') ? 1 : 0;
    if (at == length)
        return false;
    /* Built up below zero: the negative range is the larger one. */
    int64_t sum = 0;
    for (; at < length; at++) {
        if (!is_digit(text[at]))
            return false;
        int digit = text[at] - '0';
        if (sum < (INT64_MIN + digit) / 10)
            return false;
        sum = sum * 10 - digit;
    }
    if (!negative && sum == INT64_MIN)
        return false;
    *value = negative ? sum : -sum;
    return true;
}

void alc_text_init(alc_text *text, alc_context *context)
{
    *text = (alc_text){.context = context};
}

static bool make_room(alc_text *text, size_t bytes)
{
    size_t needed = 0;
    if (!alc_add_sizes(text->length, bytes, &needed) || !alc_add_sizes(needed, 1, &needed))
        return false;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    char *larger =
        alc_reallocate_array(text->context, text->data, text->length, capacity, 1, "a text");
    if (larger == NULL)
        return false;
    text->data = larger;
    text->capacity = capacity;
    return true;
}

void alc_text_append(alc_text *text, const char *format, ...)
{
    if (text->failed)
        return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = alc_format_v(NULL, 0, format, arguments);
    if (length < 0 || !make_room(text, (size_t)length)) {
        text->failed = true;
    } else {
        alc_format_v(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

const char *alc_text_string(const alc_text *text)
{
    return text->data == NULL ? "" : text->data;
}

void alc_text_free(alc_text *text)
{
    alc_free(text->context, text->data);
    *text = (alc_text){.context = text->context};
}
