/* backbone_weights.h - what a file of weights for a backbone may have of another size, and how images are prepared for it. */
#ifndef EXAMPLES_BACKBONE_WEIGHTS_H
#define EXAMPLES_BACKBONE_WEIGHTS_H

#include "alcor/alcor.h"

/* The backbone's last block. */
const char *backbone_classifier(const alc_backbone *backbone);
/* What images have to be for these weights: as the trainer that wrote them says, else as the backbone's own are prepared;
 * ALC_NOT_FOUND if nobody knows, ALC_OUT_OF_MEMORY. */
alc_status backbone_normalisation(alc_context *context, const alc_safetensors *weights, const alc_backbone *backbone,
                                  alc_normalisation *normalisation);

#endif
