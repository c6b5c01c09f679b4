/* alcor/op.h - how a layer is written: the same way inside the library and outside it. docs/write_a_layer.md is the guide.
 *
 * An op is one const alc_op_def: what it is called and up to seven functions. Ops have no state of their own; what a node
 * needs lives in its options, its parameters and in memory that the plan grants. A layer function fills the options and
 * calls alc_apply().
 */
#ifndef ALCOR_OP_H
#define ALCOR_OP_H

#include "alcor/plan.h"
#include "alcor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- infer: from input shapes and options alone, when the node is added ---- */

/* How a parameter starts. Values are drawn by seed, parameter name and element, so the order of building does not matter. */
typedef enum alc_initializer {
    ALC_INITIALIZE_ZEROS,
    ALC_INITIALIZE_ONES,
    ALC_INITIALIZE_UNIFORM /* in [-bound, bound) */
} alc_initializer;

/* How PyTorch's order relates to the order in memory: PyTorch's values, seen as an array of shape `view`, are stored with
 * axis order[0] outermost. view.rank == 0: as they are. Dense: view [out,in], order {1,0}. */
typedef struct alc_parameter_layout {
    alc_shape view;
    int order[ALC_MAX_RANK];
} alc_parameter_layout;

typedef struct alc_parameter_spec {
    const char *name;            /* "weight": the parameter is called NODE.weight */
    alc_shape shape;             /* PyTorch's */
    alc_parameter_layout layout;
    alc_initializer initializer;
    double bound;                /* of ALC_INITIALIZE_UNIFORM */
    bool state;                  /* not trained: running statistics */
    bool fixed;                  /* a weight that is never trained, whatever alc_parameter_set_trainable says */
} alc_parameter_spec;

typedef struct alc_infer {
    alc_context *context;
    const char *node;            /* full name, for messages */
    const void *options;
    int input_count;
    const alc_shape *input_shapes;
    const alc_dtype *input_dtypes;
    struct alc_infer_private *internal;
} alc_infer;

/* Declares the next output: a shape of rank 1 to 3 (alcor/tensor.h). An op has 1 to 16 outputs. */
alc_status alc_infer_output(alc_infer *infer, alc_shape shape, alc_dtype dtype);
/* Declares the output as one value for the whole batch, such as a loss. */
alc_status alc_infer_scalar_output(alc_infer *infer);
/* Declares the next parameter; run functions see parameters in this order. An op has at most 16. */
alc_status alc_infer_parameter(alc_infer *infer, alc_parameter_spec spec);
/* Fails with "NODE: sentence". */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
alc_status alc_infer_fail(alc_infer *infer, alc_status status, const char *format, ...);

/* ---- prepare: when a plan is compiled, after it is known which gradients are wanted ---- */

typedef struct alc_prepare {
    alc_context *context;
    const char *node;
    const void *options;
    alc_plan_mode mode;
    int64_t batch;               /* most samples of one run; in evaluation it may be a part of the plan's batch */
    int threads;
    bool differentiated;         /* backward will be called */
    bool frozen;                 /* none of its parameters is trained or, without parameters, the part of the model
                                    before it has some and none is */
    int input_count, output_count, parameter_count;
    const alc_shape *input_shapes, *output_shapes;
    const bool *input_gradient_wanted, *parameter_gradient_wanted;
    const int64_t *input_strides, *output_strides; /* elements from pixel to pixel */
    struct alc_prepare_private *internal;
} alc_prepare;

/* Keeps an input's or output's values until backward. What is not kept must not be read there. */
void alc_prepare_keep_input(alc_prepare *prepare, int index);
void alc_prepare_keep_output(alc_prepare *prepare, int index);
/* Bytes that live from forward to backward (alc_run.saved). */
void alc_prepare_saved(alc_prepare *prepare, size_t bytes);
/* Bytes that live during one call (alc_run.scratch), 64-byte aligned: enough for any number of rows up to the batch. */
void alc_prepare_forward_scratch(alc_prepare *prepare, size_t bytes);
void alc_prepare_backward_scratch(alc_prepare *prepare, size_t bytes);
/* Bytes made from the parameters by alc_op_def.derive, renewed whenever one of them was written (alc_run.derived). Their
 * contents are undefined before. */
void alc_prepare_derived(alc_prepare *prepare, size_t bytes);
/* Nothing but derive reads that parameter in this plan: alc_plan_release_weights may give its memory back, and forward then finds
 * a value of NULL. */
void alc_prepare_replaced(alc_prepare *prepare, int parameter);
/* For alc_plan_report: the kernel's name (static text) and the operations of one forward pass for one sample. */
void alc_prepare_describe(alc_prepare *prepare, const char *kernel, double flops_per_sample);

/* ---- run ---- */

/* Values of a batch: row r, pixel (y, x), channel c is data[((r*height + y)*width + x)*stride + c]. Rank-1 shapes have
 * height = width = 1; of rank 2, height = 1. Scalars: everything 1. */
typedef struct alc_view {
    void *data;
    int64_t height, width, channels;
    int64_t stride;
} alc_view;

typedef struct alc_gradient_view {
    alc_view view;   /* data is NULL where the gradient is not wanted (or, of an output, is zero) */
    bool add;        /* add to what is there instead of overwriting it */
} alc_gradient_view;

typedef struct alc_parameter_view {
    alc_real *value;          /* in memory order; only update_state may write, and only state */
    int64_t count;
    alc_real *gradient;       /* NULL where it is not wanted */
    bool add;
} alc_parameter_view;

