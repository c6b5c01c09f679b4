/* kernels/f32/conv_winograd_forward.c - cuts Winograd's convolution (conv_winograd.h), forward or for the data gradient, in
 * tasks.
 *
 * Few weights, and tiles enough to be worth reading U again for each block of them: a task is a block of tiles, few enough that
 * their V and M stay in the second cache, by all columns. Else V of a wave of tiles is made by all workers together. Where U is the
 * caller's, for weights that stay as they are, the 36 products are then those of a convolution of 36 groups (product.h), whose
 * pixels are the tiles, so that each reads its part of V and of U once, and M becomes pixels at last. In training, U is made for one
 * call: a task makes that of a few columns, which stays in its caches, and finishes them, so that memory does not grow by four times
 * the weights; where weights are few, all of it is made first. Which of the three, and how large, changes no bit.
 */
#include "kernels/f32/conv_winograd.h"

/* Tiles from which on a group of its own pays for making U once more. */
#define GROUP_TILES (2 * TILE_ROWS)
/* Bytes of V and M of a block of tiles, of a second cache; but two register tiles at least, so that what is read of U serves both. */
#define BLOCK_BYTES (640 << 10)
/* Bytes of V and M of a wave of tiles; of V where U is made anew for each wave. */
#define WAVE_BYTES (12 << 20)
#define TRAINING_WAVE_BYTES (16 << 20)

typedef struct winograd_job {
    winograd w;
    bool few, packed;
    int64_t panels, column_blocks;
    int64_t block_most;                /* tiles of a block */
    int64_t wave_most;                 /* tiles of a wave */
    int64_t wave_first, wave_tiles;    /* the wave at work */
    int64_t groups, blocks;            /* of tiles: tasks of a column block in a wave; or all tasks */
    int64_t panel, end;                /* the panels at work */
    const alck_real *u;
    alck_real *v, *m;
    char *scratch;                     /* of the workers */
    size_t u_bytes, v_bytes, m_bytes;  /* of all workers */
    size_t worker_bytes;
} winograd_job;

/* Blocks of at most `most` tiles, and for few blocks as many for each worker. */
static int64_t cut_tiles(int64_t tiles, int64_t most, int64_t workers)
{
    const int64_t blocks = ceil_divide(tiles, most);
    return blocks < 8 * workers ? smaller(ceil_divide(blocks, workers) * workers, tiles) : blocks;
}

/* The products of a wave and of panels [panel, end), but for where they lie. */
static product wave_product(const winograd *w, int64_t tiles, int64_t panel, int64_t end)
{
    const int64_t width = width_of_panels(w, panel, end);
    return (product){.groups = WINOGRAD_POSITIONS, .columns = width, .input_height = 1, .input_width = tiles,
                     .input_stride = tile_pitch(w->terms), .channels = w->terms, .taps_y = 1, .taps_x = 1, .stretch_taps = 1,
                     .step_y = 1, .step_x = 1, .tap_step_y = 1, .tap_step_x = 1, .batch = 1, .grid_height = 1, .grid_width = tiles,
                     .output_height = 1, .output_width = tiles, .output_stride = tile_pitch(width), .spread_y = 1, .spread_x = 1,
                     .operands = w->s.operands, .paired = w->s.operands != ALCK_REALS};
}

static int64_t tiles_in(int64_t bytes, int64_t values)
{
    return bytes / (values * (int64_t)sizeof(alck_real));
}

/* A worker's block: M, of one step of columns, and V where `with_v`. */
static void plan_blocks(winograd_job *job, bool with_v)
{
    const winograd *w = &job->w;
    const int64_t m_values = tile_pitch(width_of_panels(w, 0, smaller(job->panels, WINOGRAD_PANELS)));
    const int64_t values = m_values + (with_v ? tile_pitch(w->terms) : 0);
    const int64_t fit = tiles_in(BLOCK_BYTES, values) / TILE_ROWS * TILE_ROWS;
    job->block_most = smaller(WINOGRAD_TILES_MOST, larger(fit, 2 * TILE_ROWS));
    job->worker_bytes = value_bytes(smaller(job->block_most, w->tiles) * values);
}

