/* parse_number.c - strict numbers: "12x" and "" are refused, which atoi would let pass. */
#include "common/parse_number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool parse_integer(const char *text, int64_t low, int64_t high, int64_t *value)
{
    char *end;
    errno = 0;
    const long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || isspace((unsigned char)*text) || number < low || number > high)
        return false;
    *value = number;
    return true;
}

bool parse_unsigned(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end || errno || !isdigit((unsigned char)*text))
        return false;
    *value = number;
    return true;
}

bool parse_real(const char *text, double low, double high, double *value)
{
    char *end;
    errno = 0;
    const double number = strtod(text, &end);
    if (end == text || *end || errno || isspace((unsigned char)*text) || !(number >= low && number <= high))
        return false;
    *value = number;
    return true;
}

bool parse_bytes(const char *text, uint64_t *value)
{
    static const char units[] = "KMG";
    char number[32];
    const size_t length = strlen(text);
    if (length == 0 || length >= sizeof number)
        return false;
    memcpy(number, text, length + 1);
    const char *unit = strchr(units, number[length - 1]);
    const int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (unit)
        number[length - 1] = '\0';
    if (!parse_unsigned(number, value) || *value == 0 || *value > UINT64_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

int parse_choice(const char *text, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

size_t split_at_commas(char *text, const char **parts, size_t limit)
{
    size_t count = 0;
    for (char *part = text; part; count++) {
        char *comma = strchr(part, ',');
        if (comma)
            *comma = '\0';
        if (*part == '\0')
            return 0;
        if (count < limit)
            parts[count] = part;
        part = comma ? comma + 1 : NULL;
    }
    return count;
}
