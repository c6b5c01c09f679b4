/* precision_conv.c - direct convolutions of reals, or of what they are as bf16: see precision.h.
 *
 * Forward and towards the input, neighbouring channels of a pixel are a pair. The weights' gradient sums over pixels, so there
 * neighbouring pixels are one: which only a kernel of 1x1 with stride 1 reads in the same order as it writes them. Others sum
 * reals. */
#include "lib/ops/precision.h"

/* The weights' gradient takes all pairs of pixels as images of at most so many: what its kernel cuts work by. */
#define IMAGE_PAIRS 512

static bool reals(alc_context *context)
{
    return alc_context_operands(context) == ALCK_REALS;
}

/* The convolution of paired inputs, */
static alck_conv over_inputs(alc_context *context, const alck_conv *s)
{
    alck_conv paired = *s;
    paired.operands = alc_context_operands(context);
    if (paired.operands != ALCK_REALS) {
        paired.in_channels = s->groups * alc_pairs_of(s->in_channels / s->groups);
        paired.in_stride = paired.in_channels;
    }
    return paired;
}

/* and that whose outputs' gradients are paired. */
static alck_conv over_outputs(alc_context *context, const alck_conv *s)
{
    alck_conv paired = *s;
    paired.operands = alc_context_operands(context);
    if (paired.operands != ALCK_REALS) {
        paired.out_channels = s->groups * alc_pairs_of(s->out_channels / s->groups);
        paired.out_stride = paired.out_channels;
    }
    return paired;
}

static int64_t in_stride(const alck_conv *s)
{
    return s->in_stride > 0 ? s->in_stride : s->in_channels;
}

static int64_t out_stride(const alck_conv *s)
{
    return s->out_stride > 0 ? s->out_stride : s->out_channels;
}

static int64_t in_pixels(const alck_conv *s)
{
    return s->batch * s->in_height * s->in_width;
}

static int64_t out_pixels(const alck_conv *s)
{
    return s->batch * s->out_height * s->out_width;
}

const char *alc_direct_kernel_name(alc_context *context, const alck_conv *s)
{
    return reals(context) ? alc_context_kernels(context)->conv_kernel_name(s) : "bf16 pairs";
}

/* ---- forward ---- */

size_t alc_direct_packed_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_inputs(context, s);
    return alc_context_kernels(context)->conv_packed_bytes(&paired);
}

size_t alc_direct_pack_scratch_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_inputs(context, s);
    const int64_t taps = s->kernel_height * s->kernel_width;
    return reals(context) ? 0 : alc_pair_bytes(taps * paired.in_channels * (s->out_channels / s->groups));
}

void alc_direct_pack(alc_context *context, const alck_conv *s, const alc_real *weight, void *packed, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    const alck_conv paired = over_inputs(context, s);
    const int64_t inputs = s->in_channels / s->groups, outputs = s->out_channels / s->groups;
    if (!reals(context)) {
        kernels->pair_rows(&parallel, s->groups * s->kernel_height * s->kernel_width, inputs, outputs, weight, outputs,
                           alc_pairs_of(inputs), scratch);
        weight = scratch;
    }
    kernels->conv_pack(&parallel, &paired, weight, packed);
}

size_t alc_direct_forward_scratch_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_inputs(context, s);
    const size_t bytes =
        alc_context_kernels(context)->conv_forward_scratch_bytes(&paired, alc_context_parallel(context).workers);
    return bytes + (reals(context) ? 0 : alc_pair_bytes(in_pixels(s) * paired.in_channels));
}

void alc_direct_forward(alc_context *context, const alck_conv *s, const alc_real *x, const void *packed,
                        const alck_epilogue *epilogue, alc_real *y, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    const alck_conv paired = over_inputs(context, s);
    char *memory = scratch;
    if (!reals(context)) {
        kernels->pair_channels(&parallel, in_pixels(s), s->groups, s->in_channels / s->groups, x, in_stride(s), memory);
        x = (const alc_real *)(const void *)memory;
        memory += alc_pair_bytes(in_pixels(s) * paired.in_channels);
    }
    kernels->conv_forward(&parallel, &paired, x, packed, epilogue, y, memory);
}

/* ---- towards the input ---- */

size_t alc_direct_packed_backward_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_outputs(context, s);
    return alc_context_kernels(context)->conv_packed_backward_bytes(&paired);
}

