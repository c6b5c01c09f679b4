/* lib/io/checkpoint_files.h - the four files of a checkpoint, and opening two of them as a pair. */
#ifndef ALC_LIB_CHECKPOINT_FILES_H
#define ALC_LIB_CHECKPOINT_FILES_H

#include "alcor/checkpoint.h"
#include "lib/io/safetensors_internal.h"

typedef struct alc_checkpoint_paths {
    const char *model, *state;                   /* NAME.safetensors, NAME.state.safetensors */
    const char *previous_model, *previous_state; /* NAME.previous.safetensors, ... */
} alc_checkpoint_paths;

/* The names for a model's path, in memory of `arena`. */
alc_status alc_find_checkpoint_paths(alc_arena *arena, const char *path,
                                     alc_checkpoint_paths *paths);

/* Whether a state file says that it belongs to this model file: ALC_MISMATCH if to another,
 * ALC_BAD_FILE if to none. */
alc_status alc_check_pair(const alc_safetensors *model, const alc_safetensors *state);

#endif
