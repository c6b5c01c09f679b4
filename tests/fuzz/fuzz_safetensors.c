/* tests/fuzz/fuzz_safetensors.c - libFuzzer target: arbitrary bytes as a safetensors file. What
 * opens must be readable in full, and consistent with what it says of itself. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "lib/io/safetensors_internal.h"

static void read_tensor(const alc_safetensors *file, int64_t index)
{
    alc_stored_tensor about = alc_safetensors_tensor(file, index);
    require(alc_safetensors_find(file, about.name) == index);
    int64_t elements = 1;
    for (int i = 0; i < about.rank; i++)
        elements *= about.extent[i];
    require(elements == about.elements);
    alc_real *reals = fuzz_allocate((size_t)about.elements * sizeof *reals);
    int64_t *integers = fuzz_allocate((size_t)about.elements * sizeof *integers);
    require(alc_safetensors_read_reals(file, index, reals) == ALC_OK);
    alc_safetensors_read_integers(file, index, integers);
    free(reals);
    free(integers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alc_context *context; /* made once: contexts are not what is tested */
    alc_safetensors *file;
    if (context == NULL)
        require(alc_context_create((alc_context_options){.threads = 1}, &context) == ALC_OK);
    require_outcome(context, alc_safetensors_parse(context, "input", data, size, &file), file);
    if (file == NULL)
        return 0;
    for (int64_t i = 0; i < alc_safetensors_count(file); i++)
        read_tensor(file, i);
    alc_metadata metadata = alc_safetensors_metadata(file);
    for (int64_t i = 0; i < metadata.count; i++)
        require(strcmp(alc_metadata_find(metadata, metadata.entries[i].key),
                       metadata.entries[i].value) == 0);
    alc_safetensors_close(file);
    return 0;
}
