/* report_html.c - the page, section by section. Everything that it says is in the JSON; it needs no script and fetches nothing. */
#include "sky_experiment/report_html.h"

#include <stdlib.h>
#include <string.h>

#include "common/output_file.h"
#include "sky_experiment/html_text.h"
#include "sky_experiment/report_plots.h"
#include "sky_experiment/report_style.h"

typedef struct page {
    FILE *out;
    const json_t *report, *models, *data;
    const char *folder;
} page;

/* <td>93.5 <small>90.1 - 95.9</small></td>, in per cent. */
static void percent_cell(const page *p, figure f)
{
    fprintf(p->out, "<td>%.1f <small>%.1f&ndash;%.1f</small></td>", 100 * f.value, 100 * f.low, 100 * f.high);
}

static void figure_cell(const page *p, figure f)
{
    fprintf(p->out, "<td>%.3f <small>%.3f&ndash;%.3f</small></td>", f.value, f.low, f.high);
}

static void text_cell(const page *p, const char *tag, const char *text)
{
    fprintf(p->out, "<%s>", tag);
    html_text(p->out, text);
    fprintf(p->out, "</%s>", tag);
}

/* "<thead>..." of names that '|' separates. */
static void table_head(const page *p, const char *names)
{
    fputs("<div class=\"scroll\"><table><thead><tr>", p->out);
    while (*names) {
        const size_t length = strcspn(names, "|");
        fprintf(p->out, "<th>%.*s</th>", (int)length, names);
        names += length + (names[length] == '|');
    }
    fputs("</tr></thead><tbody>\n", p->out);
}

static void table_end(const page *p)
{
    fputs("</tbody></table></div>\n", p->out);
}

static bool is_main(const json_t *model)
{
    return strcmp(text_at(model, "division"), "main") == 0;
}

/* ---- data ---- */

static void write_facts(const page *p)
{
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 0), *plan = json_object_get(p->report, "plan");
    fprintf(p->out, "<div class=\"facts\"><div><b>%.0f</b>objects</div><div><b>%zu</b>classes</div>", number_at(p->data, "objects"),
            json_array_size(json_object_get(p->data, "classes")));
    fprintf(p->out, "<div><b>%.0f</b>folds, %.0f seed%s</div><div><b>%.0f</b>groups that stay together</div>", number_at(plan, "folds"),
            number_at(plan, "seeds"), number_at(plan, "seeds") == 1 ? "" : "s", number_at(division, "groups"));
    fprintf(p->out, "<div><b>%zu</b>models</div><div><b style=\"font-size:.95rem\">%s</b>split</div></div>\n", json_array_size(p->models),
            text_at(division, "split"));
}

static void write_fusion(const page *p)
{
    const json_t *fusion = json_object_get(p->report, "fusion");
    const figure d = figure_at(fusion, "accuracy_difference"), b = figure_at(fusion, "balanced_accuracy_difference");
    if (!json_is_object(fusion))
        return;
    fputs("<p class=\"verdict\">The best fusion, <b>", p->out);
    html_text(p->out, text_at(fusion, "a"));
    fputs("</b>, against the best single input, <b>", p->out);
    html_text(p->out, text_at(fusion, "b"));
    fprintf(p->out,
            "</b>: %+.1f points of accuracy (%+.1f to %+.1f) and %+.1f of balanced accuracy (%+.1f to %+.1f); McNemar's p = %.3g. "
            "Verdict: <b>%s</b>.</p>\n",
            100 * d.value, 100 * d.low, 100 * d.high, 100 * b.value, 100 * b.low, 100 * b.high, number_at(fusion, "mcnemar_p"),
            text_at(fusion, "verdict"));
}

static void write_classes(const page *p)
{
    size_t i;
    json_t *item;
    table_head(p, "class|objects|weight in training|counted as");
    json_array_foreach(json_object_get(p->data, "classes"), i, item)
    {
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(item, "name"));
        fprintf(p->out, "<td>%.0f</td><td>%.2f</td><td>%.1f</td></tr>\n", number_at(item, "objects"), number_at(item, "weight"),
                number_at(item, "effective_objects"));
    }
    table_end(p);
}

