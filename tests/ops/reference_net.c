/* reference_net.c - op_net by the reference: a case is evaluated while it is built. Inputs and parameters are those that
 * the model under test has; one of their values can be moved, so that differences give reference gradients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ops/reference_ops.h"

void *reference_allocate(reference *r, int64_t count, size_t size)
{
    void *memory = calloc((size_t)count, size);
    void **all = realloc(r->memory, (size_t)(r->memory_count + 1) * sizeof *all);
    if (!memory || !all)
        abort();
    r->memory = all;
    r->memory[r->memory_count++] = memory;
    return memory;
}

void reference_free(reference *r)
{
    for (int64_t i = 0; i < r->memory_count; i++)
        free(r->memory[i]);
    free(r->memory);
    r->memory = NULL;
    r->memory_count = 0;
}

reference_value *reference_new(reference *r, int64_t rows, int64_t height, int64_t width, int64_t channels)
{
    reference_value *value = reference_allocate(r, 1, sizeof *value);
    int64_t count = rows * height * width * channels;
    *value = (reference_value){.rows = rows, .height = height, .width = width, .channels = channels,
                               .data = reference_allocate(r, count, sizeof(double)),
                               .limit = reference_allocate(r, count, sizeof(double))};
    return value;
}

/* Copies what the library holds, and moves the value that is to be moved. */
static void take(const reference *r, const char *name, int64_t count, const alc_real *from, double *to)
{
    for (int64_t i = 0; i < count; i++)
        to[i] = (double)from[i];
    if (r->moved_name && strcmp(r->moved_name, name) == 0)
        to[r->moved_index] += r->moved_by;
}

const double *reference_parameter(reference *r, const char *node, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%s", node, name);
    const alc_parameter *parameter = alc_model_find_parameter(r->model, full);
    if (!parameter)
        return NULL;
    int64_t count = alc_shape_elements(alc_parameter_shape(parameter));
    alc_real *values = reference_allocate(r, count, sizeof *values);
    double *result = reference_allocate(r, count, sizeof *result);
    alc_parameter_read(parameter, values);
    take(r, full, count, values, result);
    return result;
}

reference_value *reference_input(reference *r, const char *name, alc_dtype dtype, alc_shape shape)
{
    int64_t height = shape.rank == 3 ? shape.extent[0] : 1, width = shape.rank >= 2 ? shape.extent[shape.rank - 2] : 1;
    reference_value *value = reference_new(r, r->batch, height, width, shape.extent[shape.rank - 1]);
    int64_t count = r->batch * alc_shape_elements(shape);
    if (dtype == ALC_I32) {
        value->labels = reference_allocate(r, count, sizeof *value->labels);
        op_case_fill_input(r->c, name, dtype, count, value->labels);
        return value;
    }
    alc_real *values = reference_allocate(r, count, sizeof *values);
    op_case_fill_input(r->c, name, dtype, count, values);
    take(r, name, count, values, value->data);
    return value;
}

typedef struct reference_net {
    op_net net;
    reference *reference;
} reference_net;

static reference *of(op_net *net)
{
    return ((reference_net *)(void *)net)->reference;
}

static reference_value *in(op_value *value)
{
    return (reference_value *)(void *)value;
}

static op_value *out(reference_value *value)
{
    return (op_value *)(void *)value;
}

static op_value *input(op_net *net, const char *name, alc_dtype dtype, alc_shape shape)
{
    return out(reference_input(of(net), name, dtype, shape));
}

static op_value *dense(op_net *net, op_value *x, alc_dense_options options)
{
    return out(reference_dense(of(net), in(x), &options));
}

static op_value *conv2d(op_net *net, op_value *x, alc_conv2d_options options)
{
    return out(reference_conv2d(of(net), in(x), &options));
}

static op_value *batch_norm(op_net *net, op_value *x, alc_batch_norm_options options)
{
    return out(reference_batch_norm(of(net), in(x), &options));
}

static op_value *activation(op_net *net, op_value *x, op_activation kind)
{
    return out(reference_activation(of(net), in(x), kind));
}

static op_value *add(op_net *net, op_value *a, op_value *b)
{
    return out(reference_add(of(net), in(a), in(b)));
}

static op_value *multiply(op_net *net, op_value *a, op_value *b)
{
    return out(reference_multiply(of(net), in(a), in(b)));
}

static op_value *pool(op_net *net, op_value *x, op_pool kind, alc_pool_options options)
{
    return out(reference_pool(of(net), in(x), kind, &options));
}

static op_value *adaptive_average_pool(op_net *net, op_value *x, int64_t height, int64_t width)
{
    return out(reference_adaptive_average_pool(of(net), in(x), height, width));
}

static op_value *global_average_pool(op_net *net, op_value *x)
{
    return out(reference_global_average_pool(of(net), in(x)));
}

static op_value *concat(op_net *net, int count, op_value *const *inputs)
{
    reference_value *values[64];
    for (int i = 0; i < count; i++)
        values[i] = in(inputs[i]);
    return out(reference_concat(of(net), count, values));
}

static op_value *flatten(op_net *net, op_value *x)
{
    return out(reference_flatten(of(net), in(x)));
}

static op_value *dropout(op_net *net, op_value *x, double rate, bool per_sample)
{
    return out(reference_dropout(of(net), in(x), rate, per_sample));
}

static op_value *softmax(op_net *net, op_value *x)
{
    return out(reference_softmax(of(net), in(x)));
}

static op_value *cross_entropy(op_net *net, op_value *logits, op_value *labels, alc_cross_entropy_options options)
{
    return out(reference_cross_entropy(of(net), in(logits), in(labels), &options));
}

const reference_value *reference_run(reference *r)
{
    reference_net net = {.net = {input, dense, conv2d, batch_norm, activation, add, multiply, pool,
                                 adaptive_average_pool, global_average_pool, concat, flatten, dropout, softmax, cross_entropy},
                         .reference = r};
    r->dropouts = r->drop_connects = 0;
    return in(r->c->build(&net.net, r->c));
}
