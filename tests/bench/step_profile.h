/* tests/bench/step_profile.h - where the time of a plan's runs goes, step by step.
 *
 * alc_plan_observe() calls after every step; the time since the call before is the step's. What lies between the last step
 * and the end of a run (the optimizer) is a line of its own, so that the lines together are the whole run.
 */
#ifndef STEP_PROFILE_H
#define STEP_PROFILE_H

#include <stdio.h>
#include <stdlib.h>

#include "alcor/plan.h"
#include "tests/bench/machine_peak.h"
#include "tests/bench/read_clock.h"

#define PROFILE_COPY_BYTES ((size_t)64 << 20)
#define PROFILE_CEILING_TURNS 20

typedef struct profile_line {
    alc_step_info info;         /* of the latest call */
    double seconds, flops, bytes;
} profile_line;

typedef struct step_profile {
    clockid_t clock;            /* with one thread its own time, without what other programs took from it */
    profile_line *line;         /* [count], then what follows the last step */
    int64_t count, runs;
    double whole;               /* seconds of all runs, by a clock outside of them */
    double before;              /* when the latest step ended */
    double peak, bandwidth;     /* of the machine: operations and bytes a second */
} step_profile;

static inline double profile_clock(const step_profile *p)
{
    return read_clock(p->clock);
}

/* The best of several turns; false if there is no memory to copy. */
static inline bool profile_ceilings(step_profile *p, const alck_parallel *par, const char *isa)
{
    char *memory = malloc(2 * PROFILE_COPY_BYTES);
    if (memory == NULL)
        return false;
    memset(memory, 1, 2 * PROFILE_COPY_BYTES);
    for (int turn = 0; turn < PROFILE_CEILING_TURNS; turn++) {
        double start = profile_clock(p);
        const double work = spread_peak(par, find_peak(isa)), worked = profile_clock(p) - start;
        start = profile_clock(p);
        const double bytes = spread_copy(par, memory, memory + PROFILE_COPY_BYTES, PROFILE_COPY_BYTES);
        const double copied = profile_clock(p) - start;
        p->peak = work / worked > p->peak ? work / worked : p->peak;
        p->bandwidth = bytes / copied > p->bandwidth ? bytes / copied : p->bandwidth;
    }
    free(memory);
    return true;
}

static inline void profile_step(void *argument, const alc_step_info *info)
{
    step_profile *p = argument;
    profile_line *line = &p->line[info->index];
    const double now = profile_clock(p);
    line->info = *info;
    line->seconds += now - p->before;
    line->flops += info->flops;
    line->bytes += info->bytes;
    p->before = now;
}

/* Around every run. */
static inline double profile_run_begins(step_profile *p)
{
    return p->before = profile_clock(p);
}

static inline void profile_run_ended(step_profile *p, double began)
{
    const double now = profile_clock(p);
    p->line[p->count].seconds += now - p->before;
    p->whole += now - began;
    p->runs++;
}

static inline void profile_print_line(const step_profile *p, const char *what, const char *kernel, const profile_line *line)
{
    const double runs = (double)p->runs, rate = line->flops / line->seconds, traffic = line->bytes / line->seconds;
    printf("%-44s %-26s %9.3f ms %5.1f %%  %7.1f GFLOP/s %5.1f %% of the peak  %9.2f MB %6.1f GB/s %5.1f %% of a copy\n", what,
           kernel, 1e3 * line->seconds / runs, 100 * line->seconds / p->whole, 1e-9 * rate, 100 * rate / p->peak,
           1e-6 * line->bytes / runs, 1e-9 * traffic, 100 * traffic / p->bandwidth);
}

/* One line for all steps of a kernel. */
static inline void profile_print_kernels(const step_profile *p)
{
    for (int64_t first = 0; first < p->count; first++) {
        const alc_step_info *info = &p->line[first].info;
        profile_line sum = {0};
        bool shown = info->node == NULL;
        char what[64];
        for (int64_t i = 0; i < p->count && !shown; i++) {
            const profile_line *line = &p->line[i];
            if (line->info.node == NULL || line->info.kind != info->kind || strcmp(line->info.kernel, info->kernel) != 0)
                continue;
            shown = i < first;
            sum.seconds += line->seconds;
            sum.flops += line->flops;
            sum.bytes += line->bytes;
        }
        snprintf(what, sizeof what, "all %s", info->kind == ALC_STEP_BACKWARD ? "backward" : "forward");
        if (!shown)
            profile_print_line(p, what, info->kernel, &sum);
    }
}

static inline void profile_print(const step_profile *p)
{
    static const char *const kinds[] = {"", " again", " backward"};
    profile_line sum = {0};
    char what[160];
    printf("peak %.1f GFLOP/s, copy %.1f GB/s; %lld runs\n", 1e-9 * p->peak, 1e-9 * p->bandwidth, (long long)p->runs);
    for (int64_t i = 0; i < p->count; i++) {
        const profile_line *line = &p->line[i];
        const alc_step_info *info = &line->info;
        if (info->node == NULL)
            continue;
        const alc_shape *s = &info->output;
        snprintf(what, sizeof what, "%s%s %lldx%lldx%lld", info->node, kinds[info->kind],
                 (long long)(s->rank > 2 ? s->extent[s->rank - 3] : 1), (long long)(s->rank > 1 ? s->extent[s->rank - 2] : 1),
                 (long long)(s->rank > 0 ? s->extent[s->rank - 1] : 1));
        profile_print_line(p, what, info->kernel, line);
        sum.seconds += line->seconds;
        sum.flops += line->flops;
        sum.bytes += line->bytes;
    }
    profile_print_kernels(p);
    profile_print_line(p, "all steps", "", &sum);
    printf("whole run %.3f ms, of which the steps are %.1f %% and what follows them %.1f %%\n",
           1e3 * p->whole / (double)p->runs, 100 * sum.seconds / p->whole, 100 * p->line[p->count].seconds / p->whole);
}

#endif
