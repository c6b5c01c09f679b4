/* tests/data/test_image_transform.c - crops, the eight views and normalisation move or rescale values exactly. */
#include <math.h>

#include "data/image_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

/* Different at every place of images up to 16 x 16. */
static uint8_t place(int64_t x, int64_t y, int64_t channel)
{
    return (uint8_t)(16 * y + x + 85 * channel);
}

static uint8_t value_at(const alc_image *image, int64_t y, int64_t x, int64_t channel)
{
    return image->pixels[(y * image->width + x) * 3 + channel];
}

START_TEST(the_middle_is_cropped)
{
    static const struct {
        int64_t height, width, crop_height, crop_width, top, left;
    } cases[] = {
        {9, 12, 9, 12, 0, 0}, {9, 12, 3, 4, 3, 4}, {9, 12, 4, 5, 2, 4},
        {8, 8, 5, 1, 2, 4},   {8, 8, 1, 1, 4, 4},  {7, 7, 6, 6, 0, 0},
    };
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alc_image image = make_image(context, cases[i].height, cases[i].width, place), crop;
        image.channels = 1;
        ck_assert_int_eq(
            alc_image_crop_centre(&image, cases[i].crop_height, cases[i].crop_width, &crop), ALC_OK);
        ck_assert_int_eq(crop.height, cases[i].crop_height);
        ck_assert_int_eq(crop.width, cases[i].crop_width);
        ck_assert_int_eq(crop.channels, 1);
        for (int64_t y = 0; y < crop.height; y++)
            for (int64_t x = 0; x < crop.width; x++)
                for (int64_t c = 0; c < 3; c++)
                    ck_assert_uint_eq(value_at(&crop, y, x, c),
                                      place(x + cases[i].left, y + cases[i].top, c));
        alc_image_free(&image);
        alc_image_free(&crop);
    }
    alc_context_destroy(context);
}
END_TEST

/* Where the pixel (y, x) of a view of a 3 x 5 image comes from, written out for each view. */
static void source_of(int view, int64_t y, int64_t x, int64_t *from_y, int64_t *from_x)
{
    const int64_t last_y = 2, last_x = 4;
    const int64_t sources[ALC_VIEW_COUNT][2] = {
        {y, x},          {x, last_x - y},          {last_y - y, last_x - x}, {last_y - x, y},
        {y, last_x - x}, {x, y},                   {last_y - y, x},          {last_y - x, last_x - y},
    };
    *from_y = sources[view][0];
    *from_x = sources[view][1];
}

