/* report_data.c - sections about what the figures were made from, what they cost, and where the best model errs. */
#include "sky_experiment/report_page.h"

#include <stdlib.h>
#include <string.h>

static bool is_main(const json_t *model)
{
    return strcmp(text_at(model, "division"), "main") == 0;
}

/* ---- data ---- */

void write_facts(const page *p)
{
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 0), *plan = json_object_get(p->report, "plan");
    fprintf(p->out, "<div class=\"facts\"><div><b>%.0f</b>objects</div><div><b>%zu</b>classes</div>",
            number_at(p->data, "objects"), json_array_size(json_object_get(p->data, "classes")));
    fprintf(p->out, "<div><b>%.0f</b>folds, %.0f seed%s</div><div><b>%.0f</b>groups that stay together</div>",
            number_at(plan, "folds"), number_at(plan, "seeds"), number_at(plan, "seeds") == 1 ? "" : "s",
            number_at(division, "groups"));
    fprintf(p->out, "<div><b>%zu</b>model%s</div><div><b class=\"hash\">%s</b>split</div></div>\n",
            json_array_size(p->models), json_array_size(p->models) == 1 ? "" : "s", text_at(division, "split"));
}

static void write_classes(const page *p)
{
    size_t i;
    json_t *item;
    table_start(p, "class|objects|weight in training|counted as");
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
        fputs("<p>No single column of the table decides the class alone (none reaches a balanced accuracy of 80 %).</p>\n",
              p->out);
        return;
    }
    fputs("<p>Columns from which alone the class can be told:</p>\n", p->out);
    table_start(p, "column|balanced accuracy|used as a feature");
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        fputs("<tr>", p->out);
        text_cell(p, "td", text_at(column, "column"));
        fprintf(p->out, "<td>%.1f %%</td><td>%s</td></tr>\n", 100 * number_at(column, "balanced_accuracy"),
                json_is_true(json_object_get(column, "feature")) ? "yes" : "no");
    }
    table_end(p);
}

void write_data(const page *p)
{
    size_t i;
    json_t *item;
    const json_t *division = json_array_get(json_object_get(p->data, "divisions"), 0);
    fputs("<h2>Data</h2>\n<p>Table <code>", p->out);
    html_text(p->out, text_at(p->data, "table"));
    fprintf(p->out, "</code>: %.0f rows, %.0f used. Every object is predicted once, by models that never saw it. ",
            number_at(p->data, "rows"), number_at(p->data, "objects"));
    fprintf(
        p->out,
        "Objects that share sky are never divided between folds: the largest group has %.0f. Labels of a fold's test part cannot "
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

void write_mistakes(const page *p)
{
    size_t i;
    json_t *mistake;
    const json_t *mistakes = json_object_get(p->report, "mistakes");
    fputs("<h2>Mistakes</h2>\n<p>", p->out);
    html_text(p->out, text_at(mistakes, "model"));
    fprintf(
        p->out,
        " is wrong about %.0f objects. The most confident mistakes, with its probabilities and those of the best single input; "
        "some labels may be wrong.</p>\n<div class=\"gallery\">\n",
        number_at(mistakes, "count"));
    json_array_foreach(json_object_get(mistakes, "shown"), i, mistake) write_mistake(p, mistake);
    fputs("</div>\n", p->out);
}

/* ---- cost and configuration ---- */

void write_cost(const page *p)
{
    size_t i;
    json_t *m;
    fputs("<h2>Cost</h2>\n<p>Of all folds and seeds together, on this machine at that time.</p>\n", p->out);
    table_start(p, "model|image side|seconds to train|objects/s in training|objects/s in prediction|memory to train");
    json_array_foreach(p->models, i, m)
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

void write_configuration(const page *p)
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
    json_array_foreach(p->models, i, m)
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
