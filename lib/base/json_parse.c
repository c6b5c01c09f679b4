/* lib/base/json_parse.c - JSON (RFC 8259) as jansson's values.
 *
 * jansson 2.14 can parse too, but keeps each token in a buffer and does not look whether that could grow: where memory is short
 * it loses characters, reads past the buffer's end, or aborts the process. Here every failed allocation is an error. The
 * values are made by jansson's constructors, which check theirs.
 */
#include "lib/base/json_parse.h"

#include <string.h>

#include "alcor/json.h"
#include "lib/base/json_string.h"

/* Deeper than any file of ours or of others; it bounds the recursion. */
#define MOST_LEVELS 64

typedef struct parser {
    alc_context *context;
    const char *start, *at, *end;
    alc_json_problem *problem;
    char *string; /* the one that was read last, decoded; it grows */
    size_t capacity;
} parser;

static json_t *parse_value(parser *p, int level);

/* ---- failing ---- */

static bool refuse(parser *p, const char *what)
{
    *p->problem = (alc_json_problem){(size_t)(p->at - p->start), what};
    return false;
}

static bool lack_memory(parser *p)
{
    alc_fail_memory(p->context, (size_t)(p->end - p->start), "what a JSON text holds");
    return refuse(p, NULL);
}

/* ---- characters ---- */

/* The next character, '\0' at the end: no text may hold one. */
static char peek(const parser *p)
{
    return p->at < p->end ? *p->at : '\0';
}

