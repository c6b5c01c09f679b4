/* lib/base/system_memory.c - how much memory this process can have at most. A file of its own because
 * sysinfo is no part of POSIX. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/sysinfo.h>

#include "lib/base/context_private.h"

/* Where a container's limit stands: control groups, version 2. */
#define CONTAINER_LIMIT "/sys/fs/cgroup/memory.max"

/* A container's bytes, or ULLONG_MAX where there is no limit. */
static unsigned long long container_bytes(void)
{
    unsigned long long bytes;
    FILE *file = fopen(CONTAINER_LIMIT, "r");
    if (file == NULL || fscanf(file, "%llu", &bytes) != 1) /* "max" */
        bytes = ~0ULL;
    if (file != NULL)
        fclose(file);
    return bytes;
}

size_t alc_system_memory(void)
{
    struct sysinfo about;
    if (sysinfo(&about) != 0)
        return SIZE_MAX;
    const unsigned long long container = container_bytes(), ram = (unsigned long long)about.totalram * about.mem_unit;
    const unsigned long long swap = (unsigned long long)about.totalswap * about.mem_unit;
    const unsigned long long bytes = (container < ram ? container : ram) + swap;
    return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}
