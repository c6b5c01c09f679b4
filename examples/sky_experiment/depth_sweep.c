/* depth_sweep.c - successive halving (Jamieson and Talwalkar, arXiv 1502.07943) over block edges: every depth is trained for a
 * ninth of the epochs, the better third for a third of them, the best third of those for all. The head alone, which costs least,
 * stays in to the end, for it is what the others are compared with.
 *
 * What lies before a depth's edge makes the same of an image in every epoch and round, so it is kept in a file. All depths see
 * the same views in the same epochs, and what is missing in a depth's file is computed from the file of the depth before it. The
 * first rounds are judged by one view of each object, since more would cost as much as the training; the last by as many as any
 * model. */
#include "sky_experiment/depth_sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/figures_json.h"
#include "common/stop_signal.h"

enum { ROUNDS = 3, MOST_DEPTHS = 40 };
static const int64_t share_of_round[ROUNDS] = {9, 3, 1};
#define IMAGE_DECAY 0.05
#define Z 1.959963984540054
/* What training from the image up takes is measured with so many batches. */
#define TIMED_BATCHES 2

typedef struct depth {
    const char *edge;
    int place;    /* 0: everything is trained */
    int rounds;   /* that it took part in */
    json_t *unit; /* of its latest round */
    alc_estimate balanced;
    int32_t *predictions; /* of the held objects */
    double seconds;       /* of all its rounds, judging and all */
    double train_seconds; /* in them */
    double epoch_from_image, judging_from_image; /* seconds without what is kept */
} depth;

typedef struct sweep {
    study *study;
    const alc_backbone *backbone;
    const fold_parts *parts;
    alc_dataset *blind;
    int32_t *labels; /* of the held objects */
    depth depths[MOST_DEPTHS];
    int count, last; /* last: the head alone */
    bool takes_part[MOST_DEPTHS]; /* in this round */
} sweep;

static int64_t epochs_of_round(const sweep *w, int round)
{
    const int64_t epochs = w->study->options->sweep_epochs / share_of_round[round];
    return epochs > 0 ? epochs : 1;
}

static network_task task_of(const sweep *w, const depth *d, int round)
{
    const configuration *c = w->study->options;
    const char *weights = own_setting_of(c, w->backbone).weights;
    return (network_task){.blind = w->blind,
                          .backbone = w->backbone,
                          .size = network_image_size(c, w->backbone),
                          .train = w->parts->inner,
                          .train_count = w->parts->inner_count,
                          .validation = w->parts->held,
                          .validation_count = w->parts->held_count,
                          .weights = weights,
                          .edge = d->place > 0 ? d->edge : NULL,
                          .epochs = epochs_of_round(w, round),
                          .views = round + 1 < ROUNDS ? 1 : 0,
                          .batch = c->image_batch,
                          .rate = network_learning_rate(c, w->backbone, weights != NULL),
                          .weight_decay = IMAGE_DECAY,
                          .seed = c->seed};
}

/* The edge as a part of file names. */
static const char *plain_edge(const depth *d, char *text, size_t size)
{
    snprintf(text, size, "%s", d->edge);
    for (char *dot = strchr(text, '.'); dot; dot = strchr(dot, '.'))
        *dot = '_';
    return text;
}

static const char *features_path(const sweep *w, const depth *d, char *path, size_t size)
{
    char edge[64];
    snprintf(path, size, "%s/units/depth-%s-%s.features", w->study->options->output, w->backbone->name,
             plain_edge(d, edge, sizeof edge));
    return path;
}

/* The nearest depth before this one that was trained in the same round; NULL if there is none that keeps anything. */
static const depth *depth_before(const sweep *w, const depth *d)
{
    for (int i = d->place - 1; i > 0; i--)
        if (w->takes_part[i])
            return &w->depths[i];
    return NULL;
}

