/* bench_kernels.c - every kernel at the five networks' shapes, as a share of what the machine can do in the same run.
 *
 * Arithmetic is compared with the peak of the instruction set's fused multiply-adds on the same threads, memory-bound
 * kernels with the bandwidth of a copy. Machines are shared and clocks wander: so both are measured again between the
 * repetitions of every kernel, and the best of several short repetitions counts, for the kernel as for the peak.
 *
 * A 3x3 convolution with stride 1 is computed directly and by Winograd's algorithm. Winograd's GFLOP/s count the multiplications
 * that the direct way would take; its real share of the peak, in the products alone, stands behind.
 *
 * A convolution network ends with its averages, forward, backward-data and backward-weights: the shares weighted by FLOPs,
 * and all FLOPs over all time, which is stricter, since slow shapes weigh more in it; each with the direct way only, and with
 * Winograd's where there is one.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alcor/context.h"
#include "lib/base/base.h"
#include "tests/bench/machine_peak.h"
#include "tests/bench/network_shapes.h"

#ifdef ALCOR_HAVE_OPENBLAS
#include <cblas.h>
#endif

#define BUFFERS 8 /* the last two are the bandwidth's */
#define REPETITIONS_LEAST 3
#define COPY_BYTES ((size_t)48 << 20)

typedef struct bench {
    const char *only;  /* a group, or NULL */
    const char *match; /* lines with this text, or NULL */
    double seconds; /* for each line */
    int passes;     /* over a network's shapes, so that each has a chance of a quiet moment */
    int64_t batch, size;
    alc_context_options options;
    alc_context *context;
    alck_parallel par;
    const alck_table *table;
    peak_function peak;
    double best_peak, best_bandwidth; /* of the whole run */
    struct {
        alck_real *data;
        size_t elements;
    } buffer[BUFFERS];
} bench;

