/* tests/data/test_feature_cache.c - training with a feature cache has the bits of training without one, whether the file is new, full
 * already, too small, damaged or was made by another depth; and whatever the features depend on makes it another cache. */
#include <stdio.h>
#include <string.h>

#include "alcor/fit.h"
#include "alcor/layers.h"
#include "alcor/models.h"
#include "data/data_test.h"
#include "lib/data/feature_cache_internal.h"
#include "support/failing_hooks.h"
#include "support/model_digest.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

enum { SAMPLES = 11, SIZE = 16, BATCH = 4, EPOCHS = 4, CLASSES = 3 };

static failing_hooks hooks;
static temporary_folder folder;
static alc_context *context;
static alc_table *table;
static alc_dataset *dataset;
static char path[1024], shallow_path[1024], told[512];

static void keep_line(void *user, const char *line)
{
    (void)user;
    snprintf(told, sizeof told, "%s", line);
}

static void set_up(int threads)
{
    char text[4096] = "id,image,class\n";
    static const char *const names[] = {"GALAXY/0382-51816-0368", "GALAXY/0383-51818-0442", "GALAXY/0388-51793-0447",
                                        "GALAXY/0388-51793-0458", "GALAXY/0389-51795-0329", "GALAXY/0390-51900-0330",
                                        "GALAXY/0390-51900-0562", "GALAXY/0391-51782-0327", "GALAXY/0391-51782-0328",
                                        "GALAXY/0391-51782-0445", "GALAXY/0392-51793-0325"};
    failing_hooks_init(&hooks);
    temporary_folder_create(&folder);
    temporary_path(&folder, "features", path);
    temporary_path(&folder, "shallow", shallow_path);
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = threads, .allocator = &hooks.allocator,
                                                              .files = &hooks.files, .log = keep_line}, &context),
                     ALC_OK);
    for (int i = 0; i < SAMPLES; i++)
        sprintf(text + strlen(text), "%d,examples/data/sdss/images/%s.jpg,%c\n", i, names[i], 'a' + i % CLASSES);
    table = make_table(context, text);
    const alc_dataset_options options = {.images = true, .image_folder = ".", .crop = 64, .size = SIZE};
    ck_assert_msg(alc_dataset_create(table, options, &dataset) == ALC_OK, "%s", alc_error_message(context));
    told[0] = '\0';
}

