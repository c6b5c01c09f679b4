/* tests/support/training_life.c - see training_life.h. */
#include "support/training_life.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alcor/checkpoint.h"
#include "support/small_training.h"

typedef struct saving {
    const training_life *life;
    small_training *training;
} saving;

static alc_status save_checkpoint(void *user, const alc_training_state *state)
{
    const saving *s = user;
    alc_status status = alc_checkpoint_save(s->training->model, s->training->optimizer, s->life->checkpoint,
                                            (alc_metadata){0}, *state);
    return status == ALC_OK && state->epoch == s->life->stop_after ? ALC_INTERRUPTED : status;
}

/* Goes on from the checkpoint where there is one; else from the weights. */
static alc_status start(const training_life *life, small_training *t)
{
    alc_checkpoint *checkpoint;
    alc_status status = alc_checkpoint_load(t->context, life->checkpoint, &checkpoint);
    if (status == ALC_NOT_FOUND)
        return alc_model_load(t->model, life->weights, (alc_model_load_options){.partial = true}, NULL);
    if (status != ALC_OK)
        return status;
    status = alc_checkpoint_restore(checkpoint, t->model, t->optimizer);
    t->state = alc_checkpoint_state(checkpoint);
    t->state.strings = (alc_metadata){0};
    alc_checkpoint_close(checkpoint);
    return status;
}

static alc_status predict(const small_training *t, uint64_t *digest)
{
    alc_real p[SMALL_ROWS * SMALL_CLASSES];
    const alc_predict_options options = {.plan = t->evaluation, .probabilities = t->classifier.probabilities,
                                         .loader = t->validation};
    alc_status status = alc_predict(options, p, NULL);
    *digest = small_training_digest(t);
    for (int64_t i = 0; status == ALC_OK && i < alc_loader_samples(t->validation) * SMALL_CLASSES; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &p[i], sizeof p[i]);
        *digest = (*digest ^ bits) * 0x100000001b3u;
    }
    return status;
}

alc_status training_life_run(const training_life *life, alc_context *context, uint64_t *digest)
{
    small_training t;
    saving s = {life, &t};
    alc_status status = small_training_create_from(&t, context, LIFE_EPOCHS, life->table);
    if (status == ALC_OK)
        status = start(life, &t);
    if (status == ALC_OK) {
        alc_fit_options options = small_training_options(&t, LIFE_EPOCHS);
        options.save = save_checkpoint;
        options.user = &s;
        status = alc_fit(options, &t.state);
    }
    if (status == ALC_OK)
        status = alc_model_save(t.model, life->model, (alc_model_save_options){.steps = t.state.step});
    if (status == ALC_OK)
        status = predict(&t, digest);
    small_training_destroy(&t);
    return status;
}

int64_t training_life_epochs(const training_life *life, alc_context *context)
{
    alc_checkpoint *checkpoint;
    alc_status status = alc_checkpoint_load(context, life->checkpoint, &checkpoint);
    ck_assert_msg(status == ALC_OK || status == ALC_NOT_FOUND, "%s", alc_error_message(context));
    int64_t epochs = status == ALC_OK ? alc_checkpoint_state(checkpoint).epoch : 0;
    alc_checkpoint_close(checkpoint);
    return epochs;
}

void training_life_prepare(training_life *life, const temporary_folder *folder)
{
    alc_context *context;
    life->stop_after = 0;
    small_training t;
    char text[SMALL_TABLE_BYTES];
    temporary_path(folder, "weights.safetensors", life->weights);
    temporary_path(folder, "run.safetensors", life->checkpoint);
    temporary_path(folder, "model.safetensors", life->model);
    temporary_path(folder, "table.csv", life->table);
    write_test_file(life->table, text, small_training_table(text));
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = 99}, &context), ALC_OK);
    ck_assert_int_eq(small_training_create(&t, context, 1), ALC_OK);
    ck_assert_int_eq(alc_model_save(t.model, life->weights, (alc_model_save_options){0}), ALC_OK);
    small_training_destroy(&t);
    alc_context_destroy(context);
}

void training_life_forget(const training_life *life)
{
    static const char *const names[] = {"", ".state", ".previous", ".previous.state"};
    int stem = (int)(strlen(life->checkpoint) - strlen(".safetensors"));
    for (int i = 0; i < 4; i++) {
        char path[1100];
        snprintf(path, sizeof path, "%.*s%s.safetensors", stem, life->checkpoint, names[i]);
        unlink(path);
    }
    unlink(life->model);
}
