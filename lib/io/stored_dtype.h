/* lib/io/stored_dtype.h - the kinds of values in files: names, sizes, and conversion from and to
 * their bytes. Files are little-endian and need not be aligned, so bytes are put together one by
 * one; where the count is a constant, compilers make plain loads and stores of it. */
#ifndef ALC_LIB_STORED_DTYPE_H
#define ALC_LIB_STORED_DTYPE_H

#include "alcor/safetensors.h"

/* What alc_real and int64_t are stored as. */
#ifdef ALCOR_DOUBLE
#define ALC_STORED_REAL ALC_STORED_F64
#else
#define ALC_STORED_REAL ALC_STORED_F32
#endif

/* False for a name that is not in the list. */
bool alc_stored_dtype_of_name(const char *name, alc_stored_dtype *dtype);
size_t alc_stored_dtype_size(alc_stored_dtype dtype);

static inline uint64_t alc_load_little_endian(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static inline void alc_store_little_endian(unsigned char *bytes, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

void alc_decode_reals(alc_stored_dtype dtype, const unsigned char *bytes, int64_t count,
                      alc_real *values);
/* False, with *values partly written, for floating-point kinds and values above INT64_MAX. */
bool alc_decode_integers(alc_stored_dtype dtype, const unsigned char *bytes, int64_t count,
                         int64_t *values);
/* Into ALC_STORED_REAL or ALC_STORED_I64. */
void alc_encode_reals(const alc_real *values, int64_t count, unsigned char *bytes);
void alc_encode_integers(const int64_t *values, int64_t count, unsigned char *bytes);

#endif
