/* group_elementwise.c - activations, sums, gates and copies. */
#include "tests/bench/bench_kernels/groups.h"
#include "tests/bench/bench_kernels/map_run.h"

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

void bench_elementwise(bench *b)
{
    static const map_kernel kernels[] = {{"relu", run_relu, 2},   {"silu", run_silu, 2},
                                         {"silu backward", run_silu_backward, 3},
                                         {"add + relu", run_add, 3}, {"multiply by a gate", run_gate, 2},
                                         {"copy", run_copy, 2}};
    bench_maps(b, kernels, sizeof kernels / sizeof *kernels);
}