size_t alc_direct_pack_backward_scratch_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_outputs(context, s);
    const int64_t taps = s->kernel_height * s->kernel_width;
    return reals(context) ? 0 : alc_pair_bytes(taps * (s->in_channels / s->groups) * paired.out_channels);
}

void alc_direct_pack_backward(alc_context *context, const alck_conv *s, const alc_real *weight, void *packed, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    const alck_conv paired = over_outputs(context, s);
    const int64_t outputs = s->out_channels / s->groups;
    if (!reals(context)) {
        kernels->pair_channels(&parallel, s->kernel_height * s->kernel_width * s->in_channels, 1, outputs, weight, outputs,
                               scratch);
        weight = scratch;
    }
    kernels->conv_pack_backward(&parallel, &paired, weight, packed);
}

size_t alc_direct_backward_data_scratch_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_outputs(context, s);
    const size_t bytes =
        alc_context_kernels(context)->conv_backward_data_scratch_bytes(&paired, alc_context_parallel(context).workers);
    return bytes + (reals(context) ? 0 : alc_pair_bytes(out_pixels(s) * paired.out_channels));
}

void alc_direct_backward_data(alc_context *context, const alck_conv *s, const alc_real *dy, const void *packed, alc_real *dx,
                              bool add, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    const alck_conv paired = over_outputs(context, s);
    char *memory = scratch;
    if (!reals(context)) {
        kernels->pair_channels(&parallel, out_pixels(s), s->groups, s->out_channels / s->groups, dy, out_stride(s), memory);
        dy = (const alc_real *)(const void *)memory;
        memory += alc_pair_bytes(out_pixels(s) * paired.out_channels);
    }
    kernels->conv_backward_data(&parallel, &paired, dy, packed, dx, add, memory);
}

/* ---- for the weights ---- */

/* Whether outputs are made of the pixels at their own places alone. */
static bool pixel_by_pixel(const alck_conv *s)
{
    return s->kernel_height == 1 && s->kernel_width == 1 && s->stride_y == 1 && s->stride_x == 1 && s->pad_top == 0 &&
           s->pad_left == 0 && s->in_height == s->out_height && s->in_width == s->out_width;
}

/* All pairs of pixels as images of one row. */
static alck_conv over_pixels(alc_context *context, const alck_conv *s)
{
    alck_conv paired = *s;
    const int64_t pairs = alc_pairs_of(out_pixels(s)), images = (pairs + IMAGE_PAIRS - 1) / IMAGE_PAIRS;
    if (reals(context) || !pixel_by_pixel(s))
        return paired;
    paired.operands = alc_context_operands(context);
    paired.batch = images;
    paired.in_height = paired.out_height = 1;
    paired.in_width = paired.out_width = images > 0 ? (pairs + images - 1) / images : 0;
    paired.in_stride = s->in_channels;
    paired.out_stride = s->out_channels;
    return paired;
}

size_t alc_direct_backward_weights_scratch_bytes(alc_context *context, const alck_conv *s)
{
    const alck_conv paired = over_pixels(context, s);
    const size_t bytes =
        alc_context_kernels(context)->conv_backward_weights_scratch_bytes(&paired, alc_context_parallel(context).workers);
    if (paired.operands == ALCK_REALS)
        return bytes;
    return bytes + alc_pair_bytes(out_pixels(&paired) * s->in_channels) + alc_pair_bytes(out_pixels(&paired) * s->out_channels);
}

void alc_direct_backward_weights(alc_context *context, const alck_conv *s, const alc_real *x, const alc_real *dy, alc_real *dw,
                                 bool add, void *scratch)
{
    const alck_parallel parallel = alc_context_parallel(context);
    const alck_table *kernels = alc_context_kernels(context);
    const alck_conv paired = over_pixels(context, s);
    const int64_t pairs = out_pixels(&paired);
    char *memory = scratch;
    if (paired.operands != ALCK_REALS) {
        kernels->pair_rows(&parallel, 1, out_pixels(s), s->in_channels, x, in_stride(s), pairs, memory);
        x = (const alc_real *)(const void *)memory;
        memory += alc_pair_bytes(pairs * s->in_channels);
        kernels->pair_rows(&parallel, 1, out_pixels(s), s->out_channels, dy, out_stride(s), pairs, memory);
        dy = (const alc_real *)(const void *)memory;
        memory += alc_pair_bytes(pairs * s->out_channels);
    }
    kernels->conv_backward_weights(&parallel, &paired, x, dy, dw, add, memory);
}
