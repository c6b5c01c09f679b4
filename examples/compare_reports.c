/* compare_reports.c - the results of several trainings side by side, from the files of --report. They must have judged
 * the same test objects. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/json_file.h"
#include "common/option_table.h"

#define MOST_REPORTS 16

static const option_table table = {
    .program = "compare_reports",
    .usage = "Usage: compare_reports REPORT.json...\nPrints the results of trainings on the same split side by side.\n\n",
    .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line.\n",
    .takes_files = true};

static const char *split_of(const json_t *report)
{
    const char *split = json_string_value(json_object_get(json_object_get(report, "settings"), "split"));
    return split ? split : "";
}

static alc_status fail(const char *path, const char *sentence)
{
    fprintf(stderr, "%s: %s: %s\n", table.program, path, sentence);
    return ALC_BAD_FILE;
}

/* "93.5 (90.1 - 95.9)" of the estimate at `member` of `object`; "" if there is none. */
static void print_estimate(const json_t *object, const char *member)
{
    double value, low, high;
    char text[64] = "";
    if (json_unpack(json_object_get(object, member), "{s:F, s:F, s:F}", "value", &value, "low", &low, "high", &high) ==
        0)
        snprintf(text, sizeof text, "%.1f (%.1f - %.1f)", 100 * value, 100 * low, 100 * high);
    printf("  %-20s", text);
}

static void print_rows(json_t *const *reports, int count)
{
    static const char *const figures[][2] = {
        {"accuracy", "accuracy"}, {"balanced accuracy", "balanced_accuracy"}, {"macro-F1", "macro_f1"}};
    for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++) {
        printf("\n%-24s", figures[f][0]);
        for (int i = 0; i < count; i++)
            print_estimate(json_object_get(reports[i], "test"), figures[f][1]);
    }
    const json_t *classes = json_object_get(json_object_get(reports[0], "test"), "classes");
    for (size_t c = 0; c < json_array_size(classes); c++) {
        static const char *const members[][2] = {{"precision", "precision"}, {"recall", "recall"}, {"F1", "f1"}};
        const char *name = json_string_value(json_object_get(json_array_get(classes, c), "name"));
        for (int m = 0; m < 3; m++) {
            char label[64];
            snprintf(label, sizeof label, "%s %s", name ? name : "?", members[m][0]);
            printf("\n%-24s", label);
            for (int i = 0; i < count; i++) {
                const json_t *own = json_object_get(json_object_get(reports[i], "test"), "classes");
                print_estimate(json_array_get(own, c), members[m][1]);
            }
        }
    }
    printf("\n");
}

static void print_table(json_t *const *reports, int count)
{
    const json_t *samples = json_object_get(json_object_get(reports[0], "test"), "samples");
    printf("The same %lld test objects (split %s), in per cent with 95 %% intervals\n\n%-24s",
           (long long)json_integer_value(samples), split_of(reports[0]), "");
    for (int i = 0; i < count; i++) {
        const char *name = json_string_value(json_object_get(json_object_get(reports[i], "model"), "name"));
        printf("  %-20s", name ? name : "?");
    }
    print_rows(reports, count);
    printf("%-24s", "seconds to train");
    for (int i = 0; i < count; i++) {
        char text[32];
        const json_t *training = json_object_get(reports[i], "training");
        snprintf(text, sizeof text, "%.0f", json_number_value(json_object_get(training, "seconds")));
        printf("  %-20s", text);
    }
    printf("\n");
}

static alc_status read_report(const char *path, json_t **report)
{
    char why[512];
    *report = json_file_read(path, why, sizeof why);
    if (!*report)
        return fail(path, why);
    const bool judged = json_is_integer(json_object_get(json_object_get(*report, "test"), "samples"));
    return judged && *split_of(*report) ? ALC_OK : fail(path, "is no report of a trainer");
}

/* Rows of classes stand side by side by their place; another column may name the same classes otherwise. */
static bool same_classes(const json_t *a, const json_t *b)
{
    const json_t *first = json_object_get(json_object_get(a, "test"), "classes");
    const json_t *second = json_object_get(json_object_get(b, "test"), "classes");
    bool same = json_array_size(first) == json_array_size(second);
    for (size_t c = 0; same && c < json_array_size(first); c++)
        same = json_equal(json_object_get(json_array_get(first, c), "name"), json_object_get(json_array_get(second, c), "name"));
    return same;
}

static alc_status compare(char *const *paths, json_t **reports, int count)
{
    for (int i = 0; i < count; i++) {
        const alc_status status = read_report(paths[i], &reports[i]);
        if (status)
            return status;
        if (strcmp(split_of(reports[i]), split_of(reports[0])) != 0) {
            char sentence[8192];
            snprintf(sentence, sizeof sentence, "its split is %s, that of %s is %s: they judged other objects",
                     split_of(reports[i]), paths[0], split_of(reports[0]));
            return fail(paths[i], sentence);
        }
        if (!same_classes(reports[i], reports[0]))
            return fail(paths[i], "its classes have other names than those of the first report");
    }
    print_table(reports, count);
    return ALC_OK;
}

int main(int argc, char **argv)
{
    json_t *reports[MOST_REPORTS] = {0};
    const int parsed = option_table_parse(&table, argc, argv, NULL);
    if (parsed >= 0)
        return parsed;
    if (optind == argc || argc - optind > MOST_REPORTS)
        return option_table_refuse(&table, "expected 1 to %d files that trainers wrote with --report", MOST_REPORTS);
    const alc_status status = compare(argv + optind, reports, argc - optind);
    for (int i = 0; i < MOST_REPORTS; i++)
        json_decref(reports[i]);
    return exit_status(table.program, status);
}
