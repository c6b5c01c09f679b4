/* tests/io/test_model_load.c - what fits is loaded, what does not is named, and a load that fails
 * changes nothing. */
#include <string.h>

#include "alcor/checkpoint.h"
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
                     part_of_a_model_may_be_loaded, files_that_are_none_change_nothing,
                     failing_allocations_change_nothing);
}
