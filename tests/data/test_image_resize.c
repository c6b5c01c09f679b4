/* tests/data/test_image_resize.c - resized images are Pillow's, within one level. The expected ones in resize/ are made by
 * scripts/make_resize_golden.py; constants, ramps and the identity are known without it. */
#include <stdio.h>

#include "data/image_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

/* The formula of scripts/make_resize_golden.py. */
static uint8_t golden_value(int64_t x, int64_t y, int64_t channel)
{
    uint64_t hash = (uint64_t)(x * 7919 + y * 104729 + channel * 1299709 + 12345) * 2654435761u;
    uint8_t noise = (uint8_t)((hash & 0xFFFFFFFF) >> 24);
    uint8_t slope = (uint8_t)((3 * x + 5 * y) * (channel + 1) / 2 % 256);
    return (x / 8 + y / 8) % 2 != 0 ? noise : slope;
}

static const struct {
    int64_t height, width, new_height, new_width;
    alc_resize_filter filter;
} golden[] = {
    {200, 200, 64, 64, ALC_RESIZE_BILINEAR}, {128, 128, 64, 64, ALC_RESIZE_BICUBIC},
    {37, 53, 64, 64, ALC_RESIZE_BICUBIC},    {64, 64, 1, 1, ALC_RESIZE_BILINEAR},
    {5, 3, 7, 11, ALC_RESIZE_BILINEAR},      {1, 1, 4, 4, ALC_RESIZE_BICUBIC},
    {300, 10, 16, 16, ALC_RESIZE_BICUBIC},   {45, 61, 45, 20, ALC_RESIZE_BILINEAR},
};

START_TEST(results_are_pillows)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        char path[256], head[32];
        size_t bytes, head_bytes;
        unsigned char *expected;
        alc_image image = make_image(context, golden[i].height, golden[i].width, golden_value), result;
        int64_t values = golden[i].new_height * golden[i].new_width * 3;
        snprintf(path, sizeof path, "tests/data/resize/%lldx%lld_%lldx%lld_%s.ppm",
                 (long long)golden[i].height, (long long)golden[i].width,
                 (long long)golden[i].new_height, (long long)golden[i].new_width,
                 golden[i].filter == ALC_RESIZE_BILINEAR ? "bilinear" : "bicubic");
        head_bytes = (size_t)snprintf(head, sizeof head, "P6\n%lld %lld\n255\n",
                                      (long long)golden[i].new_width, (long long)golden[i].new_height);
        expected = read_test_file(path, &bytes);
        ck_assert_msg(expected != NULL && bytes == head_bytes + (size_t)values &&
                          memcmp(expected, head, head_bytes) == 0,
                      "%s", path);
        ck_assert_int_eq(alc_image_resize(&image, golden[i].new_height, golden[i].new_width,
                                          golden[i].filter, &result),
                         ALC_OK);
        ck_assert_int_eq(result.height, golden[i].new_height);
        ck_assert_int_eq(result.width, golden[i].new_width);
        for (int64_t v = 0; v < values; v++)
            ck_assert_msg(abs(result.pixels[v] - expected[head_bytes + (size_t)v]) <= 1,
                          "%s: value %lld is %d, not %d", path, (long long)v, result.pixels[v],
                          expected[head_bytes + (size_t)v]);
        free(expected);
        alc_image_free(&image);
        alc_image_free(&result);
    }
    alc_context_destroy(context);
}
END_TEST

static uint8_t white(int64_t x, int64_t y, int64_t channel)
{
    (void)x;
    (void)y;
    return channel == 1 ? 254 : 255;
}

/* The weights of a pixel add up to one: a constant stays, whatever the sizes. */
START_TEST(constants_stay)
{
    static const int64_t sides[] = {1, 2, 3, 7, 16, 31, 100};
    alc_context *context = make_context(1);
    for (int from = 0; from < 7; from++)
        for (int to = 0; to < 7; to++)
            for (int filter = 0; filter < 2; filter++) {
                alc_image image = make_image(context, sides[from], sides[6 - from], white), result;
                ck_assert_int_eq(alc_image_resize(&image, sides[to], sides[from],
                                                  (alc_resize_filter)filter, &result),
                                 ALC_OK);
                for (int64_t i = 0; i < sides[to] * sides[from] * 3; i++)
                    ck_assert_uint_eq(result.pixels[i], i % 3 == 1 ? 254 : 255);
                alc_image_free(&image);
                alc_image_free(&result);
            }
    alc_context_destroy(context);
}
END_TEST

