/* tests/io/test_safetensors_header.c - each rule of the format broken once, in files made here byte
 * by byte: the reader refuses each with a sentence that names the file, the tensor where there is
 * one, and what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "lib/io/safetensors_internal.h"
#include "support/failing_hooks.h"
#include "support/failing_json.h"
#include "support/run_tests.h"

/* A file in memory of exactly its size, so that sanitizers see a read beyond its end. */
typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes make_file(uint64_t header_length, const char *header, size_t header_bytes,
                       size_t value_bytes)
{
    bytes file = {.size = 8 + header_bytes + value_bytes};
    file.data = calloc(1, file.size);
    ck_assert_ptr_nonnull(file.data);
    alc_store_little_endian(file.data, 8, header_length);
    memcpy(file.data + 8, header, header_bytes);
    for (size_t i = 0; i < value_bytes; i++)
        file.data[8 + header_bytes + i] = (unsigned char)i;
    return file;
}

static alc_status parse(failing_hooks *hooks, bytes file, char *message, int64_t *count)
{
    alc_context *context = failing_hooks_context(hooks, 1);
    alc_safetensors *opened = NULL;
    alc_status status =
        alc_safetensors_parse(context, "model.safetensors", file.data, file.size, &opened);
    ck_assert((status == ALC_OK) == (opened != NULL));
    *count = alc_safetensors_count(opened);
    strcpy(message, alc_error_message(context));
    alc_safetensors_close(opened);
    alc_context_destroy(context);
    return status;
}

static void expect(bytes file, alc_status expected, const char *part_of_message)
{
    failing_hooks hooks;
    char message[1100];
    int64_t count;
    failing_hooks_init(&hooks);
    alc_status status = parse(&hooks, file, message, &count);
    ck_assert_msg(status == expected, "%s instead of %s: '%s' (expected '%s')",
                  alc_status_name(status), alc_status_name(expected), message, part_of_message);
    if (expected != ALC_OK) {
        ck_assert_msg(strstr(message, "model.safetensors") != NULL, "no file name: %s", message);
        ck_assert_msg(strstr(message, part_of_message) != NULL, "no '%s' in: %s", part_of_message,
                      message);
    }
    failing_hooks_check(&hooks);
    free(file.data);
}

static void expect_header(const char *header, size_t value_bytes, alc_status status,
                          const char *part_of_message)
{
    expect(make_file(strlen(header), header, strlen(header), value_bytes), status, part_of_message);
}

static void expect_bad(const char *header, size_t value_bytes, const char *part_of_message)
{
    expect_header(header, value_bytes, ALC_BAD_FILE, part_of_message);
}

#define F32_2 "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

