/* tests/io/test_safetensors_write.c - what is written is read back, has the bytes that the format
 * wants, and depends on the arguments alone; wrong arguments and failing operations leave the old
 * file. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/safetensors.h"
#include "support/failing_checksum.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

enum { MANY = 20001 }; /* values: several chunks, and no multiple of one */

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    char path[1024];
    alc_real *many;
    int reads;
} fixture;

static const alc_real three[] = {1, -2, (alc_real)0.1};
static const int64_t steps = 12345678901;

static void set_up(fixture *f)
{
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    temporary_path(&f->folder, "out.safetensors", f->path);
    f->reads = 0;
    f->many = malloc(MANY * sizeof *f->many);
    ck_assert_ptr_nonnull(f->many);
    for (int i = 0; i < MANY; i++)
        f->many[i] = (alc_real)(i * 0.37 - 1000);
}

static void tear_down(fixture *f)
{
    free(f->many);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

static void read_many(void *user, void *values)
{
    fixture *f = user;
    memcpy(values, f->many, MANY * sizeof *f->many);
    f->reads++;
}

static alc_status write_example(fixture *f)
{
    const alc_tensor_source tensors[] = {
        {.name = "conv.weight", .shape = ALC_SHAPE(3, 1), .values = three},
        {.name = "bn.num_batches_tracked", .integers = true, .values = &steps},
        {.name = "\"odd\" n\xc3\xa4me\n",
         .shape = ALC_SHAPE(3, 6667),
         .read = read_many,
         .user = f},
        {.name = "empty", .shape = {.rank = 2, .extent = {0, 4}}},
        {.name = "one", .values = three},
    };
    static const alc_metadata_entry entries[] = {{"classes", "[\"GALAXY\",\"QSO\",\"STAR\"]"},
                                                 {"note", "tab\tquote\" \xe2\x9c\xa8"}};
    return alc_safetensors_write(f->context, f->path, tensors, 5, (alc_metadata){entries, 2});
}

START_TEST(what_is_written_is_read)
{
    fixture f;
    alc_safetensors *file;
    alc_real reals[3], *many = malloc(MANY * sizeof *many);
    int64_t integer;
    set_up(&f);
    ck_assert_int_eq(write_example(&f), ALC_OK);
    ck_assert_int_eq(f.reads, 2);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_count(file), 5);
    ck_assert_str_eq(alc_safetensors_tensor(file, 0).name, "bn.num_batches_tracked");
    ck_assert_int_eq(alc_safetensors_read_integers(file, 0, &integer), ALC_OK);
    ck_assert_int_eq(integer, steps);
    ck_assert_int_eq(
        alc_safetensors_read_reals(file, alc_safetensors_find(file, "conv.weight"), reals), ALC_OK);
    ck_assert_int_eq(memcmp(reals, three, sizeof three), 0);
    int64_t odd = alc_safetensors_find(file, "\"odd\" n\xc3\xa4me\n");
    ck_assert_int_eq(alc_safetensors_tensor(file, odd).elements, MANY);
    ck_assert_int_eq(alc_safetensors_read_reals(file, odd, many), ALC_OK);
    ck_assert_int_eq(memcmp(many, f.many, MANY * sizeof *many), 0);
    ck_assert_int_eq(alc_safetensors_tensor(file, alc_safetensors_find(file, "empty")).elements, 0);
    ck_assert_int_eq(alc_safetensors_tensor(file, alc_safetensors_find(file, "one")).rank, 0);
    alc_metadata metadata = alc_safetensors_metadata(file);
    ck_assert_str_eq(alc_metadata_find(metadata, "note"), "tab\tquote\" \xe2\x9c\xa8");
    ck_assert_str_eq(alc_metadata_find(metadata, "alcor_version"), alc_version());
    ck_assert_uint_eq(strlen(alc_metadata_find(metadata, "alcor_xxh3")), 16);
    alc_safetensors_close(file);
    free(many);
    tear_down(&f);
}
END_TEST

