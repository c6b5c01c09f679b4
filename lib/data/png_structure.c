/* lib/data/png_structure.c - checks a PNG file completely before any decoder sees it (ISO/IEC 15948).
 *
 * Every chunk's checksum is verified and the image data are inflated once with zlib, which checks their own sum, to see
 * that they are exactly as long as the header says and that every row has a filter that exists. Nothing is unfiltered
 * here. A short palette is filled up with black, so that an index beyond it has a meaning.
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "lib/data/image_internal.h"

#define CHUNK_OVERHEAD 12 /* length, type, checksum */
#define ADDED_BYTES (3 * 256 + 8 + 25 + 2 * CHUNK_OVERHEAD)
#define INFLATED_AT_ONCE 32768

enum { PNG_GRAY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GRAY_ALPHA = 4, PNG_RGB_ALPHA = 6 };

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/* Where the inflated data are: rows of a pass, each a filter byte and the pixels. Without interlacing there is one pass. */
typedef struct png_rows {
    int pass;             /* 0 .. 6 of Adam7, or 7: the whole image */
    int64_t rows_left;    /* of the pass, the current one included once it has begun */
    int64_t row_bytes;
    int64_t bytes_left;   /* of the current row */
    bool done;
} png_rows;

typedef struct png_file {
    alc_image_source *source;
    const uint8_t *data;
    size_t bytes;
    int depth, colour;
    bool interlaced;
    int palette_size;          /* 0: no palette yet */
    bool has_header, has_transparency, in_data, after_data, finished;
    z_stream inflater;
    bool inflater_open;
    png_rows rows;
    uint8_t *out;
    size_t out_bytes;
    uint8_t buffer[INFLATED_AT_ONCE];
} png_file;

typedef struct png_chunk {
    size_t at;                 /* of its length field */
    const uint8_t *type, *data;
    uint32_t bytes;
} png_chunk;

static alc_status png_fail(const png_file *png, alc_status status, size_t at, const char *format, ...)
    ALC_PRINTF(4, 5);

