/* tests/support/random_graph.c - see random_graph.h. */
#include "support/random_graph.h"

#include <check.h>

#include "alcor/layers.h"
#include "lib/graph/graph.h"

enum { MOST_MAPS = 64, WIDE = 1024 };

typedef struct builder {
    alc_random_key key;
    uint64_t drawn;
    int64_t rows;
    alc_tensor *maps[MOST_MAPS]; /* what later blocks may read */
    int count;
} builder;

static int64_t below(builder *b, int64_t bound)
{
    return (int64_t)alc_random_below(b->key, b->drawn++, (uint64_t)bound);
}

static bool chance(builder *b, int64_t percent)
{
    return below(b, 100) < percent;
}

static int64_t channels_of(const alc_tensor *x)
{
    return alc_shape_channels(x->shape);
}

static int64_t side_of(const alc_tensor *x)
{
    const alc_shape shape = x->shape;
    return shape.extent[0] < shape.extent[1] ? shape.extent[0] : shape.extent[1];
}

static void remember(builder *b, alc_tensor *map)
{
    if (b->count < MOST_MAPS && map->shape.rank == 3)
        b->maps[b->count++] = map;
}

/* What lies within a block is read by others now and then. */
static alc_tensor *share(builder *b, alc_tensor *map)
{
    if (chance(b, 6))
        remember(b, map);
    return map;
}

/* Multiples of vectors and of none; half of them wide enough for Winograd's algorithm. */
static int64_t some_filters(builder *b)
{
    static const int64_t filters[] = {3, 4, 5, 8, 12, 16, 16, 17, 19, 20, 24, 32, 40};
    return filters[below(b, sizeof filters / sizeof *filters)];
}

/* Groups, holes, more padding or a kernel that is no square. */
static void make_unusual(builder *b, const alc_tensor *x, alc_conv2d_options *o)
{
    const int64_t kind = below(b, 4);
    if (kind == 0)
        o->groups = channels_of(x) % 2 || o->filters % 2 ? 1 : 2;
    if (kind == 1 && o->kernel > 1)
        o->dilation = o->padding = 2;
    if (kind == 2)
        o->pad_top = o->pad_right = 1 + o->kernel / 2;
    if (kind == 3 && side_of(x) > 2)
        *o = (alc_conv2d_options){.filters = o->filters, .kernel_height = 1, .kernel_width = 3, .stride = o->stride, .bias = o->bias};
}

static alc_conv2d_options conv_options(builder *b, int64_t filters, int64_t kernel, int64_t stride)
{
    return (alc_conv2d_options){.filters = filters, .kernel = kernel, .padding = kernel / 2, .stride = stride, .bias = chance(b, 30)};
}

static alc_tensor *conv(builder *b, alc_tensor *x, int64_t filters, int64_t kernel, int64_t stride)
{
    return share(b, alc_conv2d(x, conv_options(b, filters, kernel, stride)));
}

/* Of any output. */
static alc_tensor *some_conv(builder *b, alc_tensor *x)
{
    alc_conv2d_options o = conv_options(b, some_filters(b), chance(b, 60) ? 3 : 1, chance(b, 20) ? 2 : 1);
    if (chance(b, 20))
        make_unusual(b, x, &o);
    return share(b, alc_conv2d(x, o));
}

/* 1x1, now and then such that it cannot read what lies before it value by value. */
static alc_tensor *point_wise(builder *b, alc_tensor *x)
{
    alc_conv2d_options o = conv_options(b, some_filters(b), 1, 1);
    o.stride = chance(b, 10) ? 2 : 1;
    o.padding = chance(b, 10);
    return share(b, alc_conv2d(x, o));
}

static alc_tensor *depthwise(builder *b, alc_tensor *x)
{
    const int64_t kernel = chance(b, 70) ? 3 : 5;
    return share(b, alc_conv2d(x, (alc_conv2d_options){.filters = channels_of(x), .groups = channels_of(x), .kernel = kernel,
                                                       .padding = kernel / 2, .stride = chance(b, 20) ? 2 : 1, .bias = chance(b, 20)}));
}

