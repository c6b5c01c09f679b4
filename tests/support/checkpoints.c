/* tests/support/checkpoints.c - see checkpoints.h. */
#include "support/checkpoints.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support/small_model.h"

void trainee_create(trainee *t, alc_context *context)
{
    t->context = context;
    t->model = small_model(context, 4);
    t->optimizer = small_optimizer(t->model, ALC_ADAMW, 0);
}

void trainee_destroy(trainee *t)
{
    alc_optimizer_destroy(t->optimizer);
    alc_model_destroy(t->model);
}

alc_training_state numbered_state(int64_t number)
{
    static const alc_metadata_entry strings[] = {{"arguments", "--epochs 30"}, {"history", "[]"}};
    double real = (double)number;
    return (alc_training_state){.epoch = number,
                                .batch = number + 1,
                                .loss_sum = real / 3,
                                .samples = number + 2,
                                .hits = number + 3,
                                .step = number + 4,
                                .schedule = {.kind = ALC_SCHEDULE_PLATEAU,
                                             .learning_rate = 1e-3,
                                             .total_steps = number + 5,
                                             .steps_per_epoch = number + 6,
                                             .warmup_steps = number + 7,
                                             .final_factor = 0.1,
                                             .period = number + 8,
                                             .gamma = 1 / (real + 7),
                                             .patience = number + 9,
                                             .best = -real / 7,
                                             .factor = 0.3,
                                             .waited = number + 10,
                                             .started = number % 2 == 1},
                                .best_score = -1 / (real + 0.7),
                                .best_epoch = number + 11,
                                .strings = {strings, 2}};
}

bool state_is(const alc_training_state *state, int64_t number)
{
    alc_training_state wanted = numbered_state(number);
    const alc_schedule *a = &state->schedule, *b = &wanted.schedule;
    const char *arguments = alc_metadata_find(state->strings, "arguments");
    return state->epoch == wanted.epoch && state->batch == wanted.batch &&
           state->loss_sum == wanted.loss_sum && state->samples == wanted.samples &&
           state->hits == wanted.hits && state->step == wanted.step &&
           state->best_score == wanted.best_score && state->best_epoch == wanted.best_epoch &&
           a->kind == b->kind && a->learning_rate == b->learning_rate &&
           a->total_steps == b->total_steps && a->steps_per_epoch == b->steps_per_epoch &&
           a->warmup_steps == b->warmup_steps && a->final_factor == b->final_factor &&
           a->period == b->period && a->gamma == b->gamma && a->patience == b->patience &&
           a->best == b->best && a->factor == b->factor && a->waited == b->waited &&
           a->started == b->started && state->strings.count == 2 && arguments != NULL &&
           strcmp(arguments, "--epochs 30") == 0;
}

alc_status save_number(trainee *t, const char *path, int64_t number)
{
    static const alc_metadata_entry strings[] = {{ALC_KEY_BUILDER, "small"}};
    fill_parameters(t->model, number);
    fill_optimizer(t->optimizer, number);
    return alc_checkpoint_save(t->model, t->optimizer, path, (alc_metadata){strings, 1},
                               numbered_state(number));
}

int64_t load_number(trainee *t, const char *path, bool *previous)
{
    alc_checkpoint *checkpoint;
    if (alc_checkpoint_load(t->context, path, &checkpoint) != ALC_OK) {
        ck_assert_ptr_null(checkpoint);
        return -1;
    }
    alc_training_state state = alc_checkpoint_state(checkpoint);
    int64_t number = state.epoch;
    ck_assert(state_is(&state, number));
    fill_parameters(t->model, -5);
    fill_optimizer(t->optimizer, -5);
    ck_assert_int_eq(alc_checkpoint_restore(checkpoint, t->model, t->optimizer), ALC_OK);
    ck_assert(parameters_are(t->model, number));
    ck_assert(optimizer_is(t->optimizer, number));
    alc_metadata metadata = alc_safetensors_metadata(alc_checkpoint_model(checkpoint));
    ck_assert_str_eq(alc_metadata_find(metadata, ALC_KEY_BUILDER), "small");
    if (previous != NULL)
        *previous = alc_checkpoint_is_previous(checkpoint);
    alc_checkpoint_close(checkpoint);
    return number;
}
