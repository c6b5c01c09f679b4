/* lib/data/jpeg_structure.c - checks a JPEG file segment by segment before any decoder sees it (ITU-T T.81).
 *
 * It is stricter than decoders are: a file is accepted only if it is complete and says nothing that decoders are known to
 * take differently or get wrong. What is accepted is rewritten on the way, so that a decoder is given only segments that
 * were checked here. What is refused as unsupported may be sound: 12 bits, lossless, hierarchical or arithmetic coding.
 */
#include <stdio.h>
#include <string.h>

#include "lib/data/jpeg_internal.h"

alc_status alc_jpeg_fail(const alc_jpeg *jpeg, alc_status status, size_t at, const char *format, ...)
{
    char sentence[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return alc_fail(jpeg->source->context, status, "%s: byte %zu: %s", jpeg->source->name, at,
                    sentence);
}

static int read_16(const uint8_t *data)
{
    return data[0] << 8 | data[1];
}

/* The component that needs the most blocks has factors `most`; others a whole fraction of them. */
static alc_status lay_out(alc_jpeg *jpeg, size_t at)
{
    int64_t height = jpeg->source->height, width = jpeg->source->width;
    int h_most = 1, v_most = 1;

    for (int i = 0; i < jpeg->component_count; i++) {
        const alc_jpeg_component *component = &jpeg->component[i];
        h_most = component->horizontal > h_most ? component->horizontal : h_most;
        v_most = component->vertical > v_most ? component->vertical : v_most;
    }
    jpeg->mcu_columns = (width + 8 * h_most - 1) / (8 * h_most);
    jpeg->mcu_rows = (height + 8 * v_most - 1) / (8 * v_most);
    for (int i = 0; i < jpeg->component_count; i++) {
        alc_jpeg_component *component = &jpeg->component[i];
        int h = component->horizontal, v = component->vertical;
        if (h_most % h != 0 || v_most % v != 0)
            return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, at,
                                 "chroma sampled %dx%d against %dx%d is no whole fraction", h, v,
                                 h_most, v_most);
        component->block_columns = ((width * h + h_most - 1) / h_most + 7) / 8;
        component->block_rows = ((height * v + v_most - 1) / v_most + 7) / 8;
        component->padded_columns = jpeg->mcu_columns * h;
        component->padded_rows = jpeg->mcu_rows * v;
        memset(component->bit, ALC_JPEG_BIT_UNKNOWN, sizeof component->bit);
    }
    return ALC_OK;
}

static alc_status read_components(alc_jpeg *jpeg, size_t at)
{
    for (int i = 0; i < jpeg->component_count; i++) {
        const uint8_t *data = jpeg->data + at + 6 + 3 * i;
        alc_jpeg_component *component = &jpeg->component[i];
        component->id = data[0];
        component->horizontal = data[1] >> 4;
        component->vertical = data[1] & 15;
        component->quantisation = data[2];
        for (int j = 0; j < i; j++)
            if (jpeg->component[j].id == component->id)
                return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "two components are numbered %d",
                                     component->id);
        if (component->horizontal < 1 || component->horizontal > 4 || component->vertical < 1 ||
            component->vertical > 4)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at,
                                 "sampling factors of %dx%d are outside 1 to 4",
                                 component->horizontal, component->vertical);
        if (component->quantisation > 3)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "there is no quantisation table number %d",
                                 component->quantisation);
    }
    return lay_out(jpeg, at);
}

/* What only progressive files need: which coefficients are known, and how large they are. */
static alc_status allocate_blocks(alc_jpeg *jpeg)
{
    alc_context *context = jpeg->source->context;

    for (int i = 0; i < jpeg->component_count; i++) {
        alc_jpeg_component *component = &jpeg->component[i];
        size_t blocks = (size_t)(component->padded_columns * component->padded_rows);
        component->nonzero = alc_allocate_array(context, blocks, sizeof(uint64_t), "JPEG blocks");
        component->sum = alc_allocate_array(context, blocks, sizeof(uint32_t), "JPEG blocks");
        if (component->nonzero == NULL || component->sum == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    return ALC_OK;
}

static alc_status read_frame(alc_jpeg *jpeg, int marker, size_t at, size_t end)
{
    const uint8_t *data = jpeg->data + at;
    alc_status status;

    if (jpeg->has_frame)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "there is a second frame header");
    if (end - at < 6 || end - at != 6 + 3 * (size_t)data[5])
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "the frame header has the wrong length");
    if (data[0] != 8)
        return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, at, "samples of %d bits, not 8", data[0]);
    jpeg->source->height = read_16(data + 1);
    jpeg->source->width = read_16(data + 3);
    if (jpeg->source->height == 0 || jpeg->source->width == 0)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "the image is %lld pixels high and %lld wide",
                             (long long)jpeg->source->height, (long long)jpeg->source->width);
    status = alc_image_check_extents(jpeg->source, jpeg->limits, jpeg->source->height,
                                     jpeg->source->width);
    if (status != ALC_OK)
        return status;
    jpeg->component_count = data[5];
    if (jpeg->component_count != 1 && jpeg->component_count != 3 && jpeg->component_count != 4)
        return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, at, "%d colour components, not 1, 3 or 4",
                             jpeg->component_count);
    jpeg->source->channels = jpeg->component_count;
    jpeg->has_frame = true;
    jpeg->progressive = marker == 0xC2;
    status = read_components(jpeg, at);
    if (status == ALC_OK && jpeg->progressive)
        status = allocate_blocks(jpeg);
    return status;
}

