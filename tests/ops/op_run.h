/* tests/ops/op_run.h - runs a case of the table as a user would, in a training and in an evaluation plan, and collects every
 * number that comes out, so that two runs can be compared bit by bit. */
#ifndef ALC_TESTS_OP_RUN_H
#define ALC_TESTS_OP_RUN_H

#include "alcor/plan.h"
#include "tests/ops/op_table.h"

/* Bytes in the order in which they were appended. All zeros is empty. */
typedef struct op_bits {
    unsigned char *bytes;
    size_t count, capacity;
} op_bits;

void op_bits_append(op_bits *bits, const void *data, size_t bytes);
bool op_bits_equal(const op_bits *a, const op_bits *b);
void op_bits_free(op_bits *bits);

/* Writes the case's inputs into a plan, which takes as many samples as it was compiled for. */
void op_case_fill_plan(const op_case *c, alc_plan *plan);
/* The gradient that backward starts from, where the output is not one value; the same for every run. */
void op_case_fill_output_gradient(alc_plan *plan, const alc_tensor *output);
/* The values that the output has for `rows` samples: one for a loss. */
int64_t op_output_count(const alc_tensor *output, int64_t rows);

/* Forward and backward of a training plan, then forward of an evaluation plan. Appends outputs, gradients of inputs and
 * parameters, and state to `bits`. Leaves nothing behind whatever happens. */
alc_status op_case_run(const op_case *c, alc_context *context, op_bits *bits);

/* A context of that instruction set, NULL if this CPU or build lacks it. */
alc_context *op_context(alc_isa isa, int threads, alc_precision precision);

#endif
