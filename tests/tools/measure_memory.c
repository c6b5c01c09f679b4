/* measure_memory.c - how much memory a model really takes, by a memory hook that counts, for a comparison with what
 * describe_model says.
 *
 *     measure_memory MODEL SIZE BATCH CLASSES OPTIMIZER [BLOCK [BYTES]]
 *
 * Prints two numbers, the most bytes that were ever held: by a training step (OPTIMIZER is sgd, with momentum, or adamw) with
 * everything before BLOCK ("": nothing) frozen and at most BYTES allowed, and by a run of inference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"

typedef struct request {
    alc_classifier_options network;
    int64_t batch;
    alc_optimizer_options optimizer;
    const char *train_from;
    size_t max_bytes;
} request;

typedef struct counter {
    size_t held, most;
} counter;

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    counter *c = user;
    c->held += bytes;
    c->most = c->held > c->most ? c->held : c->most;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *memory, size_t bytes)
{
    counter *c = user;
    c->held -= bytes;
    free(memory);
}

/* Nothing but zeros: all that counts is what is allocated on the way. */
static alc_status run(const request *r, bool training, alc_model *model)
{
    alc_classifier c;
    alc_plan *plan = NULL;
    alc_optimizer *optimizer = NULL;
    alc_status status = alc_classifier_build(model, &r->network, &c);
    alc_tensor *loss = alc_softmax_cross_entropy(c.logits, c.label, (alc_cross_entropy_options){0});
    if (status == ALC_OK && training && r->train_from)
        status = alc_classifier_train_from(model, &r->network, r->train_from);
    if (status == ALC_OK)
        status = alc_compile(model,
                             (alc_compile_options){.mode = training ? ALC_TRAIN : ALC_EVALUATE, .batch = r->batch,
                                                   .output = training ? loss : c.probabilities,
                                                   .update_in_backward = training,
                                                   .max_bytes = training ? r->max_bytes : 0,
                                                   .other_bytes = alc_optimizer_bytes(model, r->optimizer)},
                             &plan);
    if (status == ALC_OK && training)
        status = alc_optimizer_create(model, r->optimizer, &optimizer);
    if (status == ALC_OK)
        status = training ? alc_train_step(plan, optimizer) : alc_forward(plan);
    alc_optimizer_destroy(optimizer);
    alc_plan_destroy(plan);
    return status;
}

static bool measure(const request *r, bool training)
{
    counter c = {0};
    const alc_allocator hook = {&c, allocate, release};
    alc_context *context;
    alc_model *model = NULL;
    alc_status status = alc_context_create((alc_context_options){.threads = 1, .allocator = &hook}, &context);
    if (status == ALC_OK)
        status = alc_model_create(context, &model);
    if (status == ALC_OK)
        status = run(r, training, model);
    if (status)
        fprintf(stderr, "measure_memory: %s\n", alc_error_message(context));
    alc_model_destroy(model);
    alc_context_destroy(context);
    printf("%zu\n", c.most);
    return status == ALC_OK && c.held == 0;
}

int main(int argc, char **argv)
{
    const alc_backbone *backbone = argc >= 6 && argc <= 8 ? alc_backbone_find(argv[1]) : NULL;
    if (!backbone) {
        fprintf(stderr, "usage: measure_memory MODEL SIZE BATCH CLASSES OPTIMIZER [BLOCK [BYTES]]\n");
        return 2;
    }
    const bool sgd = strcmp(argv[5], "sgd") == 0;
    const request r = {.network = {.backbone = backbone, .image_size = atoll(argv[2]), .classes = atoll(argv[4])},
                       .batch = atoll(argv[3]),
                       .optimizer = {.kind = sgd ? ALC_SGD : ALC_ADAMW, .learning_rate = 1e-3, .momentum = sgd ? 0.9 : 0},
                       .train_from = argc >= 7 && argv[6][0] ? argv[6] : NULL,
                       .max_bytes = argc == 8 ? strtoull(argv[7], NULL, 10) : 0};
    return measure(&r, true) && measure(&r, false) ? EXIT_SUCCESS : EXIT_FAILURE;
}
