/* stack.c - softmax regression over two networks' log-probabilities: the judge of a stacked fusion (as in arXiv 2211.08388). A
 * dense layer, all samples in one batch, Adam with weight decay; it starts from the networks' average. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alcor/layers.h"
#include "alcor/optimizer.h"
#include "sky_experiment/unit.h"

enum { STEPS = 400 };
#define RATE 0.02
#define DECAY 0.01
#define SMALLEST 1e-6f /* so that log stays finite */

typedef struct stacker {
    study *study;
    alc_context *context;
    alc_model *model;
    alc_tensor *input, *label, *probabilities, *loss;
    alc_plan *train, *evaluate;
    alc_optimizer *optimizer;
} stacker;

/* log(p), centred row by row. The context's numbers must not depend on libm, so the logarithm is that of float by frexp and a
 * series; its error is far below what the regression could tell. */
static float log_of(float p)
{
    int exponent;
    const float m = frexpf(p > SMALLEST ? p : SMALLEST, &exponent) * 1.41421356f, t = (m - 1) / (m + 1), t2 = t * t;
    return 2 * t * (1 + t2 * (1.0f / 3 + t2 * (1.0f / 5 + t2 * (1.0f / 7 + t2 / 9)))) + ((float)exponent - 0.5f) * 0.69314718f;
}

static void fill(alc_real *to, const alc_real *probabilities, int64_t values)
{
    for (int64_t i = 0; i < values; i++)
        to[i] = (alc_real)log_of((float)probabilities[i]);
}

/* Half of each network's vote, which is where the regression starts. */
static alc_status start_from_average(stacker *k, int64_t width, int64_t classes)
{
    alc_parameter *weight = alc_model_find_parameter(k->model, "fc.weight");
    alc_real *values = calloc((size_t)(width * classes), sizeof *values);
    if (!values)
        return study_fail(k->study, ALC_OUT_OF_MEMORY, "memory ran out");
    for (int64_t c = 0; c < classes; c++)
        for (int64_t part = 0; part < width / classes; part++)
            values[c * width + part * classes + c] = (alc_real)classes / (alc_real)width;
    alc_parameter_write(weight, values);
    free(values);
    return ALC_OK;
}

static alc_status build(stacker *k, int64_t width, int64_t count, int64_t other_count)
{
    const int64_t classes = k->study->class_count;
    alc_status status = alc_model_create(k->context, &k->model);
    if (status)
        return status;
    k->input = alc_input(k->model, "log_probabilities", ALC_REAL, ALC_SHAPE(width));
    k->label = alc_input(k->model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *logits = alc_dense(k->input, (alc_dense_options){.name = "fc", .units = classes});
    k->probabilities = alc_softmax(logits);
    k->loss = alc_softmax_cross_entropy(logits, k->label, (alc_cross_entropy_options){0});
    status = alc_model_status(k->model);
    if (status == ALC_OK)
        status = start_from_average(k, width, classes);
    if (status == ALC_OK)
        status = alc_compile(k->model, (alc_compile_options){.mode = ALC_TRAIN, .batch = count, .output = k->loss}, &k->train);
    if (status == ALC_OK)
        status =
            alc_compile(k->model, (alc_compile_options){.mode = ALC_EVALUATE, .batch = other_count, .output = k->probabilities},
                        &k->evaluate);
    if (status == ALC_OK)
        status = alc_optimizer_create(
            k->model, (alc_optimizer_options){.kind = ALC_ADAMW, .learning_rate = RATE, .weight_decay = DECAY}, &k->optimizer);
    return status;
}

alc_status stack(study *s, uint64_t seed, int64_t width, const alc_real *inputs, const int32_t *labels, int64_t count,
                 const alc_real *others, int64_t other_count, alc_real *out)
{
    stacker k = {.study = s};
    alc_context_options options = machine_context_options(&s->options->machine, s->message, sizeof s->message);
    options.threads = 1;
    options.seed = seed;
    alc_status status = alc_context_create(options, &k.context);
    if (status == ALC_OK)
        status = build(&k, width, count, other_count);
    if (status == ALC_OK) {
        int32_t *label = alc_plan_input(k.train, k.label);
        fill(alc_plan_input(k.train, k.input), inputs, count * width);
        for (int64_t i = 0; i < count; i++)
            label[i] = labels[i];
        fill(alc_plan_input(k.evaluate, k.input), others, other_count * width);
    }
    for (int step = 0; step < STEPS && status == ALC_OK; step++)
        status = alc_train_step(k.train, k.optimizer);
    if (status == ALC_OK)
        status = alc_forward(k.evaluate);
    if (status == ALC_OK) {
        const alc_real *values = alc_plan_values(k.evaluate, k.probabilities);
        for (int64_t i = 0; i < other_count * s->class_count; i++)
            out[i] = values[i];
    } else if (!s->message[0]) {
        snprintf(s->message, sizeof s->message, "stacked fusion: %s", alc_error_message(k.context));
    }
    alc_optimizer_destroy(k.optimizer);
    alc_plan_destroy(k.evaluate);
    alc_plan_destroy(k.train);
    alc_model_destroy(k.model);
    alc_context_destroy(k.context);
    return status;
}
