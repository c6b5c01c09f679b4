/* lib/data/loader.c - hands batches to plans while a thread of its own prepares the next one.
 *
 * There is one staged batch: the thread fills it when it is wanted, alc_loader_next copies it into the plan's inputs and
 * wants the next. Nothing is allocated after creation, and nothing can fail on the thread.
 */
#include "lib/data/loader_internal.h"

#include <string.h>

#include "lib/data/image_internal.h"
#include "lib/data/dataset_internal.h"

static void *prepare_batches(void *argument)
{
    alc_loader *loader = argument;

    pthread_mutex_lock(&loader->mutex);
    for (;;) {
        while (!loader->leave && !(loader->wanted && !loader->ready))
            pthread_cond_wait(&loader->changed, &loader->mutex);
        if (loader->leave)
            break;
        /* Nobody else touches the staged batch, the order or the position while it is wanted and not ready. */
        pthread_mutex_unlock(&loader->mutex);
        if (loader->position == 0)
            alc_loader_shuffle(loader);
        alc_loader_prepare(loader, &loader->staged);
        pthread_mutex_lock(&loader->mutex);
        loader->ready = true;
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

/* Waits until the thread rests; with the mutex held. */
static void wait_until_ready(alc_loader *loader)
{
    while (loader->wanted && !loader->ready)
        pthread_cond_wait(&loader->changed, &loader->mutex);
}

/* Asks for the next batch; with the mutex held and the thread at rest. */
static void want_next(alc_loader *loader)
{
    loader->wanted = true;
    loader->ready = false;
    pthread_cond_broadcast(&loader->changed);
}

static alc_status check_input(const alc_loader *loader, const alc_tensor *tensor, alc_shape shape,
                              alc_dtype dtype, const char *what)
{
    char actual[128], expected[128];

    if (tensor == NULL ||
        (alc_shape_equal(alc_tensor_shape(tensor), shape) && alc_tensor_dtype(tensor) == dtype))
        return ALC_OK;
    return alc_fail(loader->context, ALC_SHAPE_MISMATCH,
                    "%s: the input has shape %s, but %s are %s%s", alc_tensor_name(tensor),
                    alc_shape_text(alc_tensor_shape(tensor), actual, sizeof actual), what,
                    alc_shape_text(shape, expected, sizeof expected),
                    alc_tensor_dtype(tensor) == dtype ? "" : " of another type");
}

static alc_status check_inputs(const alc_loader *loader, const alc_loader_options *options)
{
    int64_t size = loader->image_size;
    alc_status status;

    if (options->image != NULL && size == 0)
        return alc_fail(loader->context, ALC_INVALID_ARGUMENT,
                        "%s: the data set was made without images",
                        alc_tensor_name(options->image));
    if (options->features != NULL && options->encoder == NULL)
        return alc_fail(loader->context, ALC_INVALID_ARGUMENT,
                        "%s: an input of features needs an encoder",
                        alc_tensor_name(options->features));
    status = check_input(loader, options->image, ALC_SHAPE(size, size, 3), ALC_REAL,
                         "the data set's images");
    if (status == ALC_OK)
        status = check_input(loader, options->features, ALC_SHAPE(loader->feature_width), ALC_REAL,
                             "the encoder's rows");
    if (status == ALC_OK)
        status = check_input(loader, options->label, ALC_SHAPE(1), ALC_I32, "labels");
    return status;
}

static alc_status check_cache(const alc_loader *loader, const alc_loader_options *options)
{
    const alc_feature_cache *cache = options->cache;
    if (cache == NULL || (options->image != NULL && cache->options.image == options->image &&
                          memcmp(&cache->options.normalisation, &options->normalisation, sizeof options->normalisation) == 0))
        return ALC_OK;
    return alc_fail(loader->context, ALC_INVALID_ARGUMENT,
                    "%s: the feature cache is of another image or another normalisation than the loader",
                    alc_tensor_name(alc_feature_cache_tensor(cache)));
}

static alc_status check_labels(const alc_loader *loader)
{
    for (int64_t i = 0; loader->label != NULL && i < loader->count; i++) {
        int64_t row = alc_dataset_row(loader->dataset, loader->indices[i]);
        const alc_table *table = alc_dataset_table(loader->dataset);
        if (alc_dataset_label(loader->dataset, loader->indices[i]) < 0)
            return alc_fail(loader->context, ALC_INVALID_ARGUMENT,
                            "%s: line %lld (row %lld): the sample has no known class",
                            alc_table_path(table), (long long)alc_table_line(table, row),
                            (long long)row + 1);
    }
    return ALC_OK;
}

static alc_status check_options(const alc_dataset *dataset, const alc_loader_options *options)
{
    if (options->batch < 1)
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT, "a batch of %lld samples",
                        (long long)options->batch);
    if (options->view < 0 || options->view >= ALC_VIEW_COUNT ||
        (options->views != ALC_LOADER_FIXED_VIEW && options->views != ALC_LOADER_RANDOM_VIEWS))
        return alc_fail(dataset->context, ALC_INVALID_ARGUMENT,
                        "there is no view %d (0 to 7) or no way %d of choosing one", options->view,
                        (int)options->views);
    return ALC_OK;
}

static alc_status copy_indices(alc_loader *loader, const int64_t *indices)
{
    loader->indices =
        alc_allocate_array(loader->context, (size_t)loader->count, sizeof(int64_t), "a loader");
    if (loader->indices == NULL)
        return ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; i < loader->count; i++)
        loader->indices[i] = indices != NULL ? indices[i] : i;
    return ALC_OK;
}