static void skip_space(parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

/* Skips spaces and, if it is what follows, the character. */
static bool accept(parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

/* ---- strings ---- */

/* How many bytes stand between the quote before p->at and the one that ends the string; refuses what has none. */
static bool find_end(parser *p, size_t *bytes)
{
    const char *at = p->at;
    while (at < p->end && *at != '"' && (unsigned char)*at >= 0x20)
        at += *at == '\\' && p->end - at > 1 ? 2 : 1;
    if (at >= p->end || *at != '"') {
        p->at = at < p->end ? at : p->end;
        return refuse(p, p->at < p->end ? "a control character in a string" : "a string without an end");
    }
    *bytes = (size_t)(at - p->at);
    return true;
}

static bool reserve(parser *p, size_t bytes)
{
    if (bytes <= p->capacity)
        return true;
    char *larger = alc_reallocate_array(p->context, p->string, 0, bytes, 1, "a JSON string");
    if (larger == NULL)
        return refuse(p, NULL);
    p->string = larger;
    p->capacity = bytes;
    return true;
}

/* Four hexadecimal digits behind p->at; -1 if there are none. */
static int32_t hexadecimal(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char c = at[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The character behind \u; one above U+FFFF is written as two surrogates. */
static bool read_code_point(parser *p, uint32_t *code)
{
    const int32_t first = hexadecimal(p->at, p->end);
    if (first <= 0)
        return refuse(p, first == 0 ? "a zero byte in a string" : "\\u without four hexadecimal digits");
    *code = (uint32_t)first;
    if (first >= 0xd800 && first <= 0xdfff) {
        const bool pair = first <= 0xdbff && p->end - p->at >= 6 && p->at[4] == '\\' && p->at[5] == 'u';
        const int32_t second = pair ? hexadecimal(p->at + 6, p->end) : -1;
        if (second < 0xdc00 || second > 0xdfff)
            return refuse(p, "half of a pair of surrogates");
        *code = 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
        p->at += 6;
    }
    p->at += 4;
    return true;
}

/* Its UTF-8, which is never longer than the escape. */
static char *put_code_point(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* What a backslash before p->at means. */
static bool read_escape(parser *p, char **out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    const char *letter = *p->at == '\0' ? NULL : strchr(letters, *p->at);
    if (letter != NULL) {
        *(*out)++ = meanings[letter - letters];
        p->at++;
        return true;
    }
    if (*p->at != 'u')
        return refuse(p, "a backslash before something that needs none");
    p->at++;
    if (!read_code_point(p, &code))
        return false;
    *out = put_code_point(*out, code);
    return true;
}

/* The string whose first quote was read, decoded and with a zero byte at its end, into p->string. */
static bool read_string(parser *p)
{
    const char *start = p->at;
    size_t bytes;
    if (!find_end(p, &bytes) || !reserve(p, bytes + 1))
        return false;
    char *out = p->string;
    for (const char *end = start + bytes; p->at < end;) {
        if (*p->at != '\\') {
            *out++ = *p->at++;
            continue;
        }
        p->at++;
        if (!read_escape(p, &out))
            return false;
    }
    *out = '\0';
    p->at++;
    if (alc_is_utf8(p->string))
        return true;
    p->at = start;
    return refuse(p, "a string that is no UTF-8");
}

/* ---- values ---- */

static size_t skip_digits(parser *p)
{
    const char *first = p->at;
    while (peek(p) >= '0' && peek(p) <= '9')
        p->at++;
    return (size_t)(p->at - first);
}

/* [-] 0 or digits without a leading 0 [. digits] [(e|E) [+-] digits] */
static bool scan_number(parser *p, bool *whole)
{
    *whole = true;
    if (peek(p) == '-')
        p->at++;
    const bool zero = peek(p) == '0';
    const size_t digits = skip_digits(p);
    if (digits == 0 || (zero && digits > 1))
        return false;
    if (peek(p) == '.') {
        *whole = false;
        p->at++;
        if (skip_digits(p) == 0)
            return false;
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        *whole = false;
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        if (skip_digits(p) == 0)
            return false;
    }
    return true;
}

static json_t *parse_number(parser *p)
{
    const char *start = p->at;
    int64_t integer = 0;
    double real = 0;
    bool whole;
    if (!scan_number(p, &whole)) {
        refuse(p, "a number that is none");
        return NULL;
    }
    const size_t length = (size_t)(p->at - start);
    if (whole ? !alc_parse_int64(start, length, &integer) : !alc_parse_double(start, length, &real)) {
        p->at = start;
        refuse(p, "a number that is too large");
        return NULL;
    }
    json_t *number = whole ? json_integer(integer) : json_real(real);
    if (number == NULL)
        lack_memory(p);
    return number;
}

static json_t *parse_word(parser *p)
{
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        const size_t length = strlen(words[i]);
        if ((size_t)(p->end - p->at) >= length && memcmp(p->at, words[i], length) == 0) {
            p->at += length;
            return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
        }
    }
    refuse(p, p->at == p->end ? "the text ends before its value does" : "something that is no value");
    return NULL;
}

static bool read_elements(parser *p, json_t *list, int level)
{
    if (accept(p, ']'))
        return true;
    do {
        json_t *value = parse_value(p, level);
        if (value == NULL)
            return false;
        if (json_array_append_new(list, value) != 0)
            return lack_memory(p);
    } while (accept(p, ','));
    return accept(p, ']') || refuse(p, "no ',' or ']' behind an element of a list");
}

/* `key` and its value, from the colon on. */
static bool read_member(parser *p, json_t *object, const char *key, int level)
{
    if (json_object_get(object, key) != NULL)
        return refuse(p, "a duplicate key");
    if (!accept(p, ':'))
        return refuse(p, "no ':' behind a key");
    json_t *value = parse_value(p, level);
    if (value == NULL)
        return false;
    return json_object_set_new_nocheck(object, key, value) == 0 || lack_memory(p);
}

static bool read_members(parser *p, json_t *object, int level)
{
    if (accept(p, '}'))
        return true;
    do {
        if (!accept(p, '"'))
            return refuse(p, "no string where a key should be");
        if (!read_string(p))
            return false;
        /* Strings within the value take the buffer. */
        char *key = alc_copy_text(p->context, p->string);
        if (key == NULL)
            return refuse(p, NULL);
        const bool read = read_member(p, object, key, level);
        alc_free(p->context, key);
        if (!read)
            return false;
    } while (accept(p, ','));
    return accept(p, '}') || refuse(p, "no ',' or '}' behind a member of an object");
}

static json_t *parse_collection(parser *p, int level, json_t *collection,
                                bool (*read)(parser *p, json_t *collection, int level))
{
    bool good = collection != NULL || lack_memory(p);
    if (good && level > MOST_LEVELS)
        good = refuse(p, "more than 64 levels");
    if (good && read(p, collection, level + 1))
        return collection;
    json_decref(collection);
    return NULL;
}

static json_t *parse_value(parser *p, int level)
{
    if (accept(p, '{'))
        return parse_collection(p, level, json_object(), read_members);
    if (accept(p, '['))
        return parse_collection(p, level, json_array(), read_elements);
    if (!accept(p, '"'))
        return peek(p) == '-' || (peek(p) >= '0' && peek(p) <= '9') ? parse_number(p) : parse_word(p);
    if (!read_string(p))
        return NULL;
    json_t *string = json_string_nocheck(p->string);
    if (string == NULL)
        lack_memory(p);
    return string;
}

json_t *alc_json_parse(alc_context *context, const char *text, size_t bytes, alc_json_problem *problem)
{
    parser p = {.context = context, .start = text, .at = text, .end = text + bytes, .problem = problem};
    json_t *root = NULL;
    skip_space(&p);
    if (peek(&p) == '{' || peek(&p) == '[')
        root = parse_value(&p, 1);
    else
        refuse(&p, "neither an object nor a list");
    skip_space(&p);
    if (root != NULL && p.at < p.end) {
        refuse(&p, "something behind the end");
        json_decref(root);
        root = NULL;
    }
    alc_free(context, p.string);
    return root;
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
