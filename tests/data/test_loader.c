/* tests/data/test_loader.c - batches hold what the data set says, in an order and in views that depend on the seed, the
 * epoch and the position alone. */
#define _GNU_SOURCE /* pthread_setattr_default_np */
#include <pthread.h>
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/loader.h"
#include "data/png_test.h"
#include "lib/compile/plan.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

enum { SAMPLES = 11, SIDE = 3, VALUES = SIDE * SIDE * 3, MOST_BATCH = 16 };

/* A data set of images whose views can be told apart, and a plan for them. */
typedef struct fixture {
    alc_context *context;
    temporary_folder folder;
    alc_table *table;
    alc_dataset *dataset;
    alc_encoder *encoder;
    alc_model *model;
    alc_tensor *image, *features, *label, *loss, *image_logits;
    alc_plan *plan;
} fixture;

static void write_image(const temporary_folder *folder, int number)
{
    char chunks[256] = HEADER("00000003 00000003", "0802") "IDAT @", path[1024], name[32];
    file_bytes file = {.size = 0};

    for (int y = 0; y < SIDE; y++) {
        strcat(chunks, "00");
        for (int x = 0; x < SIDE; x++)
            sprintf(chunks + strlen(chunks), "%02X%02X%02X", 20 * number + SIDE * y + x, 255 - number, y + 100 * x);
    }
    strcat(chunks, ";" END);
    put_png(&file, chunks);
    snprintf(name, sizeof name, "%d.png", number);
    write_test_file(temporary_path(folder, name, path), file.data, file.size);
}

static void build_model(fixture *f)
{
    alc_tensor *from_features;

    ck_assert_int_eq(alc_model_create(f->context, &f->model), ALC_OK);
    f->image = alc_input(f->model, "image", ALC_REAL, ALC_SHAPE(SIDE, SIDE, 3));
    f->features = alc_input(f->model, "features", ALC_REAL, ALC_SHAPE(1));
    f->label = alc_input(f->model, "label", ALC_I32, ALC_SHAPE(1));
    f->image_logits = alc_dense(alc_global_average_pool(f->image), (alc_dense_options){.name = "a", .units = 2});
    from_features = alc_dense(f->features, (alc_dense_options){.name = "b", .units = 2});
    f->loss = alc_softmax_cross_entropy(alc_add(f->image_logits, from_features), f->label,
                                        (alc_cross_entropy_options){0});
    ck_assert_int_eq(
        alc_compile(f->model,
                    (alc_compile_options){.mode = ALC_TRAIN, .batch = MOST_BATCH, .output = f->loss}, &f->plan),
        ALC_OK);
}

static void fixture_create_in(fixture *f, alc_context *context)
{
    char text[1024] = "id,u,image,class\n";

    *f = (fixture){.context = context};
    temporary_folder_create(&f->folder);
    for (int i = 0; i < SAMPLES; i++) {
        write_image(&f->folder, i);
        sprintf(text + strlen(text), "obj%d,%d,%d.png,%s\n", i, i * i, i, i % 3 == 0 ? "STAR" : "GALAXY");
    }
    f->table = make_table(context, text);
    ck_assert_int_eq(alc_dataset_create(f->table,
                                        (alc_dataset_options){.images = true, .image_folder = f->folder.path},
                                        &f->dataset),
                     ALC_OK);
    ck_assert_int_eq(alc_dataset_fit_encoder(f->dataset, NULL, 0,
                                             (alc_encoder_options){.features = (const char *const[]){"u"},
                                                                   .feature_count = 1},
                                             &f->encoder),
                     ALC_OK);
    build_model(f);
}

static void fixture_create(fixture *f, int threads)
{
    fixture_create_in(f, make_context(threads));
}

static void fixture_destroy(fixture *f)
{
    alc_plan_destroy(f->plan);
    alc_model_destroy(f->model);
    alc_encoder_destroy(f->encoder);
    alc_dataset_destroy(f->dataset);
    alc_table_destroy(f->table);
    temporary_folder_remove(&f->folder);
    alc_context_destroy(f->context);
}

