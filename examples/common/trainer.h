/* trainer.h - the whole of a trainer but for what its model looks at. */
#ifndef EXAMPLES_TRAINER_H
#define EXAMPLES_TRAINER_H

#include "common/trainer_options.h"

/* main() of the three trainers; returns the exit status. */
int trainer_main(const trainer_kind *kind, int argc, char **argv);

#endif
