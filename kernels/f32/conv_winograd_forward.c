/* kernels/f32/conv_winograd_forward.c - cuts Winograd's convolution (conv_winograd.h), forward or for the data gradient, in
 * tasks.
 *
 * Few weights, and tiles enough to be worth reading U again for each block of them: a task is a block of tiles, few enough that
 * their V and M stay in the second cache, by all columns. Else: V of a wave of tiles is made by all workers together, then a task
 * is a block of columns by a group of tiles, so that U is read, or made, once for the whole wave. Which of the two, and how large,
 * changes no bit.
 *
 * U is the caller's where weights stay as they are. In training it is made here for one call: all of it where weights are few,
 * else each task makes its own columns', so that memory does not grow by four times the weights.
 */
#include "kernels/f32/conv_winograd.h"
#include "kernels/f32/strips.h"

/* Weights (channels times columns) up to which a block of tiles meets all of U. */
#define FEW_WEIGHTS (128 * 128)
/* Tiles from which on a group of its own pays for reading U once more. */
#define GROUP_TILES (2 * TILE_ROWS)
/* Bytes of V and M of a block of tiles, of a second cache; but two register tiles at least, so that what is read of U serves both. */
#define BLOCK_BYTES (640 << 10)
/* Bytes of V of a wave of tiles; and where U is made anew for each wave. */
#define WAVE_BYTES (8 << 20)
#define TRAINING_WAVE_BYTES (16 << 20)

typedef struct winograd_job {
    winograd w;
    bool few, packed;
    int64_t panels, column_blocks;
    int64_t block_most;                /* tiles of a block */
    int64_t wave_most;                 /* tiles of a wave */
    int64_t wave_first, wave_tiles;    /* the wave at work */
    int64_t groups, blocks;            /* of tiles: tasks of a column block in a wave; or all tasks */
    const alck_real *u;
    alck_real *v;
    char *scratch;                     /* of the workers */
    size_t shared_bytes, worker_bytes;
} winograd_job;

static size_t value_bytes(int64_t values)
{
    return (size_t)((values + LINE_VALUES - 1) / LINE_VALUES * LINE_VALUES) * sizeof(alck_real);
}

/* Values of U of panels [panel, end). */
static int64_t values_of_panels(const winograd *w, int64_t panel, int64_t end)
{
    int64_t values = 0;
    for (int64_t p = panel; p < end; p++)
        values += panel_values(w->terms, panel_vectors(w->s.out_channels, p));
    return values;
}

/* Blocks of at most `most` tiles, and for few blocks as many for each worker. */
static int64_t cut_tiles(int64_t tiles, int64_t most, int64_t workers)
{
    const int64_t blocks = even_parts(tiles, most);
    return blocks < 8 * workers ? smaller(even_parts(blocks, workers) * workers, tiles) : blocks;
}

static winograd_job plan(const winograd *w, bool packed, int workers)
{
    winograd_job job = {.w = *w, .packed = packed};
    const int64_t v_values = tile_pitch(w->terms), v_bytes = v_values * (int64_t)sizeof(alck_real);
    const int64_t m_values = tile_pitch(WINOGRAD_COLUMNS), m_bytes = m_values * (int64_t)sizeof(alck_real);
    job.few = w->s.in_channels * w->s.out_channels <= FEW_WEIGHTS && w->tiles >= w->s.out_channels; /* V >= U */
    job.panels = panel_count(w->s.out_channels);
    job.column_blocks = even_parts(job.panels, WINOGRAD_PANELS);
    if (job.few) {
        const int64_t fit = BLOCK_BYTES / (v_bytes + m_bytes) / TILE_ROWS * TILE_ROWS;
        job.block_most = smaller(WINOGRAD_TILES_MOST, larger(fit, 2 * TILE_ROWS));
        job.blocks = cut_tiles(w->tiles, job.block_most, workers);
        job.shared_bytes = packed ? 0 : value_bytes(values_of_panels(w, 0, job.panels));
        job.worker_bytes = value_bytes(smaller(job.block_most, w->tiles) * (v_values + m_values));
        return job;
    }
    const int64_t wanted = workers > 1 ? 2 * workers : 1;
    job.block_most = WINOGRAD_TILES_MOST;
    job.wave_most = larger((packed ? WAVE_BYTES : TRAINING_WAVE_BYTES) / v_bytes, WINOGRAD_TILES_MOST);
    job.column_blocks = larger(job.column_blocks, smaller(wanted, job.panels));
    job.groups = smaller(even_parts(wanted, larger(1, job.column_blocks)), even_parts(w->tiles, GROUP_TILES));
    job.shared_bytes = value_bytes(smaller(job.wave_most, w->tiles) * v_values);
    job.worker_bytes = value_bytes(smaller(job.block_most, w->tiles) * m_values);
    if (!packed)
        job.worker_bytes += value_bytes(values_of_panels(w, 0, smaller(job.panels, WINOGRAD_PANELS)));
    return job;
}

