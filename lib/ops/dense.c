/* dense.c - y = W u + b over all values of a sample.
 *
 * In memory the weight is [in][units] with `in` in the order of memory (height, width, channel), so an image needs no
 * flattening; PyTorch's order (channel outermost) is the parameter's layout. */
#include <math.h>

#include "lib/ops/ops.h"

static alc_status infer(alc_infer *infer)
{
    const alc_dense_node *o = infer->options;
    alc_shape in = infer->input_shapes[0];
    int64_t inputs = alc_shape_elements(in);
    double bound = 1 / sqrt((double)inputs);
    alc_status status = alc_expect_real(infer, 0);
    if (status != ALC_OK)
        return status;
    if (o->units < 1)
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "units is %lld; at least 1 is expected", (long long)o->units);
    alc_parameter_spec weight = {.name = "weight", .shape = ALC_SHAPE(o->units, inputs),
                                 .layout = {ALC_SHAPE(o->units, inputs), {1, 0}},
                                 .initializer = ALC_INITIALIZE_UNIFORM, .bound = bound};
    if (in.rank == 3)
        weight.layout = (alc_parameter_layout){ALC_SHAPE(o->units, in.extent[2], in.extent[0], in.extent[1]),
                                               {2, 3, 1, 0}};
    alc_parameter_spec bias = {.name = "bias", .shape = ALC_SHAPE(o->units), .initializer = ALC_INITIALIZE_UNIFORM,
                               .bound = bound};
    status = alc_infer_parameter(infer, weight);
    if (status == ALC_OK && o->bias)
        status = alc_infer_parameter(infer, bias);
    return status == ALC_OK ? alc_infer_output(infer, ALC_SHAPE(o->units), ALC_REAL) : status;
}

static alck_gemm forward_product(const alc_dense_node *o, int64_t rows, int64_t inputs)
{
    return (alck_gemm){.m = rows, .n = o->units, .k = inputs, .a_stride = inputs, .b_stride = o->units,
                       .c_stride = o->units};
}

/* dX [rows][in] = dY [rows][units] W^T. */
static alck_gemm data_product(const alc_dense_node *o, int64_t rows, int64_t inputs)
{
    return (alck_gemm){.m = rows, .n = inputs, .k = o->units, .a_stride = o->units, .b_stride = o->units,
                       .b_transposed = true, .c_stride = inputs};
}

/* dW [in][units] = X^T [in][rows] dY [rows][units]. */
static alck_gemm weight_product(const alc_dense_node *o, int64_t rows, int64_t inputs)
{
    return (alck_gemm){.m = inputs, .n = o->units, .k = rows, .a_stride = inputs, .a_transposed = true,
                       .b_stride = o->units, .c_stride = o->units};
}

/* In evaluation the weight is packed once; in training it changes with every step and is read as it is. */
static bool packs(const alc_context *context, alc_plan_mode mode)
{
    return mode == ALC_EVALUATE && alc_context_gemm(context) == ALC_GEMM_ALCOR;
}

/* Of all rows, which is enough for fewer. */
static size_t forward_scratch(const alc_prepare *p, int64_t inputs)
{
    static const alck_real present;
    alck_gemm forward = forward_product(p->options, p->batch, inputs);
    if (packs(p->context, p->mode))
        forward.packed_b = &present;
    return alc_matrix_scratch_bytes(p->context, &forward);
}

static size_t backward_scratch(const alc_prepare *p, int64_t inputs)
{
    const alc_dense_node *o = p->options;
    const alck_gemm data = data_product(o, p->batch, inputs), weight = weight_product(o, p->batch, inputs);
    const size_t sums = alc_context_kernels(p->context)->norm_scratch_bytes(p->batch, 1, o->units, p->threads);
    const size_t products = alc_larger_size(alc_matrix_scratch_bytes(p->context, &data), alc_matrix_scratch_bytes(p->context, &weight));
    return alc_larger_size(sums, products);
}

/* Scale and bias of a folded norm. */
static size_t norm_bytes(const alc_dense_node *o)
{
    return o->fusion.norm ? alc_align_up((size_t)(2 * o->units) * sizeof(alc_real)) : 0;
}

static alc_status prepare(alc_prepare *p)
{
    const alc_dense_node *o = p->options;
    int64_t inputs = alc_shape_elements(p->input_shapes[0]);
    const alck_table *kernels = alc_context_kernels(p->context);
    size_t scratch = forward_scratch(p, inputs), derived = 0;
    const size_t folded = o->fusion.norm ? (size_t)(inputs * o->units) * sizeof(alc_real) : 0;
    if (packs(p->context, p->mode)) {
        derived = norm_bytes(o) + kernels->gemm_packed_bytes(alc_context_operands(p->context), inputs, o->units);
        scratch = alc_larger_size(scratch, folded);
    } else {
        derived = norm_bytes(o) + folded;
    }
    alc_prepare_derived(p, derived);
    if (!p->differentiated && derived > 0)
        alc_prepare_replaced(p, 0);
    alc_prepare_forward_scratch(p, scratch);
    if (p->differentiated) {
        if (p->parameter_gradient_wanted[0])
            alc_prepare_keep_input(p, 0);
        alc_fusion_prepare_backward(&o->fusion, p);
        alc_prepare_backward_scratch(p, backward_scratch(p, inputs));
    }
    alc_prepare_describe(p, packs(p->context, p->mode) ? "gemm, packed" : "gemm", 2.0 * (double)inputs * (double)o->units);
    return ALC_OK;
}

