/* machine_options.h - the four options that every program with a network has: what its context is made with. */
#ifndef EXAMPLES_MACHINE_OPTIONS_H
#define EXAMPLES_MACHINE_OPTIONS_H

#include <stddef.h>

#include "alcor/context.h"

typedef struct machine_options {
    int64_t threads;      /* 0: all processors */
    int isa, convolution, precision; /* alc_isa, alc_convolution_choice, alc_precision */
} machine_options;

/* As the command line spells them. The place of a name is the value of the enum; NULL ends the list. */
extern const char *const isa_names[];
extern const char *const convolution_names[], *const precision_names[];

/* Their lines in an option table whose target, a struct `type`, has machine_options as its member `machine`; `kinds` are the
 * tables that have them, of the last two, which figures depend on, `convolution_kinds`. */
#define MACHINE_OPTION_LINES(type, kinds, convolution_kinds)                                                                    \
    {"threads", "N", "[all processors]", kinds, OPTION_INTEGER, offsetof(type, machine.threads), .low = 1, .high = 256},         \
    {"isa", "NAME", "instruction set: scalar, avx2, avx512, neon [auto: ALCOR_ISA, else the CPU's widest]", kinds,               \
     OPTION_CHOICE, offsetof(type, machine.isa), .names = isa_names},                                                            \
    {"convolution", "KIND", "default, or direct: no algorithm with a larger rounding error [default]", convolution_kinds,         \
     OPTION_CHOICE, offsetof(type, machine.convolution), .names = convolution_names},                                            \
    {"precision", "KIND", "default, or bf16: products of 16-bit floats, for CPUs with AVX512_BF16 [default]", convolution_kinds,  \
     OPTION_CHOICE, offsetof(type, machine.precision), .names = precision_names}

/* For alc_context_create, which puts the sentence of a failure into `message`. */
alc_context_options machine_context_options(const machine_options *machine, char *message, size_t size);

/* Of --max-memory, which those have that train. */
#define HELP_MAX_MEMORY "compute again in backward what does not fit into so many bytes, such as 700M or 2G [no limit]"
#define EXPECTED_MAX_MEMORY "a number of bytes, such as 700M or 2G"

#endif
