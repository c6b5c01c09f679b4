/* fusion.c - how a dense, convolution or batch norm node stores its values when neighbours were taken in. */
#include <math.h>

#include "lib/ops/ops.h"

/* The kernels call a span with one argument; an op's span wants its options, so both travel in the fusion. */
static void call_span(const void *argument, alck_real *values, int64_t first, int64_t count)
{
    const alc_fusion *fusion = argument;
    fusion->span->apply_span(fusion->span_options, values, first, count);
}

alck_epilogue alc_fusion_epilogue(const alc_fusion *fusion, const alc_run *run, const alc_real *bias)
{
    alck_epilogue epilogue = {.bias = bias, .activation = fusion->activation, .residual_pairs = fusion->residual_pairs,
                              .stores_pairs = fusion->output_pairs};
    if (fusion->residual) {
        epilogue.residual = run->inputs[run->input_count - 1].data;
        epilogue.residual_stride = run->inputs[run->input_count - 1].stride;
    }
    if (fusion->span) {
        epilogue.span = call_span;
        epilogue.span_argument = fusion;
    }
    return epilogue;
}

void alc_fusion_prepare_backward(const alc_fusion *fusion, alc_prepare *prepare)
{
    if (fusion->activation != ALCK_IDENTITY)
        alc_prepare_keep_output(prepare, 0);
}

void alc_fusion_backward(const alc_fusion *fusion, const alc_run *run)
{
    const alc_view *y = &run->outputs[0], *dy = &run->output_gradients[0].view;
    const alck_parallel parallel = alc_context_parallel(run->context);
    if (fusion->activation != ALCK_IDENTITY)
        alc_context_kernels(run->context)->activation_backward(&parallel, fusion->activation, run->rows * alc_view_pixels(y),
                                                               y->channels, y->data, y->stride, dy->data, dy->stride, dy->data,
                                                               dy->stride, false);
}

void alc_batch_norm_fold(int64_t channels, const alc_real *weight, const alc_real *bias, const alc_real *mean,
                         const alc_real *variance, double epsilon, alc_real *scale, alc_real *shift)
{
    for (int64_t c = 0; c < channels; c++) {
        double factor = (double)weight[c] / sqrt((double)variance[c] + epsilon);
        scale[c] = (alc_real)factor;
        shift[c] = (alc_real)((double)bias[c] - (double)mean[c] * factor);
    }
}
