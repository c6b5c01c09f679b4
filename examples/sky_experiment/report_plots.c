/* report_plots.c - axes and marks. Colours are the page's (report_style.h), so plots follow its light and dark form. */
#include "sky_experiment/report_plots.h"

#include <math.h>
#include <string.h>

#include "sky_experiment/html_text.h"

/* A plot's inner rectangle and the values at its borders. */
typedef struct frame {
    double left, top, width, height;
    double x0, x1, y0, y1;
} frame;

static double across(const frame *f, double x)
{
    return f->left + f->width * (x - f->x0) / (f->x1 - f->x0);
}

static double down(const frame *f, double y)
{
    return f->top + f->height * (f->y1 - y) / (f->y1 - f->y0);
}

static void begin_plot(FILE *out, const char *kind, const char *title, double width, double height)
{
    fprintf(out, "<svg class=\"plot%s\" data-plot=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
            width > 500 ? " wide" : "", kind, width, height);
    html_text(out, title);
    fprintf(out, "\" style=\"max-width:%.0fpx\">\n", width);
}

static void draw_frame(FILE *out, const frame *f)
{
    fprintf(out, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", f->left, f->top, f->width,
            f->height);
}

static void write_label(FILE *out, double x, double y, const char *anchor, const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    html_text(out, text);
    fputs("</text>\n", out);
}

/* The smallest round step that gives at most `most` steps within `span`. */
static double round_step(double span, int most)
{
    static const double steps[] = {0.02, 0.05, 0.1, 0.2, 0.25};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (span / steps[i] < most + 0.01)
            return steps[i];
    return 0.5;
}

/* At most `most` lines across below the top one, labelled in per cent. */
static void draw_percent_lines(FILE *out, const frame *f, int most)
{
    const double step = round_step(f->y1 - f->y0, most);
    for (double value = f->y1; value > f->y0 - 0.001; value -= step) {
        char text[32];
        snprintf(text, sizeof text, "%.0f", 100 * value + 1e-6);
        fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", f->left, f->left + f->width,
                down(f, value), down(f, value));
        write_label(out, f->left - 5, down(f, value) + 4, "end", text);
    }
}

/* The multiple of a tenth below the smallest interval, so that differences can be seen. */
static double lower_border(double smallest)
{
    const double border = floor(10 * smallest) / 10;
    return border < 0 ? 0 : border > 0.9 ? 0.9 : border;
}

/* ---- all models ---- */

void plot_models(FILE *out, const json_t *models)
{
    const size_t count = json_array_size(models);
    double smallest = 1;
    for (size_t i = 0; i < count; i++) {
        const figure b = figure_at(json_array_get(models, i), "balanced_accuracy"),
                     a = figure_at(json_array_get(models, i), "accuracy");
        smallest = fmin(smallest, fmin(a.low, b.low));
    }
    const double row = 22, height = row * (double)count + 44;
    const frame f = {
        .left = 190, .top = 8, .width = 480, .height = row * (double)count, .x0 = lower_border(smallest), .x1 = 1, .y1 = 1};
    begin_plot(out, "models", "accuracy and balanced accuracy of all models with 95 % intervals", 690, height);
    draw_frame(out, &f);
    const double step = round_step(1 - f.x0, 6);
    for (double value = 1; value > f.x0 - 0.001; value -= step) {
        char text[16];
        snprintf(text, sizeof text, "%.0f", 100 * value + 1e-6);
        fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", across(&f, value),
                across(&f, value), f.top, f.top + f.height);
        write_label(out, across(&f, value), f.top + f.height + 15, "middle", text);
    }
    write_label(out, f.left + f.width / 2, f.top + f.height + 32, "middle",
                "per cent: accuracy (hollow), balanced accuracy (filled)");
    for (size_t i = 0; i < count; i++) {
        const json_t *model = json_array_get(models, i);
        const figure b = figure_at(model, "balanced_accuracy"), a = figure_at(model, "accuracy");
        const double y = f.top + row * ((double)i + 0.5);
        const char *kind = text_at(model, "kind");
        write_label(out, f.left - 8, y + 4, "end", text_at(model, "name"));
        fprintf(out, "<line class=\"mark s-%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", kind, across(&f, b.low),
                across(&f, b.high), y + 3, y + 3);
        fprintf(out, "<circle class=\"mark f-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", kind, across(&f, b.value), y + 3);
        fprintf(out, "<line class=\"mark thin s-%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", kind,
                across(&f, a.low), across(&f, a.high), y - 4, y - 4);
        fprintf(out, "<circle class=\"mark hollow s-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", kind, across(&f, a.value), y - 4);
    }
    fputs("</svg>\n", out);
}

/* ---- curves ---- */

