/* lib/data/jpeg_rewrite.c - puts the clean JPEG stream together that a decoder is given.
 *
 * Components are renumbered 1, 2, 3, 4 and the colour space is said in the one way that decoders agree on: nothing for
 * gray and YCbCr, Adobe's segment for the others. Every quantisation table is written once, before the frame.
 */
#include <string.h>

#include "lib/data/jpeg_internal.h"

void alc_jpeg_write(alc_jpeg *jpeg, const void *data, size_t bytes)
{
    if (bytes > 0)
        memcpy(jpeg->out + jpeg->out_bytes, data, bytes);
    jpeg->out_bytes += bytes;
}

void alc_jpeg_write_segment(alc_jpeg *jpeg, int marker, const void *data, size_t bytes)
{
    uint8_t head[4] = {0xFF, (uint8_t)marker, (uint8_t)((bytes + 2) >> 8), (uint8_t)(bytes + 2)};
    alc_jpeg_write(jpeg, head, sizeof head);
    alc_jpeg_write(jpeg, data, bytes);
}

static void write_colour(alc_jpeg *jpeg)
{
    uint8_t adobe[12] = {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};

    if (jpeg->source->kind == ALC_IMAGE_GRAY_JPEG || jpeg->source->kind == ALC_IMAGE_YCC_JPEG)
        return;
    adobe[11] = jpeg->source->kind == ALC_IMAGE_YCCK_JPEG ? 2 : 0;
    alc_jpeg_write_segment(jpeg, 0xEE, adobe, sizeof adobe);
}

static void write_quantisation(alc_jpeg *jpeg, int number)
{
    uint8_t table[129];
    bool wide = false;
    size_t bytes = 1;

    for (int i = 0; i < 64; i++)
        wide = wide || jpeg->quantisation[number][i] > 255;
    table[0] = (uint8_t)((wide ? 16 : 0) | number);
    for (int i = 0; i < 64; i++) {
        if (wide)
            table[bytes++] = (uint8_t)(jpeg->quantisation[number][i] >> 8);
        table[bytes++] = (uint8_t)jpeg->quantisation[number][i];
    }
    alc_jpeg_write_segment(jpeg, 0xDB, table, bytes);
}

void alc_jpeg_write_frame(alc_jpeg *jpeg)
{
    uint8_t frame[18] = {8,
                         (uint8_t)(jpeg->source->height >> 8),
                         (uint8_t)jpeg->source->height,
                         (uint8_t)(jpeg->source->width >> 8),
                         (uint8_t)jpeg->source->width,
                         (uint8_t)jpeg->component_count};
    size_t bytes = 6;
    bool written[4] = {false};

    write_colour(jpeg);
    for (int i = 0; i < jpeg->component_count; i++) {
        const alc_jpeg_component *component = &jpeg->component[i];
        if (!written[component->quantisation])
            write_quantisation(jpeg, component->quantisation);
        written[component->quantisation] = true;
        frame[bytes++] = (uint8_t)(i + 1);
        frame[bytes++] = (uint8_t)(component->horizontal << 4 | component->vertical);
        frame[bytes++] = component->quantisation;
    }
    /* Extended sequential (C1) also covers baseline, and allows what little it adds: 16-bit and more tables. */
    alc_jpeg_write_segment(jpeg, jpeg->progressive ? 0xC2 : 0xC1, frame, bytes);
}

void alc_jpeg_write_scan_header(alc_jpeg *jpeg, const alc_jpeg_scan *scan)
{
    uint8_t header[12] = {(uint8_t)scan->count};
    size_t bytes = 1;

    for (int i = 0; i < scan->count; i++) {
        header[bytes++] = (uint8_t)(scan->component[i] + 1);
        header[bytes++] = (uint8_t)(scan->dc_table[i] << 4 | scan->ac_table[i]);
    }
    header[bytes++] = (uint8_t)scan->first;
    header[bytes++] = (uint8_t)scan->last;
    header[bytes++] = (uint8_t)(scan->high << 4 | scan->low);
    alc_jpeg_write_segment(jpeg, 0xDA, header, bytes);
}
