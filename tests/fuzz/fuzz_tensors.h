/* tests/fuzz/fuzz_tensors.h - what opens as a file of tensors must be readable in full, and consistent with what it says of
 * itself. */
#ifndef ALC_TESTS_FUZZ_TENSORS_H
#define ALC_TESTS_FUZZ_TENSORS_H

#include "alcor/safetensors.h"
#include "fuzz/fuzz.h"

/* A stride of 0 lets a small file have a large tensor. */
#define MOST_ELEMENTS ((int64_t)1 << 20)

static inline void read_tensor(const alc_safetensors *file, int64_t index)
{
    alc_stored_tensor about = alc_safetensors_tensor(file, index);
    require(alc_safetensors_find(file, about.name) == index);
    int64_t elements = 1;
    bool empty = false;
    for (int i = 0; i < about.rank; i++)
        empty = empty || about.extent[i] == 0;
    for (int i = 0; i < about.rank && !empty; i++)
        elements *= about.extent[i];
    require(about.elements == (empty ? 0 : elements));
    if (about.elements > MOST_ELEMENTS)
        return;
    alc_real *reals = fuzz_allocate((size_t)about.elements * sizeof *reals);
    int64_t *integers = fuzz_allocate((size_t)about.elements * sizeof *integers);
    require(alc_safetensors_read_reals(file, index, reals) == ALC_OK);
    alc_safetensors_read_integers(file, index, integers);
    free(reals);
    free(integers);
}

static inline void read_tensors(const alc_safetensors *file)
{
    for (int64_t i = 0; i < alc_safetensors_count(file); i++)
        read_tensor(file, i);
}

#endif
