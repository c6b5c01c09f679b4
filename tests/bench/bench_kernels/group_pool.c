/* group_pool.c - max and average pools, forward and backward. */
#include "tests/bench/bench_kernels/groups.h"
#include "tests/bench/bench_kernels/map_run.h"

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
    b->table->global_average_forward(&b->par, r->rows, r->pool.in_height, r->pool.in_width, r->channels, r->x, r->channels,
                                     r->parameters, r->channels);
}

void bench_pool(bench *b)
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