static double read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* The clock of a measurement: with one thread its own time, without what other programs took from it. */
static double work_seconds(const bench *b)
{
    return read_clock(b->par.workers == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
}

/* A buffer of at least so many elements, random within [-1, 1) when it is new; allocated as a plan's memory is. */
static alck_real *buffer(bench *b, int index, int64_t count)
{
    const size_t elements = ((size_t)count + 1024) / 16 * 16;
    if (b->buffer[index].elements < elements) {
        uint32_t state = (uint32_t)index + 1;
        alc_free(b->context, b->buffer[index].data);
        b->buffer[index].elements = elements;
        b->buffer[index].data = alc_allocate(b->context, elements * sizeof(alck_real), "a buffer");
        if (b->buffer[index].data == NULL) {
            fprintf(stderr, "bench_kernels: no memory for %zu numbers\n", elements);
            exit(EXIT_FAILURE);
        }
        for (size_t i = 0; i < elements; i++) {
            state = state * 1664525u + 1013904223u;
            b->buffer[index].data[i] = (alck_real)(state >> 8) / (alck_real)(1 << 23) - 1;
        }
    }
    return b->buffer[index].data;
}

static bool matches(const bench *b, const char *line)
{
    return b->match == NULL || strstr(line, b->match) != NULL;
}

/* --- the two ceilings --- */

static double measure_peak(const bench *b)
{
    const double start = work_seconds(b), work = spread_peak(&b->par, b->peak);
    return work / (work_seconds(b) - start);
}

/* Bytes read and written by a copy, per second. */
static double measure_bandwidth(bench *b)
{
    const alck_real *from = buffer(b, 6, (int64_t)(COPY_BYTES / sizeof(alck_real)));
    alck_real *to = buffer(b, 7, (int64_t)(COPY_BYTES / sizeof(alck_real)));
    const double start = work_seconds(b), bytes = spread_copy(&b->par, to, from, COPY_BYTES);
    return bytes / (work_seconds(b) - start);
}

/* --- timing --- */

typedef struct timing {
    double seconds; /* the best of the repetitions */
    double ceiling; /* the best FLOP/s, or bytes/s, between them */
} timing;

typedef void (*timed)(bench *b, void *argument);

/* How often to call what takes long enough for the clock already once, or does not. */
static int calls_for(bench *b, timed run, void *argument)
{
    run(b, argument);
    const double start = work_seconds(b);
    run(b, argument);
    const double once = work_seconds(b) - start;
    return once > 5e-4 ? 1 : (int)(5e-4 / (once + 1e-8)) + 1;
}

/* Measures `count` ways of one job by turns, so that they meet the same machine. */
static void measure_all(bench *b, int count, const timed *run, void *argument, bool memory_bound, timing *t)
{
    int calls[2];
    double ceiling = 0;
    for (int i = 0; i < count; i++) {
        calls[i] = calls_for(b, run[i], argument);
        t[i].seconds = 1e30;
    }
    const double begin = seconds_now();
    for (int turn = 0; turn < REPETITIONS_LEAST || seconds_now() - begin < b->seconds; turn++)
        for (int i = 0; i < count; i++) {
            const double now = memory_bound ? measure_bandwidth(b) : measure_peak(b);
            const double start = work_seconds(b);
            for (int call = 0; call < calls[i]; call++)
                run[i](b, argument);
            const double took = (work_seconds(b) - start) / calls[i];
            t[i].seconds = took < t[i].seconds ? took : t[i].seconds;
            ceiling = now > ceiling ? now : ceiling;
        }
    for (int i = 0; i < count; i++)
        t[i].ceiling = ceiling;
    double *best = memory_bound ? &b->best_bandwidth : &b->best_peak;
    *best = ceiling > *best ? ceiling : *best;
}

static timing measure(bench *b, timed run, void *argument, bool memory_bound)
{
    timing t;
    measure_all(b, 1, &run, argument, memory_bound, &t);
    return t;
}

static void print_flops(const char *what, const char *kernel, double flops, const timing *t)
{
    printf("%-58s %-24s %7.1f GFLOP/s %5.1f %% of the peak", what, kernel, flops / t->seconds * 1e-9,
           100 * flops / t->seconds / t->ceiling);
}

static void print_bytes(const char *what, const char *kernel, double bytes, const timing *t)
{
    printf("%-58s %-24s %7.1f GB/s    %5.1f %% of a copy's bandwidth\n", what, kernel, bytes / t->seconds * 1e-9,
           100 * bytes / t->seconds / t->ceiling);
}

/* --- matrix products --- */

typedef struct gemm_case {
    int64_t m, n, k;
    bool a_transposed, b_transposed, packed;
} gemm_case;

static void run_gemm(bench *b, void *argument)
{
    b->table->gemm(&b->par, argument, b->buffer[4].data);
}

#ifdef ALCOR_HAVE_OPENBLAS
static void run_openblas(bench *b, void *argument)
{
    const alck_gemm *g = argument;
    (void)b;
    cblas_sgemm(CblasRowMajor, g->a_transposed ? CblasTrans : CblasNoTrans,
                g->b_transposed ? CblasTrans : CblasNoTrans, (int)g->m, (int)g->n, (int)g->k, 1.0F, g->a,
                (int)g->a_stride, g->b, (int)g->b_stride, 0.0F, g->c, (int)g->c_stride);
}
#endif

static void bench_gemm_case(bench *b, const gemm_case *c)
{
    char what[96];
    snprintf(what, sizeof what, "gemm %lld x %lld x %lld, A%s B%s%s", (long long)c->m, (long long)c->n,
             (long long)c->k, c->a_transposed ? "^T" : "", c->b_transposed ? "^T" : "", c->packed ? " packed" : "");
    if (!matches(b, what))
        return;
    alck_gemm g = {.m = c->m, .n = c->n, .k = c->k, .a_transposed = c->a_transposed,
                   .b_transposed = c->b_transposed, .a_stride = c->a_transposed ? c->m : c->k,
                   .b_stride = c->b_transposed ? c->k : c->n, .c_stride = c->n};
    g.a = buffer(b, 0, c->m * c->k);
    g.b = buffer(b, 1, c->k * c->n);
    g.c = buffer(b, 2, c->m * c->n);
    if (c->packed) {
        alck_real *packed = buffer(b, 3, (int64_t)(b->table->gemm_packed_bytes(c->k, c->n) / sizeof(alck_real)));
        b->table->gemm_pack_b(&b->par, c->k, c->n, g.b, g.b_stride, c->b_transposed, packed);
        g.packed_b = packed;
    }
    buffer(b, 4, (int64_t)(b->table->gemm_scratch_bytes(&g, b->par.workers) / sizeof(alck_real)));
    const double flops = 2.0 * (double)c->m * (double)c->n * (double)c->k;
    timing t[2];
#ifdef ALCOR_HAVE_OPENBLAS
    measure_all(b, 2, (const timed[]){run_gemm, run_openblas}, &g, false, t);
    print_flops(what, b->table->isa, flops, &t[0]);
    printf(", OpenBLAS %.1f GFLOP/s %.1f %%: %.2f of it", flops / t[1].seconds * 1e-9,
           100 * flops / t[1].seconds / t[1].ceiling, t[1].seconds / t[0].seconds);
#else
    measure_all(b, 1, (const timed[]){run_gemm}, &g, false, t);
    print_flops(what, b->table->isa, flops, &t[0]);
#endif
    printf("\n");
}

static void bench_gemm(bench *b)
{
    static const gemm_case cases[] = {
        {1024, 1024, 1024, false, false, false}, {1024, 1024, 1024, false, true, false},
        {1024, 1024, 1024, true, false, false},  {1024, 1024, 1024, true, true, false},
        {1024, 1024, 1024, false, false, true},
        /* dense layers: logits of ResNet-50, the layers of VGG-16, an MLP on a table's rows; alone and in a batch */
        {1, 1000, 2048, false, false, true},     {8, 1000, 2048, false, false, true},
        {64, 1000, 2048, false, false, true},    {1, 4096, 25088, false, false, true},
        {8, 4096, 25088, false, false, true},    {8, 4096, 4096, false, false, true},
        {256, 128, 64, false, false, true},      {1, 128, 64, false, false, true},
        {8, 1000, 2048, false, false, false},    {8, 2048, 1000, false, true, false},
        {2048, 1000, 8, true, false, false},     {2048, 1000, 64, true, false, false},
        {49, 512, 2048, false, false, true},
    };
#ifdef ALCOR_HAVE_OPENBLAS
    openblas_set_num_threads(b->par.workers);
    printf("OpenBLAS: %s, %d threads\n", openblas_get_corename(), b->par.workers);
#endif
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        bench_gemm_case(b, &cases[i]);
}

/* --- convolutions --- */

typedef enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS } direction;

