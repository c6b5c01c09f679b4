/* tests/support/training_life.c - see training_life.h. */
#include "support/training_life.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alcor/checkpoint.h"

typedef struct saving {
    const training_life *life;
    small_training *training;
} saving;

static alc_status save_checkpoint(void *user, const alc_training_state *state)
{
    const saving *s = user;
    s->training->phase = PHASE_CHECKPOINT;
    alc_status status = alc_checkpoint_save(s->training->model, s->training->optimizer, s->life->checkpoint,
                                            (alc_metadata){0}, *state);
    if (status == ALC_OK)
        s->training->phase = PHASE_TRAINING;
    return status == ALC_OK && state->epoch == s->life->stop_after ? ALC_INTERRUPTED : status;
}

/* Goes on from the checkpoint where there is one; else from the weights. */
static alc_status start(const training_life *life, small_training *t)
{
    alc_checkpoint *checkpoint;
    t->phase = PHASE_RESUMING;
    alc_status status = alc_checkpoint_load(t->context, life->checkpoint, &checkpoint);
    if (status == ALC_NOT_FOUND) {
        t->phase = PHASE_WEIGHTS;
        return alc_model_load(t->model, life->weights, (alc_model_load_options){.partial = true}, NULL);
    }
    if (status != ALC_OK)
        return status;
    status = alc_checkpoint_restore(checkpoint, t->model, t->optimizer);
    t->state = alc_checkpoint_state(checkpoint);
    t->state.strings = (alc_metadata){0};
    alc_checkpoint_close(checkpoint);
    return status;
}

static uint64_t mix(uint64_t digest, uint64_t bits)
{
    return (digest ^ bits) * 0x100000001b3u;
}

static uint64_t mix_file(uint64_t digest, const char *path)
{
    size_t bytes;
    unsigned char *data = read_test_file(path, &bytes);
    ck_assert_msg(data != NULL, "%s was not written", path);
    for (size_t i = 0; i < bytes; i++)
        digest = mix(digest, data[i]);
    free(data);
    return mix(digest, bytes);
}

static uint64_t mix_files(uint64_t digest, const training_life *life)
{
    digest = mix_file(digest, life->model);
    for (int i = 0; i < 2; i++) {
        char path[1100];
        alc_checkpoint_file(life->checkpoint, (alc_checkpoint_part)i, path, sizeof path);
        digest = mix_file(digest, path);
    }
    return digest;
}

static alc_status predict(small_training *t, uint64_t *digest)
{
    alc_real p[SMALL_ROWS * SMALL_CLASSES];
    const alc_predict_options options = {.plan = t->evaluation, .probabilities = t->classifier.probabilities,
                                         .loader = t->validation};
    t->phase = PHASE_PREDICTING;
    alc_status status = alc_predict(options, p, NULL);
    *digest = small_training_digest(t);
    for (int64_t i = 0; status == ALC_OK && i < alc_loader_samples(t->validation) * SMALL_CLASSES; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &p[i], sizeof p[i]);
        *digest = mix(*digest, bits);
    }
    return status;
}

alc_status training_life_run(training_life *life, alc_context *context, uint64_t *digest)
{
    small_training t;
    saving s = {life, &t};
    alc_status status = small_training_create_from(&t, context, LIFE_EPOCHS, life->table, life->images);
    if (status == ALC_OK)
        status = start(life, &t);
    if (status == ALC_OK) {
        alc_fit_options options = small_training_options(&t, LIFE_EPOCHS);
        options.save = save_checkpoint;
        options.user = &s;
        t.phase = PHASE_TRAINING;
        status = alc_fit(options, &t.state);
    }
    if (status == ALC_OK) {
        t.phase = PHASE_SAVING;
        status = alc_model_save(t.model, life->model, (alc_model_save_options){.steps = t.state.step});
    }
    if (status == ALC_OK)
        status = predict(&t, digest);
    if (status == ALC_OK)
        *digest = mix_files(*digest, life);
    life->phase = t.phase;
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

static void copy_test_file(const char *from, const temporary_folder *folder, const char *name)
{
    size_t bytes;
    char path[1024];
    unsigned char *data = read_test_file(from, &bytes);
    ck_assert_msg(data != NULL, "%s is not there", from);
    write_test_file(temporary_path(folder, name, path), data, bytes);
    free(data);
}

void training_life_prepare(training_life *life, const temporary_folder *folder, bool images)
{
    alc_context *context;
    small_training t;
    char text[SMALL_TABLE_BYTES];
    *life = (training_life){.images = images};
    temporary_path(folder, "weights.safetensors", life->weights);
    temporary_path(folder, "run.safetensors", life->checkpoint);
    temporary_path(folder, "model.safetensors", life->model);
    temporary_path(folder, "table.csv", life->table);
    write_test_file(life->table, text, small_training_table(text, images));
    copy_test_file("tests/data/images/good/basn2c08.png", folder, "0.png");
    copy_test_file("tests/data/images/good/jpg-size-15x15.jpg", folder, "1.jpg");
    ck_assert_int_eq(alc_context_create((alc_context_options){.threads = 1, .seed = 99}, &context), ALC_OK);
    ck_assert_int_eq(small_training_create_from(&t, context, 1, life->table, images), ALC_OK);
    ck_assert_int_eq(alc_model_save(t.model, life->weights, (alc_model_save_options){0}), ALC_OK);
    small_training_destroy(&t);
    alc_context_destroy(context);
}

bool training_life_is_half_written(const training_life *life)
{
    char path[1100], partial[1200];
    snprintf(partial, sizeof partial, "%s.partial", life->model);
    bool found = test_file_exists(partial);
    for (int i = 0; i < ALC_CHECKPOINT_PARTS; i++) {
        alc_checkpoint_file(life->checkpoint, (alc_checkpoint_part)i, path, sizeof path);
        snprintf(partial, sizeof partial, "%s.partial", path);
        found = found || test_file_exists(partial);
    }
    return found;
}

void training_life_forget(const training_life *life)
{
    for (int i = 0; i < ALC_CHECKPOINT_PARTS; i++) {
        char path[1100];
        alc_checkpoint_file(life->checkpoint, (alc_checkpoint_part)i, path, sizeof path);
        unlink(path);
    }
    unlink(life->model);
}
