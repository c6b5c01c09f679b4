/* bench_model.c - one model that runs whole steps for as many seconds as it is told, to be timed beside other programs.
 *
 * Protocol, a line each: prints `ready FIRST_STEP_SECONDS`; for every line `SECONDS` on stdin it runs whole steps for at
 * least that long and prints `IMAGES SECONDS PEAK_RSS_BYTES`; ends at the end of input. A training step is forward,
 * backward and SGD with momentum on 1000 classes; the images are random. With --profile SECONDS it runs for that long and
 * prints for every step of the plan what it cost, as a share of the machine's peak measured before. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alcor/layers.h"
#include "alcor/models.h"
#include "alcor/optimizer.h"
#include "lib/base/base.h"
#include "tests/bench/read_clock.h"
#include "tests/bench/step_profile.h"

#define CLASSES 1000

typedef struct bench {
    const alc_backbone *backbone;
    bool train;
    double profile_seconds; /* 0: the protocol */
    int64_t batch, size;
    alc_context_options context_options;
    alc_context *context;
    alc_model *model;
    alc_plan *plan;
    alc_optimizer *optimizer;
} bench;

/* Peak resident memory of this process, 0 if the system does not tell. */
static long long peak_bytes(void)
{
    long long kilobytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %lld", &kilobytes) == 1)
            break;
    if (status)
        fclose(status);
    return kilobytes * 1024;
}

static int refuse(const char *what)
{
    fprintf(stderr, "bench_model: %s\n", what);
    return 2;
}

static alc_isa isa_of(const char *name)
{
    for (int isa = ALC_ISA_AUTO; isa < ALC_ISA_COUNT; isa++)
        if (strcmp(alc_isa_name((alc_isa)isa), name) == 0)
            return (alc_isa)isa;
    return ALC_ISA_COUNT;
}

