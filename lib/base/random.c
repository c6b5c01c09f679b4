/* lib/base/random.c - counter-based random numbers: a draw is a function of (seed, stream, index)
 * and of nothing else, so neither threads nor a resumed run change it. No state is kept, and no
 * draw depends on an earlier one. */
#include <string.h>

#include <xxhash.h>

#include "lib/base/base.h"

uint64_t alc_hash_text(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

uint64_t alc_mix(uint64_t a, uint64_t b)
{
    uint32_t words[4];
    alck_philox(a, b, 0, words);
    return (uint64_t)words[1] << 32 | words[0];
}

uint32_t alc_random_u32(alc_random_key key, uint64_t index)
{
    uint32_t words[4];
    alck_philox(key.seed, key.stream, index / 4, words);
    return words[index % 4];
}

static double unit_interval(uint32_t word)
{
    return (double)(word >> 8) * 0x1p-24;
}

double alc_random_uniform(alc_random_key key, uint64_t index)
{
    return unit_interval(alc_random_u32(key, index));
}

void alc_random_uniforms(alc_random_key key, uint64_t first, int64_t count, double *values)
{
    uint32_t words[4] = {0};
    for (int64_t i = 0; i < count; i++) {
        const uint64_t index = first + (uint64_t)i;
        if (i == 0 || index % 4 == 0)
            alck_philox(key.seed, key.stream, index / 4, words);
        values[i] = unit_interval(words[index % 4]);
    }
}

uint64_t alc_random_below(alc_random_key key, uint64_t index, uint64_t bound)
{
    if (bound == 0)
        return 0;
    /* Values from the incomplete last run of `bound` values would favour small results: draw again,
     * from a stream that belongs to the attempt. Each attempt succeeds with probability above 1/2.
     */
    uint64_t excess = (UINT64_MAX % bound + 1) % bound;
    uint64_t stream = key.stream;
    for (uint64_t attempt = 1;; attempt++) {
        uint32_t words[4];
        alck_philox(key.seed, stream, index, words);
        for (int half = 0; half < 4; half += 2) {
            uint64_t value = (uint64_t)words[half + 1] << 32 | words[half];
            if (value <= UINT64_MAX - excess)
                return value % bound;
        }
        stream = alc_mix(key.stream, attempt);
    }
}

void alc_random_permutation(alc_random_key key, int64_t count, int64_t *order)
{
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = (int64_t)alc_random_below(key, (uint64_t)i, (uint64_t)i + 1);
        int64_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}
