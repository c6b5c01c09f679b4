/* describe_model.c - what an image network is made of, and what training it and using it will cost. Nothing is run: all of it
 * is known once the network is compiled. */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "common/machine_options.h"
#include "common/option_table.h"
#include "common/parse_number.h"
#include "common/trainer_options.h"

typedef struct description {
    int64_t size, batch, classes;
    const char *train_from;
    uint64_t max_memory;               /* bytes; 0: no limit */
    int optimizer;
    machine_options machine;
    alc_classifier_options network;
    alc_context *context;
    alc_model *model;
    alc_classifier classifier;
    alc_tensor *loss;
} description;

static bool set_max_memory(void *target, const char *text)
{
    return parse_bytes(text, &((description *)target)->max_memory);
}

#define AT(member) .offset = offsetof(description, member)

static const option_line lines[] = {
    {"size", "PIXELS", "side of the images [what the network is usually fed]", 0, OPTION_INTEGER, AT(size), 1, 4096},
    {"batch", "N", "images at a time", 0, OPTION_INTEGER, AT(batch), 1, 65536, .show_default = true},
    {"classes", "N", "what the last layer tells apart", 0, OPTION_INTEGER, AT(classes), 1, 1e6, .show_default = true},
    {"train-from", "BLOCK", "freeze what comes before it, a block that list_models lists", 0, OPTION_TEXT, AT(train_from)},
    {"optimizer", "KIND", "sgd (with momentum), adam or adamw [adamw]", 0, OPTION_CHOICE, AT(optimizer),
     .names = optimizer_names},
    {"max-memory", "BYTES", HELP_MAX_MEMORY, 0, OPTION_OTHER, .set = set_max_memory, .expected = EXPECTED_MAX_MEMORY},
    MACHINE_OPTION_LINES(description, 0, 0),
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, description *d)
{
    static const option_table table = {
        .program = "describe_model",
        .usage = "Usage: describe_model NAME [OPTION]...\n"
                 "Prints the layers of an image network, their shapes, parameters and floating-point operations, which\n"
                 "part is trained, and how much memory training and inference take. Nothing is run.\n\n",
        .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line.\n",
        .lines = lines,
        .count = sizeof lines / sizeof lines[0],
        .takes_files = true};
    *d = (description){.batch = 8, .classes = 1000, .optimizer = ALC_ADAMW};
    const int parsed = option_table_parse(&table, argc, argv, d);
    if (parsed >= 0)
        return parsed;
    if (argc - optind != 1)
        return option_table_refuse(&table, "expected the name of one network");
    const alc_backbone *backbone = alc_backbone_find(argv[optind]);
    if (!backbone)
        return option_table_refuse(&table, "no network is called '%s', list_models lists them", argv[optind]);
    d->network = (alc_classifier_options){.backbone = backbone,
                                          .image_size = d->size ? d->size : backbone->default_size,
                                          .classes = d->classes};
    return -1;
}

static alc_status build(description *d)
{
    alc_status status = alc_model_create(d->context, &d->model);
    if (status == ALC_OK)
        status = alc_classifier_build(d->model, &d->network, &d->classifier);
    if (status)
        return status;
    d->loss = alc_softmax_cross_entropy(d->classifier.logits, d->classifier.label, (alc_cross_entropy_options){0});
    status = alc_model_status(d->model);
    if (status == ALC_OK && d->train_from)
        status = alc_classifier_train_from(d->model, &d->network, d->train_from);
    if (status)
        return status;
    printf("%s, images of %lldx%lld pixels, %lld classes: %lld values, %lld of them trained\n\n",
           d->network.backbone->name, (long long)d->network.image_size, (long long)d->network.image_size,
           (long long)d->classes, (long long)alc_model_total_values(d->model),
           (long long)alc_model_trainable_values(d->model));
    return ALC_OK;
}

/* Compiles for one purpose beside `other` bytes and shows the layers. */
static alc_status show_plan(const description *d, alc_plan_mode mode, size_t other, alc_plan_cost *cost)
{
    alc_plan *plan;
    char *report;
    const bool training = mode == ALC_TRAIN;
    alc_status status = alc_compile(
        d->model,
        (alc_compile_options){.mode = mode,
                              .batch = d->batch,
                              .output = training ? d->loss : d->classifier.probabilities,
                              .update_in_backward = training,
                              .max_bytes = d->max_memory,
                              .other_bytes = other},
        &plan);
    if (status == ALC_OK)
        status = alc_plan_report(plan, &report);
    if (status == ALC_OK) {
        *cost = alc_plan_costs(plan);
        printf("%s\n", report);
        alc_release_text(d->context, report);
    }
    alc_plan_destroy(plan);
    return status;
}

static alc_status show(const description *d)
{
    alc_plan_cost training, inference;
    const alc_optimizer_options options = {.kind = (alc_optimizer_kind)d->optimizer, .momentum = 0.9};
    const size_t optimizer = alc_optimizer_bytes(d->model, options);
    alc_status status = show_plan(d, ALC_TRAIN, optimizer, &training);
    if (status == ALC_OK)
        status = show_plan(d, ALC_EVALUATE, 0, &inference);
    if (status)
        return status;
    printf("peak memory for training: %zu bytes, %s included; for inference: %zu bytes, of which packed weights replace %zu\n",
           training.total_bytes + training.parameter_bytes + optimizer, optimizer_names[d->optimizer],
           inference.total_bytes + inference.parameter_bytes, inference.replaced_bytes);
    return ALC_OK;
}

int main(int argc, char **argv)
{
    char message[1024] = "";
    description d;
    const int parsed = parse(argc, argv, &d);
    if (parsed >= 0)
        return parsed;
    alc_status status = alc_context_create(machine_context_options(&d.machine, message, sizeof message), &d.context);
    if (status == ALC_OK)
        status = build(&d);
    if (status == ALC_OK)
        status = show(&d);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "describe_model: %s\n", message[0] ? message : alc_error_message(d.context));
    }
    alc_model_destroy(d.model);
    alc_context_destroy(d.context);
    return exit_status("describe_model", status);
}
