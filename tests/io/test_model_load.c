/* tests/io/test_model_load.c - what fits is loaded, what does not is named, and a load that fails
 * changes nothing. */
#include <string.h>

#include "alcor/checkpoint.h"
#include "alcor/layers.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    alc_model *model;
    char path[1024];
} fixture;

static void set_up(fixture *f)
{
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    f->model = small_model(f->context, 4);
    temporary_path(&f->folder, "small.safetensors", f->path);
    fill_parameters(f->model, 1);
    ck_assert_int_eq(alc_model_save(f->model, f->path, (alc_model_save_options){0}), ALC_OK);
    fill_parameters(f->model, 2);
}

static void tear_down(fixture *f)
{
    alc_model_destroy(f->model);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

/* Writes a foreign file: what the small model has, without the tensors from `first` on, and `extra`
 * more. */
static void write_foreign(fixture *f, int64_t first, const char *extra)
{
    alc_tensor_source tensors[16];
    alc_real values[16][64] = {{0}};
    int64_t count = 0;
    for (; count < first; count++) {
        const alc_parameter *parameter = alc_model_parameter(f->model, count);
        alc_parameter_read(parameter, values[count]);
        tensors[count] = (alc_tensor_source){.name = alc_parameter_name(parameter),
                                             .shape = alc_parameter_shape(parameter),
                                             .values = values[count]};
    }
    if (extra != NULL)
        tensors[count++] =
            (alc_tensor_source){.name = extra, .shape = ALC_SHAPE(2), .values = values[15]};
    ck_assert_int_eq(alc_safetensors_write(f->context, f->path, tensors, count, (alc_metadata){0}),
                     ALC_OK);
}

static void expect_mismatch(fixture *f, alc_model *model, const char *part_of_message)
{
    alc_load_report report;
    ck_assert_int_eq(alc_model_load(model, f->path, (alc_model_load_options){0}, &report),
                     ALC_MISMATCH);
    const char *message = alc_error_message(f->context);
    ck_assert_msg(strstr(message, part_of_message) != NULL, "no '%s' in: %s", part_of_message,
                  message);
    ck_assert_ptr_nonnull(strstr(message, f->path));
    ck_assert_ptr_nonnull(strstr(message, report.text));
    ck_assert(parameters_are(f->model, 2));
}

START_TEST(what_was_saved_is_loaded)
{
    fixture f;
    alc_load_report report;
    set_up(&f);
    ck_assert(!parameters_are(f.model, 1));
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){0}, &report), ALC_OK);
    ck_assert(parameters_are(f.model, 1));
    ck_assert_int_eq(report.loaded, 7);
    ck_assert_int_eq(report.missing + report.unexpected + report.wrong_shape, 0);
    ck_assert_str_eq(report.text, "");
    fill_parameters(f.model, 2);
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){0}, NULL), ALC_OK);
    ck_assert(parameters_are(f.model, 1));
    tear_down(&f);
}
END_TEST

START_TEST(missing_parameters_are_named)
{
    fixture f;
    set_up(&f);
    write_foreign(&f, 6, NULL);
    expect_mismatch(&f, f.model, "the file lacks: fc.bias");
    write_foreign(&f, 2, NULL);
    expect_mismatch(&f, f.model,
                    "the file lacks: bn.bias, bn.running_mean, bn.running_var and 2 more");
    tear_down(&f);
}
END_TEST

START_TEST(unexpected_tensors_are_named)
{
    fixture f;
    set_up(&f);
    write_foreign(&f, 7, "head.weight");
    expect_mismatch(&f, f.model, "the model lacks: head.weight");
    write_foreign(&f, 7, "other.num_batches_tracked");
    expect_mismatch(&f, f.model, "the model lacks: other.num_batches_tracked");
    write_foreign(&f, 7, "bn.num_batches_tracked");
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){0}, NULL), ALC_OK);
    tear_down(&f);
}
END_TEST

START_TEST(other_shapes_are_named)
{
    fixture f;
    set_up(&f);
    alc_model *larger = small_model(f.context, 5);
    expect_mismatch(&f, larger,
                    "of another shape: fc.weight is [4,3] in the file and [5,3] in the model, "
                    "fc.bias is [4] in the file and [5] in the model");
    alc_model_destroy(larger);
    tear_down(&f);
}
END_TEST

START_TEST(part_of_a_model_may_be_loaded)
{
    fixture f;
    alc_load_report report;
    alc_real before[5], after[5], weights[54], loaded[54];
    set_up(&f);
    alc_model *larger = small_model(f.context, 5);
    fill_parameters(larger, 3);
    alc_parameter_read(alc_model_find_parameter(larger, "fc.bias"), before);
    ck_assert_int_eq(
        alc_model_load(larger, f.path, (alc_model_load_options){.partial = true}, &report), ALC_OK);
    ck_assert_int_eq(report.loaded, 5);
    ck_assert_int_eq(report.wrong_shape, 2);
    ck_assert_ptr_nonnull(strstr(report.text, "fc.weight"));
    alc_parameter_read(alc_model_find_parameter(larger, "fc.bias"), after);
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
    fill_parameters(f.model, 1);
    alc_parameter_read(alc_model_find_parameter(f.model, "conv.weight"), weights);
    alc_parameter_read(alc_model_find_parameter(larger, "conv.weight"), loaded);
    ck_assert_int_eq(memcmp(weights, loaded, sizeof weights), 0);
    write_foreign(&f, 0, "nothing.that.fits");
    ck_assert_int_eq(
        alc_model_load(larger, f.path, (alc_model_load_options){.partial = true}, &report),
        ALC_MISMATCH);
    alc_model_destroy(larger);
    tear_down(&f);
}
END_TEST