static void tear_down(void)
{
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

/* ---- a training ---- */

typedef struct training {
    alc_model *model;
    alc_classifier classifier;
    alc_tensor *loss, *features;
    alc_feature_cache *shallow, *cache;
    alc_plan *plan, *evaluation;
    alc_loader *loader, *judge;
    alc_optimizer *optimizer;
} training;

typedef struct variant {
    bool cached, through_shallow, half;
    uint64_t limit;
    const char *from; /* NULL: stage3 */
} variant;

typedef struct outcome {
    uint64_t digest;
    alc_real probabilities[SAMPLES * CLASSES];
    alc_feature_cache_counts counts;
} outcome;

static const alc_normalisation normalisation = {{0.2, 0.2, 0.2}, {0.1, 0.2, 0.3}};

static alc_status build(training *t, const char *from)
{
    const alc_classifier_options network = {.backbone = alc_backbone_find("sky_cnn"), .image_size = SIZE, .classes = CLASSES};
    alc_status status = alc_model_create(context, &t->model);
    if (status == ALC_OK)
        status = alc_classifier_build(t->model, &network, &t->classifier);
    if (status == ALC_OK)
        status = alc_classifier_train_from(t->model, &network, from ? from : "stage3");
    if (status != ALC_OK)
        return status;
    t->loss = alc_softmax_cross_entropy(t->classifier.logits, t->classifier.label, (alc_cross_entropy_options){0});
    status = alc_model_status(t->model);
    return status == ALC_OK ? alc_frozen_prefix(t->model, t->classifier.image, t->loss, &t->features) : status;
}

static alc_feature_cache_options cache_options(const training *t)
{
    return (alc_feature_cache_options){.path = path, .image = t->classifier.image, .features = t->features,
                                       .normalisation = normalisation, .batch = 3};
}

static alc_status open_caches(training *t, const variant *v)
{
    alc_feature_cache_options options = cache_options(t);
    alc_status status = ALC_OK;
    if (v->through_shallow) {
        options.path = shallow_path;
        options.features = alc_model_find_tensor(t->model, "stage1_bn1");
        status = alc_feature_cache_open(t->model, options, &t->shallow);
    }
    options = cache_options(t);
    options.start = t->shallow;
    options.limit = v->limit;
    options.type = v->half ? ALC_FEATURES_HALF : ALC_FEATURES_REAL;
    return status == ALC_OK ? alc_feature_cache_open(t->model, options, &t->cache) : status;
}

static alc_status compile(training *t, bool cached)
{
    alc_tensor *given = cached ? t->features : NULL;
    alc_compile_options options = {.mode = ALC_TRAIN, .batch = BATCH, .output = t->loss, .kept = {t->classifier.logits},
                                   .kept_count = 1, .given = given};
    alc_status status = alc_compile(t->model, options, &t->plan);
    options = (alc_compile_options){.batch = 5, .output = t->classifier.probabilities, .given = given};
    return status == ALC_OK ? alc_compile(t->model, options, &t->evaluation) : status;
}

static alc_status make_loaders(training *t)
{
    alc_loader_options options = {.batch = BATCH, .training = true, .seed = 5, .views = ALC_LOADER_RANDOM_VIEWS,
                                  .normalisation = normalisation, .image = t->classifier.image,
                                  .label = t->classifier.label, .cache = t->cache};
    alc_status status = alc_loader_create(dataset, options, &t->loader);
    options.training = false;
    options.views = ALC_LOADER_FIXED_VIEW;
    options.batch = 5;
    return status == ALC_OK ? alc_loader_create(dataset, options, &t->judge) : status;
}

static alc_status train(training *t, outcome *result)
{
    alc_training_state state = {.schedule = {.learning_rate = 0.01}};
    const alc_fit_options options = {.plan = t->plan, .logits = t->classifier.logits, .label = t->classifier.label,
                                     .loader = t->loader, .optimizer = t->optimizer, .epochs = EPOCHS, .dataset = dataset};
    alc_status status = alc_fit(options, &state);
    if (status == ALC_OK)
        status = alc_predict((alc_predict_options){.plan = t->evaluation, .probabilities = t->classifier.probabilities,
                                                   .loader = t->judge, .views = 3}, result->probabilities, NULL);
    return status;
}

static uint64_t digest_of(const alc_model *model)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < alc_model_parameter_count(model); i++) {
        const alc_parameter *parameter = alc_model_parameter(model, i);
        const size_t count = (size_t)alc_shape_elements(alc_parameter_shape(parameter));
        alc_real *values = malloc(count * sizeof *values);
        alc_parameter_read(parameter, values);
        hash = digest_bytes(hash, values, count * sizeof *values);
        free(values);
    }
    return hash;
}

/* Everything from the model to the predictions; on failure the status, and nothing is left. */
static alc_status run(const variant *v, outcome *result)
{
    training t = {0};
    alc_status status = build(&t, v->from);
    *result = (outcome){0};
    if (status == ALC_OK && v->cached)
        status = open_caches(&t, v);
    if (status == ALC_OK)
        status = compile(&t, v->cached);
    if (status == ALC_OK)
        status = make_loaders(&t);
    if (status == ALC_OK)
        status = alc_optimizer_create(t.model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = 0.01}, &t.optimizer);
    if (status == ALC_OK)
        status = train(&t, result);
    if (status == ALC_OK)
        result->digest = digest_of(t.model);
    if (t.cache)
        result->counts = alc_feature_cache_count(t.cache);
    alc_optimizer_destroy(t.optimizer);
    alc_loader_destroy(t.judge);
    alc_loader_destroy(t.loader);
    alc_plan_destroy(t.evaluation);
    alc_plan_destroy(t.plan);
    alc_status closed = alc_feature_cache_close(t.cache);
    alc_status closed_shallow = alc_feature_cache_close(t.shallow);
    alc_model_destroy(t.model);
    if (status == ALC_OK)
        status = closed != ALC_OK ? closed : closed_shallow;
    return status;
}

