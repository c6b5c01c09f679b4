/* tests/fuzz/fuzz_pth.c - libFuzzer target: arbitrary bytes as a file of PyTorch, or of either format. The corpus has no
 * checksums, so that what is changed is looked at. */
#include "fuzz/fuzz_tensors.h"
#include "lib/io/safetensors_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context; /* made once: contexts are not what is tested */
    alc_safetensors *file;
    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    require_outcome(context, alc_weights_parse(context, "input", data, size, &file), file);
    read_tensors(file);
    alc_safetensors_close(file);
    return 0;
}
