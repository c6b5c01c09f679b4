/* sky_experiment.c - the paper's question, asked of anyone's objects: how well do the table, the image and both tell the classes
 * apart? Everything is done in units that are kept, so the same command goes on where it was stopped. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/exit_status.h"
#include "common/input_file.h"
#include "common/lock_file.h"
#include "common/output_file.h"
#include "common/stop_signal.h"
#include "sky_experiment/baselines.h"
#include "sky_experiment/depth_sweep.h"
#include "sky_experiment/network.h"
#include "sky_experiment/report_html.h"
#include "sky_experiment/score.h"

#define PROGRAM "sky_experiment"

typedef struct experiment_run {
    configuration options;
    study study;
    work work;
    lock_file lock; /* of the folder: two that did the same units would write to the same temporary files */
} experiment_run;

static void show_study(const study *s)
{
    printf("%lld objects (", (long long)s->count);
    for (int64_t c = 0; c < s->class_count; c++) {
        int64_t of_class = 0;
        for (int64_t i = 0; i < s->count; i++)
            of_class += alc_dataset_label(s->objects, i) == c;
        printf("%s%s %lld", c ? ", " : "", s->classes[c], (long long)of_class);
        if (s->options->class_weights)
            printf(" counted as %.1f", (double)s->count / (double)s->class_count);
    }
    printf(") in %lld groups and %lld folds; split %s\n", (long long)s->group_count[DIVISION_MAIN], (long long)s->options->folds,
           s->split_hash[DIVISION_MAIN]);
}

static void show_plan(const work *w)
{
    printf("%d models, %lld seed%s, %lld fold%s", w->row_count, (long long)w->seeds, w->seeds == 1 ? "" : "s",
           (long long)w->folds, w->folds == 1 ? "" : "s");
    if (w->estimated_seconds > 0)
        printf("; about %.1f minutes", w->estimated_seconds / 60);
    if (w->left_out_count > 0)
        printf("; %d models have no time in the budget", w->left_out_count);
    printf("\n");
    fflush(stdout);
}

/* The path of a name in the folder of --output; false: too long for one. */
static bool place_in(const study *s, const char *name, char *path, size_t size)
{
    return (size_t)snprintf(path, size, "%s/%s", s->options->output, name) < size;
}

/* Whether the experiment writes where a file lies that it reads. */
static bool writes_over(const study *s, const char *input)
{
    static const char *const files[] = {"split.csv", "plan.json", "report.json", "report.html", "experiment.lock"};
    static const char *const folders[] = {"units", "models", "predictions", "baselines"};
    char path[4096];
    bool over = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && !over; i++)
        over = place_in(s, files[i], path, sizeof path) && output_replaces(path, input);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !over; i++)
        over = place_in(s, folders[i], path, sizeof path) && output_folder_holds(path, input);
    return over;
}

static alc_status check_inputs(study *s)
{
    const configuration *c = s->options;
    const char *over = writes_over(s, c->table) ? c->table : c->config && writes_over(s, c->config) ? c->config : NULL;
    for (int i = 0; i < c->own_count && !over; i++)
        over = c->own[i].weights && writes_over(s, c->own[i].weights) ? c->own[i].weights : NULL;
    for (int64_t i = 0; i < s->count && s->images && !over; i++)
        over = writes_over(s, alc_dataset_image_path(s->objects, i)) ? alc_dataset_image_path(s->objects, i) : NULL;
    return over ? study_fail(s, ALC_INVALID_ARGUMENT, "%s: is to be read, but --output %s writes there; take another --output", over,
                             c->output)
                : ALC_OK;
}

static alc_status lock_folder(experiment_run *run)
{
    static const char held[] = "another sky_experiment is at work there";
    char path[sizeof run->lock.path];
    study *s = &run->study;
    alc_status status = make_folder(s, "");
    if (status)
        return status;
    if (!place_in(s, "experiment.lock", path, sizeof path))
        return study_fail(s, ALC_IO_ERROR, "%s: its name is too long", s->options->output);
    const char *why = lock_file_take(&run->lock, path, held);
    if (why == held)
        return study_fail(s, ALC_IO_ERROR, "%s: %s", s->options->output, why);
    return why ? study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, why) : ALC_OK;
}

static alc_status prepare(experiment_run *run)
{
    static const char *const folders[] = {"units", "models", "predictions"};
    study *s = &run->study;
    alc_status status = study_open(s, &run->options);
    if (status == ALC_OK)
        status = check_inputs(s);
    if (status == ALC_OK)
        status = network_check_weights(s);
    if (status == ALC_OK)
        show_study(s);
    if (status == ALC_OK)
        status = lock_folder(run);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && status == ALC_OK; i++)
        status = make_folder(s, folders[i]);
    if (status == ALC_OK)
        status = work_plan(s, &run->work); /* first, for it refuses a folder that holds another experiment */
    if (status == ALC_OK)
        status = study_write_split(s);
    if (status == ALC_OK)
        show_plan(&run->work);
    return status;
}

