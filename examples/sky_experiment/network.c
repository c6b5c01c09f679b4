/* network.c - builds, trains and asks one network. A network has a context of its own, because a context's seed is the key of
 * its random numbers. */
#include "sky_experiment/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "common/backbone_weights.h"
#include "common/clock.h"
#include "common/model_card.h"
#include "common/stop_signal.h"

/* Of a file with what a frozen part makes of images; what does not fit is computed again. */
#define MOST_FEATURE_BYTES (512u << 20)

static const alc_tabular_mlp_options table_network = {.hidden = {128, 64}, .hidden_count = 2, .batch_norm = true};

typedef struct network {
    study *study;
    const network_task *task;
    network_result *result;
    alc_context *context;
    model_card card;
    alc_encoder *encoder;
    alc_model *model;
    alc_tensor *loss;
    alc_feature_cache *start, *cache; /* of the frozen part, where it is to be kept */
    alc_classifier classifier;
    alc_plan *train_plan, *evaluation_plan;
    alc_loader *train_loader, *test_loader, *held_loader, *validation_loader;
    alc_optimizer *optimizer;
    alc_training_state state;
    alc_status curve_status; /* of the predictions between epochs, */
    double curve_seconds;    /* and their time, which is no part of the training's */
    double epoch_start;
} network;

int64_t network_image_size(const configuration *c, const alc_backbone *backbone)
{
    const int64_t size = own_setting_of(c, backbone).size, common = c->size;
    return size ? size : common > backbone->smallest_size ? common : backbone->smallest_size;
}

double network_learning_rate(const configuration *c, const alc_backbone *backbone, bool weights)
{
    const double rate = own_setting_of(c, backbone).rate;
    return rate > 0 ? rate : weights ? c->pretrained_rate : c->image_rate;
}

static alc_status open_context(network *n)
{
    study *s = n->study;
    alc_context_options options = machine_context_options(&s->options->machine, s->message, sizeof s->message);
    options.seed = n->task ? n->task->seed : 0;
    return alc_context_create(options, &n->context);
}

/* ---- the network ---- */

/* What images have to be for the weights; ALC_NOT_FOUND if nobody knows. */
static alc_status read_normalisation(network *n, alc_normalisation *normalisation)
{
    alc_safetensors *file;
    alc_status status = alc_weights_open(n->context, n->task->weights, &file);
    if (status)
        return status;
    status = backbone_normalisation(n->context, file, n->task->backbone, normalisation);
    alc_safetensors_close(file);
    return status;
}

static alc_status describe_images(network *n)
{
    const network_task *t = n->task;
    model_card *card = &n->card;
    const alc_status status = t->weights ? read_normalisation(n, &card->normalisation) : ALC_NOT_FOUND;
    card->network.backbone = t->backbone;
    card->network.image_size = t->size;
    card->crop = n->study->options->crop;
    card->source_height = alc_dataset_source_height(t->blind);
    card->source_width = alc_dataset_source_width(t->blind);
    card->decoder = alc_image_decoder_name();
    return status != ALC_NOT_FOUND ? status : alc_dataset_normalisation(t->blind, t->train, t->train_count, &card->normalisation);
}

static alc_status describe(network *n)
{
    const network_task *t = n->task;
    study *s = n->study;
    model_card *card = &n->card;
    card->network.classes = s->class_count;
    card->classes = s->classes;
    card->label = s->options->label ? s->options->label : "class";
    card->missing = s->options->missing;
    card->views = !t->backbone ? 1 : t->views > 0 ? t->views : s->options->views;
    if (t->table) {
        const alc_encoder_options options = {.features = s->features, .feature_count = s->feature_count};
        const alc_status status = alc_dataset_fit_encoder(t->blind, t->train, t->train_count, options, &n->encoder);
        if (status)
            return status;
        card->encoder = n->encoder;
        card->network.table_width = alc_encoder_width(n->encoder);
        card->network.table = table_network;
        card->network.table.dropout = t->backbone ? 0 : t->dropout;
    }
    card->network.dropout = t->dropout;
    return t->backbone ? describe_images(n) : ALC_OK;
}

static alc_status load(network *n, const char *path, const char *prefix, const char *classifier)
{
    const alc_model_load_options options = {.prefix = prefix, .classifier = classifier};
    return path ? alc_model_load(n->model, path, options, NULL) : ALC_OK;
}