/* Which random numbers to draw: sample i of the batch is number position + i of the epoch's draw. */
typedef struct alc_draw {
    uint64_t seed, epoch, position;
} alc_draw;

typedef struct alc_run {
    alc_context *context;
    const char *node;
    uint64_t node_key;           /* a hash of the node's name, for random streams */
    const void *options;
    alc_plan_mode mode;
    bool frozen;                 /* as in alc_prepare: dropout and batch statistics are off */
    bool recompute;              /* forward is run again in backward: saved memory holds what the first run left */
    bool gives_back;             /* derive is called by alc_plan_release_weights: see alc_run_give_back */
    int64_t batch;               /* as in alc_prepare */
    int64_t rows;                /* samples in this run, 1 <= rows <= batch */
    alc_draw draw;
    int input_count, output_count, parameter_count;
    const alc_view *inputs, *outputs;
    const alc_gradient_view *output_gradients, *input_gradients;
    const alc_parameter_view *parameters;
    void *saved, *scratch, *derived;
} alc_run;

/* Fails with "NODE: sentence". */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
alc_status alc_run_fail(const alc_run *run, alc_status status, const char *format, ...);

/* For derive of large parameters that alc_prepare_replaced named: it has read the first `count` values of that parameter for the
 * last time, and cannot fail any more. Where run->gives_back is set their memory is given back already, so that a weight and its
 * packed copy are never there both as a whole; with an allocator of the user's, after derive. */
void alc_run_give_back(const alc_run *run, int parameter, int64_t count);

typedef struct alc_op_def {
    const char *name;            /* "conv2d"; a node without a name of its own is called conv2d_1, conv2d_2 ... */
    size_t options_size;         /* options are copied; what they point to must be copied by the layer function */
    alc_status (*infer)(alc_infer *infer);
    alc_status (*prepare)(alc_prepare *prepare);   /* NULL: nothing to keep or book */
    alc_status (*derive)(const alc_run *run);      /* fills run->derived from the parameters; NULL if nothing is derived */
    /* In evaluation it may be called for some rows of the batch after the others: what it puts out for a sample must not
     * depend on the rest, unless an output is one value for the whole batch. In training it may be called a second time with
     * the same inputs and draw, to save memory, and must then leave the same outputs and saved memory. */
    alc_status (*forward)(const alc_run *run);
    alc_status (*backward)(const alc_run *run);    /* NULL: the op cannot be differentiated */
    alc_status (*update_state)(const alc_run *run);/* after forward, once per training step; NULL if the op has no state */
    /* Optional, for ops that act on each value alone, using only the value, its channel and the options: forward on
     * `count` values of one pixel in place, from channel `first` on, so that a neighbour's store can take it in. */
    void (*apply_span)(const void *options, alc_real *values, int64_t first, int64_t count);
    bool gradient_in_place;      /* backward may find its first input's gradient in the memory of its first output's: then it
                                    overwrites what it has read, and not sooner */
    bool contiguous;             /* inputs and outputs must have stride == channels */
    bool cheap;                  /* forward is run again in backward rather than to keep its outputs; it must then
                                    read only inputs, saved memory and parameters, and write only outputs */
} alc_op_def;

/* Adds a node: `name` may be NULL (one is made from the op's name). `options` has definition->options_size bytes.
 * input_count is 1 to 64. Returns its first output, or poison (NULL only if every input is NULL). The definition must
 * outlive the model. */
alc_tensor *alc_apply(const alc_op_def *definition, const char *name, const void *options, int input_count,
                      alc_tensor *const *inputs);
/* The same for an op with several outputs: outputs[0 .. output_count) are set. */
void alc_apply_n(const alc_op_def *definition, const char *name, const void *options, int input_count,
                 alc_tensor *const *inputs, int output_count, alc_tensor **outputs);

/* Makes the model fail with this sentence and returns poison, for layer functions that check arguments themselves. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
alc_tensor *alc_poison(alc_model *model, alc_status status, const char *format, ...);

/* A copy of `bytes` of data that lives as long as the model, for what options point to. NULL (and a failed model) if
 * memory is short. */
const void *alc_model_copy(alc_model *model, const void *data, size_t bytes);

/* ---- what ops may call ---- */

/* Runs body(argument, task, worker) for every task in [0, tasks) on the context's threads and waits. Split work by shape
 * alone, never by the number of threads, and results do not depend on it. worker < alc_context_threads(); tasks of one call that
 * run at the same time have different workers, so that each worker may have a part of the scratch memory. Calls do not nest: one
 * from inside a task runs all its tasks on that task's thread, one after the other, with worker = 0, whichever worker runs the
 * outer task. The inner tasks must not use scratch memory by worker, for that of worker 0 is another outer task's. */
void alc_parallel_for(alc_context *context, int64_t tasks, void (*body)(void *argument, int64_t task, int worker),
                      void *argument);

/* C[m,n] = A[m,k] B[k,n] (+ C if add), row-major with row strides in elements; a transposed operand is stored [k,m] or
 * [n,k]. `scratch` has alc_gemm_scratch_bytes(). Same bits on every instruction set and thread count. */
typedef struct alc_gemm_arguments {
    int64_t m, n, k;
    const alc_real *a, *b;
    alc_real *c;
    int64_t a_stride, b_stride, c_stride;
    bool a_transposed, b_transposed, add;
} alc_gemm_arguments;
size_t alc_gemm_scratch_bytes(alc_context *context, const alc_gemm_arguments *arguments);
void alc_gemm(alc_context *context, const alc_gemm_arguments *arguments, void *scratch);

#ifdef __cplusplus
}
#endif
#endif