static alc_loader_options all_inputs(const fixture *f)
{
    return (alc_loader_options){.batch = 4, .encoder = f->encoder, .image = f->image, .features = f->features,
                                .label = f->label};
}

static alc_loader *make_loader(const fixture *f, alc_loader_options options)
{
    alc_loader *loader = NULL;
    ck_assert_msg(alc_loader_create(f->dataset, options, &loader) == ALC_OK, "%s", alc_error_message(f->context));
    return loader;
}

/* Which view of the sample's image these values are: each image has eight different ones. */
static int view_of(const fixture *f, int64_t index, const alc_real *values)
{
    alc_image image = {.context = f->context, .height = SIDE, .width = SIDE, .channels = 3,
                       .pixels = (uint8_t *)(uintptr_t)alc_dataset_pixels(f->dataset, index)};
    int found = -1;

    for (int view = 0; view < ALC_VIEW_COUNT; view++) {
        alc_image turned;
        alc_real expected[VALUES];
        ck_assert_int_eq(alc_image_view(&image, view, &turned), ALC_OK);
        ck_assert_int_eq(alc_image_normalise(&turned, (alc_normalisation){.std = {1, 1, 1}}, expected), ALC_OK);
        if (memcmp(values, expected, sizeof expected) == 0) {
            ck_assert_int_eq(found, -1);
            found = view;
        }
        alc_image_free(&turned);
    }
    ck_assert_int_ge(found, 0);
    return found;
}

/* What an epoch gave: samples and views in order, and the sizes of batches. */
typedef struct trace {
    int64_t index[SAMPLES];
    int view[SAMPLES];
    int samples, batches;
    int64_t rows[SAMPLES];
} trace;

/* Adds the batch that is in the plan, which must be what the data set says of its samples. */
static void check_batch(fixture *f, const alc_loader *loader, trace *t)
{
    const alc_real *images = alc_plan_input(f->plan, f->image), *features = alc_plan_input(f->plan, f->features);
    const int32_t *labels = alc_plan_input(f->plan, f->label);
    int64_t rows = alc_loader_rows(loader);

    ck_assert_int_eq(f->plan->rows, rows);
    ck_assert_uint_eq(f->plan->draw.position, (uint64_t)t->samples);
    ck_assert_int_le(t->samples + rows, SAMPLES);
    for (int64_t i = 0; i < rows; i++) {
        int64_t index = alc_loader_indices(loader)[i], row = alc_dataset_row(f->dataset, index);
        alc_real encoded;
        ck_assert_int_eq(labels[i], alc_dataset_label(f->dataset, index));
        ck_assert_int_eq(alc_encoder_encode(f->encoder, f->table, &row, 1, &encoded), ALC_OK);
        ck_assert(features[i] == encoded);
        t->index[t->samples] = index;
        t->view[t->samples++] = view_of(f, index, images + i * VALUES);
    }
    t->rows[t->batches++] = rows;
}

/* What is left of an epoch, to its end. */
static trace run_epoch(fixture *f, alc_loader *loader, uint64_t epoch)
{
    trace t = {.samples = 0};
    alc_status status;

    while ((status = alc_loader_next(loader, f->plan)) == ALC_OK) {
        ck_assert_uint_eq(f->plan->draw.epoch, epoch);
        check_batch(f, loader, &t);
    }
    ck_assert_int_eq(status, ALC_END);
    ck_assert_int_eq(t.samples, alc_loader_samples(loader));
    ck_assert_int_eq(t.batches, alc_loader_batches(loader));
    return t;
}

static void check_same(const trace *a, const trace *b)
{
    ck_assert_int_eq(a->samples, b->samples);
    ck_assert_mem_eq(a->index, b->index, sizeof a->index);
    ck_assert_mem_eq(a->view, b->view, sizeof a->view);
}

