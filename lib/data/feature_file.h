/* lib/data/feature_file.h - the file of a feature cache: records of one size, each of an image in a view, behind a header that says
 * what they are records of. It knows nothing of networks.
 *
 * Little-endian. Header, 64 bytes: "alcfeat1", the key (2 x 8 bytes), bytes of a record's values (8), zeros (24), XXH3 of all
 * before (8). Record: the image (2 x 8), the view (8), a checksum (8), the values, zeros up to a multiple of 64. The checksum is the
 * XXH3 of the values, seeded with key, image and view: a record of another file or place is as wrong as a damaged one. */
#ifndef ALC_LIB_DATA_FEATURE_FILE_H
#define ALC_LIB_DATA_FEATURE_FILE_H

#include "lib/base/base.h"

/* 128 bits, of an image's pixels or of what a cache is valid for. */
typedef struct alc_feature_key {
    uint64_t half[2];
} alc_feature_key;

typedef struct alc_feature_entry {
    alc_feature_key image;
    int64_t record; /* -1: free */
    int view;
} alc_feature_entry;

typedef struct alc_feature_file {
    alc_context *context;
    char *path;
    alc_feature_key key;
    size_t value_bytes, record_bytes;
    uint64_t limit;             /* bytes; UINT64_MAX: none */
    alc_mapped_file mapped;
    int file;                   /* to append to; below 0: no longer */
    int64_t records;            /* that the file has */
    alc_feature_entry *entries; /* a hash table with open addressing; capacity is a power of two */
    int64_t entry_count, entry_capacity;
    unsigned char *record;      /* one, being made */
} alc_feature_file;

/* Opens the file at `path`, or makes one without records where there is none or one of another key; damaged records, and those
 * beyond the limit, are left out. ALC_BAD_FILE for a file that is no cache. On failure nothing is left to close. */
alc_status alc_feature_file_open(alc_feature_file *file, alc_context *context, const char *path, alc_feature_key key,
                                 size_t value_bytes, uint64_t limit);
/* Syncs and closes what is open. A zeroed one is allowed. */
alc_status alc_feature_file_close(alc_feature_file *file);

/* How many bytes it has. */
uint64_t alc_feature_file_bytes(const alc_feature_file *file);

/* The values of an image in a view, valid until the next call; NULL if they are not there or not whole. */
const unsigned char *alc_feature_file_find(alc_feature_file *file, alc_feature_key image, int view);
/* Where to put a record's values for alc_feature_file_add. */
unsigned char *alc_feature_file_values(alc_feature_file *file);
/* Adds what was put there, where the limit allows it. A file that cannot be written to gets no more records, and the log says
 * why; only ALC_OUT_OF_MEMORY is a failure. */
alc_status alc_feature_file_add(alc_feature_file *file, alc_feature_key image, int view);

#endif
