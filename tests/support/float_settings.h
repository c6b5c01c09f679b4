/* tests/support/float_settings.h - the floating-point control register of the machine, to check
 * that it is left alone. */
#ifndef ALC_TESTS_FLOAT_SETTINGS_H
#define ALC_TESTS_FLOAT_SETTINGS_H

#include <stdbool.h>

/* Rounding, flushing and masks, without the sticky exception flags. */
unsigned long float_settings(void);
/* Makes the calling thread flush subnormal numbers to zero. */
void flush_subnormals(void);
/* Whether the smallest normal number halves to something above zero here. */
bool subnormals_survive(void);

#endif
