/* lib/io/weight_names.h - what a model calls a tensor of a file that names it otherwise. */
#ifndef ALC_LIB_WEIGHT_NAMES_H
#define ALC_LIB_WEIGHT_NAMES_H

#include "alcor/tensor.h"

#define ALC_WEIGHT_NAME_SIZE 512

/* The place of the model's parameter `prefix` + `name`; -1 if it has none. */
int64_t alc_find_weight(const alc_model *model, const char *prefix, const char *name);

/* The model's name, without `prefix`, for the file's `stored`: `stored` itself if the model has that or no rule below rewrites
 * it, else `name` of ALC_WEIGHT_NAME_SIZE bytes, or a later part of `stored`. docs/import_weights.md has the rules. */
const char *alc_weight_name(const alc_model *model, const char *prefix, const char *stored, char *name);

#endif
