/* tests/io/test_safetensors_checksum.c - a flipped bit or a missing byte anywhere in a file that
 * the library wrote is noticed; a file without a checksum is taken as it is. */
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "lib/io/safetensors_internal.h"
#include "support/failing_checksum.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    unsigned char *bytes;
    size_t size;
} fixture;

static void set_up(fixture *f)
{
    static const alc_real values[] = {1, 2, 3};
    const alc_tensor_source tensors[] = {{.name = "w", .shape = ALC_SHAPE(3), .values = values}};
    /* Contains what the checksum is looked for by, as it may stand in a value. */
    static const alc_metadata_entry entries[] = {{"note", "\"alcor_xxh3\":\"0\""}};
    char path[1024];
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    temporary_path(&f->folder, "w.safetensors", path);
    ck_assert_int_eq(
        alc_safetensors_write(f->context, path, tensors, 1, (alc_metadata){entries, 1}), ALC_OK);
    f->bytes = read_test_file(path, &f->size);
}

static void tear_down(fixture *f)
{
    free(f->bytes);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

static alc_status parse(fixture *f, size_t size)
{
    alc_safetensors *file;
    alc_status status = alc_safetensors_parse(f->context, "w", f->bytes, size, &file);
    ck_assert((file == NULL) == (status != ALC_OK));
    alc_safetensors_close(file);
    return status;
}

START_TEST(the_checksum_is_xxh3_with_zeros_in_its_place)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_parse(f.context, "w", f.bytes, f.size, &file), ALC_OK);
    ck_assert(file->has_checksum);
    uint64_t checksum = file->checksum;
    char text[ALC_CHECKSUM_DIGITS + 1];
    alc_checksum_text(checksum, text);
    ck_assert_str_eq(alc_metadata_find(file->metadata, "alcor_xxh3"), text);
    alc_safetensors_close(file);
    char *digits = NULL;
    for (size_t i = 0; i + 16 <= f.size; i++)
        if (memcmp(f.bytes + i, text, 16) == 0)
            digits = (char *)f.bytes + i;
    ck_assert_ptr_nonnull(digits);
    memset(digits, '0', 16);
    ck_assert_uint_eq(XXH3_64bits(f.bytes, f.size), checksum);
    tear_down(&f);
}
END_TEST

START_TEST(every_flipped_bit_is_noticed)
{
    fixture f;
    set_up(&f);
    ck_assert_int_eq(parse(&f, f.size), ALC_OK);
    for (size_t byte = 0; byte < f.size; byte++)
        for (int bit = 0; bit < 8; bit++) {
            f.bytes[byte] ^= (unsigned char)(1 << bit);
            alc_status status = parse(&f, f.size);
            f.bytes[byte] ^= (unsigned char)(1 << bit);
            ck_assert_msg(status != ALC_OK, "bit %d of byte %zu", bit, byte);
        }
    ck_assert_int_eq(parse(&f, f.size), ALC_OK);
    tear_down(&f);
}
END_TEST

START_TEST(every_truncation_is_noticed)
{
    fixture f;
    set_up(&f);
    for (size_t size = 0; size < f.size; size++)
        ck_assert_int_eq(parse(&f, size), ALC_BAD_FILE);
    tear_down(&f);
}
END_TEST

START_TEST(a_changed_value_is_called_corrupt)
{
    fixture f;
    set_up(&f);
    f.bytes[f.size - 1] ^= 1;
    ck_assert_int_eq(parse(&f, f.size), ALC_CORRUPT);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "checksum"));
    tear_down(&f);
}
END_TEST

static void expect_parse(fixture *f, const char *header, alc_status expected)
{
    alc_safetensors *file;
    unsigned char bytes[256];
    size_t length = strlen(header);
    alc_store_little_endian(bytes, 8, length);
    memcpy(bytes + 8, header, length);
    ck_assert_int_eq(alc_safetensors_parse(f->context, "w", bytes, 8 + length, &file), expected);
    if (file != NULL)
        ck_assert(!file->has_checksum);
    alc_safetensors_close(file);
}

START_TEST(files_without_a_checksum)
{
    fixture f;
    set_up(&f);
    expect_parse(&f, "{\"__metadata__\":{\"format\":\"pt\"}}", ALC_OK);
    expect_parse(&f, "{\"__metadata__\":{\"xxh3\":\"0000000000000000\"}}", ALC_OK);
    /* The library would have written one. */
    expect_parse(&f, "{\"__metadata__\":{\"alcor_version\":\"0.1.0\"}}", ALC_CORRUPT);
    expect_parse(&f, "{\"__metadata__\":{\"alcor_xxh3\":\"0\"}}", ALC_CORRUPT);
    expect_parse(&f, "{\"__metadata__\":{\"alcor_xxh3\":\"\"}}", ALC_CORRUPT);
    expect_parse(&f, "{\"__metadata__\":{\"alcor_xxh3\":\"000000000000000G\"}}", ALC_CORRUPT);
    expect_parse(&f, "{\"__metadata__\":{\"alcor_xxh3\" : \"0000000000000000\"}}", ALC_CORRUPT);
    expect_parse(&f, "{\"__metadata__\":{\"alcor_xxh3\":\"0000000000000000\"}}", ALC_CORRUPT);
    tear_down(&f);
}
END_TEST

START_TEST(a_checksum_needs_memory)
{
    fixture f;
    set_up(&f);
    checksum_states_fail = true;
    ck_assert_int_eq(parse(&f, f.size), ALC_OUT_OF_MEMORY);
    checksum_states_fail = false;
    ck_assert_str_eq(alc_error_message(f.context), "cannot allocate memory for a checksum");
    ck_assert_int_eq(parse(&f, f.size), ALC_OK);
    tear_down(&f);
}
END_TEST

START_TEST(texts_of_checksums)
{
    char text[ALC_CHECKSUM_DIGITS + 1];
    uint64_t value = 7;
    alc_checksum_text(UINT64_C(0x0123456789abcdef), text);
    ck_assert_str_eq(text, "0123456789abcdef");
    ck_assert(alc_parse_checksum(text, &value));
    ck_assert_uint_eq(value, UINT64_C(0x0123456789abcdef));
    static const char *const wrong[] = {"",
                                        "0123456789abcde",
                                        "0123456789abcdef0",
                                        "0123456789ABCDEF",
                                        "0123456789abcde ",
                                        "0x23456789abcdef"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert(!alc_parse_checksum(wrong[i], &value));
}
END_TEST

int main(void)
{
    return RUN_TESTS("safetensors_checksum", the_checksum_is_xxh3_with_zeros_in_its_place,
                     every_flipped_bit_is_noticed, every_truncation_is_noticed,
                     a_changed_value_is_called_corrupt, files_without_a_checksum,
                     a_checksum_needs_memory, texts_of_checksums);
}
