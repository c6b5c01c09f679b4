/* backbone_weights.c - see backbone_weights.h. */
#include "common/backbone_weights.h"

#include "common/model_card.h"

const char *backbone_classifier(const alc_backbone *backbone)
{
    int last = 0;
    while (backbone->blocks[last + 1])
        last++;
    return backbone->blocks[last];
}

alc_status backbone_normalisation(alc_context *context, const alc_safetensors *weights, const alc_backbone *backbone,
                                  alc_normalisation *normalisation)
{
    const alc_status status = model_card_read_normalisation(context, alc_safetensors_metadata(weights), normalisation);
    if (status != ALC_NOT_FOUND || backbone->preprocessing.resize <= 0)
        return status;
    *normalisation = backbone->preprocessing.normalisation;
    return ALC_OK;
}