static alc_tensor *norm(builder *b, alc_tensor *x)
{
    static const alc_batch_norm_mode rare[] = {ALC_BATCH_NORM_TRAIN, ALC_BATCH_NORM_FROZEN_STATISTICS, ALC_BATCH_NORM_FROZEN};
    if (alc_shape_pixels(x->shape) * b->rows < 2)
        return x;
    const alc_batch_norm_mode mode = chance(b, 20) ? rare[below(b, 3)] : ALC_BATCH_NORM_AUTO;
    return share(b, alc_batch_norm(x, (alc_batch_norm_options){.mode = mode}));
}

static alc_tensor *maybe_norm(builder *b, alc_tensor *x)
{
    return chance(b, 75) ? norm(b, x) : x;
}

static alc_tensor *activation(builder *b, alc_tensor *x)
{
    const int64_t kind = below(b, 10);
    return share(b, kind < 5    ? alc_relu(x)
                    : kind < 7  ? alc_silu(x)
                    : kind == 7 ? alc_relu6(x)
                    : kind == 8 ? alc_tanh(x)
                                : alc_sigmoid(x));
}

static alc_tensor *maybe_activation(builder *b, alc_tensor *x)
{
    return chance(b, 75) ? activation(b, x) : x;
}

static alc_tensor *max_pool(builder *b, alc_tensor *x)
{
    const bool three = side_of(x) >= 3 && chance(b, 40);
    const int64_t kernel = side_of(x) < 2 ? 1 : three ? 3 : 2;
    return alc_max_pool(x, (alc_pool_options){.kernel = kernel, .stride = three ? 1 + below(b, 2) : kernel,
                                              .padding = kernel > 1 && chance(b, 30)});
}

/* Any map of that many pixels a side, and of that many channels too if `same`; x itself if there is no other. */
static alc_tensor *partner(builder *b, alc_tensor *x, bool same)
{
    for (int attempt = 0; attempt < 8; attempt++) {
        alc_tensor *y = b->maps[below(b, b->count)];
        const bool fits = y->shape.extent[0] == x->shape.extent[0] && y->shape.extent[1] == x->shape.extent[1];
        if (fits && (!same || channels_of(x) == channels_of(y)))
            return y;
    }
    return x;
}

/* ---- blocks: each reads a map and returns another ---- */

static alc_tensor *plain(builder *b, alc_tensor *x)
{
    return maybe_activation(b, maybe_norm(b, some_conv(b, x)));
}

static alc_tensor *pre_activated(builder *b, alc_tensor *x)
{
    x = maybe_activation(b, norm(b, x));
    return chance(b, 40) ? conv(b, x, some_filters(b), 3, 1) : point_wise(b, x);
}

static alc_tensor *separable(builder *b, alc_tensor *x)
{
    x = depthwise(b, chance(b, 50) ? share(b, alc_relu(x)) : x);
    if (chance(b, 50))
        x = maybe_activation(b, norm(b, x));
    x = chance(b, 20) ? alc_add(x, partner(b, x, true)) : x;
    return maybe_activation(b, maybe_norm(b, point_wise(b, x)));
}

static alc_tensor *squeeze(builder *b, alc_tensor *x)
{
    const int64_t channels = channels_of(x), fewer = 1 + channels / 4;
    alc_tensor *gate = share(b, alc_global_average_pool(x));
    const bool dense = chance(b, 30);
    gate = dense ? alc_dense(gate, (alc_dense_options){.units = fewer})
                 : alc_conv2d(gate, (alc_conv2d_options){.filters = fewer, .kernel = 1, .bias = true});
    gate = chance(b, 50) ? alc_relu(gate) : alc_silu(gate);
    gate = dense ? alc_dense(gate, (alc_dense_options){.units = channels})
                 : alc_conv2d(gate, (alc_conv2d_options){.filters = channels, .kernel = 1, .bias = true});
    return share(b, alc_multiply(x, alc_sigmoid(gate)));
}

