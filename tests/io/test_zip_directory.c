/* tests/io/test_zip_directory.c - zip files made here: entries are found, and each rule broken once is refused with a
 * sentence that names the file, the entry where there is one, and what is wrong. */
#include <string.h>

#include "lib/io/zip_directory.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/zip_builder.h"

typedef struct fixture {
    failing_hooks hooks;
    alc_context *context;
    alc_arena arena;
    alc_zip zip;
    zip_builder file;
} fixture;

/* Three entries, one of them empty. */
static void set_up(fixture *f, bool large)
{
    *f = (fixture){.file.large = large};
    failing_hooks_init(&f->hooks);
    f->context = failing_hooks_context(&f->hooks, 1);
    alc_arena_init(&f->arena, f->context);
    zip_add(&f->file, "w/data.pkl", "pickle", 6);
    zip_add(&f->file, "w/b", "", 0);
    zip_add(&f->file, "w/a", "values", 6);
    zip_finish(&f->file);
}

static void tear_down(fixture *f)
{
    alc_arena_free(&f->arena);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    zip_free(&f->file);
}

static void expect(fixture *f, alc_status expected, const char *sentence)
{
    alc_status status = alc_zip_read(&f->arena, "w.pth", f->file.bytes, f->file.size, &f->zip);
    for (size_t i = 0; i < f->zip.count && status == ALC_OK; i++)
        status = alc_zip_verify(f->context, "w.pth", f->file.bytes, &f->zip.entries[i]);
    const char *message = alc_error_message(f->context);
    ck_assert_msg(status == expected, "%s, not %s: '%s' (expected '%s')", alc_status_name(status),
                  alc_status_name(expected), message, sentence);
    ck_assert_msg(status == ALC_OK || status == ALC_OUT_OF_MEMORY || strncmp(message, "w.pth", 5) == 0, "no file in: %s", message);
    ck_assert_msg(strstr(message, sentence) != NULL, "no '%s' in: %s", sentence, message);
    tear_down(f);
}

START_TEST(entries_are_found)
{
    for (int large = 0; large < 2; large++) {
        fixture f;
        set_up(&f, large);
        ck_assert_int_eq(alc_zip_read(&f.arena, "w.pth", f.file.bytes, f.file.size, &f.zip), ALC_OK);
        ck_assert_uint_eq(f.zip.count, 3);
        const alc_zip_entry *entry = alc_zip_find(&f.zip, "w/a", 3);
        ck_assert_uint_eq(entry->end - entry->begin, 6);
        ck_assert_int_eq(memcmp(f.file.bytes + entry->begin, "values", 6), 0);
        entry = alc_zip_find(&f.zip, "w/b", 3);
        ck_assert_uint_eq(entry->end, entry->begin);
        ck_assert_ptr_nonnull(alc_zip_find(&f.zip, "w/data.pkl", 10));
        ck_assert_ptr_null(alc_zip_find(&f.zip, "w/data.pk", 9));
        ck_assert_ptr_null(alc_zip_find(&f.zip, "w/data.pklx", 11));
        ck_assert_ptr_null(alc_zip_find(&f.zip, "", 0));
        expect(&f, ALC_OK, "");
    }
}
END_TEST

START_TEST(the_end)
{
    fixture f;
    for (size_t size = 0;; size++) {
        set_up(&f, true);
        const bool whole = size == f.file.size;
        f.file.size = size < f.file.size ? size : f.file.size;
        expect(&f, whole ? ALC_OK : ALC_BAD_FILE, whole ? "" : "does not end with a zip file's end record");
        if (whole)
            break;
    }
    set_up(&f, false);
    zip_append(&f.file, "x", 1);
    expect(&f, ALC_BAD_FILE, "does not end with a zip file's end record");
    set_up(&f, false);
    zip_set(&f.file, f.file.end + 20, 2, 1); /* a comment */
    expect(&f, ALC_BAD_FILE, "does not end with a zip file's end record");
    static const int in_parts[] = {4, 6, 8};
    for (int i = 0; i < 3; i++) {
        set_up(&f, false);
        zip_set(&f.file, f.file.end + (size_t)in_parts[i], 2, 1);
        expect(&f, ALC_UNSUPPORTED, "one part of a zip file in several");
    }
    static const int parts64[] = {16, 20, 24};
    for (int i = 0; i < 3; i++) {
        set_up(&f, true);
        zip_set(&f.file, f.file.end64 + (size_t)parts64[i], 4, 1);
        expect(&f, ALC_UNSUPPORTED, "one part of a zip file in several");
    }
    set_up(&f, true);
    zip_set(&f.file, f.file.end - 12, 8, f.file.end64 + 1);
    expect(&f, ALC_BAD_FILE, "64-bit end record is not where it should be");
    set_up(&f, true);
    zip_set(&f.file, f.file.end - 12, 8, UINT64_MAX);
    expect(&f, ALC_BAD_FILE, "64-bit end record is not where it should be");
    set_up(&f, true);
    zip_set(&f.file, f.file.end64, 4, 0);
    expect(&f, ALC_BAD_FILE, "64-bit end record is not where it should be");
}
END_TEST

