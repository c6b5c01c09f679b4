/* op_model.c - a case of the table as a model of the library: op_net by the library's own layers, and the values that inputs
 * and parameters get. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ops/op_table.h"

typedef struct library_net {
    op_net net;
    alc_model *model;
} library_net;

static alc_tensor *tensor(op_value *value)
{
    return (alc_tensor *)(void *)value;
}

static op_value *value(alc_tensor *made)
{
    return (op_value *)(void *)made;
}

static op_value *input(op_net *net, const char *name, alc_dtype dtype, alc_shape shape)
{
    return value(alc_input(((library_net *)(void *)net)->model, name, dtype, shape));
}

static op_value *dense(op_net *net, op_value *x, alc_dense_options options)
{
    (void)net;
    return value(alc_dense(tensor(x), options));
}

static op_value *conv2d(op_net *net, op_value *x, alc_conv2d_options options)
{
    (void)net;
    return value(alc_conv2d(tensor(x), options));
}

static op_value *batch_norm(op_net *net, op_value *x, alc_batch_norm_options options)
{
    (void)net;
    return value(alc_batch_norm(tensor(x), options));
}

static op_value *activation(op_net *net, op_value *x, op_activation kind)
{
    static alc_tensor *(*const layers[])(alc_tensor *) = {alc_relu, alc_relu6, alc_sigmoid, alc_silu, alc_tanh};
    (void)net;
    return value(layers[kind](tensor(x)));
}

static op_value *add(op_net *net, op_value *a, op_value *b)
{
    (void)net;
    return value(alc_add(tensor(a), tensor(b)));
}

static op_value *multiply(op_net *net, op_value *a, op_value *b)
{
    (void)net;
    return value(alc_multiply(tensor(a), tensor(b)));
}

static op_value *pool(op_net *net, op_value *x, op_pool kind, alc_pool_options options)
{
    (void)net;
    return value(kind == OP_MAX_POOL ? alc_max_pool(tensor(x), options) : alc_average_pool(tensor(x), options));
}

static op_value *adaptive_average_pool(op_net *net, op_value *x, int64_t height, int64_t width)
{
    (void)net;
    return value(alc_adaptive_average_pool(tensor(x), height, width));
}

static op_value *global_average_pool(op_net *net, op_value *x)
{
    (void)net;
    return value(alc_global_average_pool(tensor(x)));
}

static op_value *concat(op_net *net, int count, op_value *const *inputs)
{
    alc_tensor *tensors[64];
    (void)net;
    for (int i = 0; i < count; i++)
        tensors[i] = tensor(inputs[i]);
    return value(alc_concat(count, tensors));
}

static op_value *flatten(op_net *net, op_value *x)
{
    (void)net;
    return value(alc_flatten(tensor(x)));
}

static op_value *dropout(op_net *net, op_value *x, double rate, bool per_sample)
{
    (void)net;
    return value(per_sample ? alc_drop_connect(tensor(x), rate) : alc_dropout(tensor(x), rate));
}

static op_value *softmax(op_net *net, op_value *x)
{
    (void)net;
    return value(alc_softmax(tensor(x)));
}

static op_value *cross_entropy(op_net *net, op_value *logits, op_value *labels, alc_cross_entropy_options options)
{
    (void)net;
    return value(alc_softmax_cross_entropy(tensor(logits), tensor(labels), options));
}

alc_tensor *op_case_build(const op_case *c, alc_model *model)
{
    library_net library = {.net = {input, dense, conv2d, batch_norm, activation, add, multiply, pool,
                                   adaptive_average_pool, global_average_pool, concat, flatten, dropout, softmax, cross_entropy},
                           .model = model};
    alc_tensor *output = tensor(c->build(&library.net, c));
    for (int64_t i = 0; i < alc_model_parameter_count(model) && c->freeze; i++)
        alc_parameter_set_trainable(alc_model_parameter(model, i), false);
    return output;
}

int64_t op_case_batch(const op_case *c)
{
    return c->batch ? c->batch : 3;
}

/* SplitMix64 (Steele, Lea and Flood 2014) of a name's FNV-1a hash and an index: nothing of the library is used. */
static uint64_t mixed(const char *name, int64_t index)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    uint64_t z = hash + 0x9e3779b97f4a7c15u * (uint64_t)(index + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in [-1, 1), with 24 bits, so that float and double builds draw the same. */
static double uniform(const char *name, int64_t index)
{
    return (double)(mixed(name, index) >> 40) * 0x1p-23 - 1;
}

void op_case_fill_input(const op_case *c, const char *name, alc_dtype dtype, int64_t count, void *values)
{
    double scale = c->scale != 0 ? c->scale : 1;
    for (int64_t i = 0; i < count; i++) {
        if (dtype == ALC_I32)
            ((int32_t *)values)[i] = (int32_t)(mixed(name, i) % (uint64_t)c->classes);
        else
            ((alc_real *)values)[i] = (alc_real)(c->offset + scale * uniform(name, i));
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static double parameter_value(const char *name, alc_shape shape, int64_t index)
{
    double u = uniform(name, index);
    if (ends_with(name, ".running_var"))
        return 1.25 + 0.75 * u;
    if (shape.rank == 1)
        return ends_with(name, ".weight") ? 1 + 0.5 * u : 0.5 * u;
    int64_t fan_in = alc_shape_elements(shape) / shape.extent[0];
    return u * sqrt(3 / (double)fan_in);
}

void op_case_fill_parameters(alc_model *model)
{
    for (int64_t p = 0; p < alc_model_parameter_count(model); p++) {
        alc_parameter *parameter = alc_model_parameter(model, p);
        alc_shape shape = alc_parameter_shape(parameter);
        int64_t count = alc_shape_elements(shape);
        alc_real *values = malloc((size_t)count * sizeof *values);
        if (!values)
            abort();
        for (int64_t i = 0; i < count; i++)
            values[i] = (alc_real)parameter_value(alc_parameter_name(parameter), shape, i);
        alc_parameter_write(parameter, values);
        free(values);
    }
}
