/* tests/base/test_memory.c - allocations through the hook, overflow-checked sizes. */
#include <stdint.h>
#include <string.h>

#include "lib/base/context_private.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

START_TEST(memory_is_aligned_and_zero)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    for (size_t bytes = 0; bytes < 300; bytes += 37) {
        unsigned char *memory = alc_allocate(context, bytes, "bytes");
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % ALC_ALIGNMENT, 0);
        for (size_t i = 0; i < bytes; i++)
            ck_assert_uint_eq(memory[i], 0);
        memset(memory, 0xff, bytes);
        alc_free(context, memory);
    }
    alc_free(context, NULL);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused_before_the_hook)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    failing_hooks_restart(&hooks);
    ck_assert_ptr_null(alc_allocate(context, SIZE_MAX, "a lot"));
    ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(alc_allocate_array(context, SIZE_MAX / 2 + 1, 2, "pairs"));
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "pairs"));
    ck_assert_int_eq(hooks.allocations, 0);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

/* Pages of the system's are gone at once, and read as zeros; an allocator of the user's keeps its own. */
START_TEST(what_is_discarded_goes_back)
{
    const size_t bytes = (size_t)9 << 20, middle = (size_t)4 << 20;
    alc_context *context;
    failing_hooks hooks;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    failing_hooks_init(&hooks);
    alc_context *contexts[] = {context, failing_hooks_context(&hooks, 1)};
    for (int i = 0; i < 2; i++) {
        unsigned char *memory = alc_allocate_untouched(contexts[i], bytes, "a weight");
        ck_assert_ptr_nonnull(memory);
        memset(memory, 7, bytes);
        alc_discard(contexts[i], memory, bytes - 1);
        ck_assert_uint_eq(memory[middle], i == 0 ? 0 : 7);
        ck_assert_uint_eq(memory[bytes - 1], 7);
        alc_free(contexts[i], memory);
        alc_context_destroy(contexts[i]);
    }
    failing_hooks_check(&hooks);
}
END_TEST

/* What the machine cannot have is refused, whatever the system would promise, until something is given back. */
START_TEST(no_more_is_taken_than_the_machine_has)
{
    alc_context *context;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    ck_assert_uint_ge(context->most_bytes, (size_t)64 << 20);
    ck_assert_ptr_null(alc_allocate_untouched(context, context->most_bytes, "weights"));
    ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
    context->most_bytes = 100000;
    void *first = alc_allocate(context, 60000, "weights");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(alc_allocate(context, 60000, "gradients"));
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "gradients"));
    alc_free(context, first);
    ck_assert_uint_eq(context->held_bytes, 0);
    first = alc_allocate(context, 60000, "gradients");
    ck_assert_ptr_nonnull(first);
    alc_free(context, first);
    alc_context_destroy(context);
}
END_TEST

START_TEST(products_and_sums)
{
    size_t result = 7;
    ck_assert(alc_multiply_sizes(SIZE_MAX / 3, 3, &result));
    ck_assert_uint_eq(result, SIZE_MAX / 3 * 3);
    ck_assert(!alc_multiply_sizes(SIZE_MAX / 3 + 1, 3, &result));
    ck_assert(alc_multiply_sizes(SIZE_MAX, 0, &result));
    ck_assert_uint_eq(result, 0);
    ck_assert(alc_multiply_sizes(0, SIZE_MAX, &result));
    ck_assert(alc_add_sizes(SIZE_MAX - 1, 1, &result));
    ck_assert_uint_eq(result, SIZE_MAX);
    ck_assert(!alc_add_sizes(SIZE_MAX, 1, &result));
}
END_TEST

START_TEST(a_growing_array_keeps_its_contents)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    int *array = NULL;
    size_t count = 0;
    for (int i = 0; i < 100; i++) {
        int *larger = alc_reallocate_array(context, array, count, count + 1, sizeof *array, "ints");
        ck_assert_ptr_nonnull(larger);
        array = larger;
        ck_assert_int_eq(array[count], 0);
        array[count++] = i;
    }
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(array[i], i);
    failing_hooks_restart(&hooks);
    hooks.fail_allocation = 1;
    ck_assert_ptr_null(alc_reallocate_array(context, array, count, 200, sizeof *array, "ints"));
    ck_assert_ptr_nonnull(strstr(alc_error_message(context), "ints"));
    ck_assert_int_eq(array[99], 99);
    failing_hooks_relent(&hooks);
    array = alc_reallocate_array(context, array, count, 10, sizeof *array, "ints");
    ck_assert_int_eq(array[9], 9);
    alc_free(context, array);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(texts_are_copied)
{
    failing_hooks hooks;
    failing_hooks_init(&hooks);
    alc_context *context = failing_hooks_context(&hooks, 1);
    char text[] = "stage1.0";
    char *copy = alc_copy_text(context, text);
    text[0] = 'x';
    ck_assert_str_eq(copy, "stage1.0");
    alc_free(context, copy);
    failing_hooks_restart(&hooks);
    hooks.fail_allocation = 1;
    ck_assert_ptr_null(alc_copy_text(context, text));
    failing_hooks_relent(&hooks);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("memory", memory_is_aligned_and_zero,
                     sizes_that_overflow_are_refused_before_the_hook, what_is_discarded_goes_back,
                     no_more_is_taken_than_the_machine_has, products_and_sums,
                     a_growing_array_keeps_its_contents, texts_are_copied);
}
