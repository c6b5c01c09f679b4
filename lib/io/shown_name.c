/* lib/io/shown_name.c - see shown_name.h. */
#include "lib/io/shown_name.h"

#include <string.h>

alc_shown_name alc_show_name(const void *bytes, size_t count)
{
    alc_shown_name shown;
    const unsigned char *from = bytes;
    const size_t most = sizeof shown.text - 4, kept = count < most ? count : most;
    for (size_t i = 0; i < kept; i++)
        shown.text[i] = (char)(from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?');
    strcpy(shown.text + kept, count > most ? "..." : "");
    return shown;
}
