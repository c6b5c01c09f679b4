/* tests/io/test_checkpoint_load.c - a damaged pair is noticed whatever the damage, and the one
 * before it is used and said so; where there is none, a sentence tells why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/checkpoints.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"

typedef struct fixture {
    temporary_folder folder;
    alc_context *context;
    trainee trainee;
    char model[1024], state[1024], previous_model[1024], previous_state[1024];
    char line[2048]; /* the latest of the log */
} fixture;

static void keep_line(void *user, const char *line)
{
    strcpy(user, line);
}

static void set_up(fixture *f)
{
    temporary_folder_create(&f->folder);
    f->line[0] = '\0';
    ck_assert_int_eq(alc_context_create(
                         (alc_context_options){.threads = 1, .log = keep_line, .log_user = f->line},
                         &f->context),
                     ALC_OK);
    trainee_create(&f->trainee, f->context);
    temporary_path(&f->folder, "m.safetensors", f->model);
    temporary_path(&f->folder, "m.state.safetensors", f->state);
    temporary_path(&f->folder, "m.previous.safetensors", f->previous_model);
    temporary_path(&f->folder, "m.previous.state.safetensors", f->previous_state);
    ck_assert_int_eq(save_number(&f->trainee, f->model, 1), ALC_OK);
    ck_assert_int_eq(save_number(&f->trainee, f->model, 2), ALC_OK);
}

static void tear_down(fixture *f)
{
    trainee_destroy(&f->trainee);
    alc_context_destroy(f->context);
    temporary_folder_remove(&f->folder);
}

static void expect_previous(fixture *f)
{
    bool previous = false;
    f->line[0] = '\0';
    ck_assert_int_eq(load_number(&f->trainee, f->model, &previous), 1);
    ck_assert(previous);
    ck_assert_ptr_nonnull(strstr(f->line, "going back"));
    ck_assert_ptr_nonnull(strstr(f->line, f->previous_model));
}

START_TEST(nothing_is_said_of_a_good_pair)
{
    fixture f;
    bool previous = true;
    set_up(&f);
    ck_assert_int_eq(load_number(&f.trainee, f.model, &previous), 2);
    ck_assert(!previous);
    ck_assert_str_eq(f.line, "");
    tear_down(&f);
}
END_TEST

/* Overwrites one byte in place: a whole new file for each would take minutes. */
static void write_byte(const char *path, size_t at, unsigned char value)
{
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)at, SEEK_SET), 0);
    ck_assert_int_eq(fputc(value, file), value);
    ck_assert_int_eq(fclose(file), 0);
}

static void flip_every_byte(fixture *f, const char *path)
{
    size_t size;
    unsigned char *bytes = read_test_file(path, &size);
    /* A file of its own: the name that is kept as the previous one shares its bytes. */
    unlink(path);
    write_test_file(path, bytes, size);
    for (size_t i = 0; i < size; i++) {
        write_byte(path, i, bytes[i] ^ (unsigned char)(1 << i % 8));
        expect_previous(f);
        write_byte(path, i, bytes[i]);
    }
    ck_assert_int_eq(load_number(&f->trainee, f->model, NULL), 2);
    free(bytes);
}

START_TEST(a_flipped_byte_anywhere_is_noticed)
{
    fixture f;
    set_up(&f);
    flip_every_byte(&f, f.model);
    flip_every_byte(&f, f.state);
    tear_down(&f);
}
END_TEST

START_TEST(a_truncated_file_is_noticed)
{
    fixture f;
    set_up(&f);
    const char *paths[] = {f.model, f.state};
    for (int i = 0; i < 2; i++) {
        size_t size;
        unsigned char *bytes = read_test_file(paths[i], &size);
        for (size_t cut = size; cut > 0; cut = cut > 64 ? cut - 61 : cut - 1) {
            write_test_file(paths[i], bytes, cut - 1);
            expect_previous(&f);
        }
        write_test_file(paths[i], bytes, size);
        free(bytes);
    }
    tear_down(&f);
}
END_TEST

START_TEST(files_that_are_missing_or_of_another_save)
{
    fixture f;
    size_t size;
    set_up(&f);
    unlink(f.state);
    expect_previous(&f);
    tear_down(&f);
    set_up(&f);
    unlink(f.model);
    expect_previous(&f);
    tear_down(&f);
    /* The state of save 1 beside the model of save 2. */
    set_up(&f);
    unsigned char *bytes = read_test_file(f.previous_state, &size);
    write_test_file(f.state, bytes, size);
    free(bytes);
    expect_previous(&f);
    ck_assert_ptr_nonnull(strstr(f.line, "another model file"));
    tear_down(&f);
}
END_TEST

