/* kernels/f32/conv_winograd_backward_weights.c - the gradient of a 3x3 convolution's weights by the adjoint of Winograd's F(4x4,
 * 3x3): conv_winograd_axis.h has the transforms.
 *
 * Tiles of the input become V [36][tile][channel], tiles of the output's gradient D [36][panel][tile][column], and each of the 36
 * positions is a matrix product over tiles, S [36][channel][column] = sum of V D. The weights' gradient is S transformed back.
 *
 * Order of addition: tiles in the order of the batch, in chains of 256 terms from +0; chain sums in order. It follows from the
 * shape. A term is a tile, or a pair of them where their values are rounded to bf16.
 *
 * V and D are made for a wave of tiles, whole chains, and a task is a region of one position of S, which is kept whole until
 * all waves have passed. Where it takes less memory to make V and D of all tiles at once, a task is a region of S with all its
 * positions, which then becomes a region of the gradient.
 */
#include "kernels/f32/conv_winograd.h"

/* Bytes of V and D of a wave, of at least one chain. */
#define WAVE_BYTES (12 << 20)
/* Channels and panels of a region with all its positions, whose sums are to stay in the second cache; and channels of a region
 * of one. */
#define REGION_ROWS 64
#define REGION_PANELS (64 / TILE_COLUMNS)
#define POSITION_ROWS 128
/* Tiles that are transformed by one task: whole pairs. */
#define TILES_TOGETHER 16

typedef struct gradient_job {
    winograd w; /* the forward convolution; input is x */
    const alck_real *dy;
    alck_real *dw;
    bool add;
    int64_t panels, width;             /* columns of all panels, filled up */
    int64_t wave_most;                 /* tiles of a wave */
    bool whole;                        /* one wave is all, and S is never whole */
    int64_t wave_first, wave_tiles;    /* the wave at work */
    int64_t per_term;                  /* tiles */
    int64_t row_regions, panel_regions;
    v_layout layout;                   /* of V */
    int64_t d_position;                /* of D: values from position to position */
    alck_real *v, *d, *sums;           /* sums: S [36][panel][channel][width], or of each worker a region of it */
    int64_t sums_position;             /* of S: values from position to position */
    size_t v_bytes, d_bytes, sums_bytes;
} gradient_job;

/* Sets the sizes for waves of at most so many tiles. */
static void size_waves(gradient_job *job, int64_t tiles, int workers)
{
    const int64_t channels = job->w.s.in_channels, tile = odd_lines(channels);
    job->wave_most = smaller(tiles, job->w.tiles);
    const int64_t terms = terms_of(job->w.s.operands, job->wave_most);
    job->layout = (v_layout){odd_lines(terms * tile), tile, job->per_term > 1};
    job->d_position = odd_lines(terms * job->width);
    job->v_bytes = value_bytes(WINOGRAD_POSITIONS * job->layout.position);
    job->d_bytes = value_bytes(WINOGRAD_POSITIONS * job->d_position);
    job->row_regions = ceil_divide(channels, job->whole ? REGION_ROWS : POSITION_ROWS);
    job->panel_regions = job->whole ? ceil_divide(job->panels, REGION_PANELS) : 1;
    job->sums_position = job->whole ? odd_lines(smaller(channels, REGION_ROWS)
                                                * smaller(job->width, REGION_PANELS * TILE_COLUMNS))
                                    : odd_lines(channels * job->width);
    job->sums_bytes = (size_t)(job->whole ? workers : 1) * value_bytes(WINOGRAD_POSITIONS * job->sums_position);
}

static size_t total_bytes(const gradient_job *job)
{
    return job->v_bytes + job->d_bytes + job->sums_bytes;
}

/* The less memory decides, so that fewer samples than planned never need more. */
static gradient_job plan(const alck_conv *s, int workers)
{
    gradient_job waves = {.w = ALCK_NAME(winograd_of)(s), .per_term = values_per_term(s->operands)};
    waves.panels = panel_count(s->out_channels);
    waves.width = panel_elements(1, s->out_channels);
    gradient_job whole = waves;
    whole.whole = true;
    const int64_t bytes = WINOGRAD_POSITIONS * (odd_lines(s->in_channels) + waves.width) * (int64_t)sizeof(alck_real);
    const int64_t most = larger(1, WAVE_BYTES / bytes / K_BLOCK) * K_BLOCK * waves.per_term;
    size_waves(&waves, most, workers);
    size_waves(&whole, whole.w.tiles, workers);
    return total_bytes(&whole) <= total_bytes(&waves) ? whole : waves;
}

