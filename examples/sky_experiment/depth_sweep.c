/* depth_sweep.c - successive halving (Jamieson and Talwalkar, arXiv 1502.07943) over block edges: every depth is trained for a
 * ninth of the epochs, the better third for a third of them, the best of those for all. The head alone, which costs least, stays
 * in to the end, for it is what the others are compared with. */
#include "sky_experiment/depth_sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/figures_json.h"
#include "common/stop_signal.h"

enum { ROUNDS = 3, MOST_DEPTHS = 40 };
static const int64_t share_of_round[ROUNDS] = {9, 3, 1};
#define IMAGE_DECAY 0.05
#define Z 1.959963984540054

typedef struct depth {
    const char *edge;
    int place;    /* 0: everything is trained */
    int rounds;   /* that it took part in */
    json_t *unit; /* of its latest round */
    alc_estimate balanced;
    int32_t *predictions; /* of the held objects */
    double seconds;       /* of all its rounds */
} depth;

typedef struct sweep {
    study *study;
    const alc_backbone *backbone;
    const fold_parts *parts;
    alc_dataset *blind;
    int32_t *labels; /* of the held objects */
    depth depths[MOST_DEPTHS];
    int count, last; /* last: the head alone */
} sweep;

static int64_t epochs_of_round(const sweep *w, int round)
{
    const int64_t epochs = w->study->options->sweep_epochs / share_of_round[round];
    return epochs > 0 ? epochs : 1;
}

static alc_status train_depth(sweep *w, const depth *d, const char *name, int round)
{
    const configuration *c = w->study->options;
    const char *weights = weights_of(c, w->backbone);
    network_result result;
    const network_task task = {.blind = w->blind,
                               .backbone = w->backbone,
                               .size = network_image_size(c, w->backbone),
                               .train = w->parts->inner,
                               .train_count = w->parts->inner_count,
                               .test = w->parts->test,
                               .test_count = w->parts->test_count,
                               .validation = w->parts->held,
                               .validation_count = w->parts->held_count,
                               .weights = weights,
                               .edge = d->place > 0 ? d->edge : NULL,
                               .epochs = epochs_of_round(w, round),
                               .batch = c->image_batch,
                               .rate = weights ? c->pretrained_rate : c->image_rate,
                               .weight_decay = IMAGE_DECAY,
                               .seed = c->seed};
    alc_status status = network_train(w->study, &task, &result);
    if (status == ALC_OK) {
        json_t *held = json_array();
        for (int64_t i = 0; i < task.validation_count * w->study->class_count; i++)
            json_array_append_new(held, json_real((double)result.validation[i]));
        status = unit_write(w->study, name, &task, &result, json_pack("{s:o}", "held", held));
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
    snprintf(edge, sizeof edge, "%s", d->edge);
    for (char *dot = strchr(edge, '.'); dot; dot = strchr(dot, '.'))
        *dot = '_';
    snprintf(name, sizeof name, "depth-%s-%s-r%d", w->backbone->name, edge, round + 1);
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
    d->seconds += json_number_value(json_object_get(d->unit, "train_seconds"));
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

static alc_status halve(sweep *w)
{
    alc_status status = ALC_OK;
    int kept = w->count;
    for (int round = 0; round < ROUNDS && status == ALC_OK; round++) {
        bool takes_part[MOST_DEPTHS];
        for (int i = 0; i < w->count; i++)
            takes_part[i] = w->depths[i].rounds == round && (i == w->last || among_best(w, i, round, kept));
        for (int i = 0; i < w->count && status == ALC_OK; i++)
            if (takes_part[i])
                status = do_round(w, &w->depths[i], round);
        kept = (kept + 2) / 3;
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
    return json_pack("{s:s, s:f, s:f, s:i, s:I, s:I, s:o, s:f, s:f}", "edge", d->edge, "trained_values", trained, "ratio",
                     trained / values, "rounds", d->rounds, "epochs", (json_int_t)epochs_of_round(w, d->rounds - 1),
                     "epochs_to_best", (json_int_t)epochs_to_best(d->unit), "balanced_accuracy", estimate_as_json(d->balanced),
                     "train_seconds", d->seconds, "epoch_seconds",
                     json_number_value(json_object_get(d->unit, "train_seconds")) / (double)epochs_of_round(w, d->rounds - 1));
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
        naive += json_number_value(json_object_get(one, "epoch_seconds")) * (double)w->study->options->sweep_epochs;
        json_array_append_new(depths, one);
    }
    json_t *summary = json_pack("{s:s, s:s, s:I, s:I, s:o, s:s, s:s, s:f, s:f}", "backbone", w->backbone->name, "start",
                                weights_of(w->study->options, w->backbone) ? "weights" : "random", "size",
                                (json_int_t)network_image_size(w->study->options, w->backbone), "held_objects",
                                (json_int_t)w->parts->held_count, "depths", depths, "best", w->depths[best].edge, "chosen",
                                w->depths[chosen].edge, "sweep_seconds", seconds, "every_depth_in_full_seconds", naive);
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
