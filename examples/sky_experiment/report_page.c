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

void color_keys(const page *p, const char *colors, const char *names)
{
    fputs("<p class=\"dim keys\">", p->out);
    while (*names) {
        const size_t color = strcspn(colors, "|"), name = strcspn(names, "|");
        fprintf(p->out, "<span><i class=\"key\" style=\"background:var(--%.*s)\"></i>%.*s</span> ", (int)color, colors, (int)name,
                names);
        colors += color + (colors[color] == '|');
        names += name + (names[name] == '|');
    }
    fputs("</p>\n", p->out);
}

void table_start(const page *p, const char *names)
{
    table_head(p, names);
    table_body(p);
}

void table_head(const page *p, const char *names)
{
    fputs("<div class=\"scroll\"><table><thead><tr>", p->out);
    while (*names) {
        const size_t length = strcspn(names, "|");
        fprintf(p->out, "<th>%.*s</th>", (int)length, names);
        names += length + (names[length] == '|');
    }
}

void table_body(const page *p)
{
    fputs("</tr></thead><tbody>\n", p->out);
}

void table_end(const page *p)
{
    fputs("</tbody></table></div>\n", p->out);
}
