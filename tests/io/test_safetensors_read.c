/* tests/io/test_safetensors_read.c - an opened file: listing, finding, converting, and refusing
 * wrong questions. */
#include <stdlib.h>
#include <string.h>

#include "alcor/safetensors.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

/* As another program writes it: header in an order of its own, 16-bit values, no checksum. */
static const char header[] = "{\"z\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[8,12]},"
                             "\"__metadata__\":{\"format\":\"pt\"},"
                             "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                             "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[12,18]}}";
static const unsigned char values[] = {
    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* -2 */
    0x80, 0x3f, 0x00, 0xc0,                         /* 1, -2 */
    0x00, 0x3c, 0x00, 0x38, 0x00, 0x80,             /* 1, 0.5, -0 */
};

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    char path[1024];
} fixture;

static void set_up(fixture *f)
{
    unsigned char bytes[8 + sizeof header - 1 + sizeof values] = {sizeof header - 1};
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    temporary_path(&f->folder, "foreign.safetensors", f->path);
    memcpy(bytes + 8, header, sizeof header - 1);
    memcpy(bytes + 8 + sizeof header - 1, values, sizeof values);
    write_test_file(f->path, bytes, sizeof bytes);
}

static void tear_down(fixture *f)
{
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

START_TEST(tensors_are_listed_in_the_order_of_their_values)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_count(file), 3);
    alc_stored_tensor n = alc_safetensors_tensor(file, 0), z = alc_safetensors_tensor(file, 1);
    ck_assert_str_eq(n.name, "n");
    ck_assert_int_eq(n.dtype, ALC_STORED_I64);
    ck_assert_int_eq(n.rank, 0);
    ck_assert_int_eq(n.elements, 1);
    ck_assert_str_eq(z.name, "z");
    ck_assert_int_eq(z.rank, 2);
    ck_assert_int_eq(z.extent[0], 1);
    ck_assert_int_eq(z.extent[1], 2);
    ck_assert_str_eq(alc_safetensors_tensor(file, 2).name, "h");
    ck_assert_ptr_null(alc_safetensors_tensor(file, 3).name);
    ck_assert_ptr_null(alc_safetensors_tensor(file, -1).name);
    ck_assert_str_eq(alc_metadata_find(alc_safetensors_metadata(file), "format"), "pt");
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

START_TEST(names_are_found)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_find(file, "n"), 0);
    ck_assert_int_eq(alc_safetensors_find(file, "z"), 1);
    ck_assert_int_eq(alc_safetensors_find(file, "h"), 2);
    ck_assert_int_eq(alc_safetensors_find(file, "a"), -1);
    ck_assert_int_eq(alc_safetensors_find(file, "zz"), -1);
    ck_assert_int_eq(alc_safetensors_find(file, "format"), -1);
    ck_assert_int_eq(alc_safetensors_find(file, NULL), -1);
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

START_TEST(values_are_converted)
{
    fixture f;
    alc_safetensors *file;
    alc_real reals[3];
    int64_t integer;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_read_integers(file, 0, &integer), ALC_OK);
    ck_assert_int_eq(integer, -2);
    ck_assert_int_eq(alc_safetensors_read_reals(file, 0, reals), ALC_OK);
    ck_assert(reals[0] == -2);
    ck_assert_int_eq(alc_safetensors_read_reals(file, 1, reals), ALC_OK);
    ck_assert(reals[0] == 1 && reals[1] == -2);
    ck_assert_int_eq(alc_safetensors_read_reals(file, 2, reals), ALC_OK);
    ck_assert(reals[0] == 1 && reals[1] == (alc_real)0.5 && reals[2] == 0);
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

START_TEST(wrong_questions_are_answered_with_a_sentence)
{
    fixture f;
    alc_safetensors *file;
    alc_real real;
    int64_t integer;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_read_integers(file, 1, &integer), ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "'z' holds BF16"));
    ck_assert_int_eq(alc_safetensors_read_reals(file, 3, &real), ALC_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "foreign.safetensors"));
    ck_assert_int_eq(alc_safetensors_read_reals(file, -1, &real), ALC_NOT_FOUND);
    ck_assert_int_eq(alc_safetensors_read_reals(file, 1, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_safetensors_read_integers(NULL, 1, &integer), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_safetensors_count(NULL), 0);
    ck_assert_int_eq(alc_safetensors_find(NULL, "n"), -1);
    ck_assert_ptr_null(alc_safetensors_tensor(NULL, 0).name);
    ck_assert_int_eq(alc_safetensors_metadata(NULL).count, 0);
    alc_safetensors_close(file);
    alc_safetensors_close(NULL);
    ck_assert_int_eq(alc_safetensors_open(f.context, NULL, &file), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_safetensors_open(NULL, f.path, &file), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_safetensors_open(f.context, "/none", &file), ALC_IO_ERROR);
    ck_assert_ptr_null(file);
    tear_down(&f);
}
END_TEST

START_TEST(every_failure_is_survived)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        if (alc_safetensors_open(f.context, f.path, &file) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(f.context), ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(file);
    }
    alc_safetensors_close(file);
    failing_hooks_relent(&f.hooks);
    /* One failure alone may be survived: what cannot be mapped is read. */
    f.hooks.fail_files = FILE_ANY & ~FILE_CLOSE;
    f.hooks.files_stay_failed = true;
    for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
        failing_hooks_restart(&f.hooks);
        if (alc_safetensors_open(f.context, f.path, &file) == ALC_OK)
            break;
        ck_assert_int_eq(alc_error_status(f.context), ALC_IO_ERROR);
        ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.path));
    }
    ck_assert_int_ge(f.hooks.fail_file, 4);
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("safetensors_read", tensors_are_listed_in_the_order_of_their_values,
                     names_are_found, values_are_converted,
                     wrong_questions_are_answered_with_a_sentence, every_failure_is_survived);
}