static outcome succeed(variant v)
{
    outcome result;
    ck_assert_msg(run(&v, &result) == ALC_OK, "%s", alc_error_message(context));
    return result;
}

static void expect_same(const outcome *a, const outcome *b)
{
    ck_assert_uint_eq(a->digest, b->digest);
    ck_assert_int_eq(memcmp(a->probabilities, b->probabilities, sizeof a->probabilities), 0);
}

/* What is asked for in a run, by training and by prediction in three views. */
enum { REQUESTS = EPOCHS * SAMPLES + 3 * SAMPLES };

START_TEST(a_cache_changes_no_bit)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        set_up(threads);
        const outcome without = succeed((variant){0});
        const outcome fresh = succeed((variant){.cached = true});
        expect_same(&without, &fresh);
        ck_assert_int_eq(fresh.counts.found + fresh.counts.computed, REQUESTS);
        ck_assert_int_gt(fresh.counts.found, 0);
        ck_assert_int_eq(fresh.counts.records, fresh.counts.computed);
        const outcome full = succeed((variant){.cached = true});
        expect_same(&without, &full);
        ck_assert_int_eq(full.counts.computed, 0);
        ck_assert_int_eq(full.counts.found, REQUESTS);
        ck_assert_str_eq(told, "");
        tear_down();
    }
}
END_TEST

START_TEST(a_cache_that_is_too_small_changes_no_bit)
{
    set_up(1);
    const outcome without = succeed((variant){0});
    const outcome full = succeed((variant){.cached = true});
    const uint64_t limit = full.counts.bytes / 3;
    const outcome limited = succeed((variant){.cached = true, .limit = limit});
    expect_same(&without, &limited);
    ck_assert_ptr_nonnull(strstr(told, "within the limit"));
    ck_assert_uint_le(limited.counts.bytes, limit);
    ck_assert_int_gt(limited.counts.records, 0);
    ck_assert_int_gt(limited.counts.computed, 0);
    ck_assert_int_gt(limited.counts.found, 0);
    tear_down();
}
END_TEST

START_TEST(a_deeper_cache_begins_where_a_shallower_one_ends)
{
    set_up(1);
    const outcome without = succeed((variant){0});
    const outcome through = succeed((variant){.cached = true, .through_shallow = true});
    expect_same(&without, &through);
    /* The same file as one that begins at the image would have. */
    const outcome direct = succeed((variant){.cached = true});
    expect_same(&without, &direct);
    ck_assert_int_eq(direct.counts.computed, 0);
    /* The shallower file alone saves nothing of the deeper one's answers. */
    remove(path);
    const outcome again = succeed((variant){.cached = true, .through_shallow = true});
    expect_same(&without, &again);
    ck_assert_int_gt(again.counts.computed, 0);
    tear_down();
}
END_TEST

START_TEST(halves_are_the_same_from_the_file_and_anew)
{
    set_up(1);
    const outcome without = succeed((variant){0});
    const outcome fresh = succeed((variant){.cached = true, .half = true});
    ck_assert_uint_ne(fresh.digest, without.digest);
    for (int i = 0; i < SAMPLES * CLASSES; i++)
        ck_assert_double_eq_tol(fresh.probabilities[i], without.probabilities[i], 0.05);
    const outcome full = succeed((variant){.cached = true, .half = true});
    expect_same(&fresh, &full);
    ck_assert_int_eq(full.counts.computed, 0);
    const outcome limited = succeed((variant){.cached = true, .half = true, .limit = 64});
    expect_same(&fresh, &limited);
    ck_assert_int_eq(limited.counts.records, 0);
    const outcome real = succeed((variant){.cached = true});
    ck_assert_uint_gt(real.counts.bytes, fresh.counts.bytes);
    expect_same(&without, &real);
    tear_down();
}
END_TEST

