/* lib/compile/plan.h - a plan from the inside: what lib/compile makes and lib/run executes.
 *
 * The graph is rewritten into plan nodes and plan tensors (some nodes take in their neighbours). A tensor's values and its
 * gradient live in buffers; a buffer is a size and a first and last step, and the planner gives it an offset in one arena.
 * A tensor that is recomputed in backward has a second buffer for that. Gradients of parameters are a block of their own, or,
 * where each is used up as soon as it is there, buffers too. */
#ifndef ALC_LIB_PLAN_H
#define ALC_LIB_PLAN_H

#include "lib/graph/graph.h"

typedef struct alc_buffer {
    size_t bytes;
    int64_t first, last;   /* steps at which it is in use, inclusive; first > last: never */
    size_t offset;         /* in the arena; what plan_memory decides */
} alc_buffer;

typedef struct alc_plan_tensor {
    const alc_tensor *source;
    const char *name;
    alc_shape shape;
    alc_dtype dtype;
    bool scalar;
    int64_t producer;          /* plan node, -1 for an input */
    bool upstream_parameters;  /* some parameter, frozen or not, has a part in it */
    bool gradient_wanted;
    bool kept;                 /* readable after a run: lives to the last step */
    int64_t rows;              /* samples that its buffer holds: the batch, or a part of it that one segment takes at a time */
    int64_t root;              /* the tensor whose buffer holds it: itself, or a concat's output ... */
    int64_t channel;           /* ... from this channel on */
    int64_t padding;           /* of a root: unused values after each pixel's channels */
    int64_t value, recomputed, gradient;  /* buffers, -1: none. Of a root only; others use the root's */
    bool pairs;                /* of a root: its values are pairs of bf16 in memory, its gradient is reals */
    bool unstored;             /* its values are nowhere: its only reader forms them (alc_fusion.reads_last) */
    bool dropped;              /* of a root: not kept until backward, but computed again there to save memory */
} alc_plan_tensor;

typedef struct alc_plan_node {
    const alc_op_def *op;
    const char *name;
    uint64_t key;
    const void *options;
    int input_count, output_count, parameter_count;
    int64_t *inputs, *outputs;           /* plan tensors */
    alc_parameter **parameters;
    bool dead;                           /* taken in by a neighbour */
    bool leads_to_output;                /* the output depends on it */
    struct alc_plan_node *read_norm;     /* the batch norm whose saved values it reads; NULL: none. Of a trained convolution: the
                                            one that it applies to its last input as it reads, which is the norm's own; its first
                                            input is the norm's unstored output. Of a norm: that has statistics of its first channels */
    const struct alc_plan_node *gated, *average; /* of a batch norm: the multiplication by a gate, and the global average, that leave
                                                    it to form their part of its output's gradient as it reads that; NULL: none does */
    int64_t segment;                     /* of the plan's segments */
    bool frozen, differentiated;
    bool *input_gradient_wanted, *parameter_gradient_wanted;
    bool *keep_inputs, *keep_outputs;
    size_t saved_bytes, forward_scratch_bytes, backward_scratch_bytes, derived_bytes;
    int64_t saved, gradients;            /* buffers: what forward leaves to backward; gradients of its parameters where the
                                            plan's updates are made in backward */
    bool *input_add;                     /* backward: whether each input's gradient is added to */
    int64_t *clear;                      /* backward: the tensors whose gradients are set to zero first */
    int clear_count;
    void *derived;
    uint64_t derived_version;            /* of the parameters it was made from */
    bool *replaced;                      /* parameters that only `derive` reads */
    const char *kernel;
    double flops_per_sample;
    int64_t in_place_of;                 /* how many nodes it stands for beside itself */
} alc_plan_node;

/* Forward steps that run one after the other for `rows` samples, then for the next ones. */
typedef struct alc_segment {
    int64_t rows;
    int64_t first, last;                 /* steps, inclusive */
} alc_segment;

typedef struct alc_step {
    alc_step_kind kind;
    int64_t node;
    int64_t scratch;          /* buffer, -1: none */
    alc_run run;              /* resolved but for rows, draw and the parameters' `add` */
} alc_step;

/* Where a parameter's gradient lies. */
typedef struct alc_gradient_slot {
    const alc_parameter *parameter;
    alc_real *values;
} alc_gradient_slot;

/* A parameter that training's forward updates, and room for its values before. */
typedef struct alc_state_slot {
    alc_parameter *parameter;
    alc_real *before;
} alc_state_slot;

struct alc_plan {
    alc_context *context;
    alc_model *model;
    alc_arena memory;          /* of the plan's own structures */
    alc_compile_options options;
    alc_plan_node *nodes;
    int64_t node_count;
    alc_plan_tensor *tensors;  /* the same numbers as the model's tensors, then those that passes add */
    int64_t tensor_count;
    alc_buffer *buffers;
    int64_t buffer_count, buffer_capacity;
    alc_step *steps;
    int64_t step_count, forward_count;
    alc_segment *segments;     /* of the forward steps, in order */
    int64_t segment_count;
    char *arena;               /* activations, gradients of activations, saved and scratch memory */
    size_t arena_bytes;
    char *derived;
    size_t derived_bytes;
    alc_real *gradients;       /* of parameters, one block; empty where they are buffers of the arena */
    size_t gradient_bytes;
    alc_gradient_slot *slots;
    int64_t slot_count;
    alc_state_slot *states;
    size_t state_bytes;
    int64_t state_count;
    int64_t rows;
    alc_draw draw;
    bool forward_done;         /* a backward may follow */
    bool accumulate;           /* the next backward adds */
    void (*observe)(void *argument, const alc_step_info *step);
    void *observer;
};

/* The gradient of a parameter, NULL if the plan does not compute it. */
alc_real *alc_plan_gradient_of(const alc_plan *plan, const alc_parameter *parameter);

/* The operations of a node's backward for one sample. */
double alc_backward_flops(const alc_plan_node *node);

/* Tells the plan's observer, if there is one, that this step has run for so many samples. */
void alc_observe_step(const alc_plan *plan, const alc_step *step, int64_t rows);

/* The buffer-resolving root of a tensor. */
const alc_plan_tensor *alc_plan_root(const alc_plan *plan, int64_t tensor);
/* Where a buffer lies, once memory is bound; NULL for -1. */
void *alc_plan_buffer(const alc_plan *plan, int64_t buffer);
/* The first channel of the root's that it has. */
int64_t alc_plan_channel(const alc_plan *plan, int64_t tensor);
/* How many of a tensor's values take the place of a real: two where they are pairs. */
int64_t alc_plan_values_per_real(const alc_plan *plan, int64_t tensor);
/* Reals from pixel to pixel of a tensor's values, pairs where those are pairs; and of its gradient. */
int64_t alc_plan_stride(const alc_plan *plan, int64_t tensor);
int64_t alc_plan_gradient_stride(const alc_plan *plan, int64_t tensor);

#endif
