/* kernels/f32/depthwise.c - depthwise convolution, forward and the gradient for its input.
 *
 * An output is one chain over the taps in order (ky, kx), in blocks of 256 taps. The input's gradient is the same sum
 * over the output's gradient, phase by phase (phase.h).
 *
 * A task is some rows of an image and some channels. It walks down strips a few pixels wide: of the rows of taps under one
 * output row all but the last are in the first cache from the output row above, so that an input value comes from the second
 * cache about once and not once for each row of taps.
 */
#include "kernels/f32/depthwise.h"
#include "kernels/f32/phase.h"
#include "kernels/f32/settle.h"

/* Output rows of a task at most. */
#define STRIP_ROWS 16
/* Bytes of input under the pixels that are summed together: well within a first cache. */
#define STRIP_BYTES ((int64_t)20 << 10)

/* A block of taps: where each of a few pixels finds it, and its weights. */
typedef struct tap_block {
    int64_t taps;
    const alck_real *weight[K_BLOCK];
    const alck_real *pointers[K_BLOCK][DEPTHWISE_PIXELS];
} tap_block;

#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE_SUM(t) vf s##t = vf_zero();
#define LOAD_PIXEL(t) \
    (whole ? vf_load(b->pointers[k][t] + channel) : vf_load_n(b->pointers[k][t] + channel, n))
#define MULTIPLY_PIXEL(t) \
    if (pixels > t) s##t = vf_fma(LOAD_PIXEL(t), w, s##t);