static alc_status encode_features(alc_loader *loader, const alc_encoder *encoder)
{
    alc_context *context = loader->context;
    int64_t *rows;
    alc_status status;

    if (loader->features == NULL)
        return ALC_OK;
    loader->encoded = alc_allocate_array(context, (size_t)loader->count,
                                         (size_t)loader->feature_width * sizeof(alc_real), "encoded features");
    rows = alc_allocate_array(context, (size_t)loader->count, sizeof *rows, "row numbers");
    status = loader->encoded != NULL && rows != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
    for (int64_t i = 0; status == ALC_OK && i < loader->count; i++)
        rows[i] = alc_dataset_row(loader->dataset, loader->indices[i]);
    if (status == ALC_OK)
        status = alc_encoder_encode(encoder, alc_dataset_table(loader->dataset), rows,
                                    loader->count, loader->encoded);
    alc_free(context, rows);
    return status;
}

static alc_status key_images(alc_loader *loader)
{
    const size_t bytes = (size_t)(loader->image_size * loader->image_size * 3);
    if (loader->cache == NULL)
        return ALC_OK;
    loader->keys =
        alc_allocate_array(loader->context, (size_t)loader->count, sizeof *loader->keys, "keys of images");
    for (int64_t i = 0; loader->keys != NULL && i < loader->count; i++)
        loader->keys[i] = alc_feature_key_of(alc_dataset_pixels(loader->dataset, loader->indices[i]), bytes);
    return loader->keys != NULL ? ALC_OK : ALC_OUT_OF_MEMORY;
}

static alc_status prepare_normalisation(alc_loader *loader, alc_normalisation normalisation)
{
    bool unset = true;

    for (int c = 0; c < 3; c++)
        unset = unset && normalisation.mean[c] == 0 && normalisation.std[c] == 0;
    if (unset)
        normalisation = (alc_normalisation){.std = {1, 1, 1}};
    return alc_normalisation_table(loader->context, normalisation, loader->normalised);
}

static alc_status allocate_batch(alc_loader *loader)
{
    alc_context *context = loader->context;
    alc_batch *batch = &loader->staged;
    size_t pixels = (size_t)(loader->image_size * loader->image_size * 3);
    size_t images = 0, features = 0, n = (size_t)loader->batch;

    if ((loader->image != NULL && !alc_multiply_sizes(n, pixels, &images)) ||
        (loader->features != NULL &&
         !alc_multiply_sizes(n, (size_t)loader->feature_width, &features)))
        return alc_fail_memory(context, SIZE_MAX, "a batch");
    batch->images = alc_allocate_array(context, images, sizeof(alc_real), "a batch of images");
    batch->features = alc_allocate_array(context, features, sizeof(alc_real), "a batch of features");
    batch->labels = alc_allocate_array(context, n, sizeof(int32_t), "a batch of labels");
    batch->indices = alc_allocate_array(context, n, sizeof(int64_t), "a batch");
    batch->keys = alc_allocate_array(context, n, sizeof *batch->keys, "a batch");
    batch->image_views = alc_allocate_array(context, n, sizeof *batch->image_views, "a batch");
    loader->latest_indices = alc_allocate_array(context, n, sizeof(int64_t), "a batch");
    loader->order = alc_allocate_array(context, (size_t)loader->count, sizeof(int64_t), "a loader");
    return batch->images != NULL && batch->features != NULL && batch->labels != NULL &&
                   batch->indices != NULL && batch->keys != NULL && batch->image_views != NULL && loader->latest_indices != NULL && loader->order != NULL
               ? ALC_OK
               : ALC_OUT_OF_MEMORY;
}

