/* sky_cnn.c - a small convolutional network for cut-outs of the sky, trained from scratch. No pretrained weights exist
 * for it; the larger backbones are for those. */
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/models.h"

#define STAGES 4
#define CONVOLUTIONS 2

static const int64_t widths[STAGES] = {32, 64, 128, 256};

alc_tensor *alc_sky_cnn_features(alc_tensor *image)
{
    alc_tensor *x = image;
    for (int stage = 0; stage < STAGES; stage++) {
        char name[32];
        for (int i = 1; i <= CONVOLUTIONS; i++) {
            snprintf(name, sizeof name, "stage%d_conv%d", stage + 1, i);
            x = alc_conv2d(x, (alc_conv2d_options){
                                  .name = name, .filters = widths[stage], .kernel = 3, .padding = 1});
            snprintf(name, sizeof name, "stage%d_bn%d", stage + 1, i);
            x = alc_relu(alc_batch_norm(x, (alc_batch_norm_options){.name = name}));
        }
        snprintf(name, sizeof name, "stage%d_pool", stage + 1);
        x = alc_max_pool(x, (alc_pool_options){.name = name, .kernel = 2});
    }
    return alc_global_average_pool(x);
}

alc_tensor *alc_sky_cnn(alc_tensor *image, int64_t classes)
{
    return alc_dense(alc_sky_cnn_features(image), (alc_dense_options){.name = "fc", .units = classes});
}