static void read_application(alc_jpeg *jpeg, int marker, const uint8_t *data, size_t bytes)
{
    if (marker == 0xE0 && bytes >= 5 && memcmp(data, "JFIF", 5) == 0)
        jpeg->jfif = true;
    if (marker == 0xEE && bytes >= 12 && memcmp(data, "Adobe", 5) == 0) {
        jpeg->adobe = true;
        jpeg->adobe_transform = data[11];
    }
}

/* Which colours the components are. JFIF is always YCbCr; else Adobe's segment says; else the components' numbers do. */
static alc_image_kind colour(const alc_jpeg *jpeg)
{
    const alc_jpeg_component *component = jpeg->component;

    if (jpeg->component_count == 1)
        return ALC_IMAGE_GRAY_JPEG;
    if (jpeg->component_count == 4)
        return jpeg->adobe && jpeg->adobe_transform != 0 ? ALC_IMAGE_YCCK_JPEG
                                                         : ALC_IMAGE_CMYK_JPEG;
    if (jpeg->jfif)
        return ALC_IMAGE_YCC_JPEG;
    if (jpeg->adobe)
        return jpeg->adobe_transform == 0 ? ALC_IMAGE_RGB_JPEG : ALC_IMAGE_YCC_JPEG;
    if (component[0].id == 'R' && component[1].id == 'G' && component[2].id == 'B')
        return ALC_IMAGE_RGB_JPEG;
    return ALC_IMAGE_YCC_JPEG;
}

/* Progressive: a scan sends coefficients for the first time, or one more bit of what is known; DC first of all. */
static alc_status check_progression(alc_jpeg *jpeg, const alc_jpeg_scan *scan)
{
    if (scan->last > 63 || scan->first > scan->last || (scan->first == 0 && scan->last != 0) ||
        (scan->first > 0 && scan->count != 1) || scan->low > 13 ||
        (scan->high > 0 && scan->low != scan->high - 1))
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                             "the scan's progression (%d to %d, bits %d to %d) is impossible",
                             scan->first, scan->last, scan->high, scan->low);
    for (int i = 0; i < scan->count; i++) {
        alc_jpeg_component *component = &jpeg->component[scan->component[i]];
        int known = scan->high == 0 ? ALC_JPEG_BIT_UNKNOWN : scan->high;
        if (scan->first > 0 && component->bit[0] == ALC_JPEG_BIT_UNKNOWN)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                                 "AC coefficients come before the DC coefficients");
        for (int k = scan->first; k <= scan->last; k++) {
            if (component->bit[k] != known)
                return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                                     "a scan repeats coefficients or leaves out a bit of them");
            component->bit[k] = (int8_t)scan->low;
        }
    }
    return ALC_OK;
}

/* Sequential: each component has one scan. */
static alc_status check_sequence(alc_jpeg *jpeg, alc_jpeg_scan *scan)
{
    if (scan->first != 0 || scan->high != 0 || scan->low != 0)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                             "a scan of a sequential file has the numbers of a progressive one");
    scan->last = 63;
    for (int i = 0; i < scan->count; i++) {
        alc_jpeg_component *component = &jpeg->component[scan->component[i]];
        if (component->scanned)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "a component has two scans");
        component->scanned = true;
    }
    return ALC_OK;
}

