/* tests/ops/reference_ops.h - what every op computes, as plain loops in double precision over [row][y][x][channel], and how
 * far a float result may be from it. Written from the formulas in alcor/layers.h, not from the library's code.
 *
 * Each value carries a limit: the error allowed to the op itself (docs/design/testing.md), plus what the limits of its
 * inputs can grow to on the way. */
#ifndef ALC_TESTS_REFERENCE_OPS_H
#define ALC_TESTS_REFERENCE_OPS_H

#include "alcor/plan.h"
#include "tests/ops/op_table.h"

typedef struct reference_value {
    int64_t rows, height, width, channels;
    double *data, *limit;
    int32_t *labels; /* of an ALC_I32 input; then there is no data */
} reference_value;

/* One evaluation of a case. Everything it makes is freed by reference_free. */
typedef struct reference {
    const op_case *c;
    const alc_model *model;   /* whose parameters are read */
    alc_plan_mode mode;
    int64_t batch;
    uint64_t seed, epoch, position; /* of dropout's draw */
    /* One value of a parameter or input is moved by this, for differences; NULL: none. */
    const char *moved_name;
    int64_t moved_index;
    double moved_by;
    void **memory;
    int64_t memory_count;
    int dropouts, drop_connects;
} reference;

void *reference_allocate(reference *r, int64_t count, size_t size);
void reference_free(reference *r);
/* Of the same pixels with `channels` channels, zeros. */
reference_value *reference_new(reference *r, int64_t rows, int64_t height, int64_t width, int64_t channels);
/* A parameter's values in PyTorch's order, NULL if the model has none of that name. */
const double *reference_parameter(reference *r, const char *node, const char *name);
/* An input's values for the batch. */
reference_value *reference_input(reference *r, const char *name, alc_dtype dtype, alc_shape shape);

reference_value *reference_dense(reference *r, const reference_value *x, const alc_dense_options *o);
reference_value *reference_conv2d(reference *r, const reference_value *x, const alc_conv2d_options *o);
reference_value *reference_batch_norm(reference *r, const reference_value *x, const alc_batch_norm_options *o);
reference_value *reference_activation(reference *r, const reference_value *x, op_activation kind);
reference_value *reference_add(reference *r, const reference_value *a, const reference_value *b);
reference_value *reference_multiply(reference *r, const reference_value *a, const reference_value *b);
reference_value *reference_pool(reference *r, const reference_value *x, op_pool kind, const alc_pool_options *o);
reference_value *reference_adaptive_average_pool(reference *r, const reference_value *x, int64_t height, int64_t width);
reference_value *reference_global_average_pool(reference *r, const reference_value *x);
reference_value *reference_concat(reference *r, int count, reference_value *const *inputs);
reference_value *reference_flatten(reference *r, const reference_value *x);
reference_value *reference_dropout(reference *r, const reference_value *x, double rate, bool per_sample);
reference_value *reference_softmax(reference *r, const reference_value *x);
reference_value *reference_cross_entropy(reference *r, const reference_value *logits, const reference_value *labels,
                                         const alc_cross_entropy_options *o);

/* The case's output. */
const reference_value *reference_run(reference *r);

#endif
