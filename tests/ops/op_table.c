/* op_table.c - the table. A line is a name, how the case is built, input shapes and options; what is not said has its
 * default. Shapes are small but awkward: channels next to vector widths, prime extents, borders that cut windows. */
#include "tests/ops/op_table.h"

/* ---- how cases are built: the first input is "x", the second "second" ---- */

static op_value *first(op_net *net, const op_case *c)
{
    return net->input(net, "x", ALC_REAL, c->shape);
}

static op_value *second(op_net *net, const op_case *c)
{
    return net->input(net, "second", ALC_REAL, c->second);
}

static op_value *conv(op_net *net, const op_case *c)
{
    return net->conv2d(net, first(net, c), c->conv);
}

static op_value *dense(op_net *net, const op_case *c)
{
    return net->dense(net, first(net, c), c->dense);
}

static op_value *norm(op_net *net, const op_case *c)
{
    return net->batch_norm(net, first(net, c), c->norm);
}

static op_value *norm_activation(op_net *net, const op_case *c)
{
    return net->activation(net, norm(net, c), c->activation);
}

static op_value *norm_add(op_net *net, const op_case *c)
{
    return net->add(net, norm(net, c), second(net, c));
}

static op_value *norm_add_activation(op_net *net, const op_case *c)
{
    op_value *other = second(net, c);
    return net->activation(net, net->add(net, other, norm(net, c)), c->activation);
}

static op_value *activation(op_net *net, const op_case *c)
{
    return net->activation(net, first(net, c), c->activation);
}

static op_value *conv_activation(op_net *net, const op_case *c)
{
    return net->activation(net, conv(net, c), c->activation);
}

static op_value *conv_norm_activation(op_net *net, const op_case *c)
{
    return net->activation(net, net->batch_norm(net, conv(net, c), c->norm), c->activation);
}

static op_value *dense_norm_activation(op_net *net, const op_case *c)
{
    return net->activation(net, net->batch_norm(net, dense(net, c), c->norm), c->activation);
}

static op_value *dense_activation(op_net *net, const op_case *c)
{
    return net->activation(net, dense(net, c), c->activation);
}

static op_value *add(op_net *net, const op_case *c)
{
    return net->add(net, first(net, c), second(net, c));
}

static op_value *add_to_itself(op_net *net, const op_case *c)
{
    op_value *x = first(net, c);
    return net->add(net, x, x);
}

static op_value *multiply(op_net *net, const op_case *c)
{
    return net->multiply(net, first(net, c), second(net, c));
}

static op_value *square(op_net *net, const op_case *c)
{
    op_value *x = first(net, c);
    return net->multiply(net, x, x);
}

static op_value *max_pool(op_net *net, const op_case *c)
{
    return net->pool(net, first(net, c), OP_MAX_POOL, c->pool);
}

static op_value *average_pool(op_net *net, const op_case *c)
{
    return net->pool(net, first(net, c), OP_AVERAGE_POOL, c->pool);
}

static op_value *adaptive_average_pool(op_net *net, const op_case *c)
{
    return net->adaptive_average_pool(net, first(net, c), c->grid_height, c->grid_width);
}

/* An image as PyTorch's classifiers flatten it. */
static op_value *adaptive_average_pool_dense(op_net *net, const op_case *c)
{
    return net->dense(net, adaptive_average_pool(net, c), c->dense);
}

static op_value *global_average_pool(op_net *net, const op_case *c)
{
    return net->global_average_pool(net, first(net, c));
}

static op_value *flatten(op_net *net, const op_case *c)
{
    return net->flatten(net, first(net, c));
}

static op_value *flatten_dense(op_net *net, const op_case *c)
{
    return net->dense(net, flatten(net, c), c->dense);
}

static op_value *softmax(op_net *net, const op_case *c)
{
    return net->softmax(net, first(net, c));
}

static op_value *cross_entropy(op_net *net, const op_case *c)
{
    op_value *labels = net->input(net, "label", ALC_I32, ALC_SHAPE(1));
    return net->cross_entropy(net, first(net, c), labels, c->loss);
}

static op_value *dropout(op_net *net, const op_case *c)
{
    return net->dropout(net, first(net, c), c->rate, false);
}

static op_value *drop_connect(op_net *net, const op_case *c)
{
    return net->dropout(net, first(net, c), c->rate, true);
}

