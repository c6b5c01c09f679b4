/* reference_input.c - writes what reference_run reads: a model's weights as the library initialises them, and random
 * images with labels. The files depend on the arguments alone, so that two machines can compare what they compute. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "alcor/checkpoint.h"
#include "alcor/layers.h"
#include "alcor/models.h"
#include "lib/base/base.h"

typedef struct request {
    const alc_backbone *backbone;
    const char *weights, *input;
    int64_t classes, batch, size;
} request;

/* At least 1, and so small that products of three of them fit; 0 otherwise. */
static int64_t extent_of(const char *text)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && value >= 1 && value <= 4096 ? value : 0;
}

static bool parse(int argc, char **argv, request *r)
{
    static const struct option list[] = {
        {"model", required_argument, NULL, 'm'}, {"classes", required_argument, NULL, 'c'},
        {"batch", required_argument, NULL, 'b'}, {"size", required_argument, NULL, 's'},
        {"weights", required_argument, NULL, 'w'}, {"input", required_argument, NULL, 'i'}, {NULL, 0, NULL, 0}};
    int found;
    while ((found = getopt_long(argc, argv, "", list, NULL)) != -1) {
        switch (found) {
        case 'm': r->backbone = alc_backbone_find(optarg); break;
        case 'c': r->classes = extent_of(optarg); break;
        case 'b': r->batch = extent_of(optarg); break;
        case 's': r->size = extent_of(optarg); break;
        case 'w': r->weights = optarg; break;
        case 'i': r->input = optarg; break;
        default: return false;
        }
    }
    return optind == argc && r->backbone && r->weights && r->input && r->classes && r->batch && r->size;
}

static alc_status write_weights(alc_context *context, const request *r)
{
    alc_model *model;
    alc_status status = alc_model_create(context, &model);
    if (status)
        return status;
    alc_tensor *image = alc_input(model, "image", ALC_REAL, ALC_SHAPE(r->size, r->size, 3));
    r->backbone->classify(image, r->classes);
    status = alc_model_status(model);
    if (status == ALC_OK)
        status = alc_model_save(model, r->weights, (alc_model_save_options){0});
    alc_model_destroy(model);
    return status;
}

static alc_status write_input(alc_context *context, const request *r)
{
    const int64_t count = r->batch * 3 * r->size * r->size;
    alc_real *image = malloc((size_t)count * sizeof *image);
    int64_t *label = malloc((size_t)r->batch * sizeof *label);
    alc_status status = ALC_OUT_OF_MEMORY;
    if (image && label) {
        const alc_random_key key = {0, alc_hash_text("reference_input")};
        for (int64_t i = 0; i < count; i++)
            image[i] = (alc_real)(4 * alc_random_uniform(key, (uint64_t)i) - 2);
        for (int64_t i = 0; i < r->batch; i++)
            label[i] = i % r->classes;
        const alc_tensor_source tensors[] = {
            {.name = "image", .shape = ALC_SHAPE(r->batch, 3, r->size, r->size), .values = image},
            {.name = "label", .integers = true, .shape = ALC_SHAPE(r->batch), .values = label}};
        status = alc_safetensors_write(context, r->input, tensors, 2, (alc_metadata){0});
    } else {
        alc_fail(context, status, "memory ran out");
    }
    free(label);
    free(image);
    return status;
}

int main(int argc, char **argv)
{
    request r = {.classes = 3, .batch = 4, .size = 64};
    if (!parse(argc, argv, &r)) {
        fprintf(stderr, "usage: reference_input --model NAME --weights FILE --input FILE [--classes 3] [--batch 4] "
                        "[--size 64]\n");
        return 2;
    }
    char message[512] = "";
    alc_context *context;
    alc_status status =
        alc_context_create((alc_context_options){.message = message, .message_size = sizeof message}, &context);
    if (status == ALC_OK)
        status = write_weights(context, &r);
    if (status == ALC_OK)
        status = write_input(context, &r);
    if (status)
        fprintf(stderr, "reference_input: %s\n", context ? alc_error_message(context) : message);
    alc_context_destroy(context);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