static const char *const direction_names[DIRECTIONS] = {"forward", "backward-data", "backward-weights"};

typedef enum conv_way { DIRECT, WINOGRAD, WAYS } conv_way;

typedef struct conv_run {
    alck_conv s;
    bool depthwise;
    conv_way way;
    alck_real *x, *y, *weight, *packed, *scratch;
} conv_run;

static void run_forward(bench *b, void *argument)
{
    const conv_run *r = argument;
    const alck_epilogue e = {0};
    if (r->depthwise)
        b->table->depthwise_forward(&b->par, &r->s, r->x, r->weight, &e, r->y);
    else if (r->way == WINOGRAD)
        b->table->winograd_forward(&b->par, &r->s, r->x, r->weight, r->packed, &e, r->y, r->scratch);
    else
        b->table->conv_forward(&b->par, &r->s, r->x, r->packed, &e, r->y, r->scratch);
}

static void run_backward_data(bench *b, void *argument)
{
    const conv_run *r = argument;
    if (r->depthwise)
        b->table->depthwise_backward_data(&b->par, &r->s, r->y, r->weight, r->x, false);
    else if (r->way == WINOGRAD)
        b->table->winograd_backward_data(&b->par, &r->s, r->y, r->weight, r->x, false, r->scratch);
    else
        b->table->conv_backward_data(&b->par, &r->s, r->y, r->packed, r->x, false, r->scratch);
}