/* The member of every element (through "test" where asked for) as a line. */
static void draw_line(FILE *out, const frame *f, const json_t *list, const char *inner, const char *member, const char *style)
{
    const size_t count = json_array_size(list);
    fprintf(out, "<polyline class=\"mark line %s\" points=\"", style);
    for (size_t e = 0; e < count; e++) {
        const json_t *epoch = json_array_get(list, e), *object = inner ? json_object_get(epoch, inner) : epoch;
        fprintf(out, "%.1f,%.1f ", across(f, (double)e + 1), down(f, fmax(f->y0, fmin(f->y1, number_at(object, member)))));
    }
    fputs("\"/>\n", out);
}

void plot_curve(FILE *out, const json_t *model)
{
    const json_t *curve = json_object_get(model, "curve");
    const size_t count = json_array_size(curve);
    const bool tested = json_object_get(json_array_get(curve, 0), "test") != NULL;
    char last[32];
    double smallest = 1;
    for (size_t e = 0; e < count; e++) {
        smallest = fmin(smallest, number_at(json_array_get(curve, e), "accuracy"));
        if (tested)
            smallest = fmin(smallest, number_at(json_object_get(json_array_get(curve, e), "test"), "balanced_accuracy"));
    }
    const frame f = {.left = 32,
                     .top = 22,
                     .width = 220,
                     .height = 120,
                     .x0 = count > 1 ? 1 : 0,
                     .x1 = (double)count,
                     .y0 = lower_border(smallest),
                     .y1 = 1};
    begin_plot(out, "curve", text_at(model, "name"), 262, 166);
    draw_frame(out, &f);
    draw_percent_lines(out, &f, 4);
    write_label(out, f.left, 14, "start", text_at(model, "name"));
    snprintf(last, sizeof last, "%zu epochs", count);
    write_label(out, f.left + f.width, f.top + f.height + 15, "end", last);
    draw_line(out, &f, curve, NULL, "accuracy", "s-train");
    if (tested) {
        draw_line(out, &f, curve, "test", "accuracy", "s-image");
        draw_line(out, &f, curve, "test", "balanced_accuracy", "s-joint");
    }
    fputs("</svg>\n", out);
}

/* ---- reliability ---- */

void plot_reliability(FILE *out, const json_t *model)
{
    const json_t *bins = json_object_get(model, "reliability");
    const frame f = {.left = 32, .top = 22, .width = 140, .height = 140, .x0 = 0, .x1 = 1, .y0 = 0, .y1 = 1};
    size_t i;
    json_t *bin;
    begin_plot(out, "reliability", text_at(model, "name"), 182, 186);
    draw_frame(out, &f);
    draw_percent_lines(out, &f, 4);
    write_label(out, f.left, 14, "start", text_at(model, "name"));
    write_label(out, f.left + f.width, f.top + f.height + 15, "end", "confidence");
    fprintf(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", f.left, f.top + f.height,
            f.left + f.width, f.top);
    json_array_foreach(bins, i, bin)
    {
        const double n = number_at(bin, "count");
        if (n > 0)
            fprintf(out, "<circle class=\"mark f-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>%.0f objects</title></circle>\n",
                    text_at(model, "kind"), across(&f, number_at(bin, "confidence")), down(&f, number_at(bin, "hits") / n),
                    2 + fmin(5, sqrt(n) / 5), n);
    }
    fputs("</svg>\n", out);
}

/* ---- depth ---- */

static void draw_depth_axis(FILE *out, const frame *f)
{
    for (int power = (int)ceil(f->x0); power <= (int)floor(f->x1); power++) {
        static const char *const names[] = {"1", "10", "100", "1 k", "10 k", "100 k", "1 M", "10 M", "100 M", "1 G"};
        fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", across(f, power),
                across(f, power), f->top, f->top + f->height);
        write_label(out, across(f, power), f->top + f->height + 15, "middle", names[power < 0 ? 0 : power > 9 ? 9 : power]);
    }
}

static void draw_depth(FILE *out, const frame *scores, const frame *seconds, const json_t *depth, bool chosen)
{
    const double x = log10(number_at(depth, "trained_values"));
    const figure b = figure_at(depth, "balanced_accuracy");
    const bool last_round = number_at(depth, "rounds") >= 3;
    fprintf(out, "<line class=\"mark %s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
            last_round ? "s-image" : "thin s-train", across(scores, x), across(scores, x), down(scores, b.low),
            down(scores, b.high));
    fprintf(out, "<circle class=\"mark %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>", last_round ? "f-image" : "hollow s-train",
            across(scores, x), down(scores, b.value), chosen ? 7 : 4);
    html_text(out, text_at(depth, "edge"));
    fputs("</title></circle>\n", out);
    if (chosen)
        write_label(out, across(scores, x), down(scores, b.high) - 4, "middle", "chosen");
    fprintf(out, "<circle class=\"mark f-joint\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", across(seconds, x),
            down(seconds, number_at(depth, "epoch_from_image_seconds")));
}

