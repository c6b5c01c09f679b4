/* conv2d.h - between the files of the convolution op: its geometry and kernels, how batch norms are folded into its weights, what
 * the depthwise kernel reads, and its gradients. */
#ifndef ALC_LIB_CONV2D_H
#define ALC_LIB_CONV2D_H

#include "lib/ops/ops.h"

/* The geometry for `batch` samples of this input, an image or a row as one pixel; output extents below 1 mean that nothing is
 * left. */
alck_conv alc_conv2d_geometry(const alc_conv2d_node *o, alc_shape in, int64_t batch);
alc_status alc_conv2d_infer(alc_infer *infer);

/* Which kernels a layer uses: a matter of its shape, and of whether only direct ones are allowed. */
typedef struct alc_conv2d_kernels {
    bool depthwise;
    bool winograd, winograd_data; /* forward and the weights' gradient; the input's gradient */
} alc_conv2d_kernels;
alc_conv2d_kernels alc_conv2d_choose_kernels(const alc_context *context, const alck_conv *s);

/* Where derived memory has what: [scale, bias] of a folded norm, [scale, shift] of one that is read, the weights forward and
 * backward; those of a depthwise convolution follow. */
typedef struct alc_conv2d_derived {
    size_t folded_bytes, norm_bytes; /* of the folded norm; of both */
    size_t forward_bytes, backward_bytes;
    bool taps;                       /* the forward weights are for Winograd's kernel of few tiles, which gives the same bits */
} alc_conv2d_derived;
alc_conv2d_derived alc_conv2d_derived_of(const alc_run *r, const alck_conv *s);

/* The input that has the values, and the geometry of this run. */
const alc_view *alc_conv2d_input(const alc_run *r);
alck_conv alc_conv2d_run_geometry(const alc_run *r);

/* Where the output is pooled: bytes of the gradient of what was, the beginning of backward's scratch. */
size_t alc_conv2d_unpooled_bytes(const alck_conv *s);
alc_status alc_conv2d_backward(const alc_run *r);

/* Where a node's parameters have those of the norm that it applies as it reads, and those of its depthwise convolution. */
int alc_conv2d_read_norm_at(const alc_conv2d_node *o);
int alc_conv2d_depthwise_at(const alc_conv2d_node *o);

/* Folds the norm that follows: its scale and the bias to scale_and_bias [2][filters], weight * scale[filter] to `folded`. */
void alc_conv2d_fold(const alc_conv2d_node *o, const alc_parameter_view *parameters, alc_real *scale_and_bias, alc_real *folded);

/* Of a depthwise convolution, whose kernel reads the weight as it is: derived memory is for a folded one alone, [scale, bias] and
 * the weight. */
size_t alc_depthwise_derived_bytes(const alc_conv2d_node *o);
void alc_depthwise_derive(const alc_conv2d_node *o, const alc_parameter_view *parameters, void *derived);
/* The weight; the bias to *bias, NULL if there is none. */
const alc_real *alc_depthwise_weight(const alc_conv2d_node *o, const alc_parameter_view *parameters, const void *derived,
                                     const alc_real **bias);

#endif
