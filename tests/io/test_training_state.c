/* tests/io/test_training_state.c - numbers come back with the same bits; a state for another
 * optimizer, seed or model is refused; a file that lacks a number is named with what it lacks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/io/training_state.h"
#include "support/checkpoints.h"
#include "support/failing_hooks.h"
#include "support/run_tests.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"

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
    temporary_path(&f->folder, "small.state.safetensors", f->path);
}

static void tear_down(fixture *f)
{
    trainee_destroy(&f->trainee);
    alc_context_destroy(f->context);
    failing_hooks_check(&f->hooks);
    temporary_folder_remove(&f->folder);
}

static alc_status write_state(fixture *f, alc_optimizer *optimizer, alc_training_state state)
{
    alc_atomic_file *file;
    alc_status status = alc_state_prepare(f->context, f->path, optimizer, &state, 77, &file);
    return status == ALC_OK ? alc_atomic_file_commit(file) : status;
}

static alc_safetensors *open_state(fixture *f)
{
    alc_safetensors *file;
    ck_assert_int_eq(alc_safetensors_open(f->context, f->path, &file), ALC_OK);
    return file;
}

static alc_training_state round_trip(fixture *f, alc_training_state state)
{
    alc_arena arena;
    alc_training_state again;
    alc_arena_init(&arena, f->context);
    ck_assert_int_eq(write_state(f, NULL, state), ALC_OK);
    alc_safetensors *file = open_state(f);
    ck_assert_int_eq(alc_state_read(file, &arena, &again), ALC_OK);
    again.strings = (alc_metadata){0};
    alc_safetensors_close(file);
    alc_arena_free(&arena);
    return again;
}

START_TEST(every_number_comes_back)
{
    fixture f;
    alc_arena arena;
    alc_training_state again;
    set_up(&f);
    alc_arena_init(&arena, f.context);
    ck_assert_int_eq(write_state(&f, f.trainee.optimizer, numbered_state(5)), ALC_OK);
    alc_safetensors *file = open_state(&f);
    ck_assert_int_eq(alc_state_read(file, &arena, &again), ALC_OK);
    ck_assert(state_is(&again, 5));
    uint64_t checksum;
    ck_assert_int_eq(alc_state_model_checksum(file, &checksum), ALC_OK);
    ck_assert_uint_eq(checksum, 77);
    alc_safetensors_close(file);
    alc_arena_free(&arena);
    tear_down(&f);
}
END_TEST

START_TEST(awkward_numbers_come_back)
{
    static const double awkward[] = {0.1,      -0.0,      0x1p-1074, 1.7976931348623157e308,
                                     INFINITY, -INFINITY, 1.0 / 3,   -0x1.fffffffffffffp-1022};
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof awkward / sizeof awkward[0]; i++) {
        alc_training_state state = {.loss_sum = awkward[i], .epoch = INT64_MAX};
        alc_training_state again = round_trip(&f, state);
        ck_assert_int_eq(memcmp(&again.loss_sum, &awkward[i], sizeof(double)), 0);
        ck_assert_int_eq(again.epoch, INT64_MAX);
    }
    ck_assert(isnan(round_trip(&f, (alc_training_state){.best_score = NAN}).best_score));
    ck_assert(isnan(round_trip(&f, (alc_training_state){.best_score = -NAN}).best_score));
    for (int kind = 0; kind <= ALC_SCHEDULE_PLATEAU; kind++) {
        alc_training_state state = {.schedule.kind = (alc_schedule_kind)kind};
        ck_assert_int_eq(round_trip(&f, state).schedule.kind, kind);
    }
    tear_down(&f);
}
END_TEST

START_TEST(an_optimizer_comes_back)
{
    static const struct {
        alc_optimizer_kind kind;
        double momentum;
    } optimizers[] = {{ALC_SGD, 0}, {ALC_SGD, 0.9}, {ALC_ADAM, 0}, {ALC_ADAMW, 0}};
    fixture f;
    set_up(&f);
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        alc_optimizer *optimizer =
            small_optimizer(f.trainee.model, optimizers[i].kind, optimizers[i].momentum);
        fill_optimizer(optimizer, 9);
        ck_assert_int_eq(write_state(&f, optimizer, numbered_state(1)), ALC_OK);
        fill_optimizer(optimizer, 3);
        alc_safetensors *file = open_state(&f);
        ck_assert_int_eq(alc_state_check(file, optimizer), ALC_OK);
        ck_assert(optimizer_is(optimizer, 3));
        alc_state_restore(file, optimizer);
        ck_assert(optimizer_is(optimizer, 9));
        alc_safetensors_close(file);
        alc_optimizer_destroy(optimizer);
    }
    tear_down(&f);
}
END_TEST

static void expect_mismatch(fixture *f, alc_optimizer *optimizer, const char *part_of_message)
{
    alc_safetensors *file = open_state(f);
    ck_assert_int_eq(alc_state_check(file, optimizer), ALC_MISMATCH);
    ck_assert_msg(strstr(alc_error_message(f->context), part_of_message) != NULL, "no '%s' in: %s",
                  part_of_message, alc_error_message(f->context));
    alc_safetensors_close(file);
}

START_TEST(another_optimizer_is_refused)
{
    fixture f;
    set_up(&f);
    alc_optimizer *sgd = small_optimizer(f.trainee.model, ALC_SGD, 0);
    alc_optimizer *momentum = small_optimizer(f.trainee.model, ALC_SGD, 0.9);
    ck_assert_int_eq(write_state(&f, f.trainee.optimizer, numbered_state(1)), ALC_OK);
    expect_mismatch(&f, sgd, "the optimizer 'adamw', this run has 'sgd'");
    ck_assert_int_eq(write_state(&f, NULL, numbered_state(1)), ALC_OK);
    expect_mismatch(&f, sgd, "the optimizer 'none', this run has 'sgd'");
    ck_assert_int_eq(write_state(&f, momentum, numbered_state(1)), ALC_OK);
    expect_mismatch(&f, sgd, "5 tensors of an optimizer, this one has 0");
    alc_model *larger = small_model(f.context, 5);
    alc_optimizer *larger_momentum = small_optimizer(larger, ALC_SGD, 0.9);
    expect_mismatch(&f, larger_momentum,
                    "'fc.weight.momentum' of 12 values where the optimizer has "
                    "'fc.weight.momentum' of 15");
    alc_optimizer_destroy(larger_momentum);
    alc_model_destroy(larger);
    alc_optimizer_destroy(momentum);
    alc_optimizer_destroy(sgd);
    tear_down(&f);
}
END_TEST

START_TEST(another_seed_is_refused)
{
    fixture f;
    alc_context *other;
    alc_safetensors *file;
    set_up(&f);
    ck_assert_int_eq(write_state(&f, NULL, numbered_state(1)), ALC_OK);
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = 8}, &other),
                     ALC_OK);
    ck_assert_int_eq(alc_safetensors_open(other, f.path, &file), ALC_OK);
    ck_assert_int_eq(alc_state_check(file, NULL), ALC_MISMATCH);
    ck_assert_ptr_nonnull(strstr(alc_error_message(other), "seed 0, this run has 8"));
    alc_safetensors_close(file);
    alc_context_destroy(other);
    tear_down(&f);
}
END_TEST

/* A copy of the file in which the first `find` is replaced, without a checksum: such files are read
 * as foreign ones. */
