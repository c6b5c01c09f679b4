/* alcor/models.h - ready-made models: image backbones, the tabular network, and their fusion.
 *
 * Builders only call the layer functions of alcor/layers.h, so a failure poisons the model as one
 * of a layer does. Parameters are named as in torchvision, for its weights to fit. Backbones give
 * pooled features without their classifier, so that any can be joined with other features.
 */
#ifndef ALCOR_MODELS_H
#define ALCOR_MODELS_H

#include "alcor/image.h"
#include "alcor/optimizer.h"
#include "alcor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- image backbones ---- */

/* How images are prepared for the ImageNet weights that people have for a backbone: the shorter side is resized to `resize`
 * pixels, the middle square of the backbone's default_size is cut out, and values are normalised. */
typedef struct alc_preprocessing {
    int64_t resize; /* 0: no such weights are known */
    alc_resize_filter filter;
    alc_normalisation normalisation; /* of red, green, blue in 0 .. 1 */
} alc_preprocessing;

typedef struct alc_backbone {
    const char *name;           /* what --backbone and checkpoints call it */
    int64_t default_size;       /* side of the images it is usually fed */
    int64_t values;             /* that are trained, with 1,000 classes */
    int64_t smallest_size;
    const char *const *blocks;  /* where training may start (alc_model_train_from_edge), in order;
                                   NULL at the end. The last is the classifier */
    alc_tensor *(*features)(alc_tensor *image);                    /* [H,W,3] -> [channels] */
    alc_tensor *(*classify)(alc_tensor *image, int64_t classes);   /* [H,W,3] -> logits [classes] */
    alc_preprocessing preprocessing;                               /* torchvision's or timm's, as its names are */
} alc_backbone;

/* By name; NULL if there is none. */
const alc_backbone *alc_backbone_find(const char *name);
/* The i-th; NULL behind the last. */
const alc_backbone *alc_backbone_at(int index);

/* A small network for cut-outs of the sky: four stages of two 3x3 convolutions with batch norm and
 * ReLU (32, 64, 128, 256 channels), each followed by a 2x2 max pool; global average; dense.
 * Parameters: stage1_conv1.weight, stage1_bn1.weight ... fc.bias; 1.17 million values. */
alc_tensor *alc_sky_cnn_features(alc_tensor *image);
alc_tensor *alc_sky_cnn(alc_tensor *image, int64_t classes);

/* ResNet-50 v1.5 (He et al., arXiv 1512.03385; a block's stride on its 3x3 convolution) as torchvision's resnet50: 25,557,032
 * values with 1,000 classes. */
alc_tensor *alc_resnet50_features(alc_tensor *image);
alc_tensor *alc_resnet50(alc_tensor *image, int64_t classes);

/* DenseNet-121 (Huang et al., arXiv 1608.06993) as torchvision's densenet121: 7,978,856 values with 1,000 classes. */
alc_tensor *alc_densenet121_features(alc_tensor *image);
alc_tensor *alc_densenet121(alc_tensor *image, int64_t classes);

/* VGG-16 (Simonyan and Zisserman, arXiv 1409.1556) as torchvision's vgg16 and, with a batch norm behind every convolution,
 * vgg16_bn: 138,357,544 and 138,365,992 values with 1,000 classes. The features are the 4,096 that its last dense layer
 * takes, dropout behind them. */
alc_tensor *alc_vgg16_features(alc_tensor *image);
alc_tensor *alc_vgg16(alc_tensor *image, int64_t classes);
alc_tensor *alc_vgg16_bn_features(alc_tensor *image);
alc_tensor *alc_vgg16_bn(alc_tensor *image, int64_t classes);

/* Xception (Chollet, arXiv 1610.02357) as timm's legacy_xception: 22,855,952 values with 1,000 classes. */
alc_tensor *alc_xception_features(alc_tensor *image);
alc_tensor *alc_xception(alc_tensor *image, int64_t classes);

/* EfficientNet-B0 to B7 (Tan and Le, arXiv 1905.11946) as torchvision's efficientnet_b0 to b7, with dropout on the features and
 * drop-connect in the blocks: 5.3 to 66.3 million values with 1,000 classes. */
#define ALC_EFFICIENTNET_LIST(X) X(b0) X(b1) X(b2) X(b3) X(b4) X(b5) X(b6) X(b7)
#define ALC_DECLARE_EFFICIENTNET(size)                                                             \
    alc_tensor *alc_efficientnet_##size##_features(alc_tensor *image);                             \
    alc_tensor *alc_efficientnet_##size(alc_tensor *image, int64_t classes);
ALC_EFFICIENTNET_LIST(ALC_DECLARE_EFFICIENTNET)

/* EfficientNet-Lite0 to Lite4 as timm's tf_efficientnet_lite0 to lite4: without squeeze and excite, with ReLU6 and TensorFlow's
 * "same" padding: 4.7 to 13.0 million values with 1,000 classes. */
