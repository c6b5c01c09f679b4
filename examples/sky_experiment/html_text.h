/* html_text.h - text and files as they may stand in a page. */
#ifndef SKY_EXPERIMENT_HTML_TEXT_H
#define SKY_EXPERIMENT_HTML_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* With <, >, & and quotes escaped; NULL is nothing. */
void html_text(FILE *out, const char *text);
/* The file's bytes as "data:TYPE;base64,..."; false (and nothing written) if it cannot be read or is no JPEG or PNG. */
bool html_data_uri(FILE *out, const char *path);

/* ---- figures of the report ---- */

/* A member, through further members, as a number (0 if it is not there) or text (""). */
double number_at(const json_t *object, const char *member);
const char *text_at(const json_t *object, const char *member);
/* {"value", "low", "high"} */
typedef struct figure {
    double value, low, high;
} figure;
figure figure_at(const json_t *object, const char *member);

#endif
