/* tests/io/test_checkpoint_save.c - whenever saving stops, a whole pair loads: with every file
 * operation as the last one of a process, from every state that an earlier death can have left, and
 * with a real process that is killed.
 *
 * Called as "save-in-a-loop PATH" the program is that process: it goes on from what it finds and
 * saves until it dies, writing one byte to its output after each save. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/checkpoints.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"

static const char *const file_names[] = {"m.safetensors",
                                         "m.state.safetensors",
                                         "m.previous.safetensors",
                                         "m.previous.state.safetensors",
                                         "m.safetensors.partial",
                                         "m.state.safetensors.partial",
                                         "m.previous.safetensors.partial",
                                         "m.previous.state.safetensors.partial"};
enum { FILE_NAMES = sizeof file_names / sizeof file_names[0] };

typedef struct fixture {
    failing_hooks hooks;
    temporary_folder folder;
    alc_context *context;
    trainee trainee;
    char path[1024];
} fixture;

static void set_up(fixture *f)
{
    failing_hooks_init(&f->hooks);
    temporary_folder_create(&f->folder);
    f->context = failing_hooks_context(&f->hooks, 1);
    trainee_create(&f->trainee, f->context);
    temporary_path(&f->folder, file_names[0], f->path);
}

static void tear_down(fixture *f)
{
    trainee_destroy(&f->trainee);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

START_TEST(the_latest_is_loaded_and_the_one_before_kept)
{
    fixture f;
    bool previous;
    char path[1024];
    set_up(&f);
    for (int64_t number = 1; number <= 4; number++) {
        ck_assert_int_eq(save_number(&f.trainee, f.path, number), ALC_OK);
        ck_assert_int_eq(load_number(&f.trainee, f.path, &previous), number);
        ck_assert(!previous);
        ck_assert_int_eq(temporary_folder_files(&f.folder), number == 1 ? 2 : 4);
    }
    /* The previous pair is a checkpoint like any other. */
    ck_assert_int_eq(
        load_number(&f.trainee, temporary_path(&f.folder, file_names[2], path), &previous), 3);
    ck_assert(!previous);
    unlink(f.path);
    ck_assert_int_eq(load_number(&f.trainee, f.path, &previous), 3);
    ck_assert(previous);
    tear_down(&f);
}
END_TEST

START_TEST(an_optimizer_may_be_absent)
{
    fixture f;
    alc_checkpoint *checkpoint;
    set_up(&f);
    fill_parameters(f.trainee.model, 6);
    ck_assert_int_eq(alc_checkpoint_save(f.trainee.model, NULL, f.path, (alc_metadata){0},
                                         (alc_training_state){.epoch = 6}),
                     ALC_OK);
    fill_parameters(f.trainee.model, 7);
    ck_assert_int_eq(alc_checkpoint_load(f.context, f.path, &checkpoint), ALC_OK);
    ck_assert_int_eq(alc_checkpoint_restore(checkpoint, f.trainee.model, f.trainee.optimizer),
                     ALC_MISMATCH);
    ck_assert(parameters_are(f.trainee.model, 7));
    ck_assert_int_eq(alc_checkpoint_restore(checkpoint, f.trainee.model, NULL), ALC_OK);
    ck_assert(parameters_are(f.trainee.model, 6));
    alc_checkpoint_close(checkpoint);
    tear_down(&f);
}
END_TEST

START_TEST(the_strings_of_model_and_state_are_checked)
{
    static const alc_metadata_entry reserved[] = {{"alcor_epoch", "1"}};
    fixture f;
    set_up(&f);
    alc_metadata wrong = {reserved, 1};
    alc_training_state state = {.strings = wrong};
    ck_assert_int_eq(
        alc_checkpoint_save(f.trainee.model, NULL, f.path, wrong, (alc_training_state){0}),
        ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_checkpoint_save(f.trainee.model, NULL, f.path, (alc_metadata){0}, state),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(temporary_folder_files(&f.folder), 0);
    ck_assert_int_eq(alc_checkpoint_save(NULL, NULL, f.path, (alc_metadata){0}, state),
                     ALC_INVALID_ARGUMENT);
    ck_assert_int_eq(alc_checkpoint_save(f.trainee.model, NULL, NULL, (alc_metadata){0}, state),
                     ALC_INVALID_ARGUMENT);
    tear_down(&f);
}
END_TEST

/* ---- single failures ---- */

START_TEST(after_a_failing_operation_the_old_pair_loads)
{
    fixture f;
    set_up(&f);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 1), ALC_OK);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 2), ALC_OK);
    int failed = 0;
    int64_t latest = 2;
    for (int64_t n = 1;; n++) {
        f.hooks.fail_file = n;
        failing_hooks_restart(&f.hooks);
        alc_status status = save_number(&f.trainee, f.path, latest + 1);
        bool faulty = f.hooks.faults > 0;
        failing_hooks_relent(&f.hooks);
        int64_t loaded = load_number(&f.trainee, f.path, NULL);
        ck_assert_msg(loaded == latest || loaded == latest + 1, "operation %lld: %lld loads",
                      (long long)n, (long long)loaded);
        ck_assert(status != ALC_OK || loaded == latest + 1);
        ck_assert_msg(temporary_folder_files(&f.folder) <= 4, "operation %lld", (long long)n);
        failed += status != ALC_OK;
        latest = loaded;
        if (!faulty)
            break;
        ck_assert(status == ALC_OK || status == ALC_IO_ERROR);
    }
    ck_assert_int_ge(failed, 25);
    tear_down(&f);
}
END_TEST

