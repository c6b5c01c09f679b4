/* parse_number.h - numbers of a command line: whole arguments only, within a range. */
#ifndef EXAMPLES_PARSE_NUMBER_H
#define EXAMPLES_PARSE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool parse_integer(const char *text, int64_t low, int64_t high, int64_t *value);
bool parse_unsigned(const char *text, uint64_t *value);
bool parse_real(const char *text, double low, double high, double *value);
/* A number of bytes above 0, as such or in powers of 1,024: "500000", "64K", "700M", "2G". */
bool parse_bytes(const char *text, uint64_t *value);
/* The place of `text` in `names`, which NULL ends; -1 if it is not there. */
int parse_choice(const char *text, const char *const *names);
/* Cuts `text` at commas, in place; returns how many parts there are, at most `limit` of which are stored; 0 if one is
 * empty. */
size_t split_at_commas(char *text, const char **parts, size_t limit);

#endif
