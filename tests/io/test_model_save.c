/* tests/io/test_model_save.c - a saved model has PyTorch's names, shapes and order of values, and
 * says how it was made. */
#include <stdlib.h>
#include <string.h>

#include "alcor/checkpoint.h"
#include "lib/io/model_file.h"
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
}

static void tear_down(fixture *f)
{
    alc_model_destroy(f->model);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

static void expect_tensor(const alc_safetensors *file, const char *name, int rank,
                          const int64_t *extent, alc_stored_dtype dtype)
{
    int64_t index = alc_safetensors_find(file, name);
    ck_assert_msg(index >= 0, "there is no %s", name);
    alc_stored_tensor tensor = alc_safetensors_tensor(file, index);
    ck_assert_int_eq(tensor.dtype, dtype);
    ck_assert_int_eq(tensor.rank, rank);
    for (int i = 0; i < rank; i++)
        ck_assert_int_eq(tensor.extent[i], extent[i]);
}

START_TEST(names_and_shapes_are_pytorchs)
{
    fixture f;
    alc_safetensors *file;
    alc_stored_dtype real = sizeof(alc_real) == 4 ? ALC_STORED_F32 : ALC_STORED_F64;
    set_up(&f);
    ck_assert_int_eq(alc_model_save(f.model, f.path, (alc_model_save_options){.steps = 42}),
                     ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_count(file), 8);
    expect_tensor(file, "conv.weight", 4, (int64_t[]){3, 2, 3, 3}, real);
    expect_tensor(file, "bn.weight", 1, (int64_t[]){3}, real);
    expect_tensor(file, "bn.bias", 1, (int64_t[]){3}, real);
    expect_tensor(file, "bn.running_mean", 1, (int64_t[]){3}, real);
    expect_tensor(file, "bn.running_var", 1, (int64_t[]){3}, real);
    expect_tensor(file, "fc.weight", 2, (int64_t[]){4, 3}, real);
    expect_tensor(file, "fc.bias", 1, (int64_t[]){4}, real);
    expect_tensor(file, "bn.num_batches_tracked", 0, NULL, ALC_STORED_I64);
    int64_t steps;
    ck_assert_int_eq(alc_safetensors_read_integers(
                         file, alc_safetensors_find(file, "bn.num_batches_tracked"), &steps),
                     ALC_OK);
    ck_assert_int_eq(steps, 42);
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

START_TEST(values_are_in_pytorchs_order)
{
    fixture f;
    alc_safetensors *file;
    alc_real in_file[54], in_model[54];
    set_up(&f);
    fill_parameters(f.model, 1);
    ck_assert_int_eq(alc_model_save(f.model, f.path, (alc_model_save_options){0}), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    for (int64_t i = 0; i < alc_model_parameter_count(f.model); i++) {
        const alc_parameter *parameter = alc_model_parameter(f.model, i);
        int64_t index = alc_safetensors_find(file, alc_parameter_name(parameter));
        size_t bytes = (size_t)alc_safetensors_tensor(file, index).elements * sizeof(alc_real);
        ck_assert_int_eq(alc_safetensors_read_reals(file, index, in_file), ALC_OK);
        alc_parameter_read(parameter, in_model);
        ck_assert_int_eq(memcmp(in_file, in_model, bytes), 0);
    }
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

START_TEST(strings_say_how_it_was_made)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    static const alc_metadata_entry entries[] = {{ALC_KEY_BUILDER, "sky_cnn"},
                                                 {ALC_KEY_CLASSES, "[\"GALAXY\"]"}};
    ck_assert_int_eq(
        alc_model_save(f.model, f.path, (alc_model_save_options){.metadata = {entries, 2}}),
        ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    alc_metadata metadata = alc_safetensors_metadata(file);
    ck_assert_str_eq(alc_metadata_find(metadata, "builder"), "sky_cnn");
    ck_assert_str_eq(alc_metadata_find(metadata, "classes"), "[\"GALAXY\"]");
    ck_assert_str_eq(alc_metadata_find(metadata, "format"), "alcor");
    ck_assert_str_eq(alc_metadata_find(metadata, "alcor_gemm"), "alcor");
    ck_assert_str_eq(alc_metadata_find(metadata, "alcor_convolution"), "default");
    ck_assert_str_eq(alc_metadata_find(metadata, "alcor_version"), alc_version());
    alc_safetensors_close(file);
    static const alc_metadata_entry reserved[] = {{"format", "pt"}};
    ck_assert_int_eq(
        alc_model_save(f.model, f.path, (alc_model_save_options){.metadata = {reserved, 1}}),
        ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

START_TEST(the_choice_of_convolution_is_told)
{
    temporary_folder folder;
    alc_context *context;
    alc_safetensors *file;
    char path[1024];
    temporary_folder_create(&folder);
    temporary_path(&folder, "direct.safetensors", path);
    ck_assert_int_eq(
        alc_context_create(
            (alc_context_options){.threads = 1, .convolution = ALC_CONVOLUTION_DIRECT}, &context),
        ALC_OK);
    alc_model *model = small_model(context, 4);
    ck_assert_int_eq(alc_model_save(model, path, (alc_model_save_options){0}), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(context, path, &file), ALC_OK);
    ck_assert_str_eq(alc_metadata_find(alc_safetensors_metadata(file), "alcor_convolution"),
                     "direct");
    alc_safetensors_close(file);
    alc_model_destroy(model);
    alc_context_destroy(context);
    temporary_folder_remove(&folder);
}
END_TEST

START_TEST(batch_norms_are_known_by_their_running_mean)
{
    ck_assert_int_eq(alc_batch_norm_prefix("layer1.0.bn1.running_mean"), 13);
    ck_assert_int_eq(alc_batch_norm_prefix("running_mean"), 0);
    ck_assert_int_eq(alc_batch_norm_prefix("bn.running_var"), -1);
    ck_assert_int_eq(alc_batch_norm_prefix("my_running_mean"), -1);
    ck_assert_int_eq(alc_batch_norm_prefix("mean"), -1);
}
END_TEST

START_TEST(failures_leave_the_old_file)
{
    fixture f;
    size_t size;
    set_up(&f);
    write_test_file(f.path, "old", 3);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = alc_model_save(f.model, f.path, (alc_model_save_options){0});
        if (f.hooks.faults == 0)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        free(read_test_file(f.path, &size));
        ck_assert_uint_eq(size, 3);
        ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    }
    ck_assert_int_ge(f.hooks.fail_allocation, 8);
    failing_hooks_relent(&f.hooks);
    ck_assert_int_eq(alc_model_save(f.model, "/none/x", (alc_model_save_options){0}), ALC_IO_ERROR);
    ck_assert_int_eq(alc_model_save(f.model, NULL, (alc_model_save_options){0}),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_model_save(NULL, f.path, (alc_model_save_options){0}),
                     ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("model_save", names_and_shapes_are_pytorchs, values_are_in_pytorchs_order,
                     strings_say_how_it_was_made, the_choice_of_convolution_is_told,
                     batch_norms_are_known_by_their_running_mean, failures_leave_the_old_file);
}
