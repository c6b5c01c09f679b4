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
#define PREPARE_b0 IMAGENET(256, ALC_RESIZE_BICUBIC)
#define PREPARE_b1 IMAGENET(256, ALC_RESIZE_BICUBIC)
#define PREPARE_b2 IMAGENET(288, ALC_RESIZE_BICUBIC)
#define PREPARE_b3 IMAGENET(320, ALC_RESIZE_BICUBIC)
#define PREPARE_b4 IMAGENET(384, ALC_RESIZE_BICUBIC)
#define PREPARE_b5 IMAGENET(456, ALC_RESIZE_BICUBIC)
#define PREPARE_b6 IMAGENET(528, ALC_RESIZE_BICUBIC)
#define PREPARE_b7 IMAGENET(600, ALC_RESIZE_BICUBIC)
#define PREPARE_lite0 TENSORFLOW(256, ALC_RESIZE_BICUBIC)
#define PREPARE_lite1 TENSORFLOW(272, ALC_RESIZE_BICUBIC)
#define PREPARE_lite2 TENSORFLOW(292, ALC_RESIZE_BICUBIC)
#define PREPARE_lite3 TENSORFLOW(331, ALC_RESIZE_BILINEAR)
#define PREPARE_lite4 TENSORFLOW(413, ALC_RESIZE_BILINEAR)

#define EFFICIENTNET(variant, size, count, edges)       \
    {.name = "efficientnet_" #variant,                  \
     .default_size = size,                              \
     .values = count,                                   \
     .smallest_size = 32,                               \
     .blocks = edges,                                   \
     .features = alc_efficientnet_##variant##_features, \
     .classify = alc_efficientnet_##variant,            \
     .preprocessing = PREPARE_##variant}

static const alc_backbone backbones[] = {
    {.name = "sky_cnn",
     .default_size = 64,
     .values = 1430216,
     .smallest_size = 16,
     .blocks = sky_cnn_blocks,
     .features = alc_sky_cnn_features,
     .classify = alc_sky_cnn},
    {.name = "resnet50",
     .default_size = 224,
     .values = 25557032,
     .smallest_size = 32,
     .blocks = resnet50_blocks,
     .features = alc_resnet50_features,
     .classify = alc_resnet50,
     .preprocessing = IMAGENET(256, ALC_RESIZE_BILINEAR)},
    {.name = "densenet121",
     .default_size = 224,
     .values = 7978856,
     .smallest_size = 32,
     .blocks = densenet121_blocks,
     .features = alc_densenet121_features,
     .classify = alc_densenet121,
     .preprocessing = IMAGENET(256, ALC_RESIZE_BILINEAR)},
    {.name = "vgg16",
     .default_size = 224,
     .values = 138357544,
     .smallest_size = 32,
     .blocks = vgg16_blocks,
     .features = alc_vgg16_features,
     .classify = alc_vgg16,
     .preprocessing = IMAGENET(256, ALC_RESIZE_BILINEAR)},
    {.name = "vgg16_bn",
     .default_size = 224,
     .values = 138365992,
     .smallest_size = 32,
     .blocks = vgg16_bn_blocks,
     .features = alc_vgg16_bn_features,
     .classify = alc_vgg16_bn,
     .preprocessing = IMAGENET(256, ALC_RESIZE_BILINEAR)},
    {.name = "xception",
     .default_size = 299,
     .values = 22855952,
     .smallest_size = 71,
     .blocks = xception_blocks,
     .features = alc_xception_features,
     .classify = alc_xception,
     .preprocessing = TENSORFLOW(333, ALC_RESIZE_BICUBIC)},
    EFFICIENTNET(b0, 224, 5288548, efficientnet_blocks),
    EFFICIENTNET(b1, 240, 7794184, efficientnet_blocks),
    EFFICIENTNET(b2, 288, 9109994, efficientnet_blocks),
    EFFICIENTNET(b3, 300, 12233232, efficientnet_blocks),
    EFFICIENTNET(b4, 380, 19341616, efficientnet_blocks),
    EFFICIENTNET(b5, 456, 30389784, efficientnet_blocks),
    EFFICIENTNET(b6, 528, 43040704, efficientnet_blocks),
    EFFICIENTNET(b7, 600, 66347960, efficientnet_blocks),
    EFFICIENTNET(lite0, 224, 4652008, efficientnet_lite_blocks),
    EFFICIENTNET(lite1, 240, 5416680, efficientnet_lite_blocks),
    EFFICIENTNET(lite2, 260, 6092072, efficientnet_lite_blocks),
    EFFICIENTNET(lite3, 300, 8197096, efficientnet_lite_blocks),
    EFFICIENTNET(lite4, 380, 13006568, efficientnet_lite_blocks),
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
