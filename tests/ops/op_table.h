/* tests/ops/op_table.h - one line for every op and every option of it that takes another path. The drivers (test_op_*.c)
 * run all lines: against the reference, gradient checks, every instruction set and thread count, failing allocations, guard
 * pages. A new op gets all of that by adding its lines. */
#ifndef ALC_TESTS_OP_TABLE_H
#define ALC_TESTS_OP_TABLE_H

#include "tests/ops/op_net.h"

typedef struct op_case op_case;
struct op_case {
    const char *name;
    op_value *(*build)(op_net *net, const op_case *c);
    alc_shape shape, second;    /* of the first and the second input */
    int64_t batch;              /* 0: 3 */
    double scale;               /* inputs are uniform in [-scale, scale); 0: 1 */
    double offset;              /* ... and shifted by this */
    int64_t classes;            /* labels are in [0, classes) */
    alc_conv2d_options conv;
    alc_batch_norm_options norm;
    alc_pool_options pool;
    int64_t grid_height, grid_width; /* of the adaptive pool */
    alc_dense_options dense;
    alc_cross_entropy_options loss;
    op_activation activation;
    double rate;                /* of dropout */
    bool freeze;                /* no parameter is trained; gradients of the inputs are wanted all the same */
};

extern const op_case op_table[];
extern const int op_table_count;

int64_t op_case_batch(const op_case *c);

/* The case as a model of the library. */
alc_tensor *op_case_build(const op_case *c, alc_model *model);

/* The values that an input of that name has in this case, and those of a parameter: a function of name and index alone. */
void op_case_fill_input(const op_case *c, const char *name, alc_dtype dtype, int64_t count, void *values);
void op_case_fill_parameters(alc_model *model);

#endif
