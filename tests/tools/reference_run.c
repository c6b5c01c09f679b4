/* reference_run.c - computes with a model what another program can be compared on, and writes it as safetensors in PyTorch's
 * names and layouts: logits and named layers in evaluation, logits, loss, gradients and running statistics of one training
 * pass, losses and weights after some steps of SGD (momentum 0.9, weight decay 1e-4).
 *
 * It judges nothing. The same source is linked with the double build as reference_run_double. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/checkpoint.h"
#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "lib/graph/graph.h"

typedef struct reference {
    const alc_backbone *backbone;
    const char *weights, *input, *output, *train_from;
    int64_t classes, steps;
    double learning_rate;
    alc_context_options context_options;
    alc_context *context;
    alc_model *model;
    alc_tensor *image, *label, *logits, *loss;
    int64_t batch, height, width;
    alc_real *pixels;                /* batch x height x width x 3 */
    int32_t *labels;
    alc_tensor_source *results;      /* names and values are owned */
    int64_t result_count, result_capacity;
} reference;

static alc_status out_of_memory(reference *r)
{
    return alc_fail(r->context, ALC_OUT_OF_MEMORY, "memory ran out");
}

static alc_isa isa_of(const char *name)
{
    for (int isa = ALC_ISA_AUTO; isa < ALC_ISA_COUNT; isa++)
        if (strcmp(alc_isa_name((alc_isa)isa), name) == 0)
            return (alc_isa)isa;
    return ALC_ISA_COUNT;
}

static bool parse(int argc, char **argv, reference *r)
{
    static const struct option list[] = {
        {"model", required_argument, NULL, 'm'},      {"classes", required_argument, NULL, 'c'},
        {"weights", required_argument, NULL, 'w'},    {"input", required_argument, NULL, 'i'},
        {"steps", required_argument, NULL, 's'},      {"lr", required_argument, NULL, 'l'},
        {"train-from", required_argument, NULL, 'f'}, {"threads", required_argument, NULL, 't'},
        {"convolution", required_argument, NULL, 'v'}, {"isa", required_argument, NULL, 'a'},
        {"output", required_argument, NULL, 'o'},     {NULL, 0, NULL, 0}};
    int found;
    while ((found = getopt_long(argc, argv, "", list, NULL)) != -1) {
        switch (found) {
        case 'm': r->backbone = alc_backbone_find(optarg); break;
        case 'c': r->classes = atoll(optarg); break;
        case 'w': r->weights = optarg; break;
        case 'i': r->input = optarg; break;
        case 's': r->steps = atoll(optarg); break;
        case 'l': r->learning_rate = strtod(optarg, NULL); break;
        case 'f': r->train_from = optarg; break;
        case 't': r->context_options.threads = atoi(optarg); break;
        case 'a': r->context_options.isa = isa_of(optarg); break;
        case 'o': r->output = optarg; break;
        case 'v':
            if (strcmp(optarg, "direct") == 0)
                r->context_options.convolution = ALC_CONVOLUTION_DIRECT;
            else if (strcmp(optarg, "default") != 0)
                return false;
            break;
        default: return false;
        }
    }
    return r->backbone && r->weights && r->input && r->output && r->classes > 0 && r->steps >= 0 &&
           r->learning_rate > 0;
}

/* ---- input ---- */

