/* backbones.c - the list of image backbones: a new one is its builders' file and an entry here. */
#include <string.h>

#include "alcor/models.h"

static const char *const sky_cnn_blocks[] = {"stage1", "stage2", "stage3", "stage4", "fc", NULL};

static const alc_backbone backbones[] = {
    {.name = "sky_cnn",
     .default_size = 64,
     .smallest_size = 16,
     .blocks = sky_cnn_blocks,
     .features = alc_sky_cnn_features,
     .classify = alc_sky_cnn},
};

const alc_backbone *alc_backbone_at(int index)
{
    const int count = (int)(sizeof backbones / sizeof backbones[0]);
    return index >= 0 && index < count ? &backbones[index] : NULL;
}

const alc_backbone *alc_backbone_find(const char *name)
{
    const alc_backbone *backbone;
    for (int i = 0; (backbone = alc_backbone_at(i)); i++)
        if (strcmp(backbone->name, name) == 0)
            return backbone;
    return NULL;
}
