/* experiment_model.c - the model for the data, plans and loaders to train and judge it with, the optimizer. */
#include <stdio.h>
#include <stdlib.h>

#include "alcor/layers.h"
#include "common/experiment.h"

static bool uses(const experiment *e, int what)
{
    return e->options.kind->uses & what;
}

static alc_status describe_model(experiment *e)
{
    const trainer_options *o = &e->options;
    model_card *card = &e->card;
    card->network = (alc_classifier_options){.classes = alc_dataset_class_count(e->dataset)};
    card->classes = calloc((size_t)card->network.classes, sizeof *card->classes);
    if (!card->classes)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    for (int64_t c = 0; c < card->network.classes; c++)
        card->classes[c] = alc_dataset_class_name(e->dataset, c);
    card->label = o->label ? o->label : "class";
    card->missing = o->missing;
    card->views = uses(e, USES_IMAGES) ? o->views : 1;
    if (uses(e, USES_TABLE)) {
        card->encoder = e->encoder;
        card->network.table_width = alc_encoder_width(e->encoder);
        card->network.table = o->mlp;
        card->network.table.dropout = uses(e, USES_IMAGES) ? 0 : o->dropout;
    }
    if (!uses(e, USES_IMAGES))
        return ALC_OK;
    int64_t count;
    const int64_t *indices = alc_split_indices(e->split, ALC_PART_TRAIN, &count);
    card->network.backbone = o->backbone;
    card->network.image_size = o->size;
    card->network.dropout = o->dropout;
    card->crop = o->crop;
    card->source_height = alc_dataset_source_height(e->dataset);
    card->source_width = alc_dataset_source_width(e->dataset);
    card->decoder = alc_image_decoder_name();
    const alc_status status = alc_dataset_normalisation(e->dataset, indices, count, &e->measured);
    card->normalisation = e->measured;
    return status == ALC_OK ? experiment_open_weights(e, &card->normalisation) : status;
}

static alc_status build_network(experiment *e)
{
    alc_status status = alc_model_create(e->context, &e->model);
    if (status == ALC_OK)
        status = alc_classifier_build(e->model, &e->card.network, &e->classifier);
    if (status == ALC_OK)
        status = alc_model_set_batch_norms(e->model, (alc_batch_norm_mode)e->options.batch_norm);
    if (status == ALC_OK)
        status = experiment_load_weights(e);
    if (status == ALC_OK && e->options.train_from)
        status = alc_classifier_train_from(e->model, &e->card.network, e->options.train_from);
    return status;
}

static alc_status add_loss(experiment *e)
{
    int64_t count;
    const int64_t *indices = alc_split_indices(e->split, ALC_PART_TRAIN, &count);
    alc_cross_entropy_options loss_options = {.label_smoothing = e->options.label_smoothing};
    double *weights = calloc((size_t)e->card.network.classes, sizeof *weights);
    if (!weights)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    alc_status status = alc_dataset_class_weights(e->dataset, indices, count, weights);
    if (e->options.class_weights)
        loss_options.class_weights = weights;
    e->loss = alc_softmax_cross_entropy(e->classifier.logits, e->classifier.label, loss_options);
    free(weights);
    return status == ALC_OK ? alc_model_status(e->model) : status;
}

static alc_status compile_plans(experiment *e)
{
    alc_tensor *given = e->cache ? alc_feature_cache_tensor(e->cache) : NULL;
    const alc_status status = alc_compile(e->model,
                                          (alc_compile_options){.mode = ALC_TRAIN,
                                                                .batch = e->options.batch,
                                                                .output = e->loss,
                                                                .kept = {e->classifier.logits},
                                                                .kept_count = 1,
                                                                .given = given},
                                          &e->train_plan);
    if (status)
        return status;
    return alc_compile(e->model,
                       (alc_compile_options){.mode = ALC_EVALUATE,
                                             .batch = e->options.batch,
                                             .output = e->classifier.probabilities,
                                             .given = given},
                       &e->evaluation_plan);
}

