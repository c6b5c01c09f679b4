/* group_norm.c - the parts of a batch norm's forward and backward pass, and a bias's sums. */
#include "tests/bench/bench_kernels/groups.h"
#include "tests/bench/bench_kernels/map_run.h"

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

void bench_norm(bench *b)
{
    static const map_kernel kernels[] = {{"norm statistics", run_statistics, 1},
                                         {"norm forward + relu", run_norm_forward, 2},
                                         {"norm forward + add + relu", run_norm_add, 3},
                                         {"norm backward sums", run_norm_sums, 2},
                                         {"norm backward apply", run_norm_apply, 3},
                                         {"channel sums", run_channel_sums, 1}};
    bench_maps(b, kernels, sizeof kernels / sizeof *kernels);
}