/* As EfficientNet's. */
static alc_tensor *inverted(builder *b, alc_tensor *x)
{
    const bool residual = chance(b, 60);
    alc_tensor *y = activation(b, maybe_norm(b, conv(b, x, 2 * channels_of(x) > 40 ? 40 : 2 * channels_of(x), 1, 1)));
    y = maybe_activation(b, maybe_norm(b, depthwise(b, y)));
    y = chance(b, 70) ? squeeze(b, y) : y;
    y = maybe_norm(b, residual ? conv(b, y, channels_of(x), 1, 1) : point_wise(b, y));
    if (!alc_shape_equal(x->shape, y->shape))
        return y;
    y = chance(b, 30) ? alc_drop_connect(y, 0.3) : y;
    return chance(b, 50) ? alc_add(x, y) : alc_add(y, x);
}

static alc_tensor *residual(builder *b, alc_tensor *x)
{
    const int64_t filters = chance(b, 60) ? channels_of(x) : some_filters(b), stride = chance(b, 20) ? 2 : 1;
    const bool skip_first = chance(b, 50);
    const bool projected = filters != channels_of(x) || stride > 1 || chance(b, 20);
    alc_tensor *skip = projected && skip_first ? maybe_norm(b, conv(b, x, filters, 1, stride)) : x;
    alc_tensor *y = maybe_activation(b, maybe_norm(b, conv(b, x, filters, 3, stride)));
    y = maybe_norm(b, conv(b, y, filters, chance(b, 70) ? 3 : 1, 1));
    if (projected && !skip_first)
        skip = maybe_norm(b, conv(b, x, filters, 1, stride));
    y = share(b, chance(b, 50) ? alc_add(y, skip) : alc_add(skip, y));
    return maybe_activation(b, y);
}

/* As DenseNet's. */
static alc_tensor *dense_layers(builder *b, alc_tensor *x)
{
    for (int64_t layers = 1 + below(b, 3); layers > 0; layers--) {
        alc_tensor *y = conv(b, alc_relu(norm(b, x)), 8 + 4 * below(b, 4), 1, 1);
        y = conv(b, alc_relu(norm(b, y)), 3 + below(b, 6), 3, 1);
        x = share(b, alc_concat(2, chance(b, 80) ? (alc_tensor *[]){x, y} : (alc_tensor *[]){y, x}));
    }
    return chance(b, 50) ? conv(b, alc_relu(norm(b, x)), some_filters(b), 1, 1) : x;
}

/* Mostly such that Winograd's convolution takes the pool in: a norm that is trained stands in the way. */
static alc_tensor *pooled(builder *b, alc_tensor *x)
{
    x = channels_of(x) < 16 ? conv(b, x, 16 + below(b, 9), 1, 1) : x;
    x = conv(b, x, chance(b, 80) ? 16 + below(b, 25) : some_filters(b), 3, 1);
    x = maybe_activation(b, chance(b, 40) ? norm(b, x) : x);
    if (chance(b, 30) || side_of(x) < 2)
        return max_pool(b, x);
    x = alc_max_pool(x, (alc_pool_options){.kernel = 2});
    return side_of(x) >= 2 && chance(b, 40) ? alc_max_pool(x, (alc_pool_options){.kernel = 2}) : x;
}

static alc_tensor *pool(builder *b, alc_tensor *x)
{
    const int64_t side = side_of(x), kernel = side < 2 ? 1 : side < 3 || chance(b, 50) ? 2 : 3;
    if (chance(b, 15))
        return alc_adaptive_average_pool(x, 1 + below(b, 3), 1 + below(b, 3));
    if (chance(b, 50))
        return max_pool(b, x);
    return alc_average_pool(x, (alc_pool_options){.kernel = kernel, .stride = 1 + below(b, 2), .padding = kernel > 1 && chance(b, 40),
                                                  .count_padding = chance(b, 50)});
}

static alc_tensor *added(builder *b, alc_tensor *x)
{
    return maybe_activation(b, alc_add(x, chance(b, 20) ? norm(b, x) : partner(b, x, true)));
}

static alc_tensor *multiplied(builder *b, alc_tensor *x)
{
    return alc_multiply(x, partner(b, x, true));
}

static alc_tensor *joined(builder *b, alc_tensor *x)
{
    alc_tensor *y = partner(b, x, false), *z = partner(b, x, false);
    if (channels_of(x) + channels_of(y) + channels_of(z) > 80)
        return x;
    return alc_concat(chance(b, 50) ? 2 : 3, (alc_tensor *[]){x, y, z});
}