/* Every byte of a record, and a file that another depth made. */
START_TEST(a_damaged_or_foreign_file_changes_no_bit)
{
    size_t bytes;
    set_up(1);
    const outcome without = succeed((variant){0});
    succeed((variant){.cached = true});
    unsigned char *good = read_test_file(path, &bytes);
    for (size_t at = 9; at < bytes; at += bytes / 7) {
        good[at] ^= 4;
        write_test_file(path, good, bytes);
        const outcome damaged = succeed((variant){.cached = true});
        expect_same(&without, &damaged);
        good[at] ^= 4;
    }
    free(good);
    const outcome deeper = succeed((variant){.cached = true, .from = "stage4"});
    ck_assert_ptr_nonnull(strstr(told, "it begins anew"));
    const outcome deeper_without = succeed((variant){.from = "stage4"});
    expect_same(&deeper, &deeper_without);
    const outcome again = succeed((variant){.cached = true});
    expect_same(&without, &again);
    tear_down();
}
END_TEST

/* ---- what a cache is valid for ---- */

static alc_feature_key key_in(training *t, alc_feature_cache_options options)
{
    alc_feature_key key;
    alc_feature_cache *cache;
    ck_assert_msg(alc_feature_cache_open(t->model, options, &cache) == ALC_OK, "%s", alc_error_message(context));
    key = cache->file.key;
    ck_assert_int_eq(alc_feature_cache_close(cache), ALC_OK);
    return key;
}

