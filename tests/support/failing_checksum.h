/* tests/support/failing_checksum.h - xxHash asks malloc for the state of a checksum, past every hook. A program that
 * mentions this flag gets a XXH3_createState that fails where the flag is set. */
#ifndef ALC_TESTS_FAILING_CHECKSUM_H
#define ALC_TESTS_FAILING_CHECKSUM_H

#include <stdbool.h>

extern bool checksum_states_fail;

#endif