/* Branches side by side. */
static alc_tensor *inception(builder *b, alc_tensor *x)
{
    alc_tensor *one = maybe_activation(b, maybe_norm(b, conv(b, x, some_filters(b), 1, 1)));
    alc_tensor *two = maybe_activation(b, maybe_norm(b, conv(b, conv(b, x, some_filters(b), 1, 1), some_filters(b), 3, 1)));
    alc_tensor *three = side_of(x) < 2 ? x : alc_max_pool(x, (alc_pool_options){.kernel = 3, .stride = 1, .padding = 1});
    three = maybe_activation(b, conv(b, three, 3 + below(b, 6), 1, 1));
    return alc_concat(3, (alc_tensor *[]){one, two, three});
}

static alc_tensor *dropped(builder *b, alc_tensor *x)
{
    return chance(b, 70) ? alc_dropout(x, 0.3) : alc_drop_connect(x, 0.3);
}

/* Pixels that are a multiple of 4 KiB apart. */
static alc_tensor *wide(builder *b, alc_tensor *x)
{
    if (alc_shape_pixels(x->shape) > 25 || chance(b, 40))
        return x;
    x = maybe_activation(b, maybe_norm(b, conv(b, x, WIDE, 1, 1)));
    if (chance(b, 40))
        return max_pool(b, chance(b, 50) ? alc_dropout(x, 0.3) : x);
    return maybe_activation(b, point_wise(b, x));
}

typedef alc_tensor *block(builder *b, alc_tensor *x);

/* Which block a number below their count draws: what more passes look for is there more often. */
static block *const blocks[] = {
    plain, plain, pre_activated, pre_activated, separable, separable, squeeze, inverted, inverted, residual, residual, dense_layers,
    dense_layers, pooled, pooled, pool, added, added, multiplied, joined, joined, inception, dropped, activation, norm, wide};

/* Narrow again, so that nothing grows without bounds. */
static alc_tensor *limit(builder *b, alc_tensor *x)
{
    return channels_of(x) > 64 ? conv(b, x, some_filters(b), 1, 1) : x;
}

static alc_tensor *head(builder *b, alc_tensor *x)
{
    const bool small = alc_shape_elements(x->shape) <= 400;
    x = maybe_activation(b, maybe_norm(b, x));
    x = small && chance(b, 40) ? alc_flatten(x) : alc_global_average_pool(x);
    if (chance(b, 30))
        x = alc_concat(2, (alc_tensor *[]){x, alc_global_average_pool(b->maps[below(b, b->count)])});
    if (chance(b, 40))
        x = maybe_activation(b, maybe_norm(b, alc_dense(x, (alc_dense_options){.units = some_filters(b), .no_bias = chance(b, 30)})));
    x = chance(b, 30) ? alc_dropout(x, 0.3) : x;
    return alc_dense(x, (alc_dense_options){.name = "head", .units = RANDOM_GRAPH_CLASSES});
}

random_graph random_graph_build(alc_model *model, uint64_t number, int64_t pixels, int64_t rows)
{
    builder b = {.key = {number, 17}, .rows = rows};
    random_graph g = {.image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(pixels, pixels + below(&b, 3), 3 + below(&b, 3))),
                      .label = alc_input(model, "label", ALC_I32, ALC_SHAPE(1))};
    remember(&b, chance(&b, 70) ? plain(&b, g.image) : g.image);
    for (int64_t count = 1 + below(&b, 6); count > 0; count--) {
        alc_tensor *x = chance(&b, 70) ? b.maps[b.count - 1] : b.maps[below(&b, b.count)];
        remember(&b, limit(&b, blocks[below(&b, sizeof blocks / sizeof *blocks)](&b, x)));
    }
    g.logits = head(&b, b.maps[b.count - 1]);
    g.loss = alc_softmax_cross_entropy(g.logits, g.label, (alc_cross_entropy_options){.label_smoothing = chance(&b, 30) ? 0.1 : 0});
    ck_assert_msg(alc_model_status(model) == ALC_OK, "graph %llu: %s", (unsigned long long)number,
                  alc_error_message(alc_model_context(model)));
    return g;
}
