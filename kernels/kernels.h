/* kernels/kernels.h - the only door to the kernels: one const table of functions per instruction set.
 *
 * Kernels know nothing of graphs, contexts or files. They get pointers, extents, scratch and an alck_parallel to spread
 * work with. They never allocate, fail, print or keep state. Whatever the instruction set, the number of workers and
 * the tiling, they give the same bits; docs/determinism.md has the rules, each entry below says its order of addition.
 *
 * Layout: pixels x channels. A pixel's channels are contiguous; `stride` elements lie between pixels (>= channels);
 * rows (samples) and image rows follow without gaps, so a tensor is (data, stride) and pixel index p = (n*H + y)*W + x.
 * Weights of a convolution are [groups][kernel_h][kernel_w][in/groups][out/groups]; of a depthwise one
 * [kernel_h][kernel_w][channels]; of a dense layer [in][out].
 */
#ifndef ALCK_KERNELS_H
#define ALCK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef ALCOR_DOUBLE
typedef double alck_real;
#else
typedef float alck_real;
#endif

/* Spreads tasks over workers and waits for all: body(argument, task, worker), 0 <= worker < workers. */
typedef struct alck_parallel {
    void (*run)(void *pool, int64_t tasks, void (*body)(void *argument, int64_t task, int worker),
                void *argument);
    void *pool;
    int workers;
} alck_parallel;

typedef enum alck_activation {
    ALCK_IDENTITY,
    ALCK_RELU,    /* x < 0 ? 0 : x (NaN passes) */
    ALCK_RELU6,   /* min(relu(x), 6) */
    ALCK_SIGMOID, /* 1 / (1 + exp(-x)) */
    ALCK_SILU,    /* x sigmoid(x) */
    ALCK_TANH
} alck_activation;

/* Applied in place to `count` values of consecutive channels of one pixel, from channel `first` on. */
typedef void (*alck_span)(const void *argument, alck_real *values, int64_t first, int64_t count);

/* What a product's operands are multiplied as; in memory they are reals, where nothing else is said.
 *
 * As pairs they are rounded to bf16 (the upper half of a float) where they are packed and copied: to nearest, ties to even,
 * subnormals to zeros, NaNs to quiet ones. Two terms that follow each other are a pair, which takes the place of a real in the
 * contracts below: 32 bits, the earlier one in the lower half. Pairs are formed within a tap's channels; within a row of taps,
 * where that has at most 64 values side by side; within the pixels of a weight gradient's group of samples. What is left over is
 * paired with zeros. Where the contracts say one FMA per term, a pair has two, upper half first, and a result that is subnormal
 * becomes a zero of its sign after each: what VDPBF16PS computes. The double build has no pairs.
 *
 * A tensor of an even number of channels may be pairs in memory as well: a pixel's neighbouring channels. Its strides count pairs. */
typedef enum alck_operands {
    ALCK_REALS,
    ALCK_BF16_PAIRS,    /* multiplied by that instruction: where alck_has_bf16 says so */
    ALCK_BF16_EMULATED  /* the same bits anywhere, slowly */
} alck_operands;

/* What happens to an output value v before it is stored, in this order:
 * v (+ old output if add) + bias[channel]; rounding; + residual, and rounding again; then activation; then span. All may be absent.
 * Winograd's convolution can pool at last, without `add` and residual: it stores the largest of each 2 x 2 pixels, as
 * max_pool_forward does, and y has half of out_height and out_width, rounded down. */
typedef struct alck_epilogue {
    bool add;
    const alck_real *bias;
    const alck_real *residual; /* same pixels and channels as the output */
    int64_t residual_stride;
    alck_activation activation;
    alck_span span;
    const void *span_argument;
    bool pools;
    uint8_t *positions;        /* of the largest, as max_pool_forward's, or NULL */
    alck_operands rounding;    /* to bf16, as these are rounded, with no activation, relu or relu6, and without `add` */
    bool residual_pairs, stores_pairs; /* with `rounding`: the residual is pairs in memory; and the output, without span and pool */
} alck_epilogue;

/* C[m,n] = epilogue(A[m,k] B[k,n]). Contract: k is cut in blocks of 256; a block's chain starts at +0 and does one FMA per
 * k in order; block sums are added in order; then the epilogue. A transposed operand is stored [k,m] or [n,k]. */