static alc_status png_fail(const png_file *png, alc_status status, size_t at, const char *format, ...)
{
    char sentence[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return alc_fail(png->source->context, status, "%s: byte %zu: %s", png->source->name, at,
                    sentence);
}

static uint32_t read_32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void write_32(uint8_t *data, uint32_t value)
{
    data[0] = (uint8_t)(value >> 24);
    data[1] = (uint8_t)(value >> 16);
    data[2] = (uint8_t)(value >> 8);
    data[3] = (uint8_t)value;
}

static void write_chunk(png_file *png, const char *type, const uint8_t *data, uint32_t bytes)
{
    uint8_t *out = png->out + png->out_bytes;

    write_32(out, bytes);
    memcpy(out + 4, type, 4);
    if (bytes > 0)
        memcpy(out + 8, data, bytes);
    write_32(out + 8 + bytes, (uint32_t)crc32(0, out + 4, bytes + 4));
    png->out_bytes += bytes + CHUNK_OVERHEAD;
}

/* Steps to the next pass that has pixels. Adam7: 13.3 of the standard. */
static void next_pass(png_file *png)
{
    static const uint8_t x_first[8] = {0, 4, 0, 2, 0, 1, 0, 0}, y_first[8] = {0, 0, 4, 0, 2, 0, 1, 0};
    static const uint8_t x_step[8] = {8, 8, 4, 4, 2, 2, 1, 1}, y_step[8] = {8, 8, 8, 4, 4, 2, 2, 1};
    static const int samples[7] = {1, 0, 3, 1, 2, 0, 4};
    png_rows *rows = &png->rows;

    while (++rows->pass <= (png->interlaced ? 6 : 7)) {
        int p = rows->pass;
        int64_t width = (png->source->width - x_first[p] + x_step[p] - 1) / x_step[p];
        rows->rows_left = (png->source->height - y_first[p] + y_step[p] - 1) / y_step[p];
        rows->row_bytes = (width * png->depth * samples[png->colour] + 7) / 8;
        if (width > 0 && rows->rows_left > 0)
            return;
    }
    rows->done = true;
}

/* Counts inflated bytes off; false if they are too many or a row's filter does not exist. */
static bool count_rows(png_file *png, const uint8_t *data, size_t bytes, const char **problem)
{
    png_rows *rows = &png->rows;

    while (bytes > 0) {
        size_t part;
        if (rows->done) {
            *problem = "there are more image data than the header says";
            return false;
        }
        if (rows->bytes_left == 0) {
            if (*data > 4) {
                *problem = "a row has a filter that does not exist";
                return false;
            }
            data++;
            bytes--;
            rows->bytes_left = rows->row_bytes;
        }
        part = (size_t)rows->bytes_left < bytes ? (size_t)rows->bytes_left : bytes;
        data += part;
        bytes -= part;
        rows->bytes_left -= (int64_t)part;
        if (rows->bytes_left == 0 && --rows->rows_left == 0)
            next_pass(png);
    }
    return true;
}

static void *allocate_for_zlib(void *context, unsigned items, unsigned size)
{
    return alc_allocate_array(context, items, size, "inflating a PNG file");
}

static void release_for_zlib(void *context, void *memory)
{
    alc_free(context, memory);
}

static alc_status open_inflater(png_file *png)
{
    int result;

    png->inflater.zalloc = allocate_for_zlib;
    png->inflater.zfree = release_for_zlib;
    png->inflater.opaque = png->source->context;
    result = inflateInit(&png->inflater);
    if (result == Z_MEM_ERROR)
        return ALC_OUT_OF_MEMORY;
    if (result != Z_OK)
        return png_fail(png, ALC_UNSUPPORTED, 0, "zlib cannot be used (%d)", result);
    png->inflater_open = true;
    png->rows.pass = png->interlaced ? -1 : 6;
    next_pass(png);
    return ALC_OK;
}

static alc_status read_data(png_file *png, const png_chunk *chunk)
{
    alc_status status = png->inflater_open ? ALC_OK : open_inflater(png);
    z_stream *inflater = &png->inflater;
    const char *problem = NULL;

    if (status != ALC_OK)
        return status;
    inflater->next_in = (uint8_t *)(uintptr_t)chunk->data; /* zlib's interface lacks the const */
    inflater->avail_in = chunk->bytes;
    while (inflater->avail_in > 0) {
        int result;
        if (png->finished)
            return png_fail(png, ALC_BAD_FILE, chunk->at, "there are data after the image data");
        inflater->next_out = png->buffer;
        inflater->avail_out = sizeof png->buffer;
        result = inflate(inflater, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return ALC_OUT_OF_MEMORY;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return png_fail(png, ALC_BAD_FILE, chunk->at, "the image data cannot be inflated: %s",
                            inflater->msg != NULL ? inflater->msg : "a dictionary is missing");
        if (!count_rows(png, png->buffer, sizeof png->buffer - inflater->avail_out, &problem))
            return png_fail(png, ALC_BAD_FILE, chunk->at, "%s", problem);
        png->finished = result == Z_STREAM_END;
    }
    write_chunk(png, "IDAT", chunk->data, chunk->bytes);
    return ALC_OK;
}

static bool depth_fits(int depth, int colour)
{
    bool power = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;

    switch (colour) {
    case PNG_GRAY:
        return power;
    case PNG_PALETTE:
        return power && depth <= 8;
    case PNG_RGB:
    case PNG_GRAY_ALPHA:
    case PNG_RGB_ALPHA:
        return depth == 8 || depth == 16;
    default:
        return false;
    }
}

static alc_status read_header(png_file *png, const png_chunk *chunk, const alc_image_limits *limits)
{
    const uint8_t *data = chunk->data;
    int64_t height, width;
    alc_status status;

    if (png->has_header || chunk->bytes != 13)
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "the header IHDR comes twice or has the wrong length");
    width = read_32(data);
    height = read_32(data + 4);
    if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
        return png_fail(png, ALC_BAD_FILE, chunk->at, "the image is %lld pixels high and %lld wide",
                        (long long)height, (long long)width);
    status = alc_image_check_extents(png->source, limits, height, width);
    if (status != ALC_OK)
        return status;
    if (!depth_fits(data[8], data[9]))
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "there is no PNG of colour type %d with %d bits", data[9], data[8]);
    if (data[10] != 0 || data[11] != 0 || data[12] > 1)
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "compression %d, filter %d or interlacing %d does not exist", data[10],
                        data[11], data[12]);
    png->source->height = height;
    png->source->width = width;
    png->depth = data[8];
    png->colour = data[9];
    png->interlaced = data[12] == 1;
    png->has_header = true;
    write_chunk(png, "IHDR", data, 13);
    return ALC_OK;
}

static alc_status read_palette(png_file *png, const png_chunk *chunk)
{
    uint8_t full[3 * 256] = {0};
    uint32_t most = png->colour == PNG_PALETTE ? 1u << png->depth : 256;

    if (png->palette_size > 0 || png->inflater_open || png->colour == PNG_GRAY ||
        png->colour == PNG_GRAY_ALPHA)
        return png_fail(png, ALC_BAD_FILE, chunk->at, "the palette does not belong here");
    if (chunk->bytes == 0 || chunk->bytes % 3 != 0 || chunk->bytes / 3 > most)
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "a palette of %u bytes is not one of 1 to %u colours", chunk->bytes, most);
    png->palette_size = (int)(chunk->bytes / 3);
    memcpy(full, chunk->data, chunk->bytes);
    if (png->colour == PNG_PALETTE)
        write_chunk(png, "PLTE", full, 3 * most);
    return ALC_OK;
}

static alc_status read_transparency(png_file *png, const png_chunk *chunk)
{
    bool fits = (png->colour == PNG_GRAY && chunk->bytes == 2) ||
                (png->colour == PNG_RGB && chunk->bytes == 6) ||
                (png->colour == PNG_PALETTE && chunk->bytes >= 1 &&
                 chunk->bytes <= (uint32_t)png->palette_size);

    if (!fits || png->has_transparency || png->inflater_open)
        return png_fail(png, ALC_BAD_FILE, chunk->at, "the transparency tRNS does not fit the image");
    png->has_transparency = true;
    return ALC_OK;
}