START_TEST(the_bytes_are_the_formats)
{
    fixture f;
    size_t size;
    set_up(&f);
    ck_assert_int_eq(write_example(&f), ALC_OK);
    unsigned char *bytes = read_test_file(f.path, &size);
    size_t header = bytes[0] + 256u * bytes[1];
    ck_assert_uint_eq(header % 8, 0);
    ck_assert_uint_eq(size, 8 + header + 8 + (3 + MANY + 1) * sizeof(alc_real));
    ck_assert_int_eq(memcmp(bytes + 8 + header, "\x35\x1c\xdc\xdf\x02\0\0\0", 8), 0);
    ck_assert_int_eq(memcmp(bytes + 8 + header + 8, three, sizeof three),
                     0); /* little-endian hosts */
    json_t *root = json_loadb((char *)bytes + 8, header, JSON_REJECT_DUPLICATES, NULL);
    json_t *weight = json_object_get(root, "conv.weight");
    ck_assert_str_eq(json_string_value(json_object_get(weight, "dtype")),
                     sizeof(alc_real) == 4 ? "F32" : "F64");
    ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(weight, "shape"), 0)), 3);
    ck_assert_int_eq(json_integer_value(json_array_get(json_object_get(weight, "data_offsets"), 0)),
                     8);
    json_decref(root);
    free(bytes);
    tear_down(&f);
}
END_TEST

START_TEST(the_same_arguments_give_the_same_bytes)
{
    fixture f;
    size_t size, size_again;
    set_up(&f);
    ck_assert_int_eq(write_example(&f), ALC_OK);
    unsigned char *bytes = read_test_file(f.path, &size);
    f.hooks.short_transfers = true;
    f.hooks.interrupted = true;
    ck_assert_int_eq(write_example(&f), ALC_OK);
    unsigned char *again = read_test_file(f.path, &size_again);
    ck_assert_uint_eq(size, size_again);
    ck_assert_int_eq(memcmp(bytes, again, size), 0);
    free(bytes);
    free(again);
    tear_down(&f);
}
END_TEST

