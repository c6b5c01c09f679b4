/* lib/ops/ops.h - the built-in ops, and what those of them that can take in their neighbours share. */
#ifndef ALC_LIB_OPS_H
#define ALC_LIB_OPS_H

#include "alcor/layers.h"
#include "lib/graph/graph.h"

/* X(op): every built-in op. */
#define ALC_OP_LIST(X)                                                                             \
    X(dense) X(conv2d) X(batch_norm)                                                               \
    X(relu) X(relu6) X(sigmoid) X(silu) X(tanh)                                                    \
    X(add) X(multiply)                                                                             \
    X(max_pool) X(average_pool) X(adaptive_average_pool) X(global_average_pool)                    \
    X(concat) X(flatten) X(dropout) X(drop_connect) X(softmax) X(softmax_cross_entropy)

#define ALC_DECLARE_OP(op) extern const alc_op_def alc_op_##op;
ALC_OP_LIST(ALC_DECLARE_OP)
#undef ALC_DECLARE_OP

/* What a dense, convolution or batch norm node does to each value before it stores it. Set by lib/compile only. The
 * options of these three ops begin with it. */
typedef struct alc_fusion {
    bool norm;                 /* a batch norm with running statistics is folded into weights and bias; its weight, bias,
                                  mean and variance are the node's last four parameters, before those of a norm that is read */
    double norm_epsilon;
    bool reads_norm;           /* of a convolution: a batch norm with running statistics, and an activation, are applied to input 0
                                  where it is read; the norm's parameters are the last four */
    bool reads_trained_norm;   /* the same of a norm that is trained; scale and shift, which the norm's node makes, are known when
                                  memory is bound */
    double read_epsilon;
    const alc_real *read_scale, *read_shift;
    alck_activation read_activation; /* the norm's; or of a depthwise convolution, a relu applied as it reads */
    bool average;              /* of a depthwise convolution: its second output has the average of each channel of the first */
    bool gate;                 /* of a convolution: input 1 has a factor for each channel of the values */
    bool reads_last;           /* of a trained convolution with such a norm or gate: input 0, whose gradient it makes, lies nowhere;
                                  the last input has the values that become it as they are read */
    bool residual;             /* the node's last input is added */
    alck_activation activation;
    /* With bf16 */
    bool rounds;               /* what a convolution puts out is rounded, and what a residual was added to */
    bool rounds_values;        /* so is what a norm reads, or a convolution with a norm that is trained */
    bool values_pairs, residual_pairs, output_pairs; /* in memory these are pairs */
    const alc_op_def *span;    /* an op with apply_span, and its options; NULL: none */
    const void *span_options;
} alc_fusion;

typedef struct alc_add_node {
    bool rounds;               /* the sums, to bf16; set by lib/compile only */
} alc_add_node;

typedef struct alc_dense_node {
    alc_fusion fusion;
    int64_t units;
    bool bias;
} alc_dense_node;

typedef struct alc_pool_node {
    int64_t kernel, stride, padding;
    bool count_padding;
    int64_t height, width;     /* of the grid; 0: windows of one size */
} alc_pool_node;

typedef struct alc_conv2d_node {
    alc_fusion fusion;
    int64_t filters, kernel_height, kernel_width, stride, dilation, groups;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    bool same, bias;
    const struct alc_conv2d_node *depthwise; /* of a 1x1 convolution: input 0 is this one's, whose output is formed where it is read;
                                                its parameters follow the node's */
    const alc_pool_node *pool;               /* of max pooling: the output has the largest values of its windows. Both are set by
                                                lib/compile only */
} alc_conv2d_node;

typedef struct alc_batch_norm_node {
    alc_fusion fusion;         /* residual and activation only */
    double epsilon, momentum;
    alc_batch_norm_mode mode;
    int64_t known_channels;    /* whose statistics another norm of the plan computes; set by lib/compile, which knows where they
                                  lie when memory is bound */
    const alc_real *known_mean, *known_variance;
    alc_view gate, average_gradient; /* what the output's gradient is yet to be multiplied by, and what is then to be added for each
                                        pixel; their data is NULL where there is none. Set when memory is bound */
} alc_batch_norm_node;

/* Whether b holds one factor for each channel of a, for all its pixels. */
bool alc_is_gate(alc_shape a, alc_shape b);
/* Whether a convolution can multiply by a gate, or apply a batch norm, as it reads. */
bool alc_conv2d_changes_input(const alc_conv2d_node *options);
/* The options of a convolution of one group, which is a product of all channels; NULL of any other node. */
const alc_conv2d_node *alc_conv2d_product(const alc_op_def *op, const void *options);
/* Whether every channel of its input, of so many, has a kernel of its own. */
bool alc_conv2d_is_depthwise(const alc_conv2d_node *options, int64_t channels);

/* Whether a convolution of such an input can store what this max pooling makes of its output, which may be pooled once. */
bool alc_conv2d_takes_pool(const alc_context *context, const alc_conv2d_node *options, alc_shape input, const alc_pool_node *pool);

/* Pooling of `batch` such images, their pixels without gaps. */
alck_pool alc_pool_geometry(const alc_pool_node *options, alc_shape input, int64_t batch);

/* Which activation an op is; ALCK_IDENTITY for all others. */
alck_activation alc_activation_of(const alc_op_def *op);

/* What batch norms do in this plan, from the node's mode and its frozen flag. */
typedef enum alc_norm_behaviour { ALC_NORM_BATCH, ALC_NORM_RUNNING } alc_norm_behaviour;
alc_norm_behaviour alc_batch_norm_behaviour(const alc_batch_norm_node *options, alc_plan_mode mode, bool frozen);

/* What a norm saves of a run: five values a channel. */
typedef struct alc_norm_memory {
    alc_real *mean, *variance, *inverse_std, *scale, *shift;
} alc_norm_memory;
alc_norm_memory alc_batch_norm_memory(void *saved, int64_t channels);

/* scale = weight / sqrt(variance + epsilon), shift = bias - mean scale, for `channels` channels. */
void alc_batch_norm_fold(int64_t channels, const alc_real *weight, const alc_real *bias, const alc_real *mean,
                         const alc_real *variance, double epsilon, alc_real *scale, alc_real *shift);

/* The kernels' epilogue for a fused node: bias, then the last input where fusion->residual, then activation and span. */
alck_epilogue alc_fusion_epilogue(const alc_fusion *fusion, const alc_run *run, const alc_real *bias);
/* Of a convolution or dense layer: what backward keeps of an activation that was taken in. */
void alc_fusion_prepare_backward(const alc_fusion *fusion, alc_prepare *prepare);
/* And its first step: the gradient of what the activation gave becomes that of what it was given, in the same memory. */
void alc_fusion_backward(const alc_fusion *fusion, const alc_run *run);

/* C = epilogue(A B) by the context's back end; scratch of alc_matrix_scratch_bytes. */
size_t alc_matrix_scratch_bytes(alc_context *context, const alck_gemm *gemm);
void alc_matrix_multiply(alc_context *context, const alck_gemm *gemm, void *scratch);

/* "input 0 is [3]; [height,width,channels] is expected": the sentence for a wrong rank or dtype; ALC_OK if it fits. */
alc_status alc_expect_real(alc_infer *infer, int input);
alc_status alc_expect_image(alc_infer *infer, int input);

static inline int64_t alc_view_pixels(const alc_view *view)
{
    return view->height * view->width;
}

#endif
