/* stop_signal.c - the one place where a program needs a global: a signal handler can reach nothing else. */
#include "common/stop_signal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t received;

static void note(int number)
{
    received = 1;
    signal(number, SIG_DFL);
}

void stop_signal_install(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART}; /* what is being printed is not cut off */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool stop_signal_received(void *user)
{
    (void)user;
    return received != 0;
}