static bool same_key(alc_feature_key a, alc_feature_key b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Puts another value into a parameter and returns the one before. */
static alc_real set_value(const training *t, const char *name, alc_real value)
{
    alc_parameter *parameter = alc_model_find_parameter(t->model, name);
    alc_real values[32 * 32 * 9 * 2];
    ck_assert_int_le(alc_shape_elements(alc_parameter_shape(parameter)), (int64_t)(sizeof values / sizeof *values));
    alc_parameter_read(parameter, values);
    const alc_real before = values[1];
    values[1] = value;
    alc_parameter_write(parameter, values);
    return before;
}

START_TEST(the_key_is_of_all_that_features_depend_on)
{
    training t = {0};
    set_up(1);
    ck_assert_int_eq(build(&t, NULL), ALC_OK);
    const alc_feature_cache_options options = cache_options(&t);
    const alc_feature_key key = key_in(&t, options);
    ck_assert(same_key(key, key_in(&t, options)));
    alc_feature_cache_options other = options;
    other.batch = 7; /* of no consequence */
    ck_assert(same_key(key, key_in(&t, other)));
    other.normalisation.std[1] = 0.25;
    ck_assert(!same_key(key, key_in(&t, other)));
    other = options;
    other.type = ALC_FEATURES_HALF;
    ck_assert(!same_key(key, key_in(&t, other)));
    other = options;
    other.features = alc_model_find_tensor(t.model, "stage2_bn2");
    ck_assert(!same_key(key, key_in(&t, other)));
    static const char *const before[] = {"stage1_conv1.weight", "stage2_bn1.running_mean", "stage2_bn2.running_var"};
    for (int i = 0; i < 3; i++) {
        const alc_real value = set_value(&t, before[i], 0.5f);
        ck_assert(!same_key(key, key_in(&t, options)));
        set_value(&t, before[i], value);
        ck_assert(same_key(key, key_in(&t, options)));
    }
    set_value(&t, "fc.weight", 1);
    ck_assert(same_key(key, key_in(&t, options)));
    alc_model_destroy(t.model);
    tear_down();
}
END_TEST

/* Two networks of the same names, shapes and weights that compute something else. */
START_TEST(the_key_is_of_what_layers_do)
{
    alc_feature_key keys[2];
    set_up(1);
    for (int i = 0; i < 2; i++) {
        training t = {0};
        ck_assert_int_eq(alc_model_create(context, &t.model), ALC_OK);
        t.classifier.image = alc_input(t.model, "image", ALC_REAL, ALC_SHAPE(SIZE, SIZE, 3));
        t.features = alc_conv2d(t.classifier.image, (alc_conv2d_options){.name = "conv", .filters = 4, .kernel = 3,
                                                                         .padding = i + 1, .dilation = i + 1});
        keys[i] = key_in(&t, cache_options(&t));
        alc_model_destroy(t.model);
    }
    ck_assert(!same_key(keys[0], keys[1]));
    tear_down();
}
END_TEST

/* Weights that are written while the cache is open, as by restoring a checkpoint: the same ones keep the file. */
START_TEST(written_weights_are_noticed)
{
    training t = {0};
    alc_feature_cache *cache;
    set_up(1);
    ck_assert_int_eq(build(&t, NULL), ALC_OK);
    ck_assert_int_eq(alc_feature_cache_open(t.model, cache_options(&t), &cache), ALC_OK);
    alc_real pixels[SIZE * SIZE * 3] = {0.5f};
    const int64_t count = alc_shape_elements(alc_tensor_shape(alc_feature_cache_tensor(cache)));
    alc_real *values = calloc((size_t)(2 * count), sizeof *values);
    const alc_feature_key image = alc_feature_key_of(pixels, sizeof pixels);
    const int view = 0;
    const alc_feature_request request = {.rows = 1, .images = &image, .views = &view, .pixels = pixels};
    ck_assert_int_eq(alc_feature_cache_fetch(cache, &request, values), ALC_OK);
    set_value(&t, "stage1_bn1.bias", 0);
    ck_assert_int_eq(alc_feature_cache_fetch(cache, &request, values + count), ALC_OK);
    ck_assert_int_eq(memcmp(values, values + count, (size_t)count * sizeof *values), 0);
    ck_assert_int_eq(alc_feature_cache_count(cache).found, 1);
    set_value(&t, "stage1_bn1.bias", 2);
    ck_assert_int_eq(alc_feature_cache_fetch(cache, &request, values + count), ALC_OK);
    ck_assert_int_ne(memcmp(values, values + count, (size_t)count * sizeof *values), 0);
    ck_assert_int_eq(alc_feature_cache_count(cache).found, 1);
    ck_assert_ptr_nonnull(strstr(told, "is of other weights"));
    free(values);
    ck_assert_int_eq(alc_feature_cache_close(cache), ALC_OK);
    alc_model_destroy(t.model);
    tear_down();
}
END_TEST

/* ---- refusals and failures ---- */

START_TEST(what_cannot_be_cached_is_refused)
{
    training t = {0};
    alc_feature_cache *cache, *start;
    set_up(1);
    ck_assert_int_eq(build(&t, NULL), ALC_OK);
    alc_feature_cache_options options = cache_options(&t);
    options.path = NULL;
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_INVALID_ARGUMENT,
                    "a feature cache needs a path, an image and features of this model");
    options = cache_options(&t);
    options.batch = 0;
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_INVALID_ARGUMENT, "of batch 0 and kind 0");
    options = cache_options(&t);
    options.features = t.loss;
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_SHAPE_MISMATCH, "depends on the input label");
    options = cache_options(&t);
    ck_assert_int_eq(alc_feature_cache_open(t.model, options, &start), ALC_OK);
    options.start = start;
    options.path = shallow_path;
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_INVALID_ARGUMENT,
                    "starts at one of the same model, image and normalisation, and an earlier tensor");
    options.features = alc_model_find_tensor(t.model, "stage1_bn1");
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_INVALID_ARGUMENT,
                    "stage1_bn1 does not depend on");
    /* A way around the start. */
    alc_tensor *beside = alc_max_pool(t.classifier.image, (alc_pool_options){.kernel = 4});
    options.features = alc_concat(2, (alc_tensor *[]){t.features, beside});
    ck_assert_msg(alc_model_status(t.model) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_fails(context, alc_feature_cache_open(t.model, options, &cache), ALC_INVALID_ARGUMENT,
                    "depends on more of the image than");
    alc_loader *loader;
    alc_loader_options loading = {.batch = 2, .image = t.classifier.image, .cache = start};
    ck_assert_fails(context, alc_loader_create(dataset, loading, &loader), ALC_INVALID_ARGUMENT,
                    "the feature cache is of another image or another normalisation than the loader");
    ck_assert_int_eq(alc_feature_cache_close(start), ALC_OK);
    ck_assert_int_eq(alc_feature_cache_close(NULL), ALC_OK);
    alc_model_destroy(t.model);
    tear_down();
}
END_TEST

