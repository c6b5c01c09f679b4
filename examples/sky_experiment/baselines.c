/* baselines.c - starts the Python script, and takes the predictions that it leaves. */
#include "sky_experiment/baselines.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/json_file.h"

#define MOST_ARGUMENTS 32

/* "u,g,u-g" */
static void list_features(const study *s, char *text, size_t size)
{
    size_t length = 0;
    for (int i = 0; i < s->feature_count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? "," : "", s->features[i]);
}

/* Runs the script and waits. NULL, or why there is no result: static text. */
static const char *run_script(const study *s, const char *folder, const char *split)
{
    extern char **environ;
    const configuration *c = s->options;
    char features[8192], *arguments[MOST_ARGUMENTS];
    int count = 0, state;
    pid_t child;
    list_features(s, features, sizeof features);
    const char *const given[] = {c->python,
                                 CLASSICAL_BASELINES,
                                 "--table",
                                 c->table,
                                 "--split",
                                 split,
                                 "--output",
                                 folder,
                                 "--features",
                                 features,
                                 "--label",
                                 c->label ? c->label : "class",
                                 c->id ? "--id" : NULL,
                                 c->id};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        if (given[i])
            arguments[count++] = (char *)(uintptr_t)given[i];
    if (c->missing) {
        static char option[] = "--missing";
        arguments[count++] = option;
        arguments[count++] = (char *)(uintptr_t)c->missing;
    }
    arguments[count] = NULL;
    fflush(stdout);
    if (posix_spawnp(&child, c->python, NULL, NULL, arguments, environ) != 0)
        return "Python is not there";
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR)
            return "Python could not be waited for";
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return NULL;
    return WIFEXITED(state) && WEXITSTATUS(state) == 127 ? "Python is not there"
                                                         : "scripts/classical_baselines.py failed; it says why on the terminal";
}

static json_t *read_index(const char *path)
{
    char why[512];
    return json_file_read(path, why, sizeof why);
}

/* One row for each entry {"name", "file", "library", "train_seconds"} of the index. */
static alc_status add_rows(score *k, const char *folder, const json_t *index)
{
    alc_status status = ALC_OK;
    for (size_t i = 0; i < json_array_size(index) && status == ALC_OK; i++) {
        const json_t *entry = json_array_get(index, i);
        const char *name, *file, *library;
        double seconds;
        char path[8192];
        if (json_unpack((json_t *)entry, "{s:s, s:s, s:s, s:F}", "name", &name, "file", &file, "library", &library,
                        "train_seconds", &seconds) != 0)
            return study_fail(k->study, ALC_BAD_FILE, "%s/index.json: an entry lacks a member", folder);
        snprintf(path, sizeof path, "%s/%s", folder, file);
        status = score_add_file(k, name, path,
                                json_pack("{s:s, s:s, s:s, s:s, s:s, s:f}", "kind", "classical", "backbone", "", "division",
                                          "main", "start", "", "library", library, "train_seconds", seconds));
    }
    return status;
}

alc_status baselines_add(score *k, json_t **note)
{
    study *s = k->study;
    char folder[4096], path[4200], split[4200];
    const char *wrong = NULL;
    if (!s->options->baselines)
        return ALC_OK;
    snprintf(folder, sizeof folder, "%s/baselines", s->options->output);
    snprintf(path, sizeof path, "%s/index.json", folder);
    snprintf(split, sizeof split, "%s/split.csv", s->options->output);
    if (k->work->folds < s->options->folds)
        wrong = "the budget has no time for all folds, which the classical algorithms need";
    else if (!file_exists(path))
        wrong = run_script(s, folder, split);
    json_t *index = wrong ? NULL : read_index(path);
    if (!wrong && !index)
        wrong = "scripts/classical_baselines.py left no index of its files";
    if (wrong) {
        printf("no classical algorithms: %s\n", wrong);
        json_decref(*note);
        *note = json_string(wrong);
        return ALC_OK;
    }
    const alc_status status = add_rows(k, folder, index);
    json_decref(index);
    return status;
}
