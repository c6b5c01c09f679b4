/* compare_predictions.c - any tools' predictions of the same objects, judged side by side: figures with 95 % intervals for
 * each file, McNemar's exact test and a paired bootstrap interval for each pair. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/figures_json.h"
#include "common/json_text.h"
#include "common/option_table.h"
#include "common/input_file.h"
#include "common/output_file.h"
#include "common/prediction_file.h"

#define MOST_FILES 64

typedef struct comparison {
    const char *json_path;
    int64_t seed;
    alc_context *context;
    int count;
    prediction_file files[MOST_FILES];
    alc_metrics *metrics[MOST_FILES];
    json_t *pairs;
    char message[8192];
} comparison;

static const option_line lines[] = {
    {"json", "FILE", "the figures as JSON", 0, OPTION_TEXT, .offset = offsetof(comparison, json_path)},
    {"seed", "N", "of the bootstrap's draws", 0, OPTION_INTEGER, .offset = offsetof(comparison, seed), 0, 1e15,
     .show_default = true},
};

static const option_table table = {
    .program = "compare_predictions",
    .usage = "Usage: compare_predictions A.csv B.csv... [OPTION]...\n"
             "Judges predictions (columns id, label, predicted and p_CLASS for every class) of the same objects.\n\n",
    .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line.\n",
    .lines = lines,
    .count = sizeof lines / sizeof lines[0],
    .takes_files = true};

static alc_status read_files(comparison *c, char *const *paths)
{
    for (int i = 0; i < c->count; i++) {
        if (c->json_path && output_replaces(c->json_path, paths[i])) {
            snprintf(c->message, sizeof c->message, "%s: is to be written, but it is also to be read", c->json_path);
            return ALC_INVALID_ARGUMENT;
        }
        const alc_status status = prediction_file_read(c->context, paths[i], &c->files[i], c->message, sizeof c->message);
        if (status)
            return status;
        if (!prediction_files_agree(&c->files[0], &c->files[i], c->message, sizeof c->message))
            return ALC_MISMATCH;
    }
    return ALC_OK;
}

static alc_status judge_files(comparison *c)
{
    for (int i = 0; i < c->count; i++) {
        const prediction_file *f = &c->files[i];
        const alc_status status = alc_metrics_judge(c->context, f->count, f->class_count, f->labels, f->predictions,
                                                    f->probabilities, (uint64_t)c->seed, &c->metrics[i]);
        if (status)
            return status;
    }
    return ALC_OK;
}

/* "93.5 (90.1 - 95.9)" in per cent. */
static const char *percent(alc_estimate e, char *text, size_t size)
{
    snprintf(text, size, "%.1f (%.1f - %.1f)", 100 * e.value, 100 * e.low, 100 * e.high);
    return text;
}

static int longest_path(const comparison *c)
{
    size_t longest = 4;
    for (int i = 0; i < c->count; i++)
        if (strlen(c->files[i].path) > longest)
            longest = strlen(c->files[i].path);
    return longest < 100 ? (int)longest : 100;
}

static void show_files(const comparison *c)
{
    const prediction_file *first = &c->files[0];
    const int width = longest_path(c);
    char a[64], b[64], d[64];
    printf("%lld objects, in per cent with 95 %% intervals\n\n", (long long)first->count);
    printf("%-*s %-21s %-21s %-21s %-24s %s\n", width, "file", "accuracy", "balanced accuracy", "macro-F1", "log-loss",
           "calibration error");
    for (int i = 0; i < c->count; i++) {
        const alc_metrics *m = c->metrics[i];
        printf("%-*s %-21s %-21s %-21s ", width, c->files[i].path, percent(m->accuracy, a, sizeof a),
               percent(m->balanced_accuracy, b, sizeof b), percent(m->macro_f1, d, sizeof d));
        printf("%.4f (%.4f - %.4f) %s\n", m->log_loss.value, m->log_loss.low, m->log_loss.high, percent(m->ece, a, sizeof a));
    }
    printf("\n%-*s %-12s %-21s %-21s %-21s\n", width, "file", "class", "precision", "recall", "F1");
    for (int i = 0; i < c->count; i++)
        for (int64_t k = 0; k < first->class_count; k++) {
            const alc_class_metrics *m = &c->metrics[i]->classes[k];
            printf("%-*s %-12s %-21s %-21s %-21s\n", width, c->files[i].path, first->classes[k],
                   percent(m->precision, a, sizeof a), percent(m->recall, b, sizeof b), percent(m->f1, d, sizeof d));
        }
}

