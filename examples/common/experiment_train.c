/* experiment_train.c - the training loop's callbacks: what is shown, saved and asked. */
#include <stdio.h>
#include <stdlib.h>

#include "common/experiment.h"
#include "common/settings.h"
#include "common/stop_signal.h"

static void show_step(void *user, const alc_fit_progress *now)
{
    experiment *e = user;
    progress_step(&e->progress, now);
}

static void show_epoch(void *user, const alc_fit_epoch *epoch)
{
    experiment *e = user;
    progress_epoch(&e->progress, epoch, alc_loader_samples(e->train_loader));
}

static alc_status save(void *user, const alc_training_state *state)
{
    experiment *e = user;
    char *settings = json_dumps(e->settings, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!settings)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    const alc_metadata_entry entry = {KEY_SETTINGS, settings};
    alc_training_state saved = *state;
    saved.strings = (alc_metadata){&entry, 1};
    const alc_status status = alc_checkpoint_save(e->model, e->optimizer, e->options.save, e->card_strings, saved);
    free(settings);
    return status;
}

alc_status experiment_train(experiment *e)
{
    const alc_fit_options options = {.plan = e->train_plan,
                                     .logits = e->classifier.logits,
                                     .label = e->classifier.label,
                                     .loader = e->train_loader,
                                     .optimizer = e->optimizer,
                                     .epochs = e->options.epochs,
                                     .evaluation_plan = e->evaluation_plan,
                                     .probabilities = e->classifier.probabilities,
                                     .validation_loader = e->validation_loader,
                                     .dataset = e->dataset,
                                     .stop = stop_signal_received,
                                     .progress = show_step,
                                     .epoch_done = show_epoch,
                                     .save = save,
                                     .save_every = e->options.kind->save_every,
                                     .save_every_steps = e->options.save_every,
                                     .user = e};
    progress_start(&e->progress, e->options.kind->uses & USES_IMAGES ? "images" : "rows", &e->state,
                   alc_loader_batches(e->train_loader));
    const alc_status status = alc_fit(options, &e->state);
    e->train_seconds = progress_seconds(&e->progress);
    if (status == ALC_INTERRUPTED)
        return experiment_fail(e, status, "interrupted in epoch %lld; --resume goes on from %s",
                               (long long)e->state.epoch + 1, e->options.save);
    return status;
}
