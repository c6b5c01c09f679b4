/* bench_loader.c - what the loader costs a training on real images: the time until all images are decoded and the plan is made,
 * and the share of each epoch in which a step could not begin because its batch was not there.
 *
 *     bench_loader TABLE BACKBONE SIZE BATCH THREADS EPOCHS
 *
 * such as `bench_loader examples/data/sdss/metadata.csv sky_cnn 64 32 2 5`. Random views, AdamW, all objects. */
#include <stdio.h>
#include <stdlib.h>

#include "alcor/alcor.h"
#include "tests/bench/read_clock.h"

typedef struct bench {
    const alc_backbone *backbone;
    int64_t size, batch, epochs;
    alc_context *context;
    alc_table *table;
    alc_dataset *data;
    alc_model *model;
    alc_plan *plan;
    alc_optimizer *optimizer;
    alc_loader *loader;
} bench;

static alc_status prepare(bench *b)
{
    alc_status status = alc_dataset_create(
        b->table, (alc_dataset_options){.images = true, .crop = 128, .size = b->size}, &b->data);
    if (status == ALC_OK)
        status = alc_model_create(b->context, &b->model);
    if (status)
        return status;
    alc_tensor *image = alc_input(b->model, "image", ALC_REAL, ALC_SHAPE(b->size, b->size, 3));
    alc_tensor *label = alc_input(b->model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *logits = b->backbone->classify(image, alc_dataset_class_count(b->data));
    alc_tensor *loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    status = alc_compile(b->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = b->batch, .output = loss}, &b->plan);
    if (status == ALC_OK)
        status = alc_optimizer_create(b->model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 1e-3}, &b->optimizer);
    const alc_loader_options options = {.batch = b->batch, .training = true, .views = ALC_LOADER_RANDOM_VIEWS, .image = image,
                                        .label = label};
    return status == ALC_OK ? alc_loader_create(b->data, options, &b->loader) : status;
}

/* An epoch's seconds, and those of them in which the loader had the thread. */
static alc_status run_epoch(const bench *b, double *seconds, double *waited)
{
    const double begin = seconds_now();
    *waited = 0;
    for (;;) {
        const double asked = seconds_now();
        alc_status status = alc_loader_next(b->loader, b->plan);
        *waited += seconds_now() - asked;
        if (status == ALC_OK)
            status = alc_train_step(b->plan, b->optimizer);
        if (status) {
            *seconds = seconds_now() - begin;
            return status == ALC_END ? ALC_OK : status;
        }
    }
}

static alc_status run(const bench *b, double preparing)
{
    alc_status status = ALC_OK;
    for (int64_t epoch = 0; epoch < b->epochs && status == ALC_OK; epoch++) {
        double seconds, waited;
        status = run_epoch(b, &seconds, &waited);
        if (status == ALC_OK)
            printf("epoch %lld: %lld images, %.2f s, waiting %.2f %%; all before the first epoch took %.1f %% of that\n",
                   (long long)epoch + 1, (long long)alc_loader_samples(b->loader), seconds, 100 * waited / seconds,
                   100 * preparing / seconds);
    }
    return status;
}

int main(int argc, char **argv)
{
    char message[512] = "";
    bench b = {0};
    if (argc != 7 || !(b.backbone = alc_backbone_find(argv[2]))) {
        fprintf(stderr, "usage: bench_loader TABLE BACKBONE SIZE BATCH THREADS EPOCHS\n");
        return 2;
    }
    b.size = atoll(argv[3]);
    b.batch = atoll(argv[4]);
    b.epochs = atoll(argv[6]);
    const alc_context_options options = {.threads = atoi(argv[5]), .seed = 1, .message = message, .message_size = sizeof message};
    alc_status status = alc_context_create(options, &b.context);
    const double begin = seconds_now();
    if (status == ALC_OK)
        status = alc_table_read(b.context, argv[1], (alc_table_options){0}, &b.table);
    if (status == ALC_OK)
        status = prepare(&b);
    if (status == ALC_OK)
        status = run(&b, seconds_now() - begin);
    if (status)
        fprintf(stderr, "bench_loader: %s\n", b.context ? alc_error_message(b.context) : message);
    alc_loader_destroy(b.loader);
    alc_optimizer_destroy(b.optimizer);
    alc_plan_destroy(b.plan);
    alc_model_destroy(b.model);
    alc_dataset_destroy(b.data);
    alc_table_destroy(b.table);
    alc_context_destroy(b.context);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
