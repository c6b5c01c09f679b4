/* test_predict.c - probabilities of all samples in the loader's order, whatever the batch, and averaged over views. */
#include <math.h>
#include <string.h>

#include "alcor/layers.h"
#include "support/failing_hooks.h"
#include "support/plan_fixture.h"
#include "support/run_tests.h"
#include "support/small_training.h"

enum { PREDICTED = SMALL_ROWS - SMALL_TRAINED };

static failing_hooks hooks;
static alc_context *context;
static small_training t;

static void setup(void)
{
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 2);
    alc_status status = small_training_create(&t, context, 1);
    ck_assert_msg(status == ALC_OK, "%s", alc_error_message(context));
    fill_model(t.model, 3);
}

static void teardown(void)
{
    small_training_destroy(&t);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}

static alc_predict_options options(void)
{
    return (alc_predict_options){.plan = t.evaluation, .probabilities = t.classifier.probabilities,
                                 .loader = t.validation};
}

START_TEST(every_sample_has_its_row)
{
    setup();
    alc_real all[PREDICTED * SMALL_CLASSES], row[2], one[SMALL_CLASSES];
    int64_t indices[PREDICTED];
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_predict(options(), all, indices), ALC_OK);
    ck_assert_int_eq(hooks.allocations, 0);
    for (int64_t i = 0; i < PREDICTED; i++) {
        ck_assert_int_eq(indices[i], SMALL_TRAINED + i);
        /* The same by hand, alone in a batch. */
        int64_t table_row = alc_dataset_row(t.dataset, indices[i]);
        ck_assert_int_eq(alc_encoder_encode(t.encoder, t.table, &table_row, 1, row), ALC_OK);
        memcpy(alc_plan_input(t.evaluation, t.classifier.row), row, sizeof row);
        ck_assert_int_eq(alc_plan_set_rows(t.evaluation, 1), ALC_OK);
        ck_assert_int_eq(alc_forward(t.evaluation), ALC_OK);
        memcpy(one, alc_plan_values(t.evaluation, t.classifier.probabilities), sizeof one);
        ck_assert_mem_eq(one, all + i * SMALL_CLASSES, sizeof one);
        ck_assert(one[0] + one[1] + one[2] > 0.9999 && one[0] + one[1] + one[2] < 1.0001);
    }
    ck_assert_int_eq(alc_predict(options(), all, NULL), ALC_OK);
    teardown();
}
END_TEST

/* Four pictures that are not symmetric: the average of the views against each view by hand. */
START_TEST(views_are_averaged)
{
    enum { PICTURES = 4, SIZE = 8, VIEWS = 8 };
    static const char csv[] = "image,class\nbasn2c08.png,A\nbasi2c16.png,B\nbasn6a08.png,A\nbasn0g16.png,B\n";
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 2);
    alc_table *table;
    alc_dataset *dataset;
    alc_loader *loader;
    alc_model *model;
    alc_plan *plan;
    ck_assert_int_eq(alc_table_parse(context, "images.csv", csv, strlen(csv), (alc_table_options){0}, &table), ALC_OK);
    alc_dataset_options pictures = {.images = true, .image_folder = "tests/data/images/good", .size = SIZE};
    ck_assert_msg(alc_dataset_create(table, pictures, &dataset) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_int_eq(alc_model_create(context, &model), ALC_OK);
    alc_tensor *image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(SIZE, SIZE, 3));
    alc_tensor *output = alc_softmax(alc_dense(image, (alc_dense_options){.name = "fc", .units = 2}));
    fill_model(model, 5);
    ck_assert_int_eq(alc_compile(model, (alc_compile_options){.batch = 3, .output = output}, &plan), ALC_OK);
    ck_assert_int_eq(alc_loader_create(dataset, (alc_loader_options){.batch = 3, .image = image}, &loader), ALC_OK);
    alc_predict_options o = {.plan = plan, .probabilities = output, .loader = loader};
    alc_real sums[PICTURES * 2] = {0}, first[PICTURES * 2], averaged[PICTURES * 2];
    for (int view = 0; view < VIEWS; view++) {
        ck_assert_int_eq(alc_loader_set_view(loader, view), ALC_OK);
        alc_loader_start_epoch(loader, 0);
        for (int64_t row = 0; row < PICTURES; row += alc_loader_rows(loader)) {
            ck_assert_int_eq(alc_loader_next(loader, plan), ALC_OK);
            ck_assert_int_eq(alc_forward(plan), ALC_OK);
            const alc_real *values = alc_plan_values(plan, output);
            for (int64_t i = 0; i < 2 * alc_loader_rows(loader); i++)
                sums[2 * row + i] += values[i];
        }
        o.views = view + 1;
        ck_assert_int_eq(alc_predict(o, averaged, NULL), ALC_OK);
        for (int i = 0; i < PICTURES * 2; i++)
            ck_assert(averaged[i] == sums[i] / (alc_real)(view + 1));
        if (view == 0)
            memcpy(first, averaged, sizeof first);
    }
    ck_assert_mem_ne(first, averaged, sizeof first);
    alc_loader_destroy(loader);
    alc_plan_destroy(plan);
    alc_model_destroy(model);
    alc_dataset_destroy(dataset);
    alc_table_destroy(table);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(probabilities_that_are_none_are_named)
{
    setup();
    alc_real all[PREDICTED * SMALL_CLASSES], bias[9] = {0};
    bias[3] = (alc_real)NAN;
    alc_parameter_write(alc_model_find_parameter(t.model, "hidden1.bias"), bias);
    ck_assert_int_eq(alc_predict(options(), all, NULL), ALC_NOT_FINITE);
    ck_assert_str_eq(alc_error_message(context),
                     "a probability is not a number; the first layer whose output is not finite is hidden1");
    teardown();
}
END_TEST

static bool always(void *user)
{
    ++*(int *)user;
    return true;
}

START_TEST(it_stops_when_asked)
{
    setup();
    int asked = 0;
    alc_real all[PREDICTED * SMALL_CLASSES];
    alc_predict_options o = options();
    o.stop = always;
    o.stop_user = &asked;
    ck_assert_int_eq(alc_predict(o, all, NULL), ALC_INTERRUPTED);
    ck_assert_str_eq(alc_error_message(context), "prediction was asked to stop");
    ck_assert_int_eq(asked, 1);
    ck_assert_int_eq(alc_predict(options(), all, NULL), ALC_OK);
    teardown();
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    setup();
    alc_real all[PREDICTED * SMALL_CLASSES];
    alc_predict_options o = options();
    o.views = 9;
    ck_assert_int_eq(alc_predict(o, all, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "prediction: 9 views, expected 1 to 8");
    o.views = -1;
    ck_assert_int_eq(alc_predict(o, all, NULL), ALC_INVALID_ARGUMENT);
    o.views = 0;
    o.probabilities = t.classifier.logits;
    ck_assert_int_eq(alc_predict(o, all, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "prediction: the plan does not compute fc"));
    alc_plan *small;
    ck_assert_int_eq(alc_compile(t.model, (alc_compile_options){.batch = 2, .output = t.classifier.probabilities}, &small),
                     ALC_OK);
    o = options();
    o.plan = small;
    ck_assert_int_eq(alc_predict(o, all, NULL), ALC_SHAPE_MISMATCH);
    alc_plan_destroy(small);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("predict", every_sample_has_its_row, views_are_averaged, probabilities_that_are_none_are_named,
                     it_stops_when_asked,
                     what_does_not_fit_is_refused);
}