/* A block of columns of tiles [first, first + count), whose V is at `v`. */
static void multiply_tiles(const winograd_job *job, int64_t column_block, const alck_real *u, int64_t first, int64_t count,
                           const alck_real *v, alck_real *m)
{
    const int64_t panel = job->panels * column_block / job->column_blocks;
    const int64_t end = job->panels * (column_block + 1) / job->column_blocks;
    ALCK_NAME(winograd_product)(&job->w, count, v, panel, end, u, m);
    ALCK_NAME(winograd_output)(&job->w, first, count, panel, end, m);
}

static v_layout layout_of(const winograd *w)
{
    return (v_layout){position_pitch(w->terms), tile_pitch(w->terms), false};
}

/* Few weights: a block of tiles. */
static void block_task(void *argument, int64_t task, int worker)
{
    const winograd_job *job = argument;
    const int64_t first = job->w.tiles * task / job->blocks, count = job->w.tiles * (task + 1) / job->blocks - first;
    alck_real *v = (alck_real *)(void *)(job->scratch + (size_t)worker * job->worker_bytes);
    alck_real *m = v + count * tile_pitch(job->w.terms);
    const alck_real *u = job->u;
    ALCK_NAME(winograd_input)(&job->w, first, count, layout_of(&job->w), v);
    for (int64_t block = 0; block < job->column_blocks; block++) {
        multiply_tiles(job, block, u, first, count, v, m);
        u += values_of_panels(&job->w, job->panels * block / job->column_blocks,
                              job->panels * (block + 1) / job->column_blocks);
    }
}

/* Many weights: V of a block of a wave's tiles. */
static void input_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const winograd_job *job = argument;
    const int64_t first = job->wave_tiles * task / job->blocks, end = job->wave_tiles * (task + 1) / job->blocks;
    ALCK_NAME(winograd_input)(&job->w, job->wave_first + first, end - first, layout_of(&job->w),
                              job->v + first * tile_pitch(job->w.terms));
}

static void transform_panels(const winograd *w, int64_t panel, int64_t end, alck_real *u)
{
    for (int64_t p = panel; p < end; p++) {
        ALCK_NAME(winograd_weights)(w, p, u);
        u += values_of_panels(w, p, p + 1);
    }
}

/* Many weights: a block of columns of a group of a wave's tiles. */
static void column_task(void *argument, int64_t task, int worker)
{
    const winograd_job *job = argument;
    const int64_t block = task / job->groups, group = task % job->groups;
    const int64_t panel = job->panels * block / job->column_blocks;
    const int64_t from = job->wave_tiles * group / job->groups, to = job->wave_tiles * (group + 1) / job->groups;
    const int64_t parts = even_parts(to - from, job->block_most);
    alck_real *m = (alck_real *)(void *)(job->scratch + (size_t)worker * job->worker_bytes);
    alck_real *own_u = m + smaller(job->block_most, job->w.tiles) * tile_pitch(WINOGRAD_COLUMNS);
    if (!job->packed)
        transform_panels(&job->w, panel, job->panels * (block + 1) / job->column_blocks, own_u);
    const alck_real *u = job->packed ? job->u + values_of_panels(&job->w, 0, panel) : own_u;
    for (int64_t part = 0; part < parts; part++) {
        const int64_t first = from + (to - from) * part / parts, end = from + (to - from) * (part + 1) / parts;
        multiply_tiles(job, block, u, job->wave_first + first, end - first,
                       job->v + first * tile_pitch(job->w.terms), m);
    }
}

/* A panel of U. */
typedef struct weights_job {
    const winograd *w;
    alck_real *u;
} weights_job;

static void weights_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const weights_job *job = argument;
    ALCK_NAME(winograd_weights)(job->w, task, job->u + values_of_panels(job->w, 0, task));
}

static void make_weights(const alck_parallel *par, const winograd *w, alck_real *u)
{
    weights_job job = {w, u};
    alck_spread(par, panel_count(w->s.out_channels), weights_task, &job);
}

static void run_few(const alck_parallel *par, winograd_job *job, char *scratch)
{
    job->scratch = scratch + job->shared_bytes;
    if (!job->packed) {
        make_weights(par, &job->w, (alck_real *)(void *)scratch);
        job->u = (const alck_real *)(const void *)scratch;
    }
    alck_spread(par, job->blocks, block_task, job);
}

