/* backbones.c - the list of image backbones: a new one is its builders' file and an entry here. */
#include <string.h>

#include "alcor/models.h"

static const char *const sky_cnn_blocks[] = {"stage1", "stage2", "stage3", "stage4", "fc", NULL};
static const char *const resnet50_blocks[] = {"conv1", "layer1", "layer2", "layer3", "layer4", "fc", NULL};
static const char *const densenet121_blocks[] = {
    "features.conv0",       "features.denseblock1", "features.transition1", "features.denseblock2", "features.transition2",
    "features.denseblock3", "features.transition3", "features.denseblock4", "features.norm5",       "classifier",
    NULL};
static const char *const vgg16_blocks[] = {"features.0",  "features.5",   "features.10",  "features.17",  "features.24",
                                           "classifier.0", "classifier.3", "classifier.6", NULL};
static const char *const vgg16_bn_blocks[] = {"features.0",   "features.7",   "features.14",  "features.24", "features.34",
                                              "classifier.0", "classifier.3", "classifier.6", NULL};
static const char *const xception_blocks[] = {"conv1",  "conv2",  "block1", "block2",  "block3",  "block4",
                                              "block5", "block6", "block7", "block8",  "block9",  "block10",
                                              "block11", "block12", "conv3", "conv4",  "fc",      NULL};

static const char *const efficientnet_blocks[] = {"features.0", "features.1", "features.2", "features.3", "features.4",
                                                  "features.5", "features.6", "features.7", "features.8", "classifier",
                                                  NULL};

static const char *const efficientnet_lite_blocks[] = {"conv_stem", "blocks.0", "blocks.1",  "blocks.2",   "blocks.3",
                                                       "blocks.4",  "blocks.5", "blocks.6",  "conv_head", "classifier",
                                                       NULL};

/* Mean and deviation of ImageNet, or of nothing but the range -1 .. 1 as TensorFlow has it. */
#define IMAGENET(size, kind) {.resize = size, .filter = kind, .normalisation = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}}
#define TENSORFLOW(size, kind) {.resize = size, .filter = kind, .normalisation = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}}}

/* Behind the edges: how images are prepared; nothing where no weights are known. */
#define BACKBONE(title, size, smallest, count, edges, ...) \
    {.name = #title,                                       \
     .default_size = size,                                 \
     .values = count,                                      \
     .smallest_size = smallest,                            \
     .blocks = edges,                                      \
     .features = alc_##title##_features,                   \
     .classify = alc_##title,                              \
     .preprocessing = __VA_ARGS__}
#define EFFICIENTNET(variant, size, count, ...) \
    BACKBONE(efficientnet_##variant, size, 32, count, efficientnet_blocks, __VA_ARGS__)
#define EFFICIENTNET_LITE(variant, size, count, ...) \
    BACKBONE(efficientnet_##variant, size, 32, count, efficientnet_lite_blocks, __VA_ARGS__)

static const alc_backbone backbones[] = {
    BACKBONE(sky_cnn, 64, 16, 1430216, sky_cnn_blocks, {.resize = 0}),
    BACKBONE(resnet50, 224, 32, 25557032, resnet50_blocks, IMAGENET(256, ALC_RESIZE_BILINEAR)),
    BACKBONE(densenet121, 224, 32, 7978856, densenet121_blocks, IMAGENET(256, ALC_RESIZE_BILINEAR)),
    BACKBONE(vgg16, 224, 32, 138357544, vgg16_blocks, IMAGENET(256, ALC_RESIZE_BILINEAR)),
    BACKBONE(vgg16_bn, 224, 32, 138365992, vgg16_bn_blocks, IMAGENET(256, ALC_RESIZE_BILINEAR)),
    BACKBONE(xception, 299, 71, 22855952, xception_blocks, TENSORFLOW(333, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b0, 224, 5288548, IMAGENET(256, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b1, 240, 7794184, IMAGENET(256, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b2, 288, 9109994, IMAGENET(288, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b3, 300, 12233232, IMAGENET(320, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b4, 380, 19341616, IMAGENET(384, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b5, 456, 30389784, IMAGENET(456, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b6, 528, 43040704, IMAGENET(528, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET(b7, 600, 66347960, IMAGENET(600, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET_LITE(lite0, 224, 4652008, TENSORFLOW(256, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET_LITE(lite1, 240, 5416680, TENSORFLOW(272, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET_LITE(lite2, 260, 6092072, TENSORFLOW(292, ALC_RESIZE_BICUBIC)),
    EFFICIENTNET_LITE(lite3, 300, 8197096, TENSORFLOW(331, ALC_RESIZE_BILINEAR)),
    EFFICIENTNET_LITE(lite4, 380, 13006568, TENSORFLOW(413, ALC_RESIZE_BILINEAR)),
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