START_TEST(values_that_no_half_holds_are_refused)
{
    training t = {0};
    set_up(1);
    ck_assert_int_eq(build(&t, NULL), ALC_OK);
    alc_feature_cache_options options = cache_options(&t);
    options.type = ALC_FEATURES_HALF;
    set_value(&t, "stage2_bn2.bias", 1e6f);
    ck_assert_int_eq(alc_feature_cache_open(t.model, options, &t.cache), ALC_OK);
    ck_assert_int_eq(compile(&t, true), ALC_OK);
    ck_assert_int_eq(make_loaders(&t), ALC_OK);
    ck_assert_fails(context, alc_loader_next(t.loader, t.plan), ALC_UNSUPPORTED, "is too large for a 16-bit float");
    alc_loader_destroy(t.judge);
    alc_loader_destroy(t.loader);
    alc_plan_destroy(t.evaluation);
    alc_plan_destroy(t.plan);
    ck_assert_int_eq(alc_feature_cache_close(t.cache), ALC_OK);
    alc_model_destroy(t.model);
    tear_down();
}
END_TEST

/* Whatever fails, the next run has the same bits; files and memory are given back. */
START_TEST(no_failure_does_harm)
{
    outcome result;
    set_up(1);
    const variant cached = {.cached = true, .through_shallow = true};
    const outcome expected = succeed((variant){0});
    hooks.fail_files = FILE_ANY;
    bool reached = true;
    for (int64_t number = 1; reached; number++) {
        if (number % 3 == 0)
            remove(path);
        failing_hooks_restart(&hooks);
        hooks.fail_file = number;
        hooks.files_stay_failed = number % 2;
        alc_status status = run(&cached, &result);
        reached = hooks.faults > 0;
        if (status == ALC_OK)
            expect_same(&expected, &result);
        else
            ck_assert_int_eq(status, ALC_IO_ERROR);
        failing_hooks_relent(&hooks);
        ck_assert_msg(run(&cached, &result) == ALC_OK, "%s", alc_error_message(context));
        expect_same(&expected, &result);
    }
    reached = true;
    for (int64_t number = 1; reached; number += 1 + number / 8) {
        remove(path);
        failing_hooks_restart(&hooks);
        hooks.fail_allocation = number;
        alc_status status = run(&cached, &result);
        reached = hooks.faults > 0;
        ck_assert(status == ALC_OUT_OF_MEMORY || status == ALC_OK);
        failing_hooks_relent(&hooks);
    }
    ck_assert_int_eq(run(&cached, &result), ALC_OK);
    expect_same(&expected, &result);
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_TESTS("feature_cache", a_cache_changes_no_bit, a_cache_that_is_too_small_changes_no_bit,
                     a_deeper_cache_begins_where_a_shallower_one_ends, halves_are_the_same_from_the_file_and_anew,
                     a_damaged_or_foreign_file_changes_no_bit, the_key_is_of_all_that_features_depend_on,
                     the_key_is_of_what_layers_do, written_weights_are_noticed, what_cannot_be_cached_is_refused,
                     values_that_no_half_holds_are_refused, no_failure_does_harm);
}
