/* tests/data/image_test.h - synthetic images for the tests of what is done with them. */
#ifndef ALC_TESTS_IMAGE_TEST_H
#define ALC_TESTS_IMAGE_TEST_H

#include "data/data_test.h"
#include "lib/data/image_internal.h"

/* A new image whose value at each place is a function of that place. */
static inline alc_image make_image(alc_context *context, int64_t height, int64_t width,
                                   uint8_t (*value)(int64_t x, int64_t y, int64_t channel))
{
    alc_image image;
    ck_assert_int_eq(alc_image_allocate(context, height, width, &image), ALC_OK);
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t c = 0; c < 3; c++)
                image.pixels[(y * width + x) * 3 + c] = value(x, y, c);
    return image;
}

#endif
