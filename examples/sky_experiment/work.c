/* work.c - rows in the order of their worth, and as many as fit a budget. */
#include "sky_experiment/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/input_file.h"
#include "common/json_file.h"
#include "common/output_file.h"
#include "sky_experiment/network.h"

/* Settings that only say how much is done: they may change from one run to the next in the same folder. */
static const char *const amounts[] = {"backbones", "fusion",      "without",    "sweep", "seeds",
                                      "baselines", "time-budget", "also-group", NULL};

/* ---- names ---- */

work_unit unit_of(const work_row *row, int64_t seed, int64_t fold)
{
    work_unit unit = {.row = row, .seed = seed, .fold = fold};
    snprintf(unit.name, sizeof unit.name, "%s-s%lld-f%lld", row->name, (long long)seed + 1, (long long)fold + 1);
    return unit;
}

void unit_path(const study *s, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/units/%s.json", s->options->output, name);
}

void model_path(const study *s, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/models/%s.safetensors", s->options->output, name);
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

alc_status make_folder(study *s, const char *name)
{
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s", s->options->output, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return study_fail(s, ALC_IO_ERROR, "%s: its name is too long", s->options->output);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST)
            return study_fail(s, ALC_IO_ERROR, "%s: cannot be made: %s", path, strerror(errno));
        *slash = '/';
    }
    if (*name && mkdir(path, 0777) && errno != EEXIST)
        return study_fail(s, ALC_IO_ERROR, "%s: cannot be made: %s", path, strerror(errno));
    return ALC_OK;
}

/* ---- rows ---- */

work_row row_of(const configuration *c, row_kind kind, const alc_backbone *backbone, int division)
{
    static const char *const kinds[ROW_KINDS] = {"table", "image", "joint", "late", "stacked"};
    work_row row = {.kind = kind, .backbone = backbone, .division = division};
    row.weights = own_setting_of(c, backbone).weights;
    snprintf(row.name, sizeof row.name, "%s%s%s%s", division == DIVISION_ALSO ? "also-" : "", kinds[kind], backbone ? "-" : "",
             backbone ? backbone->name : "");
    return row;
}

static void add_row(study *s, work *w, row_kind kind, const alc_backbone *backbone, int division)
{
    if (w->row_count < MAX_ROWS)
        w->rows[w->row_count++] = row_of(s->options, kind, backbone, division);
}

static void add_backbone(study *s, work *w, const alc_backbone *backbone, int division)
{
    static const struct {
        const char *way;
        row_kind kind;
    } ways[] = {{"joint", ROW_JOINT}, {"late", ROW_LATE}, {"stacked", ROW_STACKED}};
    add_row(s, w, ROW_IMAGE, backbone, division);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (fuses(s->options, ways[i].way) && (division == DIVISION_MAIN || ways[i].kind == ROW_JOINT))
            add_row(s, w, ways[i].kind, backbone, division);
}

static void list_rows(study *s, work *w)
{
    const configuration *c = s->options;
    add_row(s, w, ROW_TABLE, NULL, DIVISION_MAIN);
    for (int b = 0; b < c->backbone_count; b++) {
        add_backbone(s, w, c->backbones[b], DIVISION_MAIN);
        if (b == 0 && s->divisions > 1) {
            add_row(s, w, ROW_TABLE, NULL, DIVISION_ALSO);
            add_backbone(s, w, c->backbones[0], DIVISION_ALSO);
        }
    }
    if (c->backbone_count == 0 && s->divisions > 1)
        add_row(s, w, ROW_TABLE, NULL, DIVISION_ALSO);
}

/* Takes out the rows that --without names. */
static alc_status leave_out(study *s, work *w)
{
    const configuration *c = s->options;
    for (int i = 0; i < c->without.count; i++) {
        int row = 0;
        while (row < w->row_count && strcmp(w->rows[row].name, c->without.names[i]) != 0)
            row++;
        if (row == w->row_count)
            return study_fail(s, ALC_INVALID_ARGUMENT,
                              "--without %s: expected names of different models that --backbones and --fusion ask for, such as %s",
                              c->without_text, c->backbone_count ? "image-sky_cnn" : "table");
        w->row_count--;
        memmove(&w->rows[row], &w->rows[row + 1], (size_t)(w->row_count - row) * sizeof *w->rows);
    }
    return w->row_count ? ALC_OK : study_fail(s, ALC_INVALID_ARGUMENT, "--without %s: no model is left", c->without_text);
}

/* ---- the budget ---- */

static double epochs_of(const configuration *c, const work_row *row)
{
    switch (row->kind) {
    case ROW_TABLE:
        return (double)c->table_epochs;
    case ROW_LATE:
        return (double)c->late_epochs / 3; /* no backward */
    default:
        return (double)(row->weights ? c->pretrained_epochs : c->image_epochs);
    }
}

