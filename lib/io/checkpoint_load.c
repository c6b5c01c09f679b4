/* lib/io/checkpoint_load.c - finding the newest pair of files that is whole and belongs together,
 * and putting it into a model and an optimizer. Why these pairs are looked at, and no others:
 * checkpoint_save.c. */
#include <string.h>

#include "lib/io/checkpoint_files.h"
#include "lib/io/training_state.h"

struct alc_checkpoint {
    alc_context *context;
    alc_arena arena;
    alc_checkpoint_paths paths;
    alc_safetensors *model, *state;
    bool previous;
    alc_training_state training;
    const char *reason; /* why the latest pair does not load */
};

/* Remembers the first failure's sentence; only a lack of memory stops the search. */
static alc_status remember(alc_checkpoint *c, alc_status status)
{
    char sentence[ALC_MESSAGE_BYTES];
    if (status != ALC_OK && c->reason == NULL) {
        alc_copy_error_message(c->context, sentence, sizeof sentence);
        c->reason = alc_arena_format(&c->arena, "%s", sentence);
        if (c->reason == NULL)
            return ALC_OUT_OF_MEMORY;
    }
    return status == ALC_OUT_OF_MEMORY ? status : ALC_OK;
}

/* Opens a file that may be missing or damaged. */
static alc_status try_open(alc_checkpoint *c, const char *path, alc_safetensors **file)
{
    return remember(c, alc_safetensors_open(c->context, path, file));
}

/* Sets *found if both files are there and belong together and the state can be read. */
static alc_status try_pair(alc_checkpoint *c, alc_safetensors *model, alc_safetensors *state,
                           bool *found)
{
    *found = false;
    if (model == NULL || state == NULL)
        return ALC_OK;
    alc_status status = alc_check_pair(model, state);
    if (status == ALC_OK)
        status = alc_state_read(state, &c->arena, &c->training);
    *found = status == ALC_OK;
    return remember(c, status);
}

static void replace(alc_safetensors **file, alc_safetensors *with)
{
    alc_safetensors_close(*file);
    *file = with;
}

static alc_status find_pair(alc_checkpoint *c, bool *found)
{
    alc_safetensors *older = NULL;
    alc_status status = try_open(c, c->paths.model, &c->model);
    if (status == ALC_OK)
        status = try_open(c, c->paths.state, &c->state);
    if (status == ALC_OK)
        status = try_pair(c, c->model, c->state, found);
    if (status != ALC_OK || *found)
        return status;

    c->previous = true;
    status = try_open(c, c->paths.previous_model, &older);
    replace(&c->model, older);
    if (status == ALC_OK)
        status = try_pair(c, c->model, c->state, found);
    if (status != ALC_OK || *found)
        return status;

    older = NULL;
    status = try_open(c, c->paths.previous_state, &older);
    replace(&c->state, older);
    return status == ALC_OK ? try_pair(c, c->model, c->state, found) : status;
}

/* A model alone, which the first save of all leaves if it dies before its last step, is no checkpoint either. */
static alc_status fail_search(const alc_checkpoint *c)
{
    const char *const paths[] = {c->paths.model, c->paths.previous_model, c->paths.state, c->paths.previous_state};
    bool exists[4] = {false, false, false, false};
    alc_status status = ALC_OK;
    for (int i = 0; i < 4 && status == ALC_OK; i++)
        status = alc_look_for_file(c->context, paths[i], &exists[i]);
    if (status != ALC_OK)
        return status;
    if (!exists[2] && !exists[3])
        return alc_fail(c->context, ALC_NOT_FOUND, "there is no checkpoint %s%s", c->paths.model,
                        exists[0] || exists[1] ? ": the model has no training state beside it" : "");
    return alc_fail(c->context, ALC_CORRUPT, "the checkpoint %s cannot be loaded, nor the one before it: %s",
                    c->paths.model, c->reason);
}

alc_status alc_checkpoint_load(alc_context *context, const char *path, alc_checkpoint **result)
{
    bool found = false;
    if (context == NULL || path == NULL || result == NULL)
        return alc_fail(context, ALC_INVALID_ARGUMENT, "alc_checkpoint_load: an argument is NULL");
    *result = NULL;
    alc_checkpoint *c = alc_allocate(context, sizeof *c, "a checkpoint");
    if (c == NULL)
        return ALC_OUT_OF_MEMORY;
    c->context = context;
    alc_arena_init(&c->arena, context);
    alc_status status = alc_find_checkpoint_paths(&c->arena, path, &c->paths);
    if (status == ALC_OK)
        status = find_pair(c, &found);
    if (status == ALC_OK && !found)
        status = fail_search(c);
    if (status != ALC_OK) {
        alc_checkpoint_close(c);
        return status;
    }
    if (c->previous)
        alc_log(context, "going back to the checkpoint %s: %s", c->model->name, c->reason);
    *result = c;
    return ALC_OK;
}

void alc_checkpoint_close(alc_checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    alc_safetensors_close(checkpoint->model);
    alc_safetensors_close(checkpoint->state);
    alc_arena_free(&checkpoint->arena);
    alc_free(checkpoint->context, checkpoint);
}

const alc_safetensors *alc_checkpoint_model(const alc_checkpoint *checkpoint)
{
    return checkpoint == NULL ? NULL : checkpoint->model;
}

alc_training_state alc_checkpoint_state(const alc_checkpoint *checkpoint)
{
    return checkpoint == NULL ? (alc_training_state){0} : checkpoint->training;
}

bool alc_checkpoint_is_previous(const alc_checkpoint *checkpoint)
{
    return checkpoint != NULL && checkpoint->previous;
}

alc_status alc_checkpoint_restore(const alc_checkpoint *checkpoint, alc_model *model,
                                  alc_optimizer *optimizer)
{
    if (checkpoint == NULL || model == NULL)
        return alc_fail(checkpoint == NULL ? NULL : checkpoint->context, ALC_INVALID_ARGUMENT,
                        "alc_checkpoint_restore: an argument is NULL");
    alc_status status = alc_state_check(checkpoint->state, optimizer);
    if (status == ALC_OK)
        status =
            alc_model_load_tensors(model, checkpoint->model, (alc_model_load_options){0}, NULL);
    if (status == ALC_OK && optimizer != NULL)
        alc_state_restore(checkpoint->state, optimizer);
    return status;
}
