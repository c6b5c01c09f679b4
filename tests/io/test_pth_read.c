/* tests/io/test_pth_read.c - PyTorch's files: those that it wrote itself (tests/io/pth, by scripts/make_pth_samples.py) give
 * the values that were saved, and files made here break each rule of the two forms once. The zip format's own rules are
 * test_zip_directory.c's, a pickle's test_pickle.c's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io/safetensors_internal.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/zip_builder.h"

typedef struct fixture {
    failing_hooks hooks;
    alc_context *context;
    alc_safetensors *file;
} fixture;

static void set_up(fixture *f)
{
    *f = (fixture){0};
    failing_hooks_init(&f->hooks);
    f->context = failing_hooks_context(&f->hooks, 1);
}

static void tear_down(fixture *f)
{
    alc_safetensors_close(f->file);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
}

/* ---- what PyTorch wrote ---- */

static alc_real formula(int64_t i)
{
    return (alc_real)(i * 7 % 11 - 5) / 4;
}

/* The named tensor has these extents, and element (i, j) is formula(first + i * down + j * right). */
static void expect_matrix(const fixture *f, const char *name, alc_stored_dtype dtype, int64_t rows, int64_t columns,
                          int64_t first, int64_t down, int64_t right)
{
    alc_real values[32];
    const int64_t index = alc_safetensors_find(f->file, name);
    const alc_stored_tensor about = alc_safetensors_tensor(f->file, index);
    ck_assert_msg(index >= 0, "no '%s'", name);
    ck_assert_int_eq(about.dtype, dtype);
    ck_assert_int_eq(about.elements, rows * columns);
    ck_assert_int_eq(about.extent[0], rows);
    ck_assert(about.rank == 1 || (about.rank == 2 && about.extent[1] == columns));
    ck_assert_int_eq(alc_safetensors_read_reals(f->file, index, values), ALC_OK);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            ck_assert_msg(values[i * columns + j] == formula(first + i * down + j * right), "%s: element %lld, %lld", name,
                          (long long)i, (long long)j);
}

static void open_sample(fixture *f, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "tests/io/pth/%s.pth", name);
    ck_assert_msg(alc_weights_open(f->context, path, &f->file) == ALC_OK, "%s", alc_error_message(f->context));
}

START_TEST(every_form_that_pytorch_writes)
{
    static const char *const names[] = {"zip", "older", "state_dict", "model"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        fixture f;
        int64_t integer = 0;
        alc_real values[1];
        set_up(&f);
        open_sample(&f, names[i]);
        ck_assert_int_eq(alc_safetensors_count(f.file), 8);
        ck_assert_int_eq(alc_safetensors_metadata(f.file).count, 0);
        expect_matrix(&f, "f64", ALC_STORED_F64, 3, 1, 0, 1, 0);
        expect_matrix(&f, "f32.rows", ALC_STORED_F32, 3, 4, 8, 4, 1);
        expect_matrix(&f, "f32.columns", ALC_STORED_F32, 3, 4, 1, 1, 6);
        expect_matrix(&f, "f32.expanded", ALC_STORED_F32, 2, 3, 3, 0, 0);
        expect_matrix(&f, "f16", ALC_STORED_F16, 5, 1, 0, 1, 0);
        expect_matrix(&f, "bf16", ALC_STORED_BF16, 4, 1, 0, 1, 0);
        expect_matrix(&f, "empty", ALC_STORED_F32, 0, 3, 0, 0, 0);
        const int64_t count = alc_safetensors_find(f.file, "num_batches_tracked");
        ck_assert_int_eq(alc_safetensors_tensor(f.file, count).rank, 0);
        ck_assert_int_eq(alc_safetensors_read_integers(f.file, count, &integer), ALC_OK);
        ck_assert_int_eq(integer, 7);
        ck_assert_int_eq(alc_safetensors_read_reals(f.file, count, values), ALC_OK);
        ck_assert(values[0] == 7);
        ck_assert_int_eq(alc_safetensors_read_integers(f.file, alc_safetensors_find(f.file, "empty"), &integer),
                         ALC_MISMATCH);
        tear_down(&f);
    }
}
END_TEST

START_TEST(modules_and_parameters)
{
    static const char *const names[] = {"linear", "parameters"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        fixture f;
        set_up(&f);
        open_sample(&f, names[i]);
        ck_assert_int_eq(alc_safetensors_count(f.file), 2);
        expect_matrix(&f, "weight", ALC_STORED_F32, 3, 2, 0, 2, 1);
        expect_matrix(&f, "bias", ALC_STORED_F32, 3, 1, 0, 1, 0);
        tear_down(&f);
    }
}
END_TEST

