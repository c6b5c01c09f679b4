/* report_models.c - sections with the figures of all models and their comparisons. */
#include "sky_experiment/report_page.h"

#include <string.h>

#include "sky_experiment/report_plots.h"

void write_fusion(const page *p)
{
    const json_t *fusion = json_object_get(p->report, "fusion");
    const figure d = figure_at(fusion, "accuracy_difference"), b = figure_at(fusion, "balanced_accuracy_difference");
    if (!json_is_object(fusion))
        return;
    fputs("<p class=\"verdict\">The best fusion, <b>", p->out);
    html_text(p->out, text_at(fusion, "a"));
    fputs("</b>, against the best single input, <b>", p->out);
    html_text(p->out, text_at(fusion, "b"));
    fprintf(
        p->out,
        "</b>: %+.1f points of accuracy (%+.1f to %+.1f) and %+.1f of balanced accuracy (%+.1f to %+.1f); McNemar's p = %.3g. "
        "Verdict: <b>%s</b>.</p>\n",
        100 * d.value, 100 * d.low, 100 * d.high, 100 * b.value, 100 * b.low, 100 * b.high, number_at(fusion, "mcnemar_p"),
        text_at(fusion, "verdict"));
}

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

void write_models(const page *p)
{
    size_t i;
    json_t *m;
    const json_t *note = json_object_get(p->report, "baselines");
    fputs("<h2>Models</h2>\n<p>In per cent with 95 % intervals (Wilson's for accuracy, bootstrap over objects for the others). "
          "With several "
          "seeds their probabilities are averaged.</p>\n",
          p->out);
    color_keys(p, "table|image|joint|late|stacked|classical", "table|image|joint|late|stacked|classical");
    fputs("<div class=\"scroll\">\n", p->out);
    plot_models(p->out, p->models);
    fputs("</div>\n", p->out);
    table_start(p, "model|accuracy|balanced|macro-F1|log-loss|calibration error|values|starts");
    json_array_foreach(p->models, i, m) write_model(p, m);
    table_end(p);
    if (json_is_string(note)) {
        fputs("<p>There are no rows of classical algorithms: ", p->out);
        html_text(p->out, json_string_value(note));
        fputs(".</p>\n", p->out);
    }
}

void write_classes_of_models(const page *p)
{
    size_t i;
    json_t *m, *k;
    const char *name;
    fputs("<h2>Classes</h2>\n", p->out);
    table_start(p, "model|class|precision|recall|F1");
    json_array_foreach(p->models, i, m)
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

void write_pairs(const page *p)
{
    size_t i;
    json_t *pair;
    if (json_array_size(json_object_get(p->report, "pairs")) == 0)
        return;
    fputs("<h2>Comparisons</h2>\n<p>On the same objects: differences in points with paired 95 % intervals (bootstrap), and "
          "McNemar's exact test. "
          "Pairs with the best fusion and the best single input; report.json has all.</p>\n",
          p->out);
    table_start(p, "first|second|accuracy|balanced accuracy|only first right|only second right|McNemar p");
    json_array_foreach(json_object_get(p->report, "pairs"), i, pair)
    {
        if (!is_telling(p, pair))
            continue;
        const figure d = figure_at(pair, "accuracy_difference"), b = figure_at(pair, "balanced_accuracy_difference");
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(pair, "a"));
        text_cell(p, "td", text_at(pair, "b"));
        fprintf(p->out, "<td>%+.1f <small>%+.1f to %+.1f</small></td><td>%+.1f <small>%+.1f to %+.1f</small></td>", 100 * d.value,
                100 * d.low, 100 * d.high, 100 * b.value, 100 * b.low, 100 * b.high);
        fprintf(p->out, "<td>%.0f</td><td>%.0f</td><td>%.3g</td></tr>\n", number_at(pair, "only_a"), number_at(pair, "only_b"),
                number_at(pair, "mcnemar_p"));
    }
    table_end(p);
}

void write_division(const page *p)
{
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 1);
    if (!division)
        return;
    fputs("<h2>Whole groups of ", p->out);
    html_text(p->out, text_at(division, "group_column"));
    fputs(" kept apart</h2>\n<p>Rows whose names begin with <code>also-</code> are the same models on folds that never divide "
          "objects with the same <code>",
          p->out);
    html_text(p->out, text_at(division, "group_column"));
    fputs("</code>. What they lose against their namesakes is what those owe to the sky, the camera or the night that objects of "
          "one group "
          "share, and not to the objects: a part of any image score is of that kind.</p>\n",
          p->out);
}
