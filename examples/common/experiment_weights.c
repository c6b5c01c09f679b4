/* experiment_weights.c - weights to start from, where --weights names some: the values, and how images are prepared for them. */
#include <stdio.h>

#include "common/backbone_weights.h"
#include "common/experiment.h"

alc_status experiment_open_weights(experiment *e, alc_normalisation *normalisation)
{
    if (!e->options.weights)
        return ALC_OK;
    alc_status status = alc_weights_open(e->context, e->options.weights, &e->weights);
    if (status)
        return status;
    status = backbone_normalisation(e->context, e->weights, e->options.backbone, &e->expected);
    if (e->expected.std[0] > 0)
        *normalisation = e->expected;
    return status == ALC_NOT_FOUND ? ALC_OK : status;
}

alc_status experiment_load_weights(experiment *e)
{
    alc_load_report report;
    if (!e->weights)
        return ALC_OK;
    const alc_model_load_options options = {.partial = e->options.allow_partial,
                                            .prefix = e->options.kind->uses & USES_TABLE ? "image." : NULL,
                                            .classifier = backbone_classifier(e->options.backbone)};
    const alc_status status = alc_model_load_tensors(e->model, e->weights, options, &report);
    alc_safetensors_close(e->weights);
    e->weights = NULL;
    if (status)
        return status;
    printf("%s: %lld loaded (%lld under other names), %lld missing, %lld unexpected, %lld of another shape\n",
           e->options.weights, (long long)report.loaded, (long long)report.renamed, (long long)report.missing,
           (long long)report.unexpected, (long long)report.wrong_shape);
    if (report.text[0])
        printf("%s: %s\n", e->options.weights, report.text);
    return ALC_OK;
}
