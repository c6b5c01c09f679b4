/* lib/io/training_state.h - a training state as strings, and an optimizer's tensors as tensors, of
 * a file. */
#ifndef ALC_LIB_TRAINING_STATE_H
#define ALC_LIB_TRAINING_STATE_H

#include "alcor/checkpoint.h"
#include "lib/io/safetensors_internal.h"

/* Keys of a state file. */
#define ALC_KEY_MODEL_CHECKSUM ALC_KEY_PREFIX "model_xxh3"
#define ALC_KEY_SEED ALC_KEY_PREFIX "seed"
#define ALC_KEY_OPTIMIZER ALC_KEY_PREFIX "optimizer"
#define ALC_KEY_OPTIMIZER_STEPS ALC_KEY_PREFIX "optimizer_steps"

/* Writes the state file of a model file with this checksum, but for the replacing. optimizer may be
 * NULL. */
alc_status alc_state_prepare(alc_context *context, const char *path, alc_optimizer *optimizer,
                             const alc_training_state *state, uint64_t model_checksum,
                             alc_atomic_file **file);

/* The checksum of the model file that an opened state file belongs to. ALC_BAD_FILE: it is no state
 * file. */
alc_status alc_state_model_checksum(const alc_safetensors *file, uint64_t *checksum);
/* *state->strings are the programs' own, in memory of `arena`. ALC_BAD_FILE names what is missing
 * or wrong. */
alc_status alc_state_read(const alc_safetensors *file, alc_arena *arena, alc_training_state *state);

/* Whether seed and optimizer are those that were saved: ALC_MISMATCH if not. optimizer may be NULL:
 * not looked at. */
alc_status alc_state_check(const alc_safetensors *file, alc_optimizer *optimizer);
/* Fills an optimizer that alc_state_check accepted. */
void alc_state_restore(const alc_safetensors *file, alc_optimizer *optimizer);

#endif