static alc_status read_input(reference *r)
{
    alc_safetensors *file;
    alc_status status = alc_safetensors_open(r->context, r->input, &file);
    if (status)
        return status;
    const int64_t image_at = alc_safetensors_find(file, "image"), label_at = alc_safetensors_find(file, "label");
    const alc_stored_tensor image = alc_safetensors_tensor(file, image_at);
    const alc_stored_tensor label = alc_safetensors_tensor(file, label_at);
    if (image_at < 0 || image.rank != 4 || image.extent[1] != 3 || label_at < 0 || label.elements != image.extent[0]) {
        alc_safetensors_close(file);
        return alc_fail(r->context, ALC_BAD_FILE, "%s: expected image [N,3,H,W] and label [N]", r->input);
    }
    r->batch = image.extent[0];
    r->height = image.extent[2];
    r->width = image.extent[3];
    alc_real *planes = calloc((size_t)image.elements, sizeof *planes);
    int64_t *numbers = calloc((size_t)r->batch, sizeof *numbers);
    r->pixels = calloc((size_t)image.elements, sizeof *r->pixels);
    r->labels = calloc((size_t)r->batch, sizeof *r->labels);
    status = planes && numbers && r->pixels && r->labels ? ALC_OK : out_of_memory(r);
    if (status == ALC_OK)
        status = alc_safetensors_read_reals(file, image_at, planes);
    if (status == ALC_OK)
        status = alc_safetensors_read_integers(file, label_at, numbers);
    const int64_t area = r->height * r->width;
    for (int64_t n = 0; n < r->batch && status == ALC_OK; n++) {
        r->labels[n] = (int32_t)numbers[n];
        for (int64_t p = 0; p < area; p++)
            for (int64_t c = 0; c < 3; c++)
                r->pixels[(n * area + p) * 3 + c] = planes[(n * 3 + c) * area + p];
    }
    free(numbers);
    free(planes);
    alc_safetensors_close(file);
    return status;
}

static alc_status build(reference *r)
{
    alc_status status = alc_model_create(r->context, &r->model);
    if (status)
        return status;
    r->image = alc_input(r->model, "image", ALC_REAL, ALC_SHAPE(r->height, r->width, 3));
    r->label = alc_input(r->model, "label", ALC_I32, ALC_SHAPE(1));
    r->logits = r->backbone->classify(r->image, r->classes);
    r->loss = alc_softmax_cross_entropy(r->logits, r->label, (alc_cross_entropy_options){.name = "loss"});
    return alc_model_status(r->model);
}

static alc_status load_weights(reference *r)
{
    return alc_model_load(r->model, r->weights, (alc_model_load_options){0}, NULL);
}

static alc_status compile(reference *r, alc_compile_options options, alc_plan **plan)
{
    options.batch = r->batch;
    const alc_status status = alc_compile(r->model, options, plan);
    if (status)
        return status;
    const size_t pixels = (size_t)(r->batch * r->height * r->width * 3);
    memcpy(alc_plan_input(*plan, r->image), r->pixels, pixels * sizeof *r->pixels);
    int32_t *labels = alc_plan_input(*plan, r->label);
    if (labels)
        memcpy(labels, r->labels, (size_t)r->batch * sizeof *labels);
    return ALC_OK;
}

/* ---- results ---- */

/* Room for a result called GROUP.NAME (NAME alone where group is ""); NULL if memory ran out. */
static alc_real *add_result(reference *r, const char *group, const char *name, alc_shape shape)
{
    if (r->result_count == r->result_capacity) {
        const int64_t capacity = r->result_capacity ? 2 * r->result_capacity : 64;
        alc_tensor_source *grown = realloc(r->results, (size_t)capacity * sizeof *grown);
        if (!grown)
            return NULL;
        r->results = grown;
        r->result_capacity = capacity;
    }
    const size_t length = strlen(group) + strlen(name) + 2;
    char *full = malloc(length);
    alc_real *values = malloc((size_t)alc_shape_elements(shape) * sizeof *values);
    if (!full || !values) {
        free(full);
        free(values);
        return NULL;
    }
    snprintf(full, length, "%s%s%s", group, *group ? "." : "", name);
    r->results[r->result_count++] = (alc_tensor_source){.name = full, .shape = shape, .values = values};
    return values;
}