static alc_safetensors *open_altered(fixture *f, const char *find, const char *with,
                                     unsigned char **memory)
{
    size_t size, header, at = 0, length = strlen(find);
    alc_safetensors *file;
    unsigned char *bytes = read_test_file(f->path, &size);
    header = bytes[0] + 256u * bytes[1];
    while (at + length <= size && memcmp(bytes + at, find, length) != 0)
        at++;
    ck_assert_msg(at + length <= size, "there is no %s", find);
    ck_assert_uint_eq(strlen(with), length);
    memcpy(bytes + at, with, length);
    ck_assert_uint_lt(header, size);
    file = NULL;
    alc_safetensors *opened = malloc(sizeof *opened);
    ck_assert_ptr_nonnull(opened);
    *opened =
        (alc_safetensors){.context = f->context, .name = "altered", .bytes = bytes, .size = size};
    alc_arena_init(&opened->arena, f->context);
    ck_assert_int_eq(alc_read_header(opened), ALC_OK);
    file = opened;
    *memory = bytes;
    return file;
}

START_TEST(what_is_missing_or_wrong_is_named)
{
    static const struct {
        const char *find, *with, *part_of_message;
    } wrong[] = {
        {"alcor_epoch", "alcor_epach", "'alcor_epoch'"},
        {"\"alcor_hits\":\"4\"", "\"alcor_hits\":\"x\"", "'alcor_hits'"},
        {"\"alcor_batch\":\"2\"", "\"alcor_batch\":\"-\"", "'alcor_batch'"},
        {"alcor_best_score", "alcor_best_scone", "'alcor_best_score'"},
        {"\"alcor_schedule.factor\":\"0.", "\"alcor_schedule.factor\":\"0,",
         "'alcor_schedule.factor'"},
        {"\"alcor_schedule.kind\":\"4\"", "\"alcor_schedule.kind\":\"5\"", "'alcor_schedule.kind'"},
        {"\"alcor_schedule.started\":\"1\"", "\"alcor_schedule.started\":\"2\"",
         "'alcor_schedule.started'"},
    };
    fixture f;
    set_up(&f);
    ck_assert_int_eq(write_state(&f, NULL, numbered_state(1)), ALC_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        alc_arena arena;
        alc_training_state state;
        unsigned char *memory;
        alc_arena_init(&arena, f.context);
        alc_safetensors *file = open_altered(&f, wrong[i].find, wrong[i].with, &memory);
        ck_assert_int_eq(alc_state_read(file, &arena, &state), ALC_BAD_FILE);
        ck_assert_msg(strstr(alc_error_message(f.context), wrong[i].part_of_message) != NULL, "%s",
                      alc_error_message(f.context));
        alc_arena_free(&file->arena);
        alc_arena_free(&arena);
        free(file);
        free(memory);
    }
    tear_down(&f);
}
END_TEST

START_TEST(every_failing_allocation_is_survived)
{
    fixture f;
    set_up(&f);
    for (f.hooks.fail_allocation = 1;; f.hooks.fail_allocation++) {
        failing_hooks_restart(&f.hooks);
        alc_status status = write_state(&f, f.trainee.optimizer, numbered_state(1));
        if (f.hooks.faults == 0)
            break;
        ck_assert_int_eq(status, ALC_OUT_OF_MEMORY);
        ck_assert_int_eq(temporary_folder_files(&f.folder), 0);
    }
    ck_assert_int_ge(f.hooks.fail_allocation, 8);
    tear_down(&f);
}
END_TEST

int main(void)
{
    return RUN_TESTS("training_state", every_number_comes_back, awkward_numbers_come_back,
                     an_optimizer_comes_back, another_optimizer_is_refused, another_seed_is_refused,
                     what_is_missing_or_wrong_is_named, every_failing_allocation_is_survived);
}
