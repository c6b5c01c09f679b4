/* lib/io/safetensors_checksum.c - a checksum of every byte of a file that stands in the file
 * itself: XXH3-64, with the 16 digits of the checksum taken as '0'. It detects accidents, not
 * forgery.
 *
 * The digits are found in the raw header by the text in front of them, "alcor_xxh3":" with its
 * quotes. Within a JSON string a quote is escaped, so that text can only be a key followed by a
 * string; and the header's reader has made sure that keys followed by a string are "dtype" or those
 * of the metadata, each of which is there once.
 */
#include <string.h>

#include <xxhash.h>

#include "lib/io/safetensors_internal.h"

static const char digits[] = "0123456789abcdef";

void alc_checksum_text(uint64_t checksum, char text[ALC_CHECKSUM_DIGITS + 1])
{
    for (int i = 0; i < ALC_CHECKSUM_DIGITS; i++)
        text[i] = digits[checksum >> (4 * (ALC_CHECKSUM_DIGITS - 1 - i)) & 15];
    text[ALC_CHECKSUM_DIGITS] = '\0';
}

bool alc_parse_checksum(const char *text, uint64_t *checksum)
{
    uint64_t value = 0;
    if (strlen(text) != ALC_CHECKSUM_DIGITS)
        return false;
    for (int i = 0; i < ALC_CHECKSUM_DIGITS; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *checksum = value;
    return true;
}

/* Where the checksum's digits start in the file; 0 if the header does not have it as the library
 * writes it. */
static size_t find_digits(const alc_safetensors *file)
{
    const size_t lead = strlen(ALC_CHECKSUM_LEAD);
    const size_t end = 8 + file->header_bytes;
    for (size_t at = 8; at + lead + ALC_CHECKSUM_DIGITS <= end; at++)
        if (file->bytes[at] == '"' && memcmp(file->bytes + at, ALC_CHECKSUM_LEAD, lead) == 0)
            return at + lead;
    return 0;
}

static alc_status hash_around(const alc_safetensors *file, size_t digits_at, uint64_t *checksum)
{
    static const char zeros[] = "0000000000000000";
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        return alc_fail(file->context, ALC_OUT_OF_MEMORY, "cannot allocate memory for a checksum");
    size_t after = digits_at + ALC_CHECKSUM_DIGITS;
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, file->bytes, digits_at);
    XXH3_64bits_update(state, zeros, ALC_CHECKSUM_DIGITS);
    XXH3_64bits_update(state, file->bytes + after, file->size - after);
    *checksum = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return ALC_OK;
}

/* The library writes several keys of its own, so that no single damaged byte hides that there was a
 * checksum. */
static bool must_have_checksum(const alc_safetensors *file)
{
    for (int64_t i = 0; i < file->metadata.count; i++)
        if (strncmp(file->metadata.entries[i].key, ALC_KEY_PREFIX, strlen(ALC_KEY_PREFIX)) == 0)
            return true;
    return false;
}

alc_status alc_verify_checksum(alc_safetensors *file)
{
    const char *stated = alc_metadata_find(file->metadata, ALC_KEY_CHECKSUM);
    if (stated == NULL && !must_have_checksum(file))
        return ALC_OK;
    if (stated == NULL)
        return alc_fail(file->context, ALC_CORRUPT, "%s has lost its checksum (%s)", file->name,
                        ALC_KEY_CHECKSUM);
    size_t at = find_digits(file);
    if (at == 0 || !alc_parse_checksum(stated, &file->checksum))
        return alc_fail(file->context, ALC_CORRUPT, "%s: '%s' is no checksum as Alcor writes it",
                        file->name, stated);
    uint64_t actual = 0;
    alc_status status = hash_around(file, at, &actual);
    if (status != ALC_OK)
        return status;
    if (actual != file->checksum) {
        char text[ALC_CHECKSUM_DIGITS + 1];
        alc_checksum_text(actual, text);
        return alc_fail(file->context, ALC_CORRUPT,
                        "%s is damaged, or was changed after it was saved: its checksum is %s, the "
                        "file says %s",
                        file->name, text, stated);
    }
    file->has_checksum = true;
    return ALC_OK;
}