/* --- the output's gradient --- */

/* A tile's pixels of the output's gradient; NULL outside, which counts as zeros. */
typedef struct gradient_pixels {
    const alck_real *at[WINOGRAD_OUTPUTS * WINOGRAD_OUTPUTS];
} gradient_pixels;

ALCK_ONCE gradient_pixels find_gradient(const gradient_job *job, int64_t tile)
{
    const winograd *w = &job->w;
    const alck_conv *s = &w->s;
    const int64_t image = tile / (w->tiles_y * w->tiles_x);
    const int64_t first_y = tile / w->tiles_x % w->tiles_y * WINOGRAD_OUTPUTS;
    const int64_t first_x = tile % w->tiles_x * WINOGRAD_OUTPUTS;
    gradient_pixels pixels;
    for (int64_t i = 0; i < WINOGRAD_OUTPUTS; i++)
        for (int64_t j = 0; j < WINOGRAD_OUTPUTS; j++) {
            const int64_t y = first_y + i, x = first_x + j;
            const bool inside = y < s->out_height && x < s->out_width;
            pixels.at[i * WINOGRAD_OUTPUTS + j] =
                inside ? job->dy + ((image * s->out_height + y) * s->out_width + x) * s->out_stride : NULL;
        }
    return pixels;
}

/* `lanes` columns from `column` on, to D at `d`: first down the four columns of the tile, then along six rows. */
ALCK_INLINE void transform_gradient_lanes(const gradient_pixels *pixels, int64_t first, int64_t pitch, alck_real *d,
                                          int64_t column, int64_t lanes)
{
    vf columns[WINOGRAD_POINTS * WINOGRAD_OUTPUTS];
    for (int j = 0; j < WINOGRAD_OUTPUTS; j++) {
        vf values[WINOGRAD_OUTPUTS];
        for (int i = 0; i < WINOGRAD_OUTPUTS; i++) {
            const alck_real *at = pixels->at[i * WINOGRAD_OUTPUTS + j];
            values[i] = at != NULL ? load_lanes(at + first + column, lanes) : vf_zero();
        }
        transform_gradient(values, columns + j, WINOGRAD_OUTPUTS);
    }
    for (int i = 0; i < WINOGRAD_POINTS; i++) {
        vf row[WINOGRAD_POINTS];
        transform_gradient(columns + i * WINOGRAD_OUTPUTS, row, 1);
        for (int j = 0; j < WINOGRAD_POINTS; j++)
            vf_store(d + (i * WINOGRAD_POINTS + j) * pitch + column, row[j]);
    }
}

static int64_t wave_terms(const gradient_job *job)
{
    return terms_of(job->w.s.operands, job->wave_tiles);
}

ALCK_ONCE void transform_panel(const gradient_job *job, const gradient_pixels *pixels, int64_t panel, int64_t pitch, alck_real *d)
{
    EACH_VECTOR(panel_columns(job->w.s.out_channels, panel), transform_gradient_lanes, pixels, panel * TILE_COLUMNS, pitch, d);
}

/* A panel of two tiles as pairs, or of one where there is no other. */
static void pair_panel(const gradient_job *job, const gradient_pixels *tiles, int64_t count, int64_t panel, alck_real *d)
{
    alck_real values[2][WINOGRAD_POSITIONS * TILE_COLUMNS];
    for (int64_t i = 0; i < count; i++)
        transform_panel(job, &tiles[i], panel, TILE_COLUMNS, values[i]);
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++)
        ALCK_NAME(pair_rows)(job->w.s.operands, panel_vectors(job->w.s.out_channels, panel) * VF_LANES,
                             values[0] + position * TILE_COLUMNS,
                             count > 1 ? values[1] + position * TILE_COLUMNS : NULL, d + position * job->d_position);
}

