/* kernels/philox.c - random words by counting: Philox4x32-10.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011): ten
 * rounds of a keyed bijection of a 128-bit counter. There is no state: any element of any stream can be drawn by any
 * thread at any time, with the same result.
 */
#include "kernels/kernels.h"
#include "kernels/philox.h"

void alck_philox(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4])
{
    uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32);
    uint32_t c2 = (uint32_t)stream, c3 = (uint32_t)(stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < ALCK_PHILOX_ROUNDS; round++) {
        const uint64_t p0 = ALCK_PHILOX_MULTIPLIER0 * c0;
        const uint64_t p1 = ALCK_PHILOX_MULTIPLIER1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += ALCK_PHILOX_KEY_STEP0;
        k1 += ALCK_PHILOX_KEY_STEP1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}