static void free_loader(alc_loader *loader)
{
    alc_context *context = loader->context;

    alc_free(context, loader->indices);
    alc_free(context, loader->encoded);
    alc_free(context, loader->order);
    alc_free(context, loader->latest_indices);
    alc_free(context, loader->staged.images);
    alc_free(context, loader->staged.features);
    alc_free(context, loader->staged.labels);
    alc_free(context, loader->staged.indices);
    alc_free(context, loader->staged.keys);
    alc_free(context, loader->staged.image_views);
    alc_free(context, loader->keys);
    alc_free(context, loader);
}

static alc_status start_thread(alc_loader *loader)
{
    int failed = pthread_mutex_init(&loader->mutex, NULL);

    if (failed == 0) {
        failed = pthread_cond_init(&loader->changed, NULL);
        if (failed == 0) {
            failed = pthread_create(&loader->thread, NULL, prepare_batches, loader);
            if (failed == 0)
                return ALC_OK;
            pthread_cond_destroy(&loader->changed);
        }
        pthread_mutex_destroy(&loader->mutex);
    }
    return alc_fail(loader->context, ALC_UNSUPPORTED, "a loader cannot have a thread: error %d",
                    failed);
}

static alc_status fill_loader(alc_loader *loader, const alc_loader_options *options)
{
    alc_status status = check_inputs(loader, options);

    if (status == ALC_OK)
        status = check_cache(loader, options);
    if (status == ALC_OK)
        status = copy_indices(loader, options->indices);
    if (status == ALC_OK)
        status = check_labels(loader);
    if (status == ALC_OK)
        status = key_images(loader);
    if (status == ALC_OK)
        status = prepare_normalisation(loader, options->normalisation);
    if (status == ALC_OK)
        status = encode_features(loader, options->encoder);
    if (status == ALC_OK)
        status = allocate_batch(loader);
    if (status == ALC_OK)
        status = start_thread(loader);
    return status;
}

alc_status alc_loader_create(const alc_dataset *dataset, alc_loader_options options,
                             alc_loader **result)
{
    alc_loader *loader;
    int64_t count = options.count, last;
    alc_status status;

    if (result != NULL)
        *result = NULL;
    if (dataset == NULL || result == NULL)
        return ALC_INVALID_ARGUMENT;
    status = alc_dataset_check_indices(dataset, options.indices, &count);
    if (status == ALC_OK)
        status = check_options(dataset, &options);
    if (status != ALC_OK)
        return status;
    loader = alc_allocate(dataset->context, sizeof *loader, "a loader");
    if (loader == NULL)
        return ALC_OUT_OF_MEMORY;
    last = count % options.batch;
    loader->context = dataset->context;
    loader->dataset = dataset;
    loader->image = options.image;
    loader->features = options.features;
    loader->label = options.label;
    loader->cache = options.cache;
    loader->expected = options.expected;
    loader->check_wanted = options.image != NULL && options.expected.std[0] > 0;
    loader->count = count;
    loader->batch = options.batch;
    loader->samples_per_epoch =
        options.training && last == 1 && count > options.batch && options.batch > 1 ? count - 1
                                                                                    : count;
    loader->training = options.training;
    loader->seed = options.seed;
    loader->views = options.views;
    loader->next_view = options.view;
    loader->image_size = alc_dataset_image_size(dataset);
    loader->feature_width = alc_encoder_width(options.encoder);
    status = fill_loader(loader, &options);
    if (status != ALC_OK) {
        free_loader(loader);
        return status;
    }
    alc_loader_start_epoch(loader, 0);
    *result = loader;
    return ALC_OK;
}

void alc_loader_destroy(alc_loader *loader)
{
    if (loader == NULL)
        return;
    pthread_mutex_lock(&loader->mutex);
    loader->leave = true;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->mutex);
    pthread_join(loader->thread, NULL);
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->mutex);
    free_loader(loader);
}

int64_t alc_loader_batches(const alc_loader *loader)
{
    return loader == NULL ? 0 : (loader->samples_per_epoch + loader->batch - 1) / loader->batch;
}

int64_t alc_loader_samples(const alc_loader *loader)
{
    return loader == NULL ? 0 : loader->samples_per_epoch;
}

void alc_loader_start_epoch(alc_loader *loader, uint64_t epoch)
{
    if (loader == NULL)
        return;
    pthread_mutex_lock(&loader->mutex);
    wait_until_ready(loader);
    loader->epoch = epoch;
    loader->position = 0;
    loader->view = loader->next_view;
    loader->latest_rows = 0;
    want_next(loader);
    pthread_mutex_unlock(&loader->mutex);
}

