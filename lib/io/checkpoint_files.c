/* lib/io/checkpoint_files.c - see checkpoint_files.h. A state belongs to the model file whose
 * checksum it holds, whatever both are called: that is what makes saving safe at every instant
 * (checkpoint_save.c). */
#include "lib/io/checkpoint_files.h"

#include <string.h>

#include "lib/io/training_state.h"

#define ENDING ".safetensors"

int alc_checkpoint_file(const char *path, alc_checkpoint_part part, char *text, size_t size)
{
    static const char *const endings[ALC_CHECKPOINT_PARTS] = {ENDING, ".state" ENDING, ".previous" ENDING,
                                                              ".previous.state" ENDING};
    size_t length = strlen(path), ending = strlen(ENDING);
    if (part == ALC_CHECKPOINT_MODEL)
        return alc_format(text, size, "%s", path);
    if (length > ending && strcmp(path + length - ending, ENDING) == 0)
        length -= ending;
    return alc_format(text, size, "%.*s%s", (int)length, path, endings[part]);
}

alc_status alc_find_checkpoint_paths(alc_arena *arena, const char *path,
                                     alc_checkpoint_paths *paths)
{
    const char **const names[ALC_CHECKPOINT_PARTS] = {&paths->model, &paths->state, &paths->previous_model,
                                                      &paths->previous_state};
    for (int part = 0; part < ALC_CHECKPOINT_PARTS; part++) {
        const size_t size = strlen(path) + sizeof ".previous.state" ENDING;
        char *name = alc_arena_allocate(arena, size, "a checkpoint's files");
        if (name == NULL)
            return ALC_OUT_OF_MEMORY;
        alc_checkpoint_file(path, (alc_checkpoint_part)part, name, size);
        *names[part] = name;
    }
    return ALC_OK;
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
