/* stop_signal.h - SIGINT and SIGTERM as a flag that training and loading ask for now and then. */
#ifndef EXAMPLES_STOP_SIGNAL_H
#define EXAMPLES_STOP_SIGNAL_H

#include <stdbool.h>

/* From here on the first signal sets the flag; a second one ends the program at once. */
void stop_signal_install(void);
/* An alc_stop_fn; `user` is not used. */
bool stop_signal_received(void *user);

#endif