/* ---- classifiers of another size, parts of a model, other names ---- */

/* Writes the file anew with the tensors that the model has, each called by `rename`. */
static void write_renamed(fixture *f, alc_model *model, void (*rename)(char *name))
{
    alc_tensor_source tensors[16];
    static alc_real values[16][64];
    static char names[16][128];
    const int64_t count = alc_model_parameter_count(model);
    for (int64_t i = 0; i < count; i++) {
        const alc_parameter *parameter = alc_model_parameter(model, i);
        alc_parameter_read(parameter, values[i]);
        strcpy(names[i], alc_parameter_name(parameter));
        rename(names[i]);
        tensors[i] =
            (alc_tensor_source){.name = names[i], .shape = alc_parameter_shape(parameter), .values = values[i]};
    }
    ck_assert_int_eq(alc_safetensors_write(f->context, f->path, tensors, count, (alc_metadata){0}), ALC_OK);
}

START_TEST(a_classifier_of_another_size_starts_anew)
{
    fixture f;
    alc_load_report report;
    const alc_model_load_options options = {.classifier = "fc"};
    alc_real before[15], after[15];
    set_up(&f);
    alc_model *larger = small_model(f.context, 5);
    fill_parameters(larger, 3);
    alc_parameter_read(alc_model_find_parameter(larger, "fc.weight"), before);
    ck_assert_int_eq(alc_model_load(larger, f.path, options, &report), ALC_OK);
    ck_assert_int_eq(report.loaded, 5);
    ck_assert_int_eq(report.kept, 2);
    ck_assert_int_eq(report.missing + report.unexpected + report.wrong_shape + report.unused + report.renamed, 0);
    ck_assert_str_eq(report.text, "the classifier starts anew: fc.weight is [4,3] in the file and [5,3] in the model, "
                                  "fc.bias is [4] in the file and [5] in the model");
    alc_parameter_read(alc_model_find_parameter(larger, "fc.weight"), after);
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
    alc_model_destroy(larger);
    /* One that fits is loaded; of one that fits in part nothing is. */
    ck_assert_int_eq(alc_model_load(f.model, f.path, options, &report), ALC_OK);
    ck_assert_int_eq(report.loaded, 7);
    ck_assert_str_eq(report.text, "");
    ck_assert(parameters_are(f.model, 1));
    write_foreign(&f, 6, "fc.scale");
    ck_assert_int_eq(alc_model_load(f.model, f.path, options, &report), ALC_OK);
    ck_assert_int_eq(report.loaded, 5);
    ck_assert_int_eq(report.kept, 2);
    ck_assert_int_eq(report.unused, 1);
    ck_assert_str_eq(report.text, "the classifier starts anew: fc.weight, fc.bias is not in the file; "
                                  "the file's classifier is not used: fc.scale");
    /* Beyond the classifier nothing may be amiss, and its name ends at a dot. */
    fill_parameters(f.model, 2);
    write_foreign(&f, 7, "fcx.weight");
    ck_assert_int_eq(alc_model_load(f.model, f.path, options, NULL), ALC_MISMATCH);
    write_foreign(&f, 4, NULL);
    ck_assert_int_eq(alc_model_load(f.model, f.path, options, &report), ALC_MISMATCH);
    ck_assert_str_eq(report.text, "the file lacks: bn.running_var; the classifier starts anew: fc.weight is not in the "
                                  "file, fc.bias is not in the file");
    ck_assert(parameters_are(f.model, 2));
    tear_down(&f);
}
END_TEST

