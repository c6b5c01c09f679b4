/* machine_options.c - names in the order of the library's enums, and what a context is made of them. */
#include "common/machine_options.h"

#define ISA_NAME(enumerator, name) name,
const char *const isa_names[] = {"auto", ALC_ISA_LIST(ISA_NAME) NULL};
const char *const convolution_names[] = {"default", "direct", NULL};
const char *const precision_names[] = {"default", "bf16", NULL};

alc_context_options machine_context_options(const machine_options *machine, char *message, size_t size)
{
    return (alc_context_options){.threads = (int)machine->threads,
                                 .isa = (alc_isa)machine->isa,
                                 .convolution = (alc_convolution_choice)machine->convolution,
                                 .precision = (alc_precision)machine->precision,
                                 .message = message,
                                 .message_size = size};
}
