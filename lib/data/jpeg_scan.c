/* lib/data/jpeg_scan.c - decodes the entropy-coded data of a JPEG scan without computing a pixel (ITU-T T.81, F.2 and G.2).
 *
 * Decoders fill what is missing with gray and carry on after a code that does not exist. Here every code is decoded once
 * before, so that a picture is complete and its numbers are ones that a picture can have, or it is refused.
 *
 * A bound on the coefficients protects the 32-bit arithmetic of inverse transforms: in a block of 8-bit pixels the sum of
 * |coefficient| is at most 8 sqrt(64 * 128^2) = 8192 by Parseval and Cauchy-Schwarz, at most twice that after rounding to
 * multiples of the quantisation, and it would have to reach 28,000 to overflow.
 */
#include <stdlib.h>

#include "lib/data/jpeg_internal.h"

#define LARGEST_SUM 24576
#define LARGEST_DC 2047
#define LARGEST_DC_BITS 11
#define LARGEST_AC_BITS 10

static const char incomplete[] = "the image data end before the picture is complete";

typedef struct scan_reader {
    alc_jpeg *jpeg;
    const alc_jpeg_scan *scan;
    size_t at;          /* of the next byte that is not in `buffer` */
    uint64_t buffer;    /* the next bits, from the top */
    int bits;
    int64_t eob_run;    /* blocks that follow without another code */
    const char *problem;/* NULL: none so far */
} scan_reader;

static void refill(scan_reader *reader)
{
    const uint8_t *data = reader->jpeg->data;

    while (reader->bits <= 56 && reader->at < reader->jpeg->bytes) {
        uint64_t byte = data[reader->at];
        if (byte == 0xFF) {
            if (reader->at + 1 == reader->jpeg->bytes || data[reader->at + 1] != 0)
                return;
            reader->at++;
        }
        reader->at++;
        reader->buffer |= byte << (56 - reader->bits);
        reader->bits += 8;
    }
}

static bool fail(scan_reader *reader, const char *problem)
{
    if (reader->problem == NULL)
        reader->problem = problem;
    return false;
}

static bool take(scan_reader *reader, int bits)
{
    if (bits > reader->bits)
        return fail(reader, incomplete);
    reader->buffer <<= bits;
    reader->bits -= bits;
    return true;
}

static bool read_symbol(scan_reader *reader, const alc_jpeg_huffman *table, int *symbol)
{
    size_t top;

    if (reader->bits < 16)
        refill(reader);
    top = (size_t)(reader->buffer >> (64 - ALC_JPEG_LOOKUP_BITS));
    if (table->lookup_bits[top] != 0) {
        *symbol = table->lookup_symbol[top];
        return take(reader, table->lookup_bits[top]);
    }
    for (int length = ALC_JPEG_LOOKUP_BITS + 1; length <= 16; length++) {
        int32_t code = (int32_t)(reader->buffer >> (64 - length)) - table->first_code[length];
        if (code >= 0 && code < table->code_count[length]) {
            *symbol = table->symbols[table->first_symbol[length] + code];
            return take(reader, length);
        }
    }
    if (reader->bits < 16)
        return fail(reader, incomplete);
    return fail(reader, "there is a Huffman code that no table defines");
}

/* 1 to 16 bits as an unsigned number. */
static bool read_bits(scan_reader *reader, int bits, int32_t *value)
{
    if (reader->bits < bits)
        refill(reader);
    *value = (int32_t)(reader->buffer >> (64 - bits));
    return take(reader, bits);
}

/* A signed value of a category: T.81 F.2.2.1, EXTEND. Category 0 is 0. */
static bool read_value(scan_reader *reader, int bits, int32_t *value)
{
    *value = 0;
    if (bits == 0)
        return true;
    if (!read_bits(reader, bits, value))
        return false;
    if (*value < (int32_t)1 << (bits - 1))
        *value -= ((int32_t)1 << bits) - 1;
    return true;
}

static bool add_to_sum(scan_reader *reader, uint32_t *sum, int64_t magnitude, uint16_t quantisation)
{
    int64_t total = *sum + magnitude * quantisation;
    if (total > LARGEST_SUM)
        return fail(reader, "coefficients are larger than any picture's");
    *sum = (uint32_t)total;
    return true;
}

static bool read_dc(scan_reader *reader, alc_jpeg_component *component,
                    const alc_jpeg_huffman *table, uint32_t *sum)
{
    int symbol;
    int32_t difference;

    if (!read_symbol(reader, table, &symbol))
        return false;
    if (symbol > LARGEST_DC_BITS)
        return fail(reader, "a DC coefficient has more bits than there are");
    if (!read_value(reader, symbol, &difference))
        return false;
    component->prediction += difference;
    if (abs(component->prediction) > LARGEST_DC)
        return fail(reader, "a DC coefficient is out of range");
    return add_to_sum(reader, sum, (int64_t)abs(component->prediction) << reader->scan->low,
                      reader->jpeg->quantisation[component->quantisation][0]);
}

