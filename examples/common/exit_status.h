/* exit_status.h - what a program's exit status says. */
#ifndef EXAMPLES_EXIT_STATUS_H
#define EXAMPLES_EXIT_STATUS_H

#include "alcor/status.h"

#define EXIT_BAD_INPUT 1
#define EXIT_BAD_COMMAND_LINE 2
#define EXIT_INTERRUPTED 130 /* as shells count a program that SIGINT ended */

/* The exit status for what a program's work ended with. What was printed must have reached its place too: where it could
 * not be written, one sentence goes to stderr, and the status is EXIT_BAD_INPUT. */
int exit_status(const char *program, alc_status status);

#endif