typedef struct alck_gemm {
    int64_t m, n, k;
    const alck_real *a;
    int64_t a_stride;          /* elements between stored rows */
    bool a_transposed;
    const alck_real *b;        /* NULL where packed_b is given */
    int64_t b_stride;
    bool b_transposed;
    const void *packed_b;      /* from gemm_pack_b */
    alck_operands operands;
    alck_real *c;
    int64_t c_stride;
    alck_epilogue epilogue;
} alck_gemm;

typedef struct alck_depthwise alck_depthwise;

/* What becomes of input values as they are read: of forward direct convolutions, 1x1 and without padding, and, for gates and norms, of
 * their gradients for the weights; a relu, of depthwise ones too. The bits are those of the outputs of multiply_broadcast, norm_forward,
 * depthwise_forward or activation_forward stored before. */
typedef struct alck_reading {
    const alck_real *gate;           /* they are multiplied by gate[image][channel], and rounded */
    int64_t gate_stride;             /* between images, 0: no gate */
    bool normalises;                 /* or activation(fma(value, scale, shift)); never both */
    const alck_real *scale, *shift;  /* per channel */
    alck_activation activation;      /* with a norm ALCK_IDENTITY, ALCK_RELU or ALCK_RELU6; of depthwise ones ALCK_RELU at most */
    const alck_depthwise *depthwise; /* or they are this one's output, and what is read is its input: stride 1 */
    bool pairs;                      /* in memory they are pairs, without gate and `depthwise`, of one group; of any dense convolution,
                                        Winograd's too, forward and for the weights' gradient */
    bool rounds;                     /* they are rounded to bf16 before a norm */
} alck_reading;

/* A convolution's geometry. Output extents are given; padding at the bottom and right is what they imply. Taps in the
 * padding are multiplied as zeros. Strides of 0 mean "as many as channels". */
typedef struct alck_conv {
    int64_t batch;
    int64_t in_height, in_width, in_channels, in_stride;
    int64_t out_height, out_width, out_channels, out_stride;
    int64_t kernel_height, kernel_width;
    int64_t stride_y, stride_x;
    int64_t pad_top, pad_left;
    int64_t dilation_y, dilation_x;
    int64_t groups;
    alck_operands operands;    /* of direct convolutions: image, gradient and weights */
    alck_reading reading;
} alck_conv;

/* A depthwise convolution whose output is formed where a 1x1 convolution reads it, and stored nowhere. */
struct alck_depthwise {
    const alck_conv *shape;
    const alck_real *weight;
    alck_epilogue epilogue;    /* a bias and an activation at most */
};

/* A depthwise convolution's gradients; in_stride of its shape is x's, out_stride dy's. */
typedef struct alck_depthwise_gradients {
    const alck_real *x, *weight, *dy;
    alck_real *dx, *dw;        /* NULL: not wanted, and weight, or x, is not read */
    int64_t dx_stride;         /* between pixels */
    bool add_dx, add_dw;       /* to what is there */
    void *scratch;             /* of depthwise_backward_scratch_bytes where dw is wanted */
} alck_depthwise_gradients;

/* Averages of an image's output values, channel by channel: what global_average_forward of them would give. */
typedef struct alck_averages {
    alck_real *values;
    int64_t stride;            /* between images */
    void *scratch;             /* of depthwise_averages_scratch_bytes */
} alck_averages;

typedef struct alck_pool {
    int64_t batch, channels;
    int64_t in_height, in_width, in_stride;
    int64_t out_height, out_width, out_stride;
    int64_t kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left;
    bool count_padding; /* average pooling: divide by the whole window (true) or by the pixels inside (false) */
    bool adaptive;      /* average pooling: output i of n takes inputs floor(i in / n) to ceil((i + 1) in / n), the end left
                           out; kernel, stride, padding and count_padding are not read */
} alck_pool;