START_TEST(good_files_are_read)
{
    expect_header("{}", 0, ALC_OK, "");
    expect_header("{\"a\":" F32_2 "}", 8, ALC_OK, "");
    expect_header("{\"a\":" F32_2 "}       ", 8, ALC_OK, "");
    expect_header("{\"__metadata__\":{}}", 0, ALC_OK, "");
    expect_header("{\"__metadata__\":{\"format\":\"pt\"},\"a\":" F32_2 "}", 8, ALC_OK, "");
    /* A value of no extents, tensors of no elements, values in another order than the header. */
    expect_header("{\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8, ALC_OK, "");
    expect_header("{\"e\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]},"
                  "\"a\":" F32_2 ",\"z\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,8]}}",
                  8, ALC_OK, "");
    expect_header("{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]},\"a\":" F32_2
                  "}",
                  11, ALC_OK, "");
    expect_header("{\"\\u00e9t\\u00e9 \\\"1\\\"\":" F32_2 "}", 8, ALC_OK, "");
    expect_header("{\"\":" F32_2 "}", 8, ALC_OK, "");
}
END_TEST

START_TEST(the_length_of_the_header)
{
    for (size_t size = 0; size < 8; size++) {
        bytes file = {calloc(1, size + 1), size};
        expect(file, ALC_BAD_FILE, "starts with 8 bytes");
    }
    expect(make_file(3, "{}", 2, 0), ALC_BAD_FILE, "only 2 follow byte 7");
    expect(make_file(0, "{}", 2, 0), ALC_BAD_FILE, "does not start with '{'");
    expect(make_file(100000001, "{}", 2, 0), ALC_BAD_FILE, "at most 100000000");
    expect(make_file(UINT64_MAX, "{}", 2, 0), ALC_BAD_FILE, "at most 100000000");
    expect(make_file(UINT64_C(1) << 63, "{}", 2, 0), ALC_BAD_FILE, "at most 100000000");
    expect(make_file(1, "{}", 2, 0), ALC_BAD_FILE, "JSON at byte 9");
}
END_TEST

START_TEST(the_header_is_json)
{
    expect_bad(" {}", 0, "does not start with '{'");
    expect_bad("[]", 0, "does not start with '{'");
    expect_bad("{\"a\":" F32_2 ",}", 8, "JSON at byte");
    expect_bad("{\"a\":" F32_2 "} x", 8, "JSON at byte");
    expect_bad("{\"a\":" F32_2, 8, "JSON at byte");
    expect_bad("{'a':" F32_2 "}", 8, "JSON at byte");
    expect(make_file(3, "{}", 3, 0), ALC_BAD_FILE, "JSON at byte"); /* a zero byte behind it */
    char deep[6000] = "{\"a\":";
    memset(deep + 5, '[', sizeof deep - 6);
    expect_bad(deep, 0, "JSON at byte");
}
END_TEST

START_TEST(names_are_utf8_and_different)
{
    expect_bad("{\"a\":" F32_2 ",\"a\":" F32_2 "}", 8, "duplicate");
    expect_bad("{\"a\":" F32_2 ",\"\\u0061\":" F32_2 "}", 8, "duplicate");
    expect_bad("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "duplicate");
    expect_bad("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate");
    expect_bad("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
               8, "duplicate");
    expect_bad("{\"\xff\":" F32_2 "}", 8, "JSON at byte");
    expect_bad("{\"\xc0\x80\":" F32_2 "}", 8, "JSON at byte");         /* overlong */
    expect_bad("{\"\xed\xa0\x80\":" F32_2 "}", 8, "JSON at byte");     /* a surrogate */
    expect_bad("{\"\xf4\x90\x80\x80\":" F32_2 "}", 8, "JSON at byte"); /* above U+10FFFF */
    expect_bad("{\"\\ud800\":" F32_2 "}", 8, "JSON at byte");
    expect_bad("{\"a\\u0000b\":" F32_2 "}", 8, "JSON at byte");
    expect_bad("{\"a\nb\":" F32_2 "}", 8, "JSON at byte");
}
END_TEST

START_TEST(metadata_are_strings)
{
    expect_bad("{\"__metadata__\":[]}", 0, "__metadata__ is no object");
    expect_bad("{\"__metadata__\":\"x\"}", 0, "__metadata__ is no object");
    expect_bad("{\"__metadata__\":null}", 0, "__metadata__ is no object");
    expect_bad("{\"__metadata__\":{\"epochs\":3}}", 0, "'epochs'");
    expect_bad("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, "'a'");
}
END_TEST

START_TEST(descriptions_are_complete)
{
    expect_bad("{\"w\":[]}", 0, "'w'");
    expect_bad("{\"w\":7}", 0, "'w'");
    expect_bad("{\"w\":{}}", 0, "'w': dtype is missing");
    expect_bad("{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "'w': dtype is missing");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "'w': shape is missing");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "'w': data_offsets is missing");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", 8,
               "'w': its description has more");
    expect_bad("{\"w\":{\"dtype\":4,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "'w': dtype");
    expect_header("{\"w\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
                  ALC_UNSUPPORTED, "'w' has values of kind 'F31'");
    expect_header("{\"w\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
                  ALC_UNSUPPORTED, "'f32'");
}
END_TEST

START_TEST(shapes)
{
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, "'w': shape");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8,
               "'w': shape");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8,
               "'w': shape");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8,
               "'w': shape");
    expect_bad(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
        "'w': the product of the extents overflows");
    expect_bad("{\"w\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}",
               0, "'w': the size in bytes overflows");
    expect_bad("{\"w\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,8]}}",
               8, "'w' needs 9223372036854775807 bytes");
    expect_bad("{\"w\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,8]}}",
               8, "JSON at byte");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
               "'w' needs 12 bytes by its shape and has 8");
}
END_TEST

