/* tests/fuzz/fuzz_safetensors.c - libFuzzer target: arbitrary bytes as a safetensors file. */
#include <string.h>

#include "fuzz/fuzz_tensors.h"
#include "lib/io/safetensors_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context; /* made once: contexts are not what is tested */
    alc_safetensors *file;
    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    require_outcome(context, alc_safetensors_parse(context, "input", data, size, &file), file);
    if (file == NULL)
        return 0;
    read_tensors(file);
    alc_metadata metadata = alc_safetensors_metadata(file);
    for (int64_t i = 0; i < metadata.count; i++)
        require(strcmp(alc_metadata_find(metadata, metadata.entries[i].key),
                       metadata.entries[i].value) == 0);
    alc_safetensors_close(file);
    return 0;
}