/* Values of a tensor for the whole batch, images as N,C,H,W. */
static alc_status add_tensor(reference *r, const alc_plan *plan, const alc_tensor *tensor, const char *group,
                             const char *name)
{
    const alc_shape own = alc_tensor_shape(tensor);
    const bool image = own.rank == 3;
    const int64_t channels = own.extent[own.rank - 1], area = image ? own.extent[0] * own.extent[1] : 1;
    const alc_shape shape = image ? ALC_SHAPE(r->batch, channels, own.extent[0], own.extent[1])
                                  : ALC_SHAPE(r->batch, channels);
    const alc_real *from = alc_plan_values(plan, tensor);
    alc_real *to = add_result(r, group, name, shape);
    if (!to)
        return out_of_memory(r);
    for (int64_t n = 0; n < r->batch; n++)
        for (int64_t p = 0; p < area; p++)
            for (int64_t c = 0; c < channels; c++)
                to[(n * channels + c) * area + p] = from[(n * area + p) * channels + c];
    return ALC_OK;
}

/* Every parameter of the model (only its state: running statistics) as it is now. */
static alc_status add_parameters(reference *r, const char *group, bool state_only)
{
    for (int64_t i = 0; i < alc_model_parameter_count(r->model); i++) {
        const alc_parameter *parameter = alc_model_parameter(r->model, i);
        if (state_only && !alc_parameter_is_state(parameter))
            continue;
        alc_real *values = add_result(r, group, alc_parameter_name(parameter), alc_parameter_shape(parameter));
        if (!values)
            return out_of_memory(r);
        alc_parameter_read(parameter, values);
    }
    return ALC_OK;
}

static alc_status add_gradients(reference *r, const alc_plan *plan)
{
    for (int64_t i = 0; i < alc_model_parameter_count(r->model); i++) {
        const alc_parameter *parameter = alc_model_parameter(r->model, i);
        if (!alc_parameter_trainable(parameter))
            continue;
        alc_real *values = add_result(r, "grad", alc_parameter_name(parameter), alc_parameter_shape(parameter));
        const alc_status status = values ? alc_plan_read_gradient(plan, parameter, values) : out_of_memory(r);
        if (status)
            return status;
    }
    return ALC_OK;
}

/* ---- what is computed ---- */

static alc_status evaluate(reference *r)
{
    alc_plan *plan;
    alc_status status = compile(r, (alc_compile_options){.mode = ALC_EVALUATE, .output = r->logits}, &plan);
    if (status == ALC_OK)
        status = alc_forward(plan);
    if (status == ALC_OK)
        status = add_tensor(r, plan, r->logits, "eval", "logits");
    alc_plan_destroy(plan);
    return status;
}

/* A layer that the builder named, at the top level: torchvision's children have such names. Batch norms are left out, since
 * timm's hold the activation behind them and torchvision's do not. */
static bool is_named_stage(const alc_tensor *tensor)
{
    if (!tensor->node || tensor->index > 0 || tensor->scalar || strchr(tensor->name, '.') ||
        strcmp(tensor->node->op->name, "batch_norm") == 0)
        return false;
    const size_t length = strlen(tensor->node->op->name);
    const bool automatic = strncmp(tensor->name, tensor->node->op->name, length) == 0 && tensor->name[length] == '_' &&
                           strspn(tensor->name + length + 1, "0123456789") == strlen(tensor->name + length + 1);
    return !automatic;
}

/* The named stages, as many at a time as a plan can keep. */
static alc_status evaluate_stages(reference *r)
{
    int64_t next = 0;
    const int64_t count = r->model->tensor_count;
    while (next < count) {
        alc_compile_options options = {.mode = ALC_EVALUATE, .output = r->logits};
        for (; next < count && options.kept_count < ALC_MAX_KEPT; next++)
            if (is_named_stage(r->model->tensors[next]))
                options.kept[options.kept_count++] = r->model->tensors[next];
        alc_plan *plan;
        alc_status status = compile(r, options, &plan);
        if (status == ALC_OK)
            status = alc_forward(plan);
        for (int i = 0; i < options.kept_count && status == ALC_OK; i++)
            status = add_tensor(r, plan, options.kept[i], "eval.tap", alc_tensor_name(options.kept[i]));
        alc_plan_destroy(plan);
        if (status)
            return status;
    }
    return ALC_OK;
}