static alc_status train_depth(sweep *w, const depth *d, const char *name, int round)
{
    char features[4096], start_features[4096];
    const depth *before = depth_before(w, d);
    network_result result;
    network_task task = task_of(w, d, round);
    task.no_validation_epochs = task.epochs == 1; /* there is no best of one */
    if (d->place > 0)
        task.features = features_path(w, d, features, sizeof features);
    if (d->place > 0 && before) {
        task.start_edge = before->edge;
        task.start_features = features_path(w, before, start_features, sizeof start_features);
    }
    const double start = seconds_now();
    alc_status status = network_train(w->study, &task, &result);
    const double seconds = seconds_now() - start;
    if (status == ALC_OK) {
        json_t *held = json_array();
        for (int64_t i = 0; i < task.validation_count * w->study->class_count; i++)
            json_array_append_new(held, json_real((double)result.validation[i]));
        status = unit_write(w->study, name, &task, &result, json_pack("{s:o, s:f}", "held", held, "whole_seconds", seconds));
    }
    network_result_free(&result);
    return status;
}

/* The first samples of the training part, `wanted` at least, by which every class has one. */
static int64_t timed_samples(const sweep *w, int64_t wanted)
{
    const int64_t *samples = w->parts->inner;
    int64_t count = 0, classes = 0;
    while (count < w->parts->inner_count && (count < wanted || classes < w->study->class_count)) {
        const int64_t label = alc_dataset_label(w->blind, samples[count]);
        bool seen = false;
        for (int64_t i = 0; i < count && !seen; i++)
            seen = alc_dataset_label(w->blind, samples[i]) == label;
        classes += !seen;
        count++;
    }
    return count;
}

/* Seconds of an epoch and of judging at the end without anything kept, from a small part of the objects: the faster of two
 * epochs, since the first pays for pages that are touched for the first time. */
static alc_status time_depth(sweep *w, const depth *d, const char *name)
{
    network_result result;
    network_task task = task_of(w, d, ROUNDS - 1);
    task.train_count = timed_samples(w, TIMED_BATCHES * task.batch);
    task.validation_count = (task.validation_count * task.train_count + w->parts->inner_count - 1) / w->parts->inner_count;
    task.epochs = 2;
    alc_status status = network_train(w->study, &task, &result);
    if (status == ALC_OK) {
        const double faster =
            result.epochs[0].seconds < result.epochs[1].seconds ? result.epochs[0].seconds : result.epochs[1].seconds;
        const double epoch = faster * (double)w->parts->inner_count / (double)task.train_count;
        const double judging = result.validation_seconds * (double)w->parts->held_count / (double)task.validation_count;
        status = unit_write(w->study, name, &task, &result,
                            json_pack("{s:f, s:f}", "epoch_from_image_seconds", epoch, "judging_from_image_seconds", judging));
    }
    network_result_free(&result);
    return status;
}

/* The unit's judgement of the held objects, which belong to the training part. */
static alc_status judge_depth(sweep *w, depth *d)
{
    study *s = w->study;
    const int64_t count = w->parts->held_count, classes = s->class_count;
    const json_t *held = json_object_get(d->unit, "held");
    alc_real *probabilities = calloc((size_t)(count * classes), sizeof *probabilities);
    alc_metrics *m = NULL;
    free(d->predictions);
    d->predictions = calloc((size_t)count, sizeof *d->predictions);
    alc_status status = probabilities && d->predictions ? ALC_OK : study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    if (status == ALC_OK && json_array_size(held) != (size_t)(count * classes))
        status = study_fail(s, ALC_BAD_FILE, "units: a round of the depth sweep is of other objects; remove units/depth-*");
    for (int64_t i = 0; i < count * classes && status == ALC_OK; i++) {
        probabilities[i] = (alc_real)json_number_value(json_array_get(held, (size_t)i));
        if (probabilities[i] > probabilities[i / classes * classes + d->predictions[i / classes]])
            d->predictions[i / classes] = (int32_t)(i % classes);
    }
    if (status == ALC_OK)
        status = alc_metrics_compute(s->context, count, classes, w->labels, probabilities, 0, &m);
    if (m)
        d->balanced = m->balanced_accuracy;
    alc_metrics_destroy(m);
    free(probabilities);
    return status;
}

static alc_status do_round(sweep *w, depth *d, int round)
{
    char name[160], path[4096], edge[64];
    snprintf(name, sizeof name, "depth-%s-%s-r%d", w->backbone->name, plain_edge(d, edge, sizeof edge), round + 1);
    unit_path(w->study, name, path, sizeof path);
    alc_status status = file_exists(path) ? ALC_OK : train_depth(w, d, name, round);
    if (status == ALC_OK && stop_signal_received(NULL))
        return ALC_INTERRUPTED;
    json_decref(d->unit);
    d->unit = NULL;
    if (status == ALC_OK)
        status = unit_read(w->study, name, &d->unit);
    if (status)
        return status;
    d->rounds = round + 1;
    d->seconds += json_number_value(json_object_get(d->unit, "whole_seconds"));
    d->train_seconds += json_number_value(json_object_get(d->unit, "train_seconds"));
    printf("%s\n", name);
    fflush(stdout);
    return judge_depth(w, d);
}