START_TEST(the_directory)
{
    fixture f;
    for (int large = 0; large < 2; large++) {
        const size_t width = large ? 8 : 4;
        static const uint64_t wrong[] = {0, UINT32_MAX - 1, UINT64_MAX};
        for (int i = 0; i < 3; i++) {
            set_up(&f, large);
            zip_set(&f.file, large ? f.file.end64 + 40 : f.file.end + 12, width, wrong[i]); /* its size */
            expect(&f, ALC_BAD_FILE, "directory does not end where its end record starts");
            set_up(&f, large);
            zip_set(&f.file, large ? f.file.end64 + 48 : f.file.end + 16, width, wrong[i]); /* its place */
            expect(&f, ALC_BAD_FILE, "directory does not end where its end record starts");
        }
        set_up(&f, large);
        const size_t count = large ? f.file.end64 + 24 : f.file.end + 8, next = large ? 8 : 2;
        zip_set(&f.file, count, next, 100);
        zip_set(&f.file, count + next, next, 100);
        expect(&f, ALC_BAD_FILE, "too small for its number of entries");
        set_up(&f, large);
        zip_set(&f.file, large ? f.file.end64 + 24 : f.file.end + 8, next, 2);
        zip_set(&f.file, count + next, next, 2);
        expect(&f, ALC_BAD_FILE, "bytes behind its last entry");
    }
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[1], 4, 0);
    expect(&f, ALC_BAD_FILE, "holds something that is no entry");
    static const int lengths[] = {28, 30, 32};
    for (int i = 0; i < 3; i++) {
        set_up(&f, false);
        zip_set(&f.file, f.file.directory[2] + (size_t)lengths[i], 2, 200);
        expect(&f, ALC_BAD_FILE, "an entry of the zip file's directory reaches beyond it");
    }
}
END_TEST

START_TEST(entries)
{
    fixture f;
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[0] + 8, 2, 1);
    expect(&f, ALC_UNSUPPORTED, "entry 'w/data.pkl' of the zip file is encrypted");
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[2] + 10, 2, 8);
    expect(&f, ALC_UNSUPPORTED, "entry 'w/a' of the zip file is compressed");
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[2] + 20, 4, 5);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is not compressed and has two sizes");
    static const uint64_t places[] = {1, 100000, UINT32_MAX};
    for (int i = 0; i < 3; i++) {
        set_up(&f, false);
        zip_set(&f.file, f.file.directory[2] + 42, 4, places[i]);
        expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is not where the directory says");
    }
    set_up(&f, false);
    zip_set(&f.file, f.file.header[2] + 28, 2, 60000);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file reaches beyond the entries");
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[2] + 20, 8, UINT64_C(7) << 32 | 7);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file reaches beyond the entries");
    set_up(&f, false);
    zip_set(&f.file, f.file.header[2] + 30, 1, 'x');
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is another one by its own header");
    set_up(&f, false);
    zip_set(&f.file, f.file.header[2] + 8, 2, 8);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is another one by its own header");
}
END_TEST

START_TEST(entries_of_64_bits)
{
    fixture f;
    const size_t extra = 46 + 3; /* behind the directory's header of "w/a" */
    set_up(&f, true);
    zip_set(&f.file, f.file.directory[2] + extra, 2, 7); /* another kind of field: nothing is said of the sizes */
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is not where the directory says");
    set_up(&f, true);
    zip_set(&f.file, f.file.directory[2] + extra + 2, 2, 25);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file has an extra field that ends behind its header");
    set_up(&f, true);
    zip_set(&f.file, f.file.directory[2] + extra + 2, 2, 16);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file lacks a 64-bit size");
    set_up(&f, true);
    zip_set(&f.file, f.file.directory[2] + extra + 4, 8, UINT64_MAX);
    zip_set(&f.file, f.file.directory[2] + extra + 12, 8, UINT64_MAX);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file reaches beyond the entries");
    set_up(&f, true);
    zip_set(&f.file, f.file.directory[2] + extra + 20, 8, UINT64_MAX);
    expect(&f, ALC_BAD_FILE, "entry 'w/a' of the zip file is not where the directory says");
}
END_TEST

START_TEST(entries_lie_apart_and_have_names_of_their_own)
{
    fixture f;
    set_up(&f, false);
    zip_set(&f.file, f.file.directory[0] + 20, 8, UINT64_C(8) << 32 | 8); /* into the next one's header */
    expect(&f, ALC_BAD_FILE, "entry 'w/b' of the zip file lies over another one");
    set_up(&f, false);
    zip_set(&f.file, f.file.header[2] + 32, 1, 'b');
    zip_set(&f.file, f.file.directory[2] + 48, 1, 'b');
    expect(&f, ALC_BAD_FILE, "entry 'w/b' of the zip file is there twice");
    /* Two names for one place. */
    set_up(&f, false);
    memcpy(f.file.bytes + f.file.directory[1] + 42, f.file.bytes + f.file.directory[2] + 42, 4);
    memcpy(f.file.bytes + f.file.directory[1] + 46, "w/a", 3);
    expect(&f, ALC_BAD_FILE, "lies over another one");
}
END_TEST

START_TEST(checksums)
{
    fixture f;
    set_up(&f, false);
    zip_set(&f.file, f.file.header[1] - 1, 1, 'X');
    expect(&f, ALC_CORRUPT, "w.pth is damaged: entry 'w/data.pkl' of the zip file does not have its checksum");
    set_up(&f, false);
    zip_set(&f.file, f.file.header[1] - 1, 1, 'X');
    zip_set(&f.file, f.file.directory[0] + 16, 4, 0); /* none was computed */
    expect(&f, ALC_OK, "");
}
END_TEST

START_TEST(failing_allocations)
{
    fixture f;
    set_up(&f, false);
    f.hooks.fail_allocation = 1;
    failing_hooks_restart(&f.hooks);
    expect(&f, ALC_OUT_OF_MEMORY, "");
}
END_TEST

int main(void)
{
    return RUN_TESTS("zip_directory", entries_are_found, the_end, the_directory, entries, entries_of_64_bits,
                     entries_lie_apart_and_have_names_of_their_own, checksums, failing_allocations);
}
