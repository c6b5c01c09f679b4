/* map_run.c - prepares the maps and measures kernels on them. */
#include <stdio.h>

#include "tests/bench/bench_kernels/buffers.h"
#include "tests/bench/bench_kernels/map_run.h"
#include "tests/bench/bench_kernels/output_line.h"

typedef struct map {
    int64_t size, channels;
} map;

static const map maps[] = {{112, 64}, {56, 256}, {14, 1024}, {7, 2048}};
#define MAPS (sizeof maps / sizeof *maps)

static map_run prepare_map(bench *b, const map *m)
{
    map_run r = {.rows = b->batch, .pixels = m->size * m->size, .channels = m->channels};
    const int64_t values = r.rows * r.pixels * r.channels;
    r.x = get_buffer(b, 0, values);
    r.y = get_buffer(b, 1, values);
    r.third = get_buffer(b, 2, values);
    r.fourth = get_buffer(b, 3, values);
    const size_t scratch = b->table->norm_scratch_bytes(r.rows, r.pixels, r.channels, b->par.workers);
    r.scratch = get_buffer(b, 4, (int64_t)(scratch / sizeof(alck_real)));
    r.parameters = get_buffer(b, 5, 8 * r.channels + values / 4);
    r.positions = (uint8_t *)(r.parameters + 8 * r.channels);
    /* Fresh numbers: what one kernel writes another reads. */
    fill_random(r.x, (size_t)values, 1);
    fill_random(r.parameters, (size_t)(8 * r.channels), 1);
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

void bench_maps(bench *b, const map_kernel *kernels, size_t count)
{
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < MAPS; i++) {
            map_run r = prepare_map(b, &maps[i]);
            char what[96];
            snprintf(what, sizeof what, "%s %lldx%lldx%lld", kernels[k].name, (long long)maps[i].size,
                     (long long)maps[i].size, (long long)maps[i].channels);
            if (!line_wanted(b, what))
                continue;
            const double bytes = (double)(r.rows * r.pixels * r.channels) * sizeof(alck_real) * kernels[k].maps;
            const timing t = measure(b, kernels[k].run, &r, true);
            print_bytes(what, b->table->isa, bytes, &t);
        }
}