/* Nothing can be placed: one input comes from outside, the other is wanted twice. */
static op_value *concat_copied(op_net *net, const op_case *c)
{
    op_value *x = first(net, c), *y = net->activation(net, x, OP_TANH);
    return net->concat(net, 4, (op_value *[]){x, second(net, c), y, y});
}

static op_value *concat_one(op_net *net, const op_case *c)
{
    op_value *x = first(net, c);
    return net->concat(net, 1, &x);
}

static op_value *concat_placed(op_net *net, const op_case *c)
{
    op_value *a = conv(net, c), *b = net->activation(net, second(net, c), OP_SIGMOID);
    return net->concat(net, 2, (op_value *[]){a, b});
}

/* A dense block: each layer reads all before it, and every join is placed in the next. */
static op_value *concat_nested(op_net *net, const op_case *c)
{
    static const char *const norms[] = {"norm1", "norm2", "norm3"}, *const convs[] = {"conv1", "conv2", "conv3"};
    alc_conv2d_options stem = c->conv;
    stem.name = "stem";
    op_value *joined = net->conv2d(net, first(net, c), stem);
    for (int i = 0; i < 3; i++) {
        op_value *y = net->batch_norm(net, joined, (alc_batch_norm_options){.name = norms[i]});
        y = net->activation(net, y, OP_RELU);
        y = net->conv2d(net, y, (alc_conv2d_options){.name = convs[i], .filters = 5, .kernel = 3, .padding = 1});
        joined = net->concat(net, 2, (op_value *[]){joined, y});
    }
    return net->global_average_pool(net, joined);
}

/* The join's last reader in backward covers only some of its channels: the first part has a reader of its own after it. */
static op_value *concat_read_in_part(op_net *net, const op_case *c)
{
    op_value *a = conv(net, c), *b = net->activation(net, second(net, c), OP_TANH);
    op_value *joined = net->concat(net, 2, (op_value *[]){a, b});
    op_value *whole = net->global_average_pool(net, joined);
    op_value *part = net->global_average_pool(net, net->activation(net, a, OP_SILU));
    return net->concat(net, 2, (op_value *[]){whole, part});
}

/* Squeeze and excite: a gate from the image's own means. */
static op_value *squeeze_excite(op_net *net, const op_case *c)
{
    op_value *x = norm_activation(net, c);
    op_value *gate = net->dense(net, net->global_average_pool(net, x), (alc_dense_options){.name = "down", .units = 3});
    gate = net->activation(net, gate, OP_SILU);
    gate = net->dense(net, gate, (alc_dense_options){.name = "up", .units = c->shape.extent[2]});
    return net->multiply(net, x, net->activation(net, gate, OP_SIGMOID));
}

/* A 1x1 convolution of a gated image, folded norm and residual behind it. */
static op_value *gated_convolution(op_net *net, const op_case *c)
{
    op_value *x = first(net, c);
    op_value *y = net->conv2d(net, net->multiply(net, x, second(net, c)), c->conv);
    y = net->batch_norm(net, y, (alc_batch_norm_options){.name = "norm"});
    return c->conv.filters == c->shape.extent[2] ? net->add(net, y, x) : y;
}

/* A residual block: the shortcut has a convolution of its own and is read by both branches. */
static op_value *residual_block(op_net *net, const op_case *c)
{
    alc_conv2d_options wide = c->conv, shortcut = {.name = "shortcut", .filters = c->conv.filters, .kernel = 1};
    wide.name = "conv1";
    op_value *x = net->activation(net, first(net, c), OP_TANH);
    op_value *y = net->batch_norm(net, net->conv2d(net, x, wide), (alc_batch_norm_options){.name = "bn1"});
    wide.name = "conv2";
    y = net->conv2d(net, net->activation(net, y, OP_RELU), wide);
    y = net->batch_norm(net, y, (alc_batch_norm_options){.name = "bn2"});
    op_value *straight = net->conv2d(net, x, shortcut);
    straight = net->batch_norm(net, straight, (alc_batch_norm_options){.name = "bn3"});
    return net->activation(net, net->add(net, y, straight), c->activation);
}

