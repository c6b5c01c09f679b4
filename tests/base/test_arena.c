/* tests/base/test_arena.c - allocations that die together. */
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/base.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

static bool all_are(const unsigned char *bytes, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

START_TEST(pieces_are_aligned_zero_and_apart)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_arena arena;
    alc_arena_init(&arena, context);
    int64_t without = hooks.bytes_outstanding;
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        size_t bytes = i * i; /* up to 39,601: more than a block */
        pieces[i] = alc_arena_allocate(&arena, bytes, "a piece");
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
        ck_assert(all_are(pieces[i], bytes, 0));
        memset(pieces[i], (int)i, bytes);
    }
    for (size_t i = 0; i < 200; i++)
        ck_assert(all_are(pieces[i], i * i, (unsigned char)i));
    /* All that the hook sees but the context and each block's header. */
    ck_assert_uint_le(alc_arena_bytes(&arena), (size_t)(hooks.bytes_outstanding - without));
    ck_assert_uint_ge(alc_arena_bytes(&arena), (size_t)(hooks.bytes_outstanding - without) * 99 / 100);
    alc_arena_free(&arena);
    ck_assert_uint_eq(alc_arena_bytes(&arena), 0);
    ck_assert_ptr_null(arena.blocks);
    alc_arena_free(&arena);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(texts_are_formatted)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_arena arena;
    alc_arena_init(&arena, context);
    ck_assert_str_eq(alc_arena_format(&arena, "%s.%d", "layer", 12), "layer.12");
    ck_assert_str_eq(alc_arena_format(&arena, "%s", ""), "");
    alc_arena_free(&arena);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(a_text_that_cannot_be_formatted_is_told)
{
    alc_context *context;
    alc_arena arena;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    alc_arena_init(&arena, context);
    /* No character of the C locale. */
    ck_assert_ptr_null(alc_arena_format(&arena, "%lc", (wint_t)0x4e2d));
    ck_assert_int_eq(alc_error_status(context), ALC_INVALID_ARGUMENT);
    ck_assert_str_eq(alc_error_message(context), "a text cannot be formatted");
    ck_assert_str_eq(alc_arena_format(&arena, "%s", "fine"), "fine");
    alc_arena_free(&arena);
    alc_context_destroy(context);
}
END_TEST

START_TEST(failures_leave_the_arena_usable)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    alc_arena arena;
    alc_arena_init(&arena, context);
    ck_assert_ptr_null(alc_arena_allocate(&arena, SIZE_MAX, "too much"));
    ck_assert_ptr_null(alc_arena_allocate(&arena, SIZE_MAX - 20, "too much"));
    ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
    failing_hooks_restart(&hooks);
    hooks.fail_allocation = 1;
    ck_assert_ptr_null(alc_arena_format(&arena, "%d", 1));
    ck_assert_str_eq(alc_arena_format(&arena, "%d", 2), "2");
    alc_arena_free(&arena);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("arena", pieces_are_aligned_zero_and_apart, texts_are_formatted, a_text_that_cannot_be_formatted_is_told,
                     failures_leave_the_arena_usable);
}
