/* lib/compile/compile.h - the passes that turn a model into a plan, in the order in which compile.c calls them. Each is a
 * file of its own; each leaves the plan consistent. */
#ifndef ALC_LIB_COMPILE_H
#define ALC_LIB_COMPILE_H

#include "lib/ops/ops.h"
#include "lib/compile/plan.h"

/* Plan nodes and tensors for the part of the graph that output and kept tensors need. */
alc_status alc_select_nodes(alc_plan *plan);
/* Which tensors and parameters want gradients; which nodes are frozen. */
alc_status alc_mark_gradients(alc_plan *plan);
/* With bf16: which nodes round what they put out, or what they read. */
alc_status alc_mark_rounding(alc_plan *plan);
/* Leaves out dropout where it does nothing. */
void alc_elide_dropout(alc_plan *plan);
/* Batch norms with running statistics and no gradient disappear into the convolution or dense layer before them. */
alc_status alc_fold_batch_norm(alc_plan *plan);
/* Residual additions, activations and spans are taken in by the node before them. */
alc_status alc_fuse(alc_plan *plan);
/* Depthwise convolutions take in the relu before them and the average of their output, or are taken in by the 1x1 convolution that
 * reads them. */
alc_status alc_fuse_depthwise(alc_plan *plan);
/* Max pools are taken in by the convolution before them. */
alc_status alc_fuse_pool(alc_plan *plan);
/* Inputs of concats are computed in the concat's memory where that is possible. */
void alc_place_concats(alc_plan *plan);
/* Statistics of channels that an earlier batch norm has read are taken from that. */
alc_status alc_share_statistics(alc_plan *plan);
/* With bf16, values that only convolutions and batch norms read are stored as pairs of it. */
alc_status alc_store_pairs(alc_plan *plan);
/* Pixels that would lie badly in the caches lie a little further apart. */
void alc_pad_pixels(alc_plan *plan);
/* Cuts the nodes into segments that run for some samples at a time, and says how many samples each tensor holds. */
alc_status alc_split_batch(alc_plan *plan);
/* Calls every op's prepare: what it keeps, its scratch, its kernel. */
alc_status alc_choose_kernels(alc_plan *plan);
/* Which values are recomputed in backward to stay within the memory that is allowed, and the schedule with them. */
alc_status alc_choose_recomputed(alc_plan *plan);
/* The list of steps: forward, then backward with recomputations; buffers and their lifetimes; who overwrites, who adds. It may
 * be called again after other tensors were dropped. */
alc_status alc_schedule(alc_plan *plan);
/* Offsets for buffers such that no two that live at the same time overlap; returns the bytes of the arena, SIZE_MAX if
 * they are more than can be addressed. Every buffer's `bytes` is rounded up to a multiple of `alignment` in place, which
 * is what alc_plan_report shows. Pure: it knows nothing of plans. `order` and `placed` are scratch for `count` indices
 * each. */
size_t alc_plan_memory(alc_buffer *buffers, int64_t count, size_t alignment, int64_t *order, int64_t *placed);
/* alc_plan_memory for the plan's buffers; arena_bytes is set. */
alc_status alc_place_buffers(alc_plan *plan);
/* Bytes of the gradients of a node's parameters, each at an aligned place. */
size_t alc_gradient_bytes(const alc_plan_node *node);
/* Bytes of what a node's parameters were before a training step that updates them. */
size_t alc_state_bytes(const alc_plan *plan, const alc_plan_node *node);
/* Allocates the plan's memory and resolves every step's pointers. */
alc_status alc_bind_memory(alc_plan *plan);

/* The options of a node as a copy that is the plan's to change; NULL if memory is short. */
void *alc_own_options(alc_plan *plan, alc_plan_node *host);
/* Of a tensor that a node computes: whether that or a reader wants its pixels without gaps. */
bool alc_wants_contiguous(const alc_plan *plan, int64_t tensor);
/* How many live nodes read a tensor (an input used twice counts twice). */
int64_t alc_count_uses(const alc_plan *plan, int64_t tensor);
/* The only live node that reads it, -1 if there are none or several uses. */
int64_t alc_single_consumer(const alc_plan *plan, int64_t tensor);
/* The node that computes input 0 of node `reader`, if nobody else wants its output; else NULL. */
alc_plan_node *alc_node_before(alc_plan *plan, int64_t reader);
/* A node stands for the one before it, or for the one that reads its output, too. */
void alc_take_before(alc_plan_node *reader, alc_plan_node *before);
void alc_take_follower(alc_plan *plan, alc_plan_node *host, alc_plan_node *follower);
/* Zeroed memory that lives as long as the plan. */
void *alc_plan_allocate(alc_plan *plan, size_t count, size_t size);

#endif
