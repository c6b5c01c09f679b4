/* alcor/tensor.h - shapes, element types and the model that tensors and parameters belong to.
 *
 * A model is a graph of named nodes and the parameters that they use. Building calls (alcor/layers.h) add nodes and
 * check shapes at that line; nothing is computed before a plan is compiled (alcor/plan.h).
 *
 * Shapes are per sample: an image is [height, width, channels], a row of features [channels]. The batch is not part of
 * a shape; it is chosen when a plan is compiled.
 */
#ifndef ALCOR_TENSOR_H
#define ALCOR_TENSOR_H

#include "alcor/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ALC_MAX_RANK 5 /* of a parameter; tensors have rank 1 to 3 */

typedef enum alc_dtype {
    ALC_REAL, /* alc_real */
    ALC_I32
} alc_dtype;

/* Bytes of one element. */
size_t alc_dtype_size(alc_dtype dtype);

/* Extents from the outermost to the innermost. */
typedef struct alc_shape {
    int rank;
    int64_t extent[ALC_MAX_RANK];
} alc_shape;

/* ALC_SHAPE(64, 64, 3): a shape from its extents. */
#define ALC_SHAPE(...)                                                                             \
    ((alc_shape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                \
                 .extent = {__VA_ARGS__}})

/* The product of all extents, or -1 if an extent is below 1 or the product overflows. */
int64_t alc_shape_elements(alc_shape shape);
bool alc_shape_equal(alc_shape a, alc_shape b);
/* Writes "[64,64,3]" into `text` and returns `text`. 128 bytes hold any shape. */
char *alc_shape_text(alc_shape shape, char *text, size_t size);

typedef struct alc_model alc_model;
typedef struct alc_tensor alc_tensor;
typedef struct alc_parameter alc_parameter;

/* An empty model. *model is NULL on failure (ALC_OUT_OF_MEMORY). */
alc_status alc_model_create(alc_context *context, alc_model **model);
/* Frees it; plans and optimizers made from it must be destroyed before. NULL is allowed. */
void alc_model_destroy(alc_model *model);
alc_context *alc_model_context(const alc_model *model);

/* An input of the model, of a name of its own. Its shape has 1 to 3 extents of at least 1 and at most 2^48 values, as every
 * tensor's. Failures poison the result: every builder passes a poison tensor on, and alc_model_status / alc_compile
 * report the first failure. Never NULL. */
alc_tensor *alc_input(alc_model *model, const char *name, alc_dtype dtype, alc_shape shape);

/* Opens a scope: nodes and parameters made until the matching alc_scope_end are named "name." first. `format` is
 * printf's; scopes nest up to 32 deep. alc_scope_begin(m, "layer%d.%d", 1, 0) */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void alc_scope_begin(alc_model *model, const char *format, ...);
void alc_scope_end(alc_model *model);

/* The first failure of a builder, ALC_OK if there was none; its sentence is also the context's message. ALC_INVALID_ARGUMENT after
 * alc_plan_release_weights, which ends the use of a model. */
alc_status alc_model_status(const alc_model *model);

alc_model *alc_tensor_model(const alc_tensor *tensor);
alc_shape alc_tensor_shape(const alc_tensor *tensor);
alc_dtype alc_tensor_dtype(const alc_tensor *tensor);
/* The full name of the node that makes it, such as "layer1.0.conv1". */
const char *alc_tensor_name(const alc_tensor *tensor);
/* The tensor of that name (the first output of the node, or an input); NULL if there is none. */
alc_tensor *alc_model_find_tensor(const alc_model *model, const char *name);

/* ---- parameters: what is trained, and the state beside it (a batch norm's running statistics) ---- */

int64_t alc_model_parameter_count(const alc_model *model);
/* The i-th in the order of creation; NULL outside [0, count). */
alc_parameter *alc_model_parameter(const alc_model *model, int64_t index);
/* By full name, such as "layer1.0.conv1.weight"; NULL if there is none. */
alc_parameter *alc_model_find_parameter(const alc_model *model, const char *name);

const char *alc_parameter_name(const alc_parameter *parameter);
/* The shape in PyTorch's order: convolution [out, in / groups, height, width], dense [out, in]. */
alc_shape alc_parameter_shape(const alc_parameter *parameter);
/* True for state that is not trained by gradients. */
bool alc_parameter_is_state(const alc_parameter *parameter);
bool alc_parameter_trainable(const alc_parameter *parameter);
/* Plans look at this when they are compiled. State, and batch norms made with ALC_BATCH_NORM_FROZEN, stay untrainable. */
void alc_parameter_set_trainable(alc_parameter *parameter, bool trainable);
/* Copies all values out of, or into, the parameter in PyTorch's order; `values` has alc_shape_elements() of its shape.
 * Writing renews what plans derived from the parameter (packed, folded or transformed copies); it does nothing in a model whose
 * status is not ALC_OK. Reading gives NaN for a parameter that alc_plan_release_weights gave back. */
void alc_parameter_read(const alc_parameter *parameter, alc_real *values);
void alc_parameter_write(alc_parameter *parameter, const alc_real *values);

/* Freezes every parameter made before the first whose name starts with `prefix` at a dot ("stage3" matches
 * "stage3.conv.weight" and "stage3_conv1.weight", not "stage30.weight"), and trains that and all later ones.
 * Batch norms whose parameters are all frozen evaluate. ALC_NOT_FOUND names the prefixes that exist. */
alc_status alc_model_train_from(alc_model *model, const char *prefix);
/* The same, but only between blocks: `edges` are prefixes with which one begins, in order, at least one and NULL behind the
 * last. ALC_NOT_FOUND names them all, ALC_INVALID_ARGUMENT those on both sides of a place inside a block. */
alc_status alc_model_train_from_edge(alc_model *model, const char *const *edges, const char *edge);

/* Number of trained values, and of all values that are not state. */
int64_t alc_model_trainable_values(const alc_model *model);
int64_t alc_model_total_values(const alc_model *model);

#ifdef __cplusplus
}
#endif
#endif
