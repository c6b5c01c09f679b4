/* batch_norm.c - normalisation per channel (Ioffe and Szegedy 2015), with a residual and an activation taken in.
 *
 * z = x scale + shift with scale = weight / sqrt(variance + epsilon), shift = bias - mean scale; y = activation(z + residual).
 * Only x is kept for backward: z is formed again where the activation's derivative needs it (from y where there is a
 * residual), and y can be recomputed as a whole, which costs one pass over x. */
#include <math.h>
#include <string.h>

#include "lib/ops/ops.h"

alc_norm_behaviour alc_batch_norm_behaviour(const alc_batch_norm_node *o, alc_plan_mode mode, bool frozen)
{
    if (mode == ALC_EVALUATE || o->mode == ALC_BATCH_NORM_FROZEN_STATISTICS || o->mode == ALC_BATCH_NORM_FROZEN)
        return ALC_NORM_RUNNING;
    return o->mode == ALC_BATCH_NORM_AUTO && frozen ? ALC_NORM_RUNNING : ALC_NORM_BATCH;
}

static alc_status infer(alc_infer *infer)
{
    const alc_batch_norm_node *o = infer->options;
    int64_t channels = alc_shape_channels(infer->input_shapes[0]);
    bool fixed = o->mode == ALC_BATCH_NORM_FROZEN;
    alc_status status = alc_expect_real(infer, 0);
    if (status != ALC_OK)
        return status;
    if (!(o->epsilon > 0) || !(o->momentum >= 0 && o->momentum <= 1))
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "epsilon %g must be above 0 and momentum %g between 0 and 1",
                              o->epsilon, o->momentum);
    const alc_parameter_spec specs[] = {
        {.name = "weight", .initializer = ALC_INITIALIZE_ONES, .fixed = fixed},
        {.name = "bias", .initializer = ALC_INITIALIZE_ZEROS, .fixed = fixed},
        {.name = "running_mean", .initializer = ALC_INITIALIZE_ZEROS, .state = true},
        {.name = "running_var", .initializer = ALC_INITIALIZE_ONES, .state = true},
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs && status == ALC_OK; i++) {
        alc_parameter_spec spec = specs[i];
        spec.shape = ALC_SHAPE(channels);
        status = alc_infer_parameter(infer, spec);
    }
    return status == ALC_OK ? alc_infer_output(infer, infer->input_shapes[0], ALC_REAL) : status;
}

/* Of saved or, without backward, scratch memory. */
#define NORM_MEMORY_ROWS 5

static size_t norm_memory_bytes(int64_t channels)
{
    return alc_align_up((size_t)(NORM_MEMORY_ROWS * channels) * sizeof(alc_real));
}

alc_norm_memory alc_batch_norm_memory(void *memory, int64_t channels)
{
    alc_real *at = memory;
    return (alc_norm_memory){at, at + channels, at + 2 * channels, at + 3 * channels, at + 4 * channels};
}

/* Whether backward takes the activation's derivative from y: with a residual z cannot be formed from x alone. */
static bool derivative_from_output(const alc_batch_norm_node *o)
{
    return o->fusion.residual && o->fusion.activation != ALCK_IDENTITY && o->fusion.activation != ALCK_SILU;
}

static alc_status prepare(alc_prepare *p)
{
    const alc_batch_norm_node *o = p->options;
    const alck_table *kernels = alc_context_kernels(p->context);
    int64_t channels = alc_shape_channels(p->input_shapes[0]), pixels = alc_shape_pixels(p->input_shapes[0]);
    size_t sums = kernels->norm_scratch_bytes(p->batch, pixels, channels, p->threads);
    alc_prepare_describe(p, "normalize", 2.0 * (double)(pixels * channels));
    if (!p->differentiated) {
        alc_prepare_forward_scratch(p, norm_memory_bytes(channels) + sums);
        return ALC_OK;
    }
    alc_prepare_saved(p, norm_memory_bytes(channels));
    alc_prepare_forward_scratch(p, sums);
    alc_prepare_backward_scratch(p, norm_memory_bytes(channels) + sums);
    alc_prepare_keep_input(p, 0);
    if (derivative_from_output(o))
        alc_prepare_keep_output(p, 0);
    else if (o->fusion.residual && o->fusion.activation == ALCK_SILU)
        alc_prepare_keep_input(p, 1);
    return ALC_OK;
}

static alck_norm norm_of(const alc_run *r, const alc_norm_memory *m)
{
    const alc_batch_norm_node *o = r->options;
    const alc_view *x = &r->inputs[0];
    alck_norm norm = {.rows = r->rows, .pixels_per_row = alc_view_pixels(x), .channels = x->channels, .x = x->data,
                      .x_stride = x->stride, .scale = m->scale, .shift = m->shift,
                      .activation = o->fusion.activation, .x_pairs = o->fusion.values_pairs,
                      .residual_pairs = o->fusion.residual_pairs, .y_pairs = o->fusion.output_pairs};
    if (o->fusion.rounds_values)
        norm.x_rounding = alc_context_operands(r->context);
    if (o->fusion.rounds)
        norm.rounding = alc_context_operands(r->context);
    if (o->fusion.residual) {
        norm.residual = r->inputs[1].data;
        norm.residual_stride = r->inputs[1].stride;
    }
    return norm;
}

