/* tests/ops/op_net.h - a network that is written down once and built twice: as a model of the library
 * (op_library_net.c) and as plain sums in double precision (op_reference_net.c).
 *
 * A test case says what it consists of with the functions below; layers with parameters must be named, so that both sides
 * find the same parameters. */
#ifndef ALC_TESTS_OP_NET_H
#define ALC_TESTS_OP_NET_H

#include "alcor/layers.h"

typedef struct op_net op_net;
typedef struct op_value op_value;

typedef enum op_activation { OP_RELU, OP_RELU6, OP_SIGMOID, OP_SILU, OP_TANH } op_activation;
typedef enum op_pool { OP_MAX_POOL, OP_AVERAGE_POOL } op_pool;

struct op_net {
    op_value *(*input)(op_net *net, const char *name, alc_dtype dtype, alc_shape shape);
    op_value *(*dense)(op_net *net, op_value *x, alc_dense_options options);
    op_value *(*conv2d)(op_net *net, op_value *x, alc_conv2d_options options);
    op_value *(*batch_norm)(op_net *net, op_value *x, alc_batch_norm_options options);
    op_value *(*activation)(op_net *net, op_value *x, op_activation kind);
    op_value *(*add)(op_net *net, op_value *a, op_value *b);
    op_value *(*multiply)(op_net *net, op_value *a, op_value *b);
    op_value *(*pool)(op_net *net, op_value *x, op_pool kind, alc_pool_options options);
    op_value *(*adaptive_average_pool)(op_net *net, op_value *x, int64_t height, int64_t width);
    op_value *(*global_average_pool)(op_net *net, op_value *x);
    op_value *(*concat)(op_net *net, int count, op_value *const *inputs);
    op_value *(*flatten)(op_net *net, op_value *x);
    op_value *(*dropout)(op_net *net, op_value *x, double rate, bool per_sample);
    op_value *(*softmax)(op_net *net, op_value *x);
    op_value *(*cross_entropy)(op_net *net, op_value *logits, op_value *labels, alc_cross_entropy_options options);
};

#endif
