/* conv_direction.c - prepares and measures one direction of a convolution. */
#include "tests/bench/bench_kernels/buffers.h"
#include "tests/bench/bench_kernels/conv_direction.h"

const char *const direction_names[DIRECTIONS] = {"forward", "backward-data", "backward-weights"};

bool has_winograd(const alck_conv *s)
{
    return s->kernel_height == 3 && s->kernel_width == 3 && s->stride_y == 1 && s->groups == 1 && s->in_channels >= 16;
}

double direct_flops(const alck_conv *s)
{
    return 2.0 * (double)(s->batch * s->out_height * s->out_width * s->out_channels)
           * (double)(s->kernel_height * s->kernel_width * (s->in_channels / s->groups));
}

double winograd_flops(const alck_conv *s, direction d)
{
    const int64_t height = d == BACKWARD_DATA ? s->in_height : s->out_height;
    const int64_t width = d == BACKWARD_DATA ? s->in_width : s->out_width;
    return 2.0 * 36 * (double)(s->batch * ((height + 3) / 4) * ((width + 3) / 4) * s->in_channels * s->out_channels);
}

/* The way that a plan of so many images takes. */
static bool takes_few_tiles(const conv_run *r, direction d)
{
    return r->way == WINOGRAD && d == FORWARD && alck_has_few_tiles(&r->s, r->s.batch);
}

static void run_forward(bench *b, void *argument)
{
    const conv_run *r = argument;
    const alck_epilogue e = {0};
    if (r->depthwise)
        b->table->depthwise_forward(&b->par, &r->s, r->x, r->weight, &e, r->y, NULL);
    else if (takes_few_tiles(r, FORWARD))
        b->table->winograd_taps_forward(&b->par, &r->s, r->x, r->packed, &e, r->y, r->scratch);
    else if (r->way == WINOGRAD)
        b->table->winograd_forward(&b->par, &r->s, r->x, r->weight, r->packed, &e, r->y, r->scratch);
    else
        b->table->conv_forward(&b->par, &r->s, r->x, r->packed, &e, r->y, r->scratch);
}

static void run_backward_data(bench *b, void *argument)
{
    const conv_run *r = argument;
    const alck_depthwise_gradients dx = {.weight = r->weight, .dy = r->y, .dx = r->x, .dx_stride = r->s.in_channels};
    if (r->depthwise)
        b->table->depthwise_backward(&b->par, &r->s, &dx);
    else if (r->way == WINOGRAD)
        b->table->winograd_backward_data(&b->par, &r->s, r->y, r->weight, r->x, false, r->scratch);
    else
        b->table->conv_backward_data(&b->par, &r->s, r->y, r->packed, r->x, false, r->scratch);
}

static void run_backward_weights(bench *b, void *argument)
{
    const conv_run *r = argument;
    const alck_depthwise_gradients dw = {.x = r->x, .dy = r->y, .dw = r->weight, .scratch = r->scratch};
    if (r->depthwise)
        b->table->depthwise_backward(&b->par, &r->s, &dw);
    else if (r->way == WINOGRAD)
        b->table->winograd_backward_weights(&b->par, &r->s, r->x, r->y, r->weight, false, r->scratch);
    else
        b->table->conv_backward_weights(&b->par, &r->s, r->x, r->y, r->weight, false, r->scratch);
}

/* What a direction needs beside its tensors. */
static void find_memory(const bench *b, const conv_run *r, direction d, size_t *packed, size_t *scratch)
{
    const alck_table *t = b->table;
    const alck_conv *s = &r->s;
    const bool winograd = r->way == WINOGRAD;
    const int workers = b->par.workers;
    if (takes_few_tiles(r, d)) {
        *packed = t->winograd_taps_bytes(s);
        *scratch = t->winograd_taps_scratch_bytes(s, workers);
    } else if (!r->depthwise && d == FORWARD) {
        *packed = winograd ? t->winograd_packed_bytes(s) : t->conv_packed_bytes(s);
        *scratch = winograd ? t->winograd_forward_scratch_bytes(s, true, workers)
                            : t->conv_forward_scratch_bytes(s, workers);
    } else if (!r->depthwise && d == BACKWARD_DATA) {
        *packed = winograd ? 0 : t->conv_packed_backward_bytes(s);
        *scratch = winograd ? t->winograd_backward_data_scratch_bytes(s, workers)
                            : t->conv_backward_data_scratch_bytes(s, workers);
    } else if (d == BACKWARD_WEIGHTS) {
        *scratch = r->depthwise ? t->depthwise_backward_scratch_bytes(s)
                   : winograd   ? t->winograd_backward_weights_scratch_bytes(s, workers)
                                : t->conv_backward_weights_scratch_bytes(s, workers);
    }
}

timing measure_direction(bench *b, conv_run *r, direction d)
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
    r->x = get_buffer(b, 0, inputs);
    r->y = get_buffer(b, 1, outputs);
    r->weight = get_buffer(b, 2, weights);
    r->packed = get_buffer(b, 3, (int64_t)(packed / sizeof(alck_real)));
    r->scratch = get_buffer(b, 4, (int64_t)(scratch / sizeof(alck_real)));
    /* Fresh numbers: what one direction writes another reads, and sums of sums would grow without end. */
    fill_random(r->x, (size_t)inputs, 1);
    fill_random(r->y, (size_t)outputs, 1);
    fill_random(r->weight, (size_t)weights, 1);
    if (takes_few_tiles(r, d))
        t->winograd_taps_pack(&b->par, s, r->weight, r->packed);
    else if (packed > 0 && r->way == WINOGRAD)
        t->winograd_pack(&b->par, s, r->weight, r->packed);
    else if (packed > 0 && d == FORWARD)
        t->conv_pack(&b->par, s, r->weight, r->packed);
    else if (packed > 0)
        t->conv_pack_backward(&b->par, s, r->weight, r->packed);
    return measure(b, runs[d], r, false);
}
