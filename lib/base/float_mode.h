/* lib/base/float_mode.h - the floating-point mode that results are promised for: round to nearest,
 * subnormals kept, no traps. A host may have set another one; it must neither reach our kernels nor
 * be lost. */
#ifndef ALC_LIB_FLOAT_MODE_H
#define ALC_LIB_FLOAT_MODE_H

#include <fenv.h>

typedef fenv_t alc_float_mode;

/* Saves the calling thread's mode and sets the default one. */
void alc_float_mode_enter(alc_float_mode *saved);
void alc_float_mode_leave(const alc_float_mode *saved);

#endif
