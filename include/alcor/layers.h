/* alcor/layers.h - the layers. Each adds one node to the model and returns its output.
 *
 * Options are small structs by value; zero means the documented default. `name` names the node within the open scopes
 * (NULL: made from the kind and a number) and its parameters are called NAME.weight and so on, as PyTorch calls them.
 * A builder that cannot work (wrong rank, channels that do not divide into groups, an extent that vanishes, a name that
 * is taken) returns poison: see alc_input in alcor/tensor.h. Initial weights are PyTorch's defaults: uniform within
 * 1 / sqrt(fan in). Formulas give one sample; u is a value of the input.
 */
#ifndef ALCOR_LAYERS_H
#define ALCOR_LAYERS_H

#include "alcor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = W u + b on all values of a sample. Parameters: weight [units, in], bias [units]. An image is taken in PyTorch's
 * order of flattening (channel, height, width), so weights trained there fit. Output [units]. */
typedef struct alc_dense_options {
    const char *name;
    int64_t units;
    bool no_bias;
} alc_dense_options;
alc_tensor *alc_dense(alc_tensor *input, alc_dense_options options);

/* 2-D cross-correlation, [H,W,C] -> [H',W',filters]; [C] is taken as one pixel, [1,1,C]:
 * y[i,j,f] = b[f] + sum over ky,kx,c of W[f,c,ky,kx] u[i*stride + ky*dilation - pad, ..., c], zeros outside;
 * H' = (H + pad_top + pad_bottom - dilation (kernel - 1) - 1) / stride + 1, rounded down. Parameters: weight [filters,
 * C / groups, kernel, kernel], bias [filters]. groups == C == filters is a depthwise convolution (same function). */
typedef struct alc_conv2d_options {
    const char *name;
    int64_t filters;
    int64_t kernel;                  /* height and width, unless ... */
    int64_t kernel_height, kernel_width; /* ... these are given */
    int64_t stride;                  /* 0: 1 */
    int64_t dilation;                /* 0: 1 */
    int64_t groups;                  /* 0: 1 */
    int64_t padding;                 /* on all four sides, or ... */
    int64_t pad_top, pad_left, pad_bottom, pad_right; /* ... these, where any is not 0 */
    bool same;                       /* instead: TensorFlow's "same": output ceil(H / stride), more padding at the end */
    bool bias;                       /* off by default: a batch norm usually follows */
} alc_conv2d_options;
alc_tensor *alc_conv2d(alc_tensor *input, alc_conv2d_options options);

/* What a batch norm does in a training plan. An evaluation plan always uses the running statistics. */
typedef enum alc_batch_norm_mode {
    ALC_BATCH_NORM_AUTO,              /* TRAIN, or FROZEN where its weight and bias are frozen */
    ALC_BATCH_NORM_TRAIN,             /* the batch's statistics; running ones follow */
    ALC_BATCH_NORM_FROZEN_STATISTICS, /* running statistics, unchanged; weight and bias are trained */
    ALC_BATCH_NORM_FROZEN             /* running statistics, nothing trained */
} alc_batch_norm_mode;

/* y = weight (u - mean) / sqrt(variance + epsilon) + bias per channel (Ioffe and Szegedy, arXiv 1502.03167), variance
 * biased; running = (1 - momentum) running + momentum batch, with the unbiased variance, as PyTorch. Parameters: weight
 * (1), bias (0); state: running_mean (0), running_var (1). Training on a single value per channel is an error. */
typedef struct alc_batch_norm_options {
    const char *name;
    double epsilon;                   /* 0: 1e-5 */
    double momentum;                  /* 0: 0.1 */
    alc_batch_norm_mode mode;
} alc_batch_norm_options;
alc_tensor *alc_batch_norm(alc_tensor *input, alc_batch_norm_options options);
/* Puts every batch norm of a model that is built into this mode, with its weight and bias trained or fixed as in a new one: to be
 * called before parts are frozen (alc_model_train_from). ALC_INVALID_ARGUMENT for what is no mode. */
