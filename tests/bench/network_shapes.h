/* tests/bench/network_shapes.h - every convolution of the five networks, equal ones counted together.
 *
 * Walked from the networks' definitions as models/ builds them, so that a shape's count is how often a pass runs it. A
 * convolution with as many groups as channels is depthwise.
 */
#ifndef NETWORK_SHAPES_H
#define NETWORK_SHAPES_H

#include "kernels/kernels.h"

#define NETWORK_SHAPES_MOST 160

typedef struct network_shape {
    alck_conv conv;
    int count;
} network_shape;

typedef struct network_shapes {
    network_shape shape[NETWORK_SHAPES_MOST];
    int count;
} network_shapes;

/* A square convolution of a square map; returns the size of its output. out_stride 0 means "as many as outputs". */
static inline int64_t add_shape(network_shapes *list, int64_t size, int64_t in, int64_t out, int64_t kernel,
                                int64_t stride, int64_t pad, int64_t groups, int64_t out_stride)
{
    const int64_t out_size = (size + 2 * pad - kernel) / stride + 1;
    for (int i = 0; i < list->count; i++) {
        const alck_conv *c = &list->shape[i].conv;
        if (c->in_height == size && c->in_channels == in && c->out_channels == out && c->kernel_height == kernel
            && c->stride_y == stride && c->pad_top == pad && c->groups == groups) {
            list->shape[i].count++;
            return out_size;
        }
    }
    if (list->count < NETWORK_SHAPES_MOST)
        list->shape[list->count++] = (network_shape){
            {.in_height = size, .in_width = size, .in_channels = in, .out_height = out_size, .out_width = out_size,
             .out_channels = out, .out_stride = out_stride, .kernel_height = kernel, .kernel_width = kernel,
             .stride_y = stride, .stride_x = stride, .pad_top = pad, .pad_left = pad, .dilation_y = 1,
             .dilation_x = 1, .groups = groups},
            1};
    return out_size;
}

static inline int64_t add_conv(network_shapes *list, int64_t size, int64_t in, int64_t out, int64_t kernel,
                               int64_t stride)
{
    return add_shape(list, size, in, out, kernel, stride, kernel / 2, 1, 0);
}

static inline int64_t add_depthwise(network_shapes *list, int64_t size, int64_t channels, int64_t kernel,
                                    int64_t stride)
{
    return add_shape(list, size, channels, channels, kernel, stride, kernel / 2, channels, 0);
}

static inline void resnet50_shapes(network_shapes *list, int64_t size)
{
    static const int blocks[] = {3, 4, 6, 3};
    int64_t in = 64;
    size = add_conv(list, size, 3, in, 7, 2);
    size = (size + 1) / 2;
    for (int layer = 0; layer < 4; layer++)
        for (int block = 0; block < blocks[layer]; block++) {
            const int64_t width = (int64_t)64 << layer, stride = layer > 0 && block == 0 ? 2 : 1;
            add_conv(list, size, in, width, 1, 1);
            if (block == 0)
                add_conv(list, size, in, 4 * width, 1, stride);
            size = add_conv(list, size, width, width, 3, stride);
            in = 4 * width;
            add_conv(list, size, width, in, 1, 1);
        }
}

static inline void vgg16_shapes(network_shapes *list, int64_t size)
{
    static const int64_t widths[] = {64, 128, 256, 512, 512};
    static const int layers[] = {2, 2, 3, 3, 3};
    int64_t in = 3;
    for (int block = 0; block < 5; block++, size /= 2)
        for (int layer = 0; layer < layers[block]; layer++, in = widths[block])
            add_conv(list, size, in, widths[block], 3, 1);
}

static inline void densenet121_shapes(network_shapes *list, int64_t size)
{
    static const int layers[] = {6, 12, 24, 16};
    int64_t in = 64;
    size = add_conv(list, size, 3, in, 7, 2);
    size = (size + 1) / 2;
    for (int block = 0; block < 4; block++) {
        const int64_t all = in + 32 * layers[block]; /* the channels of the block's one buffer */
        for (; in < all; in += 32) {
            add_conv(list, size, in, 128, 1, 1);
            add_shape(list, size, 128, 32, 3, 1, 1, 1, all);
        }
        if (block < 3) {
            add_conv(list, size, in, in / 2, 1, 1);
            in /= 2;
            size /= 2;
        }
    }
}

static inline void add_separable(network_shapes *list, int64_t size, int64_t in, int64_t out)
{
    add_depthwise(list, size, in, 3, 1);
    add_conv(list, size, in, out, 1, 1);
}

static inline void xception_shapes(network_shapes *list, int64_t size)
{
    static const int64_t entry[] = {64, 128, 256, 728};
    size = add_shape(list, size, 3, 32, 3, 2, 0, 1, 0);
    size = add_shape(list, size, 32, 64, 3, 1, 0, 1, 0);
    for (int block = 1; block <= 3; block++) {
        add_separable(list, size, entry[block - 1], entry[block]);
        add_separable(list, size, entry[block], entry[block]);
        size = add_conv(list, size, entry[block - 1], entry[block], 1, 2);
    }
    for (int layer = 0; layer < 25; layer++) /* eight blocks of three, and the first of the exit block */
        add_separable(list, size, 728, 728);
    add_separable(list, size, 728, 1024);
    size = add_conv(list, size, 728, 1024, 1, 2);
    add_separable(list, size, 1024, 1536);
    add_separable(list, size, 1536, 2048);
}

/* Widths of B0, scaled and rounded to eights, never below nine tenths. */
static inline int64_t efficientnet_width(double scale, int64_t width)
{
    const double wanted = scale * (double)width;
    const int64_t rounded = (int64_t)(wanted + 4) / 8 * 8;
    return (double)rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

static inline void efficientnet_shapes(network_shapes *list, int64_t size, double width_scale, double depth_scale)
{
    static const struct {
        int64_t expand, kernel, stride, width;
        int repeats;
    } stages[] = {{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
                  {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};
    int64_t in = efficientnet_width(width_scale, 32);
    size = add_conv(list, size, 3, in, 3, 2);
    for (size_t stage = 0; stage < sizeof stages / sizeof *stages; stage++) {
        const double wanted = depth_scale * stages[stage].repeats;
        const int repeats = (int)wanted + (wanted > (int)wanted);
        for (int i = 0; i < repeats; i++) {
            const int64_t wide = in * stages[stage].expand, out = efficientnet_width(width_scale, stages[stage].width);
            if (wide > in)
                add_conv(list, size, in, wide, 1, 1);
            size = add_depthwise(list, size, wide, stages[stage].kernel, i == 0 ? stages[stage].stride : 1);
            add_conv(list, 1, wide, in / 4, 1, 1); /* squeeze and excite */
            add_conv(list, 1, in / 4, wide, 1, 1);
            add_conv(list, size, wide, out, 1, 1);
            in = out;
        }
    }
    add_conv(list, size, in, efficientnet_width(width_scale, 1280), 1, 1);
}

#endif