alc_status alc_loader_set_view(alc_loader *loader, int view)
{
    if (loader == NULL)
        return ALC_INVALID_ARGUMENT;
    if (view < 0 || view >= ALC_VIEW_COUNT)
        return alc_fail(loader->context, ALC_INVALID_ARGUMENT,
                        "there is no view %d; they are numbered 0 to 7", view);
    loader->next_view = view;
    return ALC_OK;
}

static void copy_input(alc_plan *plan, const alc_tensor *tensor, const void *values, size_t bytes)
{
    void *input = tensor != NULL ? alc_plan_input(plan, tensor) : NULL;
    if (input != NULL)
        memcpy(input, values, bytes);
}

static alc_status check_first_batch(alc_loader *loader)
{
    const alc_batch *batch = &loader->staged;
    if (!loader->check_wanted)
        return ALC_OK;
    alc_status status = alc_image_check_values(loader->context, loader->expected, batch->images,
                                               batch->rows * loader->image_size * loader->image_size);
    loader->check_wanted = status != ALC_OK;
    return status;
}

/* The features of the batch's images, where the plan takes them. */
static alc_status hand_over_features(alc_loader *loader, alc_plan *plan)
{
    const alc_batch *batch = &loader->staged;
    alc_real *input = loader->cache == NULL ? NULL : alc_plan_input(plan, alc_feature_cache_tensor(loader->cache));
    const alc_feature_request request = {.rows = batch->rows,
                                         .images = batch->keys,
                                         .views = batch->image_views,
                                         .pixels = batch->images};
    return input == NULL ? ALC_OK : alc_feature_cache_fetch(loader->cache, &request, input);
}

/* Into another model's plan nothing would be written, and it would run on what its inputs happen to hold. */
static alc_status check_model(const alc_loader *loader, const alc_plan *plan)
{
    const alc_tensor *const inputs[] = {loader->image, loader->features, loader->label};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        if (inputs[i] != NULL && alc_tensor_model(inputs[i]) != alc_plan_model(plan))
            return alc_fail(loader->context, ALC_MISMATCH, "%s: the loader's input is of another model than the plan",
                            alc_tensor_name(inputs[i]));
    return ALC_OK;
}

/* Copies the staged batch into the plan and asks for the next; with the mutex held. */
static alc_status hand_over(alc_loader *loader, alc_plan *plan)
{
    const alc_batch *batch = &loader->staged;
    size_t rows = (size_t)batch->rows, size = (size_t)loader->image_size;
    alc_status status;

    if (batch->rows > alc_plan_batch(plan))
        return alc_fail(loader->context, ALC_SHAPE_MISMATCH,
                        "a batch of %lld samples does not fit a plan for %lld",
                        (long long)batch->rows, (long long)alc_plan_batch(plan));
    status = check_model(loader, plan);
    if (status == ALC_OK)
        status = alc_plan_set_rows(plan, batch->rows);
    if (status == ALC_OK)
        status = check_first_batch(loader);
    if (status == ALC_OK)
        status = hand_over_features(loader, plan);
    if (status != ALC_OK)
        return status;
    alc_plan_set_draw(plan, loader->epoch, (uint64_t)batch->position);
    copy_input(plan, loader->image, batch->images, rows * size * size * 3 * sizeof(alc_real));
    copy_input(plan, loader->features, batch->features,
               rows * (size_t)loader->feature_width * sizeof(alc_real));
    copy_input(plan, loader->label, batch->labels, rows * sizeof(int32_t));
    loader->latest_rows = batch->rows;
    memcpy(loader->latest_indices, batch->indices, rows * sizeof(int64_t));
    want_next(loader);
    return ALC_OK;
}

alc_status alc_loader_next(alc_loader *loader, alc_plan *plan)
{
    alc_status status = ALC_END;

    if (loader == NULL)
        return ALC_INVALID_ARGUMENT;
    if (plan == NULL)
        return alc_fail(loader->context, ALC_INVALID_ARGUMENT, "alc_loader_next: plan is NULL");
    pthread_mutex_lock(&loader->mutex);
    wait_until_ready(loader);
    if (loader->staged.rows > 0) {
        status = hand_over(loader, plan);
    } else {
        loader->epoch++;
        loader->position = 0;
        want_next(loader);
    }
    pthread_mutex_unlock(&loader->mutex);
    return status;
}

int64_t alc_loader_rows(const alc_loader *loader)
{
    return loader == NULL ? 0 : loader->latest_rows;
}

const int64_t *alc_loader_indices(const alc_loader *loader)
{
    return loader == NULL ? NULL : loader->latest_indices;
}
