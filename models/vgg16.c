/* vgg16.c - VGG-16 (Simonyan and Zisserman, arXiv 1409.1556, configuration D), with and without batch norms, with
 * torchvision's names.
 *
 * Five stages of 3x3 convolutions, each ending in a max pool, and three dense layers behind a grid of 7x7 averages, so images
 * may have any size. The features are what the last dense layer sees. */
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/models.h"

#define GRID 7
#define WIDE 4096
#define DROPOUT 0.5

static alc_tensor *convolutions(alc_tensor *x, bool batch_norm)
{
    static const struct { int64_t filters; int convolutions; } stages[] = {{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}};
    alc_model *model = alc_tensor_model(x);
    int number = 0; /* in torchvision's Sequential, where ReLUs and pools count */
    alc_scope_begin(model, "features");
    for (size_t s = 0; s < sizeof stages / sizeof *stages; s++) {
        char name[16];
        for (int i = 0; i < stages[s].convolutions; i++) {
            snprintf(name, sizeof name, "%d", number++);
            x = alc_conv2d(x, (alc_conv2d_options){
                                  .name = name, .filters = stages[s].filters, .kernel = 3, .padding = 1, .bias = true});
            if (batch_norm) {
                snprintf(name, sizeof name, "%d", number++);
                x = alc_batch_norm(x, (alc_batch_norm_options){.name = name});
            }
            x = alc_relu(x);
            number++;
        }
        snprintf(name, sizeof name, "%d", number++);
        x = alc_max_pool(x, (alc_pool_options){.name = name, .kernel = 2});
    }
    alc_scope_end(model);
    return alc_adaptive_average_pool(x, GRID, GRID);
}

static alc_tensor *features(alc_tensor *image, bool batch_norm)
{
    alc_tensor *x = convolutions(image, batch_norm);
    x = alc_relu(alc_dense(x, (alc_dense_options){.name = "classifier.0", .units = WIDE}));
    x = alc_relu(alc_dense(alc_dropout(x, DROPOUT), (alc_dense_options){.name = "classifier.3", .units = WIDE}));
    return alc_dropout(x, DROPOUT);
}

static alc_tensor *classify(alc_tensor *pooled, int64_t classes)
{
    return alc_dense(pooled, (alc_dense_options){.name = "classifier.6", .units = classes});
}

alc_tensor *alc_vgg16_features(alc_tensor *image)
{
    return features(image, false);
}

alc_tensor *alc_vgg16(alc_tensor *image, int64_t classes)
{
    return classify(features(image, false), classes);
}

alc_tensor *alc_vgg16_bn_features(alc_tensor *image)
{
    return features(image, true);
}

alc_tensor *alc_vgg16_bn(alc_tensor *image, int64_t classes)
{
    return classify(features(image, true), classes);
}