/* Tiles [first, first + count) of the wave to V and D. */
static void transform_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const gradient_job *job = argument;
    const int64_t first = task * TILES_TOGETHER, count = smaller(TILES_TOGETHER, job->wave_tiles - first);
    ALCK_NAME(winograd_input)(&job->w, job->wave_first + first, count, job->layout,
                              job->v + first / job->per_term * job->layout.tile);
    for (int64_t t = first; t < first + count; t += job->per_term) {
        const int64_t together = smaller(job->per_term, first + count - t);
        gradient_pixels tiles[2];
        for (int64_t i = 0; i < together; i++)
            tiles[i] = find_gradient(job, job->wave_first + t + i);
        for (int64_t panel = 0; panel < job->panels; panel++) {
            alck_real *d = job->d + panel * TILE_COLUMNS * wave_terms(job)
                           + t / job->per_term * panel_vectors(job->w.s.out_channels, panel) * VF_LANES;
            if (job->per_term == 1)
                transform_panel(job, tiles, panel, job->d_position, d);
            else
                pair_panel(job, tiles, together, panel, d);
        }
    }
}

/* --- the products --- */

/* A region of S, channels and panels, and where it lies in its memory: how many channels a panel has there, and which of them
 * is the region's first. Its first panel is the memory's. */
typedef struct region {
    int64_t first_row, rows, first_panel, end_panel;
    int64_t memory_rows, memory_first;
} region;

/* Where a panel of a region begins in its memory. */
static int64_t find_sums(const gradient_job *job, const region *r, int64_t panel)
{
    const int64_t width = panel_vectors(job->w.s.out_channels, panel) * VF_LANES;
    return (panel - r->first_panel) * r->memory_rows * TILE_COLUMNS + r->memory_first * width;
}

/* The sums of one position of a region over the wave's tiles, added to those of the waves before. */
static void multiply_position(const gradient_job *job, const region *r, int64_t position, alck_real *sums)
{
    const int64_t columns = job->w.s.out_channels, count = r->rows, parts = ceil_divide(count, TILE_ROWS);
    const alck_real *v = job->v + position * job->layout.position + r->first_row;
    const alck_real *d = job->d + position * job->d_position;
    int64_t pixels[POSITION_ROWS];
    alck_real tile_sums[TILE_ROWS * TILE_COLUMNS];
    for (int64_t i = 0; i < count; i++)
        pixels[i] = i;
    const int64_t terms = wave_terms(job);
    for (int64_t first = 0; first < terms; first += K_BLOCK) {
        const int64_t length = smaller(K_BLOCK, terms - first);
        const alck_epilogue epilogue = {.add = job->wave_first + first > 0};
        for (int64_t panel = r->first_panel; panel < r->end_panel; panel++) {
            const int64_t vectors = panel_vectors(columns, panel), width = vectors * VF_LANES;
            const alck_real *right = d + panel * TILE_COLUMNS * terms + first * width;
            tile_target target = {.sums = tile_sums, .first = true, .last = true,
                                  .output = sums + find_sums(job, r, panel), .output_stride = width,
                                  .columns = width, .epilogue = &epilogue, .ahead = (uintptr_t)(right + length * width),
                                  .ahead_lines = lines_ahead(width, parts), .output_rows = output_rows_ahead(length)};
            for (int64_t part = 0; part < parts; part++) {
                const int64_t row = part_start(count, parts, part), rows = part_start(count, parts, part + 1) - row;
                const tile_columns left = {v + first * job->layout.tile + row, length, job->layout.tile};
                target.pixels = pixels + row;
                multiply_by_columns(job->w.s.operands, rows, vectors, &left, right, &target);
                target.ahead += bytes_ahead(target.ahead_lines, length);
            }
        }
    }
}

/* --- back to taps --- */

/* `lanes` columns of one channel from the 36 sums at `sums`: first down the six columns, then along three rows. */
ALCK_INLINE void transform_sums(const alck_real *sums, int64_t pitch, bool add, int64_t tap, alck_real *dw, int64_t column,
                                int64_t lanes)
{
    vf columns[WINOGRAD_TAPS * WINOGRAD_POINTS];
    for (int j = 0; j < WINOGRAD_POINTS; j++) {
        vf values[WINOGRAD_POINTS];
        for (int i = 0; i < WINOGRAD_POINTS; i++)
            values[i] = vf_load(sums + (i * WINOGRAD_POINTS + j) * pitch + column);
        transform_taps(values, columns + j, WINOGRAD_POINTS);
    }
    for (int i = 0; i < WINOGRAD_TAPS; i++) {
        vf row[WINOGRAD_TAPS];
        transform_taps(columns + i * WINOGRAD_POINTS, row, 1);
        for (int j = 0; j < WINOGRAD_TAPS; j++) {
            alck_real *to = dw + (i * WINOGRAD_TAPS + j) * tap + column;
            store_lanes(to, add ? vf_add(load_lanes(to, lanes), row[j]) : row[j], lanes);
        }
    }
}

