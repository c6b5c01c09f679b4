/* test_allocations.c - the N-th allocation fails, once or for ever, for every N, through reading data, building, compiling,
 * loading weights, training, saving and resuming: the right status and a sentence, nothing leaked, no checkpoint lost,
 * nothing half-written, and the same bits on the next try. */
#include <string.h>

#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/training_life.h"

/* More than any life makes: a loop that never ends is a failure too. */
enum { ALLOCATIONS_MOST = 5000 };

static failing_hooks hooks;
static temporary_folder folder;
static training_life life;
static alc_context *context;
static uint64_t expected;
static int64_t failed_in[PHASE_COUNT]; /* runs that ended in each phase */

static void setup(int threads, bool images)
{
    temporary_folder_create(&folder);
    training_life_prepare(&life, &folder, images);
    failing_hooks_init(&hooks);
    context = failing_hooks_context(&hooks, threads);
    memset(failed_in, 0, sizeof failed_in);
    ck_assert_msg(training_life_run(&life, context, &expected) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_int_eq(training_life_epochs(&life, context), LIFE_EPOCHS);
}

static void teardown(void)
{
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
    temporary_folder_remove(&folder);
}

/* One try with a fault and one without; false if the fault was not reached. `epochs` were complete before. */
static bool survives(int64_t epochs)
{
    uint64_t digest = 0;
    int64_t outstanding = hooks.bytes_outstanding;
    failing_hooks_restart(&hooks);
    alc_status status = training_life_run(&life, context, &digest);
    bool reached = hooks.faults > 0;
    int number = (int)hooks.fail_allocation;
    ck_assert_msg(hooks.bytes_outstanding == outstanding && hooks.files_outstanding == 0,
                  "allocation %d: %d bytes and %d files are lost", number, (int)(hooks.bytes_outstanding - outstanding),
                  (int)hooks.files_outstanding);
    /* An image that could not be read is read again, for its sentence: one failure can be overcome there. */
    bool overcome = reached && status == ALC_OK && life.images && !hooks.allocations_stay_failed;
    ck_assert_msg(status == (reached && !overcome ? ALC_OUT_OF_MEMORY : ALC_OK), "allocation %d: %s, '%s'", number,
                  alc_status_name(status), alc_error_message(context));
    if (status == ALC_OK)
        ck_assert_msg(digest == expected, "allocation %d: other bits", number);
    else
        ck_assert_msg(strstr(alc_error_message(context), "cannot allocate") != NULL, "allocation %d: '%s'", number,
                      alc_error_message(context));
    failed_in[life.phase] += status != ALC_OK;
    ck_assert_msg(!training_life_is_half_written(&life), "allocation %d: a file is half written", number);
    failing_hooks_relent(&hooks);
    int64_t left = training_life_epochs(&life, context);
    ck_assert_msg(left >= epochs && left <= LIFE_EPOCHS, "allocation %d: %d epochs were complete, %d are", number,
                  (int)epochs, (int)left);
    ck_assert_msg(training_life_run(&life, context, &digest) == ALC_OK, "%s", alc_error_message(context));
    ck_assert_msg(digest == expected, "allocation %d: the next try gives other bits", number);
    return reached;
}

/* Begins with nothing, or after some epochs, whose checkpoint must never be lost. Several threads ask for memory in an
 * order that differs from run to run; the number of allocations is the same. */
static void fail_each(int threads, bool images, bool stays, int64_t epochs)
{
    static const small_phase phases[] = {PHASE_DATA, PHASE_BUILDING, PHASE_COMPILING, PHASE_PREPARING,
                                         PHASE_TRAINING, PHASE_CHECKPOINT, PHASE_SAVING};
    uint64_t digest;
    setup(threads, images);
    for (int64_t number = 1;; number++) {
        ck_assert_int_lt(number, ALLOCATIONS_MOST);
        training_life_forget(&life);
        life.stop_after = epochs;
        ck_assert(epochs == 0 || training_life_run(&life, context, &digest) == ALC_INTERRUPTED);
        life.stop_after = 0;
        hooks.allocations_stay_failed = stays;
        hooks.fail_allocation = number;
        if (!survives(epochs)) {
            break;
        }
    }
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        ck_assert_msg(failed_in[phases[i]] > 0, "nothing failed in phase %d", (int)phases[i]);
    ck_assert_int_gt(failed_in[epochs == 0 ? PHASE_WEIGHTS : PHASE_RESUMING], 0);
    teardown();
}

START_TEST(one_failing_allocation_is_survived)
{
    fail_each(1, false, false, 0);
    fail_each(1, false, false, 1);
}
END_TEST

START_TEST(memory_that_stays_exhausted_is_survived)
{
    fail_each(1, false, true, 0);
    fail_each(1, false, true, 2);
}
END_TEST

START_TEST(a_network_of_images_survives)
{
    fail_each(1, true, false, 1);
    fail_each(3, true, true, 0);
}
END_TEST

/* Even a context that cannot be made leaves nothing. */
START_TEST(contexts_survive)
{
    failing_hooks_init(&hooks);
    for (hooks.fail_allocation = 1;; hooks.fail_allocation++) {
        char message[256] = "";
        alc_context_options options = {.threads = 3, .allocator = &hooks.allocator, .message = message,
                                       .message_size = sizeof message};
        failing_hooks_restart(&hooks);
        alc_status status = alc_context_create(options, &context);
        if (status == ALC_OK)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_ptr_null(context);
        ck_assert_str_ne(message, "");
        ck_assert_int_eq(hooks.bytes_outstanding, 0);
    }
    ck_assert_int_gt(hooks.fail_allocation, 1);
    alc_context_destroy(context);
    failing_hooks_check(&hooks);
}
END_TEST

int main(void)
{
    return RUN_TESTS("allocations", one_failing_allocation_is_survived, memory_that_stays_exhausted_is_survived,
                     a_network_of_images_survives, contexts_survive);
}
