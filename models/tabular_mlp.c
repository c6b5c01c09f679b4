/* tabular_mlp.c - dense layers over a row of features. */
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/op.h"

static alc_tensor *activate(alc_tensor *x, alc_mlp_activation activation)
{
    switch (activation) {
    case ALC_MLP_RELU:
        return alc_relu(x);
    case ALC_MLP_SILU:
        return alc_silu(x);
    case ALC_MLP_TANH:
        return alc_tanh(x);
    default:
        return alc_poison(alc_tensor_model(x), ALC_INVALID_ARGUMENT, "tabular_mlp: unknown activation %d",
                          (int)activation);
    }
}

alc_tensor *alc_tabular_mlp_features(alc_tensor *row, alc_tabular_mlp_options options)
{
    alc_tensor *x = row;
    if (options.hidden_count < 0 || options.hidden_count > ALC_MLP_MAX_HIDDEN)
        return alc_poison(alc_tensor_model(row), ALC_INVALID_ARGUMENT,
                          "tabular_mlp: %d hidden layers, expected 0 to %d", options.hidden_count,
                          ALC_MLP_MAX_HIDDEN);
    for (int i = 0; i < options.hidden_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden%d", i + 1);
        x = alc_dense(x, (alc_dense_options){.name = name, .units = options.hidden[i]});
        if (options.batch_norm) {
            snprintf(name, sizeof name, "hidden%d_bn", i + 1);
            x = alc_batch_norm(x, (alc_batch_norm_options){.name = name});
        }
        x = activate(x, options.activation);
        if (options.dropout > 0)
            x = alc_dropout(x, options.dropout);
    }
    return x;
}

alc_tensor *alc_tabular_mlp(alc_tensor *row, alc_tabular_mlp_options options, int64_t classes)
{
    return alc_dense(alc_tabular_mlp_features(row, options), (alc_dense_options){.name = "fc", .units = classes});
}
