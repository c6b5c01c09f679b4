/* softmax_cross_entropy.c - the batch's mean loss from logits and labels, with class weights and label smoothing. */
#include "lib/ops/ops.h"

typedef struct cross_entropy_node {
    const alc_real *class_weights; /* one per class, or NULL */
    double label_smoothing;
} cross_entropy_node;

static alc_status infer(alc_infer *infer)
{
    const cross_entropy_node *o = infer->options;
    char text[128];
    alc_status status = alc_expect_real(infer, 0);
    if (status != ALC_OK)
        return status;
    if (infer->input_shapes[0].rank != 1)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "logits are %s; [classes] is expected",
                              alc_shape_text(infer->input_shapes[0], text, sizeof text));
    if (infer->input_dtypes[1] != ALC_I32 || alc_shape_elements(infer->input_shapes[1]) != 1)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "labels must be an ALC_I32 tensor of shape [1], not %s",
                              alc_shape_text(infer->input_shapes[1], text, sizeof text));
    if (!(o->label_smoothing >= 0 && o->label_smoothing <= 1))
        return alc_infer_fail(infer, ALC_INVALID_ARGUMENT, "label smoothing %g must be between 0 and 1", o->label_smoothing);
    return alc_infer_scalar_output(infer);
}

static alc_status prepare(alc_prepare *p)
{
    alc_prepare_forward_scratch(p, 3 * sizeof(double) * (size_t)p->batch);
    if (p->differentiated) {
        alc_prepare_keep_input(p, 0);
        alc_prepare_keep_input(p, 1);
    }
    alc_prepare_describe(p, "cross entropy", 5 * (double)alc_shape_elements(p->input_shapes[0]));
    return ALC_OK;
}

static alck_cross_entropy arguments(const alc_run *r)
{
    const cross_entropy_node *o = r->options;
    return (alck_cross_entropy){.rows = r->rows, .classes = r->inputs[0].channels, .logits = r->inputs[0].data,
                                .logits_stride = r->inputs[0].stride, .labels = r->inputs[1].data,
                                .class_weights = o->class_weights, .label_smoothing = (alc_real)o->label_smoothing};
}

static alc_status forward(const alc_run *r)
{
    alck_cross_entropy s = arguments(r);
    alck_parallel parallel = alc_context_parallel(r->context);
    double weight = 0;
    for (int64_t i = 0; i < s.rows; i++) {
        if (s.labels[i] < 0 || s.labels[i] >= s.classes)
            return alc_run_fail(r, ALC_INVALID_ARGUMENT, "sample %lld has label %d; labels are 0 to %lld", (long long)i,
                                (int)s.labels[i], (long long)s.classes - 1);
        weight += s.class_weights ? (double)s.class_weights[s.labels[i]] : 1;
    }
    if (!(weight > 0))
        return alc_run_fail(r, ALC_INVALID_ARGUMENT, "the class weights of the batch's %lld labels sum to 0",
                            (long long)s.rows);
    *(alc_real *)r->outputs[0].data =
        alc_context_kernels(r->context)->cross_entropy_forward(&parallel, &s, NULL, r->scratch);
    return ALC_OK;
}

static alc_status backward(const alc_run *r)
{
    alck_cross_entropy s = arguments(r);
    alck_parallel parallel = alc_context_parallel(r->context);
    const alc_gradient_view *dx = &r->input_gradients[0];
    alc_real d_loss = *(const alc_real *)r->output_gradients[0].view.data;
    alc_context_kernels(r->context)->cross_entropy_backward(&parallel, &s, d_loss, dx->view.data, dx->view.stride, dx->add);
    return ALC_OK;
}

const alc_op_def alc_op_softmax_cross_entropy = {
    .name = "softmax_cross_entropy", .options_size = sizeof(cross_entropy_node), .infer = infer, .prepare = prepare,
    .forward = forward, .backward = backward,
};

static alc_status copy_class_weights(const alc_tensor *logits, const double *weights, cross_entropy_node *node)
{
    alc_model *model = logits->model;
    int64_t classes = alc_shape_elements(logits->shape);
    alc_real *copy = alc_arena_allocate(&model->arena, (size_t)classes * sizeof(alc_real), "class weights");
    if (!copy)
        return alc_model_fail(model, ALC_OUT_OF_MEMORY);
    for (int64_t c = 0; c < classes; c++) {
        if (!(weights[c] >= 0 && weights[c] <= 1e30)) {
            alc_poison(model, ALC_INVALID_ARGUMENT, "softmax_cross_entropy: the weight of class %lld is %g; at least 0 is "
                       "expected", (long long)c, weights[c]);
            return ALC_INVALID_ARGUMENT;
        }
        copy[c] = (alc_real)weights[c];
    }
    node->class_weights = copy;
    return ALC_OK;
}

alc_tensor *alc_softmax_cross_entropy(alc_tensor *logits, alc_tensor *labels, alc_cross_entropy_options options)
{
    cross_entropy_node node = {.label_smoothing = options.label_smoothing};
    alc_tensor *inputs[] = {logits, labels};
    const bool counted = logits && !logits->poison && logits->shape.rank == 1; /* else infer says what is wrong */
    if (options.class_weights && counted && copy_class_weights(logits, options.class_weights, &node) != ALC_OK)
        return &logits->model->poison;
    return alc_apply(&alc_op_softmax_cross_entropy, options.name, &node, 2, inputs);
}
