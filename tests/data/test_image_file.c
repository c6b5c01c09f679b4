/* tests/data/test_image_file.c - whole image files: sound ones become the pixels that other programs see, all others are
 * refused with the reason. images/PROVENANCE.md says where the files are from. */
#include <stdio.h>

#include "alcor/image.h"
#include "data/data_test.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"

#define FOLDER "tests/data/images/"

static void read_good(alc_context *context, const char *path, alc_image *image)
{
    ck_assert_msg(alc_image_read(context, path, (alc_image_limits){0}, image) == ALC_OK, "%s",
                  alc_error_message(context));
}

/* Decoders differ in rounding, and in how they interpolate chroma. */
#define JPEG_TOLERANCE 4

static const struct {
    const char *name;
    int channels;
} jpegs[] = {
    {"extraneous-data", 3},     {"grayscale_16x24_sampling2x2", 1},
    {"jpg-cmyk-1", 4},          {"jpg-gray", 1},
    {"jpg-progressive", 3},     {"jpg-size-15x15", 3},
    {"noise_411_separate", 3},  {"noise_420_narrow", 3},
    {"noise_420_progressive", 3}, {"noise_422", 3},
    {"noise_440_restart", 3},   {"noise_rgb", 3},
    {"noise_ycck", 4},          {"restarts", 3},
};

START_TEST(jpeg_files_have_the_reference_pixels)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof jpegs / sizeof *jpegs; i++) {
        char path[256];
        alc_image image, reference;
        snprintf(path, sizeof path, FOLDER "good/%s.jpg", jpegs[i].name);
        read_good(context, path, &image);
        snprintf(path, sizeof path, FOLDER "reference/%s.png", jpegs[i].name);
        read_good(context, path, &reference);
        ck_assert_int_eq(image.height, reference.height);
        ck_assert_int_eq(image.width, reference.width);
        ck_assert_msg(image.channels == jpegs[i].channels, "%s: %d channels", path, image.channels);
        for (int64_t p = 0; p < image.height * image.width * 3; p++)
            ck_assert_msg(abs(image.pixels[p] - reference.pixels[p]) <= JPEG_TOLERANCE,
                          "%s: value %lld is %d, not %d", path, (long long)p, image.pixels[p],
                          reference.pixels[p]);
        alc_image_free(&image);
        alc_image_free(&reference);
    }
    alc_context_destroy(context);
}
END_TEST

/* FNV-1a of the pixels that Pillow has. */
static uint64_t hash_pixels(const alc_image *image)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t i = 0; i < image->height * image->width * 3; i++)
        hash = (hash ^ image->pixels[i]) * 0x100000001b3;
    return hash;
}

static const struct {
    const char *name;
    int64_t height, width;
    int channels;
    uint64_t hash;
} pngs[] = {
    {"basi2c16", 32, 32, 3, 0x51c143bea37a5cb5},
    {"basi3p08", 32, 32, 3, 0x028ba631a921e8c5},
    {"basn0g16", 32, 32, 1, 0x662cf84069eb1c09},
    {"basn2c08", 32, 32, 3, 0x20362d9a3ff2e125},
    {"basn2c16", 32, 32, 3, 0x51c143bea37a5cb5},
    {"basn3p02", 32, 32, 3, 0x36b37a2644408625},
    {"basn6a08", 32, 32, 4, 0x8da78cfa13ff55a5},
    {"f04n2c08", 32, 32, 3, 0xe1864640b190071c},
    {"oi9n2c16", 32, 32, 3, 0x51c143bea37a5cb5},
    {"s01i3p01", 1, 1, 3, 0xd94c37186c0dbb96},
    {"s39i3p04", 39, 39, 3, 0x481f0f1cb5f8d3c0},
    {"tp1n3p08", 32, 32, 4, 0x3ff181111e016217},
    {"z00n2c08", 32, 32, 3, 0x0f6f06a3990b394f},
};

START_TEST(png_files_have_the_reference_pixels)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof pngs / sizeof *pngs; i++) {
        char path[256];
        alc_image image;
        snprintf(path, sizeof path, FOLDER "good/%s.png", pngs[i].name);
        read_good(context, path, &image);
        ck_assert_int_eq(image.height, pngs[i].height);
        ck_assert_int_eq(image.width, pngs[i].width);
        ck_assert_int_eq(image.channels, pngs[i].channels);
        ck_assert_msg(hash_pixels(&image) == pngs[i].hash, "%s has other pixels", path);
        alc_image_free(&image);
    }
    alc_context_destroy(context);
}
END_TEST

