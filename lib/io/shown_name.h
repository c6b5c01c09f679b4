/* lib/io/shown_name.h - names out of files that nobody vouches for, fit for a sentence. */
#ifndef ALC_LIB_SHOWN_NAME_H
#define ALC_LIB_SHOWN_NAME_H

#include "lib/base/base.h"

typedef struct alc_shown_name {
    char text[124];
} alc_shown_name;

/* The bytes as a text: those that are no printable ASCII characters become '?', and of a long name the start and "..." are
 * kept. */
alc_shown_name alc_show_name(const void *bytes, size_t count);

#endif