START_TEST(places)
{
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8,
               "'w': data_offsets");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8,
               "'w': data_offsets");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{}}}", 8,
               "'w': data_offsets");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8,
               "'w': data_offsets");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8,
               "'w' lies at bytes 8 to 0");
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7,
               "'w' lies at bytes 0 to 8 of 7 bytes");
    /* A hole before, between and behind tensors; an overlap; the same place twice. */
    expect_bad("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole");
    expect_bad(
        "{\"a\":" F32_2 ",\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16,
        "'w' starts at byte 12 of the values, after a hole behind the end of the one before at 8");
    expect_bad("{\"a\":" F32_2 "}", 9, "1 bytes follow the last tensor, at byte");
    expect_bad("{}", 1, "1 bytes follow the last tensor, at byte 10");
    expect_bad("{\"a\":" F32_2 ",\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
               8, "'w' starts at byte 4 of the values, before the end");
    expect_bad("{\"a\":" F32_2 ",\"w\":" F32_2 "}", 8,
               "'w' starts at byte 0 of the values, before");
}
END_TEST

START_TEST(a_header_of_too_many_values_never_reaches_the_parser)
{
    size_t size = 3000000;
    char *header = malloc(size + 1);
    ck_assert_ptr_nonnull(header);
    memset(header, ',', size);
    header[0] = '{';
    header[size] = '\0';
    expect_bad(header, 0, "which is no model's");
    free(header);
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\"},\"a\":" F32_2 "}";
    bytes file = make_file(sizeof header - 1, header, sizeof header - 1, 8);
    for (int64_t n = 2;; n++) { /* the first is the context's */
        failing_hooks hooks;
        char message[1100];
        int64_t count;
        failing_hooks_init(&hooks);
        hooks.fail_allocation = n;
        alc_status status = parse(&hooks, file, message, &count);
        failing_hooks_check(&hooks);
        if (hooks.faults == 0) {
            ck_assert_int_eq(status, ALC_OK);
            ck_assert_int_ge(n, 5);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_ptr_nonnull(strstr(message, "cannot allocate"));
    }
    free(file.data);
}
END_TEST

START_TEST(the_parser_runs_out_of_memory)
{
    static const char header[] = "{\"__metadata__\":{\"k\":\"v\"},\"a\":" F32_2 "}";
    bytes file = make_file(sizeof header - 1, header, sizeof header - 1, 8);
    for (int64_t n = 1;; n++) {
        failing_hooks hooks;
        char message[1100];
        int64_t count;
        failing_hooks_init(&hooks);
        failing_json_begin(n);
        alc_status status = parse(&hooks, file, message, &count);
        failing_json_end();
        failing_hooks_check(&hooks);
        if (status == ALC_OK) {
            ck_assert_int_gt(n, 10);
            break;
        }
        ck_assert_msg(status == ALC_OUT_OF_MEMORY, "allocation %d: %s, '%s'", (int)n, alc_status_name(status), message);
        ck_assert_ptr_nonnull(strstr(message, "cannot allocate"));
    }
    free(file.data);
}
END_TEST

int main(void)
{
    return RUN_TESTS("safetensors_header", good_files_are_read, the_length_of_the_header,
                     the_header_is_json, names_are_utf8_and_different, metadata_are_strings,
                     descriptions_are_complete, shapes, places,
                     a_header_of_too_many_values_never_reaches_the_parser,
                     every_failing_allocation_is_survived, the_parser_runs_out_of_memory);
}
