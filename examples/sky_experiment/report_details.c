/* report_details.c - sections that look closer: depth, learning curves, confusion, reliability, magnitudes. */
#include "sky_experiment/report_page.h"

#include <string.h>

#include "sky_experiment/report_plots.h"

void write_curves(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Learning curves</h2>\n<p>Accuracy of the first seed by epoch, in per cent. Tested curves were scored after all "
          "training; the number of epochs was fixed before.</p>\n",
          p->out);
    color_keys(p, "train|image|joint", "while training|tested|tested, balanced");
    fputs("<div class=\"plots\">\n", p->out);
    json_array_foreach(p->models, i, m) if (json_array_size(json_object_get(m, "curve")) > 0) plot_curve(p->out, m);
    fputs("</div>\n", p->out);
}

static void write_depth_row(const page *p, const json_t *sweep, const json_t *d)
{
    const char *edge = text_at(d, "edge");
    fputs("<tr>", p->out);
    fprintf(p->out, "<td>%s", strcmp(edge, text_at(sweep, "chosen")) == 0 ? "<b>" : "");
    html_text(p->out, edge);
    fprintf(p->out, "%s</td><td>%.0f</td><td>%.1f %%</td><td>%.0f</td><td>%.0f</td>",
            strcmp(edge, text_at(sweep, "chosen")) == 0 ? "</b> (chosen)" : "", number_at(d, "trained_values"),
            100 * number_at(d, "ratio"), number_at(d, "epochs"), number_at(d, "epochs_to_best"));
    percent_cell(p, figure_at(d, "balanced_accuracy"));
    fprintf(p->out, "<td>%.1f</td><td>%.2f</td></tr>\n", number_at(d, "seconds"), number_at(d, "epoch_from_image_seconds"));
}

static void write_sweep_cost(const page *p, const json_t *sweep)
{
    fprintf(p->out,
            "<p>The sweep took %.3g seconds with all that belongs to it. What is frozen was computed once for each image and "
            "view, and kept. Every depth from the image up for %.0f epochs, and then judged, would take %.3g: <b>%.1f times</b> "
            "as long (by the seconds of an epoch from the image up, each measured on a part of the objects).</p>\n",
            number_at(sweep, "sweep_seconds"), number_at(sweep, "full_epochs"), number_at(sweep, "every_depth_in_full_seconds"),
            number_at(sweep, "seconds_ratio"));
}

void write_depth(const page *p)
{
    size_t i, k;
    json_t *sweep, *d;
    if (json_array_size(json_object_get(p->report, "depth")) == 0)
        return;
    fputs("<h2>How deep to train</h2>\n<p>Each network is trained from every block edge on, on a part of the first fold's "
          "training objects, and "
          "judged on the rest of them. Depths that do badly are left out after a ninth and a third of the epochs. Chosen is the "
          "shallowest "
          "within one standard error of the best.</p>\n",
          p->out);
    json_array_foreach(json_object_get(p->report, "depth"), i, sweep)
    {
        const bool random = strcmp(text_at(sweep, "start"), "random") == 0;
        const figure more = figure_at(sweep, "best_less_head");
        fputs("<h3>", p->out);
        html_text(p->out, text_at(sweep, "backbone"));
        fprintf(p->out, ", %s</h3>\n",
                random ? "from random values: a control, which cannot answer the question" : "from weights");
        fputs("<div class=\"scroll\">\n", p->out);
        plot_depth(p->out, sweep);
        fputs("</div>\n", p->out);
        fprintf(p->out,
                "<p>The best depth less the head alone: %+.1f points of balanced accuracy (%+.1f to %+.1f) on %.0f objects; "
                "<b>%s</b>.</p>\n",
                100 * more.value, 100 * more.low, 100 * more.high, number_at(sweep, "held_objects"), text_at(sweep, "verdict"));
        write_sweep_cost(p, sweep);
        table_start(p, "trained from|trained values|of all|epochs|epochs to best|balanced|seconds|epoch from the image");
        json_array_foreach(json_object_get(sweep, "depths"), k, d) write_depth_row(p, sweep, d);
        table_end(p);
    }
}

static void write_confusion(const page *p, const json_t *m)
{
    size_t i, j;
    json_t *row, *cell;
    const json_t *classes = json_object_get(p->data, "classes");
    fputs("<div class=\"scroll\"><table class=\"matrix\"><caption>", p->out);
    html_text(p->out, text_at(m, "name"));
    fputs("</caption><thead><tr><th>label \\ predicted</th>", p->out);
    for (i = 0; i < json_array_size(classes); i++)
        text_cell(p, "th", text_at(json_array_get(classes, i), "name"));
    fputs("</tr></thead><tbody>\n", p->out);
    json_array_foreach(json_object_get(m, "confusion"), i, row)
    {
        const double all = number_at(json_array_get(classes, i), "objects");
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(json_array_get(classes, i), "name"));
        json_array_foreach(row, j, cell)
        {
            const double share = all > 0 ? json_number_value(cell) / all : 0;
            fprintf(p->out, "<td class=\"%s\" style=\"background:color-mix(in srgb,var(--%s) %.0f%%,transparent)\">%.0f</td>",
                    i == j ? "hit" : "miss", i == j ? "image" : "joint", 8 + 50 * share, json_number_value(cell));
        }
        fputs("</tr>\n", p->out);
    }
    fputs("</tbody></table></div>\n", p->out);
}

