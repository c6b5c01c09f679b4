/* conv_network.c - goes through a network's convolutions, keeps the best of every pass and prints them. */
#include <stdio.h>

#include "tests/bench/bench_kernels/conv_network.h"
#include "tests/bench/bench_kernels/network_sum.h"
#include "tests/bench/bench_kernels/output_line.h"

/* A network's shapes and the best of each so far. */
typedef struct network_run {
    const char *name;
    const network_shapes *shapes;
    timing best[NETWORK_SHAPES_MOST][DIRECTIONS][WAYS];
    network_sum sums[DIRECTIONS][WAYS];
} network_run;

static conv_run shape_run(const bench *b, const network_run *n, int index, conv_way way)
{
    conv_run r = {.s = n->shapes->shape[index].conv, .way = way};
    r.s.batch = b->batch;
    r.depthwise = r.s.groups > 1;
    return r;
}

/* One direction of one shape as text; false where it is not wanted. */
static bool describe(const bench *b, const network_run *n, int index, direction d, char *what, size_t size)
{
    const conv_run r = shape_run(b, n, index, DIRECT);
    const alck_conv *s = &r.s;
    snprintf(what, size, "%s %lldx%lld %lld->%lld %lldx%lld%s%s x%d %s", n->name, (long long)s->in_height,
             (long long)s->in_width, (long long)s->in_channels, (long long)s->out_channels,
             (long long)s->kernel_height, (long long)s->kernel_width, s->stride_y > 1 ? "/2" : "",
             r.depthwise ? " depthwise" : "", n->shapes->shape[index].count, direction_names[d]);
    /* nobody asks for an image's gradient */
    return line_wanted(b, what) && !(d == BACKWARD_DATA && s->in_channels == 3);
}

static void measure_network(bench *b, network_run *n)
{
    char what[128];
    for (int i = 0; i < n->shapes->count; i++)
        for (direction d = 0; d < DIRECTIONS; d++)
            for (conv_way way = DIRECT; way < WAYS && describe(b, n, i, d, what, sizeof what); way++) {
                conv_run r = shape_run(b, n, i, way);
                if (way == WINOGRAD && !has_winograd(&r.s))
                    continue;
                const timing t = measure_direction(b, &r, d);
                timing *best = &n->best[i][d][way];
                if (best->seconds <= 0 || t.seconds < best->seconds)
                    best->seconds = t.seconds;
                if (t.ceiling > best->ceiling)
                    best->ceiling = t.ceiling;
            }
}

static void print_shape(const bench *b, const network_run *n, int index, direction d, conv_way way, const char *what)
{
    const conv_run r = shape_run(b, n, index, way);
    const timing *t = &n->best[index][d][way];
    const char *direct = r.depthwise ? "depthwise" : b->table->conv_kernel_name(&r.s);
    print_flops(what, way == WINOGRAD ? "winograd 4x4" : direct, direct_flops(&r.s), t);
    printf(" %8.3f ms", 1e3 * t->seconds);
    if (way == WINOGRAD)
        printf(", really %.1f %%", 100 * winograd_flops(&r.s, d) / t->seconds / t->ceiling);
    printf("\n");
}

static void print_network(const bench *b, network_run *n)
{
    char what[128];
    for (int i = 0; i < n->shapes->count; i++)
        for (direction d = 0; d < DIRECTIONS; d++)
            if (describe(b, n, i, d, what, sizeof what)) {
                const conv_run r = shape_run(b, n, i, DIRECT);
                const timing *t = n->best[i][d];
                const bool both = has_winograd(&r.s);
                print_shape(b, n, i, d, DIRECT, what);
                if (both)
                    print_shape(b, n, i, d, WINOGRAD, what);
                add_to_sum(&n->sums[d][DIRECT], n->shapes->shape[i].count, direct_flops(&r.s), &t[DIRECT]);
                add_to_sum(&n->sums[d][WINOGRAD], n->shapes->shape[i].count, direct_flops(&r.s),
                           &t[both ? WINOGRAD : DIRECT]);
            }
}

void bench_network(bench *b, const char *name, const network_shapes *shapes)
{
    network_run n = {.name = name, .shapes = shapes};
    for (int pass = 0; pass < b->passes; pass++)
        measure_network(b, &n);
    print_network(b, &n);
    for (conv_way way = DIRECT; way < WAYS; way++)
        print_sums(name, n.sums, way);
}