START_TEST(no_checkpoint_at_all)
{
    fixture f;
    alc_checkpoint *checkpoint;
    char path[1024];
    set_up(&f);
    temporary_path(&f.folder, "other.safetensors", path);
    ck_assert_int_eq(alc_checkpoint_load(f.context, path, &checkpoint), ALC_NOT_FOUND);
    ck_assert_ptr_null(checkpoint);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "there is no checkpoint"));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), path));
    ck_assert_int_eq(alc_checkpoint_load(f.context, NULL, &checkpoint), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_checkpoint_load(NULL, path, &checkpoint), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_checkpoint_load(f.context, path, NULL), ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

/* What the first save of all leaves if it dies between its two files. */
START_TEST(a_model_alone_is_no_checkpoint)
{
    fixture f;
    alc_checkpoint *checkpoint;
    set_up(&f);
    unlink(f.state);
    unlink(f.previous_state);
    ck_assert_int_eq(alc_checkpoint_load(f.context, f.model, &checkpoint), ALC_NOT_FOUND);
    ck_assert_ptr_null(checkpoint);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "has no training state beside it"));
    ck_assert_int_eq(save_number(&f.trainee, f.model, 3), ALC_OK);
    ck_assert_int_eq(load_number(&f.trainee, f.model, NULL), 3);
    tear_down(&f);
}
END_TEST

START_TEST(all_damaged)
{
    fixture f;
    alc_checkpoint *checkpoint;
    set_up(&f);
    write_test_file(f.model, "x", 1);
    write_test_file(f.previous_model, "y", 1);
    ck_assert_int_eq(alc_checkpoint_load(f.context, f.model, &checkpoint), ALC_CORRUPT);
    ck_assert_ptr_null(checkpoint);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), f.model));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "has 1 bytes"));
    unlink(f.model);
    unlink(f.previous_model);
    ck_assert_int_eq(alc_checkpoint_load(f.context, f.model, &checkpoint), ALC_CORRUPT);
    tear_down(&f);
}
END_TEST

START_TEST(another_architecture_is_refused_and_nothing_changed)
{
    fixture f;
    alc_checkpoint *checkpoint;
    set_up(&f);
    ck_assert_int_eq(alc_checkpoint_load(f.context, f.model, &checkpoint), ALC_OK);
    alc_model *larger = small_model(f.context, 5);
    fill_parameters(larger, 8);
    ck_assert_int_eq(alc_checkpoint_restore(checkpoint, larger, NULL), ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "fc.weight"));
    ck_assert(parameters_are(larger, 8));
    alc_model_destroy(larger);
    ck_assert_int_eq(alc_checkpoint_restore(checkpoint, NULL, NULL), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_checkpoint_restore(NULL, f.trainee.model, NULL), ALC_INVALID_ARGUMENT);
    alc_checkpoint_close(checkpoint);
    tear_down(&f);
}
END_TEST

START_TEST(null_is_answered)
{
    alc_checkpoint_close(NULL);
    ck_assert_ptr_null(alc_checkpoint_model(NULL));
    ck_assert_int_eq(alc_checkpoint_state(NULL).epoch, 0);
    ck_assert(!alc_checkpoint_is_previous(NULL));
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    fixture f;
    failing_hooks hooks;
    trainee t;
    set_up(&f);
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    trainee_create(&t, context);
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        alc_checkpoint *checkpoint;
        failing_hooks_restart(&hooks);
        alc_status status = alc_checkpoint_load(context, f.model, &checkpoint);
        if (status == ALC_OK)
            status = alc_checkpoint_restore(checkpoint, t.model, t.optimizer);
        alc_checkpoint_close(checkpoint);
        if (hooks.faults == 0) {
            ck_assert_int_eq(status, ALC_OK);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
    }
    ck_assert_int_ge(hooks.fail_allocation, 10);
    ck_assert(parameters_are(t.model, 2) && optimizer_is(t.optimizer, 2));
    trainee_destroy(&t);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("checkpoint_load", nothing_is_said_of_a_good_pair,
                     a_flipped_byte_anywhere_is_noticed, a_truncated_file_is_noticed,
                     files_that_are_missing_or_of_another_save, no_checkpoint_at_all, a_model_alone_is_no_checkpoint, all_damaged,
                     another_architecture_is_refused_and_nothing_changed, null_is_answered,
                     every_failing_allocation_is_survived);
}
