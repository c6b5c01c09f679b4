/* lib/io/stored_dtype.c - see stored_dtype.h. Conversions round to nearest whatever the caller's
 * mode; a 16-bit float is exact in both builds. */
#include "lib/io/stored_dtype.h"

#include <string.h>

#include "lib/base/base.h"
#include "lib/base/float_mode.h"

#define DTYPE_NAME(enumerator, name, bytes) name,
static const char *const dtype_names[] = {ALC_STORED_DTYPE_LIST(DTYPE_NAME)};
#undef DTYPE_NAME

#define DTYPE_SIZE(enumerator, name, bytes) bytes,
static const size_t dtype_sizes[] = {ALC_STORED_DTYPE_LIST(DTYPE_SIZE)};
#undef DTYPE_SIZE

const char *alc_stored_dtype_name(alc_stored_dtype dtype)
{
    return (int)dtype >= 0 && dtype < ALC_STORED_DTYPE_COUNT ? dtype_names[dtype] : "unknown";
}

size_t alc_stored_dtype_size(alc_stored_dtype dtype)
{
    return dtype_sizes[dtype];
}

bool alc_stored_dtype_of_name(const char *name, alc_stored_dtype *dtype)
{
    for (int i = 0; i < ALC_STORED_DTYPE_COUNT; i++) {
        if (strcmp(dtype_names[i], name) == 0) {
            *dtype = (alc_stored_dtype)i;
            return true;
        }
    }
    return false;
}

static double double_of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_of_bits(uint64_t bits)
{
    uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* Two's complement of `bytes` bytes. */
static int64_t signed_of_bits(uint64_t bits, size_t bytes)
{
    uint64_t sign = UINT64_C(1) << (8 * bytes - 1);
    if ((bits & sign) == 0)
        return (int64_t)bits;
    return -(int64_t)((sign - 1) - (bits & (sign - 1))) - 1;
}

static alc_real real_of_bits(alc_stored_dtype dtype, uint64_t bits, size_t bytes)
{
    switch (dtype) {
    case ALC_STORED_F64:
        return (alc_real)double_of_bits(bits);
    case ALC_STORED_F32:
        return (alc_real)float_of_bits(bits);
    case ALC_STORED_F16:
        return (alc_real)alc_half_value((uint16_t)bits);
    case ALC_STORED_BF16:
        return (alc_real)float_of_bits(bits << 16);
    case ALC_STORED_I64:
    case ALC_STORED_I32:
    case ALC_STORED_I16:
    case ALC_STORED_I8:
        return (alc_real)signed_of_bits(bits, bytes);
    case ALC_STORED_BOOL:
        return bits != 0 ? 1 : 0;
    case ALC_STORED_U64:
    case ALC_STORED_U32:
    case ALC_STORED_U16:
    case ALC_STORED_U8:
    case ALC_STORED_DTYPE_COUNT:
        break;
    }
    return (alc_real)bits;
}

void alc_decode_reals(alc_stored_dtype dtype, const unsigned char *bytes, int64_t count,
                      alc_real *values)
{
    alc_float_mode saved;
    size_t size = dtype_sizes[dtype];
    alc_float_mode_enter(&saved);
    if (dtype == ALC_STORED_F32) /* nearly every file: a loop that compilers can vectorise */
        for (int64_t i = 0; i < count; i++)
            values[i] = (alc_real)float_of_bits(alc_load_little_endian(bytes + 4 * i, 4));
    else
        for (int64_t i = 0; i < count; i++)
            values[i] =
                real_of_bits(dtype, alc_load_little_endian(bytes + (size_t)i * size, size), size);
    alc_float_mode_leave(&saved);
}

bool alc_decode_integers(alc_stored_dtype dtype, const unsigned char *bytes, int64_t count,
                         int64_t *values)
{
    size_t size = dtype_sizes[dtype];
    bool with_sign = dtype == ALC_STORED_I64 || dtype == ALC_STORED_I32 ||
                     dtype == ALC_STORED_I16 || dtype == ALC_STORED_I8;
    if (dtype == ALC_STORED_F64 || dtype == ALC_STORED_F32 || dtype == ALC_STORED_F16 ||
        dtype == ALC_STORED_BF16)
        return false;
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = alc_load_little_endian(bytes + (size_t)i * size, size);
        if (!with_sign && bits > (uint64_t)INT64_MAX)
            return false;
        if (dtype == ALC_STORED_BOOL)
            bits = bits != 0;
        values[i] = with_sign ? signed_of_bits(bits, size) : (int64_t)bits;
    }
    return true;
}

void alc_encode_reals(const alc_real *values, int64_t count, unsigned char *bytes)
{
    for (int64_t i = 0; i < count; i++) {
#ifdef ALCOR_DOUBLE
        uint64_t bits;
#else
        uint32_t bits;
#endif
        memcpy(&bits, &values[i], sizeof bits);
        alc_store_little_endian(bytes + (size_t)i * sizeof bits, sizeof bits, bits);
    }
}

void alc_encode_integers(const int64_t *values, int64_t count, unsigned char *bytes)
{
    for (int64_t i = 0; i < count; i++)
        alc_store_little_endian(bytes + 8 * i, 8, (uint64_t)values[i]);
}
