/* report_page.h - the sections of the page, and what they share. */
#ifndef SKY_EXPERIMENT_REPORT_PAGE_H
#define SKY_EXPERIMENT_REPORT_PAGE_H

#include "sky_experiment/html_text.h"

typedef struct page {
    FILE *out;
    const json_t *report, *models, *data;
    const char *folder; /* what the images' paths start from */
} page;

/* ---- cells of tables (report_page.c) ---- */

/* <td>93.5 <small>90.1 - 95.9</small></td>: in per cent, or as it is. */
void percent_cell(const page *p, figure f);
void figure_cell(const page *p, figure f);
/* <TAG>text</TAG> */
void text_cell(const page *p, const char *tag, const char *text);
/* The beginning of a table with these column names, which '|' separates, and its end. The beginning in two parts, where more
 * names (<th>) come in between. */
void table_start(const page *p, const char *names);
void table_head(const page *p, const char *names);
void table_body(const page *p);
void table_end(const page *p);

/* What the colours of a plot stand for; '|' separates them, and their names. */
void color_keys(const page *p, const char *colors, const char *names);

/* ---- sections ---- */

/* report_data.c */
void write_facts(const page *p);
void write_data(const page *p);
void write_mistakes(const page *p);
void write_cost(const page *p);
void write_configuration(const page *p);
/* report_models.c */
void write_fusion(const page *p);
void write_models(const page *p);
void write_pairs(const page *p);
void write_division(const page *p);
void write_classes_of_models(const page *p);
/* report_details.c */
void write_depth(const page *p);
void write_curves(const page *p);
void write_confusions(const page *p);
void write_reliabilities(const page *p);
void write_magnitudes(const page *p);

#endif