/* A region's sums to the weights' gradient. */
static void store_region(const gradient_job *job, const region *r, const alck_real *sums)
{
    const int64_t channels = job->w.s.in_channels, columns = job->w.s.out_channels;
    for (int64_t panel = r->first_panel; panel < r->end_panel; panel++)
        for (int64_t row = 0; row < r->rows; row++) {
            const alck_real *from = sums + find_sums(job, r, panel) + row * panel_vectors(columns, panel) * VF_LANES;
            alck_real *dw = job->dw + (r->first_row + row) * columns + panel * TILE_COLUMNS;
            EACH_VECTOR(panel_columns(columns, panel), transform_sums, from, job->sums_position, job->add,
                        channels * columns, dw);
        }
}

/* --- tasks --- */

static region find_region(const gradient_job *job, int64_t index)
{
    const int64_t panels = index % job->panel_regions, rows = index / job->panel_regions;
    const int64_t channels = job->w.s.in_channels;
    region r = {.first_row = channels * rows / job->row_regions, .first_panel = job->panels * panels / job->panel_regions,
                .end_panel = job->panels * (panels + 1) / job->panel_regions};
    r.rows = channels * (rows + 1) / job->row_regions - r.first_row;
    r.memory_rows = job->whole ? r.rows : channels;
    r.memory_first = job->whole ? 0 : r.first_row;
    return r;
}

/* One wave is all: a region, all positions. */
static void region_task(void *argument, int64_t task, int worker)
{
    const gradient_job *job = argument;
    const region r = find_region(job, task);
    alck_real *sums = job->sums + worker * (WINOGRAD_POSITIONS * job->sums_position);
    for (int64_t position = 0; position < WINOGRAD_POSITIONS; position++)
        multiply_position(job, &r, position, sums + position * job->sums_position);
    store_region(job, &r, sums);
}

/* A region of one position, all panels. */
static void position_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const gradient_job *job = argument;
    const int64_t position = task % WINOGRAD_POSITIONS;
    const region r = find_region(job, task / WINOGRAD_POSITIONS);
    multiply_position(job, &r, position, job->sums + position * job->sums_position);
}

static void store_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const gradient_job *job = argument;
    const int64_t channels = job->w.s.in_channels;
    const region panel = {.rows = channels, .memory_rows = channels, .first_panel = task, .end_panel = task + 1};
    store_region(job, &panel, job->sums + task * channels * TILE_COLUMNS);
}

static void run_waves(const alck_parallel *par, gradient_job *job)
{
    for (job->wave_first = 0; job->wave_first < job->w.tiles; job->wave_first += job->wave_most) {
        job->wave_tiles = smaller(job->wave_most, job->w.tiles - job->wave_first);
        alck_spread(par, ceil_divide(job->wave_tiles, TILES_TOGETHER), transform_task, job);
        if (job->whole)
            alck_spread(par, job->row_regions * job->panel_regions, region_task, job);
        else
            alck_spread(par, job->row_regions * WINOGRAD_POSITIONS, position_task, job);
    }
    if (!job->whole)
        alck_spread(par, job->panels, store_task, job);
}

size_t ALCK_NAME(winograd_backward_weights_scratch_bytes)(const alck_conv *s, int workers)
{
    const gradient_job job = plan(s, workers);
    return total_bytes(&job);
}

void ALCK_NAME(winograd_backward_weights)(const alck_parallel *par, const alck_conv *s, const alck_real *x,
                                          const alck_real *dy, alck_real *dw, bool add, void *scratch)
{
    gradient_job job = plan(s, par->workers);
    char *memory = scratch;
    job.w.input = x;
    job.dy = dy;
    job.dw = dw;
    job.add = add;
    job.v = (alck_real *)(void *)memory;
    job.d = (alck_real *)(void *)(memory + job.v_bytes);
    job.sums = (alck_real *)(void *)(memory + job.v_bytes + job.d_bytes);
    if (job.w.tiles > 0)
        run_waves(par, &job);
    else if (!add)
        memset(dw, 0, (size_t)(TAPS * s->in_channels * s->out_channels) * sizeof *dw);
}
