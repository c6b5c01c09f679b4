/* lib/io/zip_directory.h - the entries of a zip file in memory, for files whose entries are stored as they are. */
#ifndef ALC_LIB_ZIP_DIRECTORY_H
#define ALC_LIB_ZIP_DIRECTORY_H

#include "lib/base/base.h"

typedef struct alc_zip_entry {
    const char *name; /* in the file: not ended by a zero */
    size_t name_bytes;
    uint64_t header, begin, end; /* where its own header starts, and its bytes lie, in the file */
    uint32_t crc;
} alc_zip_entry;

typedef struct alc_zip {
    alc_zip_entry *entries; /* by name */
    size_t count;
} alc_zip;

/* Reads and checks the directory; the list is the arena's, `name` is for messages. ALC_BAD_FILE for what contradicts itself:
 * an end that is cut off, an entry outside the file, over another one, or of a name that was there before. ALC_UNSUPPORTED
 * for compressed and encrypted entries and files in several parts. */
alc_status alc_zip_read(alc_arena *arena, const char *name, const unsigned char *bytes, size_t size, alc_zip *zip);
/* NULL if there is none. */
const alc_zip_entry *alc_zip_find(const alc_zip *zip, const char *name, size_t name_bytes);
/* ALC_CORRUPT if the entry's bytes do not have its checksum. One of 0 is not looked at: writers that save the time of
 * computing it put that there. */
alc_status alc_zip_verify(alc_context *context, const char *name, const unsigned char *bytes, const alc_zip_entry *entry);

#endif