/* The gradients of y[n,p,c] = x[n,p,c] gate[n,c]: dx = dy gate, dgate[n,c] = sum over p of x dy. */
typedef struct alck_gate_gradients {
    int64_t rows, pixels, channels;
    const alck_real *x, *gate, *dy;
    int64_t x_stride, gate_stride, dy_stride;
    alck_real *dx, *dgate;     /* NULL: not wanted; dx may be dy's memory */
    int64_t dx_stride, dgate_stride;
    bool add_dx, add_dgate;    /* to what is there */
} alck_gate_gradients;

/* One batch norm's tensors: `pixels` = rows * height * width. */
typedef struct alck_norm {
    int64_t rows, pixels_per_row, channels;
    const alck_real *x;
    int64_t x_stride;
    const alck_real *scale, *shift;   /* per channel: z = fma(x, scale, shift) (+ residual) */
    const alck_real *residual;        /* or NULL */
    int64_t residual_stride;
    alck_activation activation;       /* identity, relu, relu6 or silu */
    alck_operands x_rounding;         /* x is rounded to bf16 first, as these are */
    alck_operands rounding;           /* z is, where there is a residual, with no activation, relu or relu6 */
    bool x_pairs, residual_pairs, y_pairs; /* in memory they are pairs: y is what is stored, and what backward is given of it, with
                                              `rounding` */
} alck_norm;

typedef struct alck_norm_backward {
    alck_norm forward;                /* residual is ignored where y is given */
    const alck_real *y;               /* the activation's output, or NULL: recomputed from x, scale, shift, residual */
    int64_t y_stride;
    const alck_real *dy;
    int64_t dy_stride;
    const alck_real *gate, *dy_of_rows; /* [row][channel], or NULL: dy of all pixels of a row is multiplied by the one, and the other
                                           then added */
    int64_t gate_stride, dy_of_rows_stride;
    const alck_real *mean, *inverse_std; /* per channel */
    /* sums: dz = dy * activation'(z) */
    alck_real *sum_dz, *sum_dz_xhat;  /* per channel: sum of dz, and of dz * (x - mean) * inverse_std */
    alck_real *dz;                    /* of silu, dz itself, perhaps in dy's place; or NULL */
    int64_t dz_stride;
    /* apply: dx = fma(a, dz, fma(b, x - mean, c)) with per-channel coefficients; NULL b and c mean 0 */
    const alck_real *a, *b, *c;
    alck_real *dx;                    /* or NULL */
    int64_t dx_stride;
    bool dx_add;
    alck_real *d_residual;            /* dz itself, or NULL */
    int64_t d_residual_stride;
    bool d_residual_add;
} alck_norm_backward;

typedef struct alck_cross_entropy {
    int64_t rows, classes;
    const alck_real *logits;          /* rows x classes, contiguous rows of logits_stride */
    int64_t logits_stride;
    const int32_t *labels;            /* each in [0, classes): the caller checks */
    const alck_real *class_weights;   /* per class, or NULL for 1 */
    alck_real label_smoothing;        /* PyTorch's: (1-s) onehot + s/classes, weighted as torch does */
} alck_cross_entropy;

typedef struct alck_dropout {
    int64_t samples, elements;        /* one factor per element, or per sample where per_sample (drop-connect) */
    bool per_sample;
    double rate;                      /* kept with probability 1-rate and then divided by it */
    uint64_t seed;
    const uint64_t *streams;          /* per sample: the random stream; element e of it draws philox(seed, stream, e) */
} alck_dropout;

typedef struct alck_optimizer_step {
    int64_t count;
    alck_real *weight;
    const alck_real *gradient;
    alck_real *first, *second;        /* momentum / first moment; second moment; NULL where unused */
    double gradient_scale;            /* clipping; 1 for none */
    double learning_rate, weight_decay;
    double momentum; bool nesterov;   /* SGD: v = momentum v + g + wd w; w -= lr v (nesterov: g + wd w + momentum v) */
    double beta1, beta2, epsilon;     /* Adam: PyTorch's formula */
    double correction1, correction2;  /* 1 - beta^t */
    bool decoupled;                   /* AdamW: w *= 1 - lr wd instead of g += wd w */
} alck_optimizer_step;

/* Tiles of 4x4 pixels, of all samples, up to which Winograd's convolution takes longer to read transformed weights than to
 * multiply. */
#define ALCK_FEW_TILES 4