static int parse(int argc, char **argv, bench *b)
{
    static const struct option list[] = {
        {"model", required_argument, NULL, 'm'}, {"mode", required_argument, NULL, 'o'},
        {"dtype", required_argument, NULL, 'd'}, {"batch", required_argument, NULL, 'b'},
        {"size", required_argument, NULL, 's'},  {"threads", required_argument, NULL, 't'},
        {"isa", required_argument, NULL, 'i'},   {"convolution", required_argument, NULL, 'c'},
        {"profile", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
    int found;
    while ((found = getopt_long(argc, argv, "", list, NULL)) != -1) {
        switch (found) {
        case 'm':
            b->backbone = alc_backbone_find(optarg);
            break;
        case 'o':
            b->train = strcmp(optarg, "train") == 0;
            if (!b->train && strcmp(optarg, "infer") != 0)
                return refuse("--mode is train or infer");
            break;
        case 'd':
            if (strcmp(optarg, "bf16") == 0)
                b->context_options.precision = ALC_PRECISION_BF16;
            else if (strcmp(optarg, "f32") != 0)
                return refuse("--dtype is f32 or bf16");
            break;
        case 'b':
            b->batch = atoll(optarg);
            break;
        case 's':
            b->size = atoll(optarg);
            break;
        case 't':
            b->context_options.threads = atoi(optarg);
            break;
        case 'i':
            b->context_options.isa = isa_of(optarg);
            break;
        case 'c':
            if (strcmp(optarg, "direct") == 0)
                b->context_options.convolution = ALC_CONVOLUTION_DIRECT;
            else if (strcmp(optarg, "default") != 0)
                return refuse("--convolution is direct or default");
            break;
        case 'p':
            b->profile_seconds = atof(optarg);
            if (!(b->profile_seconds > 0))
                return refuse("--profile is a number of seconds");
            break;
        default:
            return refuse("usage: bench_model --model NAME --mode train|infer --dtype f32|bf16 --batch N --size N "
                          "--threads N [--convolution direct|default] [--isa NAME] [--profile SECONDS]");
        }
    }
    if (!b->backbone || b->batch < 1 || b->size < 1)
        return refuse("--model, --batch and --size must name a known model and numbers above 0");
    return 0;
}

static void fill(const bench *b, const alc_tensor *image, const alc_tensor *label)
{
    uint32_t state = 1;
    alc_real *pixels = alc_plan_input(b->plan, image);
    int32_t *labels = alc_plan_input(b->plan, label);
    for (int64_t i = 0; i < b->batch * b->size * b->size * 3; i++) {
        state = state * 1664525u + 1013904223u;
        pixels[i] = (alc_real)(state >> 8) / (alc_real)(1 << 23) - 1;
    }
    for (int64_t i = 0; labels && i < b->batch; i++) {
        state = state * 1664525u + 1013904223u;
        labels[i] = (int32_t)(state >> 8) % CLASSES;
    }
}

static alc_status prepare(bench *b)
{
    alc_status status = alc_model_create(b->context, &b->model);
    if (status)
        return status;
    alc_tensor *image = alc_input(b->model, "image", ALC_REAL, ALC_SHAPE(b->size, b->size, 3));
    alc_tensor *label = alc_input(b->model, "label", ALC_I32, ALC_SHAPE(1));
    alc_tensor *logits = b->backbone->classify(image, CLASSES);
    alc_tensor *loss = alc_softmax_cross_entropy(logits, label, (alc_cross_entropy_options){0});
    status = alc_compile(b->model,
                         (alc_compile_options){.mode = b->train ? ALC_TRAIN : ALC_EVALUATE,
                                               .batch = b->batch,
                                               .output = b->train ? loss : logits,
                                               .update_in_backward = b->train},
                         &b->plan);
    if (status == ALC_OK && b->train)
        status = alc_optimizer_create(
            b->model, (alc_optimizer_options){.kind = ALC_SGD, .learning_rate = 1e-3, .momentum = 0.9}, &b->optimizer);
    if (status == ALC_OK)
        fill(b, image, label);
    return status;
}

static alc_status step(const bench *b)
{
    return b->train ? alc_train_step(b->plan, b->optimizer) : alc_forward(b->plan);
}

/* Inference packs the weights first, and then holds no other copy of them. */
static alc_status first_step(const bench *b)
{
    const alc_status status = b->train ? ALC_OK : alc_plan_release_weights(b->plan);
    return status == ALC_OK ? step(b) : status;
}

static alc_status run(const bench *b)
{
    const double start = seconds_now();
    alc_status status = first_step(b);
    const double first = seconds_now() - start;
    if (status == ALC_OK)
        status = step(b);
    if (status)
        return status;
    printf("ready %.3f\n", first);
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        const double wanted = strtod(line, NULL), begin = seconds_now();
        int64_t steps = 0;
        for (; steps < 1 || seconds_now() - begin < wanted; steps++)
            if ((status = step(b)))
                return status;
        printf("%lld %.6f %lld\n", (long long)(steps * b->batch), seconds_now() - begin, peak_bytes());
        fflush(stdout);
    }
    return ALC_OK;
}

static alc_status run_profiled(const bench *b, step_profile *p)
{
    alc_status status = first_step(b);
    alc_plan_observe(b->plan, profile_step, p);
    while (status == ALC_OK && p->whole < b->profile_seconds) {
        const double began = profile_run_begins(p);
        status = step(b);
        profile_run_ended(p, began);
    }
    if (status == ALC_OK)
        profile_print(p);
    return status;
}

static alc_status profile(const bench *b)
{
    step_profile p = {.count = alc_plan_step_count(b->plan)};
    const alck_parallel par = alc_context_parallel(b->context);
    p.clock = par.workers == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    p.line = calloc((size_t)p.count + 1, sizeof *p.line);
    const bool ready = p.line != NULL && profile_ceilings(&p, &par, alc_context_kernels(b->context)->isa);
    const alc_status status = ready ? run_profiled(b, &p) : ALC_OUT_OF_MEMORY;
    free(p.line);
    return status;
}

int main(int argc, char **argv)
{
    char message[512] = "";
    bench b = {0};
    const int wrong = parse(argc, argv, &b);
    if (wrong)
        return wrong;
    b.context_options.message = message;
    b.context_options.message_size = sizeof message;
    alc_status status = alc_context_create(b.context_options, &b.context);
    if (status == ALC_OK)
        status = prepare(&b);
    if (status == ALC_OK)
        status = b.profile_seconds > 0 ? profile(&b) : run(&b);
    if (status)
        fprintf(stderr, "bench_model: %s\n", b.context ? alc_error_message(b.context) : message);
    alc_optimizer_destroy(b.optimizer);
    alc_plan_destroy(b.plan);
    alc_model_destroy(b.model);
    alc_context_destroy(b.context);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