/* A run of zeros and a value; *value is 0 where the symbol has none (16 zeros, or the end of the block). */
static bool read_ac(scan_reader *reader, int symbol, int *k, int last, int32_t *value)
{
    int bits = symbol & 15;

    *k += symbol >> 4;
    if (*k > last)
        return fail(reader, "a block has more coefficients than its scan");
    if (bits > LARGEST_AC_BITS)
        return fail(reader, "an AC coefficient has more bits than there are");
    return read_value(reader, bits, value);
}

static bool sequential_block(scan_reader *reader, int part)
{
    alc_jpeg *jpeg = reader->jpeg;
    alc_jpeg_component *component = &jpeg->component[reader->scan->component[part]];
    const uint16_t *quantisation = jpeg->quantisation[component->quantisation];
    const alc_jpeg_huffman *table = &jpeg->ac[reader->scan->ac_table[part]];
    uint32_t sum = 0;

    if (!read_dc(reader, component, &jpeg->dc[reader->scan->dc_table[part]], &sum))
        return false;
    for (int k = 1; k <= 63; k++) {
        int symbol;
        int32_t value;
        if (!read_symbol(reader, table, &symbol))
            return false;
        if (symbol == 0x00)
            return true;
        if ((symbol & 15) == 0 && symbol != 0xF0)
            return fail(reader, "there is an AC code that sequential files do not have");
        if (!read_ac(reader, symbol, &k, 63, &value) ||
            !add_to_sum(reader, &sum, abs(value), quantisation[k]))
            return false;
    }
    return true;
}

/* How many blocks from this one on have no more codes in their band. */
static bool read_eob_run(scan_reader *reader, int bits)
{
    int32_t more = 0;
    if (bits > 0 && !read_bits(reader, bits, &more))
        return false;
    reader->eob_run = ((int64_t)1 << bits) + more;
    return true;
}

static bool dc_block(scan_reader *reader, int part, int64_t block)
{
    alc_jpeg *jpeg = reader->jpeg;
    alc_jpeg_component *component = &jpeg->component[reader->scan->component[part]];
    int32_t bit;

    if (reader->scan->high == 0)
        return read_dc(reader, component, &jpeg->dc[reader->scan->dc_table[part]],
                       &component->sum[block]);
    return read_bits(reader, 1, &bit) &&
           add_to_sum(reader, &component->sum[block], (int64_t)bit << reader->scan->low,
                      jpeg->quantisation[component->quantisation][0]);
}

static bool ac_first_block(scan_reader *reader, int64_t block)
{
    const alc_jpeg_scan *scan = reader->scan;
    alc_jpeg_component *component = &reader->jpeg->component[scan->component[0]];
    const uint16_t *quantisation = reader->jpeg->quantisation[component->quantisation];

    if (reader->eob_run > 0) {
        reader->eob_run--;
        return true;
    }
    for (int k = scan->first; k <= scan->last; k++) {
        int symbol;
        int32_t value;
        if (!read_symbol(reader, &reader->jpeg->ac[scan->ac_table[0]], &symbol))
            return false;
        if ((symbol & 15) == 0 && symbol != 0xF0) {
            if (!read_eob_run(reader, symbol >> 4))
                return false;
            reader->eob_run--;
            return true;
        }
        if (!read_ac(reader, symbol, &k, scan->last, &value) ||
            !add_to_sum(reader, &component->sum[block], (int64_t)abs(value) << scan->low,
                        quantisation[k]))
            return false;
        if (value != 0)
            component->nonzero[block] |= (uint64_t)1 << k;
    }
    return true;
}

/* Passes over coefficients from *k on, a correction bit for each that is not zero, until `zeros` zeros were passed and
 * the next one is reached, or the band ends. */
static bool correct(scan_reader *reader, int64_t block, int *k, int zeros)
{
    const alc_jpeg_scan *scan = reader->scan;
    alc_jpeg_component *component = &reader->jpeg->component[scan->component[0]];
    const uint16_t *quantisation = reader->jpeg->quantisation[component->quantisation];

    for (; *k <= scan->last; (*k)++) {
        int32_t bit;
        if (component->nonzero[block] >> *k & 1) {
            if (!read_bits(reader, 1, &bit) ||
                !add_to_sum(reader, &component->sum[block], (int64_t)bit << scan->low,
                            quantisation[*k]))
                return false;
        } else if (zeros-- == 0) {
            return true;
        }
    }
    return true;
}

static bool ac_refinement_block(scan_reader *reader, int64_t block)
{
    const alc_jpeg_scan *scan = reader->scan;
    alc_jpeg_component *component = &reader->jpeg->component[scan->component[0]];
    int k = scan->first;

    for (; reader->eob_run == 0 && k <= scan->last; k++) {
        int symbol;
        int32_t sign = 0;
        if (!read_symbol(reader, &reader->jpeg->ac[scan->ac_table[0]], &symbol))
            return false;
        if ((symbol & 15) > 1)
            return fail(reader, "a refined coefficient has more than one bit");
        if ((symbol & 15) == 0 && symbol != 0xF0) {
            if (!read_eob_run(reader, symbol >> 4))
                return false;
            break;
        }
        if ((symbol & 15) == 1 && !read_bits(reader, 1, &sign))
            return false;
        if (!correct(reader, block, &k, symbol >> 4))
            return false;
        if ((symbol & 15) == 1) {
            if (k > scan->last)
                return fail(reader, "a block has more coefficients than its scan");
            component->nonzero[block] |= (uint64_t)1 << k;
            if (!add_to_sum(reader, &component->sum[block], (int64_t)1 << scan->low,
                            reader->jpeg->quantisation[component->quantisation][k]))
                return false;
        }
    }
    if (reader->eob_run == 0)
        return true;
    reader->eob_run--;
    return correct(reader, block, &k, 64);
}