/* Whether fewer than `most` depths of this round did better. Equal ones are better the shallower they are. */
static bool among_best(const sweep *w, int i, int round, int most)
{
    int better = 0;
    for (int k = 0; k < w->count; k++)
        better += w->depths[k].rounds == round && (w->depths[k].balanced.value > w->depths[i].balanced.value ||
                                                   (w->depths[k].balanced.value == w->depths[i].balanced.value && k > i));
    return better < most;
}

/* Removes the files of depths that are left out; in the end, of all. */
static void drop_features(const sweep *w, bool all)
{
    char path[4096];
    for (int i = 1; i < w->count; i++)
        if (all || !w->takes_part[i])
            unlink(features_path(w, &w->depths[i], path, sizeof path));
}

static alc_status halve(sweep *w)
{
    alc_status status = ALC_OK;
    int kept = w->count;
    for (int round = 0; round < ROUNDS && status == ALC_OK; round++) {
        for (int i = 0; i < w->count; i++)
            w->takes_part[i] = w->depths[i].rounds == round && (i == w->last || among_best(w, i, round, kept));
        drop_features(w, false);
        for (int i = 0; i < w->count && status == ALC_OK; i++)
            if (w->takes_part[i])
                status = do_round(w, &w->depths[i], round);
        kept = kept > 3 ? (kept + 1) / 3 : 1;
    }
    if (status == ALC_OK)
        drop_features(w, true);
    return status;
}

/* How long each depth takes from the image up: what the sweep is compared with. */
static alc_status time_depths(sweep *w)
{
    alc_status status = ALC_OK;
    for (int i = 0; i < w->count && status == ALC_OK; i++) {
        char name[160], path[4096], edge[64];
        depth *d = &w->depths[i];
        json_t *unit = NULL;
        snprintf(name, sizeof name, "depth-%s-%s-time", w->backbone->name, plain_edge(d, edge, sizeof edge));
        unit_path(w->study, name, path, sizeof path);
        status = file_exists(path) ? ALC_OK : time_depth(w, d, name);
        if (status == ALC_OK)
            status = unit_read(w->study, name, &unit);
        d->epoch_from_image = json_number_value(json_object_get(unit, "epoch_from_image_seconds"));
        d->judging_from_image = json_number_value(json_object_get(unit, "judging_from_image_seconds"));
        json_decref(unit);
    }
    return status;
}

/* ---- what came of it ---- */

static int best_depth(const sweep *w)
{
    int best = w->last;
    for (int i = w->count - 1; i >= 0; i--)
        if (w->depths[i].rounds == ROUNDS && w->depths[i].balanced.value > w->depths[best].balanced.value)
            best = i;
    return best;
}

/* The shallowest that is within one standard error of the best (Breiman et al. 1984). */
static int chosen_depth(const sweep *w, int best)
{
    const alc_estimate top = w->depths[best].balanced;
    const double error = (top.high - top.low) / (2 * Z);
    for (int i = w->last; i > best; i--)
        if (w->depths[i].rounds == ROUNDS && w->depths[i].balanced.value >= top.value - error)
            return i;
    return best;
}

static int64_t epochs_to_best(const json_t *unit)
{
    const json_t *curve = json_object_get(unit, "curve");
    double best = -1;
    int64_t epoch = 0;
    for (size_t e = 0; e < json_array_size(curve); e++) {
        const double value = json_number_value(json_object_get(json_array_get(curve, e), "validation_balanced_accuracy"));
        if (value > best) {
            best = value;
            epoch = (int64_t)e + 1;
        }
    }
    return epoch;
}

