/* test_shape.c - products that cannot overflow, comparison, text, and what a shape means as pixels and channels. */
#include <string.h>

#include "lib/graph/graph.h"
#include "support/run_tests.h"

START_TEST(elements_are_the_product_or_refused)
{
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE(4, 5, 6)), 120);
    ck_assert_int_eq(alc_shape_elements((alc_shape){0}), 1);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE(INT64_MAX)), INT64_MAX);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE((int64_t)1 << 31, (int64_t)1 << 31)), (int64_t)1 << 62);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE((int64_t)1 << 32, (int64_t)1 << 31)), -1);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE(INT64_MAX, 2)), -1);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE(3, 0)), -1);
    ck_assert_int_eq(alc_shape_elements(ALC_SHAPE(-3, -4)), -1);
    ck_assert_int_eq(alc_shape_elements((alc_shape){.rank = ALC_MAX_RANK + 1}), -1);
    ck_assert_int_eq(alc_shape_elements((alc_shape){.rank = -1}), -1);
}
END_TEST

START_TEST(tensors_have_three_extents_at_most_and_a_size)
{
    ck_assert(alc_shape_is_tensor(ALC_SHAPE(1)) && alc_shape_is_tensor(ALC_SHAPE(4, 5, 6)));
    ck_assert(alc_shape_is_tensor(ALC_SHAPE(ALC_MAX_VALUES)) && !alc_shape_is_tensor(ALC_SHAPE(ALC_MAX_VALUES + 1)));
    ck_assert(!alc_shape_is_tensor((alc_shape){0}) && !alc_shape_is_tensor(ALC_SHAPE(1, 1, 1, 1)));
    ck_assert(!alc_shape_is_tensor(ALC_SHAPE(3, 0)) && !alc_shape_is_tensor(ALC_SHAPE(INT64_MAX, INT64_MAX)));
}
END_TEST

START_TEST(equal_means_rank_and_extents)
{
    ck_assert(alc_shape_equal(ALC_SHAPE(2, 3), ALC_SHAPE(2, 3)));
    ck_assert(!alc_shape_equal(ALC_SHAPE(2, 3), ALC_SHAPE(3, 2)));
    ck_assert(!alc_shape_equal(ALC_SHAPE(2, 3), ALC_SHAPE(2, 3, 1)));
    /* What lies behind the rank does not count. */
    ck_assert(alc_shape_equal((alc_shape){1, {7, 1}}, (alc_shape){1, {7, 2}}));
}
END_TEST

START_TEST(text_has_brackets_and_never_overflows)
{
    char text[128], small[6];
    ck_assert_str_eq(alc_shape_text(ALC_SHAPE(64, 64, 3), text, sizeof text), "[64,64,3]");
    ck_assert_str_eq(alc_shape_text((alc_shape){0}, text, sizeof text), "[]");
    ck_assert_str_eq(alc_shape_text(ALC_SHAPE(-1), text, sizeof text), "[-1]");
    alc_shape longest = ALC_SHAPE(INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN);
    ck_assert_uint_eq(strlen(alc_shape_text(longest, text, sizeof text)), 5 * 20 + 4 + 2);
    for (size_t size = 0; size <= sizeof small; size++) {
        memset(small, 'x', sizeof small);
        ck_assert_ptr_eq(alc_shape_text(ALC_SHAPE(123, 456), small, size), small);
        ck_assert(size == 0 || memchr(small, '\0', size) != NULL);
        for (size_t i = size; i < sizeof small; i++)
            ck_assert_int_eq(small[i], 'x');
    }
    ck_assert_str_eq(alc_shape_text((alc_shape){.rank = 99, .extent = {1, 2, 3, 4, 5}}, text, sizeof text), "[1,2,3,4,5]");
    ck_assert_str_eq(alc_shape_text((alc_shape){.rank = -2}, text, sizeof text), "[]");
}
END_TEST

START_TEST(the_last_extent_is_channels)
{
    ck_assert_int_eq(alc_shape_channels(ALC_SHAPE(4, 5, 6)), 6);
    ck_assert_int_eq(alc_shape_pixels(ALC_SHAPE(4, 5, 6)), 20);
    ck_assert_int_eq(alc_shape_channels(ALC_SHAPE(7)), 7);
    ck_assert_int_eq(alc_shape_pixels(ALC_SHAPE(7)), 1);
    ck_assert_int_eq(alc_shape_channels((alc_shape){0}), 1);
}
END_TEST

static void expect_view(alc_view view, int64_t height, int64_t width, int64_t channels)
{
    ck_assert_ptr_null(view.data);
    ck_assert_int_eq(view.height, height);
    ck_assert_int_eq(view.width, width);
    ck_assert_int_eq(view.channels, channels);
    ck_assert_int_eq(view.stride, channels);
}

START_TEST(views_fill_missing_extents_with_one)
{
    expect_view(alc_shape_view(ALC_SHAPE(4, 5, 6), false), 4, 5, 6);
    expect_view(alc_shape_view(ALC_SHAPE(5, 6), false), 1, 5, 6);
    expect_view(alc_shape_view(ALC_SHAPE(6), false), 1, 1, 6);
    expect_view(alc_shape_view(ALC_SHAPE(9), true), 1, 1, 1);
}
END_TEST

START_TEST(element_types_have_sizes)
{
    ck_assert_uint_eq(alc_dtype_size(ALC_REAL), sizeof(alc_real));
    ck_assert_uint_eq(alc_dtype_size(ALC_I32), 4);
}
END_TEST

int main(void)
{
    return RUN_TESTS("shape", elements_are_the_product_or_refused, tensors_have_three_extents_at_most_and_a_size,
                     equal_means_rank_and_extents,
                     text_has_brackets_and_never_overflows, the_last_extent_is_channels,
                     views_fill_missing_extents_with_one, element_types_have_sizes);
}