static const struct {
    const char *name;
    alc_status status;
    const char *words;
} bad[] = {
    {"arithmetic.jpg", ALC_UNSUPPORTED, "arithmetic coding is not decoded"},
    {"dc-predictor-overflow.jpg", ALC_BAD_FILE, "a DC coefficient is out of range"},
    {"derive-huffman-codes-overflow.jpg", ALC_BAD_FILE, "more codes than fit their lengths"},
    {"fuzzed-huffman-lengths.jpg", ALC_BAD_FILE, "more codes than fit their lengths"},
    {"fuzzed-unknown-marker.jpg", ALC_BAD_FILE, "the segment FFD5 is cut off"},
    {"invalid-dimensions.jpg", ALC_BAD_FILE, "the image is 0 pixels high and 3360 wide"},
    {"invalid-prediction-shift.jpg", ALC_UNSUPPORTED, "lossless coding is not decoded"},
    {"max_size.jpg", ALC_UNSUPPORTED, "65535 x 65535 pixels are above the limit"},
    {"missing-frame-image-1410.jpg", ALC_BAD_FILE, "byte 4: the file has no image data"},
    {"missing-sos.jpg", ALC_BAD_FILE, "the file has no image data"},
    {"null_height.jpg", ALC_BAD_FILE, "the image is 800 pixels high and 0 wide"},
    {"partial_progressive.jpg", ALC_BAD_FILE, "a progressive file without all of its scans"},
    {"xc1n0g08.png", ALC_BAD_FILE, "there is no PNG of colour type 1 with 8 bits"},
    {"xc9n2c08.png", ALC_BAD_FILE, "there is no PNG of colour type 9 with 8 bits"},
    {"xcsn0g01.png", ALC_BAD_FILE, "the checksum of the chunk IDAT is wrong"},
    {"xd0n2c08.png", ALC_BAD_FILE, "there is no PNG of colour type 2 with 0 bits"},
    {"xd3n2c08.png", ALC_BAD_FILE, "there is no PNG of colour type 2 with 3 bits"},
    {"xd9n2c08.png", ALC_BAD_FILE, "there is no PNG of colour type 2 with 99 bits"},
    {"xhdn0g08.png", ALC_BAD_FILE, "the checksum of the chunk IHDR is wrong"},
    {"xlfn0g04.png", ALC_BAD_FILE, "byte 0: the file begins neither as JPEG nor as PNG"},
    {"xs2n0g01.png", ALC_BAD_FILE, "byte 0: the file begins neither as JPEG nor as PNG"},
    {"xs7n0g01.png", ALC_BAD_FILE, "byte 0: the file begins neither as JPEG nor as PNG"},
};

START_TEST(bad_files_are_refused)
{
    alc_context *context = make_context(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[256];
        alc_image image = {.pixels = (uint8_t *)path};
        snprintf(path, sizeof path, FOLDER "bad/%s", bad[i].name);
        ck_assert_fails(context, alc_image_read(context, path, (alc_image_limits){0}, &image),
                        bad[i].status, bad[i].words);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), path));
        ck_assert(image.pixels == NULL && image.context == NULL && image.height == 0);
    }
    alc_context_destroy(context);
}
END_TEST

START_TEST(limits_are_kept)
{
    static const char path[] = FOLDER "good/s39i3p04.png"; /* 39 x 39, 420 bytes */
    static const struct {
        alc_image_limits limits;
        alc_status status;
        const char *words;
    } cases[] = {
        {{.side = 38}, ALC_UNSUPPORTED, "39 x 39 pixels are above the limit of 38 a side and 67108864 in all"},
        {{.pixels = 1520}, ALC_UNSUPPORTED, "39 x 39 pixels are above the limit of 16384 a side and 1520 in all"},
        {{.bytes = 419}, ALC_BAD_FILE, "larger than the limit of 419 bytes"},
        {{.side = 16385}, ALC_INVALID_ARGUMENT, "image limits of 16385 pixels a side"},
        {{.side = -1}, ALC_INVALID_ARGUMENT, "are outside 1 to 16384, 67108864 and 268435456"},
        {{.pixels = (64 << 20) + 1}, ALC_INVALID_ARGUMENT, "image limits of"},
        {{.pixels = -1}, ALC_INVALID_ARGUMENT, "image limits of"},
        {{.bytes = ((size_t)256 << 20) + 1}, ALC_INVALID_ARGUMENT, "image limits of"},
    };
    alc_context *context = make_context(1);
    alc_image image;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_fails(context, alc_image_read(context, path, cases[i].limits, &image),
                        cases[i].status, cases[i].words);
    ck_assert_int_eq(alc_image_read(context, path,
                                    (alc_image_limits){.side = 39, .pixels = 1521, .bytes = 420}, &image),
                     ALC_OK);
    alc_image_free(&image);
    ck_assert_fails(context,
                    alc_image_decode(context, "memory", "12345", 5, (alc_image_limits){.bytes = 4}, &image),
                    ALC_UNSUPPORTED, "memory: 5 bytes are above the limit of 4");
    alc_context_destroy(context);
}
END_TEST