static alc_status one_training_pass(reference *r, alc_plan *plan)
{
    alc_status status = alc_forward(plan);
    if (status == ALC_OK)
        status = add_tensor(r, plan, r->logits, "train", "logits");
    if (status)
        return status;
    alc_real *loss = add_result(r, "train", "loss", ALC_SHAPE(1));
    if (!loss)
        return out_of_memory(r);
    *loss = *(const alc_real *)alc_plan_values(plan, r->loss);
    status = alc_backward(plan);
    if (status == ALC_OK)
        status = add_gradients(r, plan);
    return status ? status : add_parameters(r, "stats", true);
}

static alc_status several_steps(reference *r, alc_plan *plan)
{
    if (r->steps == 0)
        return ALC_OK;
    alc_optimizer *optimizer;
    alc_status status = load_weights(r);
    if (status)
        return status;
    status = alc_optimizer_create(r->model,
                                  (alc_optimizer_options){.kind = ALC_SGD,
                                                          .learning_rate = r->learning_rate,
                                                          .momentum = 0.9,
                                                          .weight_decay = 1e-4},
                                  &optimizer);
    alc_real *losses = status ? NULL : add_result(r, "steps", "loss", ALC_SHAPE(r->steps));
    for (int64_t step = 0; losses && step < r->steps && status == ALC_OK; step++) {
        status = alc_train_step(plan, optimizer);
        losses[step] = *(const alc_real *)alc_plan_values(plan, r->loss);
    }
    alc_optimizer_destroy(optimizer);
    if (status == ALC_OK && !losses)
        status = out_of_memory(r);
    return status ? status : add_parameters(r, "after", false);
}

static alc_status train(reference *r)
{
    alc_plan *plan = NULL;
    alc_status status = r->train_from ? alc_model_train_from(r->model, r->train_from) : ALC_OK;
    if (status == ALC_OK)
        status = compile(
            r,
            (alc_compile_options){.mode = ALC_TRAIN, .no_dropout = true, .output = r->loss, .kept = {r->logits}, .kept_count = 1}, &plan);
    if (status == ALC_OK)
        status = one_training_pass(r, plan);
    if (status == ALC_OK)
        status = several_steps(r, plan);
    alc_plan_destroy(plan);
    return status;
}

static alc_status write_results(reference *r)
{
    return alc_safetensors_write(r->context, r->output, r->results, r->result_count, (alc_metadata){0});
}

static void release(reference *r)
{
    for (int64_t i = 0; i < r->result_count; i++) {
        free((char *)(uintptr_t)r->results[i].name);
        free((void *)(uintptr_t)r->results[i].values);
    }
    free(r->results);
    free(r->labels);
    free(r->pixels);
    alc_model_destroy(r->model);
    alc_context_destroy(r->context);
}

int main(int argc, char **argv)
{
    char message[512] = "";
    reference r = {.steps = 5, .learning_rate = 0.001,
                   .context_options = {.message = message, .message_size = sizeof message}};
    if (!parse(argc, argv, &r)) {
        fprintf(stderr, "usage: reference_run --model NAME --classes N --weights FILE --input FILE --output FILE "
                        "[--steps 5] [--lr 0.001] [--train-from PREFIX] [--threads N] [--convolution direct|default] "
                        "[--isa NAME]\n");
        return 2;
    }
    alc_status status = alc_context_create(r.context_options, &r.context);
    alc_status (*const steps[])(reference *) = {read_input, build,           load_weights, evaluate,
                                                evaluate_stages, train, write_results};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == ALC_OK; i++)
        status = steps[i](&r);
    if (status)
        fprintf(stderr, "reference_run: %s\n", r.context ? alc_error_message(r.context) : message);
    release(&r);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
