/* experiment_resume.c - goes on with a training that was saved, if it is the same one. */
#include <string.h>

#include "alcor/json.h"
#include "common/experiment.h"
#include "common/settings.h"

/* What the model file says of itself must be what this training would write. Networks and classes are compared by hand:
 * another list of classes of the same length would fit the network, and be wrong. */
static alc_status compare_card(experiment *e, const alc_checkpoint *checkpoint)
{
    static const struct {
        const char *key, *sentence;
    } lines[] = {
        {ALC_KEY_BUILDER, "%s: holds a model of the kind %s, not %s"},
        {ALC_KEY_CLASSES, "%s: its classes are %s, the table's are %s"},
    };
    const alc_metadata metadata = alc_safetensors_metadata(alc_checkpoint_model(checkpoint));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *saved = alc_metadata_find(metadata, lines[i].key);
        const char *ours = alc_metadata_find(e->card_strings, lines[i].key);
        if (!saved || strcmp(saved, ours) != 0)
            return experiment_fail(e, ALC_MISMATCH, lines[i].sentence, e->options.save, saved ? saved : "unknown", ours);
    }
    return ALC_OK;
}

/* The training part's statistics, which change where its rows or images have changed. */
static alc_status compare_data(experiment *e, const alc_checkpoint *checkpoint)
{
    static const char *const keys[] = {ALC_KEY_ENCODER, ALC_KEY_PREPROCESSING};
    const alc_metadata metadata = alc_safetensors_metadata(alc_checkpoint_model(checkpoint));
    for (int i = 0; i < 2; i++) {
        const char *saved = alc_metadata_find(metadata, keys[i]), *ours = alc_metadata_find(e->card_strings, keys[i]);
        if (ours && (!saved || strcmp(saved, ours) != 0))
            return experiment_fail(e, ALC_MISMATCH, "%s: was trained on other values than %s gives now (%s)",
                                   e->options.save, e->options.table, keys[i]);
    }
    return ALC_OK;
}

static alc_status compare_settings(experiment *e, const alc_checkpoint *checkpoint)
{
    char sentence[512];
    const char *text = alc_metadata_find(alc_checkpoint_state(checkpoint).strings, KEY_SETTINGS);
    json_t *saved = NULL;
    const alc_status status = text ? alc_json_read(e->context, text, "its settings", &saved) : ALC_BAD_FILE;
    const bool differ = saved && settings_differ(saved, e->settings, sentence, sizeof sentence);
    json_decref(saved);
    if (status == ALC_BAD_FILE)
        return experiment_fail(e, ALC_BAD_FILE, "%s: was not saved by a trainer", e->options.save);
    if (status)
        return status;
    if (differ)
        return experiment_fail(e, ALC_MISMATCH, "%s: %s", e->options.save, sentence);
    const int64_t done = alc_checkpoint_state(checkpoint).epoch;
    if (done > e->options.epochs)
        return experiment_fail(e, ALC_MISMATCH, "%s: %lld epochs are done already, more than --epochs %lld",
                               e->options.save, (long long)done, (long long)e->options.epochs);
    return ALC_OK;
}

/* With --weights the card has the normalisation of these, which the images do not change. */
static json_t *images_as_json(const experiment *e)
{
    const double *mean = e->measured.mean, *std = e->measured.std;
    return json_pack("[f,f,f,f,f,f]", mean[0], mean[1], mean[2], std[0], std[1], std[2]);
}

alc_status experiment_resume(experiment *e)
{
    e->settings = settings_as_json(&e->options, alc_split_hash(e->split));
    if (e->settings && e->options.kind->uses & USES_IMAGES && e->options.weights &&
        json_object_set_new(e->settings, KEY_IMAGES, images_as_json(e)))
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    if (!e->settings)
        return experiment_fail(e, ALC_OUT_OF_MEMORY, "memory ran out");
    if (!e->options.resume)
        return ALC_OK;
    alc_checkpoint *checkpoint;
    alc_status status = alc_checkpoint_load(e->context, e->options.save, &checkpoint);
    if (status)
        return status;
    status = compare_card(e, checkpoint);
    if (status == ALC_OK)
        status = compare_settings(e, checkpoint);
    if (status == ALC_OK)
        status = compare_data(e, checkpoint);
    if (status == ALC_OK)
        status = alc_checkpoint_restore(checkpoint, e->model, e->optimizer);
    if (status == ALC_OK) {
        const alc_schedule asked = e->state.schedule; /* of more steps than before in a prolonged training */
        e->state = alc_checkpoint_state(checkpoint);
        e->state.schedule.total_steps = asked.total_steps;
        e->state.schedule.warmup_steps = asked.warmup_steps;
        e->state.strings = (alc_metadata){0};
    }
    alc_checkpoint_close(checkpoint);
    return status;
}