/* Image and row of features, joined before the head: the whole of a small classifier. */
static op_value *fusion_classifier(op_net *net, const op_case *c)
{
    op_value *x = conv_norm_activation(net, c), *row = second(net, c);
    x = net->pool(net, x, OP_MAX_POOL, (alc_pool_options){.kernel = 2});
    x = net->global_average_pool(net, x);
    row = net->dense(net, row, (alc_dense_options){.name = "row", .units = 9});
    row = net->activation(net, row, OP_RELU);
    x = net->concat(net, 2, (op_value *[]){x, row});
    x = net->dense(net, net->dropout(net, x, 0.3, false), (alc_dense_options){.name = "head", .units = 3});
    return net->cross_entropy(net, x, net->input(net, "label", ALC_I32, ALC_SHAPE(1)), c->loss);
}

/* ---- the lines ---- */

#define IMAGE(h, w, c) .shape = {3, {h, w, c}}
#define ROW(c) .shape = {1, {c}}
#define SECOND_IMAGE(h, w, c) .second = {3, {h, w, c}}
#define SECOND_ROW(c) .second = {1, {c}}
#define CONV(...) .conv = {.name = "conv", __VA_ARGS__}
#define DENSE(...) .dense = {.name = "dense", __VA_ARGS__}
#define NORM(...) .norm = {.name = "norm", __VA_ARGS__}
#define FUSED_NORM(function, text, kind)                                                           \
    {"batch_norm train, " text, function, IMAGE(5, 7, 17), SECOND_IMAGE(5, 7, 17), .scale = 3,     \
     NORM(.epsilon = 1e-3), .activation = kind},                                                   \
    {"batch_norm frozen statistics, " text, function, IMAGE(5, 7, 17), SECOND_IMAGE(5, 7, 17), .scale = 3, \
     NORM(.mode = ALC_BATCH_NORM_FROZEN_STATISTICS), .activation = kind},                          \
    {"batch_norm frozen, " text, function, IMAGE(5, 7, 17), SECOND_IMAGE(5, 7, 17), .scale = 3,    \
     NORM(.mode = ALC_BATCH_NORM_FROZEN), .activation = kind}

static const double class_weights[] = {0.5, 2, 0.1, 1, 3};

