/* lib/data/jpeg_tables.c - reads a JPEG file's Huffman and quantisation tables and refuses impossible ones.
 *
 * A Huffman table may have at most 256 codes, and not more of any length than the shorter codes leave room for: decoders
 * index fixed arrays by these counts.
 */
#include <string.h>

#include "lib/data/jpeg_internal.h"

static void fill_lookup(alc_jpeg_huffman *table, int32_t code, int length, uint8_t symbol)
{
    int spare = ALC_JPEG_LOOKUP_BITS - length;
    if (spare < 0)
        return;
    memset(table->lookup_bits + ((size_t)code << spare), length, (size_t)1 << spare);
    memset(table->lookup_symbol + ((size_t)code << spare), symbol, (size_t)1 << spare);
}

/* counts[0 .. 15] are the numbers of codes of 1 .. 16 bits; false if they do not fit. */
static bool build(alc_jpeg_huffman *table, const uint8_t *counts, const uint8_t *symbols)
{
    int32_t code = 0, symbol = 0;

    memset(table, 0, sizeof *table);
    for (int length = 1; length <= 16; length++) {
        table->first_code[length] = code;
        table->first_symbol[length] = symbol;
        table->code_count[length] = counts[length - 1];
        if (code + counts[length - 1] > (int32_t)1 << length)
            return false;
        for (int i = 0; i < counts[length - 1]; i++)
            fill_lookup(table, code++, length, symbols[symbol + i]);
        symbol += counts[length - 1];
        code <<= 1;
    }
    memcpy(table->symbols, symbols, (size_t)symbol);
    table->defined = true;
    return true;
}

alc_status alc_jpeg_read_huffman(alc_jpeg *jpeg, size_t at, size_t end)
{
    const uint8_t *data = jpeg->data;

    while (at < end) {
        size_t codes = 0, start = at;
        int kind, number;
        if (end - at < 17)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "a Huffman table is cut off");
        kind = data[at] >> 4;
        number = data[at] & 15;
        for (int i = 1; i <= 16; i++)
            codes += data[at + (size_t)i];
        if (kind > 1 || number > 3)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at,
                                 "there is no Huffman table of class %d and number %d", kind,
                                 number);
        if (codes > 256)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at,
                                 "a Huffman table has %zu codes; 256 is the most", codes);
        at += 17;
        if (end - at < codes)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, start, "a Huffman table is cut off");
        if (!build(kind == 0 ? &jpeg->dc[number] : &jpeg->ac[number], data + start + 1, data + at))
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, start,
                                 "a Huffman table has more codes than fit their lengths");
        at += codes;
    }
    return ALC_OK;
}

/* A table that a scan has used must stay: decoders differ in which version they apply. */
static bool is_in_use(const alc_jpeg *jpeg, int number)
{
    for (int i = 0; jpeg->has_scan && i < jpeg->component_count; i++)
        if (jpeg->component[i].quantisation == number)
            return true;
    return false;
}

alc_status alc_jpeg_read_quantisation(alc_jpeg *jpeg, size_t at, size_t end)
{
    const uint8_t *data = jpeg->data;

    while (at < end) {
        uint16_t table[64];
        int wide = data[at] >> 4, number = data[at] & 15;
        size_t needed = wide == 1 ? 129 : 65;
        if (wide > 1 || number > 3)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at,
                                 "there is no quantisation table of precision %d and number %d",
                                 wide, number);
        if (end - at < needed)
            return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "a quantisation table is cut off");
        for (size_t i = 0; i < 64; i++) {
            int value = data[at + 1 + i];
            if (wide == 1)
                value = data[at + 1 + 2 * i] << 8 | data[at + 2 + 2 * i];
            table[i] = (uint16_t)value;
        }
        for (size_t i = 0; i < 64; i++)
            if (table[i] == 0)
                return alc_jpeg_fail(jpeg, ALC_BAD_FILE, at, "a quantisation table has a zero");
        if (is_in_use(jpeg, number) &&
            memcmp(table, jpeg->quantisation[number], sizeof table) != 0)
            return alc_jpeg_fail(jpeg, ALC_UNSUPPORTED, at,
                                 "a quantisation table changes between scans");
        memcpy(jpeg->quantisation[number], table, sizeof table);
        jpeg->quantisation_defined[number] = true;
        at += needed;
    }
    return ALC_OK;
}