START_TEST(what_is_no_state_dict_is_refused)
{
    fixture f;
    set_up(&f);
    ck_assert_int_eq(alc_weights_open(f.context, "tests/io/pth/refused.pth", &f.file), ALC_UNSUPPORTED);
    ck_assert_ptr_null(f.file);
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "refused.pth: byte "));
    ck_assert_ptr_nonnull(strstr(alc_error_message(f.context), "the pickle names torch.device;"));
    /* Only safetensors files have strings, so whoever asks for one does not get this. */
    ck_assert_int_eq(alc_safetensors_open(f.context, "tests/io/pth/zip.pth", &f.file), ALC_BAD_FILE);
    ck_assert_int_eq(alc_weights_open(f.context, "/none", &f.file), ALC_IO_ERROR);
    ck_assert_int_eq(alc_weights_open(f.context, NULL, &f.file), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_weights_open(NULL, "/none", &f.file), ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_weights_open(f.context, "/none", NULL), ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

/* ---- what is made here ---- */

static void expect(const unsigned char *bytes, size_t size, alc_status expected, const char *sentence)
{
    fixture f;
    set_up(&f);
    alc_status status = alc_weights_parse(f.context, "w.pth", bytes, size, &f.file);
    const char *message = alc_error_message(f.context);
    ck_assert_msg(status == expected, "%s, not %s: '%s' (expected '%s')", alc_status_name(status),
                  alc_status_name(expected), message, sentence);
    ck_assert_msg(status == ALC_OK || strncmp(message, "w.pth", 5) == 0, "no file in: %s", message);
    ck_assert_msg(strstr(message, sentence) != NULL, "no '%s' in: %s", sentence, message);
    tear_down(&f);
}

#define TEXT(length, text) "X" length "\0\0\0" text
/* A storage of four floats under KEY, and a tensor of two by two of it. */
#define STORAGE(key, count) "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", key) TEXT("\3", "cpu") "K" count "tQ"
#define OLDER_STORAGE(class, key, count) \
    "(" TEXT("\7", "storage") "ctorch\n" class "Storage\n" TEXT("\1", key) TEXT("\3", "cpu") "K" count "NtQ"
#define TENSOR(storage) \
    "ctorch._utils\n_rebuild_tensor_v2\n(" storage "K\0K\2K\2\x86K\2K\1\x86\x89" "ccollections\nOrderedDict\n)RtR"
#define SIZED(literal) literal, sizeof(literal) - 1
#define PICKLE(content) SIZED("\x80\2" content ".")
#define GOOD "}" TEXT("\1", "w") TENSOR(STORAGE("0", "\4")) "s"

static void expect_zip(zip_builder *z, alc_status status, const char *sentence)
{
    zip_finish(z);
    expect(z->bytes, z->size, status, sentence);
    zip_free(z);
}

static void expect_pickle(const void *pickle, size_t bytes, alc_status status, const char *sentence)
{
    zip_builder z = {0};
    zip_add(&z, "w/data.pkl", pickle, bytes);
    zip_add(&z, "w/data/0", "0123456789abcdef", 16);
    expect_zip(&z, status, sentence);
}

START_TEST(the_zip_file_holds_what_the_pickle_names)
{
    zip_builder z = {0};
    expect_pickle(PICKLE(GOOD), ALC_OK, "");
    expect_zip(&z, ALC_BAD_FILE, "w.pth"); /* no entry at all: it does not begin as a zip file */
    zip_add(&z, "w/data", "", 0);
    expect_zip(&z, ALC_BAD_FILE, "a zip file with 0 entries NAME/data.pkl; PyTorch's has one");
    zip_add(&z, "data.pkl", PICKLE(GOOD));
    expect_zip(&z, ALC_BAD_FILE, "a zip file with 0 entries NAME/data.pkl");
    zip_add(&z, "v/w/data.pkl", PICKLE(GOOD));
    expect_zip(&z, ALC_BAD_FILE, "a zip file with 0 entries NAME/data.pkl");
    zip_add(&z, "v/data.pkl", PICKLE(GOOD));
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    expect_zip(&z, ALC_BAD_FILE, "a zip file with 2 entries NAME/data.pkl");
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    expect_zip(&z, ALC_BAD_FILE, "storage '0' is not in the zip file");
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    zip_add(&z, "v/data/0", "0123456789abcdef", 16);
    expect_zip(&z, ALC_BAD_FILE, "storage '0' is not in the zip file");
    for (size_t bytes = 15; bytes <= 17; bytes += 2) {
        zip_add(&z, "w/data.pkl", PICKLE(GOOD));
        zip_add(&z, "w/data/0", "0123456789abcdefg", bytes);
        expect_zip(&z, ALC_BAD_FILE, bytes == 15 ? "storage '0' has 4 values of F32 and 15 bytes" : "and 17 bytes");
    }
}
END_TEST

START_TEST(other_files_of_pytorch_are_refused)
{
    zip_builder z = {0};
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    zip_add(&z, "w/constants.pkl", "", 0);
    expect_zip(&z, ALC_UNSUPPORTED, "w.pth: is a TorchScript program");
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    zip_add(&z, "w/byteorder", "big", 3);
    expect_zip(&z, ALC_UNSUPPORTED, "w.pth: its values are not little-endian");
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    zip_add(&z, "w/byteorder", "little", 6);
    zip_add(&z, "w/data/0", "0123456789abcdef", 16);
    expect_zip(&z, ALC_OK, "");
    zip_add(&z, "w/data.pkl", PICKLE(GOOD));
    zip_add(&z, "w/data/0", "0123456789abcdef", 16);
    z.entries[1].crc ^= 1;
    expect_zip(&z, ALC_CORRUPT, "w.pth is damaged: entry 'w/data/0'");
}
END_TEST

START_TEST(the_pickle_holds_a_state_dict)
{
    expect_pickle(PICKLE(GOOD "}b"), ALC_OK, "");
    expect_pickle(PICKLE("}"), ALC_OK, "");
    expect_pickle(PICKLE("}" TEXT("\5", "model") GOOD "s"), ALC_OK, "");
    expect_pickle(SIZED("\x80\2" GOOD ".."), ALC_BAD_FILE, "the pickle stops before its entry ends");
    expect_pickle(PICKLE("]"), ALC_BAD_FILE, "w.pth: holds a list instead of a state dict");
    expect_pickle(PICKLE(TENSOR(STORAGE("0", "\4"))), ALC_BAD_FILE, "w.pth: holds a tensor instead of a state dict");
    expect_pickle(PICKLE("}K\1K\2s"), ALC_BAD_FILE, "w.pth: the state dict has an integer for a name");
    expect_pickle(PICKLE("}" TEXT("\5", "epoch") "K\2s"), ALC_BAD_FILE, "w.pth: 'epoch' is an integer and no tensor");
    expect_pickle(PICKLE("}" TEXT("\5", "model") "Ns"), ALC_BAD_FILE, "w.pth: 'model' is None and no tensor");
    expect_pickle(PICKLE("}" TEXT("\3", "a\0b") TENSOR(STORAGE("0", "\4")) "s"), ALC_BAD_FILE,
                  "the name 'a?b' is no UTF-8 text");
    expect_pickle(PICKLE("}" TEXT("\1", "\xff") TENSOR(STORAGE("0", "\4")) "s"), ALC_BAD_FILE,
                  "the name '?' is no UTF-8 text");
    expect_pickle(PICKLE("}(" TEXT("\1", "w") TENSOR(STORAGE("0", "\4")) TEXT("\1", "w") TENSOR(STORAGE("0", "\4")) "u"),
                  ALC_BAD_FILE, "w.pth: there are two tensors 'w'");
}
END_TEST

/* ---- the older form ---- */

#define MAGIC "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define VERSION "\x80\2M\xe9\3."
#define MACHINE "\x80\2}" TEXT("\15", "little_endian") "\x88s."
#define OLDER_GOOD "\x80\2}" TEXT("\1", "w") TENSOR(OLDER_STORAGE("Float", "0", "\4")) "s."
#define KEYS "\x80\2]" TEXT("\1", "0") "a."
#define VALUES "\4\0\0\0\0\0\0\0" "0123456789abcdef"
#define OLDER(bytes, status, sentence) expect((const unsigned char *)bytes, sizeof bytes - 1, status, sentence)

START_TEST(the_older_form)
{
    static const char good[] = MAGIC VERSION MACHINE OLDER_GOOD KEYS VALUES;
    OLDER(good, ALC_OK, "");
    for (size_t size = 2; size < sizeof good - 1; size++) { /* of exactly that size, for sanitizers */
        unsigned char *cut = malloc(size);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, good, size);
        expect(cut, size, ALC_BAD_FILE, "w.pth");
        free(cut);
    }
    OLDER("\x80\2N.", ALC_BAD_FILE, "w.pth: is a pickle, but none that PyTorch wrote");
    OLDER("\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x18.", ALC_BAD_FILE, "none that PyTorch wrote");
    OLDER(MAGIC "\x80\2M\xea\3.", ALC_UNSUPPORTED, "another version of PyTorch's older format");
    OLDER(MAGIC VERSION "\x80\2N.", ALC_BAD_FILE, "does not say in which order");
    OLDER(MAGIC VERSION "\x80\2}.", ALC_BAD_FILE, "does not say in which order");
    OLDER(MAGIC VERSION "\x80\2}" TEXT("\15", "little_endian") "Ns.", ALC_BAD_FILE, "does not say in which order");
    OLDER(MAGIC VERSION "\x80\2}" TEXT("\15", "little_endian") "\x89s.", ALC_UNSUPPORTED, "not little-endian");
    OLDER(MAGIC VERSION MACHINE "cos\nsystem\n.", ALC_BAD_FILE, "there is no pickle");
    OLDER(MAGIC VERSION MACHINE "\x80\2cos\nsystem\n.", ALC_UNSUPPORTED, "the pickle names os.system;");
}
END_TEST