static void write_deciding(const page *p)
{
    const json_t *columns = json_object_get(p->data, "deciding_columns");
    if (json_array_size(columns) == 0) {
        fputs("<p>No single column of the table decides the class alone (none reaches a balanced accuracy of 80 %).</p>\n", p->out);
        return;
    }
    fputs("<p>Columns from which alone the class can be told:</p>\n", p->out);
    table_head(p, "column|balanced accuracy|used as a feature");
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(column, "column"));
        fprintf(p->out, "<td>%.1f %%</td><td>%s</td></tr>\n", 100 * number_at(column, "balanced_accuracy"),
                json_is_true(json_object_get(column, "feature")) ? "yes" : "no");
    }
    table_end(p);
}

static void write_data(const page *p)
{
    size_t i;
    json_t *item;
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 0);
    fputs("<h2>Data</h2>\n<p>Table <code>", p->out);
    html_text(p->out, text_at(p->data, "table"));
    fprintf(p->out, "</code>: %.0f rows, %.0f used. Every object is predicted once, by models that never saw it. ",
            number_at(p->data, "rows"), number_at(p->data, "objects"));
    fprintf(p->out, "Objects that share sky are never divided between folds: the largest group has %.0f. Labels of a fold's test part cannot "
                    "be read by what trains.</p>\n",
            number_at(division, "largest_group"));
    fputs("<p>Features: ", p->out);
    json_array_foreach(json_object_get(p->data, "features"), i, item)
    {
        fputs(i ? ", " : "", p->out);
        html_text(p->out, json_string_value(item));
    }
    fputs(".</p>\n", p->out);
    write_classes(p);
    write_deciding(p);
}

/* ---- models ---- */

static void write_model(const page *p, const json_t *m)
{
    const char *start = text_at(m, "start");
    fputs("<tr>", p->out);
    text_cell(p, "td", text_at(m, "name"));
    percent_cell(p, figure_at(m, "accuracy"));
    percent_cell(p, figure_at(m, "balanced_accuracy"));
    percent_cell(p, figure_at(m, "macro_f1"));
    figure_cell(p, figure_at(m, "log_loss"));
    percent_cell(p, figure_at(m, "ece"));
    if (number_at(m, "values") > 0)
        fprintf(p->out, "<td>%.3g M</td>", number_at(m, "values") / 1e6);
    else
        fputs("<td></td>", p->out);
    fprintf(p->out, "<td>%s</td></tr>\n",
            strcmp(text_at(m, "kind"), "classical") == 0 ? text_at(m, "library")
            : strcmp(start, "weights") == 0              ? "from weights"
                                                         : "from random values");
}

static void write_models(const page *p)
{
    size_t i;
    json_t *m;
    const json_t *note = json_object_get(p->report, "baselines");
    fputs("<h2>Models</h2>\n<p>In per cent with 95 % intervals (Wilson's for accuracy, bootstrap over objects for the others). With several "
          "seeds their probabilities are averaged.</p>\n",
          p->out);
    fputs("<p class=\"dim\"><span class=\"key\" style=\"background:var(--table)\"></span>table<span class=\"key\" "
          "style=\"background:var(--image)\"></span>image<span class=\"key\" style=\"background:var(--joint)\"></span>joint<span class=\"key\" "
          "style=\"background:var(--late)\"></span>late<span class=\"key\" style=\"background:var(--stacked)\"></span>stacked<span class=\"key\" "
          "style=\"background:var(--classical)\"></span>classical</p>\n",
          p->out);
    fputs("<div class=\"scroll\">\n", p->out);
    plot_models(p->out, p->models);
    fputs("</div>\n", p->out);
    table_head(p, "model|accuracy|balanced|macro-F1|log-loss|calibration error|values|starts");
    json_array_foreach((json_t *)(size_t)p->models, i, m) write_model(p, m);
    table_end(p);
    if (json_is_string(note)) {
        fputs("<p>There are no rows of classical algorithms: ", p->out);
        html_text(p->out, json_string_value(note));
        fputs(".</p>\n", p->out);
    }
}

static void write_classes_of_models(const page *p)
{
    size_t i;
    json_t *m, *k;
    const char *name;
    fputs("<h2>Classes</h2>\n", p->out);
    table_head(p, "model|class|precision|recall|F1");
    json_array_foreach((json_t *)(size_t)p->models, i, m)
    {
        json_object_foreach(json_object_get(m, "classes"), name, k)
        {
            fputs("<tr>", p->out);
            text_cell(p, "td", text_at(m, "name"));
            text_cell(p, "td", name);
            percent_cell(p, figure_at(k, "precision"));
            percent_cell(p, figure_at(k, "recall"));
            percent_cell(p, figure_at(k, "f1"));
            fputs("</tr>\n", p->out);
        }
    }
    table_end(p);
}