static void plan_wave(winograd_job *job, int64_t fit)
{
    const int64_t waves = ceil_divide(job->w.tiles, larger(fit, WINOGRAD_TILES_MOST));
    job->wave_most = ceil_divide(job->w.tiles, larger(1, waves));
    job->v_bytes = value_bytes(job->wave_most * tile_pitch(job->w.terms));
}

/* U is the caller's. */
static void plan_products(winograd_job *job)
{
    const winograd *w = &job->w;
    const int64_t together = panels_together(w, true);
    const int64_t m_values = tile_pitch(width_of_panels(w, 0, smaller(together, job->panels)));
    plan_wave(job, tiles_in(WAVE_BYTES, tile_pitch(w->terms) + m_values));
    job->m_bytes = value_bytes(job->wave_most * m_values);
}

/* U is made by each task. */
static void plan_columns(winograd_job *job, int workers)
{
    const winograd *w = &job->w;
    const int64_t wanted = workers > 1 ? 2 * workers : 1;
    plan_blocks(job, false);
    plan_wave(job, tiles_in(TRAINING_WAVE_BYTES, tile_pitch(w->terms)));
    job->column_blocks = larger(ceil_divide(job->panels, WINOGRAD_PANELS), smaller(wanted, job->panels));
    job->groups = smaller(ceil_divide(wanted, larger(1, job->column_blocks)), ceil_divide(w->tiles, GROUP_TILES));
    job->worker_bytes += value_bytes(u_values(w, 0, smaller(job->panels, WINOGRAD_PANELS)));
}

static winograd_job plan(const winograd *w, bool packed, int workers)
{
    winograd_job job = {.w = *w, .packed = packed};
    job.few = few_weights(w) && w->tiles >= w->s.out_channels; /* V >= U */
    job.panels = panel_count(w->s.out_channels);
    if (job.few) {
        plan_blocks(&job, true);
        job.blocks = cut_tiles(w->tiles, job.block_most, workers);
        job.u_bytes = packed ? 0 : value_bytes(u_values(w, 0, job.panels));
    } else if (packed) {
        plan_products(&job);
    } else {
        plan_columns(&job, workers);
    }
    return job;
}

/* A worker's scratch. */
static alck_real *worker_values(const winograd_job *job, int worker)
{
    return (alck_real *)(void *)(job->scratch + (size_t)worker * job->worker_bytes);
}

