/* lib/io/checkpoint_files.c - see checkpoint_files.h. A state belongs to the model file whose
 * checksum it holds, whatever both are called: that is what makes saving safe at every instant
 * (checkpoint_save.c). */
#include "lib/io/checkpoint_files.h"

#include <string.h>

#include "lib/io/training_state.h"

#define ENDING ".safetensors"

alc_status alc_find_checkpoint_paths(alc_arena *arena, const char *path,
                                     alc_checkpoint_paths *paths)
{
    size_t length = strlen(path), ending = strlen(ENDING);
    if (length > ending && strcmp(path + length - ending, ENDING) == 0)
        length -= ending;
    int stem = (int)length;
    paths->model = alc_arena_format(arena, "%s", path);
    paths->state = alc_arena_format(arena, "%.*s.state" ENDING, stem, path);
    paths->previous_model = alc_arena_format(arena, "%.*s.previous" ENDING, stem, path);
    paths->previous_state = alc_arena_format(arena, "%.*s.previous.state" ENDING, stem, path);
    return paths->model == NULL || paths->state == NULL || paths->previous_model == NULL ||
                   paths->previous_state == NULL
               ? ALC_OUT_OF_MEMORY
               : ALC_OK;
}

alc_status alc_check_pair(const alc_safetensors *model, const alc_safetensors *state)
{
    uint64_t wanted;
    alc_status status = alc_state_model_checksum(state, &wanted);
    if (status != ALC_OK)
        return status;
    if (!model->has_checksum || model->checksum != wanted)
        return alc_fail(model->context, ALC_MISMATCH, "%s belongs to another model file than %s",
                        state->name, model->name);
    return ALC_OK;
}