/* The same where the model is a link to a file in another folder. */
START_TEST(so_it_does_through_a_link)
{
    fixture f;
    temporary_folder other;
    char linked[1024];
    bool previous;
    set_up(&f);
    temporary_folder_create(&other);
    temporary_path(&other, file_names[0], linked);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 1), ALC_OK);
    ck_assert_int_eq(symlink(f.path, linked), 0);
    ck_assert_int_eq(save_number(&f.trainee, linked, 1), ALC_OK);
    for (int64_t n = 1, latest = 1; n > 0; n++) {
        f.hooks.fail_file = n;
        f.hooks.files_stay_failed = true;
        failing_hooks_restart(&f.hooks);
        save_number(&f.trainee, linked, latest + 1);
        bool faulty = f.hooks.faults > 0;
        failing_hooks_relent(&f.hooks);
        int64_t loaded = load_number(&f.trainee, linked, NULL);
        ck_assert_msg(loaded == latest || loaded == latest + 1, "operation %lld: %lld loads (%s)", (long long)n,
                      (long long)loaded, alc_error_message(f.context));
        latest = loaded;
        if (!faulty)
            break;
    }
    int64_t latest = load_number(&f.trainee, linked, &previous);
    ck_assert(!previous);
    write_test_file(f.path, "damaged", 7);
    ck_assert_int_eq(load_number(&f.trainee, linked, &previous), latest - 1);
    ck_assert(previous);
    temporary_folder_remove(&other);
    tear_down(&f);
}
END_TEST

START_TEST(after_a_failing_allocation_the_old_pair_loads)
{
    fixture f;
    set_up(&f);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 1), ALC_OK);
    for (int64_t n = 1;; n++) {
        f.hooks.fail_allocation = n;
        failing_hooks_restart(&f.hooks);
        alc_status status = save_number(&f.trainee, f.path, 2);
        failing_hooks_relent(&f.hooks);
        int64_t loaded = load_number(&f.trainee, f.path, NULL);
        if (f.hooks.faults == 0) {
            ck_assert_int_eq(loaded, 2);
            ck_assert_int_ge(n, 20);
            break;
        }
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_int_eq(loaded, 1);
    }
    tear_down(&f);
}
END_TEST

/* ---- dying ---- */

typedef struct snapshot {
    unsigned char *bytes[FILE_NAMES];
    size_t sizes[FILE_NAMES];
} snapshot;

static void take_snapshot(const fixture *f, snapshot *s)
{
    char path[1024];
    for (int i = 0; i < FILE_NAMES; i++)
        s->bytes[i] = read_test_file(temporary_path(&f->folder, file_names[i], path), &s->sizes[i]);
}

static void put_snapshot(const fixture *f, const snapshot *s)
{
    char path[1024];
    for (int i = 0; i < FILE_NAMES; i++) {
        unlink(temporary_path(&f->folder, file_names[i], path));
        if (s->bytes[i] != NULL)
            write_test_file(path, s->bytes[i], s->sizes[i]);
    }
}

static void free_snapshot(snapshot *s)
{
    for (int i = 0; i < FILE_NAMES; i++)
        free(s->bytes[i]);
}

/* Saves `number`, dying at operation n; returns what loads then. *died tells if there was such an
 * operation. */
static int64_t die_while_saving(fixture *f, int64_t number, int64_t n, bool *died)
{
    f->hooks.fail_file = n;
    f->hooks.files_stay_failed = true;
    failing_hooks_restart(&f->hooks);
    alc_status status = save_number(&f->trainee, f->path, number);
    *died = f->hooks.faults > 0;
    failing_hooks_relent(&f->hooks);
    int64_t loaded = load_number(&f->trainee, f->path, NULL);
    ck_assert_msg(status != ALC_OK || loaded == number, "saved %lld, but %lld loads: %s",
                  (long long)number, (long long)loaded, alc_error_message(f->context));
    return loaded;
}

/* Dies at every operation of save 3, and for each of the states left so at every operation of
 * save 4. */