static json_t *depth_as_json(const sweep *w, const depth *d)
{
    const double values = json_number_value(json_object_get(d->unit, "values"));
    const double trained = json_number_value(json_object_get(d->unit, "trained_values"));
    return json_pack("{s:s, s:f, s:f, s:i, s:I, s:I, s:o, s:f, s:f, s:f}", "edge", d->edge, "trained_values", trained, "ratio",
                     trained / values, "rounds", d->rounds, "epochs", (json_int_t)epochs_of_round(w, d->rounds - 1),
                     "epochs_to_best", (json_int_t)epochs_to_best(d->unit), "balanced_accuracy", estimate_as_json(d->balanced),
                     "seconds", d->seconds, "train_seconds", d->train_seconds, "epoch_from_image_seconds", d->epoch_from_image);
}

static alc_status compare_with_head(const sweep *w, int best, json_t *summary)
{
    alc_paired_metrics paired;
    const alc_status status = alc_metrics_compare(w->study->context, w->parts->held_count, w->study->class_count, w->labels,
                                                  w->depths[best].predictions, w->depths[w->last].predictions, 0, &paired);
    if (status)
        return status;
    const alc_estimate d = paired.balanced_accuracy_difference;
    json_object_set_new(summary, "best_less_head", estimate_as_json(d));
    json_object_set_new(summary, "verdict",
                        json_string(d.low > 0    ? "more trainable layers helped"
                                    : d.high < 0 ? "more trainable layers harmed"
                                                 : "whether more trainable layers help cannot be told from these objects"));
    return ALC_OK;
}

static alc_status summarise(sweep *w, json_t *list)
{
    const int best = best_depth(w), chosen = chosen_depth(w, best);
    double seconds = 0, naive = 0;
    json_t *depths = json_array();
    for (int i = 0; i < w->count; i++) {
        json_t *one = depth_as_json(w, &w->depths[i]);
        seconds += w->depths[i].seconds;
        naive += w->depths[i].epoch_from_image * (double)w->study->options->sweep_epochs + w->depths[i].judging_from_image;
        json_array_append_new(depths, one);
    }
    json_t *summary = json_pack("{s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:I, s:f, s:f, s:f}", "backbone", w->backbone->name, "start",
                                own_setting_of(w->study->options, w->backbone).weights ? "weights" : "random", "size",
                                (json_int_t)network_image_size(w->study->options, w->backbone), "held_objects",
                                (json_int_t)w->parts->held_count, "depths", depths, "best", w->depths[best].edge, "chosen",
                                w->depths[chosen].edge, "full_epochs", (json_int_t)w->study->options->sweep_epochs,
                                "sweep_seconds", seconds, "every_depth_in_full_seconds", naive, "seconds_ratio",
                                naive / (seconds + 1e-9));
    json_array_append_new(list, summary);
    return compare_with_head(w, best, summary);
}

static alc_status open_sweep(sweep *w)
{
    study *s = w->study;
    w->parts = &s->folds[DIVISION_MAIN][0];
    w->labels = calloc((size_t)w->parts->held_count, sizeof *w->labels);
    if (!w->labels)
        return study_fail(s, ALC_OUT_OF_MEMORY, "memory ran out");
    const alc_status status = study_blind(s, DIVISION_MAIN, 0, network_image_size(s->options, w->backbone), &w->blind);
    for (int64_t i = 0; status == ALC_OK && i < w->parts->held_count; i++)
        w->labels[i] = (int32_t)alc_dataset_label(w->blind, w->parts->held[i]);
    for (; w->count < MOST_DEPTHS && w->backbone->blocks[w->count]; w->count++)
        w->depths[w->count] = (depth){.edge = w->backbone->blocks[w->count], .place = w->count};
    w->last = w->count - 1;
    return status;
}

static alc_status sweep_backbone(study *s, const alc_backbone *backbone, json_t *list)
{
    sweep w = {.study = s, .backbone = backbone};
    alc_status status = open_sweep(&w);
    if (status == ALC_OK)
        status = halve(&w);
    if (status == ALC_OK)
        status = time_depths(&w);
    if (status == ALC_OK)
        status = summarise(&w, list);
    for (int i = 0; i < w.count; i++) {
        json_decref(w.depths[i].unit);
        free(w.depths[i].predictions);
    }
    free(w.labels);
    alc_dataset_destroy(w.blind);
    return status;
}

alc_status depth_sweep(study *s, json_t *list)
{
    alc_status status = ALC_OK;
    for (int i = 0; i < s->options->sweep_count && status == ALC_OK; i++)
        status = sweep_backbone(s, s->options->sweep[i], list);
    return status;
}