#define FINISH_SILU(t) \
    if (pixels > t) finish_silu(target, t, s##t);
#define SETTLE_PIXEL(t) \
    if (pixels > t) settle_row(t, 1, finish, target, s##t, s##t, s##t, s##t);

/* Whether one block of taps is all, and silu comes after it: worth its code in registers, since most of a depthwise
 * network's outputs go through it. */
ALCK_INLINE bool is_all_silu(const tile_target *t)
{
    return t->first && t->last && t->epilogue->activation == ALCK_SILU && t->epilogue->span == NULL;
}

ALCK_INLINE void finish_silu(const tile_target *t, int64_t row, vf sum)
{
    const int64_t pixel = t->pixels[row];
    epilogue_vector(t->epilogue, ALCK_SILU, sum, pixel, t->channel, t->output + pixel * t->output_stride + t->channel,
                    VF_LANES);
}

/* `n` channels (one vector, or the part of one where not whole) of `pixels` pixels. */
ALCK_INLINE void sum_taps(int64_t pixels, bool whole, const tap_block *b, int64_t channel, int64_t n,
                          const tile_target *target)
{
    EACH_PIXEL(DECLARE_SUM)
    for (int64_t k = 0; k < b->taps; k++) {
        const vf w = whole ? vf_load(b->weight[k] + channel) : vf_load_n(b->weight[k] + channel, n);
        EACH_PIXEL(MULTIPLY_PIXEL)
    }
    if (whole && is_all_silu(target)) {
        EACH_PIXEL(FINISH_SILU)
        return;
    }
    const bool finish = settles_in_registers(target, 1);
    EACH_PIXEL(SETTLE_PIXEL)
    if (target->last && !finish)
        finish_rows(pixels, 1, target);
}

typedef void (*sum_function)(const tap_block *, int64_t, int64_t, const tile_target *);

#define DEFINE_SUM(t)                                                                                         \
    static void sum_whole_##t(const tap_block *b, int64_t channel, int64_t n, const tile_target *target)     \
    {                                                                                                         \
        sum_taps(t + 1, true, b, channel, n, target);                                                         \
    }                                                                                                         \
    static void sum_part_##t(const tap_block *b, int64_t channel, int64_t n, const tile_target *target)      \
    {                                                                                                         \
        sum_taps(t + 1, false, b, channel, n, target);                                                        \
    }
EACH_PIXEL(DEFINE_SUM)

#define WHOLE_ENTRY(t) sum_whole_##t,
#define PART_ENTRY(t) sum_part_##t,
/* By count of pixels. */
static const sum_function sum_whole[] = {NULL, EACH_PIXEL(WHOLE_ENTRY)};
static const sum_function sum_part[] = {NULL, EACH_PIXEL(PART_ENTRY)};

typedef struct depthwise_job {
    const depthwise_product *d;
    int64_t taps, row_blocks, chunks;
} depthwise_job;

/* Finds taps [first, first + b->taps) of `count` pixels from grid point (y, x) of an image on, at `channel`. */
static void find_taps(const depthwise_product *d, int64_t image, int64_t y, int64_t x, int64_t count, int64_t channel,
                      int64_t first, tap_block *b)
{
    const product *p = &d->p;
    if (b->taps == 0) /* a phase that no tap reaches: its inputs' gradient is zero */
        return;
    int64_t i = first / p->taps_x, j = first % p->taps_x;
    const alck_real *line = depthwise_line(p, image, y, i, channel);
    for (int64_t k = 0; k < b->taps; k++) {
        const int64_t ky = d->weight_y + i * d->weight_step_y, kx = d->weight_x + j * d->weight_step_x;
        b->weight[k] = d->weight + (ky * d->kernel_width + kx) * p->channels + channel;
        depthwise_point(p, line, x, count, j, b->pointers[k]);
        if (++j == p->taps_x) {
            j = 0;
            i++;
            line = depthwise_line(p, image, y, i, channel);
        }
    }
}

/* The input pixels that the row below needs beside those under this one. */
typedef struct rows_ahead {
    const alck_real *first; /* the first pixel of the first row */
    int64_t rows, row_distance, columns, column_distance;
} rows_ahead;

static rows_ahead find_ahead(const product *p, int64_t image, int64_t y, int64_t x, int64_t count, int64_t channel)
{
    rows_ahead ahead = {.row_distance = p->input_width * p->input_stride, .column_distance = p->input_stride};
    const int64_t reach_y = (p->taps_y - 1) * p->tap_step_y + 1, reach_x = (p->taps_x - 1) * p->tap_step_x + 1;
    const int64_t bottom = (y + 1) * p->step_y + p->first_y + reach_y; /* one row further */
    const int64_t left = x * p->step_x + p->first_x, right = left + (count - 1) * p->step_x + reach_x;
    const int64_t low = left > 0 ? left : 0, high = right < p->input_width ? right : p->input_width;
    const int64_t top = bottom - p->step_y > 0 ? bottom - p->step_y : 0;
    const int64_t end = bottom < p->input_height ? bottom : p->input_height;
    if (top >= end || low >= high)
        return ahead;
    ahead.first = p->input + ((image * p->input_height + top) * p->input_width + low) * p->input_stride + channel;
    ahead.rows = end - top;
    ahead.columns = high - low;
    return ahead;
}

/* Fetches one cache line of channels of each pixel. Few bytes of each are read at a time, from more places than the hardware
 * follows. */
ALCK_INLINE void fetch_ahead(const rows_ahead *ahead, int64_t channel)
{
    for (int64_t i = 0; i < ahead->rows; i++)
        for (int64_t column = 0; column < ahead->columns; column++)
            __builtin_prefetch(ahead->first + i * ahead->row_distance + column * ahead->column_distance + channel);
}

/* A few pixels of one row, some of their channels. */
static void sum_pixels(const depthwise_job *job, int64_t image, int64_t y, int64_t x, int64_t count, int64_t channel,
                       int64_t channels)
{
    const product *p = &job->d->p;
    alck_real sums[DEPTHWISE_PIXELS * DEPTHWISE_CHANNELS];
    int64_t pixels[DEPTHWISE_PIXELS];
    tap_block b;
    const int64_t row = (image * p->output_height + y * p->spread_y + p->place_y) * p->output_width;
    for (int64_t t = 0; t < count; t++)
        pixels[t] = row + (x + t) * p->spread_x + p->place_x;
    const rows_ahead ahead = find_ahead(p, image, y, x, count, channel);
    int64_t first = 0;
    do {
        b.taps = job->taps - first < K_BLOCK ? job->taps - first : K_BLOCK;
        find_taps(job->d, image, y, x, count, channel, first, &b);
        for (int64_t c = 0; c < channels; c += VF_LANES) {
            const int64_t n = channels - c < VF_LANES ? channels - c : VF_LANES;
            const tile_target target = {.sums = sums + c * DEPTHWISE_PIXELS, .first = first == 0,
                                        .last = first + b.taps == job->taps, .pixels = pixels,
                                        .output = p->output, .output_stride = p->output_stride,
                                        .channel = channel + c, .columns = n, .epilogue = p->epilogue};
            if (c % LINE_VALUES == 0)
                fetch_ahead(&ahead, c);
            (n == VF_LANES ? sum_whole[count] : sum_part[count])(&b, c, n, &target);
        }
        first += b.taps;
    } while (first < job->taps);
}

static void strip_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const depthwise_job *job = argument;
    const product *p = &job->d->p;
    const int64_t chunk = task % job->chunks, block = task / job->chunks % job->row_blocks;
    const int64_t image = task / job->chunks / job->row_blocks;
    const int64_t lines = even_parts(p->channels, LINE_VALUES), after = lines * (chunk + 1) / job->chunks * LINE_VALUES;
    const int64_t channel = lines * chunk / job->chunks * LINE_VALUES;
    const int64_t channels = (after < p->channels ? after : p->channels) - channel;
    const int64_t first = p->grid_height * block / job->row_blocks, end = p->grid_height * (block + 1) / job->row_blocks;
    const int64_t tiles = even_parts(p->grid_width, DEPTHWISE_PIXELS);
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t x = p->grid_width * tile / tiles, count = p->grid_width * (tile + 1) / tiles - x;
        for (int64_t y = first; y < end; y++)
            sum_pixels(job, image, y, x, count, channel, channels);
    }
}

