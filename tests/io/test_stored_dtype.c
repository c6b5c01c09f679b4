/* tests/io/test_stored_dtype.c - every kind of stored value against another way to compute it. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "lib/io/stored_dtype.h"
#include "support/run_tests.h"

static alc_real decode_one(alc_stored_dtype dtype, uint64_t bits)
{
    unsigned char bytes[9] = {0};
    alc_real value = -77;
    /* Not aligned on purpose. */
    alc_store_little_endian(bytes + 1, alc_stored_dtype_size(dtype), bits);
    alc_decode_reals(dtype, bytes + 1, 1, &value);
    return value;
}

START_TEST(names_and_sizes)
{
    alc_stored_dtype dtype;
    for (int i = 0; i < ALC_STORED_DTYPE_COUNT; i++) {
        ck_assert(alc_stored_dtype_of_name(alc_stored_dtype_name((alc_stored_dtype)i), &dtype));
        ck_assert_int_eq(dtype, i);
    }
    ck_assert(!alc_stored_dtype_of_name("F8_E4M3", &dtype));
    ck_assert(!alc_stored_dtype_of_name("", &dtype));
    ck_assert_str_eq(alc_stored_dtype_name((alc_stored_dtype)-1), "unknown");
    ck_assert_str_eq(alc_stored_dtype_name(ALC_STORED_DTYPE_COUNT), "unknown");
    ck_assert_uint_eq(alc_stored_dtype_size(ALC_STORED_BF16), 2);
    ck_assert_uint_eq(alc_stored_dtype_size(ALC_STORED_F64), 8);
}
END_TEST

/* By the definition, with ldexp. */
static double half_by_definition(unsigned bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double sign = bits & 0x8000 ? -1.0 : 1.0;
    if (exponent == 0)
        return sign * ldexp(fraction, -24);
    return sign * ldexp(1 + fraction / 1024.0, exponent - 15);
}