/* All rows of one backbone for each seed and fold in turn: a late fusion takes the image's model, which is then not needed. */
static alc_status do_rows(experiment_run *run, int begin, int end)
{
    study *s = &run->study;
    alc_status status = ALC_OK;
    for (int64_t seed = 0; seed < run->work.seeds; seed++)
        for (int64_t fold = 0; fold < run->work.folds; fold++) {
            for (int i = begin; i < end && status == ALC_OK; i++) {
                const work_unit unit = unit_of(&run->work.rows[i], seed, fold);
                status = unit_do(s, &unit);
                if (status == ALC_OK && stop_signal_received(NULL))
                    status = ALC_INTERRUPTED;
                if (status == ALC_OK)
                    printf("%s\n", unit.name);
                fflush(stdout);
            }
            for (int i = begin; i < end && status == ALC_OK; i++) {
                const work_unit unit = unit_of(&run->work.rows[i], seed, fold);
                unit_tidy(s, &unit);
            }
        }
    return status;
}

static bool write_json(const char *path, const json_t *report)
{
    output_file file;
    if (!output_file_open(&file, path))
        return false;
    if (json_dumpf(report, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0 && fputc('\n', file.stream) != EOF)
        return output_file_commit(&file);
    output_file_cancel(&file);
    return false;
}

static const char *image_folder(const configuration *c, char *folder, size_t size)
{
    const char *slash = strrchr(c->table, '/');
    if (c->images)
        snprintf(folder, size, "%s/", c->images);
    else
        snprintf(folder, size, "%.*s", slash ? (int)(slash - c->table) + 1 : 0, c->table);
    return folder;
}

/* Judges what is done so far and writes the report of it. */
static alc_status report(experiment_run *run, const json_t *depth, bool baselines)
{
    char path[4096], folder[4096];
    study *s = &run->study;
    score k;
    json_t *root = NULL, *classical = json_null();
    alc_status status = score_open(s, &run->work, &k);
    if (status == ALC_OK && baselines)
        status = baselines_add(&k, &classical);
    if (status == ALC_OK) {
        root = score_report(&k, json_pack("{s:O, s:O}", "depth", depth, "baselines", classical));
        status = root ? ALC_OK : study_fail(s, ALC_OUT_OF_MEMORY, "the report cannot be made: %s", alc_error_message(s->context));
    }
    snprintf(path, sizeof path, "%s/report.json", s->options->output);
    if (status == ALC_OK && !write_json(path, root))
        status = study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
    snprintf(path, sizeof path, "%s/report.html", s->options->output);
    if (status == ALC_OK && !report_html_write(path, root, image_folder(s->options, folder, sizeof folder)))
        status = study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
    json_decref(root);
    json_decref(classical);
    score_free(&k);
    return status;
}

/* Backbone by backbone; the report is renewed after each, so that there is one while the others are trained. */
static alc_status do_all(experiment_run *run)
{
    json_t *depth = json_array();
    alc_status status = ALC_OK;
    for (int begin = 0, end; begin < run->work.row_count && status == ALC_OK; begin = end) {
        const work_row *rows = run->work.rows;
        for (end = begin + 1; end < run->work.row_count && rows[end].backbone == rows[begin].backbone &&
                              rows[end].division == rows[begin].division;
             end++)
            continue;
        status = do_rows(run, begin, end);
        if (status == ALC_OK && end < run->work.row_count)
            status = report(run, depth, false);
    }
    if (status == ALC_OK)
        status = depth_sweep(&run->study, depth);
    if (status == ALC_OK)
        status = report(run, depth, true);
    json_decref(depth);
    if (status == ALC_OK)
        printf("The report: %s/report.html (and report.json)\n", run->options.output);
    return status;
}

int main(int argc, char **argv)
{
    static experiment_run run;
    const int parsed = configuration_parse(argc, argv, &run.options);
    if (parsed >= 0) {
        configuration_free(&run.options);
        return parsed;
    }
    stop_signal_install();
    alc_status status = prepare(&run);
    if (status == ALC_OK)
        status = do_all(&run);
    if (status == ALC_INTERRUPTED)
        study_fail(&run.study, status, "interrupted; the same command goes on");
    if (status) {
        fflush(stdout);
        fprintf(stderr, "%s: %s\n", PROGRAM, study_message(&run.study));
    }
    lock_file_release(&run.lock);
    study_free(&run.study);
    configuration_free(&run.options);
    return exit_status(PROGRAM, status);
}
