/* report_page.c - cells of the report's tables. */
#include "sky_experiment/report_page.h"

#include <string.h>

void percent_cell(const page *p, figure f)
{
    fprintf(p->out, "<td>%.1f <small>%.1f&ndash;%.1f</small></td>", 100 * f.value, 100 * f.low, 100 * f.high);
}

void figure_cell(const page *p, figure f)
{
    fprintf(p->out, "<td>%.3f <small>%.3f&ndash;%.3f</small></td>", f.value, f.low, f.high);
}

void text_cell(const page *p, const char *tag, const char *text)
{
    fprintf(p->out, "<%s>", tag);
    html_text(p->out, text);
    fprintf(p->out, "</%s>", tag);
}

void table_head(const page *p, const char *names)
{
    fputs("<div class=\"scroll\"><table><thead><tr>", p->out);
    while (*names) {
        const size_t length = strcspn(names, "|");
        fprintf(p->out, "<th>%.*s</th>", (int)length, names);
        names += length + (names[length] == '|');
    }
    fputs("</tr></thead><tbody>\n", p->out);
}

void table_end(const page *p)
{
    fputs("</tbody></table></div>\n", p->out);
}