#define ALC_EFFICIENTNET_LITE_LIST(X) X(lite0) X(lite1) X(lite2) X(lite3) X(lite4)
ALC_EFFICIENTNET_LITE_LIST(ALC_DECLARE_EFFICIENTNET)
#undef ALC_DECLARE_EFFICIENTNET

/* ---- the table's network ---- */

#define ALC_MLP_MAX_HIDDEN 8

typedef enum alc_mlp_activation {
    ALC_MLP_RELU,
    ALC_MLP_SILU,
    ALC_MLP_TANH
} alc_mlp_activation;

/* hidden_count dense layers of these widths, each followed by batch norm (if asked for), the
 * activation and dropout. The network of arXiv 2205.10745 is {50, 100, 150, 250}, ReLU and nothing
 * else, on rows of unit length. */
typedef struct alc_tabular_mlp_options {
    int64_t hidden[ALC_MLP_MAX_HIDDEN];
    int hidden_count;
    alc_mlp_activation activation;
    bool batch_norm;
    double dropout;
} alc_tabular_mlp_options;

/* [width] -> [hidden[last]]. Parameters: hidden1.weight, hidden1.bias, hidden1_bn.weight ... */
alc_tensor *alc_tabular_mlp_features(alc_tensor *row, alc_tabular_mlp_options options);
/* The same and a dense layer, fc: logits. */
alc_tensor *alc_tabular_mlp(alc_tensor *row, alc_tabular_mlp_options options, int64_t classes);

/* ---- image and table together ---- */

typedef struct alc_image_table_fusion_options {
    const alc_backbone *backbone;
    alc_tabular_mlp_options table;
    int64_t head;       /* width of a hidden layer behind the concatenation, with ReLU; 0: none */
    double dropout;     /* before the last dense layer */
} alc_image_table_fusion_options;

/* concat(backbone's features, table's features) -> head -> logits. Parameters: image.* as the
 * backbone's, table.* as the tabular network's, head.weight, fc.weight. */
alc_tensor *alc_image_table_fusion(alc_tensor *image, alc_tensor *row,
                                   alc_image_table_fusion_options options, int64_t classes);

/* ---- any of the three, from one description that a checkpoint can hold ---- */

typedef struct alc_classifier_options {
    const alc_backbone *backbone;  /* NULL: no image */
    int64_t image_size;            /* its side */
    int64_t table_width;           /* values per row; 0: no table. One of the two must be there */
    alc_tabular_mlp_options table;
    int64_t head;                  /* fusion: as above */
    double dropout;                /* fusion: as above */
    int64_t classes;
} alc_classifier_options;

/* What a program needs of a classifier. image and row are NULL where it takes none. */
typedef struct alc_classifier {
    alc_tensor *image;         /* input "image": ALC_REAL [size, size, 3] */
    alc_tensor *row;           /* input "row": ALC_REAL [table_width] */
    alc_tensor *label;         /* input "label": ALC_I32 [1] */
    alc_tensor *logits;        /* [classes] */
    alc_tensor *probabilities; /* softmax of the logits */
} alc_classifier;

/* Builds it into an empty model. The status is alc_model_status(model). */
alc_status alc_classifier_build(alc_model *model, const alc_classifier_options *options,
                                alc_classifier *classifier);
/* Freezes what lies before `edge` of a model that alc_classifier_build made, and trains the rest: a block of the backbone
 * ("image.layer3" in a fusion), a hidden layer of the table's network ("hidden2", "table.hidden2"), "head" or "fc". Errors
 * as from alc_model_train_from_edge. */
alc_status alc_classifier_train_from(alc_model *model, const alc_classifier_options *options, const char *edge);
/* Learning rates that fall from block to block towards the image, for alc_optimizer_options.groups: the last layer keeps the whole
 * rate, the block before it gets `decay` times as much, the one before that decay * decay. In a fusion that is so for the blocks of
 * the backbone behind which the rest, new as a rule, keeps the whole rate. Writes one group for each trainable parameter, at
 * most alc_model_parameter_count, and returns their number; 0 for a decay of 1. */
int alc_classifier_layer_decay(const alc_model *model, const alc_classifier_options *options, double decay,
                               alc_parameter_group *groups);
/* "tabular_mlp", a backbone's name, or "image_table_fusion". */
const char *alc_classifier_name(const alc_classifier_options *options);

#define ALC_CLASSIFIER_JSON_SIZE 2048
/* The options as a JSON object into `text` of at least ALC_CLASSIFIER_JSON_SIZE bytes; returns
 * `text`, or NULL if memory ran out. */
char *alc_classifier_write_json(const alc_classifier_options *options, char *text);
/* Reads what alc_classifier_write_json wrote. Errors: ALC_BAD_FILE, and *wrong is what is wrong with the text (static; "it is no
 * JSON"); ALC_OUT_OF_MEMORY. */
alc_status alc_classifier_read_json(alc_context *context, const char *text, alc_classifier_options *options,
                                    const char **wrong);

#ifdef __cplusplus
}
#endif
#endif
