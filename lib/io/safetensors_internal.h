/* lib/io/safetensors_internal.h - an opened file from the inside, and writing in two steps. */
#ifndef ALC_LIB_SAFETENSORS_INTERNAL_H
#define ALC_LIB_SAFETENSORS_INTERNAL_H

#include "alcor/safetensors.h"
#include "lib/base/base.h"
#include "lib/io/stored_dtype.h"

#define ALC_KEY_FORMAT "format"
#define ALC_KEY_VERSION "alcor_version"
#define ALC_KEY_CHECKSUM "alcor_xxh3"
/* Keys that programs may not use. */
#define ALC_KEY_PREFIX "alcor_"
/* Values of "format" in files that the library wrote. */
#define ALC_FORMAT_MODEL "alcor"
#define ALC_FORMAT_STATE "alcor-state"

/* The format's own limit on the header. */
#define ALC_HEADER_BYTES_LIMIT ((size_t)100000000)
/* Characters of a checksum: 64 bits in hexadecimal. */
#define ALC_CHECKSUM_DIGITS 16
/* How a header has the checksum, before its digits; see safetensors_checksum.c. */
#define ALC_CHECKSUM_LEAD "\"" ALC_KEY_CHECKSUM "\":\""

typedef struct alc_file_tensor {
    alc_stored_tensor about;
    uint64_t begin, end;         /* in a safetensors file's values */
    const unsigned char *values; /* the first one */
    const int64_t *stride;       /* from one to the next along each extent, in values; NULL: they follow each other */
} alc_file_tensor;

struct alc_safetensors {
    alc_context *context;
    const char *name; /* for messages: the path */
    alc_arena arena;
    alc_mapped_file mapped; /* the file; all zero if the bytes are borrowed */
    const unsigned char *bytes;
    size_t size;
    size_t header_bytes; /* of the JSON */
    alc_file_tensor *tensors;
    int64_t count;
    const int64_t *by_name; /* indices in the order of names */
    alc_metadata metadata;
    bool has_checksum;
    uint64_t checksum; /* that the file states, and has */
};

/* The same as alc_safetensors_open on memory that outlives the file; `name` is for messages. */
alc_status alc_safetensors_parse(alc_context *context, const char *name, const void *bytes,
                                 size_t size, alc_safetensors **file);

/* The same for either format. */
alc_status alc_weights_parse(alc_context *context, const char *name, const void *bytes, size_t size,
                             alc_safetensors **file);

/* Makes by_name. ALC_BAD_FILE if a name is there twice (safetensors_read.c). */
alc_status alc_index_names(alc_safetensors *file);

/* Whether a file begins as PyTorch's do; and reads such a one, whose bytes are set, into tensors (pth_read.c). */
bool alc_is_pth(const unsigned char *bytes, size_t size);
alc_status alc_read_pth(alc_safetensors *file);

/* Reads the header of `file`, whose bytes are set, into tensors and metadata
 * (safetensors_header.c). */
alc_status alc_read_header(alc_safetensors *file);
/* Verifies the checksum where there is one (safetensors_checksum.c). */
alc_status alc_verify_checksum(alc_safetensors *file);

/* 16 lower-case digits and a zero; and back, false for anything else. */
void alc_checksum_text(uint64_t checksum, char text[ALC_CHECKSUM_DIGITS + 1]);
bool alc_parse_checksum(const char *text, uint64_t *checksum);

/* Everything of alc_safetensors_write but the replacing: *file waits for alc_atomic_file_commit.
 * `library` are the library's own strings, written first and not checked against programs' keys.
 * *checksum is that of the new file. */
alc_status alc_safetensors_prepare(alc_context *context, const char *path,
                                   const alc_tensor_source *tensors, int64_t count,
                                   alc_metadata library, alc_metadata metadata,
                                   alc_atomic_file **file, uint64_t *checksum);

#endif