START_TEST(evaluation_goes_through_the_samples_in_order)
{
    static const int64_t chosen[] = {7, 0, 7, 3, 10};
    fixture f;
    alc_loader_options options;
    alc_loader *loader;
    fixture_create(&f, 1);
    options = all_inputs(&f);
    options.view = 6;
    loader = make_loader(&f, options);
    ck_assert_int_eq(alc_loader_rows(loader), 0);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        trace t = run_epoch(&f, loader, epoch);
        for (int i = 0; i < SAMPLES; i++)
            ck_assert(t.index[i] == i && t.view[i] == 6);
        ck_assert(t.samples == SAMPLES && t.batches == 3 && t.rows[0] == 4 && t.rows[2] == 3);
    }
    alc_loader_destroy(loader);
    options.indices = chosen;
    options.count = 5;
    loader = make_loader(&f, options);
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        trace t = run_epoch(&f, loader, epoch);
        ck_assert(t.samples == 5 && t.rows[1] == 1); /* a last batch of one is complete here */
        ck_assert_mem_eq(t.index, chosen, sizeof chosen);
    }
    alc_loader_destroy(loader);
    fixture_destroy(&f);
}
END_TEST

static alc_loader_options training(const fixture *f, uint64_t seed)
{
    alc_loader_options options = all_inputs(f);
    options.training = true;
    options.views = ALC_LOADER_RANDOM_VIEWS;
    options.seed = seed;
    return options;
}

START_TEST(training_depends_on_the_seed_and_the_epoch_alone)
{
    enum { EPOCHS = 5 };
    trace first[EPOCHS];
    int moved = 0;
    for (int threads = 1; threads <= 4; threads++) {
        fixture f;
        alc_loader *loader;
        fixture_create(&f, threads);
        loader = make_loader(&f, training(&f, 42));
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            trace t = run_epoch(&f, loader, (uint64_t)epoch);
            int seen[SAMPLES] = {0};
            if (threads == 1)
                first[epoch] = t;
            check_same(&first[epoch], &t);
            for (int i = 0; i < SAMPLES; i++)
                seen[t.index[i]]++;
            for (int i = 0; i < SAMPLES; i++)
                ck_assert_int_eq(seen[i], 1);
            if (epoch > 0)
                for (int i = 0; i < SAMPLES; i++)
                    moved += t.index[i] != first[epoch - 1].index[i];
        }
        alc_loader_destroy(loader);
        if (threads == 1) {
            trace other;
            loader = make_loader(&f, training(&f, 43));
            other = run_epoch(&f, loader, 0);
            ck_assert(memcmp(other.index, first[0].index, sizeof other.index) != 0);
            ck_assert(memcmp(other.view, first[0].view, sizeof other.view) != 0);
            alc_loader_destroy(loader);
        }
        fixture_destroy(&f);
    }
    ck_assert_int_gt(moved, 4 * 4 * SAMPLES / 2); /* a sample stays in its place once in eleven epochs */
}
END_TEST

START_TEST(batches_do_not_change_order_or_views)
{
    static const int64_t batches[] = {1, 3, 11, 16};
    fixture f;
    trace reference;
    fixture_create(&f, 1);
    for (int i = 0; i < 4; i++) {
        alc_loader_options options = training(&f, 1);
        alc_loader *loader;
        trace t;
        options.batch = batches[i];
        loader = make_loader(&f, options);
        t = run_epoch(&f, loader, 0);
        if (i == 0)
            reference = t;
        check_same(&reference, &t);
        alc_loader_destroy(loader);
    }
    fixture_destroy(&f);
}
END_TEST

START_TEST(views_are_drawn_evenly)
{
    enum { EPOCHS = 200 };
    int count[ALC_VIEW_COUNT] = {0}, changed = 0;
    trace before = {.samples = 0};
    fixture f;
    alc_loader *loader;
    fixture_create(&f, 1);
    loader = make_loader(&f, training(&f, 3));
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        trace t = run_epoch(&f, loader, epoch);
        for (int i = 0; i < SAMPLES; i++) {
            count[t.view[i]]++;
            changed += epoch > 0 && t.view[i] != before.view[i];
        }
        before = t;
    }
    for (int view = 0; view < ALC_VIEW_COUNT; view++) /* 275 are expected, with a deviation of 16 */
        ck_assert_msg(abs(count[view] - EPOCHS * SAMPLES / ALC_VIEW_COUNT) < 80, "view %d: %d", view, count[view]);
    ck_assert_int_gt(changed, EPOCHS * SAMPLES * 3 / 4);
    alc_loader_destroy(loader);
    fixture_destroy(&f);
}
END_TEST