static inline bool alck_has_few_tiles(const alck_conv *s, int64_t batch)
{
    return batch * ((s->out_height + 3) / 4) * ((s->out_width + 3) / 4) <= ALCK_FEW_TILES;
}

/* X(return type, name, arguments). Scratch sizes are in bytes for the given geometry; scratch is 64-byte aligned.
 * "par" everywhere is the caller's alck_parallel. */
#define ALCK_KERNEL_LIST(X)                                                                                                     \
    /* --- matrix products --- */                                                                                               \
    X(size_t, gemm_packed_bytes, (alck_operands operands, int64_t k, int64_t n))                                                \
    /* rows [first, first + count) of k, all or from an even one on to an even one; of a transposed b, all */                   \
    X(void, gemm_pack_b, (const alck_parallel *par, alck_operands operands, int64_t k, int64_t n, int64_t first, int64_t count, \
                          const alck_real *b, int64_t b_stride, bool transposed, void *packed))                                 \
    /* enough for fewer m and k too */                                                                                          \
    X(size_t, gemm_scratch_bytes, (const alck_gemm *g, int workers))                                                            \
    X(void, gemm, (const alck_parallel *par, const alck_gemm *g, void *scratch))                                                \
    /* --- convolution. Order: output = sum over (ky, kx, channel), cut as docs/design/kernels.md says --- */                   \
    X(size_t, conv_packed_bytes, (const alck_conv *s))                                                                          \
    X(void, conv_pack, (const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed))                   \
    X(size_t, conv_forward_scratch_bytes, (const alck_conv *s, int workers))                                                    \
    X(void, conv_forward, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const void *packed,                \
                           const alck_epilogue *epilogue, alck_real *y, void *scratch))                                         \
    X(size_t, conv_packed_backward_bytes, (const alck_conv *s))                                                                 \
    X(void, conv_pack_backward, (const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed))          \
    X(size_t, conv_backward_data_scratch_bytes, (const alck_conv *s, int workers))                                              \
    X(void, conv_backward_data, (const alck_parallel *par, const alck_conv *s, const alck_real *dy, const void *packed,         \
                                 alck_real *dx, bool add, void *scratch))                                                       \
    X(size_t, conv_backward_weights_scratch_bytes, (const alck_conv *s, int workers))                                           \
    X(void, conv_backward_weights, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *dy,      \
                                    alck_real *dw, bool add, void *scratch))                                                    \
    X(const char *, conv_kernel_name, (const alck_conv *s)) /* for reports: "indirect 14x32" */                                 \
    /* --- the same by Winograd's F(4x4, 3x3): kernels of 3x3, stride, dilation and groups 1. Order: conv_winograd_axis.h.      \
     * `packed` are transformed weights, or NULL: they are then made for the call. A value that is not finite, or too large     \
     * (1e36), can make all 4x4 pixels of a tile that reads it not finite --- */                                                \
    X(size_t, winograd_packed_bytes, (const alck_conv *s))                                                                      \
    X(void, winograd_pack, (const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed))               \
    X(size_t, winograd_forward_scratch_bytes, (const alck_conv *s, bool packed, int workers))                                   \
    X(void, winograd_forward, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *weight,       \
                               const void *packed, const alck_epilogue *epilogue, alck_real *y, void *scratch))                 \
    /* the same forward of few tiles, from the weights themselves, packed: for up to ALCK_FEW_TILES it is the faster one. Of    \
     * reals alone */                                                                                                           \
    X(size_t, winograd_taps_bytes, (const alck_conv *s))                                                                        \
    X(void, winograd_taps_pack, (const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed))          \
    X(size_t, winograd_taps_scratch_bytes, (const alck_conv *s, int workers))                                                   \
    X(void, winograd_taps_forward, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const void *packed,       \
                                    const alck_epilogue *epilogue, alck_real *y, void *scratch))                                \
    X(size_t, winograd_backward_data_scratch_bytes, (const alck_conv *s, int workers))                                          \
    X(void, winograd_backward_data, (const alck_parallel *par, const alck_conv *s, const alck_real *dy,                         \
                                     const alck_real *weight, alck_real *dx, bool add, void *scratch))                          \
    X(size_t, winograd_backward_weights_scratch_bytes, (const alck_conv *s, int workers))                                       \
    X(void, winograd_backward_weights, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *dy,  \
                                        alck_real *dw, bool add, void *scratch))                                                \
    /* --- depthwise convolution: out_channels = in_channels = groups; weight [ky][kx][channel] as it is --- */                 \
    X(size_t, depthwise_averages_scratch_bytes, (const alck_conv *s))                                                           \
    X(void, depthwise_forward, (const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *weight,      \
                                const alck_epilogue *epilogue, alck_real *y, const alck_averages *averages /* or NULL */))      \
    X(size_t, depthwise_backward_scratch_bytes, (const alck_conv *s))                                                           \
    X(void, depthwise_backward, (const alck_parallel *par, const alck_conv *s, const alck_depthwise_gradients *g))              \
    /* --- pooling. max: the first largest in window order wins, NaN wins over all; position = ky*kernel_width+kx --- */        \
    X(void, max_pool_forward, (const alck_parallel *par, const alck_pool *s, const alck_real *x, alck_real *y,                  \
                               uint8_t *positions /* [out pixels][channels] or NULL */))                                        \
    X(void, max_pool_backward, (const alck_parallel *par, const alck_pool *s, const uint8_t *positions, const alck_real *dy,    \
                                alck_real *dx, bool add))                                                                       \
    X(void, average_pool_forward, (const alck_parallel *par, const alck_pool *s, const alck_real *x, alck_real *y))             \
    X(void, average_pool_backward, (const alck_parallel *par, const alck_pool *s, const alck_real *dy, alck_real *dx,           \
                                    bool add))                                                                                  \
    /* order: kernels/f32/map_sums.h */                                                                                         \
    X(void, global_average_forward, (const alck_parallel *par, int64_t rows, int64_t height, int64_t width, int64_t channels,   \
                                     const alck_real *x, int64_t x_stride, alck_real *y, int64_t y_stride))                     \
    X(void, global_average_backward, (const alck_parallel *par, int64_t rows, int64_t pixels, int64_t channels,                 \
                                      const alck_real *dy, int64_t dy_stride, alck_real *dx, int64_t dx_stride, bool add))      \
    /* --- batch norm. Per-channel sums: pixels in order within fixed runs of one row, runs in order --- */                     \
    X(size_t, norm_scratch_bytes, (int64_t rows, int64_t pixels_per_row, int64_t channels, int workers))                        \
    X(void, norm_statistics, (const alck_parallel *par, const alck_norm *s, alck_real *mean, alck_real *variance, void *scratch)) \
    X(void, norm_forward, (const alck_parallel *par, const alck_norm *s, alck_real *y, int64_t y_stride))                       \
    X(void, norm_backward_sums, (const alck_parallel *par, const alck_norm_backward *s, void *scratch))                         \
    X(void, norm_backward_apply, (const alck_parallel *par, const alck_norm_backward *s))                                       \
    /* per-channel sums of a tensor (a bias's gradient); scratch of norm_scratch_bytes */                                       \
    X(void, channel_sums, (const alck_parallel *par, int64_t rows, int64_t pixels_per_row, int64_t channels,                    \
                           const alck_real *x, int64_t x_stride, alck_real *sums, bool add, void *scratch))                     \
    /* --- elementwise, over pixels x channels --- */                                                                           \
    X(void, activation_forward, (const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels,                 \
                                 const alck_real *x, int64_t x_stride, alck_real *y, int64_t y_stride))                         \
    /* source: y for relu, relu6, sigmoid, tanh; x for silu. dx = dy f'(.) (+ old dx) */                                        \
    X(void, activation_backward, (const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels,                \
                                  const alck_real *source, int64_t source_stride, const alck_real *dy, int64_t dy_stride,       \
                                  alck_real *dx, int64_t dx_stride, bool add))                                                  \
    X(void, add_forward, (const alck_parallel *par, alck_activation f, int64_t pixels, int64_t channels, const alck_real *a,    \
                          int64_t a_stride, const alck_real *b, int64_t b_stride, alck_real *y, int64_t y_stride))              \
    X(void, round_to_bf16, (const alck_parallel *par, alck_operands operands, int64_t pixels, int64_t channels, alck_real *y,    \
                            int64_t y_stride)) /* in place */                                                                   \
    X(void, multiply, (const alck_parallel *par, int64_t pixels, int64_t channels, const alck_real *a, int64_t a_stride,        \
                       const alck_real *b, int64_t b_stride, alck_real *y, int64_t y_stride, bool add))                         \
    /* y[n,p,c] = x[n,p,c] gate[n,c] (+ old y), and its gradients */                                                            \
    X(void, multiply_broadcast, (const alck_parallel *par, int64_t rows, int64_t pixels, int64_t channels, const alck_real *x,  \
                                 int64_t x_stride, const alck_real *gate, int64_t gate_stride, alck_real *y, int64_t y_stride,  \
                                 bool add))                                                                                     \
    X(void, multiply_broadcast_backward, (const alck_parallel *par, const alck_gate_gradients *g))                              \
    X(void, copy, (const alck_parallel *par, int64_t pixels, int64_t channels, const alck_real *x, int64_t x_stride,            \
                   alck_real *y, int64_t y_stride, bool add))                                                                   \
    X(void, dropout, (const alck_parallel *par, const alck_dropout *s, const alck_real *x, alck_real *y, bool add))             \
    X(void, fill, (const alck_parallel *par, int64_t count, alck_real value, alck_real *x))                                     \
    X(void, exponential, (int64_t count, const alck_real *x, alck_real *y))                                                     \
    X(void, logarithm, (int64_t count, const alck_real *x, alck_real *y))                                                       \
    /* --- rows of classes --- */                                                                                               \
    X(void, softmax, (const alck_parallel *par, int64_t rows, int64_t classes, const alck_real *x, int64_t x_stride,            \
                      alck_real *y, int64_t y_stride))                                                                          \
    /* dx = y (dy - sum(dy y)) (+ old dx) */                                                                                    \
    X(void, softmax_backward, (const alck_parallel *par, int64_t rows, int64_t classes, const alck_real *y, int64_t y_stride,   \
                               const alck_real *dy, int64_t dy_stride, alck_real *dx, int64_t dx_stride, bool add))             \
    /* returns the weighted mean; row_losses may be NULL; scratch: 3 * rows doubles */                                          \
    X(alck_real, cross_entropy_forward, (const alck_parallel *par, const alck_cross_entropy *s, alck_real *row_losses,          \
                                         double *scratch))                                                                      \
    X(void, cross_entropy_backward, (const alck_parallel *par, const alck_cross_entropy *s, alck_real d_loss,                   \
                                     alck_real *dx, int64_t dx_stride, bool add))                                               \
    /* --- reductions in 64 virtual lanes (lane = index mod 64) per fixed chunk, folded 32, 16 ... 1, chunks in order --- */    \
    X(double, sum_of_squares, (const alck_parallel *par, int64_t count, const alck_real *x, double *scratch /* 1 per 4096 */))  \
    X(bool, all_finite, (int64_t pixels, int64_t channels, const alck_real *x, int64_t stride))                                 \
    /* --- optimizers --- */                                                                                                    \
    X(void, sgd_step, (const alck_parallel *par, const alck_optimizer_step *s))                                                 \
    X(void, adam_step, (const alck_parallel *par, const alck_optimizer_step *s))

#define ALCK_TABLE_MEMBER(type, name, arguments) type(*name) arguments;
typedef struct alck_table {
    const char *isa; /* "scalar", "avx2", "avx512", "neon" */
    ALCK_KERNEL_LIST(ALCK_TABLE_MEMBER)
} alck_table;
#undef ALCK_TABLE_MEMBER

/* The tables that this build has, widest first, NULL at the end. */
const alck_table *const *alck_tables(void);
/* Whether this CPU (and operating system) can run it. */
bool alck_table_supported(const alck_table *table);

/* Whether the table multiplies ALCK_BF16_PAIRS on this CPU. */
bool alck_has_bf16(const alck_table *table);

/* Philox4x32-10 (Salmon et al. 2011), counter (stream, block index), key seed: four words of 32 bits for the elements
 * 4*block .. 4*block+3. The same on every machine. */
void alck_philox(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4]);

#endif