static void run_backward_weights(bench *b, void *argument)
{
    const conv_run *r = argument;
    if (r->depthwise)
        b->table->depthwise_backward_weights(&b->par, &r->s, r->x, r->y, r->weight, false, r->scratch);
    else if (r->way == WINOGRAD)
        b->table->winograd_backward_weights(&b->par, &r->s, r->x, r->y, r->weight, false, r->scratch);
    else
        b->table->conv_backward_weights(&b->par, &r->s, r->x, r->y, r->weight, false, r->scratch);
}

/* Fresh numbers: what one direction writes another reads, and sums of sums would grow without end. */
static void scrub(alck_real *values, int64_t count)
{
    uint32_t state = 1;
    for (int64_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (alck_real)(state >> 8) / (alck_real)(1 << 23) - 1;
    }
}

/* What a direction needs beside its tensors. */
static void find_memory(const bench *b, const conv_run *r, direction d, size_t *packed, size_t *scratch)
{
    const alck_table *t = b->table;
    const alck_conv *s = &r->s;
    const bool winograd = r->way == WINOGRAD;
    const int workers = b->par.workers;
    if (!r->depthwise && d == FORWARD) {
        *packed = winograd ? t->winograd_packed_bytes(s) : t->conv_packed_bytes(s);
        *scratch = winograd ? t->winograd_forward_scratch_bytes(s, true, workers)
                            : t->conv_forward_scratch_bytes(s, workers);
    } else if (!r->depthwise && d == BACKWARD_DATA) {
        *packed = winograd ? 0 : t->conv_packed_backward_bytes(s);
        *scratch = winograd ? t->winograd_backward_data_scratch_bytes(s, workers)
                            : t->conv_backward_data_scratch_bytes(s, workers);
    } else if (d == BACKWARD_WEIGHTS) {
        *scratch = r->depthwise ? t->depthwise_backward_weights_scratch_bytes(s, workers)
                   : winograd   ? t->winograd_backward_weights_scratch_bytes(s, workers)
                                : t->conv_backward_weights_scratch_bytes(s, workers);
    }
}

static timing bench_direction(bench *b, conv_run *r, direction d)
{
    static const timed runs[DIRECTIONS] = {run_forward, run_backward_data, run_backward_weights};
    const alck_conv *s = &r->s;
    const alck_table *t = b->table;
    const int64_t weights = s->kernel_height * s->kernel_width * s->in_channels * s->out_channels / s->groups;
    const int64_t out_stride = s->out_stride > 0 ? s->out_stride : s->out_channels;
    const int64_t inputs = s->batch * s->in_height * s->in_width * s->in_channels;
    const int64_t outputs = s->batch * s->out_height * s->out_width * out_stride;
    size_t packed = 0, scratch = 0;
    find_memory(b, r, d, &packed, &scratch);
    r->x = buffer(b, 0, inputs);
    r->y = buffer(b, 1, outputs);
    r->weight = buffer(b, 2, weights);
    r->packed = buffer(b, 3, (int64_t)(packed / sizeof(alck_real)));
    r->scratch = buffer(b, 4, (int64_t)(scratch / sizeof(alck_real)));
    scrub(r->x, inputs);
    scrub(r->y, outputs);
    scrub(r->weight, weights);
    if (packed > 0 && r->way == WINOGRAD)
        t->winograd_pack(&b->par, s, r->weight, r->packed);
    else if (packed > 0 && d == FORWARD)
        t->conv_pack(&b->par, s, r->weight, r->packed);
    else if (packed > 0)
        t->conv_pack_backward(&b->par, s, r->weight, r->packed);
    return measure(b, runs[d], r, false);
}

