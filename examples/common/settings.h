/* settings.h - the options of a training by name, as they are reported, saved and compared when it is resumed. */
#ifndef EXAMPLES_SETTINGS_H
#define EXAMPLES_SETTINGS_H

#include <jansson.h>

#include "common/trainer_options.h"

/* The string of a checkpoint that holds them. */
#define KEY_SETTINGS "settings"
/* A setting that a trainer adds: the mean and the deviation of each channel of the training part's images. */
#define KEY_IMAGES "image-statistics"

/* A new JSON object; NULL if memory ran out. `split` names the split's parts. */
json_t *settings_as_json(const trainer_options *options, const char *split);
/* The first setting that differs and matters when a training is resumed: writes a sentence about it and returns true. */
bool settings_differ(const json_t *saved, const json_t *asked, char *sentence, size_t size);

#endif
