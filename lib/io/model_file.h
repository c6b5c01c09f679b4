/* lib/io/model_file.h - a model as a safetensors file, written in two steps for checkpoint_save.c.
 */
#ifndef ALC_LIB_MODEL_FILE_H
#define ALC_LIB_MODEL_FILE_H

#include "alcor/checkpoint.h"
#include "lib/io/safetensors_internal.h"

/* All of alc_model_save but the replacing; *checksum is the new file's. */
alc_status alc_model_prepare(alc_model *model, const char *path, alc_model_save_options options,
                             alc_atomic_file **file, uint64_t *checksum);

/* If `name` is a batch norm's running_mean: the length of what stands before that word, else -1. */
int64_t alc_batch_norm_prefix(const char *name);

/* What PyTorch calls the count of batches that a batch norm has seen, and what it lies beside. */
#define ALC_NAME_BATCHES "num_batches_tracked"
#define ALC_NAME_MEAN "running_mean"

#endif