START_TEST(misuse_is_refused)
{
    alc_context *context = make_context(1);
    alc_image image;
    const alc_image_limits limits = {0};
    ck_assert_int_eq(alc_image_read(NULL, "x", limits, &image), ALC_INVALID_ARGUMENT);
    ck_assert_fails(context, alc_image_read(context, NULL, limits, &image), ALC_INVALID_ARGUMENT,
                    "alc_image_read: an argument is NULL");
    ck_assert_fails(context, alc_image_read(context, "x", limits, NULL), ALC_INVALID_ARGUMENT,
                    "alc_image_read: an argument is NULL");
    ck_assert_fails(context, alc_image_read(context, "no/such.png", limits, &image), ALC_IO_ERROR,
                    "no/such.png");
    ck_assert_int_eq(alc_image_decode(NULL, "x", "", 0, limits, &image), ALC_INVALID_ARGUMENT);
    ck_assert_fails(context, alc_image_decode(context, NULL, "", 0, limits, &image),
                    ALC_INVALID_ARGUMENT, "alc_image_decode: an argument is NULL");
    ck_assert_fails(context, alc_image_decode(context, "x", NULL, 1, limits, &image),
                    ALC_INVALID_ARGUMENT, "alc_image_decode: an argument is NULL");
    ck_assert_fails(context, alc_image_decode(context, "x", "", 0, limits, NULL),
                    ALC_INVALID_ARGUMENT, "alc_image_decode: an argument is NULL");
    ck_assert_fails(context, alc_image_decode(context, "x", "", 0, limits, &image), ALC_BAD_FILE,
                    "x: the file is empty");
    ck_assert_fails(context, alc_image_decode(context, "x", "\xFF\xD8", 2, limits, &image),
                    ALC_BAD_FILE, "begins neither as JPEG nor as PNG");
    alc_image_free(NULL);
    alc_context_destroy(context);
}
END_TEST

/* Each allocation and each file operation fails once, and from there on; the next try succeeds. */
static void fail_everywhere(alc_context *context, failing_hooks *hooks, const char *path)
{
    for (int stays = 0; stays < 2; stays++) {
        alc_image image;
        hooks->allocations_stay_failed = hooks->files_stay_failed = stays == 1;
        for (hooks->fail_allocation = 1;; hooks->fail_allocation++) {
            failing_hooks_restart(hooks);
            if (alc_image_read(context, path, (alc_image_limits){0}, &image) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_OUT_OF_MEMORY);
            ck_assert_ptr_null(image.pixels);
        }
        ck_assert_int_gt(hooks->fail_allocation, 4);
        alc_image_free(&image);
        failing_hooks_relent(hooks);
        hooks->files_stay_failed = stays == 1;
        hooks->fail_files = FILE_OPEN | FILE_READ | FILE_SIZE;
        for (hooks->fail_file = 1;; hooks->fail_file++) {
            failing_hooks_restart(hooks);
            if (alc_image_read(context, path, (alc_image_limits){0}, &image) == ALC_OK)
                break;
            ck_assert_int_eq(alc_error_status(context), ALC_IO_ERROR);
            ck_assert_ptr_nonnull(strstr(alc_error_message(context), path));
        }
        ck_assert_int_gt(hooks->fail_file, 2);
        alc_image_free(&image);
        failing_hooks_relent(hooks);
    }
}

START_TEST(failing_allocations_and_reads_leave_nothing)
{
    static const char *const paths[] = {FOLDER "good/noise_420_progressive.jpg", FOLDER "good/jpg-gray.jpg",
                                        FOLDER "good/tp1n3p08.png"};
    failing_hooks hooks;
    alc_context *context;
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        fail_everywhere(context, &hooks, paths[i]);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

START_TEST(the_decoder_is_named)
{
    const char *name = alc_image_decoder_name();
    ck_assert_msg(strcmp(name, "stb_image") == 0 || strcmp(name, "libjpeg-turbo") == 0, "%s", name);
}
END_TEST

int main(void)
{
    return RUN_TESTS("image_file", jpeg_files_have_the_reference_pixels,
                     png_files_have_the_reference_pixels, bad_files_are_refused, limits_are_kept,
                     misuse_is_refused, failing_allocations_and_reads_leave_nothing,
                     the_decoder_is_named);
}