/* Where derive puts what: scale and bias of a folded norm, then the packed or folded weight. */
typedef struct dense_derived {
    alc_real *scale, *bias, *folded;
    void *packed;
} dense_derived;

static dense_derived derived_parts(const alc_run *r)
{
    const alc_dense_node *o = r->options;
    dense_derived parts = {0};
    char *at = r->derived;
    if (o->fusion.norm) {
        parts.scale = (alc_real *)(void *)at;
        parts.bias = parts.scale + o->units;
        at += norm_bytes(o);
    }
    if (packs(r->context, r->mode)) {
        parts.packed = at;
        parts.folded = r->scratch;
    } else if (o->fusion.norm) {
        parts.folded = (alc_real *)(void *)at;
    }
    return parts;
}

static void fold(const alc_run *r, const dense_derived *parts)
{
    const alc_dense_node *o = r->options;
    const alc_parameter_view *norm = r->parameters + r->parameter_count - 4;
    int64_t inputs = r->parameters[0].count / o->units;
    alc_batch_norm_fold(o->units, norm[0].value, norm[1].value, norm[2].value, norm[3].value, o->fusion.norm_epsilon,
                        parts->scale, parts->bias);
    for (int64_t u = 0; u < o->units && o->bias; u++)
        parts->bias[u] = (alc_real)((double)parts->scale[u] * (double)r->parameters[1].value[u] + (double)parts->bias[u]);
    for (int64_t i = 0; i < inputs; i++) {
        for (int64_t u = 0; u < o->units; u++)
            parts->folded[i * o->units + u] = r->parameters[0].value[i * o->units + u] * parts->scale[u];
    }
}

/* Bytes of a weight that are packed before their memory is given back. */
#define PACKED_TOGETHER ((int64_t)32 << 20)

static void pack(const alc_run *r, const alc_real *weight, void *packed)
{
    const alc_dense_node *o = r->options;
    const alck_parallel parallel = alc_context_parallel(r->context);
    const alck_operands operands = alc_context_operands(r->context);
    const int64_t inputs = r->parameters[0].count / o->units;
    const int64_t together = (PACKED_TOGETHER / (int64_t)sizeof(alc_real) / o->units + 2) / 2 * 2;
    for (int64_t first = 0; first < inputs; first += together) {
        const int64_t count = inputs - first < together ? inputs - first : together;
        alc_context_kernels(r->context)->gemm_pack_b(&parallel, operands, inputs, o->units, first, count, weight, o->units, false,
                                                     packed);
        alc_run_give_back(r, 0, (first + count) * o->units);
    }
}

static alc_status derive(const alc_run *r)
{
    const alc_dense_node *o = r->options;
    dense_derived parts = derived_parts(r);
    if (o->fusion.norm)
        fold(r, &parts);
    if (parts.packed)
        pack(r, o->fusion.norm ? parts.folded : r->parameters[0].value, parts.packed);
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    const alc_dense_node *o = r->options;
    dense_derived parts = derived_parts(r);
    alck_gemm g = forward_product(o, r->rows, r->parameters[0].count / o->units);
    const alc_real *bias = o->fusion.norm ? parts.bias : o->bias ? r->parameters[1].value : NULL;
    g.a = r->inputs[0].data;
    g.c = r->outputs[0].data;
    if (parts.packed)
        g.packed_b = parts.packed;
    else
        g.b = o->fusion.norm ? parts.folded : r->parameters[0].value;
    g.epilogue = alc_fusion_epilogue(&o->fusion, r, bias);
    alc_matrix_multiply(r->context, &g, r->scratch);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    const alc_dense_node *o = r->options;
    int64_t inputs = r->parameters[0].count / o->units;
    const alc_real *dy = r->output_gradients[0].view.data;
    alc_fusion_backward(&o->fusion, r);
    if (r->input_gradients[0].view.data) {
        alck_gemm g = data_product(o, r->rows, inputs);
        g.a = dy;
        g.b = r->parameters[0].value;
        g.c = r->input_gradients[0].view.data;
        g.epilogue.add = r->input_gradients[0].add;
        alc_matrix_multiply(r->context, &g, r->scratch);
    }
    if (r->parameters[0].gradient) {
        alck_gemm g = weight_product(o, r->rows, inputs);
        g.a = r->inputs[0].data;
        g.b = dy;
        g.c = r->parameters[0].gradient;
        g.epilogue.add = r->parameters[0].add;
        alc_matrix_multiply(r->context, &g, r->scratch);
    }
    if (o->bias && r->parameters[1].gradient) {
        alck_parallel parallel = alc_context_parallel(r->context);
        alc_context_kernels(r->context)->channel_sums(&parallel, r->rows, 1, o->units, dy, o->units,
                                                      r->parameters[1].gradient, r->parameters[1].add, r->scratch);
    }
    return ALC_OK;
}

const alc_op_def alc_op_dense = {
    .name = "dense", .options_size = sizeof(alc_dense_node), .infer = infer, .prepare = prepare, .derive = derive,
    .forward = forward, .backward = backward, .contiguous = true,
};

alc_tensor *alc_dense(alc_tensor *input, alc_dense_options options)
{
    alc_dense_node node = {.units = options.units, .bias = !options.no_bias};
    return alc_apply(&alc_op_dense, options.name, &node, 1, &input);
}
