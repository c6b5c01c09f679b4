/* kernels/f32/depthwise.c - depthwise convolution, forward, and the sums that its input's gradient is made of too.
 *
 * An output is one chain over the taps in order (ky, kx), in blocks of 256 taps.
 *
 * Where taps lie side by side (no dilation), an input value is loaded once for all the pixels of a row that it is a tap of:
 * sum_lines. Its order of addition is the same, for the inputs of a row are taken in ascending columns.
 *
 * A task is some rows of an image and some channels. It walks down strips a few pixels wide: of the rows of taps under one
 * output row all but the last are in the first cache from the output row above, so that an input value comes from the second
 * cache about once and not once for each row of taps.
 */
#include "kernels/f32/depthwise.h"
#include "kernels/f32/map_sums.h"
#include "kernels/f32/settle.h"

#include <math.h>

const alck_real ALCK_NAME(depthwise_zeros)[DEPTHWISE_CHANNELS];

/* Bytes of input under the pixels that are summed together: well within a first cache. */
#define STRIP_BYTES ((int64_t)20 << 10)

/* A block of taps: where each of a few pixels finds it, and its weights. */
typedef struct tap_block {
    int64_t taps;
    alck_real floor; /* of input values: zero, or -infinity */
    const alck_real *weight[K_BLOCK];
    const alck_real *pointers[K_BLOCK][DEPTHWISE_PIXELS];
} tap_block;

#define EACH_PIXEL(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE_SUM(t) vf s##t = vf_zero();
#define LOAD_PIXEL(t) \
    vf_larger(least, whole ? vf_load(b->pointers[k][t] + channel) : vf_load_n(b->pointers[k][t] + channel, n))
#define MULTIPLY_PIXEL(t) \
    if (rows > t) s##t = vf_fma(LOAD_PIXEL(t), w, s##t);
