/* custom_layer.c - a layer of one's own in one file, on the public headers: a ReLU whose slope for negative values is
 * learned for each channel (He et al., arXiv 1502.01852). The program checks its gradients and trains a network with it.
 *
 * Compiled against alcor_double (-DALCOR_DOUBLE) the same file checks the gradients to five digits. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/gradcheck.h"
#include "alcor/layers.h"
#include "alcor/op.h"
#include "alcor/optimizer.h"

/* ---- the layer ---- */

/* Parameters start at 0, 1 or at random, so what is learned is each channel's difference from this slope. */
typedef struct prelu_options {
    double initial_slope;
} prelu_options;

/* The output has the input's shape; there is one slope for each channel. */
static alc_status prelu_infer(alc_infer *infer)
{
    const alc_shape shape = infer->input_shapes[0];
    if (infer->input_dtypes[0] != ALC_REAL)
        return alc_infer_fail(infer, ALC_SHAPE_MISMATCH, "the input must hold real numbers");
    alc_status status = alc_infer_output(infer, shape, ALC_REAL);
    if (status == ALC_OK)
        status = alc_infer_parameter(infer, (alc_parameter_spec){.name = "slope",
                                                                 .shape = ALC_SHAPE(shape.extent[shape.rank - 1]),
                                                                 .initializer = ALC_INITIALIZE_ZEROS});
    return status;
}

/* Backward needs the input again: which side of zero each value was on. */
static alc_status prelu_prepare(alc_prepare *prepare)
{
    alc_prepare_keep_input(prepare, 0);
    alc_prepare_describe(prepare, "prelu", 2.0 * (double)alc_shape_elements(prepare->input_shapes[0]));
    return ALC_OK;
}

static const alc_real *pixel(const alc_view *view, int64_t index)
{
    return (const alc_real *)view->data + index * view->stride;
}

static int64_t pixels_of(const alc_run *run)
{
    return run->rows * run->inputs[0].height * run->inputs[0].width;
}

static alc_status prelu_forward(const alc_run *run)
{
    const prelu_options *options = run->options;
    const alc_view *x = &run->inputs[0], *y = &run->outputs[0];
    const alc_real *slope = run->parameters[0].value;
    for (int64_t p = 0; p < pixels_of(run); p++) {
        const alc_real *from = pixel(x, p);
        alc_real *to = (alc_real *)y->data + p * y->stride;
        for (int64_t c = 0; c < x->channels; c++)
            to[c] = from[c] < 0 ? ((alc_real)options->initial_slope + slope[c]) * from[c] : from[c];
    }
    return ALC_OK;
}

/* dx = dy where x >= 0, slope dy elsewhere; d slope = sum of x dy over the negative x. */
static alc_status prelu_backward(const alc_run *run)
{
    const prelu_options *options = run->options;
    const alc_view *x = &run->inputs[0], *dy = &run->output_gradients[0].view, *dx = &run->input_gradients[0].view;
    const alc_parameter_view *slope = &run->parameters[0];
    for (int64_t c = 0; slope->gradient && !slope->add && c < x->channels; c++)
        slope->gradient[c] = 0;
    for (int64_t p = 0; p < pixels_of(run); p++) {
        const alc_real *from = pixel(x, p), *above = pixel(dy, p);
        alc_real *below = dx->data ? (alc_real *)dx->data + p * dx->stride : NULL;
        for (int64_t c = 0; c < x->channels; c++) {
            const alc_real factor = from[c] < 0 ? (alc_real)options->initial_slope + slope->value[c] : 1;
            if (slope->gradient && from[c] < 0)
                slope->gradient[c] += from[c] * above[c];
            if (below)
                below[c] = (run->input_gradients[0].add ? below[c] : 0) + factor * above[c];
        }
    }
    return ALC_OK;
}

static const alc_op_def prelu_op = {.name = "prelu",
                                    .options_size = sizeof(prelu_options),
                                    .infer = prelu_infer,
                                    .prepare = prelu_prepare,
                                    .forward = prelu_forward,
                                    .backward = prelu_backward};

static alc_tensor *prelu(alc_tensor *input, const char *name, double initial_slope)
{
    const prelu_options options = {.initial_slope = initial_slope};
    return alc_apply(&prelu_op, name, &options, 1, &input);
}

/* ---- what is done with it ---- */

enum { ROWS = 256, STEPS = 300 };

/* Points of a square, and whether they lie in the ring between two circles: no straight line tells that. */
static void fill(alc_real *points, int32_t *labels)
{
    uint32_t state = 1;
    for (int i = 0; i < ROWS; i++) {
        double square = 0;
        for (int k = 0; k < 2; k++) {
            state = state * 1664525u + 1013904223u;
            points[2 * i + k] = (alc_real)((state >> 8) / 8388608.0 - 1);
            square += (double)points[2 * i + k] * (double)points[2 * i + k];
        }
        labels[i] = square > 0.15 && square < 0.7;
    }
}

