/* tests/support/small_training.c - see small_training.h. */
#include "support/small_training.h"

#include <stdio.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"

static const char *const features[] = {"a", "b"};

/* Classes on three sides of a triangle, every row at a place of its own. */
size_t small_training_table(char *text)
{
    size_t used = (size_t)snprintf(text, SMALL_TABLE_BYTES, "id,a,b,class\n");
    for (int row = 0; row < SMALL_ROWS; row++) {
        int class_index = row % SMALL_CLASSES, x = row * 37 % 23, y = row * 53 % 19;
        used += (size_t)snprintf(text + used, SMALL_TABLE_BYTES - used, "%d,%d,%d,%c\n", 1000 + row,
                                 (class_index == 0 ? 20 : -10) + x, (class_index == 1 ? 25 : -5) + y,
                                 "XYZ"[class_index]);
    }
    return used;
}

static alc_status make_data(small_training *t)
{
    int64_t rows[SMALL_TRAINED];
    for (int64_t i = 0; i < SMALL_TRAINED; i++)
        rows[i] = i;
    alc_status status = alc_dataset_create(t->table, (alc_dataset_options){0}, &t->dataset);
    if (status == ALC_OK)
        status = alc_dataset_fit_encoder(t->dataset, rows, SMALL_TRAINED,
                                         (alc_encoder_options){.features = features, .feature_count = 2}, &t->encoder);
    return status;
}

static alc_status make_model(small_training *t)
{
    const alc_classifier_options options = {.table_width = 2,
                                            .table = {.hidden = {9}, .hidden_count = 1, .batch_norm = true,
                                                      .dropout = 0.1, .activation = ALC_MLP_SILU},
                                            .classes = SMALL_CLASSES};
    alc_status status = alc_model_create(t->context, &t->model);
    if (status == ALC_OK)
        status = alc_classifier_build(t->model, &options, &t->classifier);
    if (status != ALC_OK)
        return status;
    t->loss = alc_softmax_cross_entropy(t->classifier.logits, t->classifier.label, (alc_cross_entropy_options){0});
    status = alc_model_status(t->model);
    if (status == ALC_OK)
        status = alc_compile(t->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = SMALL_BATCH, .output = t->loss,
                                                             .kept = {t->classifier.logits}, .kept_count = 1},
                             &t->plan);
    if (status == ALC_OK)
        status = alc_compile(t->model, (alc_compile_options){.batch = SMALL_BATCH, .output = t->classifier.probabilities},
                             &t->evaluation);
    if (status == ALC_OK)
        status = alc_optimizer_create(t->model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.1},
                                      &t->optimizer);
    return status;
}

static alc_status make_loaders(small_training *t)
{
    int64_t indices[SMALL_ROWS];
    for (int64_t i = 0; i < SMALL_ROWS; i++)
        indices[i] = i;
    alc_loader_options options = {.indices = indices, .count = SMALL_TRAINED, .batch = SMALL_BATCH, .training = true,
                                  .seed = 4, .encoder = t->encoder, .features = t->classifier.row,
                                  .label = t->classifier.label};
    alc_status status = alc_loader_create(t->dataset, options, &t->loader);
    options.indices = indices + SMALL_TRAINED;
    options.count = SMALL_ROWS - SMALL_TRAINED;
    options.training = false;
    options.label = NULL;
    return status == ALC_OK ? alc_loader_create(t->dataset, options, &t->validation) : status;
}

/* With the table in place. */
static alc_status make_rest(small_training *t, int64_t epochs)
{
    t->state.schedule = (alc_schedule){.kind = ALC_SCHEDULE_ONE_CYCLE, .learning_rate = 0.1,
                                       .total_steps = epochs * SMALL_BATCHES};
    alc_status status = make_data(t);
    if (status == ALC_OK)
        status = make_model(t);
    return status == ALC_OK ? make_loaders(t) : status;
}

alc_status small_training_create(small_training *t, alc_context *context, int64_t epochs)
{
    char text[SMALL_TABLE_BYTES];
    *t = (small_training){.context = context};
    alc_status status =
        alc_table_parse(context, "small.csv", text, small_training_table(text), (alc_table_options){0}, &t->table);
    return status == ALC_OK ? make_rest(t, epochs) : status;
}

alc_status small_training_create_from(small_training *t, alc_context *context, int64_t epochs, const char *table)
{
    *t = (small_training){.context = context};
    alc_status status = alc_table_read(context, table, (alc_table_options){0}, &t->table);
    return status == ALC_OK ? make_rest(t, epochs) : status;
}

void small_training_destroy(small_training *t)
{
    alc_loader_destroy(t->validation);
    alc_loader_destroy(t->loader);
    alc_optimizer_destroy(t->optimizer);
    alc_plan_destroy(t->evaluation);
    alc_plan_destroy(t->plan);
    alc_model_destroy(t->model);
    alc_encoder_destroy(t->encoder);
    alc_dataset_destroy(t->dataset);
    alc_table_destroy(t->table);
}

alc_fit_options small_training_options(const small_training *t, int64_t epochs)
{
    return (alc_fit_options){.plan = t->plan, .logits = t->classifier.logits, .label = t->classifier.label,
                             .loader = t->loader, .optimizer = t->optimizer, .epochs = epochs,
                             .evaluation_plan = t->evaluation, .probabilities = t->classifier.probabilities,
                             .validation_loader = t->validation, .dataset = t->dataset};
}

uint64_t small_training_digest(const small_training *t)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int64_t p = 0; p < t->model->parameter_count; p++) {
        const alc_parameter *parameter = t->model->parameters[p];
        const unsigned char *bytes = (const unsigned char *)parameter->value;
        for (size_t i = 0; i < (size_t)parameter->count * sizeof(alc_real); i++)
            hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}
