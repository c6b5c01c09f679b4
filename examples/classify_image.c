/* classify_image.c - the likeliest classes of each image, by a backbone with the weights that others trained on ImageNet: a
 * safetensors or .pth file under torchvision's or timm's names. Images are prepared as those weights want it. */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/alcor.h"
#include "common/exit_status.h"
#include "common/input_file.h"
#include "common/machine_options.h"
#include "common/option_table.h"

#define SHOWN 5
#define MOST_CLASSES 100000

typedef struct classifier {
    const alc_backbone *backbone;
    const char *weights, *classes_path;
    machine_options machine;
    char message[1024];
    alc_context *context;
    char *text;          /* the file of classes, taken apart */
    char **classes;
    int64_t class_count;
    alc_model *model;
    alc_tensor *image, *probabilities;
    alc_plan *plan;
} classifier;

static bool set_backbone(void *target, const char *name)
{
    classifier *c = target;
    c->backbone = alc_backbone_find(name);
    return c->backbone != NULL;
}

static const char *backbone_name(int index)
{
    const alc_backbone *backbone = alc_backbone_at(index);
    return backbone ? backbone->name : NULL;
}

#define AT(member) .offset = offsetof(classifier, member)

static const option_line lines[] = {
    {"model", "NAME", "the backbone (needed)", 0, OPTION_OTHER, .set = set_backbone, .name_at = backbone_name},
    {"weights", "FILE", "its weights: a safetensors file, or one of torch.save (needed)", 0, OPTION_TEXT, AT(weights)},
    {"classes", "FILE", "a class's name on each line, in the order of the weights [ImageNet's]", 0, OPTION_TEXT,
     AT(classes_path)},
    MACHINE_OPTION_LINES(classifier, 0, 0),
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, classifier *c)
{
    static const option_table table = {
        .program = "classify_image",
        .usage = "Usage: classify_image --model NAME --weights FILE [OPTION]... IMAGE...\n"
                 "Prints the five likeliest classes of each image and their probabilities.\n\n",
        .closing = "Exit status: 0 done, 1 bad input, 2 wrong command line.\n",
        .lines = lines,
        .count = sizeof lines / sizeof lines[0],
        .takes_files = true};
    *c = (classifier){.classes_path = EXAMPLES_DATA "/imagenet/classes.txt"};
    const int parsed = option_table_parse(&table, argc, argv, c);
    if (parsed >= 0)
        return parsed;
    if (!c->backbone || !c->weights)
        return option_table_refuse(&table, "--%s is missing", c->backbone ? "weights FILE" : "model NAME");
    if (c->backbone->preprocessing.resize == 0)
        return option_table_refuse(&table, "%s has no weights that others trained", c->backbone->name);
    return optind < argc ? -1 : option_table_refuse(&table, "no image was named");
}

static alc_status fail(classifier *c, alc_status status, const char *path, const char *sentence)
{
    snprintf(c->message, sizeof c->message, "%s: %s", path, sentence);
    return status;
}

/* ---- the names of the classes ---- */

static alc_status read_text(classifier *c)
{
    enum { MOST_BYTES = 1 << 24 };
    size_t bytes;
    c->text = input_file_read(c->classes_path, MOST_BYTES, &bytes);
    if (!c->text)
        return fail(c, ALC_IO_ERROR, c->classes_path, file_why());
    return strlen(c->text) == bytes ? ALC_OK : fail(c, ALC_BAD_FILE, c->classes_path, "holds a zero byte");
}

static alc_status read_classes(classifier *c)
{
    const alc_status status = read_text(c);
    if (status)
        return status;
    c->classes = calloc(MOST_CLASSES, sizeof *c->classes);
    if (!c->classes)
        return fail(c, ALC_OUT_OF_MEMORY, c->classes_path, "memory ran out");
    for (char *at = c->text; *at && c->class_count < MOST_CLASSES; c->class_count++) {
        char *end = at + strcspn(at, "\r\n");
        c->classes[c->class_count] = at;
        at = end + strspn(end, "\r\n");
        *end = '\0';
    }
    return c->class_count > 0 ? ALC_OK : fail(c, ALC_BAD_FILE, c->classes_path, "names no class");
}

