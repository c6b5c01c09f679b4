/* tests/support/small_training.c - see small_training.h. */
#include "support/small_training.h"

#include <stdio.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"

static const char *const features[] = {"a", "b"};

/* Classes on three sides of a triangle, every row at a place of its own. */
size_t small_training_table(char *text, bool images)
{
    size_t used = (size_t)snprintf(text, SMALL_TABLE_BYTES, "id,image,a,b,class\n");
    for (int row = 0; row < (images ? SMALL_IMAGE_ROWS : SMALL_ROWS); row++) {
        int class_index = row % SMALL_CLASSES, x = row * 37 % 23, y = row * 53 % 19;
        used += (size_t)snprintf(text + used, SMALL_TABLE_BYTES - used, "%d,%s,%d,%d,%c\n", 1000 + row,
                                 row % 2 == 0 ? "0.png" : "1.jpg", (class_index == 0 ? 20 : -10) + x,
                                 (class_index == 1 ? 25 : -5) + y,
                                 "XYZ"[class_index]);
    }
    return used;
}

static int64_t trained_rows(const small_training *t)
{
    return t->images ? SMALL_IMAGE_TRAINED : SMALL_TRAINED;
}

static int64_t batch_size(const small_training *t)
{
    return t->images ? SMALL_IMAGE_BATCH : SMALL_BATCH;
}

static alc_status make_data(small_training *t)
{
    int64_t rows[SMALL_TRAINED];
    for (int64_t i = 0; i < SMALL_TRAINED; i++)
        rows[i] = i;
    const alc_dataset_options options = {.images = t->images, .size = t->images ? SMALL_IMAGE_SIDE : 0,
                                         .any_source_size = true};
    alc_status status = alc_dataset_create(t->table, options, &t->dataset);
    if (status == ALC_OK)
        status = alc_dataset_fit_encoder(t->dataset, rows, trained_rows(t),
                                         (alc_encoder_options){.features = features, .feature_count = 2}, &t->encoder);
    return status;
}

static alc_tensor *tiny_features(alc_tensor *image)
{
    alc_tensor *x = alc_conv2d(image, (alc_conv2d_options){.name = "conv", .filters = 5, .kernel = 3});
    x = alc_relu(alc_batch_norm(x, (alc_batch_norm_options){.name = "bn"}));
    x = alc_max_pool(x, (alc_pool_options){.kernel = 2});
    x = alc_conv2d(x, (alc_conv2d_options){.name = "depthwise", .filters = 5, .kernel = 3, .padding = 1, .groups = 5,
                                              .bias = true});
    return alc_global_average_pool(x);
}

static const alc_backbone tiny_backbone = {.name = "tiny", .default_size = SMALL_IMAGE_SIDE,
                                           .smallest_size = SMALL_IMAGE_SIDE, .features = tiny_features};

static alc_status make_model(small_training *t)
{
    t->phase = PHASE_BUILDING;
    const alc_classifier_options options = {.backbone = t->images ? &tiny_backbone : NULL,
                                            .image_size = SMALL_IMAGE_SIDE,
                                            .table_width = 2,
                                            .table = {.hidden = {9}, .hidden_count = 1, .batch_norm = true,
                                                      .dropout = 0.1, .activation = ALC_MLP_SILU},
                                            .classes = SMALL_CLASSES};
    alc_status status = alc_model_create(t->context, &t->model);
    if (status == ALC_OK)
        status = alc_classifier_build(t->model, &options, &t->classifier);
    if (status != ALC_OK)
        return status;
    t->loss = alc_softmax_cross_entropy(t->classifier.logits, t->classifier.label, (alc_cross_entropy_options){0});
    return alc_model_status(t->model);
}

static alc_status make_plans(small_training *t)
{
    t->phase = PHASE_COMPILING;
    alc_status status =
        alc_compile(t->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = batch_size(t), .output = t->loss,
                                                    .kept = {t->classifier.logits}, .kept_count = 1},
                    &t->plan);
    if (status == ALC_OK)
        status = alc_compile(t->model,
                             (alc_compile_options){.batch = batch_size(t), .output = t->classifier.probabilities},
                             &t->evaluation);
    return status;
}

static alc_status make_loaders(small_training *t)
{
    t->phase = PHASE_PREPARING;
    int64_t indices[SMALL_ROWS];
    for (int64_t i = 0; i < SMALL_ROWS; i++)
        indices[i] = i;
    alc_loader_options options = {.indices = indices, .count = trained_rows(t), .batch = batch_size(t),
                                  .training = true, .seed = 4, .encoder = t->encoder, .features = t->classifier.row,
                                  .image = t->classifier.image, .label = t->classifier.label};
    options.views = t->images ? ALC_LOADER_RANDOM_VIEWS : ALC_LOADER_FIXED_VIEW;
    alc_status status =
        alc_optimizer_create(t->model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.1}, &t->optimizer);
    if (status == ALC_OK)
        status = alc_loader_create(t->dataset, options, &t->loader);
    options.indices = indices + trained_rows(t);
    options.count = alc_dataset_count(t->dataset) - trained_rows(t);
    options.training = false;
    options.views = ALC_LOADER_FIXED_VIEW;
    options.label = NULL;
    return status == ALC_OK ? alc_loader_create(t->dataset, options, &t->validation) : status;
}

/* With the table in place. */
static alc_status make_rest(small_training *t, int64_t epochs)
{
    t->state.schedule = (alc_schedule){.kind = ALC_SCHEDULE_ONE_CYCLE, .learning_rate = 0.1,
                                       .total_steps = epochs * (t->images ? SMALL_IMAGE_TRAINED / SMALL_IMAGE_BATCH
                                                                          : SMALL_BATCHES)};
    alc_status status = make_data(t);
    if (status == ALC_OK)
        status = make_model(t);
    if (status == ALC_OK)
        status = make_plans(t);
    return status == ALC_OK ? make_loaders(t) : status;
}

alc_status small_training_create(small_training *t, alc_context *context, int64_t epochs)
{
    char text[SMALL_TABLE_BYTES];
    *t = (small_training){.context = context};
    size_t length = small_training_table(text, false);
    alc_status status = alc_table_parse(context, "small.csv", text, length, (alc_table_options){0}, &t->table);
    return status == ALC_OK ? make_rest(t, epochs) : status;
}

alc_status small_training_create_from(small_training *t, alc_context *context, int64_t epochs, const char *table,
                                      bool images)
{
    *t = (small_training){.context = context, .images = images};
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
        alc_parameter *parameter = t->model->parameters[p];
        alc_parameter_initialize(parameter);
        const unsigned char *bytes = (const unsigned char *)parameter->value;
        for (size_t i = 0; i < (size_t)parameter->count * sizeof(alc_real); i++)
            hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}