/* Tables that the scan will use are there. */
static alc_status check_tables(const alc_jpeg *jpeg, const alc_jpeg_scan *scan)
{
    int blocks = 0;

    for (int i = 0; i < scan->count; i++) {
        const alc_jpeg_component *component = &jpeg->component[scan->component[i]];
        bool needs_dc = scan->first == 0 && scan->high == 0, needs_ac = scan->last > 0;
        blocks += component->horizontal * component->vertical;
        if (scan->dc_table[i] > 3 || scan->ac_table[i] > 3 ||
            (needs_dc && !jpeg->dc[scan->dc_table[i]].defined) ||
            (needs_ac && !jpeg->ac[scan->ac_table[i]].defined))
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                                 "a scan uses a Huffman table that is not defined");
    }
    if (scan->count > 1 && blocks > 10)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                             "a scan has %d blocks per unit; 10 is the most", blocks);
    for (int i = 0; i < jpeg->component_count; i++)
        if (!jpeg->quantisation_defined[jpeg->component[i].quantisation])
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                                 "a component uses a quantisation table that is not defined");
    return ALC_OK;
}

static alc_status read_scan_components(alc_jpeg *jpeg, const uint8_t *data, alc_jpeg_scan *scan)
{
    for (int i = 0; i < scan->count; i++) {
        int which = 0;
        while (which < jpeg->component_count && jpeg->component[which].id != data[1 + 2 * i])
            which++;
        for (int j = 0; j < i; j++)
            if (scan->component[j] == which)
                which = jpeg->component_count;
        if (which == jpeg->component_count)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                                 "a scan has component %d, which the frame lacks or which it has "
                                 "twice",
                                 data[1 + 2 * i]);
        scan->component[i] = which;
        scan->dc_table[i] = data[2 + 2 * i] >> 4;
        scan->ac_table[i] = data[2 + 2 * i] & 15;
    }
    return ALC_OK;
}

/* jpeg->at is at the scan's header, whose contents end at `end`. */
static alc_status read_scan(alc_jpeg *jpeg, size_t end)
{
    const uint8_t *data = jpeg->data + jpeg->at;
    size_t bytes = end - jpeg->at;
    alc_jpeg_scan scan = {.count = bytes > 0 ? data[0] : 0};
    alc_status status;

    if (!jpeg->has_frame)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "a scan comes before the frame header");
    if (scan.count < 1 || scan.count > jpeg->component_count ||
        bytes != 4 + 2 * (size_t)scan.count)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "the scan header has the wrong length");
    status = read_scan_components(jpeg, data, &scan);
    if (status != ALC_OK)
        return status;
    data += 1 + 2 * scan.count;
    scan.first = data[0];
    scan.last = data[1];
    scan.high = data[2] >> 4;
    scan.low = data[2] & 15;
    status = jpeg->progressive ? check_progression(jpeg, &scan) : check_sequence(jpeg, &scan);
    if (status == ALC_OK)
        status = check_tables(jpeg, &scan);
    if (status != ALC_OK)
        return status;
    if (!jpeg->has_scan) {
        jpeg->source->kind = colour(jpeg);
        alc_jpeg_write_frame(jpeg);
    }
    jpeg->has_scan = true;
    alc_jpeg_write_scan_header(jpeg, &scan);
    jpeg->at = end;
    return alc_jpeg_check_scan(jpeg, &scan);
}

static alc_status read_restart_interval(alc_jpeg *jpeg, size_t at, size_t end)
{
    if (end - at != 2)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "the restart interval has the wrong length");
    jpeg->restart_interval = read_16(jpeg->data + at);
    alc_jpeg_write_segment(jpeg, 0xDD, jpeg->data + at, 2);
    return ALC_OK;
}

static alc_status read_line_count(const alc_jpeg *jpeg, size_t at, size_t end)
{
    if (end - at != 2 || !jpeg->has_frame || read_16(jpeg->data + at) != jpeg->source->height)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "the number of lines contradicts the frame");
    return ALC_OK;
}

static alc_status refuse_marker(const alc_jpeg *jpeg, int marker)
{
    const char *kind = NULL;

    if (marker == 0xC3)
        kind = "lossless coding";
    else if ((marker >= 0xC5 && marker <= 0xC7) || marker == 0xDE || marker == 0xDF)
        kind = "hierarchical coding";
    else if (marker >= 0xC9 && marker <= 0xCF && marker != 0xCC)
        kind = "arithmetic coding";
    if (kind != NULL)
        return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, jpeg->at, "%s is not decoded", kind);
    return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "the marker FF%02X does not belong here",
                         (unsigned)marker);
}

