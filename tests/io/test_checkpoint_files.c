/* tests/io/test_checkpoint_files.c - names of the four files, and which state belongs to which
 * model. */
#include <string.h>

#include "lib/io/checkpoint_files.h"
#include "support/checkpoints.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

static void expect_paths(const char *path, const char *state, const char *previous_model,
                         const char *previous_state)
{
    failing_hooks hooks;
    alc_arena arena;
    alc_checkpoint_paths paths;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_arena_init(&arena, context);
    ck_assert_int_eq(alc_find_checkpoint_paths(&arena, path, &paths), ALC_OK);
    ck_assert_str_eq(paths.model, path);
    ck_assert_str_eq(paths.state, state);
    ck_assert_str_eq(paths.previous_model, previous_model);
    ck_assert_str_eq(paths.previous_state, previous_state);
    alc_arena_free(&arena);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}

START_TEST(names)
{
    expect_paths("out/image.safetensors", "out/image.state.safetensors",
                 "out/image.previous.safetensors", "out/image.previous.state.safetensors");
    expect_paths("image", "image.state.safetensors", "image.previous.safetensors",
                 "image.previous.state.safetensors");
    expect_paths(".safetensors", ".safetensors.state.safetensors",
                 ".safetensors.previous.safetensors", ".safetensors.previous.state.safetensors");
}
END_TEST

START_TEST(a_name_that_is_too_long_is_cut)
{
    char text[8] = "";
    ck_assert_int_eq(alc_checkpoint_file("image.safetensors", ALC_CHECKPOINT_STATE, text, sizeof text),
                     (int)strlen("image.state.safetensors"));
    ck_assert_str_eq(text, "image.s");
}
END_TEST

START_TEST(a_state_belongs_to_one_model_file)
{
    failing_hooks hooks;
    temporary_folder folder;
    trainee t;
    char a[1024], b[1024], a_state[1024];
    alc_safetensors *model, *other, *state;
    failing_hooks_init(&hooks);
    temporary_folder_create(&folder);
    alc_context *context = failing_hooks_context(&hooks, 1);
    trainee_create(&t, context);
    temporary_path(&folder, "a.safetensors", a);
    temporary_path(&folder, "a.state.safetensors", a_state);
    temporary_path(&folder, "b.safetensors", b);
    ck_assert_int_eq(save_number(&t, a, 1), ALC_OK);
    ck_assert_int_eq(save_number(&t, b, 2), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(context, a, &model), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(context, b, &other), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(context, a_state, &state), ALC_OK);
    ck_assert_int_eq(alc_check_pair(model, state), ALC_OK);
    ck_assert_int_eq(alc_check_pair(other, state), ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "another model file"));
    ck_assert_int_eq(alc_check_pair(model, other), ALC_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "no training state"));
    alc_safetensors_close(model);
    alc_safetensors_close(other);
    alc_safetensors_close(state);
    trainee_destroy(&t);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}
END_TEST

int main(void)
{
    return RUN_TESTS("checkpoint_files", names, a_name_that_is_too_long_is_cut, a_state_belongs_to_one_model_file);
}