static alc_status estimate_rows(study *s, work *w)
{
    const double trained = (double)s->count * (double)(s->options->folds - 1) / (double)s->options->folds;
    for (int i = 0; i < w->row_count; i++) {
        work_row *row = &w->rows[i];
        const bool table = row->kind != ROW_IMAGE;
        const double flops = network_sample_flops(s, row->backbone, table);
        if (flops == 0)
            return ALC_INVALID_ARGUMENT;
        row->unit_flops = flops * trained * epochs_of(s->options, row);
    }
    return ALC_OK;
}

/* Operations a second, from one epoch of the first image network, or of the table's. */
static alc_status measure_speed(study *s, double *speed)
{
    const fold_parts *parts = &s->folds[DIVISION_MAIN][0];
    const alc_backbone *backbone = s->options->backbone_count ? s->options->backbones[0] : NULL;
    const int64_t size = backbone ? network_image_size(s->options, backbone) : 0;
    network_result result;
    alc_dataset *blind;
    alc_status status = study_blind(s, DIVISION_MAIN, 0, size, &blind);
    if (status)
        return status;
    network_task task = {.blind = blind,
                         .backbone = backbone,
                         .size = size,
                         .table = !backbone,
                         .train = parts->train,
                         .train_count = parts->train_count,
                         .test = parts->test,
                         .test_count = 1,
                         .epochs = 1,
                         .batch = backbone ? s->options->image_batch : s->options->table_batch,
                         .rate = s->options->image_rate};
    status = network_train(s, &task, &result);
    if (status == ALC_OK)
        *speed = network_sample_flops(s, backbone, !backbone) * (double)result.trained_samples / (result.train_seconds + 1e-9);
    network_result_free(&result);
    alc_dataset_destroy(blind);
    return status;
}

static double seconds_of(const work *w, int rows, int64_t seeds, int64_t folds, double speed)
{
    double flops = 0;
    for (int i = 0; i < rows; i++)
        flops += w->rows[i].unit_flops;
    return flops * (double)(seeds * folds) / speed;
}

/* Rows first, at one seed; then seeds; folds are given up last. */
static alc_status fit_budget(study *s, work *w)
{
    const double budget = 60 * s->options->time_budget;
    const int fewest = w->row_count > 1 ? 2 : 1;
    int rows = w->row_count;
    double speed = 1;
    alc_status status = estimate_rows(s, w);
    if (status == ALC_OK)
        status = measure_speed(s, &speed);
    if (status)
        return status;
    w->seeds = 1;
    while (rows > fewest && seconds_of(w, rows, 1, w->folds, speed) > budget)
        rows--;
    while (w->folds > 1 && seconds_of(w, rows, 1, w->folds, speed) > budget)
        w->folds--;
    if (seconds_of(w, rows, 1, w->folds, speed) > budget)
        rows = 1;
    if (seconds_of(w, rows, 1, w->folds, speed) > budget)
        return study_fail(
            s, ALC_INVALID_ARGUMENT,
            "a time budget of %g minutes is too small for anything: one fold of the table's network takes about %.2g",
            s->options->time_budget, seconds_of(w, 1, 1, 1, speed) / 60);
    while (w->seeds < s->options->seeds && seconds_of(w, rows, w->seeds + 1, w->folds, speed) <= budget)
        w->seeds++;
    w->left_out_count = w->row_count - rows;
    w->row_count = rows;
    w->estimated_seconds = seconds_of(w, rows, w->seeds, w->folds, speed);
    return ALC_OK;
}

/* ---- plan.json ---- */

json_t *work_as_json(const study *s, const work *w)
{
    json_t *rows = json_array(), *left_out = json_array();
    for (int i = 0; i < w->row_count + w->left_out_count; i++)
        json_array_append_new(i < w->row_count ? rows : left_out, json_string(w->rows[i].name));
    return json_pack("{s:s, s:s, s:O, s:o, s:I, s:I, s:o, s:o, s:f}", "version", alc_version(), "split",
                     s->split_hash[DIVISION_MAIN], "inputs", s->inputs, "configuration", configuration_as_json(s->options), "seeds", (json_int_t)w->seeds, "folds",
                     (json_int_t)w->folds, "rows", rows, "left_out", left_out, "estimated_seconds", w->estimated_seconds);
}

static bool is_amount(const char *name)
{
    for (const char *const *amount = amounts; *amount; amount++)
        if (strcmp(*amount, name) == 0)
            return true;
    return false;
}

/* What is read may change under the same names: the table, the images, the other division, a backbone's weights. */
static json_t *inputs_as_json(const study *s)
{
    const configuration *c = s->options;
    json_t *inputs = json_object();
    char name[128], hash[SPLIT_HASH_SIZE];
    hash_file(c->table, hash);
    json_object_set_new(inputs, "table", json_string(hash));
    if (s->images) {
        hash_images(s, hash);
        json_object_set_new(inputs, "images", json_string(hash));
    }
    if (s->divisions > 1)
        json_object_set_new(inputs, "also-group", json_string(s->split_hash[DIVISION_ALSO]));
    for (int i = 0; i < c->own_count; i++)
        if (c->own[i].weights) {
            snprintf(name, sizeof name, "weights %s", c->own[i].backbone->name);
            hash_file(c->own[i].weights, hash);
            json_object_set_new(inputs, name, json_string(hash));
        }
    return inputs;
}