alc_status alc_model_set_batch_norms(alc_model *model, alc_batch_norm_mode mode);

alc_tensor *alc_relu(alc_tensor *input);    /* u < 0 ? 0 : u */
alc_tensor *alc_relu6(alc_tensor *input);   /* min(max(u, 0), 6) */
alc_tensor *alc_sigmoid(alc_tensor *input); /* 1 / (1 + exp(-u)) */
alc_tensor *alc_silu(alc_tensor *input);    /* u sigmoid(u), also called swish (arXiv 1710.05941) */
alc_tensor *alc_tanh(alc_tensor *input);

/* a + b, equal shapes. */
alc_tensor *alc_add(alc_tensor *a, alc_tensor *b);
/* a b, equal shapes, or b [C] (or [1,1,C]) broadcast over the pixels of a [H,W,C]. */
alc_tensor *alc_multiply(alc_tensor *a, alc_tensor *b);

/* Pooling over square windows, [H,W,C] -> [H',W',C]; padding is never a maximum. H' = (H + 2 padding - kernel) / stride + 1,
 * rounded down, and W' likewise. */
typedef struct alc_pool_options {
    const char *name;
    int64_t kernel;                   /* height and width, 1 to 15 */
    int64_t stride;                   /* 0: as the kernel */
    int64_t padding;                  /* on all four sides; at most kernel / 2 */
    bool count_padding;               /* average: padding counts as zeros in the mean (PyTorch's default) */
} alc_pool_options;
alc_tensor *alc_max_pool(alc_tensor *input, alc_pool_options options);
alc_tensor *alc_average_pool(alc_tensor *input, alc_pool_options options);
/* Averages over windows that follow the input's size, as PyTorch's AdaptiveAvgPool2d: [H,W,C] -> [height,width,C]. Row i
 * averages the input's rows from floor(i H / height) to ceil((i + 1) H / height), the end left out, and columns likewise, so
 * windows may overlap by a pixel. Extents are 1 to 4096. */
alc_tensor *alc_adaptive_average_pool(alc_tensor *input, int64_t height, int64_t width);
/* The mean over all pixels: [H,W,C] -> [C]. */
alc_tensor *alc_global_average_pool(alc_tensor *input);

/* Joins channels in the order given: [.., C1], [.., C2], ... -> [.., C1 + C2 + ...]. Costs no copy where the inputs can be
 * computed in place. count is 1 .. 64; of none it makes NULL, for no model is known. */
alc_tensor *alc_concat(int count, alc_tensor *const *inputs);
/* [H,W,C] -> [C H W] in PyTorch's order: channel outermost. */
alc_tensor *alc_flatten(alc_tensor *input);

/* Training: each value is 0 with probability `rate`, else divided by 1 - rate (Srivastava et al. 2014). Evaluation and
 * frozen parts of a model: nothing. 0 <= rate < 1. */
alc_tensor *alc_dropout(alc_tensor *input, double rate);
/* The same with one draw for a whole sample (stochastic depth, arXiv 1603.09382): use it on a residual branch. */
alc_tensor *alc_drop_connect(alc_tensor *input, double rate);

/* exp(u_i) / sum_j exp(u_j) over the channels. */
alc_tensor *alc_softmax(alc_tensor *logits);

/* The batch's mean cross-entropy, one value: sum_i w[y_i] l_i / sum_i w[y_i] with l = -log softmax(logits)[y], and
 * label smoothing s as PyTorch's: targets (1 - s) onehot + s / classes. labels: ALC_I32 of shape [1]; a label outside
 * [0, classes) fails the run with the sample's number. */
typedef struct alc_cross_entropy_options {
    const char *name;
    const double *class_weights;      /* one per class, copied; NULL: all 1 */
    double label_smoothing;
} alc_cross_entropy_options;
alc_tensor *alc_softmax_cross_entropy(alc_tensor *logits, alc_tensor *labels, alc_cross_entropy_options options);

#ifdef __cplusplus
}
#endif
#endif