#define STORE_PIXEL(t) \
    if (rows > t) vf_store(output + pixels[t] * output_stride, s##t);
#define ADD_TO_SUM(t) \
    if (rows > t) s##t = vf_add(vf_load(sums + t * VF_LANES), s##t);
#define KEEP_SUM(t) \
    if (rows > t) vf_store(sums + t * VF_LANES, s##t);
#define FINISH_SILU(t) \
    if (rows > t) finish_silu(&epilogue, finished, t, s##t);
/* What becomes of the sums. There are many of these functions, and the code of every epilogue in each of them would be most of the
 * kernels: so from registers goes what is stored as it is, and `silu`, a constant. */
#define FINISH(target, silu)                                                    \
    do {                                                                        \
        const tile_target *const finished = target;                             \
        if (whole && is_all(finished) && is_plain(finished->epilogue)) {        \
            const int64_t *const pixels = finished->pixels;                     \
            const int64_t output_stride = finished->output_stride;              \
            alck_real *const output = finished->output;                         \
            EACH_PIXEL(STORE_PIXEL)                                             \
        } else if ((silu) && is_all(finished) && is_silu(finished->epilogue)) { \
            const alck_epilogue epilogue = *finished->epilogue;                 \
            EACH_PIXEL(FINISH_SILU)                                             \
        } else {                                                                \
            alck_real *const sums = finished->sums;                             \
            if (!finished->first) {                                             \
                EACH_PIXEL(ADD_TO_SUM)                                          \
            }                                                                   \
            EACH_PIXEL(KEEP_SUM)                                                \
            if (finished->last)                                                 \
                finish_rows(rows, 1, finished);                                 \
        }                                                                       \
    } while (0)

/* Pixels from which on silu is worth its code: rows of 7, 14, 28, 56 and 112 are cut into as many or more. */
#define SILU_PIXELS 7

/* Whether one block of taps is all. */
ALCK_INLINE bool is_all(const tile_target *t)
{
    return t->first && t->last;
}

ALCK_INLINE bool is_plain(const alck_epilogue *e)
{
    return !e->add && epilogue_only_stores(e);
}

ALCK_INLINE bool is_silu(const alck_epilogue *e)
{
    return e->activation == ALCK_SILU && e->span == NULL;
}

ALCK_INLINE void finish_silu(const alck_epilogue *e, const tile_target *t, int64_t row, vf sum)
{
    const int64_t pixel = t->pixels[row];
    epilogue_vector(e, ALCK_SILU, sum, pixel, t->channel, t->output + pixel * t->output_stride, VF_LANES);
}

/* `n` channels (one vector, or the part of one where not whole) of `rows` pixels. */
ALCK_INLINE void sum_taps(int64_t rows, bool whole, const tap_block *b, int64_t channel, int64_t n,
                          const tile_target *target)
{
    const vf least = vf_set1(b->floor);
    EACH_PIXEL(DECLARE_SUM)
    for (int64_t k = 0; k < b->taps; k++) {
        const vf w = whole ? vf_load(b->weight[k] + channel) : vf_load_n(b->weight[k] + channel, n);
        EACH_PIXEL(MULTIPLY_PIXEL)
    }
    FINISH(target, false);
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

/* The input pixels that the row below needs beside those under this one. */
typedef struct rows_ahead {
    const alck_real *first; /* the first pixel of the first row */
    int64_t rows, row_distance, columns, column_distance;
} rows_ahead;

/* Fetches one cache line of channels of each pixel. Few bytes of each are read at a time, from more places than the hardware
 * follows. */
ALCK_INLINE void fetch_ahead(const rows_ahead *ahead, int64_t channel)
{
    for (int64_t i = 0; i < ahead->rows; i++)
        for (int64_t column = 0; column < ahead->columns; column++)
            __builtin_prefetch(ahead->first + i * ahead->row_distance + column * ahead->column_distance + channel);
}

/* ---- taps side by side ---- */

/* Taps of a row, and pixels between two outputs, that have code of their own. */
#define LINE_TAPS_MOST 5
#define LINE_STEP_MOST 2
/* Output pixels that are worth it; fewer have few inputs in common. */
#define LINE_PIXELS_LEAST 4
/* Rows of taps; input pixels under a row of outputs. */
#define LINES_MOST 16
#define INPUTS_MOST ((DEPTHWISE_PIXELS - 1) * LINE_STEP_MOST + LINE_TAPS_MOST)

/* All taps of a few pixels: for each row of taps where its inputs lie, and its first tap's weights. */
typedef struct tap_lines {
    int64_t lines, weight_step; /* values from a tap's weights to those of the next tap of the row */
    const alck_real *weight[LINES_MOST];
    const alck_real *inputs[LINES_MOST][INPUTS_MOST];
} tap_lines;

typedef void (*lines_function)(const tap_lines *, const rows_ahead *, int64_t, const tile_target *);

#ifdef ALCK_SCALAR
/* None: a call of fmaf for each tap outweighs the loads, and all this code is a twentieth of the library. */
static lines_function find_lines_function(const product *p, int64_t count)
{
    (void)p;
    (void)count;
    return NULL;
}
#else
#define LINE_WEIGHT(j) ((j) == 0 ? w0 : (j) == 1 ? w1 : (j) == 2 ? w2 : (j) == 3 ? w3 : w4)
/* Output t's tap of input x, if there is one. */
#define TAKE(t, x)                                                                \
    if (rows > t && (x) - t * step >= 0 && (x) - t * step < taps)                 \
        s##t = vf_fma(value, LINE_WEIGHT((x) - t * step), s##t);
#define TAKE_INPUT(x)                                                             \
    if ((x) < (rows - 1) * step + taps) {                                         \
        const vf input = vf_load(inputs[x] + channel);                            \
        const vf value = relu ? vf_relu(input) : input;                           \
        TAKE(0, x) TAKE(1, x) TAKE(2, x) TAKE(3, x) TAKE(4, x) TAKE(5, x) TAKE(6, x) TAKE(7, x) \
    }

/* `channels`, whole vectors, of `rows` pixels, `step` inputs apart, with `taps` taps a row. */
ALCK_INLINE void sum_lines(int64_t rows, int64_t taps, int64_t step, bool relu, const tap_lines *b, const rows_ahead *ahead,
                           int64_t channels, const tile_target *target)
{
    const int64_t weight_step = b->weight_step, lines = b->lines;
    const bool whole = true;
    for (int64_t channel = 0; channel < channels; channel += VF_LANES) {
        if (channel % LINE_VALUES == 0)
            fetch_ahead(ahead, channel);
        EACH_PIXEL(DECLARE_SUM)
        for (int64_t i = 0; i < lines; i++) {
            const alck_real *const *inputs = b->inputs[i];
            const alck_real *weight = b->weight[i] + channel;
            const vf w0 = vf_load(weight), w1 = taps > 1 ? vf_load(weight + weight_step) : w0;
            const vf w2 = taps > 2 ? vf_load(weight + 2 * weight_step) : w0;
            const vf w3 = taps > 3 ? vf_load(weight + 3 * weight_step) : w0;
            const vf w4 = taps > 4 ? vf_load(weight + 4 * weight_step) : w0;
            TAKE_INPUT(0) TAKE_INPUT(1) TAKE_INPUT(2) TAKE_INPUT(3) TAKE_INPUT(4) TAKE_INPUT(5) TAKE_INPUT(6)
            TAKE_INPUT(7) TAKE_INPUT(8) TAKE_INPUT(9) TAKE_INPUT(10) TAKE_INPUT(11) TAKE_INPUT(12) TAKE_INPUT(13)
            TAKE_INPUT(14) TAKE_INPUT(15) TAKE_INPUT(16) TAKE_INPUT(17) TAKE_INPUT(18)
        }
        tile_target at = *target;
        at.channel += channel;
        at.output += channel;
        FINISH(&at, rows >= SILU_PIXELS && !relu);
    }
}

#define EACH_LINE_COUNT(X, taps, step, relu) \
    X(4, taps, step, relu) X(5, taps, step, relu) X(6, taps, step, relu) X(7, taps, step, relu) X(8, taps, step, relu)
#define DEFINE_LINES(rows, taps, step, relu)                                                                          \
    static void lines_##rows##_##taps##_##step##_##relu(const tap_lines *b, const rows_ahead *ahead, int64_t channels, \
                                                        const tile_target *target)                                    \
    {                                                                                                                 \
        sum_lines(rows, taps, step, relu, b, ahead, channels, target);                                                \
    }
EACH_LINE_COUNT(DEFINE_LINES, 3, 1, 0)
EACH_LINE_COUNT(DEFINE_LINES, 3, 2, 0)
EACH_LINE_COUNT(DEFINE_LINES, 5, 1, 0)
EACH_LINE_COUNT(DEFINE_LINES, 5, 2, 0)
EACH_LINE_COUNT(DEFINE_LINES, 3, 1, 1) /* Xception's; others clamp in sum_taps */

#define LINE_COUNTS (DEPTHWISE_PIXELS - LINE_PIXELS_LEAST + 1)
#define LINES_ENTRY(rows, taps, step, relu) lines_##rows##_##taps##_##step##_##relu,
/* By step, by taps of a row (3 or 5), by count of pixels from LINE_PIXELS_LEAST on. */
static const lines_function lines_functions[LINE_STEP_MOST][2][LINE_COUNTS] = {
    {{EACH_LINE_COUNT(LINES_ENTRY, 3, 1, 0)}, {EACH_LINE_COUNT(LINES_ENTRY, 5, 1, 0)}},
    {{EACH_LINE_COUNT(LINES_ENTRY, 3, 2, 0)}, {EACH_LINE_COUNT(LINES_ENTRY, 5, 2, 0)}}};
static const lines_function lines_functions_of_relu[LINE_COUNTS] = {EACH_LINE_COUNT(LINES_ENTRY, 3, 1, 1)};

/* The function for so many pixels of this product, NULL where there is none. */
static lines_function find_lines_function(const product *p, int64_t count)
{
    const bool fits = p->tap_step_x == 1 && (p->taps_x == 3 || p->taps_x == 5) && p->step_x <= LINE_STEP_MOST
                      && p->taps_y <= LINES_MOST && p->taps_y > 0 && count >= LINE_PIXELS_LEAST;
    if (p->reading.activation == ALCK_RELU)
        return fits && p->taps_x == 3 && p->step_x == 1 ? lines_functions_of_relu[count - LINE_PIXELS_LEAST] : NULL;
    return fits ? lines_functions[p->step_x - 1][p->taps_x / 5][count - LINE_PIXELS_LEAST] : NULL;
}
#endif

#define WHOLE_ENTRY(t) sum_whole_##t,
#define PART_ENTRY(t) sum_part_##t,
/* By count of pixels. */
static const sum_function sum_whole[] = {NULL, EACH_PIXEL(WHOLE_ENTRY)};
static const sum_function sum_part[] = {NULL, EACH_PIXEL(PART_ENTRY)};

_Static_assert(DEPTHWISE_PIXELS == STRIP_COLUMNS, "a map's values are added up in the strips in which they are made");

typedef struct depthwise_job {
    const depthwise_product *d;
    int64_t taps, bands, chunks;
    double *sums; /* [image][band][channel] of the outputs; NULL: not wanted */
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

/* The same for sum_lines: where the inputs under `count` pixels lie. */
static void find_lines(const depthwise_product *d, int64_t image, int64_t y, int64_t x, int64_t count, int64_t channel,
                       tap_lines *b)
{
    const product *p = &d->p;
    const int64_t inputs = (count - 1) * p->step_x + p->taps_x, first = x * p->step_x + p->first_x;
    b->lines = p->taps_y;
    b->weight_step = d->weight_step_x * p->channels;
    for (int64_t i = 0; i < p->taps_y; i++) {
        const alck_real *line = depthwise_line(p, image, y, i, channel);
        const int64_t ky = d->weight_y + i * d->weight_step_y;
        b->weight[i] = d->weight + (ky * d->kernel_width + d->weight_x) * p->channels + channel;
        for (int64_t j = 0; j < inputs; j++)
            b->inputs[i][j] = line != NULL && first + j >= 0 && first + j < p->input_width
                                  ? line + (first + j) * p->input_stride
                                  : ALCK_NAME(depthwise_zeros);
    }
}

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

/* Some channels of a few pixels of one image row. */
typedef struct pixel_block {
    int64_t image, y, x, count;
    int64_t channel, channels;
    int64_t pixels[DEPTHWISE_PIXELS]; /* of the output */
} pixel_block;

/* What a vector of channels from the block's channel c on, or the part of one, is told. */
ALCK_INLINE tile_target target_of(const product *p, const pixel_block *at, int64_t c, alck_real *sums)
{
    const int64_t n = at->channels - c < VF_LANES ? at->channels - c : VF_LANES;
    return (tile_target){.sums = sums + c * DEPTHWISE_PIXELS, .first = true, .last = true, .pixels = at->pixels,
                         .channel = at->channel + c, .columns = n, .output = p->output + at->channel + c,
                         .output_stride = p->output_stride, .epilogue = p->epilogue};
}

/* The whole vectors of channels of a block, with `function`; returns how many channels that were. */
static int64_t sum_whole_lines(const depthwise_job *job, const pixel_block *at, const rows_ahead *ahead,
                               lines_function function, alck_real *sums)
{
    const int64_t whole = at->channels / VF_LANES * VF_LANES;
    tap_lines b;
    if (whole > 0) {
        tile_target target = target_of(&job->d->p, at, 0, sums);
        target.columns = VF_LANES;
        find_lines(job->d, at->image, at->y, at->x, at->count, at->channel, &b);
        function(&b, ahead, whole, &target);
    }
    return whole;
}

ALCK_ONCE void sum_pixels(const depthwise_job *job, const pixel_block *at)
{
    const product *p = &job->d->p;
    alck_real sums[DEPTHWISE_PIXELS * DEPTHWISE_CHANNELS];
    tap_block b;
    const rows_ahead ahead = find_ahead(p, at->image, at->y, at->x, at->count, at->channel);
    const lines_function function = find_lines_function(p, at->count);
    const int64_t done = function != NULL ? sum_whole_lines(job, at, &ahead, function, sums) : 0;
    if (done == at->channels)
        return;
    int64_t first = 0;
    b.floor = p->reading.activation == ALCK_RELU ? 0 : -(alck_real)INFINITY;
    do {
        b.taps = job->taps - first < K_BLOCK ? job->taps - first : K_BLOCK;
        find_taps(job->d, at->image, at->y, at->x, at->count, at->channel, first, &b);
        for (int64_t c = done; c < at->channels; c += VF_LANES) {
            tile_target target = target_of(p, at, c, sums);
            target.first = first == 0;
            target.last = first + b.taps == job->taps;
            if (c % LINE_VALUES == 0)
                fetch_ahead(&ahead, c);
            (target.columns == VF_LANES ? sum_whole : sum_part)[at->count](&b, c, target.columns, &target);
        }
        first += b.taps;
    } while (first < job->taps);
}

static void find_pixels(const product *p, pixel_block *at)
{
    const int64_t row = (at->image * p->output_height + at->y * p->spread_y + p->place_y) * p->output_width;
    for (int64_t t = 0; t < at->count; t++)
        at->pixels[t] = row + (at->x + t) * p->spread_x + p->place_x;
}

/* Rows [first, end), strip by strip; their sums too, where they are wanted. */
ALCK_ONCE void sum_strips(const depthwise_job *job, pixel_block *at, int64_t first, int64_t end, map_sums *sums)
{
    const product *p = &job->d->p;
    const int64_t count = ceil_divide(p->grid_width, DEPTHWISE_PIXELS);
    for (int64_t strip = 0; strip < count; strip++) {
        at->x = p->grid_width * strip / count;
        at->count = p->grid_width * (strip + 1) / count - at->x;
        for (at->y = first; at->y < end; at->y++) {
            find_pixels(p, at);
            sum_pixels(job, at);
            if (sums != NULL)
                ALCK_NAME(map_sums_add)(sums, p->output + at->pixels[0] * p->output_stride + at->channel, at->count,
                                        p->output_stride);
        }
        if (sums != NULL)
            ALCK_NAME(map_sums_end_strip)(sums);
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

void ALCK_NAME(depthwise_rows)(const depthwise_product *d, const depthwise_part *part, int64_t first, int64_t end)
{
    const depthwise_job job = {.d = d, .taps = d->p.taps_y * d->p.taps_x};
    const int64_t most = strip_channels(&d->p);
    for (int64_t done = 0; done < part->channels; done += most) {
        pixel_block at = {.image = part->image, .channel = part->channel + done, .channels = smaller(part->channels - done, most)};
        sum_strips(&job, &at, first, end, NULL);
    }
}

static void strip_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const depthwise_job *job = argument;
    const product *p = &job->d->p;
    const int64_t chunk = task % job->chunks, band = task / job->chunks % job->bands;
    const int64_t image = task / job->chunks / job->bands;
    const int64_t lines = ceil_divide(p->channels, LINE_VALUES), after = lines * (chunk + 1) / job->chunks * LINE_VALUES;
    const int64_t channel = lines * chunk / job->chunks * LINE_VALUES;
    const int64_t channels = (after < p->channels ? after : p->channels) - channel;
    const int64_t first = p->grid_height * band / job->bands, end = p->grid_height * (band + 1) / job->bands;
    pixel_block at = {.image = image, .channel = channel, .channels = channels};
    map_sums sums;
    if (job->sums == NULL) {
        sum_strips(job, &at, first, end, NULL);
        return;
    }
    ALCK_NAME(map_sums_begin)(&sums, channels);
    sum_strips(job, &at, first, end, &sums);
    memcpy(job->sums + (image * job->bands + band) * p->channels + channel, sums.band, (size_t)channels * sizeof *sums.band);
}

static void run(const alck_parallel *par, const depthwise_product *d, double *sums)
{
    const product *p = &d->p;
    const depthwise_job job = {.d = d, .taps = p->taps_y * p->taps_x, .bands = ceil_divide(p->grid_height, BAND_ROWS),
                               .chunks = ceil_divide(p->channels, strip_channels(p)), .sums = sums};
    if (p->grid_width > 0)
        alck_spread(par, p->batch * job.bands * job.chunks, strip_task, (void *)&job);
}

ALCK_ONCE depthwise_product forward_product(const alck_conv *s, const alck_real *x, const alck_real *weight,
                                         const alck_epilogue *epilogue)
{
    depthwise_product d = {.p = conv_as_product(s), .weight = weight, .kernel_width = s->kernel_width,
                           .weight_step_y = 1, .weight_step_x = 1};
    d.p.groups = 1;
    d.p.channels = s->in_channels;
    d.p.input = x;
    d.p.epilogue = epilogue;
    return d;
}

size_t ALCK_NAME(depthwise_averages_scratch_bytes)(const alck_conv *s)
{
    return (size_t)(s->batch * ceil_divide(s->out_height, BAND_ROWS) * s->out_channels) * sizeof(double);
}

static void find_averages(const alck_conv *s, const alck_averages *averages)
{
    const int64_t bands = ceil_divide(s->out_height, BAND_ROWS);
    const double *sums = averages->scratch, pixels = (double)(s->out_height * s->out_width);
    for (int64_t image = 0; image < s->batch; image++, sums += bands * s->out_channels)
        for (int64_t c = 0; c < s->out_channels; c++) {
            double total = 0;
            for (int64_t band = 0; band < bands; band++)
                total += sums[band * s->out_channels + c];
            averages->values[image * averages->stride + c] = (alck_real)(total / pixels);
        }
}

void ALCK_NAME(depthwise_forward)(const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *weight,
                                  const alck_epilogue *epilogue, alck_real *y, const alck_averages *averages)
{
    depthwise_product d = forward_product(s, x, weight, epilogue);
    d.p.output = y;
    run(par, &d, averages != NULL ? averages->scratch : NULL);
    if (averages != NULL)
        find_averages(s, averages);
}

/* Where columns [first, end) of the image cross the runs. Pixel i, counted through all runs, goes to i * output_stride. */
static void form_strip(const depthwise_job *job, const grid_run *run, int64_t runs, int64_t first, int64_t end, int64_t channels)
{
    pixel_block at = {.channels = channels};
    for (int64_t before = 0; runs > 0; before += run->count, run++, runs--) {
        at.image = run->image;
        at.y = run->y;
        at.x = larger(first, run->x);
        at.count = smaller(end, run->x + run->count) - at.x;
        for (int64_t t = 0; t < at.count; t++)
            at.pixels[t] = before + at.x - run->x + t;
        if (at.count > 0)
            sum_pixels(job, &at);
    }
}

void ALCK_NAME(depthwise_form)(const alck_depthwise *source, const alck_real *x, const grid_run *run, int64_t runs,
                               int64_t channel, int64_t channels, alck_real *to, int64_t stride)
{
    alck_epilogue epilogue = source->epilogue;
    depthwise_product d = forward_product(source->shape, x, source->weight, &epilogue);
    const depthwise_job job = {.d = &d, .taps = d.p.taps_y * d.p.taps_x};
    const int64_t most = strip_channels(&d.p), tiles = ceil_divide(d.p.grid_width, DEPTHWISE_PIXELS);
    d.p.output_stride = stride;
    for (int64_t done = 0; done < channels; done += most) {
        /* the channels wanted are the first ones of a product that begins with them */
        d.p.input = x + channel + done;
        d.p.output = to + done;
        d.weight = source->weight + channel + done;
        if (epilogue.bias != NULL)
            epilogue.bias = source->epilogue.bias + channel + done;
        for (int64_t tile = 0; tile < tiles; tile++)
            form_strip(&job, run, runs, d.p.grid_width * tile / tiles, d.p.grid_width * (tile + 1) / tiles,
                       smaller(channels - done, most));
    }
}