START_TEST(views_are_mirrored_then_turned_counter_clockwise)
{
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 3, 5, place), result;
    image.channels = 2;
    for (int view = 0; view < ALC_VIEW_COUNT; view++) {
        ck_assert_int_eq(alc_image_view(&image, view, &result), ALC_OK);
        ck_assert_int_eq(result.height, view % 2 == 0 ? 3 : 5);
        ck_assert_int_eq(result.width, view % 2 == 0 ? 5 : 3);
        ck_assert_int_eq(result.channels, 2);
        for (int64_t y = 0; y < result.height; y++)
            for (int64_t x = 0; x < result.width; x++) {
                int64_t from_y, from_x;
                source_of(view, y, x, &from_y, &from_x);
                for (int64_t c = 0; c < 3; c++)
                    ck_assert_msg(value_at(&result, y, x, c) == place(from_x, from_y, c),
                                  "view %d at %lld, %lld", view, (long long)y, (long long)x);
            }
        alc_image_free(&result);
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

/* A quarter turn back, or the same mirrored view once more, gives the image again. */
START_TEST(views_can_be_undone)
{
    static const int undo[ALC_VIEW_COUNT] = {0, 3, 2, 1, 4, 5, 6, 7};
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 7, 4, place);
    for (int view = 0; view < ALC_VIEW_COUNT; view++) {
        alc_image there, back;
        ck_assert_int_eq(alc_image_view(&image, view, &there), ALC_OK);
        ck_assert_int_eq(alc_image_view(&there, undo[view], &back), ALC_OK);
        ck_assert(back.height == 7 && back.width == 4);
        ck_assert_mem_eq(back.pixels, image.pixels, 7 * 4 * 3);
        alc_image_free(&there);
        alc_image_free(&back);
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

START_TEST(values_are_normalised)
{
    static const alc_normalisation normalisation = {{0.485, 0, -1}, {0.229, 1, 0.5}};
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 16, 16, place);
    alc_real values[16 * 16 * 3];
    ck_assert_int_eq(alc_image_normalise(&image, normalisation, values), ALC_OK);
    for (int i = 0; i < 16 * 16 * 3; i++) {
        double mean = normalisation.mean[i % 3], std = normalisation.std[i % 3];
        ck_assert(values[i] == (alc_real)((image.pixels[i] / 255.0 - mean) / std));
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_is_refused)
{
    static const double bad_std[] = {0, -1, INFINITY, NAN}, bad_mean[] = {INFINITY, NAN};
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 4, 6, place), result;
    alc_real values[4 * 6 * 3];
    alc_normalisation one = {.std = {1, 1, 1}};
    ck_assert_fails(context, alc_image_crop_centre(&image, 5, 6, &result), ALC_INVALID_ARGUMENT,
                    "a crop of 5 x 6 pixels does not fit an image of 4 x 6");
    ck_assert_fails(context, alc_image_crop_centre(&image, 4, 7, &result), ALC_INVALID_ARGUMENT,
                    "does not fit");
    ck_assert_fails(context, alc_image_crop_centre(&image, 0, 1, &result), ALC_INVALID_ARGUMENT,
                    "does not fit");
    ck_assert_fails(context, alc_image_crop_centre(&image, 1, 0, &result), ALC_INVALID_ARGUMENT,
                    "does not fit");
    ck_assert_fails(context, alc_image_crop_centre(&image, 1, 1, &image), ALC_INVALID_ARGUMENT,
                    "alc_image_crop_centre: result is NULL or the image itself");
    ck_assert_fails(context, alc_image_view(&image, 8, &result), ALC_INVALID_ARGUMENT,
                    "there is no view 8; they are numbered 0 to 7");
    ck_assert_fails(context, alc_image_view(&image, -1, &result), ALC_INVALID_ARGUMENT, "no view -1");
    ck_assert_fails(context, alc_image_view(&image, 0, NULL), ALC_INVALID_ARGUMENT,
                    "alc_image_view: result is NULL or the image itself");
    ck_assert_int_eq(alc_image_view(NULL, 0, &result), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_image_crop_centre(NULL, 1, 1, &result), ALC_INVALID_ARGUMENT);
    ck_assert_ptr_null(result.pixels);
    ck_assert_int_eq(alc_image_normalise(NULL, one, values), ALC_INVALID_ARGUMENT);
    ck_assert_fails(context, alc_image_normalise(&image, one, NULL), ALC_INVALID_ARGUMENT,
                    "alc_image_normalise: values is NULL");
    for (int c = 0; c < 3; c++) {
        alc_normalisation bad = one;
        for (int i = 0; i < 4; i++) {
            bad.std[c] = bad_std[i];
            ck_assert_fails(context, alc_image_normalise(&image, bad, values), ALC_INVALID_ARGUMENT,
                            "images cannot be normalised by mean 0 and standard deviation");
        }
        bad = one;
        for (int i = 0; i < 2; i++) {
            bad.mean[c] = bad_mean[i];
            ck_assert_fails(context, alc_image_normalise(&image, bad, values), ALC_INVALID_ARGUMENT,
                            "images cannot be normalised by mean");
        }
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

START_TEST(failing_allocations_leave_nothing)
{
    failing_hooks hooks;
    alc_context *context;
    alc_image image, result;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    image = make_image(context, 4, 6, place);
    hooks.fail_allocation = 1;
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_image_view(&image, 3, &result), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(result.pixels);
    failing_hooks_restart(&hooks);
    ck_assert_int_eq(alc_image_crop_centre(&image, 2, 2, &result), ALC_OUT_OF_MEMORY);
    ck_assert_ptr_null(result.pixels);
    ck_assert_int_eq(alc_image_crop_centre(&image, 2, 2, &result), ALC_OK);
    alc_image_free(&result);
    alc_image_free(&image);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("image_transform", the_middle_is_cropped,
                     views_are_mirrored_then_turned_counter_clockwise, views_can_be_undone,
                     values_are_normalised, misuse_is_refused, failing_allocations_leave_nothing);
}