void write_confusions(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Confusion</h2>\n<div class=\"plots matrices\">\n", p->out);
    json_array_foreach(p->models, i, m) write_confusion(p, m);
    fputs("</div>\n", p->out);
}

static bool is_used(const page *p, size_t bin)
{
    size_t i;
    json_t *m;
    json_array_foreach(p->models, i, m)
    {
        if (number_at(json_array_get(json_object_get(m, "reliability"), bin), "count") > 0)
            return true;
    }
    return false;
}

/* A row for each model, a column for each bin of confidence that some model has predictions in. */
static void write_reliability_table(const page *p)
{
    size_t i, b;
    json_t *m, *bin;
    const size_t bins = json_array_size(json_object_get(json_array_get(p->models, 0), "reliability"));
    fputs("<p>How many per cent of the predictions with a confidence in this range are right (small: of how many), and the "
          "expected calibration error: the mean distance between confidence and that share, in points.</p>\n",
          p->out);
    table_head(p, "model|error");
    for (b = 0; b < bins; b++)
        if (is_used(p, b))
            fprintf(p->out, "<th>%.0f&ndash;%.0f</th>", 100 * (double)b / (double)bins,
                    100 * (double)(b + 1) / (double)bins);
    table_body(p);
    json_array_foreach(p->models, i, m)
    {
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(m, "name"));
        fprintf(p->out, "<td>%.1f</td>", 100 * figure_at(m, "ece").value);
        json_array_foreach(json_object_get(m, "reliability"), b, bin)
        {
            const double n = number_at(bin, "count");
            if (n > 0)
                fprintf(p->out, "<td>%.0f <small>%.0f</small></td>", 100 * number_at(bin, "hits") / n, n);
            else if (is_used(p, b))
                fputs("<td></td>", p->out);
        }
        fputs("</tr>\n", p->out);
    }
    table_end(p);
}

void write_reliabilities(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Reliability</h2>\n<p>Of the predictions with this confidence, how many per cent are right? On the diagonal, as "
          "many as it says; "
          "larger marks are more objects.</p>\n<div class=\"plots\">\n",
          p->out);
    json_array_foreach(p->models, i, m) plot_reliability(p->out, m);
    fputs("</div>\n", p->out);
    write_reliability_table(p);
}

void write_magnitudes(const page *p)
{
    size_t i, b;
    json_t *m, *bin;
    const json_t *fusion = json_object_get(p->report, "fusion");
    const char *names[] = {"table", NULL, NULL, NULL};
    const json_t *first = json_array_get(p->models, 0);
    if (json_array_size(json_object_get(first, "by_magnitude")) == 0)
        return;
    if (json_is_object(fusion)) {
        int count = 1;
        if (strcmp(text_at(fusion, "b"), "table") != 0)
            names[count++] = text_at(fusion, "b");
        names[count] = text_at(fusion, "a");
    }
    fputs("<h2>By magnitude</h2>\n<p>The objects in five parts of equal size by their r magnitude.</p>\n", p->out);
    if (strcmp(text_at(first, "name"), "table") == 0) {
        fputs("<div class=\"scroll\">\n", p->out);
        plot_magnitudes(p->out, p->models, names);
        fputs("</div>\n", p->out);
    }
    table_start(p, "model|r|objects|accuracy|balanced|macro-F1|log-loss|calibration");
    json_array_foreach(p->models, i, m)
    {
        json_array_foreach(json_object_get(m, "by_magnitude"), b, bin)
        {
            fputs("<tr>", p->out);
            text_cell(p, "td", text_at(m, "name"));
            fprintf(p->out, "<td>%.2f&ndash;%.2f</td><td>%.0f</td>", number_at(bin, "brightest"), number_at(bin, "faintest"),
                    number_at(bin, "n"));
            percent_cell(p, figure_at(bin, "accuracy"));
            percent_cell(p, figure_at(bin, "balanced_accuracy"));
            percent_cell(p, figure_at(bin, "macro_f1"));
            figure_cell(p, figure_at(bin, "log_loss"));
            percent_cell(p, figure_at(bin, "ece"));
            fputs("</tr>\n", p->out);
        }
    }
    table_end(p);
}
