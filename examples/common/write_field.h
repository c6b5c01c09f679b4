/* write_field.h - one field of a CSV file. */
#ifndef EXAMPLES_WRITE_FIELD_H
#define EXAMPLES_WRITE_FIELD_H

#include <stdio.h>

/* prefix and text as RFC 4180 wants a field: in quotes where it holds a comma, a quote or a line break. */
void write_field(FILE *stream, const char *prefix, const char *text);

#endif
