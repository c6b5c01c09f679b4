/* tests/fuzz/fuzz.h - what the libFuzzer targets share. */
#ifndef ALC_TESTS_FUZZ_H
#define ALC_TESTS_FUZZ_H

#include <stdlib.h>

#include "alcor/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fuzzer's assertion: anything wrong ends the process, which libFuzzer reports with the input. */
static inline void require(bool condition)
{
    if (!condition)
        abort();
}

/* Never NULL, also for no byte. */
static inline void *fuzz_allocate(size_t bytes)
{
    void *memory = malloc(bytes + 1);
    require(memory != NULL);
    return memory;
}

/* What a call that makes a thing or refuses its input must leave: the thing, or a sentence. */
static inline void require_outcome(const alc_context *context, alc_status status, const void *thing)
{
    require((status == ALC_OK) == (thing != NULL));
    require(status == ALC_OK || alc_error_message(context)[0] != '\0');
}

#endif
