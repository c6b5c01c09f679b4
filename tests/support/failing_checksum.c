/* tests/support/failing_checksum.c - see failing_checksum.h. The program's own functions come before the shared library's. */
#include "support/failing_checksum.h"

#include <stdlib.h>

#define XXH_STATIC_LINKING_ONLY /* for the size of a state */
#include <xxhash.h>

bool checksum_states_fail;

XXH3_state_t *XXH3_createState(void)
{
    XXH3_state_t *state = checksum_states_fail ? NULL : aligned_alloc(64, sizeof *state);
    if (state)
        XXH3_INITSTATE(state);
    return state;
}

XXH_errorcode XXH3_freeState(XXH3_state_t *state)
{
    free(state);
    return XXH_OK;
}