/* The segment of `marker`, with its contents at jpeg->at + 2 after two bytes of length. Moves on behind it. */
static alc_status read_segment(alc_jpeg *jpeg, int marker)
{
    size_t at = jpeg->at + 2, end;
    alc_status status = ALC_OK;

    if (jpeg->bytes - jpeg->at < 2)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "the file is cut off");
    end = jpeg->at + (size_t)read_16(jpeg->data + jpeg->at);
    if (end < at || end > jpeg->bytes)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at,
                             "the segment FF%02X is cut off or has a wrong length",
                             (unsigned)marker);
    if (marker == 0xDA) {
        jpeg->at = at;
        return read_scan(jpeg, end);
    }
    if (marker == 0xC0 || marker == 0xC1 || marker == 0xC2) {
        status = read_frame(jpeg, marker, at, end);
    } else if (marker == 0xC4) {
        status = alc_jpeg_read_huffman(jpeg, at, end);
        if (status == ALC_OK)
            alc_jpeg_write_segment(jpeg, marker, jpeg->data + at, end - at);
    } else if (marker == 0xDB) {
        status = alc_jpeg_read_quantisation(jpeg, at, end);
    } else if (marker == 0xDD) {
        status = read_restart_interval(jpeg, at, end);
    } else if (marker == 0xDC) {
        status = read_line_count(jpeg, at, end);
    } else if (marker >= 0xE0 && marker <= 0xEF) {
        read_application(jpeg, marker, jpeg->data + at, end - at);
    } else if (marker != 0xFE && marker != 0xCC) {
        status = refuse_marker(jpeg, marker);
    }
    jpeg->at = end;
    return status;
}

/* The next marker, behind garbage and fill bytes. */
static alc_status find_marker(alc_jpeg *jpeg, int *marker)
{
    size_t at = jpeg->at;

    while (at + 1 < jpeg->bytes && !(jpeg->data[at] == 0xFF && jpeg->data[at + 1] != 0 &&
                                     jpeg->data[at + 1] != 0xFF))
        at++;
    if (at + 1 >= jpeg->bytes && jpeg->has_scan && jpeg->progressive)
        return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, jpeg->bytes,
                             "the progressive file ends without its end marker, so scans may be "
                             "missing");
    if (at + 1 >= jpeg->bytes)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->bytes, "the file is cut off");
    *marker = jpeg->data[at + 1];
    jpeg->at = at + 2;
    return ALC_OK;
}

static alc_status check_complete(const alc_jpeg *jpeg)
{
    if (!jpeg->has_scan)
        return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "the file has no image data");
    for (int i = 0; i < jpeg->component_count; i++) {
        const alc_jpeg_component *component = &jpeg->component[i];
        if (!jpeg->progressive && !component->scanned)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, jpeg->at, "component %d has no scan",
                                 component->id);
        for (int k = 0; jpeg->progressive && k < 64; k++)
            if (component->bit[k] != 0)
                return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, jpeg->at,
                                     "the progressive file lacks scans: coefficient %d of "
                                     "component %d is not complete",
                                     k, component->id);
    }
    return ALC_OK;
}

static alc_status walk(alc_jpeg *jpeg)
{
    static const uint8_t begin[2] = {0xFF, 0xD8}, finish[2] = {0xFF, 0xD9};
    alc_status status = ALC_OK;

    alc_jpeg_write(jpeg, begin, sizeof begin);
    jpeg->at = 2;
    while (status == ALC_OK) {
        int marker = 0;
        status = find_marker(jpeg, &marker);
        if (status != ALC_OK)
            return status;
        if (marker == 0xD9)
            break;
        /* A restart marker after the last interval, and TEM, have no contents. */
        if ((marker >= 0xD0 && marker <= 0xD7 && jpeg->has_scan) || marker == 0x01)
            continue;
        status = read_segment(jpeg, marker);
    }
    if (status == ALC_OK)
        status = check_complete(jpeg);
    alc_jpeg_write(jpeg, finish, sizeof finish);
    return status;
}

alc_status alc_jpeg_check(const uint8_t *data, size_t bytes, const alc_image_limits *limits,
                          alc_image_source *source)
{
    alc_context *context = source->context;
    alc_jpeg *jpeg = alc_allocate(context, sizeof *jpeg, "a JPEG file's structure");
    alc_status status = ALC_OUT_OF_MEMORY;

    if (jpeg == NULL)
        return ALC_OUT_OF_MEMORY;
    jpeg->source = source;
    jpeg->limits = limits;
    jpeg->data = data;
    jpeg->bytes = bytes;
    jpeg->out = alc_allocate(context, bytes + ALC_JPEG_ADDED, "a JPEG file's clean copy");
    if (jpeg->out != NULL)
        status = walk(jpeg);
    for (int i = 0; i < 4; i++) {
        alc_free(context, jpeg->component[i].nonzero);
        alc_free(context, jpeg->component[i].sum);
    }
    if (status == ALC_OK) {
        source->stream = jpeg->out;
        source->bytes = jpeg->out_bytes;
    } else {
        alc_free(context, jpeg->out);
    }
    alc_free(context, jpeg);
    return status;
}