typedef struct network_sum {
    double flops, seconds;
    double at_peak;  /* the seconds that the peak would take */
    double weighted; /* FLOPs times share */
} network_sum;

/* A network's shapes and the best of each so far. */
typedef struct network_run {
    const char *name;
    network_shapes shapes;
    timing best[NETWORK_SHAPES_MOST][DIRECTIONS][WAYS];
    network_sum sums[DIRECTIONS][WAYS];
} network_run;

static conv_run shape_run(const bench *b, const network_run *n, int index, conv_way way)
{
    conv_run r = {.s = n->shapes.shape[index].conv, .way = way};
    r.s.batch = b->batch;
    r.depthwise = r.s.groups > 1;
    return r;
}

static bool has_winograd(const alck_conv *s)
{
    return s->kernel_height == 3 && s->kernel_width == 3 && s->stride_y == 1 && s->groups == 1 && s->in_channels >= 16;
}

/* One direction of one shape as text; false where it is not wanted. */
static bool describe(const bench *b, const network_run *n, int index, direction d, char *what, size_t size)
{
    const conv_run r = shape_run(b, n, index, DIRECT);
    const alck_conv *s = &r.s;
    snprintf(what, size, "%s %lldx%lld %lld->%lld %lldx%lld%s%s x%d %s", n->name, (long long)s->in_height,
             (long long)s->in_width, (long long)s->in_channels, (long long)s->out_channels,
             (long long)s->kernel_height, (long long)s->kernel_width, s->stride_y > 1 ? "/2" : "",
             r.depthwise ? " depthwise" : "", n->shapes.shape[index].count, direction_names[d]);
    /* nobody asks for an image's gradient */
    return matches(b, what) && !(d == BACKWARD_DATA && s->in_channels == 3);
}

static void measure_network(bench *b, network_run *n)
{
    char what[128];
    for (int i = 0; i < n->shapes.count; i++)
        for (direction d = 0; d < DIRECTIONS; d++)
            for (conv_way way = DIRECT; way < WAYS && describe(b, n, i, d, what, sizeof what); way++) {
                conv_run r = shape_run(b, n, i, way);
                if (way == WINOGRAD && !has_winograd(&r.s))
                    continue;
                const timing t = bench_direction(b, &r, d);
                timing *best = &n->best[i][d][way];
                if (best->seconds <= 0 || t.seconds < best->seconds)
                    best->seconds = t.seconds;
                if (t.ceiling > best->ceiling)
                    best->ceiling = t.ceiling;
            }
}

static void add_to_sum(network_sum *sum, int count, double flops, const timing *t)
{
    sum->flops += count * flops;
    sum->seconds += count * t->seconds;
    sum->at_peak += count * flops / t->ceiling;
    sum->weighted += count * flops * flops / t->seconds / t->ceiling;
}

/* Of Winograd's products: 36 for each tile of 4x4, whole or not. */
static double winograd_flops(const alck_conv *s, direction d)
{
    const int64_t height = d == BACKWARD_DATA ? s->in_height : s->out_height;
    const int64_t width = d == BACKWARD_DATA ? s->in_width : s->out_width;
    return 2.0 * 36 * (double)(s->batch * ((height + 3) / 4) * ((width + 3) / 4) * s->in_channels * s->out_channels);
}

static double direct_flops(const alck_conv *s)
{
    return 2.0 * (double)(s->batch * s->out_height * s->out_width * s->out_channels)
           * (double)(s->kernel_height * s->kernel_width * (s->in_channels / s->groups));
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
    for (int i = 0; i < n->shapes.count; i++)
        for (direction d = 0; d < DIRECTIONS; d++)
            if (describe(b, n, i, d, what, sizeof what)) {
                const conv_run r = shape_run(b, n, i, DIRECT);
                const timing *t = n->best[i][d];
                const bool both = has_winograd(&r.s);
                print_shape(b, n, i, d, DIRECT, what);
                if (both)
                    print_shape(b, n, i, d, WINOGRAD, what);
                add_to_sum(&n->sums[d][DIRECT], n->shapes.shape[i].count, direct_flops(&r.s), &t[DIRECT]);
                add_to_sum(&n->sums[d][WINOGRAD], n->shapes.shape[i].count, direct_flops(&r.s),
                           &t[both ? WINOGRAD : DIRECT]);
            }
}