/* Pairs with the best fusion, the best single input, and a model's counterpart of the other division. */
static bool is_telling(const page *p, const json_t *pair)
{
    const json_t *fusion = json_object_get(p->report, "fusion");
    const char *a = text_at(pair, "a"), *b = text_at(pair, "b"), *best = text_at(fusion, "a"), *single = text_at(fusion, "b");
    const bool also = strncmp(a, "also-", 5) == 0 || strncmp(b, "also-", 5) == 0;
    if (!json_is_object(fusion))
        return true;
    if (also)
        return strncmp(b, "also-", 5) == 0 && strcmp(b + 5, a) == 0;
    return strcmp(a, best) == 0 || strcmp(b, best) == 0 || strcmp(a, single) == 0 || strcmp(b, single) == 0;
}

static void write_pairs(const page *p)
{
    size_t i;
    json_t *pair;
    fputs("<h2>Comparisons</h2>\n<p>On the same objects: differences in points with paired 95 % intervals (bootstrap), and McNemar's exact test. "
          "Pairs with the best fusion and the best single input; report.json has all.</p>\n",
          p->out);
    table_head(p, "first|second|accuracy|balanced accuracy|only first right|only second right|McNemar p");
    json_array_foreach(json_object_get(p->report, "pairs"), i, pair)
    {
        if (!is_telling(p, pair))
            continue;
        const figure d = figure_at(pair, "accuracy_difference"), b = figure_at(pair, "balanced_accuracy_difference");
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(pair, "a"));
        text_cell(p, "td", text_at(pair, "b"));
        fprintf(p->out, "<td>%+.1f <small>%+.1f to %+.1f</small></td><td>%+.1f <small>%+.1f to %+.1f</small></td>", 100 * d.value, 100 * d.low,
                100 * d.high, 100 * b.value, 100 * b.low, 100 * b.high);
        fprintf(p->out, "<td>%.0f</td><td>%.0f</td><td>%.3g</td></tr>\n", number_at(pair, "only_a"), number_at(pair, "only_b"),
                number_at(pair, "mcnemar_p"));
    }
    table_end(p);
}

static void write_division(const page *p)
{
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 1);
    if (!division)
        return;
    fputs("<h2>Whole groups of ", p->out);
    html_text(p->out, text_at(division, "group_column"));
    fputs(" kept apart</h2>\n<p>Rows whose names begin with <code>also-</code> are the same models on folds that never divide objects with the same <code>",
          p->out);
    html_text(p->out, text_at(division, "group_column"));
    fputs("</code>. What they lose against their namesakes is what those owe to the sky, the camera or the night that objects of one group "
          "share, and not to the objects: a part of any image score is of that kind.</p>\n",
          p->out);
}

/* ---- curves, depth, confusion, reliability, magnitudes ---- */

static void write_curves(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Learning curves</h2>\n<p>Accuracy of the first seed by epoch, in per cent: <span class=\"key\" "
          "style=\"background:var(--train)\"></span>while training, <span class=\"key\" style=\"background:var(--image)\"></span>tested, <span "
          "class=\"key\" style=\"background:var(--joint)\"></span>tested, balanced. Tested curves were scored after all training; the number of "
          "epochs was fixed before.</p>\n<div class=\"plots\">\n",
          p->out);
    json_array_foreach((json_t *)(size_t)p->models, i, m) if (json_array_size(json_object_get(m, "curve")) > 0) plot_curve(p->out, m);
    fputs("</div>\n", p->out);
}

static void write_depth_row(const page *p, const json_t *sweep, const json_t *d)
{
    const char *edge = text_at(d, "edge");
    fputs("<tr>", p->out);
    fprintf(p->out, "<td>%s", strcmp(edge, text_at(sweep, "chosen")) == 0 ? "<b>" : "");
    html_text(p->out, edge);
    fprintf(p->out, "%s</td><td>%.0f</td><td>%.1f %%</td><td>%.0f</td><td>%.0f</td>",
            strcmp(edge, text_at(sweep, "chosen")) == 0 ? "</b> (chosen)" : "", number_at(d, "trained_values"), 100 * number_at(d, "ratio"),
            number_at(d, "epochs"), number_at(d, "epochs_to_best"));
    percent_cell(p, figure_at(d, "balanced_accuracy"));
    fprintf(p->out, "<td>%.1f</td></tr>\n", number_at(d, "train_seconds"));
}

