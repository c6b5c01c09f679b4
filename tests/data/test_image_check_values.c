/* tests/data/test_image_check_values.c - images that were scaled twice or not at all are told apart, and sound ones pass. */
#include <math.h>

#include "data/data_test.h"
#include "alcor/image.h"
#include "support/run_tests.h"

enum { PIXELS = 64 };

static const alc_normalisation imagenet = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
                               tensorflow = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}}, none = {{0, 0, 0}, {1, 1, 1}};

/* Bytes from `low` to `high`, divided by 255 and normalised so many times. */
static void fill(alc_real *values, double low, double high, int divided, int normalised, alc_normalisation n)
{
    for (int i = 0; i < 3 * PIXELS; i++) {
        double value = low + (high - low) * i / (3 * PIXELS - 1);
        for (int k = 0; k < divided; k++)
            value /= 255;
        for (int k = 0; k < normalised; k++)
            value = (value - n.mean[i % 3]) / n.std[i % 3];
        values[i] = (alc_real)value;
    }
}

START_TEST(sound_images_pass)
{
    static const alc_normalisation *const all[] = {&imagenet, &tensorflow, &none};
    static const double ranges[][2] = {{0, 255}, {0, 30}, {0, 4}, {200, 255}, {150, 255}, {90, 90}, {255, 255}, {1, 2}};
    alc_real values[3 * PIXELS];
    alc_context *context = make_context(1);
    for (int n = 0; n < 3; n++)
        for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
            fill(values, ranges[r][0], ranges[r][1], 1, 1, *all[n]);
            ck_assert_msg(alc_image_check_values(context, *all[n], values, PIXELS) == ALC_OK, "%d %d: %s", n, (int)r,
                          alc_error_message(context));
        }
    ck_assert_int_eq(alc_image_check_values(context, imagenet, values, 0), ALC_OK);
    alc_context_destroy(context);
}
END_TEST

START_TEST(what_was_done_to_the_others_is_said)
{
    static const struct {
        double low, high;
        int divided, normalised;
        const char *words;
    } cases[] = {
        {0, 255, 0, 0, "were not scaled at all: their values reach 255"},
        {0, 12, 0, 0, "were not scaled at all: their values reach 12"},
        {0, 255, 0, 1, "normalised without having been divided by 255"},
        {0, 255, 2, 1, "were divided by 255 twice, or are all black"},
        {0, 255, 1, 2, "were normalised twice, or by another mean"},
        {0, 60, 1, 2, "were normalised twice, or by another mean"},
        {0, 255, 1, 0, "divided by 255 but not normalised"},
    };
    static const alc_normalisation *const all[] = {&imagenet, &tensorflow};
    alc_real values[3 * PIXELS];
    alc_context *context = make_context(1);
    for (int n = 0; n < 2; n++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            fill(values, cases[i].low, cases[i].high, cases[i].divided, cases[i].normalised, *all[n]);
            ck_assert_fails(context, alc_image_check_values(context, *all[n], values, PIXELS), ALC_MISMATCH, cases[i].words);
        }
    fill(values, 0, 255, 0, 0, none);
    ck_assert_fails(context, alc_image_check_values(context, none, values, PIXELS), ALC_MISMATCH, "were not scaled at all");
    fill(values, 0, 255, 2, 0, none);
    ck_assert_fails(context, alc_image_check_values(context, none, values, PIXELS), ALC_MISMATCH, "divided by 255 twice");
    values[5] = NAN;
    ck_assert_fails(context, alc_image_check_values(context, none, values, PIXELS), ALC_NOT_FINITE,
                    "a pixel of the images is not a finite number");
    alc_context_destroy(context);
}
END_TEST

int main(void)
{
    return RUN_TESTS("image_check_values", sound_images_pass, what_was_done_to_the_others_is_said);
}