static void print_sum(const char *name, const char *what, conv_way way, const network_sum *sum)
{
    printf("%s, all convolutions%s, %s: shares weighted by FLOPs %.1f %%; in all %.1f GFLOP/s, %.1f %% of the peak, %.1f ms\n",
           name, way == WINOGRAD ? " with winograd" : "", what, 100 * sum->weighted / sum->flops,
           1e-9 * sum->flops / sum->seconds, 100 * sum->at_peak / sum->seconds, 1e3 * sum->seconds);
}

static void print_sums(const network_run *n, conv_way way)
{
    network_sum all = {0};
    for (direction d = 0; d < DIRECTIONS; d++) {
        const network_sum *sum = &n->sums[d][way];
        if (sum->seconds > 0)
            print_sum(n->name, direction_names[d], way, sum);
        all.flops += sum->flops;
        all.seconds += sum->seconds;
        all.at_peak += sum->at_peak;
        all.weighted += sum->weighted;
    }
    if (all.seconds > 0)
        print_sum(n->name, "all directions", way, &all);
}

static void bench_network(bench *b, network_run *n)
{
    for (int pass = 0; pass < b->passes; pass++)
        measure_network(b, n);
    print_network(b, n);
    for (conv_way way = DIRECT; way < WAYS; way++)
        print_sums(n, way);
}

static void bench_resnet50(bench *b)
{
    network_run n = {.name = "resnet50"};
    resnet50_shapes(&n.shapes, b->size);
    bench_network(b, &n);
}

static void bench_vgg16(bench *b)
{
    network_run n = {.name = "vgg16"};
    vgg16_shapes(&n.shapes, b->size);
    bench_network(b, &n);
}

static void bench_densenet121(bench *b)
{
    network_run n = {.name = "densenet121"};
    densenet121_shapes(&n.shapes, b->size);
    bench_network(b, &n);
}

static void bench_xception(bench *b)
{
    network_run n = {.name = "xception"};
    xception_shapes(&n.shapes, b->size);
    bench_network(b, &n);
}

static void bench_efficientnet_b0(bench *b)
{
    network_run n = {.name = "efficientnet_b0"};
    efficientnet_shapes(&n.shapes, b->size, 1.0, 1.0);
    bench_network(b, &n);
}

static void bench_efficientnet_b2(bench *b)
{
    network_run n = {.name = "efficientnet_b2"};
    efficientnet_shapes(&n.shapes, b->size, 1.1, 1.2);
    bench_network(b, &n);
}

/* --- memory-bound kernels, at the early and the late shapes of ResNet-50 --- */

typedef struct map {
    int64_t size, channels;
} map;

static const map maps[] = {{112, 64}, {56, 256}, {14, 1024}, {7, 2048}};
#define MAPS (sizeof maps / sizeof *maps)

typedef struct map_run {
    int64_t rows, pixels, channels;
    alck_pool pool;
    alck_norm_backward norm;
    alck_real *x, *y, *third, *fourth, *parameters, *scratch;
    uint8_t *positions;
} map_run;