static alc_status compare_pair(comparison *c, int i, int k)
{
    const prediction_file *a = &c->files[i], *b = &c->files[k];
    alc_paired_metrics paired;
    char first[64], second[64];
    const alc_status status = alc_metrics_compare(c->context, a->count, a->class_count, a->labels, a->predictions, b->predictions,
                                                  (uint64_t)c->seed, &paired);
    if (status)
        return status;
    printf("%s - %s: accuracy %s, balanced %s; McNemar p = %.4g (%lld against %lld)\n", a->path, b->path,
           percent(paired.accuracy_difference, first, sizeof first),
           percent(paired.balanced_accuracy_difference, second, sizeof second), paired.mcnemar_p, (long long)paired.only_a,
           (long long)paired.only_b);
    json_t *pair = json_pack("{s:o, s:o}", "a", json_text(a->path), "b", json_text(b->path));
    json_object_update_missing_new(pair, paired_as_json(&paired));
    json_array_append_new(c->pairs, pair);
    return ALC_OK;
}

static alc_status compare_pairs(comparison *c)
{
    alc_status status = ALC_OK;
    if (c->count > 1)
        printf("\nDifferences in per cent, with paired 95 %% intervals\n");
    for (int i = 0; i < c->count; i++)
        for (int k = i + 1; k < c->count && status == ALC_OK; k++)
            status = compare_pair(c, i, k);
    return status;
}

static alc_status write_json(comparison *c)
{
    output_file file;
    json_t *files = json_array();
    if (!c->json_path)
        return json_decref(files), ALC_OK;
    for (int i = 0; i < c->count; i++) {
        json_t *one = json_pack("{s:o, s:I}", "name", json_text(c->files[i].path), "n", (json_int_t)c->files[i].count);
        json_object_update_missing_new(one, metrics_as_json(c->metrics[i], c->files[i].classes));
        json_array_append_new(files, one);
    }
    json_t *root = json_pack("{s:o, s:O}", "files", files, "pairs", c->pairs);
    bool good = root && output_file_open(&file, c->json_path);
    if (good) {
        good = json_dumpf(root, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 && fputc('\n', file.stream) != EOF;
        if (good)
            good = output_file_commit(&file);
        else
            output_file_cancel(&file);
    }
    json_decref(root);
    if (!good)
        snprintf(c->message, sizeof c->message, "%s: cannot be written: %s", c->json_path, file_why());
    return good ? ALC_OK : ALC_IO_ERROR;
}

static alc_status run(comparison *c, char *const *paths)
{
    alc_status status =
        alc_context_create((alc_context_options){.message = c->message, .message_size = sizeof c->message}, &c->context);
    if (status == ALC_OK)
        status = read_files(c, paths);
    if (status == ALC_OK)
        status = judge_files(c);
    if (status == ALC_OK)
        show_files(c);
    if (status == ALC_OK)
        status = compare_pairs(c);
    return status == ALC_OK ? write_json(c) : status;
}

int main(int argc, char **argv)
{
    static comparison c;
    const int parsed = option_table_parse(&table, argc, argv, &c);
    if (parsed >= 0)
        return parsed;
    c.count = argc - optind;
    if (c.count < 1 || c.count > MOST_FILES)
        return option_table_refuse(&table, "expected 1 to %d files of predictions", MOST_FILES);
    c.pairs = json_array();
    const alc_status status = run(&c, argv + optind);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", table.program, c.message[0] || !c.context ? c.message : alc_error_message(c.context));
    }
    for (int i = 0; i < c.count; i++) {
        alc_metrics_destroy(c.metrics[i]);
        prediction_file_free(&c.files[i]);
    }
    json_decref(c.pairs);
    alc_context_destroy(c.context);
    return exit_status(table.program, status);
}