static void write_depth(const page *p)
{
    size_t i, k;
    json_t *sweep, *d;
    if (json_array_size(json_object_get(p->report, "depth")) == 0)
        return;
    fputs("<h2>How deep to train</h2>\n<p>Each network is trained from every block edge on, on a part of the first fold's training objects, and "
          "judged on the rest of them. Depths that do badly are left out after a ninth and a third of the epochs. Chosen is the shallowest "
          "within one standard error of the best.</p>\n",
          p->out);
    json_array_foreach(json_object_get(p->report, "depth"), i, sweep)
    {
        const bool random = strcmp(text_at(sweep, "start"), "random") == 0;
        const figure more = figure_at(sweep, "best_less_head");
        fputs("<h3>", p->out);
        html_text(p->out, text_at(sweep, "backbone"));
        fprintf(p->out, ", %s</h3>\n", random ? "from random values: a control, which cannot answer the question" : "from weights");
        fputs("<div class=\"scroll\">\n", p->out);
        plot_depth(p->out, sweep);
        fputs("</div>\n", p->out);
        fprintf(p->out, "<p>The best depth less the head alone: %+.1f points of balanced accuracy (%+.1f to %+.1f) on %.0f objects; <b>%s</b>. The "
                        "sweep took %.0f seconds; every depth in full would take %.0f.</p>\n",
                100 * more.value, 100 * more.low, 100 * more.high, number_at(sweep, "held_objects"), text_at(sweep, "verdict"),
                number_at(sweep, "sweep_seconds"), number_at(sweep, "every_depth_in_full_seconds"));
        table_head(p, "trained from|trained values|of all|epochs|epochs to best|balanced accuracy|seconds");
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

static void write_confusions(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Confusion</h2>\n<div class=\"plots matrices\">\n", p->out);
    json_array_foreach((json_t *)(size_t)p->models, i, m) write_confusion(p, m);
    fputs("</div>\n", p->out);
}

static void write_reliabilities(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Reliability</h2>\n<p>Of the predictions with this confidence, how many per cent are right? On the diagonal, as many as it says; "
          "larger marks are more objects.</p>\n<div class=\"plots\">\n",
          p->out);
    json_array_foreach((json_t *)(size_t)p->models, i, m) plot_reliability(p->out, m);
    fputs("</div>\n", p->out);
}

static void write_magnitudes(const page *p)
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
    table_head(p, "model|r|objects|accuracy|balanced accuracy|macro-F1");
    json_array_foreach((json_t *)(size_t)p->models, i, m)
    {
        json_array_foreach(json_object_get(m, "by_magnitude"), b, bin)
        {
            fputs("<tr>", p->out);
            text_cell(p, "td", text_at(m, "name"));
            fprintf(p->out, "<td>%.2f&ndash;%.2f</td><td>%.0f</td>", number_at(bin, "brightest"), number_at(bin, "faintest"), number_at(bin, "n"));
            percent_cell(p, figure_at(bin, "accuracy"));
            percent_cell(p, figure_at(bin, "balanced_accuracy"));
            percent_cell(p, figure_at(bin, "macro_f1"));
            fputs("</tr>\n", p->out);
        }
    }
    table_end(p);
}

/* ---- mistakes ---- */

static void write_mistake(const page *p, const json_t *mistake)
{
    char path[8192];
    const char *name;
    json_t *value, *model;
    const char *image = text_at(mistake, "image");
    fputs("<figure>", p->out);
    snprintf(path, sizeof path, "%s%s", image[0] == '/' ? "" : p->folder, image);
    if (*image) {
        fputs("<img alt=\"\" src=\"", p->out);
        html_data_uri(p->out, path);
        fputs("\">", p->out);
    }
    fputs("<figcaption><b>", p->out);
    html_text(p->out, text_at(mistake, "label"));
    fputs("</b> taken for <b>", p->out);
    html_text(p->out, text_at(mistake, "predicted"));
    fputs("</b><br><span class=\"dim\">", p->out);
    html_text(p->out, text_at(mistake, "id"));
    fputs("</span><dl>", p->out);
    json_object_foreach(json_object_get(mistake, "values"), name, value)
    {
        text_cell(p, "dt", name);
        text_cell(p, "dd", json_string_value(value));
    }
    json_object_foreach(json_object_get(mistake, "probabilities"), name, model)
    {
        const char *class_name;
        text_cell(p, "dt", name);
        fputs("<dd></dd>", p->out);
        json_object_foreach(model, class_name, value)
        {
            text_cell(p, "dt", class_name);
            fprintf(p->out, "<dd>%.1f %%</dd>", 100 * json_number_value(value));
        }
    }
    fputs("</dl></figcaption></figure>\n", p->out);
}