static double accuracy(const alc_plan *plan, const alc_tensor *logits, const int32_t *labels)
{
    const alc_real *values = alc_plan_values(plan, logits);
    int right = 0;
    for (int i = 0; i < ROWS; i++)
        right += (values[2 * i + 1] > values[2 * i]) == labels[i];
    return 100.0 * right / ROWS;
}

static alc_status check(alc_model *model, alc_tensor *loss, bool *passed)
{
    alc_gradcheck_result result;
    const alc_status status =
        alc_gradcheck(model, (alc_gradcheck_options){.output = loss, .batch = 5, .classes = 2}, &result);
    if (status)
        return status;
    *passed = result.failed == 0;
    printf("gradient check: %lld values, %lld off; worst is %s[%lld]: %.9g, by differences %.9g\n",
           (long long)result.checked, (long long)result.failed, result.name, (long long)result.index, result.analytic,
           result.numeric);
    return ALC_OK;
}

static alc_status train(alc_plan *plan, alc_optimizer *optimizer, const alc_tensor *loss, const alc_tensor *logits,
                        const int32_t *labels)
{
    for (int step = 1; step <= STEPS; step++) {
        const alc_status status = alc_train_step(plan, optimizer);
        if (status)
            return status;
        if (step == 1 || step % 100 == 0)
            printf("step %3d  loss %.4f  accuracy %.1f %%\n", step,
                   (double)*(const alc_real *)alc_plan_values(plan, loss), accuracy(plan, logits, labels));
    }
    return ALC_OK;
}

/* The command line into the context's options. Returns -1 if the program is to go on, else its exit status. */
static int parse(int argc, char **argv, alc_context_options *options)
{
    static const struct option list[] = {{"threads", required_argument, NULL, 't'},
                                         {"isa", required_argument, NULL, 'i'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    bool good = true;
    int found, isa = 0;
    opterr = 0;
    while (good && (found = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (found == 'h') {
            printf("Usage: custom_layer [--threads N] [--isa NAME]\n"
                   "Checks the gradients of a layer of its own and trains a network with it.\n");
            return EXIT_SUCCESS;
        } else if (found == 't') {
            options->threads = atoi(optarg);
            good = options->threads > 0;
        } else if (found == 'i') {
            while (isa < ALC_ISA_COUNT && strcmp(optarg, alc_isa_name((alc_isa)isa)) != 0)
                isa++;
            options->isa = (alc_isa)isa;
            good = isa < ALC_ISA_COUNT;
        } else {
            good = false;
        }
    }
    if (good && optind == argc)
        return -1;
    fprintf(stderr, "custom_layer: expected --threads with a number above 0, or --isa with a name; see --help\n");
    return 2;
}

int main(int argc, char **argv)
{
    char message[256] = "";
    alc_context_options options = {.message = message, .message_size = sizeof message};
    const int parsed = parse(argc, argv, &options);
    if (parsed >= 0)
        return parsed;
    alc_context *context;
    alc_model *model = NULL;
    alc_plan *plan = NULL;
    alc_optimizer *optimizer = NULL;
    bool passed = false;
    alc_status status = alc_context_create(options, &context);
    if (status) {
        fprintf(stderr, "custom_layer: %s\n", message);
        return EXIT_FAILURE;
    }
    if ((status = alc_model_create(context, &model)))
        goto end;
    alc_tensor *x = alc_input(model, "point", ALC_REAL, ALC_SHAPE(2));
    alc_tensor *y = alc_input(model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *h = prelu(alc_dense(x, (alc_dense_options){.name = "first", .units = 16}), "first_prelu", 0.25);
    h = prelu(alc_dense(h, (alc_dense_options){.name = "second", .units = 16}), "second_prelu", 0.25);
    alc_tensor *logits = alc_dense(h, (alc_dense_options){.name = "third", .units = 2});
    alc_tensor *loss = alc_softmax_cross_entropy(logits, y, (alc_cross_entropy_options){0});
    if ((status = check(model, loss, &passed)))
        goto end;
    if ((status = alc_compile(model,
                              (alc_compile_options){
                                  .mode = ALC_TRAIN, .batch = ROWS, .output = loss, .kept = {logits}, .kept_count = 1},
                              &plan)))
        goto end;
    if ((status = alc_optimizer_create(model, (alc_optimizer_options){.kind = ALC_ADAM, .learning_rate = 0.02},
                                       &optimizer)))
        goto end;
    fill(alc_plan_input(plan, x), alc_plan_input(plan, y));
    status = train(plan, optimizer, loss, logits, alc_plan_input(plan, y));
end:
    if (status)
        fprintf(stderr, "custom_layer: %s\n", alc_error_message(context));
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(plan);
    alc_model_destroy(model);
    alc_context_destroy(context);
    return status == ALC_OK && passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
