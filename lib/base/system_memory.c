/* lib/base/system_memory.c - how much memory this process can have at most. A file of its own because
 * sysinfo is no part of POSIX. */
#define _DEFAULT_SOURCE
#include <sys/sysinfo.h>

#include "lib/base/context_private.h"

/* Where a container's limit stands: control groups, version 2. */
#define CONTAINER_LIMIT "/sys/fs/cgroup/memory.max"

size_t alc_system_memory(void)
{
    struct sysinfo about;
    if (sysinfo(&about) != 0)
        return SIZE_MAX;
    const unsigned long long unit = about.mem_unit;
    unsigned long long memory = unit * about.totalram, container;
    if (alc_system_read_number(CONTAINER_LIMIT, &container) && container < memory) /* it may be the word "max" */
        memory = container;
    const unsigned long long bytes = memory + unit * about.totalswap;
    return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}
