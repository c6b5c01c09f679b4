/* tests/data/test_feature_file.c - the file of a feature cache gives back what was put into it, or nothing: whatever is damaged, cut
 * short or of another key is left out and told, what is no cache is not touched, and no failing operation does harm. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data/feature_file.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/temporary_folder.h"

enum { VALUES = 40, RECORD = 128, HEADER = 64, RECORDS = 5, SIZE = HEADER + RECORDS * RECORD };

static failing_hooks hooks;
static temporary_folder folder;
static alc_context *context;
static char path[1024], told[512];
static const alc_feature_key key = {{1, 2}};

static void keep_line(void *user, const char *line)
{
    (void)user;
    snprintf(told, sizeof told, "%s", line);
}

static void set_up(void)
{
    failing_hooks_init(&hooks);
    temporary_folder_create(&folder);
    temporary_path(&folder, "features", path);
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .allocator = &hooks.allocator,
                                                              .files = &hooks.files, .log = keep_line}, &context),
                     ALC_OK);
    told[0] = '\0';
}

static void tear_down(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

/* Views go round. */
static alc_feature_key image_of(int number)
{
    return (alc_feature_key){{(uint64_t)number / 3, 7}};
}

static int view_of(int number)
{
    return number % 3;
}

static void fill_values(unsigned char *values, int number)
{
    for (int i = 0; i < VALUES; i++)
        values[i] = (unsigned char)(31 * number + i);
}

static alc_status open_limited(alc_feature_file *file, uint64_t limit)
{
    return alc_feature_file_open(file, context, path, key, VALUES, limit);
}

static alc_status add(alc_feature_file *file, int number)
{
    fill_values(alc_feature_file_values(file), number);
    return alc_feature_file_add(file, image_of(number), view_of(number));
}

/* How many of the first records are there; a wrong one is a failure. */
static int find_all(alc_feature_file *file)
{
    int found = 0;
    for (int i = 0; i < RECORDS; i++) {
        unsigned char expected[VALUES];
        const unsigned char *values = alc_feature_file_find(file, image_of(i), view_of(i));
        fill_values(expected, i);
        ck_assert(values == NULL || memcmp(values, expected, VALUES) == 0);
        found += values != NULL;
    }
    return found;
}

static void make_file(void)
{
    alc_feature_file file;
    ck_assert_msg(open_limited(&file, 0) == ALC_OK, "%s", alc_error_message(context));
    for (int i = 0; i < RECORDS; i++)
        ck_assert_int_eq(add(&file, i), ALC_OK);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
}

START_TEST(what_is_added_is_found_at_once_and_later)
{
    alc_feature_file file;
    set_up();
    ck_assert_int_eq(open_limited(&file, 0), ALC_OK);
    ck_assert_int_eq(find_all(&file), 0);
    for (int i = 0; i < RECORDS; i++) {
        ck_assert_int_eq(add(&file, i), ALC_OK);
        ck_assert_int_eq(find_all(&file), i + 1);
    }
    ck_assert_uint_eq(alc_feature_file_bytes(&file), SIZE);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    ck_assert_int_eq(open_limited(&file, 0), ALC_OK);
    ck_assert_int_eq(file.records, RECORDS);
    ck_assert_int_eq(find_all(&file), RECORDS);
    ck_assert_ptr_null(alc_feature_file_find(&file, image_of(0), 7));
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    ck_assert_str_eq(told, "");
    tear_down();
}
END_TEST

/* More than the index begins with. */
START_TEST(many_records_are_found)
{
    alc_feature_file file;
    set_up();
    ck_assert_int_eq(open_limited(&file, 0), ALC_OK);
    for (int i = 0; i < 2000; i++)
        ck_assert_int_eq(add(&file, i), ALC_OK);
    for (int i = 0; i < 2000; i++)
        ck_assert_ptr_nonnull(alc_feature_file_find(&file, image_of(i), view_of(i)));
    ck_assert_int_eq(find_all(&file), RECORDS);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    tear_down();
}
END_TEST

START_TEST(the_limit_is_kept)
{
    alc_feature_file file;
    set_up();
    ck_assert_int_eq(open_limited(&file, SIZE - 1), ALC_OK);
    for (int i = 0; i < RECORDS; i++)
        ck_assert_int_eq(add(&file, i), ALC_OK);
    ck_assert_int_eq(find_all(&file), RECORDS - 1);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    ck_assert_int_eq(open_limited(&file, HEADER + RECORD), ALC_OK);
    ck_assert_ptr_nonnull(strstr(told, "1 of 4 records are whole and within the limit"));
    ck_assert_int_eq(find_all(&file), 1);
    ck_assert_uint_eq(alc_feature_file_bytes(&file), HEADER + RECORD);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    tear_down();
}
END_TEST

