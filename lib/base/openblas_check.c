/* lib/base/openblas_check.c - is the linked OpenBLAS one that several threads may call at once?
 * Only its pthread flavour at one BLAS thread is: the serial flavour gives wrong numbers under
 * concurrent calls, the OpenMP one hangs after fork. Nothing is multiplied here. */
#include "lib/base/context_private.h"

#ifdef ALCOR_HAVE_OPENBLAS

#include <cblas.h>

alc_status alc_check_openblas(alc_context *context)
{
    int flavour = openblas_get_parallel();
    const char *config = openblas_get_config();
    if (flavour != OPENBLAS_THREAD)
        return alc_fail(context, ALC_UNSUPPORTED,
                        "the linked OpenBLAS (%s) is its %s build, which is unsafe under threads; "
                        "link the pthread build",
                        config, flavour == OPENBLAS_SEQUENTIAL ? "serial" : "OpenMP");
    openblas_set_num_threads(1);
    alc_log(
        context,
        "matrix products by OpenBLAS (%s): results differ from the default mode's and depend on "
        "the CPU",
        config);
    return ALC_OK;
}

#else

alc_status alc_check_openblas(alc_context *context)
{
    return alc_fail(context, ALC_UNSUPPORTED,
                    "OpenBLAS was asked for, but this build of the library was made without it");
}

#endif
