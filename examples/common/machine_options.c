/* machine_options.c - names in the order of the library's enums. */
#include "common/machine_options.h"

#include <stddef.h>

#define ISA_NAME(enumerator, name) name,
const char *const isa_names[] = {"auto", ALC_ISA_LIST(ISA_NAME) NULL};
const char *const convolution_names[] = {"default", "direct", NULL};