static map_run prepare_map(bench *b, const map *m)
{
    map_run r = {.rows = b->batch, .pixels = m->size * m->size, .channels = m->channels};
    const int64_t values = r.rows * r.pixels * r.channels;
    r.x = buffer(b, 0, values);
    r.y = buffer(b, 1, values);
    r.third = buffer(b, 2, values);
    r.fourth = buffer(b, 3, values);
    const size_t scratch = b->table->norm_scratch_bytes(r.rows, r.pixels, r.channels, b->par.workers);
    r.scratch = buffer(b, 4, (int64_t)(scratch / sizeof(alck_real)));
    r.parameters = buffer(b, 5, 8 * r.channels + values / 4);
    r.positions = (uint8_t *)(r.parameters + 8 * r.channels);
    scrub(r.x, values);
    scrub(r.parameters, 8 * r.channels);
    const int64_t pooled = (m->size + 1) / 2;
    r.pool = (alck_pool){.batch = r.rows, .channels = r.channels, .in_height = m->size, .in_width = m->size,
                         .in_stride = r.channels, .out_height = pooled, .out_width = pooled,
                         .out_stride = r.channels, .kernel_height = 3, .kernel_width = 3, .stride_y = 2,
                         .stride_x = 2, .pad_top = 1, .pad_left = 1};
    const alck_real *p = r.parameters;
    r.norm = (alck_norm_backward){
        .forward = {.rows = r.rows, .pixels_per_row = r.pixels, .channels = r.channels, .x = r.x,
                    .x_stride = r.channels, .scale = p, .shift = p + r.channels, .activation = ALCK_RELU},
        .dy = r.y, .dy_stride = r.channels, .mean = p + 2 * r.channels, .inverse_std = p + 3 * r.channels,
        .sum_dz = r.parameters + 4 * r.channels, .sum_dz_xhat = r.parameters + 5 * r.channels, .a = p, .b = p,
        .c = p, .dx = r.third, .dx_stride = r.channels};
    return r;
}

static void run_max_pool(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->max_pool_forward(&b->par, &r->pool, r->x, r->y, r->positions);
}

static void run_max_pool_backward(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->max_pool_backward(&b->par, &r->pool, r->positions, r->y, r->third, false);
}

static void run_average_pool(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->average_pool_forward(&b->par, &r->pool, r->x, r->y);
}

static void run_average_pool_backward(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->average_pool_backward(&b->par, &r->pool, r->y, r->third, false);
}

/* VGG's grid of 7x7. */
static alck_pool adaptive_pool(const map_run *r)
{
    alck_pool s = r->pool;
    s.adaptive = true;
    s.out_height = s.out_width = 7;
    return s;
}

static void run_adaptive_average(bench *b, void *argument)
{
    const map_run *r = argument;
    const alck_pool s = adaptive_pool(r);
    b->table->average_pool_forward(&b->par, &s, r->x, r->fourth);
}

static void run_adaptive_average_backward(bench *b, void *argument)
{
    const map_run *r = argument;
    const alck_pool s = adaptive_pool(r);
    b->table->average_pool_backward(&b->par, &s, r->fourth, r->third, false);
}

static void run_global_average(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->global_average_forward(&b->par, r->rows, r->pixels, r->channels, r->x, r->channels, r->parameters,
                                     r->channels);
}

static void run_statistics(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->norm_statistics(&b->par, &r->norm.forward, r->norm.sum_dz, r->norm.sum_dz_xhat, r->scratch);
}

static void run_norm_forward(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->norm_forward(&b->par, &r->norm.forward, r->third, r->channels);
}

static void run_norm_add(bench *b, void *argument)
{
    const map_run *r = argument;
    alck_norm s = r->norm.forward;
    s.residual = r->y;
    s.residual_stride = r->channels;
    b->table->norm_forward(&b->par, &s, r->third, r->channels);
}

static void run_norm_sums(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->norm_backward_sums(&b->par, &r->norm, r->scratch);
}

static void run_norm_apply(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->norm_backward_apply(&b->par, &r->norm);
}

static void run_channel_sums(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->channel_sums(&b->par, r->rows, r->pixels, r->channels, r->x, r->channels, r->parameters, false,
                           r->scratch);
}

static void run_relu(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->activation_forward(&b->par, ALCK_RELU, r->rows * r->pixels, r->channels, r->x, r->channels, r->third,
                                 r->channels);
}

static void run_silu(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->activation_forward(&b->par, ALCK_SILU, r->rows * r->pixels, r->channels, r->x, r->channels, r->third,
                                 r->channels);
}