/* Opens a file with `found` good records and these words in the log, fills it up again, and finds all. */
static void expect_repaired(int found, const char *words)
{
    alc_feature_file file;
    told[0] = '\0';
    ck_assert_msg(open_limited(&file, 0) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_msg(strstr(told, words) != NULL, "\"%s\" does not say \"%s\"", told, words);
    ck_assert_int_eq(find_all(&file), found);
    for (int i = 0; i < RECORDS; i++)
        if (alc_feature_file_find(&file, image_of(i), view_of(i)) == NULL)
            ck_assert_int_eq(add(&file, i), ALC_OK);
    ck_assert_int_eq(find_all(&file), RECORDS);
    ck_assert_uint_eq(alc_feature_file_bytes(&file), SIZE);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
}

/* Every byte that carries something; what only fills up a record may be anything. */
START_TEST(a_damaged_byte_costs_one_record_or_begins_anew)
{
    size_t bytes;
    set_up();
    make_file();
    unsigned char *good = read_test_file(path, &bytes);
    ck_assert_uint_eq(bytes, SIZE);
    for (size_t at = 8; at < SIZE; at++) {
        const bool filling = at >= HEADER && (at - HEADER) % RECORD >= 32 + VALUES;
        good[at] ^= 0x10;
        write_test_file(path, good, SIZE);
        good[at] ^= 0x10;
        if (at < HEADER)
            expect_repaired(0, "has a damaged header: it begins anew");
        else
            expect_repaired(filling ? RECORDS : RECORDS - 1, filling ? "" : "4 of 5 records are whole");
    }
    free(good);
    tear_down();
}
END_TEST

START_TEST(a_file_cut_short_keeps_its_whole_records)
{
    size_t bytes;
    set_up();
    make_file();
    unsigned char *good = read_test_file(path, &bytes);
    for (size_t size = 0; size < SIZE; size++) {
        const int whole = size < HEADER ? 0 : (int)((size - HEADER) / RECORD);
        const bool even = size >= HEADER && (size - HEADER) % RECORD == 0;
        write_test_file(path, good, size);
        expect_repaired(whole, size < HEADER ? "is too short for a header" : even ? "" : "records are whole");
    }
    free(good);
    tear_down();
}
END_TEST

START_TEST(a_file_of_another_key_begins_anew)
{
    set_up();
    const struct {
        alc_feature_key key;
        size_t values;
    } others[] = {{{{1, 3}}, VALUES}, {{{0, 2}}, VALUES}, {{{1, 2}}, VALUES - 1}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        alc_feature_file file;
        make_file();
        told[0] = '\0';
        ck_assert_int_eq(alc_feature_file_open(&file, context, path, others[i].key, others[i].values, 0), ALC_OK);
        ck_assert_ptr_nonnull(strstr(told, "is of other weights"));
        ck_assert_int_eq(find_all(&file), 0);
        ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
        expect_repaired(0, "is of other weights");
    }
    tear_down();
}
END_TEST

/* With a header of ours before records that another key made: the checksums are of the key, too. */
START_TEST(a_record_of_another_file_is_none)
{
    alc_feature_file file;
    size_t bytes;
    set_up();
    make_file();
    unsigned char *ours = read_test_file(path, &bytes);
    ck_assert_int_eq(alc_feature_file_open(&file, context, path, (alc_feature_key){{9, 9}}, VALUES, 0), ALC_OK);
    for (int i = 0; i < RECORDS; i++)
        ck_assert_int_eq(add(&file, i), ALC_OK);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    unsigned char *theirs = read_test_file(path, &bytes);
    memcpy(theirs, ours, HEADER);
    write_test_file(path, theirs, bytes);
    expect_repaired(0, "0 of 5 records are whole");
    /* Two records that changed places are none either, for each says which image it is of; but they are whole. */
    memcpy(theirs, ours, SIZE);
    memcpy(theirs + HEADER, ours + HEADER + RECORD, RECORD);
    memcpy(theirs + HEADER + RECORD, ours + HEADER, RECORD);
    write_test_file(path, theirs, bytes);
    expect_repaired(RECORDS, "");
    free(theirs);
    free(ours);
    tear_down();
}
END_TEST

START_TEST(what_is_no_cache_is_not_touched)
{
    static const char *const others[] = {"id,u,g,r\n1,2,3,4\n", "alcfeat2 of another time", "x"};
    set_up();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        alc_feature_file file;
        size_t bytes;
        write_test_file(path, others[i], strlen(others[i]));
        ck_assert_int_eq(open_limited(&file, 0), ALC_BAD_FILE);
        ck_assert_ptr_nonnull(strstr(alc_error_message(context), "is no feature cache; it is not overwritten"));
        unsigned char *left = read_test_file(path, &bytes);
        ck_assert(bytes == strlen(others[i]) && memcmp(left, others[i], bytes) == 0);
        free(left);
    }
    tear_down();
}
END_TEST

