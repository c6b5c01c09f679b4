/* alcor/safetensors.h - reading and writing safetensors files: named tensors and a list of strings; reading PyTorch's own.
 *
 * The format (https://github.com/huggingface/safetensors): 8 bytes with the length of a JSON header, the header, then
 * the tensors' values without gaps, little-endian. This reader is strict: a duplicate name, a hole, an overlap, a byte
 * too many or too few is an error that names the file, the tensor and the place. Files that the library wrote carry
 * a checksum of every byte, which is verified when they are opened.
 *
 * This is the plain file; alcor/checkpoint.h has models and training states.
 */
#ifndef ALCOR_SAFETENSORS_H
#define ALCOR_SAFETENSORS_H

#include "alcor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- strings beside the tensors ---- */

typedef struct alc_metadata_entry {
    const char *key, *value; /* UTF-8 */
} alc_metadata_entry;

/* A list of strings with different keys. {0} is the empty one. */
typedef struct alc_metadata {
    const alc_metadata_entry *entries;
    int64_t count;
} alc_metadata;

/* The value of a key, NULL if it is not there. */
const char *alc_metadata_find(alc_metadata metadata, const char *key);

/* ---- reading ---- */

/* X(enumerator, name in files, bytes): what a file's values can be. */
#define ALC_STORED_DTYPE_LIST(X)                                                                   \
    X(ALC_STORED_F64, "F64", 8)                                                                    \
    X(ALC_STORED_F32, "F32", 4)                                                                    \
    X(ALC_STORED_F16, "F16", 2)                                                                    \
    X(ALC_STORED_BF16, "BF16", 2)                                                                  \
    X(ALC_STORED_I64, "I64", 8)                                                                    \
    X(ALC_STORED_I32, "I32", 4)                                                                    \
    X(ALC_STORED_I16, "I16", 2)                                                                    \
    X(ALC_STORED_I8, "I8", 1)                                                                      \
    X(ALC_STORED_U64, "U64", 8)                                                                    \
    X(ALC_STORED_U32, "U32", 4)                                                                    \
    X(ALC_STORED_U16, "U16", 2)                                                                    \
    X(ALC_STORED_U8, "U8", 1)                                                                      \
    X(ALC_STORED_BOOL, "BOOL", 1)

#define ALC_STORED_DTYPE_ENUM(enumerator, name, bytes) enumerator,
typedef enum alc_stored_dtype {
    ALC_STORED_DTYPE_LIST(ALC_STORED_DTYPE_ENUM) ALC_STORED_DTYPE_COUNT
} alc_stored_dtype;
#undef ALC_STORED_DTYPE_ENUM

/* "F32" and so on; never NULL. */
const char *alc_stored_dtype_name(alc_stored_dtype dtype);

typedef struct alc_stored_tensor {
    const char *name;
    alc_stored_dtype dtype;
    int rank;              /* 0: a single value */
    const int64_t *extent; /* `rank` extents, outermost first; 0 is possible */
    int64_t elements;
} alc_stored_tensor;

typedef struct alc_safetensors alc_safetensors;

/* Maps a file into memory (reads it where it cannot be mapped), checks it from the first byte to the last and verifies the checksum where there is one.
 * Until it is closed nobody may shorten the file in place; to replace it, as this library does, is safe.
 * On failure *file is NULL: ALC_IO_ERROR, ALC_BAD_FILE (not the format), ALC_CORRUPT (checksum), ALC_UNSUPPORTED (a kind
 * of value not listed above), ALC_OUT_OF_MEMORY. */
alc_status alc_safetensors_open(alc_context *context, const char *path, alc_safetensors **file);
/* The same for a safetensors file or one that torch.save wrote, told apart by their first bytes: a state dict, or a
 * dictionary that has one as "state_dict" or "model". Both of PyTorch's forms are read, the zip file and the older one; the
 * tensors are listed as those of a safetensors file would be, whatever storages, offsets and strides they have, and there are
 * no strings. Nothing in the file is run: a pickle that names any function or class but those of a state dict's dictionaries
 * and tensors is ALC_UNSUPPORTED with that name, as are compressed, encrypted, big-endian and TorchScript files. */
alc_status alc_weights_open(alc_context *context, const char *path, alc_safetensors **file);
/* Frees it with every text and list got from it. NULL is allowed. */
void alc_safetensors_close(alc_safetensors *file);

/* Tensors come in the order of their values in the file. */
int64_t alc_safetensors_count(const alc_safetensors *file);
/* index in [0, count); all zero (name NULL) for others. */
alc_stored_tensor alc_safetensors_tensor(const alc_safetensors *file, int64_t index);
/* The index of a name, -1 if there is none. */
int64_t alc_safetensors_find(const alc_safetensors *file, const char *name);
/* The strings, in no particular order; they include the library's own "format" and "alcor_..." in files it wrote. */
alc_metadata alc_safetensors_metadata(const alc_safetensors *file);

/* Copies a tensor's values, converted to alc_real (rounded to nearest). ALC_NOT_FOUND for a wrong index. */
alc_status alc_safetensors_read_reals(const alc_safetensors *file, int64_t index, alc_real *values);
/* The same as integers. ALC_MISMATCH if the file has floating-point values or one above 2^63 - 1. */
alc_status alc_safetensors_read_integers(const alc_safetensors *file, int64_t index,
                                         int64_t *values);

/* ---- writing ---- */

/* A tensor to be written: alc_real (F32 in the file, F64 in the double build) or int64_t (I64). */
typedef struct alc_tensor_source {
    const char *name;
    bool integers;
    alc_shape shape;    /* rank 0 .. ALC_MAX_RANK; extents may be 0 */
    const void *values; /* or NULL, and then `read` fills a buffer of the tensor's size when it is called, twice with
                         * the same values: once for the checksum, once for the file */
    void (*read)(void *user, void *values);
    void *user;
} alc_tensor_source;

/* Writes a file atomically: on failure the old one is untouched. The bytes depend on the arguments alone. Integers are
 * stored before reals, each in the order given. Strings keep their order; the library adds "alcor_version" and
 * "alcor_xxh3" (XXH3-64 of the whole file with this value's 16 digits taken as 0).
 * ALC_INVALID_ARGUMENT: two equal names or keys, a name that is not UTF-8, a tensor called "__metadata__", a key that
 * starts with "alcor_", a negative extent, a size that overflows, neither values nor read. ALC_IO_ERROR, ALC_OUT_OF_MEMORY. */
alc_status alc_safetensors_write(alc_context *context, const char *path,
                                 const alc_tensor_source *tensors, int64_t count,
                                 alc_metadata metadata);

#ifdef __cplusplus
}
#endif
#endif