static alc_status build(network *n)
{
    const network_task *t = n->task;
    const char *classifier = t->backbone ? backbone_classifier(t->backbone) : "fc";
    alc_status status = alc_model_create(n->context, &n->model);
    if (status == ALC_OK)
        status = alc_classifier_build(n->model, &n->card.network, &n->classifier);
    if (status == ALC_OK)
        status = load(n, t->weights, t->table ? "image." : NULL, classifier);
    if (status == ALC_OK)
        status = load(n, t->image_part, "image.", classifier);
    if (status == ALC_OK)
        status = load(n, t->table_part, "table.", "fc");
    if (status == ALC_OK && t->edge)
        status = alc_classifier_train_from(n->model, &n->card.network, t->edge);
    return status;
}

static alc_status add_loss(network *n)
{
    const network_task *t = n->task;
    alc_cross_entropy_options options = {0};
    double *weights = calloc((size_t)n->study->class_count, sizeof *weights);
    if (!weights)
        return study_fail(n->study, ALC_OUT_OF_MEMORY, "memory ran out");
    alc_status status = alc_dataset_class_weights(t->blind, t->train, t->train_count, weights);
    if (n->study->options->class_weights)
        options.class_weights = weights;
    n->loss = alc_softmax_cross_entropy(n->classifier.logits, n->classifier.label, options);
    free(weights);
    return status == ALC_OK ? alc_model_status(n->model) : status;
}

/* The file of what is frozen where training begins at `edge`; *cache stays NULL where there is nothing that could be kept. */
static alc_status open_features(network *n, const char *edge, const char *path, alc_feature_cache *start,
                                alc_feature_cache **cache)
{
    alc_tensor *features = NULL;
    alc_status status = alc_classifier_train_from(n->model, &n->card.network, edge);
    if (status == ALC_OK)
        status = alc_frozen_prefix(n->model, n->classifier.image, n->loss, &features);
    if (status || !features)
        return status;
    if (start && alc_feature_cache_tensor(start) == features)
        start = NULL;
    return alc_feature_cache_open(n->model,
                                  (alc_feature_cache_options){.path = path,
                                                              .image = n->classifier.image,
                                                              .features = features,
                                                              .start = start,
                                                              .normalisation = n->card.normalisation,
                                                              .limit = MOST_FEATURE_BYTES,
                                                              .batch = n->task->batch},
                                  cache);
}

static alc_status open_caches(network *n)
{
    const network_task *t = n->task;
    alc_status status = ALC_OK;
    if (t->features && t->start_features)
        status = open_features(n, t->start_edge, t->start_features, NULL, &n->start);
    if (status == ALC_OK && t->features)
        status = open_features(n, t->edge, t->features, n->start, &n->cache);
    return status;
}

static alc_status compile(network *n)
{
    alc_compile_options options = {.mode = ALC_TRAIN,
                                   .batch = n->task->batch,
                                   .output = n->loss,
                                   .kept = {n->classifier.logits},
                                   .kept_count = 1,
                                   .given = n->cache ? alc_feature_cache_tensor(n->cache) : NULL};
    const alc_status status = alc_compile(n->model, options, &n->train_plan);
    if (status)
        return status;
    options.mode = ALC_EVALUATE;
    options.output = n->classifier.probabilities;
    options.kept_count = 0;
    return alc_compile(n->model, options, &n->evaluation_plan);
}

static alc_status make_loader(network *n, const int64_t *indices, int64_t count, bool training, alc_loader **loader)
{
    const network_task *t = n->task;
    if (!indices || count == 0)
        return ALC_OK;
    return alc_loader_create(t->blind,
                             (alc_loader_options){.indices = indices,
                                                  .count = count,
                                                  .batch = t->batch,
                                                  .training = training,
                                                  .seed = t->seed,
                                                  .views = training ? ALC_LOADER_RANDOM_VIEWS : ALC_LOADER_FIXED_VIEW,
                                                  .normalisation = n->card.normalisation,
                                                  .encoder = n->encoder,
                                                  .image = n->classifier.image,
                                                  .features = n->classifier.row,
                                                  .label = training ? n->classifier.label : NULL,
                                                  .cache = n->cache},
                             loader);
}

static alc_status make_loaders(network *n)
{
    const network_task *t = n->task;
    alc_status status = make_loader(n, t->train, t->train_count, true, &n->train_loader);
    if (status == ALC_OK)
        status = make_loader(n, t->test, t->test_count, false, &n->test_loader);
    if (status == ALC_OK)
        status = make_loader(n, t->held, t->held_count, false, &n->held_loader);
    if (status == ALC_OK)
        status = make_loader(n, t->validation, t->validation_count, false, &n->validation_loader);
    return status;
}