/* Of the channels of which nobody else knows them. */
static void batch_statistics(const alc_run *r, const alc_norm_memory *m, void *scratch)
{
    const alc_batch_norm_node *o = r->options;
    const size_t known_bytes = (size_t)o->known_channels * sizeof(alc_real);
    const alck_parallel parallel = alc_context_parallel(r->context);
    alck_norm norm = norm_of(r, m);
    norm.x += o->known_channels;
    norm.channels -= o->known_channels;
    if (o->known_channels > 0) {
        memcpy(m->mean, o->known_mean, known_bytes);
        memcpy(m->variance, o->known_variance, known_bytes);
    }
    if (norm.channels > 0)
        alc_context_kernels(r->context)->norm_statistics(&parallel, &norm, m->mean + o->known_channels,
                                                         m->variance + o->known_channels, scratch);
}

/* Mean, variance and what follows from them, for this batch or from the running statistics. */
static alc_status compute_statistics(const alc_run *r, const alc_norm_memory *m, void *scratch)
{
    const alc_batch_norm_node *o = r->options;
    const alc_view *x = &r->inputs[0];
    int64_t channels = x->channels;
    const alc_real *mean = r->parameters[2].value, *variance = r->parameters[3].value;
    if (alc_batch_norm_behaviour(o, r->mode, r->frozen) == ALC_NORM_BATCH) {
        if (r->rows * alc_view_pixels(x) < 2)
            return alc_run_fail(r, ALC_INVALID_ARGUMENT, "batch statistics need more than one value per channel, and this "
                                "batch has one");
        batch_statistics(r, m, scratch);
        mean = m->mean;
        variance = m->variance;
    } else {
        for (int64_t c = 0; c < channels; c++) {
            m->mean[c] = mean[c];
            m->variance[c] = variance[c];
        }
    }
    for (int64_t c = 0; c < channels; c++)
        m->inverse_std[c] = (alc_real)(1 / sqrt((double)variance[c] + o->epsilon));
    alc_batch_norm_fold(channels, r->parameters[0].value, r->parameters[1].value, mean, variance, o->epsilon, m->scale,
                        m->shift);
    return ALC_OK;
}

static alc_status forward(const alc_run *r)
{
    int64_t channels = r->inputs[0].channels;
    alc_norm_memory m = alc_batch_norm_memory(r->saved ? r->saved : r->scratch, channels);
    void *scratch = r->saved ? r->scratch : (char *)r->scratch + norm_memory_bytes(channels);
    if (!r->recompute) {
        alc_status status = compute_statistics(r, &m, scratch);
        if (status != ALC_OK)
            return status;
    }
    if (!r->outputs[0].data) /* whoever reads it applies scale and shift */
        return ALC_OK;
    alck_parallel parallel = alc_context_parallel(r->context);
    alck_norm norm = norm_of(r, &m);
    alc_context_kernels(r->context)->norm_forward(&parallel, &norm, r->outputs[0].data, r->outputs[0].stride);
    return ALC_OK;
}

static alc_status update_state(const alc_run *r)
{
    const alc_batch_norm_node *o = r->options;
    int64_t channels = r->inputs[0].channels;
    if (alc_batch_norm_behaviour(o, r->mode, r->frozen) == ALC_NORM_RUNNING)
        return ALC_OK;
    double n = (double)(r->rows * alc_view_pixels(&r->inputs[0]));
    alc_norm_memory m = alc_batch_norm_memory(r->saved ? r->saved : r->scratch, channels);
    for (int64_t c = 0; c < channels; c++) {
        alc_real *mean = &r->parameters[2].value[c], *variance = &r->parameters[3].value[c];
        *mean = (alc_real)((1 - o->momentum) * (double)*mean + o->momentum * (double)m.mean[c]);
        *variance = (alc_real)((1 - o->momentum) * (double)*variance + o->momentum * (double)m.variance[c] * (n / (n - 1)));
    }
    return ALC_OK;
}

static void add_parameter_gradient(const alc_parameter_view *parameter, const alc_real *sums)
{
    for (int64_t c = 0; c < parameter->count && parameter->gradient; c++)
        parameter->gradient[c] = parameter->add ? parameter->gradient[c] + sums[c] : sums[c];
}