START_TEST(storages_of_the_older_form)
{
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2N." VALUES, ALC_BAD_FILE, "the list of storages is None");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2]Na." VALUES, ALC_BAD_FILE, "which no tensor uses");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2]." , ALC_BAD_FILE, "storage '0' is not in the file");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2]" TEXT("\1", "1") "a." VALUES, ALC_BAD_FILE,
          "storage '1' follows, which no tensor uses");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2]" TEXT("\2", "00") "a." VALUES, ALC_BAD_FILE,
          "storage '00' follows, which no tensor uses");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD "\x80\2](" TEXT("\1", "0") TEXT("\1", "0") "e." VALUES VALUES, ALC_BAD_FILE,
          "storage '0' follows, which no tensor uses, or not twice");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD KEYS "\5\0\0\0\0\0\0\0" "0123456789abcdef", ALC_BAD_FILE,
          "storage '0' does not begin with its number of values, 4");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD KEYS "\4\0\0\0\0\0\0\0" "0123456789abcde", ALC_BAD_FILE,
          "storage '0' has 4 values of F32, which the file does not hold");
    OLDER(MAGIC VERSION MACHINE OLDER_GOOD KEYS VALUES "x", ALC_BAD_FILE, "1 bytes follow the last storage, at byte ");
    OLDER(MAGIC VERSION MACHINE "\x80\2}(" TEXT("\1", "v") TENSOR(OLDER_STORAGE("Int", "0", "\4")) TEXT("\1", "w")
              TENSOR(OLDER_STORAGE("Float", "0", "\4")) "u." KEYS VALUES,
          ALC_BAD_FILE, "storage '0' is described in two ways");
    OLDER(MAGIC VERSION MACHINE "\x80\2}(" TEXT("\1", "v") TENSOR(OLDER_STORAGE("Float", "0", "\5")) TEXT("\1", "w")
              TENSOR(OLDER_STORAGE("Float", "0", "\4")) "u." KEYS VALUES "0123456789abcdef",
          ALC_BAD_FILE, "storage '0' ");
}
END_TEST