static alc_status make_optimizer(network *n)
{
    const network_task *t = n->task;
    n->state.schedule = (alc_schedule){
        .kind = ALC_SCHEDULE_ONE_CYCLE, .learning_rate = t->rate, .total_steps = t->epochs * alc_loader_batches(n->train_loader)};
    return alc_optimizer_create(
        n->model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = t->rate, .weight_decay = t->weight_decay},
        &n->optimizer);
}

static alc_status allocate_result(network *n)
{
    const network_task *t = n->task;
    network_result *r = n->result;
    const alc_plan_cost cost = alc_plan_costs(n->train_plan);
    const size_t classes = (size_t)n->study->class_count, epochs = (size_t)t->epochs;
    r->test = calloc((size_t)t->test_count * classes + 1, sizeof *r->test);
    r->held = calloc((size_t)t->held_count * classes + 1, sizeof *r->held);
    r->validation = calloc((size_t)t->validation_count * classes + 1, sizeof *r->validation);
    r->epochs = calloc(epochs, sizeof *r->epochs);
    if (t->curve)
        r->test_epochs = calloc(epochs * (size_t)t->test_count * classes, sizeof *r->test_epochs);
    if (!r->test || !r->held || !r->validation || !r->epochs || (t->curve && !r->test_epochs))
        return study_fail(n->study, ALC_OUT_OF_MEMORY, "memory ran out");
    r->values = alc_model_total_values(n->model);
    r->trained_values = alc_model_trainable_values(n->model);
    r->plan_bytes = (int64_t)(cost.total_bytes + cost.parameter_bytes);
    return ALC_OK;
}

/* ---- training and asking ---- */

static alc_status predict(network *n, alc_loader *loader, int64_t views, alc_real *probabilities)
{
    if (!loader)
        return ALC_OK;
    return alc_predict((alc_predict_options){.plan = n->evaluation_plan,
                                             .probabilities = n->classifier.probabilities,
                                             .loader = loader,
                                             .views = (int)views,
                                             .stop = stop_signal_received},
                       probabilities, NULL);
}

static void keep_epoch(void *user, const alc_fit_epoch *epoch)
{
    network *n = user;
    network_result *r = n->result;
    const double start = seconds_now();
    r->epochs[epoch->epoch - 1] = (network_epoch){.loss = epoch->loss,
                                                  .accuracy = epoch->accuracy,
                                                  .validation_accuracy = epoch->validation_accuracy,
                                                  .validation_balanced_accuracy = epoch->validation_balanced_accuracy,
                                                  .validation_loss = epoch->validation_loss,
                                                  .seconds = start - n->epoch_start};
    r->epoch_count = epoch->epoch;
    const int64_t values = n->task->test_count * n->study->class_count;
    if (n->task->curve && n->curve_status == ALC_OK)
        n->curve_status = predict(n, n->test_loader, 1, r->test_epochs + (epoch->epoch - 1) * values);
    n->epoch_start = seconds_now();
    n->curve_seconds += n->epoch_start - start;
}

static alc_status train(network *n)
{
    network_result *r = n->result;
    const double start = seconds_now();
    const alc_fit_options options = {.plan = n->train_plan,
                                     .logits = n->classifier.logits,
                                     .label = n->classifier.label,
                                     .loader = n->train_loader,
                                     .optimizer = n->optimizer,
                                     .epochs = n->task->epochs,
                                     .evaluation_plan = n->evaluation_plan,
                                     .probabilities = n->classifier.probabilities,
                                     .validation_loader = n->task->no_validation_epochs ? NULL : n->validation_loader,
                                     .dataset = n->task->blind,
                                     .stop = stop_signal_received,
                                     .epoch_done = keep_epoch,
                                     .user = n};
    n->epoch_start = start;
    const alc_status status = alc_fit(options, &n->state);
    r->train_seconds = seconds_now() - start - n->curve_seconds;
    r->trained_samples = alc_loader_samples(n->train_loader) * n->task->epochs;
    return status ? status : n->curve_status;
}

static alc_status ask(network *n)
{
    network_result *r = n->result;
    double start = seconds_now();
    alc_status status = predict(n, n->test_loader, n->card.views, r->test);
    r->predict_seconds = seconds_now() - start;
    r->predicted_samples = n->task->test_count;
    if (status == ALC_OK)
        status = predict(n, n->held_loader, n->card.views, r->held);
    start = seconds_now();
    if (status == ALC_OK)
        status = predict(n, n->validation_loader, n->card.views, r->validation);
    r->validation_seconds = seconds_now() - start;
    return status;
}