START_TEST(a_last_batch_of_one_is_not_trained_on)
{
    static const struct {
        int64_t count, batch, batches, samples;
    } cases[] = {{11, 5, 2, 10},  {11, 4, 3, 11}, {11, 11, 1, 11}, {11, 16, 1, 11},
                 {11, 1, 11, 11}, {1, 4, 1, 1},   {1, 1, 1, 1}};
    fixture f;
    fixture_create(&f, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const int64_t all[SAMPLES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        alc_loader_options options = training(&f, 0);
        alc_loader *loader;
        options.indices = all;
        options.count = cases[i].count;
        options.batch = cases[i].batch;
        loader = make_loader(&f, options);
        ck_assert_int_eq(alc_loader_batches(loader), cases[i].batches);
        ck_assert_int_eq(alc_loader_samples(loader), cases[i].samples);
        run_epoch(&f, loader, 0);
        alc_loader_destroy(loader);
    }
    fixture_destroy(&f);
}
END_TEST

START_TEST(an_epoch_can_be_started_again_anywhere)
{
    fixture f;
    alc_loader *loader, *other;
    trace whole, again, rest = {.samples = 0};
    fixture_create(&f, 2);
    loader = make_loader(&f, training(&f, 8));
    alc_loader_start_epoch(loader, 7);
    whole = run_epoch(&f, loader, 7);
    run_epoch(&f, loader, 8); /* the following one comes by itself */
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
    alc_loader_start_epoch(loader, 7); /* in the middle of the ninth */
    ck_assert_int_eq(alc_loader_rows(loader), 0);
    again = run_epoch(&f, loader, 7);
    check_same(&whole, &again);
    /* a new loader goes on behind the first two batches */
    other = make_loader(&f, training(&f, 8));
    alc_loader_start_epoch(other, 7);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(alc_loader_next(other, f.plan), ALC_OK);
    rest.samples = 8; /* where check_batch expects the third one to begin */
    ck_assert_int_eq(alc_loader_next(other, f.plan), ALC_OK);
    check_batch(&f, other, &rest);
    ck_assert_mem_eq(rest.index + 8, whole.index + 8, 3 * sizeof *rest.index);
    ck_assert_mem_eq(rest.view + 8, whole.view + 8, 3 * sizeof *rest.view);
    ck_assert_int_eq(alc_loader_next(other, f.plan), ALC_END);
    alc_loader_destroy(loader);
    alc_loader_destroy(other);
    fixture_destroy(&f);
}
END_TEST

START_TEST(a_fixed_view_is_changed_between_epochs)
{
    fixture f;
    alc_loader *loader;
    trace t = {.samples = 0};
    fixture_create(&f, 1);
    loader = make_loader(&f, all_inputs(&f));
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
    check_batch(&f, loader, &t);
    ck_assert_int_eq(alc_loader_set_view(loader, 5), ALC_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
        check_batch(&f, loader, &t);
    }
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_END);
    for (int i = 0; i < SAMPLES; i++)
        ck_assert_int_eq(t.view[i], 0); /* this epoch is still as it was */
    alc_loader_start_epoch(loader, 0);
    t = run_epoch(&f, loader, 0);
    for (int i = 0; i < SAMPLES; i++)
        ck_assert_int_eq(t.view[i], 5);
    ck_assert_fails(f.context, alc_loader_set_view(loader, 8), ALC_INVALID_ARGUMENT,
                    "there is no view 8; they are numbered 0 to 7");
    ck_assert_fails(f.context, alc_loader_set_view(loader, -1), ALC_INVALID_ARGUMENT, "there is no view -1");
    alc_loader_destroy(loader);
    fixture_destroy(&f);
}
END_TEST

