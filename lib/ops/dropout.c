/* dropout.c - dropout of values and of whole samples (drop-connect). Masks are drawn again in backward, not kept: a draw
 * depends only on seed, epoch, the sample's place in the epoch, the node's name and the value's index. Plans that evaluate
 * leave these nodes out. */
#include "lib/ops/ops.h"

typedef struct dropout_node {
    double rate;
} dropout_node;

static alc_status infer(alc_infer *infer)
{
    const dropout_node *o = infer->options;
    alc_status status = alc_expect_real(infer, 0);
    if (status != ALC_OK)
        return status;
    if (!(o->rate >= 0 && o->rate < 1))
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "rate %g must be at least 0 and below 1", o->rate);
    return alc_infer_output(infer, infer->input_shapes[0], ALC_REAL);
}

static alc_status prepare(alc_prepare *p)
{
    size_t streams = (size_t)p->batch * sizeof(uint64_t);
    alc_prepare_forward_scratch(p, streams);
    if (p->differentiated)
        alc_prepare_backward_scratch(p, streams);
    alc_prepare_describe(p, "dropout", (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static void drop(const alc_run *r, bool per_sample, const alc_real *from, alc_real *to, bool add)
{
    const dropout_node *o = r->options;
    const alc_view *x = &r->inputs[0];
    alck_parallel parallel = alc_context_parallel(r->context);
    uint64_t *streams = r->scratch, epoch = alc_mix(r->node_key, r->draw.epoch);
    for (int64_t i = 0; i < r->rows; i++)
        streams[i] = alc_mix(epoch, r->draw.position + (uint64_t)i);
    alck_dropout s = {.samples = r->rows, .elements = alc_view_pixels(x) * x->channels, .per_sample = per_sample,
                      .rate = r->mode == ALC_EVALUATE || r->frozen ? 0 : o->rate, .seed = r->draw.seed, .streams = streams};
    alc_context_kernels(r->context)->dropout(&parallel, &s, from, to, add);
}

#define DROPOUT(op, per_sample)                                                                    \
    static alc_status op##_forward(const alc_run *r)                                               \
    {                                                                                              \
        drop(r, per_sample, r->inputs[0].data, r->outputs[0].data, false);                         \
        return ALC_OK;                                                                             \
    }                                                                                              \
    static alc_status op##_backward(const alc_run *r)                                              \
    {                                                                                              \
        drop(r, per_sample, r->output_gradients[0].view.data, r->input_gradients[0].view.data,     \
             r->input_gradients[0].add);                                                           \
        return ALC_OK;                                                                             \
    }                                                                                              \
    const alc_op_def alc_op_##op = {                                                               \
        .name = #op, .options_size = sizeof(dropout_node), .infer = infer, .prepare = prepare,     \
        .forward = op##_forward, .backward = op##_backward, .gradient_in_place = true,             \
        .contiguous = true,                                                                        \
    };                                                                                             \
    alc_tensor *alc_##op(alc_tensor *input, double rate)                                           \
    {                                                                                              \
        dropout_node node = {.rate = rate};                                                        \
        return alc_apply(&alc_op_##op, NULL, &node, 1, &input);                                    \
    }

DROPOUT(dropout, false)
DROPOUT(drop_connect, true)