static void write_mistakes(const page *p)
{
    size_t i;
    json_t *mistake;
    const json_t *mistakes = json_object_get(p->report, "mistakes");
    fputs("<h2>Mistakes</h2>\n<p>", p->out);
    html_text(p->out, text_at(mistakes, "model"));
    fprintf(p->out, " is wrong about %.0f objects. The most confident mistakes, with the probabilities of the fusion and of the best single "
                    "input; some labels may be wrong.</p>\n<div class=\"gallery\">\n",
            number_at(mistakes, "count"));
    json_array_foreach(json_object_get(mistakes, "shown"), i, mistake) write_mistake(p, mistake);
    fputs("</div>\n", p->out);
}

/* ---- cost and configuration ---- */

static void write_cost(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Cost</h2>\n<p>Of all folds and seeds together, on this machine at that time.</p>\n", p->out);
    table_head(p, "model|image side|seconds to train|objects/s in training|objects/s in prediction|memory to train");
    json_array_foreach((json_t *)(size_t)p->models, i, m)
    {
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(m, "name"));
        if (number_at(m, "size") > 0)
            fprintf(p->out, "<td>%.0f</td>", number_at(m, "size"));
        else
            fputs("<td></td>", p->out);
        fprintf(p->out, "<td>%.0f</td>", number_at(m, "train_seconds"));
        if (number_at(m, "plan_bytes") > 0)
            fprintf(p->out, "<td>%.0f</td><td>%.0f</td><td>%.0f MB</td></tr>\n", number_at(m, "train_samples_per_second"),
                    number_at(m, "predict_samples_per_second"), number_at(m, "plan_bytes") / 1e6);
        else
            fputs("<td></td><td></td><td></td></tr>\n", p->out);
    }
    table_end(p);
}

static void write_configuration(const page *p)
{
    const json_t *plan = json_object_get(p->report, "plan"), *left_out = json_object_get(plan, "left_out");
    char *text = json_dumps(json_object_get(plan, "configuration"), JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    size_t i;
    json_t *m;
    fputs("<h2>To repeat it</h2>\n<p>Alcor ", p->out);
    html_text(p->out, text_at(p->report, "version"));
    fputs(" gives the same bits for this configuration on any number of threads and any instruction set. Save it as a file for "
          "<code>sky_experiment --config FILE</code>.</p>\n",
          p->out);
    if (json_array_size(left_out) > 0)
        fprintf(p->out, "<p>The time budget had no room for %zu models, which plan.json names.</p>\n", json_array_size(left_out));
    json_array_foreach((json_t *)(size_t)p->models, i, m)
    {
        if (*text_at(m, "weights_hash") && strcmp(text_at(m, "kind"), "image") == 0 && is_main(m)) {
            fputs("<p>Weights of ", p->out);
            html_text(p->out, text_at(m, "backbone"));
            fprintf(p->out, ": FNV-1a %s</p>\n", text_at(m, "weights_hash"));
        }
    }
    fputs("<pre>", p->out);
    html_text(p->out, text);
    fputs("</pre>\n", p->out);
    free(text);
}

static void write_page(const page *p)
{
    void (*const sections[])(const page *) = {write_facts,    write_fusion,     write_models,        write_pairs,      write_division,
                                              write_data,     write_classes_of_models, write_depth,  write_curves,     write_confusions,
                                              write_reliabilities, write_magnitudes, write_mistakes, write_cost,       write_configuration};
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>Table, image and both</title>\n<style>",
          p->out);
    fputs(report_style, p->out);
    fputs("</style>\n</head>\n<body>\n<h1>Table, image and both: who tells the classes apart?</h1>\n", p->out);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        sections[i](p);
    fputs("</body>\n</html>\n", p->out);
}

bool report_html_write(const char *path, const json_t *report, const char *folder)
{
    output_file file;
    if (!output_file_open(&file, path))
        return false;
    const page p = {.out = file.stream,
                    .report = report,
                    .models = json_object_get(report, "models"),
                    .data = json_object_get(report, "data"),
                    .folder = folder};
    write_page(&p);
    return output_file_commit(&file);
}