START_TEST(values_are_normalised)
{
    static const alc_normalisation normalisation = {{0.5, 0.25, 0}, {0.5, 2, 0.1}};
    fixture f;
    alc_loader_options options;
    alc_loader *loader;
    const alc_real *images;
    fixture_create(&f, 1);
    options = all_inputs(&f);
    options.normalisation = normalisation;
    loader = make_loader(&f, options);
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
    images = alc_plan_input(f.plan, f.image);
    for (int64_t i = 0; i < 4 * VALUES; i++) {
        double v = alc_dataset_pixels(f.dataset, i / VALUES)[i % VALUES] / 255.0;
        ck_assert(images[i] == (alc_real)((v - normalisation.mean[i % 3]) / normalisation.std[i % 3]));
    }
    alc_loader_destroy(loader);
    fixture_destroy(&f);
}
END_TEST

START_TEST(inputs_may_be_left_out)
{
    fixture f;
    alc_plan *images_only;
    alc_loader *loader, *bare;
    fixture_create(&f, 1);
    ck_assert_int_eq(
        alc_compile(f.model, (alc_compile_options){.batch = 4, .output = f.image_logits}, &images_only), ALC_OK);
    ck_assert_ptr_null(alc_plan_input(images_only, f.label));
    loader = make_loader(&f, all_inputs(&f)); /* the plan uses one of its three inputs */
    ck_assert_int_eq(alc_loader_next(loader, images_only), ALC_OK);
    ck_assert_int_eq(view_of(&f, 2, (const alc_real *)alc_plan_input(images_only, f.image) + 2 * VALUES), 0);
    alc_loader_destroy(loader);
    bare = make_loader(&f, (alc_loader_options){.batch = 4});
    ck_assert_int_eq(alc_loader_next(bare, f.plan), ALC_OK);
    ck_assert_int_eq(alc_loader_rows(bare), 4);
    ck_assert_int_eq(alc_loader_indices(bare)[3], 3);
    alc_loader_destroy(bare);
    alc_plan_destroy(images_only);
    fixture_destroy(&f);
}
END_TEST

START_TEST(a_plan_that_is_too_small_is_refused)
{
    fixture f;
    alc_plan *small;
    alc_loader_options options;
    alc_loader *loader;
    trace t = {.samples = 0};
    fixture_create(&f, 1);
    ck_assert_int_eq(alc_compile(f.model, (alc_compile_options){.batch = 4, .output = f.image_logits}, &small), ALC_OK);
    options = all_inputs(&f);
    options.batch = 5;
    loader = make_loader(&f, options);
    ck_assert_fails(f.context, alc_loader_next(loader, small), ALC_SHAPE_MISMATCH,
                    "a batch of 5 samples does not fit a plan for 4");
    ck_assert_int_eq(alc_loader_rows(loader), 0);
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK); /* the batch is still there */
    check_batch(&f, loader, &t);
    ck_assert_int_eq(t.index[0], 0);
    ck_assert_fails(f.context, alc_loader_next(loader, NULL), ALC_INVALID_ARGUMENT, "alc_loader_next: plan is NULL");
    alc_loader_destroy(loader);
    alc_plan_destroy(small);
    fixture_destroy(&f);
}
END_TEST

START_TEST(a_plan_of_another_model_is_refused)
{
    fixture f, other;
    alc_loader *loader;
    fixture_create(&f, 1);
    fixture_create(&other, 1);
    loader = make_loader(&f, all_inputs(&f));
    ck_assert_fails(f.context, alc_loader_next(loader, other.plan), ALC_MISMATCH,
                    "image: the loader's input is of another model than the plan");
    ck_assert_int_eq(alc_loader_rows(loader), 0);
    ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
    alc_loader_destroy(loader);
    fixture_destroy(&other);
    fixture_destroy(&f);
}
END_TEST

/* Changes one thing in the options of all_inputs. */
typedef void (*break_fn)(fixture *f, alc_loader_options *options);

static void no_batch(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->batch = 0;
}

static void huge_batch(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->batch = INT64_MAX;
}

static void huge_bare_batch(fixture *f, alc_loader_options *options)
{
    (void)f;
    *options = (alc_loader_options){.batch = INT64_MAX};
}

static void wrong_view(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->view = 8;
}

static void wrong_views(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->views = (alc_loader_views)2;
}