/* Few weights: a block of tiles. */
static void block_task(void *argument, int64_t task, int worker)
{
    const winograd_job *job = argument;
    const winograd *w = &job->w;
    const int64_t first = w->tiles * task / job->blocks, count = w->tiles * (task + 1) / job->blocks - first;
    alck_real *v = worker_values(job, worker), *m = v + count * tile_pitch(w->terms);
    ALCK_NAME(winograd_input)(w, first, count, layout_of(w), v);
    for (int64_t panel = 0; panel < job->panels; panel += WINOGRAD_PANELS) {
        const int64_t end = smaller(panel + WINOGRAD_PANELS, job->panels);
        ALCK_NAME(winograd_product)(w, count, v, panel, end, job->u + u_values(w, 0, panel), m);
        ALCK_NAME(winograd_output)(w, first, count, panel, end, m);
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

/* Pixels from M of the panels at work. */
static void output_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const winograd_job *job = argument;
    const int64_t first = job->wave_tiles * task / job->blocks, end = job->wave_tiles * (task + 1) / job->blocks;
    ALCK_NAME(winograd_output)(&job->w, job->wave_first + first, end - first, job->panel, job->end,
                               job->m + first * tile_pitch(width_of_panels(&job->w, job->panel, job->end)));
}

static void run_products(const alck_parallel *par, winograd_job *job)
{
    const winograd *w = &job->w;
    const alck_epilogue none = {0};
    for (job->panel = 0; job->panel < job->panels; job->panel = job->end) {
        job->end = smaller(job->panel + panels_together(w, true), job->panels);
        product p = wave_product(w, job->wave_tiles, job->panel, job->end);
        p.panels = job->u + u_values(w, 0, job->panel);
        p.input = job->v;
        p.output = job->m;
        p.epilogue = &none;
        ALCK_NAME(product_run)(par, &p, job->scratch);
        alck_spread(par, job->blocks, output_task, job);
    }
}

/* In training: a block of columns of a group of a wave's tiles. */
static void column_task(void *argument, int64_t task, int worker)
{
    const winograd_job *job = argument;
    const winograd *w = &job->w;
    const int64_t block = task / job->groups, group = task % job->groups;
    const int64_t panel = job->panels * block / job->column_blocks, panel_end = job->panels * (block + 1) / job->column_blocks;
    const int64_t from = job->wave_tiles * group / job->groups, to = job->wave_tiles * (group + 1) / job->groups;
    const int64_t parts = ceil_divide(to - from, job->block_most);
    alck_real *u = worker_values(job, worker), *m = u + u_values(w, 0, smaller(job->panels, WINOGRAD_PANELS));
    for (int64_t p = panel; p < panel_end; p++)
        ALCK_NAME(winograd_weights)(w, panel, panel_end, p, u);
    for (int64_t part = 0; part < parts; part++) {
        const int64_t first = from + (to - from) * part / parts, end = from + (to - from) * (part + 1) / parts;
        ALCK_NAME(winograd_product)(w, end - first, job->v + first * tile_pitch(w->terms), panel, panel_end, u, m);
        ALCK_NAME(winograd_output)(w, job->wave_first + first, end - first, panel, panel_end, m);
    }
}

static void run_waves(const alck_parallel *par, winograd_job *job)
{
    const int64_t waves = ceil_divide(job->w.tiles, job->wave_most);
    for (int64_t wave = 0; wave < waves; wave++) {
        job->wave_first = job->w.tiles * wave / waves;
        job->wave_tiles = job->w.tiles * (wave + 1) / waves - job->wave_first;
        job->blocks = cut_tiles(job->wave_tiles, TILE_ROWS, par->workers);
        alck_spread(par, job->blocks, input_task, job);
        if (job->packed)
            run_products(par, job);
        else
            alck_spread(par, job->column_blocks * job->groups, column_task, job);
    }
}

static void run(const alck_parallel *par, const winograd *w, const void *packed, void *scratch)
{
    winograd_job job = plan(w, packed != NULL, par->workers);
    char *memory = scratch;
    if (w->tiles == 0 || w->s.out_channels == 0)
        return;
    job.u = packed ? packed : scratch;
    job.v = (alck_real *)(void *)(memory + job.u_bytes);
    job.m = (alck_real *)(void *)(memory + job.u_bytes + job.v_bytes);
    job.scratch = memory + job.u_bytes + job.v_bytes + job.m_bytes;
    if (job.few && !packed)
        ALCK_NAME(winograd_all_weights)(par, w, false, scratch);
    if (job.few)
        alck_spread(par, job.blocks, block_task, &job);
    else
        run_waves(par, &job);
}

winograd ALCK_NAME(winograd_of)(const alck_conv *s)
{
    winograd w = {.s = *s};
    w.s.in_stride = conv_in_stride(s);
    w.s.out_stride = conv_out_stride(s);
    w.tiles_y = ceil_divide(s->out_height, WINOGRAD_OUTPUTS);
    w.tiles_x = ceil_divide(s->out_width, WINOGRAD_OUTPUTS);
    w.tiles = s->batch * w.tiles_y * w.tiles_x;
    w.terms = terms_of(s->operands, s->in_channels);
    return w;
}

/* The convolution of the output's gradient, whose taps are turned, that a data gradient is. */
static winograd turned_of(const alck_conv *s)
{
    alck_conv turned = *s;
    turned.reading = (alck_reading){.gate = NULL};
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

/* The scratch of any of the products. */
static size_t product_bytes(const winograd_job *job, int workers)
{
    const int64_t together = panels_together(&job->w, true);
    size_t most = 0;
    for (int64_t panel = 0; panel < job->panels; panel += together) {
        const product p = wave_product(&job->w, job->wave_most, panel, smaller(panel + together, job->panels));
        const size_t bytes = ALCK_NAME(product_scratch_bytes)(&p, workers);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static size_t scratch_bytes(const winograd *w, bool packed, int workers)
{
    const winograd_job job = plan(w, packed, workers);
    const size_t products = packed && !job.few ? product_bytes(&job, workers) : 0;
    return job.u_bytes + job.v_bytes + job.m_bytes + products + (size_t)workers * job.worker_bytes;
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
