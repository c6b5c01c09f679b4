/* bench_kernels.c - every kernel at the five networks' shapes, as a share of what the machine can do in the same run.
 * Here are the options and the choice of groups; how a group is measured and what its lines say is in
 * tests/bench/bench_kernels. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench_kernels/buffers.h"
#include "tests/bench/bench_kernels/groups.h"

static const struct {
    const char *name;
    void (*run)(bench *b);
} groups[] = {
#define GROUP_ROW(name) {#name, bench_##name},
    BENCH_GROUPS(GROUP_ROW)
#undef GROUP_ROW
};
#define GROUPS (sizeof groups / sizeof *groups)

static int refuse(void)
{
    fprintf(stderr, "usage: bench_kernels [--threads N] [--isa NAME] [--only GROUP] [--match TEXT] [--seconds PER_LINE] "
                    "[--passes N] [--batch N] [--size PIXELS]\ngroups:");
    for (size_t i = 0; i < GROUPS; i++)
        fprintf(stderr, " %s", groups[i].name);
    fprintf(stderr, "\n");
    return 2;
}

static bool known_group(const char *name)
{
    for (size_t i = 0; i < GROUPS; i++)
        if (strcmp(groups[i].name, name) == 0)
            return true;
    return false;
}

static int parse(int argc, char **argv, bench *b)
{
    static const struct option list[] = {
        {"threads", required_argument, NULL, 't'}, {"isa", required_argument, NULL, 'i'},
        {"only", required_argument, NULL, 'o'},    {"match", required_argument, NULL, 'm'},
        {"seconds", required_argument, NULL, 's'}, {"passes", required_argument, NULL, 'a'},
        {"batch", required_argument, NULL, 'b'},   {"size", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0}};
    int found;
    while ((found = getopt_long(argc, argv, "", list, NULL)) != -1) {
        switch (found) {
        case 't':
            b->options.threads = atoi(optarg);
            break;
        case 'i':
            for (b->options.isa = ALC_ISA_AUTO; b->options.isa < ALC_ISA_COUNT; b->options.isa++)
                if (strcmp(alc_isa_name(b->options.isa), optarg) == 0)
                    break;
            break;
        case 'o':
            b->only = optarg;
            break;
        case 'm':
            b->match = optarg;
            break;
        case 's':
            b->seconds = strtod(optarg, NULL);
            break;
        case 'a':
            b->passes = atoi(optarg);
            break;
        case 'b':
            b->batch = atoll(optarg);
            break;
        case 'p':
            b->size = atoll(optarg);
            break;
        default:
            return refuse();
        }
    }
    const bool fits = b->options.isa < ALC_ISA_COUNT && b->options.threads > 0 && b->batch > 0 && b->size >= 71
                      && b->passes > 0;
    return optind == argc && fits && (b->only == NULL || known_group(b->only)) ? 0 : refuse();
}

int main(int argc, char **argv)
{
    char message[512] = "";
    bench b = {.seconds = 0.3, .passes = 1, .batch = 8, .size = 224};
    b.options.threads = 1;
    const int wrong = parse(argc, argv, &b);
    if (wrong)
        return wrong;
    b.options.message = message;
    b.options.message_size = sizeof message;
    if (alc_context_create(b.options, &b.context)) {
        fprintf(stderr, "bench_kernels: %s\n", message);
        return EXIT_FAILURE;
    }
    b.par = alc_context_parallel(b.context);
    b.table = alc_context_kernels(b.context);
    b.peak = find_peak(b.table->isa);
    printf("%s, %d threads, batch %lld, %lld pixels\n", b.table->isa, b.par.workers, (long long)b.batch,
           (long long)b.size);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < GROUPS; i++)
        if (b.only == NULL || strcmp(b.only, groups[i].name) == 0)
            groups[i].run(&b);
    if (b.best_peak > 0)
        printf("best peak of the run: %.1f GFLOP/s\n", 1e-9 * b.best_peak);
    if (b.best_bandwidth > 0)
        printf("best bandwidth of the run: %.1f GB/s\n", 1e-9 * b.best_bandwidth);
    free_buffers(&b);
    alc_context_destroy(b.context);
    return EXIT_SUCCESS;
}
