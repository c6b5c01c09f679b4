/* tests/fuzz/fuzz_image.c - libFuzzer target: arbitrary bytes as a JPEG or PNG file, read as they are and, a PNG, again
 * with its checksums put right, which chance never does. What decodes must be pixels that every transformation takes,
 * and what was found sound must be decoded. */
#include <string.h>
#include <zlib.h>

#include "alcor/image.h"
#include "fuzz/fuzz.h"

enum { SIGNATURE = 8, OVERHEAD = 12, MOST_PIXELS = 1 << 16 };

static uint32_t read_32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void write_32(uint8_t *data, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The contents' length of the chunk at `at`, or -1 where none fits. */
static int64_t chunk_length(const uint8_t *data, size_t size, size_t at)
{
    if (size - at < OVERHEAD || read_32(data + at) > size - at - OVERHEAD)
        return -1;
    return read_32(data + at);
}

/* The Adler-32 of what the image data inflate to, in their last four bytes; if they are whole and in one chunk. */
static void mend_sum(uint8_t *data, uint32_t bytes)
{
    uint8_t out[4096];
    uLong sum = adler32(0, NULL, 0);
    z_stream inflater = {.next_in = data + 2, .avail_in = bytes - 2};
    int result = Z_OK;

    require(inflateInit2(&inflater, -15) == Z_OK);
    while (result == Z_OK) {
        inflater.next_out = out;
        inflater.avail_out = sizeof out;
        result = inflate(&inflater, Z_NO_FLUSH);
        sum = adler32(sum, out, (uInt)(sizeof out - inflater.avail_out));
    }
    if (result == Z_STREAM_END && inflater.avail_in == 4)
        write_32(data + bytes - 4, (uint32_t)sum);
    inflateEnd(&inflater);
}

static void mend_png(uint8_t *data, size_t size)
{
    int64_t length;

    for (size_t at = SIGNATURE; at < size; at += (size_t)length + OVERHEAD) {
        length = chunk_length(data, size, at);
        if (length < 0)
            return;
        if (memcmp(data + at + 4, "IDAT", 4) == 0 && length > 6)
            mend_sum(data + at + 8, (uint32_t)length);
        write_32(data + at + 8 + length, (uint32_t)crc32(0, data + at + 4, (uInt)length + 4));
    }
}

static void transform(const alc_image *image)
{
    alc_image result = {0}, small = {0};

    for (int view = 0; view < ALC_VIEW_COUNT; view++) {
        require(alc_image_view(image, view, &result) == ALC_OK);
        alc_image_free(&result);
    }
    require(alc_image_crop_centre(image, (image->height + 1) / 2, (image->width + 1) / 2, &small) ==
            ALC_OK);
    require(alc_image_resize(&small, 3, 5, ALC_RESIZE_BICUBIC, &result) == ALC_OK);
    alc_image_free(&small);
    alc_image_free(&result);
}

static void decode(alc_context *context, const uint8_t *data, size_t size)
{
    alc_image image;
    alc_image_limits limits = {.pixels = MOST_PIXELS};
    alc_status status = alc_image_decode(context, "input", data, size, limits, &image);

    require_outcome(context, status, image.pixels);
    if (status == ALC_OK)
        transform(&image);
    else
        require(strstr(alc_error_message(context), alc_image_decoder_name()) == NULL);
    alc_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context;
    uint8_t *copy;

    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    decode(context, data, size);
    if (size <= SIGNATURE || data[0] != 0x89)
        return 0;
    copy = fuzz_allocate(size);
    memcpy(copy, data, size);
    mend_png(copy, size);
    decode(context, copy, size);
    free(copy);
    return 0;
}