/* Somebody writes into the file while it is open. */
START_TEST(damage_is_seen_whenever_it_comes)
{
    alc_feature_file file;
    set_up();
    make_file();
    ck_assert_int_eq(open_limited(&file, 0), ALC_OK);
    ck_assert_int_eq(find_all(&file), RECORDS);
    FILE *stream = fopen(path, "r+b");
    ck_assert(stream != NULL && fseek(stream, HEADER + RECORD + 40, SEEK_SET) == 0);
    ck_assert(fputc(0, stream) != EOF && fclose(stream) == 0);
    ck_assert_int_eq(find_all(&file), RECORDS - 1);
    ck_assert_int_eq(add(&file, 1), ALC_OK);
    ck_assert_int_eq(find_all(&file), RECORDS);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    tear_down();
}
END_TEST

START_TEST(a_full_disk_ends_the_keeping_and_nothing_else)
{
    alc_feature_file file;
    set_up();
    ck_assert_int_eq(open_limited(&file, 0), ALC_OK);
    ck_assert_int_eq(add(&file, 0), ALC_OK);
    hooks.fail_files = FILE_WRITE;
    hooks.file_error = ENOSPC;
    hooks.short_transfers = true;
    failing_hooks_restart(&hooks);
    hooks.fail_file = 3;
    ck_assert_int_eq(add(&file, 1), ALC_OK);
    ck_assert_ptr_nonnull(strstr(told, "no more is kept there"));
    ck_assert_ptr_nonnull(strstr(told, strerror(ENOSPC)));
    ck_assert_int_eq(add(&file, 2), ALC_OK);
    ck_assert_int_eq(find_all(&file), 1);
    ck_assert_int_eq(alc_feature_file_close(&file), ALC_OK);
    failing_hooks_relent(&hooks);
    expect_repaired(1, "1 of 2 records are whole");
    tear_down();
}
END_TEST

/* One life: opens what is there, some of it damaged, and fills it up. */
static alc_status live(int *found)
{
    alc_feature_file file;
    alc_status status = open_limited(&file, 0);
    *found = 0;
    if (status != ALC_OK)
        return status;
    for (int i = 0; i < RECORDS && status == ALC_OK; i++)
        status = add(&file, i);
    *found = find_all(&file);
    alc_status closed = alc_feature_file_close(&file);
    return status != ALC_OK ? status : closed;
}

static void write_damaged(void)
{
    size_t bytes;
    unsigned char *good = read_test_file(path, &bytes);
    good[HEADER + RECORD + 40] ^= 1;
    write_test_file(path, good, SIZE);
    free(good);
}

START_TEST(any_failure_leaves_a_file_that_opens)
{
    int found;
    set_up();
    for (int stays = 0; stays < 2; stays++) {
        bool reached = true;
        for (int64_t number = 1; reached; number++) {
            failing_hooks_relent(&hooks);
            remove(path);
            make_file();
            write_damaged();
            hooks.fail_files = FILE_ANY;
            hooks.fail_file = number;
            hooks.files_stay_failed = stays;
            failing_hooks_restart(&hooks);
            alc_status status = live(&found);
            ck_assert(status == ALC_OK || strstr(alc_error_message(context), "features") != NULL);
            reached = hooks.faults > 0;
            failing_hooks_relent(&hooks);
            ck_assert_msg(live(&found) == ALC_OK && found == RECORDS, "operation %d", (int)number);
        }
        reached = true;
        for (int64_t number = 1; reached; number++) {
            hooks.fail_allocation = number;
            hooks.allocations_stay_failed = stays;
            failing_hooks_restart(&hooks);
            alc_status status = live(&found);
            reached = hooks.faults > 0;
            ck_assert(status == (reached ? ALC_OUT_OF_MEMORY : ALC_OK) || found == RECORDS);
            failing_hooks_relent(&hooks);
            ck_assert(live(&found) == ALC_OK && found == RECORDS);
        }
    }
    tear_down();
}
END_TEST

int main(void)
{
    return RUN_TESTS("feature_file", what_is_added_is_found_at_once_and_later, many_records_are_found, the_limit_is_kept,
                     a_damaged_byte_costs_one_record_or_begins_anew, a_file_cut_short_keeps_its_whole_records,
                     a_file_of_another_key_begins_anew, a_record_of_another_file_is_none, what_is_no_cache_is_not_touched,
                     damage_is_seen_whenever_it_comes, a_full_disk_ends_the_keeping_and_nothing_else,
                     any_failure_leaves_a_file_that_opens);
}