static void run_silu_backward(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->activation_backward(&b->par, ALCK_SILU, r->rows * r->pixels, r->channels, r->x, r->channels, r->y,
                                  r->channels, r->third, r->channels, false);
}

static void run_add(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->add_forward(&b->par, ALCK_RELU, r->rows * r->pixels, r->channels, r->x, r->channels, r->y,
                          r->channels, r->third, r->channels);
}

static void run_gate(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->multiply_broadcast(&b->par, r->rows, r->pixels, r->channels, r->x, r->channels, r->parameters, 0,
                                 r->third, r->channels, false);
}

static void run_copy(bench *b, void *argument)
{
    const map_run *r = argument;
    b->table->copy(&b->par, r->rows * r->pixels, r->channels, r->x, r->channels, r->third, r->channels, false);
}

/* A kernel and how many times the map's bytes it moves; pools move a quarter for the smaller map. */
typedef struct map_kernel {
    const char *name;
    timed run;
    double maps;
} map_kernel;

static void bench_maps(bench *b, const map_kernel *kernels, size_t count)
{
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < MAPS; i++) {
            map_run r = prepare_map(b, &maps[i]);
            char what[96];
            snprintf(what, sizeof what, "%s %lldx%lldx%lld", kernels[k].name, (long long)maps[i].size,
                     (long long)maps[i].size, (long long)maps[i].channels);
            if (!matches(b, what))
                continue;
            const double bytes = (double)(r.rows * r.pixels * r.channels) * sizeof(alck_real) * kernels[k].maps;
            const timing t = measure(b, kernels[k].run, &r, true);
            print_bytes(what, b->table->isa, bytes, &t);
        }
}

static void bench_pool(bench *b)
{
    static const map_kernel kernels[] = {{"max pool 3x3/2 forward", run_max_pool, 1.3125},
                                         {"max pool 3x3/2 backward", run_max_pool_backward, 1.3125},
                                         {"average pool 3x3/2 forward", run_average_pool, 1.25},
                                         {"average pool 3x3/2 backward", run_average_pool_backward, 1.25},
                                         {"adaptive average forward", run_adaptive_average, 1},
                                         {"adaptive average backward", run_adaptive_average_backward, 1},
                                         {"global average forward", run_global_average, 1}};
    bench_maps(b, kernels, sizeof kernels / sizeof *kernels);
}

static void bench_norm(bench *b)
{
    static const map_kernel kernels[] = {{"norm statistics", run_statistics, 1},
                                         {"norm forward + relu", run_norm_forward, 2},
                                         {"norm forward + add + relu", run_norm_add, 3},
                                         {"norm backward sums", run_norm_sums, 2},
                                         {"norm backward apply", run_norm_apply, 3},
                                         {"channel sums", run_channel_sums, 1}};
    bench_maps(b, kernels, sizeof kernels / sizeof *kernels);
}

static void bench_elementwise(bench *b)
{
    static const map_kernel kernels[] = {{"relu", run_relu, 2},   {"silu", run_silu, 2},
                                         {"silu backward", run_silu_backward, 3},
                                         {"add + relu", run_add, 3}, {"multiply by a gate", run_gate, 2},
                                         {"copy", run_copy, 2}};
    bench_maps(b, kernels, sizeof kernels / sizeof *kernels);
}

/* --- the program --- */

static const struct {
    const char *name;
    void (*run)(bench *b);
} groups[] = {
    {"gemm", bench_gemm},           {"resnet50", bench_resnet50},
    {"vgg16", bench_vgg16},         {"densenet121", bench_densenet121},
    {"xception", bench_xception},   {"efficientnet_b0", bench_efficientnet_b0},
    {"efficientnet_b2", bench_efficientnet_b2}, {"pool", bench_pool},
    {"norm", bench_norm},           {"elementwise", bench_elementwise},
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
    for (int i = 0; i < BUFFERS; i++)
        alc_free(b.context, b.buffer[i].data);
    alc_context_destroy(b.context);
    return EXIT_SUCCESS;
}
