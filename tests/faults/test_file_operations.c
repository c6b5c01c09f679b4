/* test_file_operations.c - the N-th file operation fails, once or from then on, for every N and several causes, through the
 * whole life of a model: the path and the cause are told, nothing leaks, no checkpoint is lost, and the next try gives the
 * same bits. Interrupted calls and short transfers are no failures at all. */
#include <errno.h>
#include <string.h>

#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/training_life.h"

enum { OPERATIONS_MOST = 2000 };

static failing_hooks hooks;
static temporary_folder folder;
static training_life life;
static alc_context *context;
static uint64_t expected;
static int64_t failed_in[PHASE_COUNT]; /* runs that ended in each phase */

static void setup(bool images)
{
    temporary_folder_create(&folder);
    training_life_prepare(&life, &folder, images);
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, 1);
    ck_assert_msg(training_life_run(&life, context, &expected) == ALC_OK, "%s", alc_error_message(context));
    training_life_forget(&life);
    memset(failed_in, 0, sizeof failed_in);
}

static void teardown(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

/* The sentence names a file of this life and the cause. */
static void expect_told(alc_status status, int number)
{
    const char *sentence = alc_error_message(context);
    ck_assert_msg(status == ALC_IO_ERROR || status == ALC_CORRUPT, "operation %d: %s, '%s'", number,
                  alc_status_name(status), sentence);
    ck_assert_msg(strstr(sentence, folder.path) != NULL, "operation %d: no path in '%s'", number, sentence);
    ck_assert_msg(strstr(sentence, strerror(hooks.file_error)) != NULL, "operation %d: no cause in '%s'", number,
                  sentence);
}

/* A try with a fault and one without, beginning after `epochs`; false if the fault was not reached. */
static bool survives(int64_t number, bool stays, int64_t epochs)
{
    uint64_t digest = 0;
    int64_t outstanding = hooks.bytes_outstanding;
    training_life_forget(&life);
    life.stop_after = epochs;
    ck_assert(epochs == 0 || training_life_run(&life, context, &digest) == ALC_INTERRUPTED);
    life.stop_after = 0;
    hooks.fail_file = number;
    hooks.files_stay_failed = stays;
    failing_hooks_restart(&hooks);
    alc_status status = training_life_run(&life, context, &digest);
    bool reached = hooks.faults > 0;
    ck_assert(reached || status == ALC_OK);
    ck_assert_msg(hooks.bytes_outstanding == outstanding && hooks.files_outstanding == 0,
                  "operation %d: %d bytes and %d files are lost", (int)number,
                  (int)(hooks.bytes_outstanding - outstanding), (int)hooks.files_outstanding);
    if (status != ALC_OK)
        expect_told(status, (int)number);
    else /* a failure that harms nothing, such as of closing what was only read */
        ck_assert_msg(digest == expected, "operation %d: other bits", (int)number);
    failed_in[life.phase] += status != ALC_OK;
    /* Where everything fails from then on, as in a process that was killed, a file that was begun stays. */
    ck_assert_msg(stays || !training_life_is_half_written(&life), "operation %d: a file is half written", (int)number);
    failing_hooks_relent(&hooks);
    int64_t left = training_life_epochs(&life, context);
    ck_assert_msg(left >= epochs, "operation %d: an epoch is lost", (int)number);
    ck_assert_msg(training_life_run(&life, context, &digest) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_msg(digest == expected, "operation %d: the next try gives other bits", (int)number);
    ck_assert_msg(!training_life_is_half_written(&life), "operation %d: a file is left", (int)number);
    return reached;
}

/* At least `fewest` operations are there to fail. */
static void fail_each(bool images, int operations, int error, bool stays, int64_t epochs, int64_t fewest)
{
    int64_t number = 1;
    setup(images);
    hooks.fail_files = operations;
    hooks.file_error = error;
    while (number < OPERATIONS_MOST && survives(number, stays, epochs))
        number++;
    ck_assert_int_lt(number, OPERATIONS_MOST);
    ck_assert_int_gt(number, fewest);
    ck_assert_int_gt(failed_in[PHASE_CHECKPOINT], 0);
    ck_assert_int_gt(failed_in[PHASE_SAVING], 0);
    if (operations == FILE_ANY) {
        ck_assert_int_gt(failed_in[PHASE_DATA], 0);
        ck_assert_int_gt(failed_in[epochs == 0 ? PHASE_WEIGHTS : PHASE_RESUMING], 0);
    }
    teardown();
}

START_TEST(any_operation_may_fail)
{
    fail_each(false, FILE_ANY, EIO, false, 0, 50);
    fail_each(false, FILE_ANY, EIO, true, 0, 50);
    fail_each(false, FILE_ANY, EIO, false, 1, 50);
    fail_each(false, FILE_ANY, EIO, true, 2, 30);
}
END_TEST

START_TEST(images_may_be_unreadable)
{
    fail_each(true, FILE_ANY, EIO, false, 1, 80);
    fail_each(true, FILE_ANY, EIO, true, 0, 80);
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
    fail_each(false, FILE_WRITE, ENOSPC, false, 1, 5);
    fail_each(false, FILE_WRITE | FILE_SYNC, ENOSPC, true, 1, 10);
}
END_TEST

START_TEST(permissions_may_be_missing)
{
    fail_each(false, FILE_OPEN | FILE_RENAME | FILE_LINK, EACCES, false, 1, 20);
    fail_each(false, FILE_RENAME, EROFS, true, 1, 5);
}
END_TEST

START_TEST(interruptions_and_short_transfers_are_no_failures)
{
    uint64_t digest;
    setup(false);
    hooks.short_transfers = true;
    hooks.interrupted = true;
    ck_assert_msg(training_life_run(&life, context, &digest) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_uint_eq(digest, expected);
    hooks.no_hard_links = true;
    training_life_forget(&life);
    ck_assert_msg(training_life_run(&life, context, &digest) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_uint_eq(digest, expected);
    /* With a finished checkpoint there is nothing left to train. */
    ck_assert_int_eq(training_life_run(&life, context, &digest), ALC_OK);
    ck_assert_uint_eq(digest, expected);
    teardown();
}
END_TEST

/* Failures on top of short transfers: a file half written is not seen. */
START_TEST(half_a_write_is_no_file)
{
    setup(false);
    hooks.short_transfers = true;
    hooks.fail_files = FILE_WRITE;
    hooks.file_error = ENOSPC;
    for (int64_t number = 1; number < 3000; number += 97)
        survives(number, number % 2 == 0, 1);
    teardown();
}
END_TEST

int main(void)
{
    return RUN_TESTS("file operations", any_operation_may_fail, images_may_be_unreadable, a_full_disk_loses_nothing,
                     permissions_may_be_missing, interruptions_and_short_transfers_are_no_failures,
                     half_a_write_is_no_file);
}
