/* fuse.c - what follows a convolution, dense layer or batch norm and acts on each value alone is done in its store, and a
 * gate, or a batch norm that is not folded into anything, before a 1x1 convolution where that reads.
 *
 * A host takes in, in this order, at most one residual addition, one activation and one span. In training a batch norm takes in
 * an addition and a relu, relu6 or silu, because its backward can form the activation's derivative, and a convolution or dense layer
 * an activation whose derivative follows from its output. Values are the same bits with and without. */
#include <string.h>

#include "lib/compile/compile.h"

static bool is_norm(const alc_plan_node *node)
{
    return node->op == &alc_op_batch_norm;
}

static bool can_host(const alc_plan_node *node)
{
    return !node->dead && (is_norm(node) || node->op == &alc_op_conv2d || node->op == &alc_op_dense);
}

/* Whether a convolution or dense layer that is differentiated can take in that activation: it makes the gradient before it in the
 * memory of the gradient after it, at which nobody may look then. */
static bool can_differentiate(const alc_plan *plan, const alc_plan_node *follower)
{
    const alck_activation activation = alc_activation_of(follower->op);
    return activation != ALCK_IDENTITY && activation != ALCK_SILU && !plan->tensors[follower->outputs[0]].kept;
}

/* The other operand of an addition that `host` could take in, -1 if it cannot. */
static int64_t residual_for(const alc_plan_node *host, const alc_plan_node *add)
{
    int64_t output = host->outputs[0];
    int64_t other = add->inputs[0] == output ? add->inputs[1] : add->inputs[0];
    return other == output || other == host->inputs[0] ? -1 : other;
}

/* Moves node `from` to where node `to`, a later one, is; those between come one earlier. None of them may need it. */
static void move_later(alc_plan *plan, int64_t from, int64_t to)
{
    const alc_plan_node moved = plan->nodes[from];
    memmove(plan->nodes + from, plan->nodes + from + 1, (size_t)(to - from) * sizeof moved);
    plan->nodes[to] = moved;
    for (int64_t t = 0; t < plan->tensor_count; t++) {
        int64_t *producer = &plan->tensors[t].producer;
        if (*producer == from)
            *producer = to;
        else if (*producer > from && *producer <= to)
            --*producer;
    }
}

/* Takes an addition in. A residual must be computed before its host: where that is a convolution or dense layer in whose output
 * nobody else waits, it is computed later. */
static bool take_residual(alc_plan *plan, int64_t *host_index, const alc_plan_node *add, alc_fusion *fusion)
{
    alc_plan_node *host = &plan->nodes[*host_index];
    const int64_t residual = residual_for(host, add);
    if (residual < 0)
        return false;
    /* a convolution that others read too, in the model, may not round where the addition does */
    const bool rounds = ((const alc_add_node *)add->options)->rounds;
    if (!is_norm(host) && fusion->rounds != rounds)
        return false;
    const int64_t producer = plan->tensors[residual].producer;
    if (producer > *host_index) {
        if (is_norm(host))
            return false;
        move_later(plan, *host_index, producer);
        *host_index = producer;
        host = &plan->nodes[producer];
    }
    fusion->residual = true;
    fusion->rounds = rounds;
    host->input_gradient_wanted[host->input_count] = plan->tensors[residual].gradient_wanted && host->leads_to_output;
    host->inputs[host->input_count++] = residual;
    return true;
}

/* The activations that the norm's kernels have, which are those that models put after norms. */
static bool norm_takes(const alc_plan_node *follower)
{
    return follower->op == &alc_op_relu || follower->op == &alc_op_relu6 || follower->op == &alc_op_silu;
}

/* Takes `follower` into `fusion`, if it is of a kind that may follow what the host does already. The host may move. */
static bool take_in(alc_plan *plan, int64_t *host_index, const alc_plan_node *follower, alc_fusion *fusion)
{
    const alc_plan_node *host = &plan->nodes[*host_index];
    bool activated = fusion->activation != ALCK_IDENTITY || fusion->span;
    if ((host->differentiated || follower->differentiated) && !is_norm(host) && !can_differentiate(plan, follower))
        return false;
    if (follower->op == &alc_op_add && !fusion->residual && !activated)
        return take_residual(plan, host_index, follower, fusion);
    if (alc_activation_of(follower->op) != ALCK_IDENTITY && !activated && (!is_norm(host) || norm_takes(follower))) {
        fusion->activation = alc_activation_of(follower->op);
        return true;
    }
    if (follower->op->apply_span && !fusion->span && !is_norm(host)) {
        fusion->span = follower->op;
        fusion->span_options = follower->options;
        return true;
    }
    return false;
}

/* In training the product's node stays, for its gradients, but the product lies nowhere: it is formed where the convolution reads it,
 * forward and for the weights' gradient. */
static void take_trained_gate(alc_plan *plan, alc_plan_node *host, const alc_plan_node *multiply, alc_fusion *fusion)
{
    fusion->reads_last = true;
    plan->tensors[host->inputs[0]].unstored = true;
    host->inputs[host->input_count++] = multiply->inputs[1];
    host->inputs[host->input_count++] = multiply->inputs[0];
}