static alc_status make_loaders(experiment *e)
{
    alc_loader_options options = {.batch = e->options.batch,
                                  .training = true,
                                  .seed = e->options.seed,
                                  .views = ALC_LOADER_RANDOM_VIEWS,
                                  .normalisation = e->card.normalisation,
                                  .expected = e->expected,
                                  .encoder = e->encoder,
                                  .image = e->classifier.image,
                                  .features = e->classifier.row,
                                  .label = e->classifier.label,
                                  .cache = e->cache};
    options.indices = alc_split_indices(e->split, ALC_PART_TRAIN, &options.count);
    alc_status status = alc_loader_create(e->dataset, options, &e->train_loader);
    options.training = false;
    options.views = ALC_LOADER_FIXED_VIEW;
    options.indices = alc_split_indices(e->split, ALC_PART_VALIDATION, &options.count);
    if (status == ALC_OK && options.count > 0)
        status = alc_loader_create(e->dataset, options, &e->validation_loader);
    /* Not needed before the training is done; but a bad cell in the test part is to be told now. */
    options.label = NULL;
    options.indices = alc_split_indices(e->split, ALC_PART_TEST, &options.count);
    return status == ALC_OK ? alc_loader_create(e->dataset, options, &e->test_loader) : status;
}

static alc_status make_optimizer(experiment *e)
{
    const trainer_options *o = &e->options;
    const int64_t batches = alc_loader_batches(e->train_loader);
    alc_parameter_group *groups = calloc((size_t)alc_model_parameter_count(e->model), sizeof *groups);
    if (!groups)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    const alc_optimizer_options options = {.kind = (alc_optimizer_kind)o->optimizer,
                                           .learning_rate = o->learning_rate,
                                           .weight_decay = o->weight_decay,
                                           .momentum = o->optimizer == ALC_SGD ? 0.9 : 0,
                                           .groups = groups,
                                           .group_count = alc_classifier_layer_decay(e->model, &e->card.network,
                                                                                     o->layer_decay, groups)};
    e->state.schedule = (alc_schedule){.kind = (alc_schedule_kind)o->schedule,
                                       .learning_rate = o->learning_rate,
                                       .total_steps = o->epochs * batches,
                                       .steps_per_epoch = batches,
                                       .warmup_steps = o->epochs * batches / 20};
    const alc_status status = alc_optimizer_create(e->model, options, &e->optimizer);
    free(groups);
    return status;
}

static alc_status show_model(experiment *e)
{
    const int64_t all = alc_model_total_values(e->model), trained = alc_model_trainable_values(e->model);
    const alc_plan_cost cost = alc_plan_costs(e->train_plan);
    printf("%s: %lld values, %lld of them trained; %.0f MB to train, %d threads, %s\n",
           alc_classifier_name(&e->card.network), (long long)all, (long long)trained,
           (double)(cost.total_bytes + cost.parameter_bytes) / 1e6, alc_context_threads(e->context),
           alc_isa_name(alc_context_isa(e->context)));
    fflush(stdout);
    return ALC_OK;
}

alc_status experiment_build(experiment *e)
{
    alc_status (*const steps[])(experiment *) = {describe_model, build_network, add_loss,       experiment_open_cache,
                                                 compile_plans,  make_loaders,  make_optimizer, show_model};
    alc_status status = ALC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == ALC_OK; i++)
        status = steps[i](e);
    if (status == ALC_OK && !model_card_write(e->context, &e->card, &e->card_strings))
        status = experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    return status;
}

void experiment_free(experiment *e)
{
    alc_metrics_destroy(e->metrics);
    alc_optimizer_destroy(e->optimizer);
    alc_loader_destroy(e->test_loader);
    alc_loader_destroy(e->validation_loader);
    alc_loader_destroy(e->train_loader);
    alc_plan_destroy(e->evaluation_plan);
    alc_plan_destroy(e->train_plan);
    alc_feature_cache_close(e->cache);
    alc_model_destroy(e->model);
    alc_safetensors_close(e->weights);
    free(e->card.classes);
    model_card_free(&e->card);
    json_decref(e->settings);
    alc_encoder_destroy(e->encoder);
    alc_split_destroy(e->split);
    alc_dataset_destroy(e->dataset);
    alc_table_destroy(e->table);
    alc_context_destroy(e->context);
    lock_file_release(&e->cache_lock);
    lock_file_release(&e->lock);
    trainer_options_free(&e->options);
}
