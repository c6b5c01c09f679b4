/* report_html.h - the report as a page for people. */
#ifndef SKY_EXPERIMENT_REPORT_HTML_H
#define SKY_EXPERIMENT_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>

/* Writes `report` (score_report) to `path`: one file that needs nothing else, images of mistakes within it. `folder` is what
 * their paths start from. false, with errno set, if it could not be written. */
bool report_html_write(const char *path, const json_t *report, const char *folder);

#endif