/* ---- the model ---- */

static alc_status make_model(classifier *c)
{
    const int64_t size = c->backbone->default_size;
    alc_status status = alc_model_create(c->context, &c->model);
    if (status)
        return status;
    c->image = alc_input(c->model, "image", ALC_REAL, ALC_SHAPE(size, size, 3));
    c->probabilities = alc_softmax(c->backbone->classify(c->image, c->class_count));
    status = alc_model_status(c->model);
    if (status == ALC_OK)
        status = alc_model_load(c->model, c->weights, (alc_model_load_options){0}, NULL);
    if (status)
        return status;
    status = alc_compile(c->model, (alc_compile_options){.mode = ALC_EVALUATE, .batch = 1, .output = c->probabilities},
                         &c->plan);
    return status == ALC_OK ? alc_plan_release_weights(c->plan) : status;
}

/* ---- an image ---- */

/* The shorter side becomes `resize`; the middle square is what the network gets. */
static alc_status prepare(const classifier *c, const alc_image *source, alc_image *square)
{
    const alc_preprocessing *how = &c->backbone->preprocessing;
    const int64_t height = source->height, width = source->width, shorter = height < width ? height : width;
    alc_image resized = {0};
    alc_status status = alc_image_resize(source, how->resize * height / shorter, how->resize * width / shorter,
                                         how->filter, &resized);
    if (status == ALC_OK)
        status = alc_image_crop_centre(&resized, c->backbone->default_size, c->backbone->default_size, square);
    alc_image_free(&resized);
    return status;
}

static void show(const classifier *c, const char *path, const alc_real *probabilities)
{
    int64_t shown[SHOWN];
    printf("%s\n", path);
    for (int rank = 0; rank < SHOWN && rank < c->class_count; rank++) {
        int64_t best = -1;
        for (int64_t i = 0; i < c->class_count; i++) {
            bool before = false;
            for (int r = 0; r < rank; r++)
                before = before || shown[r] == i;
            if (!before && (best < 0 || probabilities[i] > probabilities[best]))
                best = i;
        }
        shown[rank] = best;
        printf("  %.4f  %s\n", (double)probabilities[best], c->classes[best]);
    }
}

static alc_status classify(classifier *c, const char *path)
{
    alc_image source = {0}, square = {0};
    alc_status status = alc_image_read(c->context, path, (alc_image_limits){0}, &source);
    if (status == ALC_OK && (status = prepare(c, &source, &square)) != ALC_OK)
        fail(c, status, path, alc_error_message(c->context)); /* which does not know of files */
    if (status == ALC_OK)
        status = alc_image_normalise(&square, c->backbone->preprocessing.normalisation, alc_plan_input(c->plan, c->image));
    if (status == ALC_OK)
        status = alc_forward(c->plan);
    if (status == ALC_OK)
        show(c, path, alc_plan_values(c->plan, c->probabilities));
    alc_image_free(&square);
    alc_image_free(&source);
    return status;
}

int main(int argc, char **argv)
{
    classifier c;
    const int parsed = parse(argc, argv, &c);
    if (parsed >= 0)
        return parsed;
    alc_status status = alc_context_create(machine_context_options(&c.machine, c.message, sizeof c.message), &c.context);
    if (status == ALC_OK)
        status = read_classes(&c);
    if (status == ALC_OK)
        status = make_model(&c);
    for (int i = optind; i < argc && status == ALC_OK; i++)
        status = classify(&c, argv[i]);
    if (status) {
        fflush(stdout);
        fprintf(stderr, "classify_image: %s\n", c.message[0] ? c.message : alc_error_message(c.context));
    }
    alc_plan_destroy(c.plan);
    alc_model_destroy(c.model);
    alc_context_destroy(c.context);
    free(c.classes);
    free(c.text);
    return exit_status("classify_image", status);
}