START_TEST(a_part_of_a_model_may_have_a_file_of_its_own)
{
    fixture f;
    alc_load_report report;
    alc_model *whole;
    alc_real weights[54], loaded[54];
    set_up(&f);
    ck_assert_int_eq(alc_model_create(f.context, &whole), ALC_OK);
    alc_tensor *x = alc_input(whole, "x", ALC_REAL, alc_tensor_shape(alc_model_find_tensor(f.model, "image")));
    alc_scope_begin(whole, "image");
    x = alc_conv2d(x, (alc_conv2d_options){.name = "conv", .filters = 3, .kernel = 3});
    x = alc_batch_norm(x, (alc_batch_norm_options){.name = "bn"});
    alc_scope_end(whole);
    alc_dense(alc_global_average_pool(x), (alc_dense_options){.name = "fc", .units = 2});
    ck_assert_int_eq(alc_model_status(whole), ALC_OK);
    const alc_model_load_options options = {.prefix = "image.", .classifier = "fc"};
    ck_assert_msg(alc_model_load(whole, f.path, options, &report) == ALC_OK, "%s", alc_error_message(f.context));
    ck_assert_int_eq(report.loaded, 5);
    ck_assert_int_eq(report.kept, 0);
    ck_assert_int_eq(report.unused, 2);
    ck_assert_str_eq(report.text, "the file's classifier is not used: fc.weight, fc.bias");
    fill_parameters(f.model, 1);
    alc_parameter_read(alc_model_find_parameter(f.model, "conv.weight"), weights);
    alc_parameter_read(alc_model_find_parameter(whole, "image.conv.weight"), loaded);
    ck_assert_int_eq(memcmp(weights, loaded, sizeof weights), 0);
    /* Nothing of the model has this prefix. */
    ck_assert_int_eq(alc_model_load(whole, f.path, (alc_model_load_options){.prefix = "table.", .partial = true}, NULL),
                     ALC_MISMATCH);
    write_foreign(&f, 0, "fc.weight");
    ck_assert_int_eq(alc_model_load(whole, f.path, (alc_model_load_options){.prefix = "table.", .classifier = "fc"}, NULL),
                     ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "does not fit the model: "));
    alc_model_destroy(whole);
    tear_down(&f);
}
END_TEST

static void wrap(char *name)
{
    memmove(name + strlen("module."), name, strlen(name) + 1);
    memcpy(name, "module.", strlen("module."));
}

START_TEST(names_of_wrapped_models_are_recognised)
{
    fixture f;
    alc_load_report report;
    set_up(&f);
    fill_parameters(f.model, 1);
    write_renamed(&f, f.model, wrap);
    fill_parameters(f.model, 2);
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){0}, &report), ALC_OK);
    ck_assert_int_eq(report.loaded, 7);
    ck_assert_int_eq(report.renamed, 7);
    ck_assert_str_eq(report.text, "");
    ck_assert(parameters_are(f.model, 1));
    write_foreign(&f, 7, "module.fc.bias");
    fill_parameters(f.model, 2);
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){.partial = true}, NULL), ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "'module.fc.bias' are both fc.bias of the model"));
    ck_assert(parameters_are(f.model, 2));
    tear_down(&f);
}
END_TEST

START_TEST(files_of_pytorch_are_loaded)
{
    fixture f;
    alc_load_report report;
    alc_model *model;
    alc_real values[6];
    set_up(&f);
    ck_assert_int_eq(alc_model_create(f.context, &model), ALC_OK);
    alc_scope_begin(model, "head");
    alc_dense(alc_input(model, "x", ALC_REAL, ALC_SHAPE(2)), (alc_dense_options){.name = "fc", .units = 3});
    alc_scope_end(model);
    ck_assert_int_eq(alc_model_load(model, "tests/io/pth/linear.pth", (alc_model_load_options){.prefix = "head.fc."},
                                    &report),
                     ALC_OK);
    ck_assert_int_eq(report.loaded, 2);
    alc_parameter_read(alc_model_find_parameter(model, "head.fc.weight"), values);
    for (int i = 0; i < 6; i++)
        ck_assert(values[i] == (alc_real)(i * 7 % 11 - 5) / 4);
    alc_model_destroy(model);
    tear_down(&f);
}
END_TEST

START_TEST(files_that_are_none_change_nothing)
{
    fixture f;
    set_up(&f);
    write_test_file(f.path, "no tensors here", 15);
    ck_assert_int_eq(alc_model_load(f.model, f.path, (alc_model_load_options){0}, NULL),
                     ALC_BAD_FILE);
    ck_assert_int_eq(alc_model_load(f.model, "/none", (alc_model_load_options){0}, NULL),
                     ALC_IO_ERROR);
    ck_assert_int_eq(alc_model_load(NULL, f.path, (alc_model_load_options){0}, NULL),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_model_load_tensors(f.model, NULL, (alc_model_load_options){0}, NULL),
                     ALC_INVALID_ARGUMENT);
    ck_assert(parameters_are(f.model, 2));
    tear_down(&f);
}
END_TEST

START_TEST(failing_allocations_change_nothing)
{
    fixture f;
    set_up(&f);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_model_load(f.model, f.path, (alc_model_load_options){0}, NULL);
        if (f.hooks.faults == 0)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert(parameters_are(f.model, 2));
    }
    ck_assert_int_ge(f.hooks.fail_allocation, 5);
    ck_assert(parameters_are(f.model, 1));
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("model_load", what_was_saved_is_loaded, missing_parameters_are_named,
                     unexpected_tensors_are_named, other_shapes_are_named,
                     part_of_a_model_may_be_loaded, a_classifier_of_another_size_starts_anew,
                     a_part_of_a_model_may_have_a_file_of_its_own, names_of_wrapped_models_are_recognised,
                     files_of_pytorch_are_loaded, files_that_are_none_change_nothing,
                     failing_allocations_change_nothing);
}