const op_case op_table[] = {
    {"dense", dense, ROW(5), DENSE(.units = 3)},
    {"dense without bias", dense, ROW(70), DENSE(.units = 33, .no_bias = true), .batch = 5},
    {"dense of one value", dense, ROW(1), DENSE(.units = 1), .batch = 1},
    {"dense, long sums", dense, ROW(1031), DENSE(.units = 18), .batch = 7},
    {"dense, all positive", dense, ROW(1200), DENSE(.units = 7), .scale = 0.5, .offset = 1},
    {"dense on an image", dense, IMAGE(3, 5, 7), DENSE(.units = 4)},
    {"dense, relu", dense_activation, ROW(40), DENSE(.units = 17), .activation = OP_RELU},
    {"dense, batch_norm, silu", dense_norm_activation, ROW(19), DENSE(.units = 21), NORM(), .activation = OP_SILU,
     .batch = 6},

    {"conv2d 1x1", conv, IMAGE(5, 7, 6), CONV(.filters = 9, .kernel = 1)},
    {"conv2d 1x1 stride 2", conv, IMAGE(7, 6, 20), CONV(.filters = 16, .kernel = 1, .stride = 2)},
    {"conv2d 3x3", conv, IMAGE(7, 5, 3), CONV(.filters = 8, .kernel = 3)},
    {"conv2d 3x3 padded", conv, IMAGE(13, 11, 20), CONV(.filters = 37, .kernel = 3, .padding = 1)},
    {"conv2d 3x3 wide", conv, IMAGE(6, 6, 64), CONV(.filters = 64, .kernel = 3, .padding = 1), .batch = 2},
    {"conv2d 3x3 bias", conv, IMAGE(7, 8, 5), CONV(.filters = 6, .kernel = 3, .padding = 1, .bias = true)},
    {"conv2d 3x3 stride 2", conv, IMAGE(9, 8, 4), CONV(.filters = 7, .kernel = 3, .stride = 2, .padding = 1)},
    {"conv2d 5x3 stride 3", conv, IMAGE(11, 13, 2),
     CONV(.filters = 3, .kernel_height = 5, .kernel_width = 3, .stride = 3, .padding = 2)},
    {"conv2d 7x7 stride 2 stem", conv, IMAGE(16, 15, 3), CONV(.filters = 16, .kernel = 7, .stride = 2, .padding = 3)},
    {"conv2d asymmetric padding", conv, IMAGE(6, 7, 4),
     CONV(.filters = 5, .kernel = 3, .pad_top = 2, .pad_left = 0, .pad_bottom = 1, .pad_right = 3)},
    {"conv2d same stride 2", conv, IMAGE(8, 9, 4), CONV(.filters = 5, .kernel = 3, .stride = 2, .same = true)},
    {"conv2d same 4x4", conv, IMAGE(5, 6, 3), CONV(.filters = 4, .kernel = 4, .same = true)},
    {"conv2d dilation 2", conv, IMAGE(9, 10, 3), CONV(.filters = 6, .kernel = 3, .dilation = 2, .padding = 2)},
    {"conv2d dilation 3 stride 2", conv, IMAGE(13, 12, 3),
     CONV(.filters = 4, .kernel = 3, .dilation = 3, .stride = 2, .padding = 1)},
    {"conv2d groups 2", conv, IMAGE(6, 7, 8), CONV(.filters = 12, .kernel = 3, .groups = 2, .padding = 1)},
    {"conv2d groups 3 1x1 bias", conv, IMAGE(5, 5, 9), CONV(.filters = 6, .kernel = 1, .groups = 3, .bias = true)},
    {"conv2d groups 4, two filters each", conv, IMAGE(6, 5, 4), CONV(.filters = 8, .kernel = 3, .groups = 4)},
    {"conv2d one pixel", conv, IMAGE(1, 1, 5), CONV(.filters = 3, .kernel = 3, .padding = 1), .batch = 1},
    {"conv2d one channel", conv, IMAGE(9, 9, 1), CONV(.filters = 1, .kernel = 3, .padding = 1)},
    {"conv2d all positive", conv, IMAGE(6, 6, 40), CONV(.filters = 5, .kernel = 3), .scale = 0.5, .offset = 1},
    {"conv2d relu", conv_activation, IMAGE(7, 7, 6), CONV(.filters = 9, .kernel = 3, .bias = true),
     .activation = OP_RELU},
    {"conv2d batch_norm relu6", conv_norm_activation, IMAGE(7, 6, 5), CONV(.filters = 19, .kernel = 3, .padding = 1),
     NORM(), .activation = OP_RELU6, .scale = 5},
    {"conv2d bias batch_norm frozen silu", conv_norm_activation, IMAGE(7, 6, 5),
     CONV(.filters = 11, .kernel = 3, .bias = true), NORM(.mode = ALC_BATCH_NORM_FROZEN), .activation = OP_SILU},
    {"conv2d of a frozen part", conv_norm_activation, IMAGE(7, 6, 5), CONV(.filters = 11, .kernel = 3, .groups = 1),
     NORM(), .activation = OP_RELU, .freeze = true},

    {"conv2d winograd bias silu", conv_activation, IMAGE(10, 9, 17), CONV(.filters = 33, .kernel = 3, .bias = true, .padding = 2),
     .activation = OP_SILU},
    {"conv2d winograd asymmetric padding", conv, IMAGE(5, 6, 16),
     CONV(.filters = 19, .kernel = 3, .pad_top = 3, .pad_left = 0, .pad_bottom = 1, .pad_right = 2)},
    {"conv2d winograd batch_norm relu6", conv_norm_activation, IMAGE(7, 8, 18), CONV(.filters = 35, .kernel = 3, .padding = 1),
     NORM(), .activation = OP_RELU6, .scale = 5},
    {"conv2d winograd of a frozen part", conv_norm_activation, IMAGE(4, 7, 40), CONV(.filters = 20, .kernel = 3, .padding = 1),
     NORM(), .activation = OP_RELU, .freeze = true},
    {"conv2d winograd forward, direct data gradient", conv, IMAGE(6, 5, 16), CONV(.filters = 16, .kernel = 3)},

    {"depthwise 3x3", conv, IMAGE(7, 8, 6), CONV(.filters = 6, .kernel = 3, .groups = 6, .padding = 1)},
    {"depthwise 3x3 bias, 35 channels", conv, IMAGE(6, 5, 35),
     CONV(.filters = 35, .kernel = 3, .groups = 35, .padding = 1, .bias = true)},
    {"depthwise 5x5 stride 2 same", conv, IMAGE(9, 8, 18),
     CONV(.filters = 18, .kernel = 5, .groups = 18, .stride = 2, .same = true)},
    {"depthwise dilation 2", conv, IMAGE(9, 9, 5), CONV(.filters = 5, .kernel = 3, .groups = 5, .dilation = 2)},
    {"depthwise batch_norm silu", conv_norm_activation, IMAGE(6, 7, 20),
     CONV(.filters = 20, .kernel = 3, .groups = 20, .padding = 1), NORM(), .activation = OP_SILU},

    {"batch_norm on a row", norm, ROW(9), NORM(.momentum = 0.3), .batch = 5, .scale = 2},
    {"batch_norm far from 0", norm, IMAGE(6, 5, 3), NORM(), .scale = 0.5, .offset = 20},
    {"batch_norm always training", norm, IMAGE(4, 3, 18), NORM(.mode = ALC_BATCH_NORM_TRAIN), .freeze = true},
    {"batch_norm of a frozen part", norm, IMAGE(4, 3, 18), NORM(), .freeze = true},
    FUSED_NORM(norm, "alone", OP_RELU),
    FUSED_NORM(norm_activation, "relu", OP_RELU),
    FUSED_NORM(norm_activation, "relu6", OP_RELU6),
    FUSED_NORM(norm_activation, "sigmoid", OP_SIGMOID),
    FUSED_NORM(norm_activation, "silu", OP_SILU),
    FUSED_NORM(norm_activation, "tanh", OP_TANH),
    FUSED_NORM(norm_add, "add", OP_RELU),
    FUSED_NORM(norm_add_activation, "add and relu", OP_RELU),
    FUSED_NORM(norm_add_activation, "add and relu6", OP_RELU6),
    FUSED_NORM(norm_add_activation, "add and sigmoid", OP_SIGMOID),
    FUSED_NORM(norm_add_activation, "add and silu", OP_SILU),
    FUSED_NORM(norm_add_activation, "add and tanh", OP_TANH),

    {"relu", activation, IMAGE(3, 5, 19), .activation = OP_RELU},
    {"relu6", activation, IMAGE(3, 5, 19), .activation = OP_RELU6, .scale = 9},
    {"sigmoid", activation, IMAGE(3, 5, 19), .activation = OP_SIGMOID, .scale = 9},
    {"silu", activation, IMAGE(3, 5, 19), .activation = OP_SILU, .scale = 9},
    {"tanh", activation, IMAGE(3, 5, 19), .activation = OP_TANH, .scale = 3},
    {"relu on a row of one", activation, ROW(1), .activation = OP_RELU, .batch = 2},

    {"add", add, IMAGE(3, 4, 17), SECOND_IMAGE(3, 4, 17)},
    {"add to itself", add_to_itself, ROW(33)},
    {"multiply", multiply, IMAGE(3, 4, 17), SECOND_IMAGE(3, 4, 17)},
    {"multiply by itself", square, ROW(33)},
    {"multiply by a gate", multiply, IMAGE(5, 4, 17), SECOND_ROW(17)},
    {"multiply by a gate of one pixel", multiply, IMAGE(5, 4, 17), SECOND_IMAGE(1, 1, 17)},

    {"max_pool 2", max_pool, IMAGE(6, 8, 5), .pool = {.kernel = 2}},
    {"max_pool 2 on odd extents", max_pool, IMAGE(7, 5, 18), .pool = {.kernel = 2}},
    {"max_pool 3 stride 2 padded", max_pool, IMAGE(7, 8, 17), .pool = {.kernel = 3, .stride = 2, .padding = 1}},
    {"max_pool 3 stride 1", max_pool, IMAGE(5, 6, 4), .pool = {.kernel = 3, .stride = 1, .padding = 1}},
    {"max_pool with gaps", max_pool, IMAGE(9, 9, 3), .pool = {.kernel = 2, .stride = 3}},
    {"average_pool 2", average_pool, IMAGE(6, 8, 5), .pool = {.kernel = 2}},
    {"average_pool 3 stride 2 padded", average_pool, IMAGE(7, 8, 17),
     .pool = {.kernel = 3, .stride = 2, .padding = 1}},
    {"average_pool 3 counting padding", average_pool, IMAGE(7, 8, 17),
     .pool = {.kernel = 3, .stride = 1, .padding = 1, .count_padding = true}},
    {"adaptive_average_pool of whole windows", adaptive_average_pool, IMAGE(6, 8, 17), .grid_height = 3, .grid_width = 2},
    {"adaptive_average_pool of overlapping windows", adaptive_average_pool, IMAGE(7, 11, 5), .grid_height = 3,
     .grid_width = 7},
    {"adaptive_average_pool to more pixels", adaptive_average_pool, IMAGE(2, 3, 18), .grid_height = 7, .grid_width = 7},
    {"adaptive_average_pool of one pixel", adaptive_average_pool, IMAGE(1, 1, 3), .grid_height = 2, .grid_width = 1},
    {"adaptive_average_pool, dense", adaptive_average_pool_dense, IMAGE(5, 4, 6), .grid_height = 3, .grid_width = 2,
     DENSE(.units = 4)},
    {"global_average_pool", global_average_pool, IMAGE(7, 5, 35)},
    {"global_average_pool of one pixel", global_average_pool, IMAGE(1, 1, 3)},

    {"concat, copied", concat_copied, IMAGE(3, 4, 5), SECOND_IMAGE(3, 4, 7)},
    {"concat of rows", concat_copied, ROW(5), SECOND_ROW(2)},
    {"concat of one", concat_one, ROW(5)},
    {"concat, placed", concat_placed, IMAGE(5, 6, 4), SECOND_IMAGE(5, 6, 7),
     CONV(.filters = 9, .kernel = 3, .padding = 1)},
    {"concat, depthwise placed", concat_placed, IMAGE(5, 6, 9), SECOND_IMAGE(5, 6, 7),
     CONV(.filters = 9, .kernel = 3, .padding = 1, .groups = 9, .bias = true)},
    {"concat, nested", concat_nested, IMAGE(6, 5, 3), CONV(.filters = 6, .kernel = 3, .padding = 1)},
    {"concat, read in part", concat_read_in_part, IMAGE(5, 6, 4), SECOND_IMAGE(5, 6, 7),
     CONV(.filters = 9, .kernel = 3, .padding = 1)},

    {"flatten", flatten, IMAGE(3, 4, 5)},
    {"flatten of a row", flatten, ROW(7)},
    {"flatten and dense", flatten_dense, IMAGE(3, 4, 5), DENSE(.units = 6)},

    {"dropout", dropout, IMAGE(5, 7, 11), .rate = 0.4},
    {"dropout of nothing", dropout, ROW(20), .rate = 0},
    {"drop_connect", drop_connect, IMAGE(3, 2, 6), .rate = 0.4, .batch = 9},

    {"softmax", softmax, ROW(7), .scale = 4},
    {"softmax of each pixel", softmax, IMAGE(3, 4, 19), .scale = 30},
    {"cross_entropy", cross_entropy, ROW(3), .classes = 3, .scale = 3, .batch = 5},
    {"cross_entropy, smoothed", cross_entropy, ROW(5), .classes = 5, .scale = 3, .batch = 5,
     .loss = {.label_smoothing = 0.1}},
    {"cross_entropy, weighted", cross_entropy, ROW(5), .classes = 5, .scale = 3, .batch = 7,
     .loss = {.class_weights = class_weights}},
    {"cross_entropy, weighted and smoothed", cross_entropy, ROW(5), .classes = 5, .scale = 3, .batch = 7,
     .loss = {.class_weights = class_weights, .label_smoothing = 0.2}},
    {"cross_entropy of many classes", cross_entropy, ROW(101), .classes = 101, .scale = 30, .batch = 3},
    {"cross_entropy of huge logits", cross_entropy, ROW(5), .classes = 5, .scale = 1e4, .batch = 5},

    {"squeeze and excite", squeeze_excite, IMAGE(5, 4, 19), NORM(), .activation = OP_SILU},
    {"gated convolution", gated_convolution, IMAGE(5, 6, 19), SECOND_ROW(19), CONV(.filters = 19, .kernel = 1, .bias = true)},
    {"gated convolution of many channels", gated_convolution, IMAGE(3, 5, 300), SECOND_IMAGE(1, 1, 300),
     CONV(.filters = 7, .kernel = 1, .stride = 2)},
    {"residual block", residual_block, IMAGE(6, 5, 7), CONV(.filters = 10, .kernel = 3, .padding = 1),
     .activation = OP_RELU},
    {"image and row classifier", fusion_classifier, IMAGE(9, 8, 3), SECOND_ROW(6),
     CONV(.filters = 13, .kernel = 3, .padding = 1), NORM(), .activation = OP_RELU, .classes = 3, .batch = 6},
};

const int op_table_count = sizeof op_table / sizeof *op_table;