START_TEST(all_halves)
{
    int wrong = 0;
    for (unsigned bits = 0; bits < 65536; bits++) {
        double value = (double)decode_one(ALC_STORED_F16, bits);
        if ((bits >> 10 & 31) == 31) {
            bool right = bits & 1023
                             ? isnan(value)
                             : isinf(value) && signbit(value) == (bits >> 15 ? signbit(-1.0) : 0);
            wrong += !right;
        } else {
            double expected = half_by_definition(bits);
            wrong += !(value == expected && !signbit(value) == !signbit(expected));
        }
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert(decode_one(ALC_STORED_F16, 0x7bff) == 65504);
    ck_assert(decode_one(ALC_STORED_F16, 0x3555) == (alc_real)0.333251953125);
}
END_TEST

START_TEST(all_bfloats)
{
    int wrong = 0;
    for (unsigned bits = 0; bits < 65536; bits++) {
        int exponent = (int)(bits >> 7 & 255), fraction = (int)(bits & 127);
        double sign = bits & 0x8000 ? -1.0 : 1.0;
        double value = (double)decode_one(ALC_STORED_BF16, bits);
        double expected = exponent == 0 ? sign * ldexp(fraction, -133)
                                        : sign * ldexp(1 + fraction / 128.0, exponent - 127);
        if (exponent == 255)
            wrong += fraction ? !isnan(value) : !isinf(value);
        else
            wrong += !(value == expected && !signbit(value) == !signbit(expected));
    }
    ck_assert_int_eq(wrong, 0);
}
END_TEST

START_TEST(floats_and_doubles)
{
    ck_assert(decode_one(ALC_STORED_F32, 0x40490fdb) == (alc_real)3.14159274101257324219);
    ck_assert(decode_one(ALC_STORED_F32, 1) == (alc_real)0x1p-149);
    ck_assert(isnan(decode_one(ALC_STORED_F32, 0x7fc00000)));
    ck_assert(decode_one(ALC_STORED_F64, UINT64_C(0x400921fb54442d18)) ==
              (alc_real)3.14159265358979311600);
    ck_assert(signbit(decode_one(ALC_STORED_F64, UINT64_C(0x8000000000000000))));
    /* A host that rounds up shall not change what is loaded. */
    uint64_t third = UINT64_C(0x3fd5555555555555);
    alc_real nearest = decode_one(ALC_STORED_F64, third);
    fesetround(FE_UPWARD);
    alc_real same = decode_one(ALC_STORED_F64, third);
    fesetround(FE_TONEAREST);
    ck_assert(nearest == same);
}
END_TEST

START_TEST(integers_of_all_sizes)
{
    static const struct {
        alc_stored_dtype dtype;
        uint64_t bits;
        int64_t value;
    } known[] = {
        {ALC_STORED_I64, UINT64_MAX, -1},
        {ALC_STORED_I64, UINT64_C(1) << 63, INT64_MIN},
        {ALC_STORED_I64, (uint64_t)INT64_MAX, INT64_MAX},
        {ALC_STORED_I32, 0x80000000, INT32_MIN},
        {ALC_STORED_I32, 0x7fffffff, INT32_MAX},
        {ALC_STORED_I16, 0xffff, -1},
        {ALC_STORED_I8, 0x80, -128},
        {ALC_STORED_I8, 0x7f, 127},
        {ALC_STORED_U64, (uint64_t)INT64_MAX, INT64_MAX},
        {ALC_STORED_U32, 0xffffffff, UINT32_MAX},
        {ALC_STORED_U16, 0xffff, 65535},
        {ALC_STORED_U8, 0xff, 255},
        {ALC_STORED_BOOL, 1, 1},
        {ALC_STORED_BOOL, 0, 0},
        {ALC_STORED_BOOL, 7, 1},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        unsigned char bytes[8];
        int64_t value;
        alc_store_little_endian(bytes, 8, known[i].bits);
        ck_assert(alc_decode_integers(known[i].dtype, bytes, 1, &value));
        ck_assert_int_eq(value, known[i].value);
        ck_assert(decode_one(known[i].dtype, known[i].bits) == (alc_real)known[i].value);
    }
}
END_TEST

START_TEST(what_is_no_integer_is_refused)
{
    unsigned char bytes[8];
    int64_t value;
    alc_store_little_endian(bytes, 8, UINT64_C(1) << 63);
    ck_assert(!alc_decode_integers(ALC_STORED_U64, bytes, 1, &value));
    ck_assert(!alc_decode_integers(ALC_STORED_F64, bytes, 1, &value));
    ck_assert(!alc_decode_integers(ALC_STORED_F32, bytes, 1, &value));
    ck_assert(!alc_decode_integers(ALC_STORED_F16, bytes, 1, &value));
    ck_assert(!alc_decode_integers(ALC_STORED_BF16, bytes, 1, &value));
    ck_assert(decode_one(ALC_STORED_U64, UINT64_C(1) << 63) == (alc_real)9223372036854775808.0);
}
END_TEST

START_TEST(encoding_is_undone_by_decoding)
{
    const alc_real reals[] = {0, -0.0, 1, (alc_real)-1.1, INFINITY, (alc_real)1e-39};
    const int64_t integers[] = {0, 1, -1, INT64_MIN, INT64_MAX};
    unsigned char bytes[48];
    alc_real reals_again[6];
    int64_t integers_again[5];
    alc_encode_reals(reals, 6, bytes);
    alc_decode_reals(ALC_STORED_REAL, bytes, 6, reals_again);
    ck_assert_int_eq(memcmp(reals, reals_again, sizeof reals), 0);
    alc_encode_integers(integers, 5, bytes);
    ck_assert(alc_decode_integers(ALC_STORED_I64, bytes, 5, integers_again));
    ck_assert_int_eq(memcmp(integers, integers_again, sizeof integers), 0);
    alc_encode_integers(&(const int64_t){0x0102030405060708}, 1, bytes);
    ck_assert_int_eq(bytes[0], 8);
    ck_assert_int_eq(bytes[7], 1);
}
END_TEST

int main(void)
{
    return RUN_TESTS("stored_dtype", names_and_sizes, all_halves, all_bfloats, floats_and_doubles,
                     integers_of_all_sizes, what_is_no_integer_is_refused,
                     encoding_is_undone_by_decoding);
}