static void run_many(const alck_parallel *par, winograd_job *job, char *scratch)
{
    const int64_t waves = even_parts(job->w.tiles, job->wave_most);
    job->v = (alck_real *)(void *)scratch;
    job->scratch = scratch + job->shared_bytes;
    for (int64_t wave = 0; wave < waves; wave++) {
        job->wave_first = job->w.tiles * wave / waves;
        job->wave_tiles = job->w.tiles * (wave + 1) / waves - job->wave_first;
        job->blocks = cut_tiles(job->wave_tiles, TILE_ROWS, par->workers);
        alck_spread(par, job->blocks, input_task, job);
        alck_spread(par, job->column_blocks * job->groups, column_task, job);
    }
}

static void run(const alck_parallel *par, const winograd *w, const void *packed, void *scratch)
{
    winograd_job job = plan(w, packed != NULL, par->workers);
    job.u = packed;
    if (w->tiles == 0 || w->s.out_channels == 0)
        return;
    if (job.few)
        run_few(par, &job, scratch);
    else
        run_many(par, &job, scratch);
}

winograd ALCK_NAME(winograd_of)(const alck_conv *s)
{
    winograd w = {.s = *s};
    w.s.in_stride = conv_in_stride(s);
    w.s.out_stride = conv_out_stride(s);
    w.tiles_y = even_parts(s->out_height, WINOGRAD_OUTPUTS);
    w.tiles_x = even_parts(s->out_width, WINOGRAD_OUTPUTS);
    w.tiles = s->batch * w.tiles_y * w.tiles_x;
    w.terms = terms_of(s->operands, s->in_channels);
    return w;
}

/* The convolution of the output's gradient, whose taps are turned, that a data gradient is. */
static winograd turned_of(const alck_conv *s)
{
    alck_conv turned = *s;
    turned.in_height = s->out_height;
    turned.in_width = s->out_width;
    turned.in_channels = s->out_channels;
    turned.in_stride = conv_out_stride(s);
    turned.out_height = s->in_height;
    turned.out_width = s->in_width;
    turned.out_channels = s->in_channels;
    turned.out_stride = conv_in_stride(s);
    turned.pad_top = WINOGRAD_TAPS - 1 - s->pad_top;
    turned.pad_left = WINOGRAD_TAPS - 1 - s->pad_left;
    winograd w = ALCK_NAME(winograd_of)(&turned);
    w.turned = true;
    return w;
}

static size_t scratch_bytes(const winograd *w, bool packed, int workers)
{
    const winograd_job job = plan(w, packed, workers);
    return job.shared_bytes + (size_t)workers * job.worker_bytes;
}

size_t ALCK_NAME(winograd_packed_bytes)(const alck_conv *s)
{
    const winograd w = ALCK_NAME(winograd_of)(s);
    return value_bytes(values_of_panels(&w, 0, panel_count(s->out_channels)));
}

void ALCK_NAME(winograd_pack)(const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed)
{
    winograd w = ALCK_NAME(winograd_of)(s);
    w.weight = weight;
    make_weights(par, &w, packed);
}

size_t ALCK_NAME(winograd_forward_scratch_bytes)(const alck_conv *s, bool packed, int workers)
{
    const winograd w = ALCK_NAME(winograd_of)(s);
    return scratch_bytes(&w, packed, workers);
}

void ALCK_NAME(winograd_forward)(const alck_parallel *par, const alck_conv *s, const alck_real *x, const alck_real *weight,
                                 const void *packed, const alck_epilogue *epilogue, alck_real *y, void *scratch)
{
    winograd w = ALCK_NAME(winograd_of)(s);
    w.input = x;
    w.weight = weight;
    w.output = y;
    w.epilogue = epilogue;
    run(par, &w, packed, scratch);
}

size_t ALCK_NAME(winograd_backward_data_scratch_bytes)(const alck_conv *s, int workers)
{
    const winograd w = turned_of(s);
    return scratch_bytes(&w, false, workers);
}

void ALCK_NAME(winograd_backward_data)(const alck_parallel *par, const alck_conv *s, const alck_real *dy,
                                       const alck_real *weight, alck_real *dx, bool add, void *scratch)
{
    const alck_epilogue epilogue = {.add = add};
    winograd w = turned_of(s);
    w.input = dy;
    w.weight = weight;
    w.output = dx;
    w.epilogue = &epilogue;
    run(par, &w, NULL, scratch);
}
