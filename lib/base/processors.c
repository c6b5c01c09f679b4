/* lib/base/processors.c - how many processors this process may run on. A file of its own because
 * the affinity mask is no part of POSIX: _GNU_SOURCE shall not leak into other files. */
#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>

#include "lib/base/context_private.h"

int alc_available_processors(void)
{
    cpu_set_t set;
    long count = 0;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    else /* the machine has more processors than the mask holds */
        count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1)
        return 1;
    return count > ALC_MAX_THREADS ? ALC_MAX_THREADS : (int)count;
}