static void no_samples(fixture *f, alc_loader_options *options)
{
    static const int64_t first = 0;
    (void)f;
    options->indices = &first;
}

static void outside(fixture *f, alc_loader_options *options)
{
    static const int64_t indices[] = {0, SAMPLES};
    (void)f;
    options->indices = indices;
    options->count = 2;
}

static void wrong_image(fixture *f, alc_loader_options *options)
{
    options->image = alc_input(f->model, "larger", ALC_REAL, ALC_SHAPE(4, 3, 3));
}

static void wrong_type(fixture *f, alc_loader_options *options)
{
    options->label = alc_input(f->model, "class", ALC_REAL, ALC_SHAPE(1));
}

static void wrong_features(fixture *f, alc_loader_options *options)
{
    options->features = alc_input(f->model, "row", ALC_REAL, ALC_SHAPE(2));
}

static void no_encoder(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->encoder = NULL;
}

static void wrong_normalisation(fixture *f, alc_loader_options *options)
{
    (void)f;
    options->normalisation.mean[1] = 1;
}

START_TEST(wrong_options_are_refused)
{
    static const struct {
        break_fn change;
        alc_status status;
        const char *words;
    } cases[] = {
        {no_batch, ALC_INVALID_ARGUMENT, "a batch of 0 samples"},
        {huge_batch, ALC_OUT_OF_MEMORY, "for a batch"},
        {huge_bare_batch, ALC_OUT_OF_MEMORY, "for a batch"},
        {wrong_view, ALC_INVALID_ARGUMENT, "there is no view 8 (0 to 7) or no way 0 of choosing one"},
        {wrong_views, ALC_INVALID_ARGUMENT, "no way 2 of choosing one"},
        {no_samples, ALC_INVALID_ARGUMENT, "test.csv: no sample was chosen"},
        {outside, ALC_INVALID_ARGUMENT, "test.csv: there is no sample 11; the data set has 11"},
        {wrong_image, ALC_SHAPE_MISMATCH,
         "larger: the input has shape [4,3,3], but the data set's images are [3,3,3]"},
        {wrong_type, ALC_SHAPE_MISMATCH, "class: the input has shape [1], but labels are [1] of another type"},
        {wrong_features, ALC_SHAPE_MISMATCH, "row: the input has shape [2], but the encoder's rows are [1]"},
        {no_encoder, ALC_INVALID_ARGUMENT, "features: an input of features needs an encoder"},
        {wrong_normalisation, ALC_INVALID_ARGUMENT, "images cannot be normalised by mean 0 and standard deviation 0"},
    };
    fixture f;
    fixture_create(&f, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_loader_options options = all_inputs(&f);
        alc_loader *loader = (alc_loader *)&loader;
        cases[i].change(&f, &options);
        ck_assert_fails(f.context, alc_loader_create(f.dataset, options, &loader), cases[i].status, cases[i].words);
        ck_assert_ptr_null(loader);
    }
    fixture_destroy(&f);
}
END_TEST