static void die_twice_everywhere(bool no_hard_links)
{
    fixture f;
    snapshot start;
    bool died = true, died_again;
    int old = 0, new = 0;
    set_up(&f);
    f.hooks.no_hard_links = no_hard_links;
    ck_assert_int_eq(save_number(&f.trainee, f.path, 1), ALC_OK);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 2), ALC_OK);
    take_snapshot(&f, &start);
    for (int64_t n = 1; died; n++) {
        snapshot left;
        put_snapshot(&f, &start);
        int64_t first = die_while_saving(&f, 3, n, &died);
        ck_assert_msg(first == 2 || first == 3, "operation %lld: %lld loads (%s)", (long long)n,
                      (long long)first, alc_error_message(f.context));
        old += first == 2;
        new += first == 3;
        take_snapshot(&f, &left);
        died_again = true;
        for (int64_t m = 1; died_again; m++) {
            put_snapshot(&f, &left);
            int64_t second = die_while_saving(&f, 4, m, &died_again);
            ck_assert_msg(second == first || second == 4,
                          "operations %lld and %lld: %lld loads (%s)", (long long)n, (long long)m,
                          (long long)second, alc_error_message(f.context));
        }
        free_snapshot(&left);
    }
    ck_assert_int_ge(old, 30);
    ck_assert_int_ge(new, 2);
    free_snapshot(&start);
    tear_down(&f);
}

START_TEST(dying_anywhere_twice_leaves_a_pair_that_loads)
{
    die_twice_everywhere(false);
}
END_TEST

START_TEST(so_it_does_without_hard_links)
{
    die_twice_everywhere(true);
}
END_TEST

START_TEST(the_model_file_never_vanishes)
{
    fixture f;
    snapshot start;
    bool died = true;
    set_up(&f);
    ck_assert_int_eq(save_number(&f.trainee, f.path, 1), ALC_OK);
    take_snapshot(&f, &start);
    for (int64_t n = 1; died; n++) {
        put_snapshot(&f, &start);
        die_while_saving(&f, 2, n, &died);
        ck_assert_int_eq(alc_model_load(f.trainee.model, f.path, (alc_model_load_options){0}, NULL),
                         ALC_OK);
    }
    free_snapshot(&start);
    tear_down(&f);
}
END_TEST

/* ---- a process that is killed ---- */

/* Where the saving process gets its pipe; its standard output is Check's. */
enum { PROGRESS_FILE = 3 };

static const char *path_to_save; /* of the saving process */

/* Runs as a test, in the saving process alone, so that its support code may use Check's assertions.
 */
START_TEST(save_in_a_loop)
{
    alc_context *context;
    trainee t;
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1}, &context), ALC_OK);
    trainee_create(&t, context);
    for (int64_t number = load_number(&t, path_to_save, NULL) + 1;; number++) {
        ck_assert_int_eq(save_number(&t, path_to_save, number), ALC_OK);
        ck_assert_int_eq(write(PROGRESS_FILE, "", 1), 1);
    }
}
END_TEST

/* Starts this program again as the saving process; its progress can be read from *output. */
static pid_t start_saving(char *path, int *output)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char program[] = "/proc/self/exe", mode[] = "save-in-a-loop";
        int writing = fcntl(ends[1], F_DUPFD, PROGRESS_FILE + 1);
        dup2(writing, PROGRESS_FILE);
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        setenv("CK_FORK", "no", 1);
        for (int file = PROGRESS_FILE + 1; file < 64; file++)
            close(file);
        execv(program, (char *[]){program, mode, path, NULL});
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return child;
}

static int64_t count_bytes(int file)
{
    char buffer[256];
    int64_t count = 0;
    for (;;) {
        ssize_t got = read(file, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        ck_assert_int_ge(got, 0);
        if (got == 0)
            return count;
        count += got;
    }
}

START_TEST(a_killed_process_leaves_a_pair_that_loads)
{
    fixture f;
    set_up(&f);
    int64_t latest = -1;
    ck_assert_int_eq(save_number(&f.trainee, f.path, 0), ALC_OK);
    for (int kill_number = 0; kill_number < 30; kill_number++) {
        int output, status;
        char first;
        latest = latest < 0 ? 0 : latest;
        pid_t child = start_saving(f.path, &output);
        /* From the first save on, kill at a moment of its own, within a few saves' time. */
        ck_assert_int_eq(read(output, &first, 1), 1);
        nanosleep(&(struct timespec){.tv_nsec = 137000L * kill_number}, NULL);
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        int64_t saved = latest + 1 + count_bytes(output);
        close(output);
        int64_t loaded = load_number(&f.trainee, f.path, NULL);
        ck_assert_msg(loaded == saved || loaded == saved + 1, "%lld saved, %lld loads: %s",
                      (long long)saved, (long long)loaded, alc_error_message(f.context));
        latest = loaded;
    }
    ck_assert_int_ge(latest, 30);
    tear_down(&f);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "save-in-a-loop") == 0) {
        path_to_save = argv[2];
        return RUN_TESTS("saving process", save_in_a_loop);
    }
    return RUN_TESTS("checkpoint_save", the_latest_is_loaded_and_the_one_before_kept,
                     an_optimizer_may_be_absent, the_strings_of_model_and_state_are_checked,
                     after_a_failing_operation_the_old_pair_loads, so_it_does_through_a_link,
                     after_a_failing_allocation_the_old_pair_loads,
                     dying_anywhere_twice_leaves_a_pair_that_loads, so_it_does_without_hard_links,
                     the_model_file_never_vanishes, a_killed_process_leaves_a_pair_that_loads);
}
