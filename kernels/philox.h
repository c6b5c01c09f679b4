/* kernels/philox.h - the constants of Philox4x32-10, for philox.c and for the kernel that draws many blocks at once. */
#ifndef ALCK_PHILOX_H
#define ALCK_PHILOX_H

#include <stdint.h>

#define ALCK_PHILOX_ROUNDS 10
#define ALCK_PHILOX_MULTIPLIER0 UINT64_C(0xD2511F53)
#define ALCK_PHILOX_MULTIPLIER1 UINT64_C(0xCD9E8D57)
#define ALCK_PHILOX_KEY_STEP0 UINT32_C(0x9E3779B9) /* golden ratio */
#define ALCK_PHILOX_KEY_STEP1 UINT32_C(0xBB67AE85) /* sqrt(3) - 1 */

#endif