/* Units would be taken for what they are not. What one of the two runs did not read cannot differ. */
static alc_status compare_inputs(study *s, const json_t *before)
{
    const char *name;
    json_t *value;
    json_object_foreach(s->inputs, name, value)
    {
        const json_t *then = json_object_get(before, name);
        if (then && !json_equal(then, value))
            return study_fail(s, ALC_MISMATCH, "%s: holds an experiment in which --%s stood for something else; take another --output",
                              s->options->output, name);
    }
    return json_object_update_missing(s->inputs, (json_t *)before) == 0 || !before
               ? ALC_OK
               : study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
}

/* Whether the plan is that of these objects and settings; *same_amount, whether it also asks for as much. */
static alc_status compare_plan(study *s, const json_t *plan, const char *path, bool *same_amount)
{
    const char *name, *split = json_string_value(json_object_get(plan, "split"));
    const char *version = json_string_value(json_object_get(plan, "version"));
    json_t *asked = configuration_as_json(s->options), *value;
    const json_t *before = json_object_get(plan, "configuration");
    alc_status status = ALC_OK;
    *same_amount = true;
    if (!split || !version || !before)
        status = study_fail(s, ALC_BAD_FILE, "%s: is no plan of an experiment", path);
    else if (strcmp(version, alc_version()) != 0)
        status =
            study_fail(s, ALC_MISMATCH, "%s: is of version %s, this is %s; take another --output", path, version, alc_version());
    json_object_foreach(asked, name, value)
    {
        if (status || json_equal(json_object_get(before, name), value))
            continue;
        if (is_amount(name)) {
            *same_amount = false;
            continue;
        }
        char *then = json_dumps(json_object_get(before, name), JSON_ENCODE_ANY), *now = json_dumps(value, JSON_ENCODE_ANY);
        status = study_fail(s, ALC_MISMATCH, "%s: holds an experiment with --%s %s, not %s; take another --output",
                            s->options->output, name, then ? then : "of its own", now ? now : "this");
        free(then);
        free(now);
    }
    if (status == ALC_OK && strcmp(split, s->split_hash[DIVISION_MAIN]) != 0)
        status = study_fail(s, ALC_MISMATCH, "%s: holds an experiment with other objects: its split is %s, this one is %s",
                            s->options->output, split, s->split_hash[DIVISION_MAIN]);
    if (status == ALC_OK)
        status = compare_inputs(s, json_object_get(plan, "inputs"));
    json_decref(asked);
    return status;
}

/* What a budget allowed when the experiment began. */
static alc_status take_amount(study *s, work *w, const json_t *plan, const char *path)
{
    json_int_t seeds, folds;
    json_t *rows;
    if (json_unpack((json_t *)plan, "{s:I, s:I, s:o, s:F}", "seeds", &seeds, "folds", &folds, "rows", &rows, "estimated_seconds",
                    &w->estimated_seconds) != 0 ||
        seeds < 1 || folds < 1 || folds > s->options->folds || json_array_size(rows) < 1 ||
        json_array_size(rows) > (size_t)w->row_count)
        return study_fail(s, ALC_BAD_FILE, "%s: is no plan of an experiment", path);
    w->seeds = seeds;
    w->folds = folds;
    w->left_out_count = w->row_count - (int)json_array_size(rows);
    w->row_count = (int)json_array_size(rows);
    return ALC_OK;
}

static alc_status write_plan(study *s, const work *w, const char *path)
{
    output_file file;
    json_t *plan = work_as_json(s, w);
    bool good = plan && output_file_open(&file, path);
    if (good && json_dumpf(plan, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0)
        good = output_file_commit(&file);
    else if (good)
        output_file_cancel(&file), good = false;
    json_decref(plan);
    return good ? ALC_OK : study_fail(s, ALC_IO_ERROR, "%s: cannot be written: %s", path, file_why());
}

alc_status work_plan(study *s, work *w)
{
    char path[4096];
    char why[512];
    bool same_amount = false;
    *w = (work){.seeds = s->options->seeds, .folds = s->options->folds};
    s->inputs = inputs_as_json(s);
    if (!s->inputs)
        return study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    list_rows(s, w);
    alc_status status = leave_out(s, w);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s/plan.json", s->options->output);
    json_t *plan = file_exists(path) ? json_file_read(path, why, sizeof why) : NULL;
    if (file_exists(path) && !plan)
        status = study_fail(s, ALC_BAD_FILE, "%s: %s", path, why);
    else if (plan)
        status = compare_plan(s, plan, path, &same_amount);
    if (status == ALC_OK && same_amount)
        status = take_amount(s, w, plan, path);
    json_decref(plan);
    if (status || same_amount)
        return status;
    if (s->options->time_budget > 0)
        status = fit_budget(s, w);
    return status == ALC_OK ? write_plan(s, w, path) : status;
}