/* dx = scale (dz - mean(dz) - xhat mean(dz xhat)) as a dz + b (x - mean) + c. */
static void input_coefficients(const alc_run *r, const alc_norm_memory *m, const alc_real *sum_dz, const alc_real *sum_dz_xhat,
                               alc_real *b, alc_real *c)
{
    double n = (double)(r->rows * alc_view_pixels(&r->inputs[0]));
    for (int64_t i = 0; i < r->inputs[0].channels; i++) {
        b[i] = (alc_real)(-(double)m->scale[i] * (double)m->inverse_std[i] * (double)sum_dz_xhat[i] / n);
        c[i] = (alc_real)(-(double)m->scale[i] * (double)sum_dz[i] / n);
    }
}

static alc_status backward(const alc_run *r)
{
    const alc_batch_norm_node *o = r->options;
    const alck_table *kernels = alc_context_kernels(r->context);
    alck_parallel parallel = alc_context_parallel(r->context);
    int64_t channels = r->inputs[0].channels;
    alc_norm_memory m = alc_batch_norm_memory(r->saved, channels);
    alc_real *sum_dz = r->scratch, *sum_dz_xhat = sum_dz + channels, *b = sum_dz + 2 * channels, *c = sum_dz + 3 * channels;
    bool batch = alc_batch_norm_behaviour(o, r->mode, r->frozen) == ALC_NORM_BATCH;
    const alc_gradient_view *dy = &r->output_gradients[0], *dx = &r->input_gradients[0];
    alck_norm_backward s = {.forward = norm_of(r, &m), .dy = dy->view.data, .dy_stride = dy->view.stride, .mean = m.mean,
                            .gate = o->gate.data, .gate_stride = o->gate.stride,
                            .dy_of_rows = o->average_gradient.data, .dy_of_rows_stride = o->average_gradient.stride,
                            .inverse_std = m.inverse_std, .sum_dz = sum_dz, .sum_dz_xhat = sum_dz_xhat, .a = m.scale};
    if (derivative_from_output(o)) {
        s.y = r->outputs[0].data;
        s.y_stride = r->outputs[0].stride;
    }
    if (r->parameters[0].gradient || r->parameters[1].gradient || (batch && dx->view.data)) {
        if (o->fusion.activation == ALCK_SILU && dx->view.data && !dx->add) { /* not to evaluate its polynomial twice */
            s.dz = dx->view.data;
            s.dz_stride = dx->view.stride;
        }
        kernels->norm_backward_sums(&parallel, &s, (char *)r->scratch + norm_memory_bytes(channels));
        add_parameter_gradient(&r->parameters[0], sum_dz_xhat);
        add_parameter_gradient(&r->parameters[1], sum_dz);
    }
    if (batch) {
        input_coefficients(r, &m, sum_dz, sum_dz_xhat, b, c);
        s.b = b;
        s.c = c;
    }
    if (s.dz) {
        s.dy = s.dz;
        s.dy_stride = s.dz_stride;
        s.gate = s.dy_of_rows = NULL;
        s.forward.activation = ALCK_IDENTITY;
    }
    s.dx = dx->view.data;
    s.dx_stride = dx->view.stride;
    s.dx_add = dx->add;
    if (o->fusion.residual && r->input_gradients[1].view.data) {
        s.d_residual = r->input_gradients[1].view.data;
        s.d_residual_stride = r->input_gradients[1].view.stride;
        s.d_residual_add = r->input_gradients[1].add;
    }
    if (s.dx || s.d_residual)
        kernels->norm_backward_apply(&parallel, &s);
    return ALC_OK;
}

const alc_op_def alc_op_batch_norm = {
    .name = "batch_norm", .options_size = sizeof(alc_batch_norm_node), .infer = infer, .prepare = prepare,
    .forward = forward, .backward = backward, .update_state = update_state, .cheap = true,
    .gradient_in_place = true,
};

alc_status alc_model_set_batch_norms(alc_model *model, alc_batch_norm_mode mode)
{
    if ((int)mode < ALC_BATCH_NORM_AUTO || mode > ALC_BATCH_NORM_FROZEN)
        return alc_fail(model->context, ALC_INVALID_ARGUMENT, "%d is no mode of batch norms", (int)mode);
    for (int64_t n = 0; n < model->node_count; n++) {
        alc_node *node = model->nodes[n];
        if (node->op != &alc_op_batch_norm)
            continue;
        ((alc_batch_norm_node *)node->options)->mode = mode;
        for (int i = 0; i < node->parameter_count; i++) {
            alc_parameter *parameter = node->parameters[i];
            parameter->spec.fixed = mode == ALC_BATCH_NORM_FROZEN && !parameter->spec.state;
            alc_parameter_set_trainable(parameter, true);
        }
    }
    return ALC_OK;
}

alc_tensor *alc_batch_norm(alc_tensor *input, alc_batch_norm_options options)
{
    alc_batch_norm_node node = {.epsilon = options.epsilon != 0 ? options.epsilon : 1e-5,
                                .momentum = options.momentum != 0 ? options.momentum : 0.1, .mode = options.mode};
    return alc_apply(&alc_op_batch_norm, options.name, &node, 1, &input);
}