void plot_depth(FILE *out, const json_t *sweep)
{
    const json_t *depths = json_object_get(sweep, "depths");
    double smallest = 1, fewest = 1e12, most = 1, longest = 0;
    for (size_t i = 0; i < json_array_size(depths); i++) {
        const json_t *d = json_array_get(depths, i);
        smallest = fmin(smallest, figure_at(d, "balanced_accuracy").low);
        fewest = fmin(fewest, number_at(d, "trained_values"));
        most = fmax(most, number_at(d, "trained_values"));
        longest = fmax(longest, number_at(d, "epoch_from_image_seconds"));
    }
    const frame scores = {.left = 40,
                          .top = 24,
                          .width = 420,
                          .height = 190,
                          .x0 = log10(fewest) - 0.2,
                          .x1 = log10(most) + 0.2,
                          .y0 = lower_border(smallest),
                          .y1 = 1};
    frame seconds = scores;
    seconds.top = 260;
    seconds.height = 110;
    seconds.y0 = 0;
    seconds.y1 = longest > 0 ? 1.1 * longest : 1;
    begin_plot(out, "depth", text_at(sweep, "backbone"), 480, 410);
    draw_frame(out, &scores);
    draw_percent_lines(out, &scores, 5);
    draw_depth_axis(out, &scores);
    draw_frame(out, &seconds);
    draw_depth_axis(out, &seconds);
    write_label(out, 40, 16, "start", "balanced accuracy of held objects, per cent (hollow: left out early)");
    write_label(out, 40, 253, "start", "seconds for an epoch from the image up");
    write_label(out, 460, 402, "end", "trained values");
    char top[32];
    snprintf(top, sizeof top, "%.3g", seconds.y1);
    write_label(out, seconds.left - 5, seconds.top + 10, "end", top);
    write_label(out, seconds.left - 5, seconds.top + seconds.height, "end", "0");
    for (size_t i = 0; i < json_array_size(depths); i++) {
        const json_t *d = json_array_get(depths, i);
        draw_depth(out, &scores, &seconds, d, strcmp(text_at(d, "edge"), text_at(sweep, "chosen")) == 0);
    }
    fputs("</svg>\n", out);
}

/* ---- magnitudes ---- */

static const json_t *model_named(const json_t *models, const char *name)
{
    for (size_t i = 0; i < json_array_size(models); i++)
        if (strcmp(text_at(json_array_get(models, i), "name"), name) == 0)
            return json_array_get(models, i);
    return NULL;
}

static void draw_magnitudes(FILE *out, const frame *f, const json_t *model, double shift)
{
    const json_t *bins = json_object_get(model, "by_magnitude");
    const char *kind = text_at(model, "kind");
    for (size_t b = 0; b < json_array_size(bins); b++) {
        const json_t *bin = json_array_get(bins, b);
        const figure a = figure_at(bin, "accuracy");
        const double x = across(f, (double)b + 0.5) + shift;
        fprintf(out, "<line class=\"mark s-%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", kind, x, x,
                down(f, fmax(f->y0, a.low)), down(f, a.high));
        fprintf(out, "<circle class=\"mark f-%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", kind, x, down(f, fmax(f->y0, a.value)));
    }
}

void plot_magnitudes(FILE *out, const json_t *models, const char *const *names)
{
    const json_t *first = model_named(models, names[0]), *bins = json_object_get(first, "by_magnitude");
    const size_t count = json_array_size(bins);
    double smallest = 1;
    for (const char *const *name = names; *name; name++)
        for (size_t b = 0; b < count; b++)
            smallest =
                fmin(smallest,
                     figure_at(json_array_get(json_object_get(model_named(models, *name), "by_magnitude"), b), "accuracy").low);
    const frame f = {
        .left = 40, .top = 30, .width = 560, .height = 200, .x0 = 0, .x1 = (double)count, .y0 = lower_border(smallest), .y1 = 1};
    begin_plot(out, "magnitudes", "accuracy by r magnitude", 620, 270);
    draw_frame(out, &f);
    draw_percent_lines(out, &f, 6);
    for (size_t b = 0; b < count; b++) {
        char text[64];
        const json_t *bin = json_array_get(bins, b);
        snprintf(text, sizeof text, "%.1f - %.1f", number_at(bin, "brightest"), number_at(bin, "faintest"));
        write_label(out, across(&f, (double)b + 0.5), f.top + f.height + 16, "middle", text);
    }
    double x = f.left;
    for (int i = 0; names[i]; i++) {
        const json_t *model = model_named(models, names[i]);
        fprintf(out, "<circle class=\"mark f-%s\" cx=\"%.1f\" cy=\"14\" r=\"4\"/>\n", text_at(model, "kind"), x + 6);
        write_label(out, x + 14, 18, "start", names[i]);
        x += 30 + 7.5 * (double)strlen(names[i]);
        draw_magnitudes(out, &f, model, 14.0 * (i - 1));
    }
    write_label(out, f.left + f.width / 2, f.top + f.height + 34, "middle",
                "r magnitude; accuracy in per cent with 95 % intervals");
    fputs("</svg>\n", out);
}