static alc_status save(network *n)
{
    alc_metadata metadata;
    if (!n->task->save)
        return ALC_OK;
    if (!model_card_write(n->study->context, &n->card, &metadata))
        return study_fail(n->study, ALC_OUT_OF_MEMORY, "memory ran out");
    alc_metadata_entry entries[CARD_STRINGS + 1];
    memcpy(entries, metadata.entries, (size_t)metadata.count * sizeof *entries);
    entries[metadata.count++] = (alc_metadata_entry){"split", n->task->split};
    metadata.entries = entries;
    return alc_model_save(n->model, n->task->save, (alc_model_save_options){.metadata = metadata, .steps = n->state.step});
}

static void free_network(network *n)
{
    alc_optimizer_destroy(n->optimizer);
    alc_loader_destroy(n->validation_loader);
    alc_loader_destroy(n->held_loader);
    alc_loader_destroy(n->test_loader);
    alc_loader_destroy(n->train_loader);
    alc_plan_destroy(n->evaluation_plan);
    alc_plan_destroy(n->train_plan);
    alc_feature_cache_close(n->cache);
    alc_feature_cache_close(n->start);
    alc_model_destroy(n->model);
    model_card_free(&n->card);
    alc_encoder_destroy(n->encoder);
    alc_context_destroy(n->context);
}

/* The sentence of whichever context has one: the network's, or that of the data. */
static void keep_message(network *n)
{
    study *s = n->study;
    if (!s->message[0] && n->context)
        snprintf(s->message, sizeof s->message, "%s",
                 alc_error_message(n->context)[0] ? alc_error_message(n->context) : alc_error_message(s->context));
}

alc_status network_train(study *s, const network_task *task, network_result *result)
{
    network n = {.study = s, .task = task, .result = result};
    alc_status (*const steps[])(network *) = {open_context, describe,     build,          add_loss,        open_caches,
                                              compile,      make_loaders, make_optimizer, allocate_result, train,
                                              ask,          save};
    alc_status status = ALC_OK;
    *result = (network_result){0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == ALC_OK; i++)
        status = steps[i](&n);
    if (status)
        keep_message(&n);
    free_network(&n);
    return status;
}

void network_result_free(network_result *result)
{
    free(result->test);
    free(result->held);
    free(result->validation);
    free(result->test_epochs);
    free(result->epochs);
    *result = (network_result){0};
}

/* A network by itself, without data. */
static alc_status build_alone(network *n, const alc_backbone *backbone, bool table)
{
    study *s = n->study;
    n->card.network = (alc_classifier_options){.backbone = backbone, .classes = s->class_count, .table = table_network};
    n->card.network.image_size = backbone ? network_image_size(s->options, backbone) : 0;
    n->card.network.table_width = table ? s->feature_count : 0;
    alc_status status = open_context(n);
    if (status == ALC_OK)
        status = alc_model_create(n->context, &n->model);
    if (status == ALC_OK)
        status = alc_classifier_build(n->model, &n->card.network, &n->classifier);
    return status;
}

alc_status network_check_weights(study *s)
{
    alc_status status = ALC_OK;
    for (int i = 0; i < s->options->own_count && status == ALC_OK; i++) {
        const own_setting *own = &s->options->own[i];
        if (!own->weights)
            continue;
        network n = {.study = s};
        status = build_alone(&n, own->backbone, false);
        if (status == ALC_OK)
            status = load(&n, own->weights, NULL, backbone_classifier(own->backbone));
        if (status)
            keep_message(&n);
        free_network(&n);
    }
    return status;
}

double network_sample_flops(study *s, const alc_backbone *backbone, bool table)
{
    enum { BATCH = 2 };
    network n = {.study = s};
    double flops = 0;
    alc_status status = build_alone(&n, backbone, table);
    if (status == ALC_OK) {
        alc_tensor *loss = alc_softmax_cross_entropy(n.classifier.logits, n.classifier.label, (alc_cross_entropy_options){0});
        status = alc_compile(n.model, (alc_compile_options){.mode = ALC_TRAIN, .batch = BATCH, .output = loss}, &n.train_plan);
    }
    if (status == ALC_OK) {
        const alc_plan_cost cost = alc_plan_costs(n.train_plan);
        flops = (cost.forward_flops + cost.backward_flops) / BATCH;
    } else {
        keep_message(&n);
    }
    free_network(&n);
    return flops;
}
