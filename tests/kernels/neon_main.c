/* tests/kernels/neon_main.c - all kernel checks in one plain program: for machines (or emulators of machines) where the
 * test framework is not at hand. An argument names the one instruction set to check; without it every supported one is.
 *
 * Prints a line per check, with the digest of its results: in single precision two machines must print the same. The
 * exit status is 1 if a check failed or the instruction set is not supported. */
#include "tests/kernels/kernel_checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int run_list(const char *list, const kernel_check *check, const char *isa)
{
    int failed = 0;
    for (; check->name != NULL; check++) {
        uint64_t digest;
        const char *error = kernel_check_on(check, isa, &digest);
        if (error == NULL)
            printf("%s: %s: ok %016" PRIx64 "\n", list, check->name, digest);
        else
            printf("%s: %s: %s\n", list, check->name, error);
        fflush(stdout); /* an emulator is slow: let its output be watched */
        failed += error != NULL;
    }
    return failed;
}

int main(int count, char **arguments)
{
    const char *isa = count > 1 ? arguments[1] : NULL;
    int running = 0, failed = 0;
    for (const alck_table *const *table = alck_tables(); *table != NULL; table++) {
        if (isa != NULL && strcmp((*table)->isa, isa) != 0)
            continue;
        const bool supported = alck_table_supported(*table);
        fprintf(stderr, "%s: %s\n", (*table)->isa, supported ? "run" : "not supported here");
        running += supported;
    }
#define RUN_LIST(name) failed += run_list(#name, kernel_checks_##name, isa);
    KERNEL_CHECK_LISTS(RUN_LIST)
#undef RUN_LIST
    return failed > 0 || running == 0;
}