static alc_status read_end(png_file *png, const png_chunk *chunk)
{
    static const uint8_t channels[7] = {1, 0, 3, 3, 2, 0, 4};

    if (chunk->bytes != 0)
        return png_fail(png, ALC_BAD_FILE, chunk->at, "the end IEND has contents");
    if (!png->finished || !png->rows.done)
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "the image data end before the picture is complete");
    png->source->kind = ALC_IMAGE_PNG;
    png->source->channels = channels[png->colour] + (png->has_transparency ? 1 : 0);
    write_chunk(png, "IEND", NULL, 0);
    return ALC_OK;
}

static bool is_type(const png_chunk *chunk, const char *type)
{
    return memcmp(chunk->type, type, 4) == 0;
}

static alc_status read_chunk(png_file *png, const png_chunk *chunk, const alc_image_limits *limits)
{
    bool is_data = is_type(chunk, "IDAT");

    if (!png->has_header && !is_type(chunk, "IHDR"))
        return png_fail(png, ALC_BAD_FILE, chunk->at, "the first chunk is not the header IHDR");
    if (is_data && (png->after_data || (png->colour == PNG_PALETTE && png->palette_size == 0)))
        return png_fail(png, ALC_BAD_FILE, chunk->at,
                        "image data come without a palette or after other chunks");
    png->after_data = png->in_data && !is_data;
    png->in_data = png->in_data || is_data;
    if (is_data)
        return read_data(png, chunk);
    if (is_type(chunk, "IHDR"))
        return read_header(png, chunk, limits);
    if (is_type(chunk, "PLTE"))
        return read_palette(png, chunk);
    if (is_type(chunk, "tRNS"))
        return read_transparency(png, chunk);
    if (is_type(chunk, "IEND"))
        return read_end(png, chunk);
    if ((chunk->type[0] & 0x20) == 0)
        return png_fail(png, ALC_UNSUPPORTED, chunk->at,
                        "the critical chunk %.4s is not known", (const char *)chunk->type);
    return ALC_OK;
}

/* Finds the chunk at `at` and verifies its bounds, name and checksum. */
static alc_status find_chunk(const png_file *png, size_t at, png_chunk *chunk)
{
    const uint8_t *data = png->data + at;
    uint32_t length;

    if (png->bytes - at < CHUNK_OVERHEAD)
        return png_fail(png, ALC_BAD_FILE, png->bytes, "the file is cut off");
    length = read_32(data);
    *chunk = (png_chunk){.at = at, .type = data + 4, .data = data + 8, .bytes = length};
    for (int i = 0; i < 4; i++)
        if ((data[4 + i] | 0x20) < 'a' || (data[4 + i] | 0x20) > 'z')
            return png_fail(png, ALC_BAD_FILE, at, "there is no chunk where one should begin");
    if (length > INT32_MAX || length > png->bytes - at - CHUNK_OVERHEAD)
        return png_fail(png, ALC_BAD_FILE, at, "the chunk %.4s is cut off", (const char *)data + 4);
    if (crc32(0, data + 4, length + 4) != read_32(data + 8 + length))
        return png_fail(png, ALC_BAD_FILE, at, "the checksum of the chunk %.4s is wrong",
                        (const char *)data + 4);
    return ALC_OK;
}

static alc_status walk(png_file *png, const alc_image_limits *limits)
{
    size_t at = sizeof signature;

    memcpy(png->out, signature, sizeof signature);
    png->out_bytes = sizeof signature;
    for (;;) {
        png_chunk chunk;
        alc_status status = find_chunk(png, at, &chunk);
        if (status == ALC_OK)
            status = read_chunk(png, &chunk, limits);
        if (status != ALC_OK || is_type(&chunk, "IEND"))
            return status;
        at += (size_t)chunk.bytes + CHUNK_OVERHEAD;
    }
}

alc_status alc_png_check(const uint8_t *data, size_t bytes, const alc_image_limits *limits,
                         alc_image_source *source)
{
    alc_context *context = source->context;
    png_file *png = alc_allocate(context, sizeof *png, "a PNG file's structure");
    alc_status status = ALC_OUT_OF_MEMORY;

    if (png == NULL)
        return ALC_OUT_OF_MEMORY;
    png->source = source;
    png->data = data;
    png->bytes = bytes;
    png->out = alc_allocate(context, bytes + ADDED_BYTES, "a PNG file's clean copy");
    if (png->out != NULL)
        status = walk(png, limits);
    if (png->inflater_open)
        inflateEnd(&png->inflater);
    if (status == ALC_OK) {
        source->stream = png->out;
        source->bytes = png->out_bytes;
    } else {
        alc_free(context, png->out);
    }
    alc_free(context, png);
    return status;
}
