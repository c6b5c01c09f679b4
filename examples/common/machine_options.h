/* machine_options.h - how the command lines spell what a context can be made with. */
#ifndef EXAMPLES_MACHINE_OPTIONS_H
#define EXAMPLES_MACHINE_OPTIONS_H

#include "alcor/context.h"

/* The place of a name is the value of the enum; NULL ends the list. */
extern const char *const isa_names[];         /* alc_isa */
extern const char *const convolution_names[]; /* alc_convolution_choice */

/* Of --max-memory. */
#define HELP_MAX_MEMORY "compute again in backward what does not fit into so many bytes, such as 700M or 2G [no limit]"
#define EXPECTED_MAX_MEMORY "a number of bytes, such as 700M or 2G"

/* Help texts of the three options that every program with a network has. */
#define HELP_THREADS "[all processors]"
#define HELP_ISA "instruction set: scalar, avx2, avx512, neon [auto: ALCOR_ISA, else the CPU's widest]"
#define HELP_CONVOLUTION "default, or direct: no algorithm with a larger rounding error [default]"

#endif