/* Reads what a gate multiplies, and the gate, in place of their product. */
static void take_gate(alc_plan *plan, int64_t host_index, alc_fusion *fusion)
{
    alc_plan_node *host = &plan->nodes[host_index];
    if (host->op != &alc_op_conv2d || !alc_conv2d_changes_input(host->options))
        return;
    alc_plan_node *multiply = alc_node_before(plan, host_index);
    if (!multiply || multiply->op != &alc_op_multiply ||
        !alc_is_gate(plan->tensors[multiply->inputs[0]].shape, plan->tensors[multiply->inputs[1]].shape))
        return;
    fusion->gate = true;
    if (host->differentiated || multiply->differentiated) {
        take_trained_gate(plan, host, multiply, fusion);
        return;
    }
    host->inputs[host->input_count++] = multiply->inputs[1];
    alc_take_before(host, multiply);
}

/* The batch norm before a convolution, if that can apply it as it reads; else NULL. */
static alc_plan_node *norm_to_read(alc_plan *plan, int64_t host_index)
{
    const alc_plan_node *host = &plan->nodes[host_index];
    if (host->dead || host->op != &alc_op_conv2d)
        return NULL;
    const alc_conv2d_node *options = host->options;
    if (!alc_conv2d_changes_input(options) || options->fusion.gate)
        return NULL;
    alc_plan_node *norm = alc_node_before(plan, host_index);
    if (!norm || !is_norm(norm))
        return NULL;
    const alc_fusion *o = norm->options;
    const bool simple = o->activation == ALCK_IDENTITY || o->activation == ALCK_RELU || o->activation == ALCK_RELU6;
    return simple && !o->residual ? norm : NULL;
}

/* A trained norm makes scale and shift of each batch, and what it would have stored is formed twice where the convolution reads it:
 * forward and for the weights' gradient. */
static alc_status take_trained_norm(alc_plan *plan, alc_plan_node *host, alc_plan_node *norm)
{
    alc_fusion *fusion = alc_own_options(plan, host);
    if (!fusion)
        return ALC_OUT_OF_MEMORY;
    fusion->reads_trained_norm = fusion->reads_last = true;
    fusion->read_activation = ((const alc_fusion *)norm->options)->activation;
    fusion->rounds_values = ((const alc_fusion *)norm->options)->rounds_values;
    plan->tensors[host->inputs[0]].unstored = true;
    host->inputs[host->input_count++] = norm->inputs[0];
    host->read_norm = norm;
    return ALC_OK;
}

/* Reads what a batch norm reads, in place of its output. */
static void take_norm(alc_plan_node *host, alc_plan_node *norm)
{
    const alc_batch_norm_node *o = norm->options;
    alc_fusion *fusion = (alc_fusion *)host->options; /* a copy that fuse_neighbours made */
    fusion->reads_norm = true;
    fusion->read_epsilon = o->epsilon;
    fusion->read_activation = o->fusion.activation;
    memcpy(host->parameters + host->parameter_count, norm->parameters, 4 * sizeof *norm->parameters);
    host->parameter_count += 4;
    alc_take_before(host, norm);
}

/* Takes in the gate before one host, and followers until one does not fit. */
static alc_status fuse_neighbours(alc_plan *plan, int64_t host_index)
{
    alc_plan_node *host = &plan->nodes[host_index];
    alc_fusion *fusion = alc_own_options(plan, host);
    if (!fusion)
        return ALC_OUT_OF_MEMORY;
    take_gate(plan, host_index, fusion);
    for (;;) {
        int64_t consumer = alc_single_consumer(plan, host->outputs[0]);
        if (consumer < 0 || plan->tensors[host->outputs[0]].kept)
            return ALC_OK;
        alc_plan_node *follower = &plan->nodes[consumer];
        if (!take_in(plan, &host_index, follower, fusion))
            return ALC_OK;
        host = &plan->nodes[host_index];
        alc_take_follower(plan, host, follower);
    }
}

static alc_status read_norms(alc_plan *plan)
{
    alc_status status = ALC_OK;
    for (int64_t n = 0; n < plan->node_count && status == ALC_OK; n++) {
        alc_plan_node *host = &plan->nodes[n], *norm = norm_to_read(plan, n);
        if (!norm)
            continue;
        if (norm->differentiated)
            status = take_trained_norm(plan, host, norm);
        else if (!host->differentiated &&
                 alc_batch_norm_behaviour(norm->options, plan->options.mode, norm->frozen) == ALC_NORM_RUNNING)
            take_norm(host, norm);
    }
    return status;
}

/* Later hosts first: a residual must be computed before its host, and of two branches the later one can have that. */
alc_status alc_fuse(alc_plan *plan)
{
    for (int64_t n = plan->node_count - 1; n >= 0; n--) {
        alc_status status = can_host(&plan->nodes[n]) ? fuse_neighbours(plan, n) : ALC_OK;
        if (status != ALC_OK)
            return status;
    }
    return read_norms(plan);
}