START_TEST(a_file_may_be_empty)
{
    fixture f;
    alc_safetensors *file;
    set_up(&f);
    ck_assert_int_eq(alc_safetensors_write(f.context, f.path, NULL, 0, (alc_metadata){0}), ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(f.context, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_safetensors_count(file), 0);
    alc_safetensors_close(file);
    tear_down(&f);
}
END_TEST

static void expect_refusal(fixture *f, const alc_tensor_source *tensors, int64_t count,
                           alc_metadata metadata, const char *part_of_message)
{
    ck_assert_int_eq(alc_safetensors_write(f->context, f->path, tensors, count, metadata),
                     ALC_INVALID_ARGUMENT);
    ck_assert_msg(strstr(alc_error_message(f->context), part_of_message) != NULL, "no '%s' in: %s",
                  part_of_message, alc_error_message(f->context));
    ck_assert_int_eq(temporary_folder_files(&f->folder), 0);
}

START_TEST(wrong_tensors_are_refused)
{
    fixture f;
    set_up(&f);
    alc_metadata none = {0};
    const alc_tensor_source good = {.name = "a", .shape = ALC_SHAPE(3), .values = three};
    alc_tensor_source wrong[2] = {good, good};
    expect_refusal(&f, wrong, 2, none, "'a' is there twice");
    wrong[0].name = NULL;
    expect_refusal(&f, wrong, 1, none, "no name");
    wrong[0].name = "\xff";
    expect_refusal(&f, wrong, 1, none, "not UTF-8");
    wrong[0].name = "__metadata__";
    expect_refusal(&f, wrong, 1, none, "format's own");
    wrong[0] = good;
    wrong[0].values = NULL;
    expect_refusal(&f, wrong, 1, none, "no values");
    wrong[0] = good;
    wrong[0].shape.extent[0] = -1;
    expect_refusal(&f, wrong, 1, none, "shape");
    wrong[0].shape.rank = -1;
    expect_refusal(&f, wrong, 1, none, "shape");
    wrong[0].shape.rank = ALC_MAX_RANK + 1;
    expect_refusal(&f, wrong, 1, none, "shape");
    wrong[0].shape = ALC_SHAPE(INT64_MAX, 3);
    expect_refusal(&f, wrong, 1, none, "shape");
    wrong[0].shape = wrong[1].shape = ALC_SHAPE(INT64_MAX / 16);
    wrong[1].name = "b";
    wrong[0].integers = wrong[1].integers = true;
    alc_tensor_source large[] = {wrong[0], wrong[1], wrong[0]};
    large[2].name = "c";
    expect_refusal(&f, large, 3, none, "too large");
    expect_refusal(&f, NULL, 1, none, "NULL");
    expect_refusal(&f, &good, -1, none, "negative");
    ck_assert_int_eq(alc_safetensors_write(NULL, f.path, NULL, 0, none), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_safetensors_write(f.context, NULL, NULL, 0, none), ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

START_TEST(wrong_strings_are_refused)
{
    fixture f;
    set_up(&f);
    static const struct {
        alc_metadata_entry entries[2];
        const char *part_of_message;
    } wrong[] = {
        {{{"a", "1"}, {"a", "2"}}, "'a' is there twice"},
        {{{"a", "1"}, {NULL, "2"}}, "NULL"},
        {{{"a", "1"}, {"b", NULL}}, "NULL"},
        {{{"a", "1"}, {"b", "\xfe"}}, "not UTF-8"},
        {{{"a", "1"}, {"\x80", "2"}}, "not UTF-8"},
        {{{"a", "1"}, {"alcor_xxh3", "2"}}, "reserved"},
        {{{"a", "1"}, {"alcor_anything", "2"}}, "reserved"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_refusal(&f, NULL, 0, (alc_metadata){wrong[i].entries, 2}, wrong[i].part_of_message);
    expect_refusal(&f, NULL, 0, (alc_metadata){NULL, 1}, "NULL");
    tear_down(&f);
}
END_TEST

START_TEST(a_checksum_needs_memory)
{
    fixture f;
    set_up(&f);
    checksum_states_fail = true;
    ck_assert_int_eq(write_example(&f), ALC_OUT_OF_MEMORY);
    checksum_states_fail = false;
    ck_assert_str_eq(alc_error_message(f.context), "cannot allocate memory for a checksum");
    ck_assert_int_eq(temporary_folder_files(&f.folder), 0);
    ck_assert_int_eq(write_example(&f), ALC_OK);
    tear_down(&f);
}
END_TEST

/* The format allows 100 MB of header. */
START_TEST(a_header_has_a_limit)
{
    enum { TOO_MUCH = 100000000 };
    fixture f;
    set_up(&f);
    char *text = malloc(TOO_MUCH + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', TOO_MUCH);
    text[TOO_MUCH] = '\0';
    const alc_metadata_entry entry = {"note", text};
    expect_refusal(&f, NULL, 0, (alc_metadata){&entry, 1}, "at most 100000000 are allowed");
    free(text);
    tear_down(&f);
}
END_TEST

START_TEST(every_failure_leaves_the_old_file)
{
    fixture f;
    size_t size;
    set_up(&f);
    write_test_file(f.path, "old", 3);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = write_example(&f);
        if (f.hooks.faults == 0)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        unsigned char *bytes = read_test_file(f.path, &size);
        ck_assert_uint_eq(size, 3);
        free(bytes);
        ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    }
    ck_assert_int_ge(f.hooks.fail_allocation, 8);
    failing_hooks_relent(&f.hooks);
    for (f.hooks.fail_file = 1;; f.hooks.fail_file++) {
        write_test_file(f.path, "old", 3);
        failing_hooks_restart(&f.hooks);
        alc_status status = write_example(&f);
        if (f.hooks.faults == 0)
            break;
        unsigned char *bytes = read_test_file(f.path, &size);
        ck_assert((size == 3) == (status != ALC_OK) ||
                  strstr(alc_error_message(f.context), "sync the directory") != NULL);
        free(bytes);
        ck_assert_int_eq(temporary_folder_files(&f.folder), 1);
    }
    ck_assert_int_ge(f.hooks.fail_file, 8);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("safetensors_write", what_is_written_is_read, the_bytes_are_the_formats,
                     the_same_arguments_give_the_same_bytes, a_file_may_be_empty,
                     wrong_tensors_are_refused, wrong_strings_are_refused,
                     a_checksum_needs_memory, a_header_has_a_limit, every_failure_leaves_the_old_file);
}