START_TEST(wrong_data_sets_are_refused)
{
    fixture f;
    alc_loader *loader;
    alc_table *table;
    alc_dataset *dataset;
    fixture_create(&f, 1);
    table = make_table(f.context, "u,class\n1,A\n2,\nx,B\n");
    ck_assert_int_eq(alc_dataset_create(table, (alc_dataset_options){.labels = ALC_LABELS_OPTIONAL}, &dataset), ALC_OK);
    ck_assert_fails(f.context, alc_loader_create(dataset, (alc_loader_options){.batch = 1, .image = f.image}, &loader),
                    ALC_INVALID_ARGUMENT, "image: the data set was made without images");
    ck_assert_fails(f.context, alc_loader_create(dataset, (alc_loader_options){.batch = 1, .label = f.label}, &loader),
                    ALC_INVALID_ARGUMENT, "test.csv: line 3 (row 2): the sample has no known class");
    ck_assert_fails(f.context,
                    alc_loader_create(dataset, (alc_loader_options){.batch = 1, .features = f.features,
                                                                    .encoder = f.encoder},
                                      &loader),
                    ALC_BAD_FILE, "line 4 (row 3), column \"u\": \"x\" is not a number");
    ck_assert_ptr_null(loader);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    ck_assert_int_eq(alc_loader_create(NULL, all_inputs(&f), &loader), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_loader_create(f.dataset, all_inputs(&f), NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_loader_next(NULL, f.plan), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_loader_set_view(NULL, 0), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_loader_batches(NULL) + alc_loader_samples(NULL) + alc_loader_rows(NULL), 0);
    ck_assert_ptr_null(alc_loader_indices(NULL));
    alc_loader_start_epoch(NULL, 0);
    alc_loader_destroy(NULL);
    fixture_destroy(&f);
}
END_TEST

/* A stack that no address space has room for. */
START_TEST(a_loader_without_a_thread_is_refused)
{
    pthread_attr_t usual, huge;
    fixture f;
    alc_loader *loader = (alc_loader *)&loader;
    fixture_create(&f, 1);
    ck_assert_int_eq(pthread_getattr_default_np(&usual), 0);
    ck_assert_int_eq(pthread_attr_init(&huge), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&huge, (size_t)1 << 52), 0);
    ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
    ck_assert_fails(f.context, alc_loader_create(f.dataset, all_inputs(&f), &loader), ALC_UNSUPPORTED,
                    "a loader cannot have a thread: error ");
    ck_assert_ptr_null(loader);
    ck_assert_int_eq(pthread_setattr_default_np(&usual), 0);
    pthread_attr_destroy(&huge);
    pthread_attr_destroy(&usual);
    loader = make_loader(&f, all_inputs(&f));
    alc_loader_destroy(loader);
    fixture_destroy(&f);
}
END_TEST

START_TEST(loaders_may_be_destroyed_at_any_time)
{
    fixture f;
    fixture_create(&f, 1);
    for (int i = 0; i < 200; i++) {
        alc_loader *loader = make_loader(&f, training(&f, (uint64_t)i));
        for (int j = 0; j < i % 6; j++)
            ck_assert_int_ne(alc_loader_next(loader, f.plan), ALC_INVALID_ARGUMENT);
        if (i % 4 == 0)
            alc_loader_start_epoch(loader, 3);
        alc_loader_destroy(loader);
    }
    fixture_destroy(&f);
}
END_TEST

START_TEST(failing_allocations_leave_nothing)
{
    failing_hooks hooks;
    fixture f;
    failing_hooks_init(&hooks);
    fixture_create_in(&f, failing_hooks_context(&hooks, 1));
    for (int stays = 0; stays < 2; stays++) {
        alc_loader *loader;
        hooks.allocations_stay_failed = stays == 1;
        for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
            failing_hooks_restart(&hooks);
            if (alc_loader_create(f.dataset, training(&f, 1), &loader) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(f.context), ALC_OUT_OF_MEMORY);
            ck_assert_ptr_null(loader);
        }
        ck_assert_int_gt(hooks.fail_allocation, 10);
        failing_hooks_relent(&hooks);
        failing_hooks_restart(&hooks);
        for (int i = 0; i < 10; i++)
            alc_loader_next(loader, f.plan);
        alc_loader_start_epoch(loader, 5);
        ck_assert_int_eq(alc_loader_next(loader, f.plan), ALC_OK);
        ck_assert_int_eq(hooks.allocations, 0); /* all was allocated before */
        alc_loader_destroy(loader);
    }
    fixture_destroy(&f);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("loader", evaluation_goes_through_the_samples_in_order,
                     training_depends_on_the_seed_and_the_epoch_alone, batches_do_not_change_order_or_views,
                     views_are_drawn_evenly, a_last_batch_of_one_is_not_trained_on,
                     an_epoch_can_be_started_again_anywhere, a_fixed_view_is_changed_between_epochs,
                     values_are_normalised, inputs_may_be_left_out, a_plan_that_is_too_small_is_refused, a_plan_of_another_model_is_refused,
                     wrong_options_are_refused, wrong_data_sets_are_refused, a_loader_without_a_thread_is_refused,
                     loaders_may_be_destroyed_at_any_time, failing_allocations_leave_nothing);
}
