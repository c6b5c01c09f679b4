/* image_table_fusion.c - an image's and a catalogue row's features side by side, judged by one head. */
#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/op.h"

alc_tensor *alc_image_table_fusion(alc_tensor *image, alc_tensor *row, alc_image_table_fusion_options options,
                                   int64_t classes)
{
    alc_model *model = alc_tensor_model(image);
    if (!options.backbone)
        return alc_poison(model, ALC_INVALID_ARGUMENT, "image_table_fusion: no backbone is given");
    alc_tensor *parts[2];
    alc_scope_begin(model, "image");
    parts[0] = options.backbone->features(image);
    alc_scope_end(model);
    alc_scope_begin(model, "table");
    parts[1] = alc_tabular_mlp_features(row, options.table);
    alc_scope_end(model);
    alc_tensor *x = alc_concat(2, parts);
    if (options.head > 0)
        x = alc_relu(alc_dense(x, (alc_dense_options){.name = "head", .units = options.head}));
    if (options.dropout > 0)
        x = alc_dropout(x, options.dropout);
    return alc_dense(x, (alc_dense_options){.name = "fc", .units = classes});
}