/* Channels, in whole cache lines, whose input under a few pixels stays within STRIP_BYTES. */
static int64_t strip_channels(const product *p)
{
    const int64_t columns = (DEPTHWISE_PIXELS - 1) * p->step_x + p->taps_x;
    const int64_t bytes = columns * (p->taps_y > 0 ? p->taps_y : 1) * (int64_t)sizeof(alck_real);
    const int64_t lines = STRIP_BYTES / bytes / LINE_VALUES;
    const int64_t most = DEPTHWISE_CHANNELS / LINE_VALUES;
    return (lines < 1 ? 1 : lines < most ? lines : most) * LINE_VALUES;
}

static void run(const alck_parallel *par, const depthwise_product *d)
{
    const product *p = &d->p;
    const depthwise_job job = {.d = d, .taps = p->taps_y * p->taps_x, .row_blocks = even_parts(p->grid_height, STRIP_ROWS),
                               .chunks = even_parts(p->channels, strip_channels(p))};
    if (p->grid_width > 0)
        alck_spread(par, p->batch * job.row_blocks * job.chunks, strip_task, (void *)&job);
}

void ALCK_NAME(depthwise_forward)(const alck_parallel *par, const alck_conv *s, const alck_real *x,
                                  const alck_real *weight, const alck_epilogue *epilogue, alck_real *y)
{
    depthwise_product d = {.p = conv_as_product(s), .weight = weight, .kernel_width = s->kernel_width,
                           .weight_step_y = 1, .weight_step_x = 1};
    d.p.groups = 1;
    d.p.channels = s->in_channels;
    d.p.input = x;
    d.p.output = y;
    d.p.epilogue = epilogue;
    run(par, &d);
}

void ALCK_NAME(depthwise_backward_data)(const alck_parallel *par, const alck_conv *s, const alck_real *dy,
                                        const alck_real *weight, alck_real *dx, bool add)
{
    const alck_epilogue epilogue = {.add = add};
    for (int64_t i = 0; i < s->stride_y; i++)
        for (int64_t j = 0; j < s->stride_x; j++) {
            const phase y = phase_y(s, i), x = phase_x(s, j);
            depthwise_product d = {.p = phase_product(s, &y, &x), .weight = weight,
                                   .kernel_width = s->kernel_width, .weight_y = y.last_tap,
                                   .weight_x = x.last_tap, .weight_step_y = -y.tap_step,
                                   .weight_step_x = -x.tap_step};
            d.p.groups = 1;
            d.p.channels = s->in_channels;
            d.p.input = dy;
            d.p.output = dx;
            d.p.epilogue = &epilogue;
            if (y.taps * x.taps > 0 || !add)
                run(par, &d);
        }
}
