/* lib/graph/graph.h - a model from the inside: nodes, tensors, parameters. Nothing here is computed; lib/compile turns
 * it into a plan. */
#ifndef ALC_LIB_GRAPH_H
#define ALC_LIB_GRAPH_H

#include "alcor/op.h"
#include "lib/base/base.h"

#define ALC_MAX_INPUTS 64
#define ALC_MAX_OUTPUTS 16
#define ALC_MAX_NODE_PARAMETERS 16
#define ALC_MAX_SCOPES 32
/* Values of a tensor of one sample: more than any machine holds, so few that ops may count in 64 bits. */
#define ALC_MAX_VALUES ((int64_t)1 << 48)

typedef struct alc_node alc_node;

struct alc_tensor {
    alc_model *model;
    alc_node *node;       /* NULL: an input */
    int index;            /* which output of the node */
    const char *name;     /* of the node, or of the input */
    alc_shape shape;
    alc_dtype dtype;
    bool scalar;          /* one value for the whole batch */
    bool poison;
    int64_t id;           /* its place in model->tensors */
};

struct alc_parameter {
    alc_model *model;
    const char *name;
    alc_parameter_spec spec;
    int64_t count;
    alc_real *value;      /* in memory order */
    uint64_t version;     /* grows with every write */
    bool initialized;     /* the values are drawn or written */
    bool trainable;
};

struct alc_node {
    const alc_op_def *op;
    const char *name;
    uint64_t key;         /* hash of the name */
    void *options;
    int input_count, output_count, parameter_count;
    alc_tensor **inputs, **outputs;
    alc_parameter **parameters;
    int64_t id;           /* its place in model->nodes: nodes are in topological order */
};

struct alc_model {
    alc_context *context;
    alc_arena arena;
    alc_node **nodes;
    int64_t node_count, node_capacity;
    alc_tensor **tensors;
    int64_t tensor_count, tensor_capacity;
    alc_parameter **parameters;
    int64_t parameter_count, parameter_capacity;
    int64_t plan_count;
    alc_tensor poison;
    alc_text scope;       /* "layer1.0." */
    size_t scope_starts[ALC_MAX_SCOPES]; /* where each open scope begins in it: names may hold dots */
    int scope_depth;
    alc_status status;    /* of the first failing builder; not ALC_OK either once weights were released */
    char message[ALC_MESSAGE_BYTES]; /* its sentence; in here, for memory may just have run out */
};

/* Keeps the first failure of the model; returns `status`. The context holds the sentence already. */
alc_status alc_model_fail(alc_model *model, alc_status status);

/* A new parameter NAME.SPEC_NAME with initial values; NULL on failure (the context has the sentence). */
alc_parameter *alc_parameter_create(alc_model *model, const char *node_name, const alc_parameter_spec *spec);
void alc_parameter_destroy(alc_parameter *parameter);
/* Draws its initial values, unless something was written before: most models get theirs from a file. To be called before
 * parameter->value is read. */
void alc_parameter_initialize(alc_parameter *parameter);
/* To be called after parameter->value was written directly. */
void alc_parameter_written(alc_parameter *parameter);

/* PyTorch's order into memory order and back (layout.c). */
void alc_layout_store(const alc_parameter_spec *spec, const alc_real *logical, alc_real *memory);
/* The same for `count` values from the `first` on; `logical` holds these alone. */
void alc_layout_store_part(const alc_parameter_spec *spec, int64_t first, int64_t count, const alc_real *logical,
                           alc_real *memory);
void alc_layout_load(const alc_parameter_spec *spec, const alc_real *memory, alc_real *logical);
/* Where value `index` of PyTorch's order lies in memory. */
int64_t alc_layout_position(const alc_parameter_spec *spec, int64_t index);

/* Whether `name` starts with `prefix` at a word's end: the next character is the end, a dot or an underscore. */
bool alc_name_has_prefix(const char *name, const char *prefix);

/* Whether a tensor may have this shape: 1 to 3 extents, all at least 1, at most ALC_MAX_VALUES in all. */
bool alc_shape_is_tensor(alc_shape shape);

/* height x width (or length) and channels of a per-sample shape. */
int64_t alc_shape_channels(alc_shape shape);
int64_t alc_shape_pixels(alc_shape shape);
alc_view alc_shape_view(alc_shape shape, bool scalar);

#endif
