/* exit_status.c - from the library's status to the shell's. */
#include "common/exit_status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int exit_status(const char *program, alc_status status)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "%s: standard output: cannot be written: %s\n", program, strerror(errno));
        return EXIT_BAD_INPUT;
    }
    return status == ALC_OK ? EXIT_SUCCESS : status == ALC_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_BAD_INPUT;
}
