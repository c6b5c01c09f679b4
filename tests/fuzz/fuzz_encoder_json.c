/* tests/fuzz/fuzz_encoder_json.c - libFuzzer target: arbitrary text as an encoder's JSON. What is read must come back
 * the same when it is written and read again. */
#include <string.h>

#include "alcor/plan.h"
#include "alcor/table.h"
#include "fuzz/fuzz.h"

static void check_encoder(alc_context *context, const alc_encoder *encoder)
{
    int64_t width = alc_encoder_width(encoder);
    char *text, *again;
    alc_encoder *copy;

    require(width >= 1);
    require(alc_encoder_write_json(encoder, &text) == ALC_OK);
    require(alc_encoder_read_json(context, text, &copy) == ALC_OK);
    require(alc_encoder_width(copy) == width);
    for (int64_t i = 0; i < width; i++)
        require(strcmp(alc_encoder_value_name(encoder, i), alc_encoder_value_name(copy, i)) == 0);
    require(alc_encoder_write_json(copy, &again) == ALC_OK);
    require(strcmp(text, again) == 0);
    alc_release_text(context, text);
    alc_release_text(context, again);
    alc_encoder_destroy(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context;
    char *text = fuzz_allocate(size);
    alc_encoder *encoder;

    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    memcpy(text, data, size);
    text[size] = '\0';
    require_outcome(context, alc_encoder_read_json(context, text, &encoder), encoder);
    if (encoder != NULL)
        check_encoder(context, encoder);
    alc_encoder_destroy(encoder);
    free(text);
    return 0;
}