START_TEST(formats_are_told_apart_by_their_first_bytes)
{
    /* Headers of safetensors files whose length begins as PyTorch's files do. */
    char file[8 + 0x280] = "\x80\2";
    memset(file + 8, ' ', sizeof file - 8);
    memcpy(file + 8, "{}", 2);
    expect((const unsigned char *)file, sizeof file, ALC_OK, "");
    expect((const unsigned char *)"", 0, ALC_BAD_FILE, "w.pth has 0 bytes");
    expect((const unsigned char *)"PK", 2, ALC_BAD_FILE, "w.pth has 2 bytes");
    expect((const unsigned char *)"PK\3\4", 4, ALC_BAD_FILE, "starts as a zip file, but does not end");
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    static const char *const paths[] = {"tests/io/pth/state_dict.pth", "tests/io/pth/model.pth"};
    for (int i = 0; i < 2; i++) {
        for (int64_t n = 2;; n++) { /* the first is the context's */
            fixture f;
            set_up(&f);
            f.hooks.fail_allocation = n;
            alc_status status = alc_weights_open(f.context, paths[i], &f.file);
            const int64_t faults = f.hooks.faults;
            ck_assert(status != ALC_OUT_OF_MEMORY || strstr(alc_error_message(f.context), "cannot allocate") != NULL);
            tear_down(&f);
            if (faults == 0) {
                ck_assert_int_eq(status, ALC_OK);
                ck_assert_int_ge(n, 8);
                break;
            }
            ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        }
    }
}
END_TEST

int main(void)
{
    return RUN_TESTS("pth_read", every_form_that_pytorch_writes, modules_and_parameters, what_is_no_state_dict_is_refused,
                     the_zip_file_holds_what_the_pickle_names, other_files_of_pytorch_are_refused,
                     the_pickle_holds_a_state_dict, the_older_form, storages_of_the_older_form,
                     formats_are_told_apart_by_their_first_bytes, every_failing_allocation_is_survived);
}