START_TEST(the_same_size_is_the_same_image)
{
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 19, 23, golden_value), result;
    image.channels = 4;
    for (int filter = 0; filter < 2; filter++) {
        ck_assert_int_eq(alc_image_resize(&image, 19, 23, (alc_resize_filter)filter, &result), ALC_OK);
        ck_assert_mem_eq(result.pixels, image.pixels, 19 * 23 * 3);
        ck_assert_int_eq(result.channels, 4);
        alc_image_free(&result);
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

static uint8_t ramp(int64_t x, int64_t y, int64_t channel)
{
    return (uint8_t)(channel == 0 ? 4 * x : channel == 1 ? 4 * y : 128);
}

/* Halving a ramp gives the middle between two of its values, away from the edges. */
START_TEST(ramps_are_sampled_in_the_middle_of_pixels)
{
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 64, 64, ramp), result;
    for (int filter = 0; filter < 2; filter++) {
        ck_assert_int_eq(alc_image_resize(&image, 32, 32, (alc_resize_filter)filter, &result), ALC_OK);
        for (int64_t y = 2; y < 30; y++)
            for (int64_t x = 2; x < 30; x++) {
                const uint8_t *pixel = result.pixels + (y * 32 + x) * 3;
                ck_assert(pixel[0] == 8 * x + 2 && pixel[1] == 8 * y + 2 && pixel[2] == 128);
            }
        alc_image_free(&result);
    }
    alc_image_free(&image);
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_is_refused)
{
    static const struct {
        int64_t height, width;
        int filter;
        const char *words;
    } cases[] = {
        {0, 1, 0, "an image cannot be resized to 0 x 1 with filter 0"},
        {1, 0, 0, "resized to 1 x 0"},
        {-1, 1, 1, "resized to -1 x 1 with filter 1"},
        {16385, 1, 0, "resized to 16385 x 1"},
        {1, 16385, 0, "resized to 1 x 16385"},
        {4, 4, 2, "resized to 4 x 4 with filter 2"},
        {4, 4, -1, "with filter -1"},
    };
    alc_context *context = make_context(1);
    alc_image image = make_image(context, 5, 5, ramp), result;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result = (alc_image){.height = 7};
        ck_assert_fails(context,
                        alc_image_resize(&image, cases[i].height, cases[i].width,
                                         (alc_resize_filter)cases[i].filter, &result),
                        ALC_INVALID_ARGUMENT, cases[i].words);
        ck_assert(result.pixels == NULL && result.height == 0);
    }
    ck_assert_fails(context, alc_image_resize(&image, 1, 1, ALC_RESIZE_BICUBIC, NULL),
                    ALC_INVALID_ARGUMENT, "alc_image_resize: result is NULL or the image itself");
    ck_assert_fails(context, alc_image_resize(&image, 1, 1, ALC_RESIZE_BICUBIC, &image),
                    ALC_INVALID_ARGUMENT, "alc_image_resize: result is NULL or the image itself");
    ck_assert_ptr_nonnull(image.pixels);
    ck_assert_int_eq(alc_image_resize(NULL, 1, 1, ALC_RESIZE_BICUBIC, &result), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_image_resize(&(alc_image){0}, 1, 1, ALC_RESIZE_BICUBIC, &result),
                     ALC_INVALID_ARGUMENT);
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
    image = make_image(context, 20, 30, golden_value);
    for (int stays = 0; stays < 2; stays++) {
        hooks.allocations_stay_failed = stays == 1;
        for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
            failing_hooks_restart(&hooks);
            if (alc_image_resize(&image, 7, 8, ALC_RESIZE_BICUBIC, &result) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
            ck_assert_ptr_null(result.pixels);
        }
        ck_assert_int_gt(hooks.fail_allocation, 8);
        alc_image_free(&result);
        failing_hooks_relent(&hooks);
    }
    alc_image_free(&image);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("image_resize", results_are_pillows, constants_stay, the_same_size_is_the_same_image,
                     ramps_are_sampled_in_the_middle_of_pixels, misuse_is_refused,
                     failing_allocations_leave_nothing);
}