static bool check_block(scan_reader *reader, int part, int64_t block)
{
    if (!reader->jpeg->progressive)
        return sequential_block(reader, part);
    if (reader->scan->first == 0)
        return dc_block(reader, part, block);
    if (reader->scan->high == 0)
        return ac_first_block(reader, block);
    return ac_refinement_block(reader, block);
}

/* A minimum coded unit: one block of the only component, or each component's blocks of one patch of the picture. */
static bool check_mcu(scan_reader *reader, int64_t mcu)
{
    const alc_jpeg_scan *scan = reader->scan;
    const alc_jpeg_component *only = &reader->jpeg->component[scan->component[0]];
    int64_t columns = reader->jpeg->mcu_columns;

    if (scan->count == 1)
        return check_block(reader, 0,
                           mcu / only->block_columns * only->padded_columns +
                               mcu % only->block_columns);
    for (int part = 0; part < scan->count; part++) {
        const alc_jpeg_component *component = &reader->jpeg->component[scan->component[part]];
        for (int y = 0; y < component->vertical; y++)
            for (int x = 0; x < component->horizontal; x++) {
                int64_t row = mcu / columns * component->vertical + y;
                int64_t column = mcu % columns * component->horizontal + x;
                if (!check_block(reader, part, row * component->padded_columns + column))
                    return false;
            }
    }
    return true;
}

/* Gives whole bytes that were not needed back, copies the others to the clean stream and finds the marker after them. */
static void end_interval(scan_reader *reader, size_t begin)
{
    alc_jpeg *jpeg = reader->jpeg;

    for (; reader->bits >= 8; reader->bits -= 8)
        reader->at -= jpeg->data[reader->at - 1] == 0 && jpeg->data[reader->at - 2] == 0xFF ? 2 : 1;
    alc_jpeg_write(jpeg, jpeg->data + begin, reader->at - begin);
    while (reader->at < jpeg->bytes &&
           (jpeg->data[reader->at] != 0xFF || reader->at + 1 == jpeg->bytes ||
            jpeg->data[reader->at + 1] == 0 || jpeg->data[reader->at + 1] == 0xFF))
        reader->at++;
}

/* The marker between two restart intervals, which are numbered modulo 8. */
static bool pass_restart(scan_reader *reader, int64_t interval)
{
    alc_jpeg *jpeg = reader->jpeg;
    uint8_t expected = (uint8_t)(0xD0 + interval % 8);

    if (reader->at + 1 >= jpeg->bytes)
        return fail(reader, incomplete);
    if (jpeg->data[reader->at + 1] != expected)
        return fail(reader, "a restart marker is missing or out of order");
    alc_jpeg_write(jpeg, jpeg->data + reader->at, 2);
    reader->at += 2;
    return true;
}

static bool check_interval(scan_reader *reader, int64_t first, int64_t end)
{
    size_t begin = reader->at;

    reader->buffer = 0;
    reader->bits = 0;
    reader->eob_run = 0;
    for (int i = 0; i < reader->jpeg->component_count; i++)
        reader->jpeg->component[i].prediction = 0;
    for (int64_t mcu = first; mcu < end; mcu++)
        if (!check_mcu(reader, mcu))
            return false;
    if (reader->eob_run > 0)
        return fail(reader, "a run of empty blocks is longer than the picture");
    end_interval(reader, begin);
    return true;
}

alc_status alc_jpeg_check_scan(alc_jpeg *jpeg, const alc_jpeg_scan *scan)
{
    scan_reader reader = {.jpeg = jpeg, .scan = scan, .at = jpeg->at};
    const alc_jpeg_component *only = &jpeg->component[scan->component[0]];
    int64_t mcus = scan->count == 1 ? only->block_columns * only->block_rows
                                    : jpeg->mcu_columns * jpeg->mcu_rows;
    int64_t step = jpeg->restart_interval > 0 ? jpeg->restart_interval : mcus;
    int64_t interval = 0;

    for (int64_t first = 0; first < mcus; first += step, interval++) {
        int64_t end = first + step < mcus ? first + step : mcus;
        if (!check_interval(&reader, first, end) ||
            (end < mcus && !pass_restart(&reader, interval)))
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, reader.at, "%s%s", reader.problem,
                                 jpeg->progressive && reader.problem == incomplete
                                     ? " (a progressive file without all of its scans)"
                                     : "");
    }
    jpeg->at = reader.at;
    return ALC_OK;
}
