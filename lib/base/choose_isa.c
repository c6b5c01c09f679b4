/* lib/base/choose_isa.c - which instruction set's kernels a context uses. Results are the same bits
 * with each, so this is about speed only; a wish that cannot be met is nevertheless an error, never
 * silently another choice. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/context_private.h"

#define ISA_NAME(enumerator, name) name,
static const char *const isa_names[] = {"auto", ALC_ISA_LIST(ISA_NAME)};
#undef ISA_NAME

#define ISA_QUOTED(enumerator, name) " " name
static const char known_isas[] = ALC_ISA_LIST(ISA_QUOTED);
#undef ISA_QUOTED

const char *alc_isa_name(alc_isa isa)
{
    return (int)isa >= 0 && isa < ALC_ISA_COUNT ? isa_names[isa] : "unknown";
}

static alc_isa isa_of_name(const char *name)
{
    for (int isa = ALC_ISA_AUTO + 1; isa < ALC_ISA_COUNT; isa++)
        if (strcmp(isa_names[isa], name) == 0)
            return (alc_isa)isa;
    return ALC_ISA_AUTO;
}

static void use_table(alc_context *context, const alck_table *table)
{
    context->kernels = table;
    context->isa = isa_of_name(table->isa);
}

alc_status alc_choose_isa(alc_context *context, alc_isa wanted)
{
    const char *source = "the option isa";
    if ((int)wanted < 0 || wanted >= ALC_ISA_COUNT)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "isa is %d, which is no alc_isa",
                        (int)wanted);
    const char *variable = wanted == ALC_ISA_AUTO ? getenv("ALCOR_ISA") : NULL;
    if (variable != NULL && variable[0] != '\0') {
        source = "the environment variable ALCOR_ISA";
        wanted = isa_of_name(variable);
        if (wanted == ALC_ISA_AUTO)
            return alc_fail(context, ALC_INVALID_ARGUMENT,
                            "the environment variable ALCOR_ISA is '%s', expected one of:%s",
                            variable, known_isas);
    }
    for (const alck_table *const *table = alck_tables(); *table != NULL; table++) {
        if (wanted != ALC_ISA_AUTO && strcmp((*table)->isa, isa_names[wanted]) != 0)
            continue;
        if (alck_table_supported(*table)) {
            use_table(context, *table);
            return ALC_OK;
        }
        if (wanted != ALC_ISA_AUTO)
            return alc_fail(context, ALC_UNSUPPORTED, "%s asks for %s, which this CPU lacks",
                            source, isa_names[wanted]);
    }
    return alc_fail(context, ALC_UNSUPPORTED, "%s asks for %s, which this build does not have",
                    source, isa_names[wanted]);
}
