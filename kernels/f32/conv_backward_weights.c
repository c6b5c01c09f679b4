/* kernels/f32/conv_backward_weights.c - a convolution's gradient for its weights: dw[tap][channel][output] is the sum
 * over output pixels of input[pixel at tap][channel] * dy[pixel][output].
 *
 * The sum has three levels, fixed by the layer's output size alone: chains of at most 256 consecutive terms from +0,
 * their sums added in order within a group of samples (at least 1024 pixels, whole samples), groups added in order. A term is a
 * pixel, or a pair of them where they are rounded to bf16.
 * Work is cut in regions of dw, rows (taps and channels) by columns (outputs). A region walks all the pixels, 256 terms at a time,
 * and its rows in bands: the input's pixels are packed for a band as tiles want them, for the second cache; the gradient's
 * panel by panel, for the first, and each panel meets all the band's tiles. A region of several bands keeps the panels, so
 * that each is packed once. What is packed next is fetched meanwhile. Where there are too few regions for the workers,
 * groups of samples are tasks too, each of which sums into its own memory. Both add the same numbers in the same order.
 */
#include "kernels/f32/geometry.h"
#include "kernels/f32/grid.h"
#include "kernels/f32/reading.h"

#define GROUP_PIXELS 1024
/* Bytes of a second cache. With AVX-512 few CPUs have less than 1 MiB, those of some laptops; they lose a little speed. */
#ifdef ALCK_AVX512
#define SECOND_CACHE (1 << 20)
#else
#define SECOND_CACHE (1 << 19)
#endif
/* A region's sums take a quarter of it; 256 pixels of a band less than another, with what is to be packed next; and the panels that
 * several bands share half of it, or all of a small one. */
#define REGION_SUMS (SECOND_CACHE / 4 / (int64_t)sizeof(float))
#define REGION_ROWS 512
#define REGION_PANELS (512 / TILE_COLUMNS)
#define REGION_TILES ((REGION_ROWS + TILE_ROWS - 1) / TILE_ROWS)
#define BAND_TILES (SECOND_CACHE / 8192 / TILE_ROWS + 1)
#define BAND_ROWS (BAND_TILES * TILE_ROWS)
/* The fewer the regions, the less is packed again. */
#define TASKS_PER_WORKER 2
/* A packed tile, a little longer than a block of pixels, so that tiles do not share cache sets. */
#define PACKED_TILE (K_BLOCK * TILE_ROWS + 16)
/* Terms packed together: as many as a cache set has ways, since pixels may lie a power of two apart. */
#define PACKED_TERMS 8

typedef struct weights_job {
    product p; /* the forward product: where pixels lie */
    const alck_conv *s;
    const alck_real *dy;
    alck_real *dw;
    bool add;
    int64_t pixels_per_image, samples_per_group, pixel_groups;
    int64_t block_pixels; /* of K_BLOCK terms */
    /* rows of dw in pieces that lie side by side in a pixel: a tap's channels, or a row of joined taps */
    bool joined;
    int64_t piece_rows, pieces, rows, panels;
    int64_t rows_per_region, panels_per_region, row_regions, panel_regions, regions;
    int64_t region_elements, bands;
    bool by_groups;    /* a task is a pixel group of a region, `wave` groups at a time */
    int64_t wave, wave_first, wave_groups;
    alck_real *slots;  /* by groups: [regions][wave + 1][region_elements]; the last slot has the totals */
    char *scratch;
    size_t shared_bytes, worker_bytes;
} weights_job;

static size_t align(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static size_t copies_bytes(const weights_job *job)
{
    return job->joined ? align((size_t)job->block_pixels * TAP_ROW_MOST * sizeof(alck_real)) : 0;
}

static size_t run_bytes(const weights_job *job)
{
    return align((size_t)job->block_pixels * sizeof(grid_run));
}

static size_t pointer_bytes(const weights_job *job)
{
    return align((size_t)job->block_pixels * sizeof(alck_real *));
}

static size_t left_bytes(const weights_job *job)
{
    const int64_t tiles = ceil_divide(job->rows_per_region, TILE_ROWS);
    return align((size_t)(ceil_divide(tiles, job->bands) * PACKED_TILE) * sizeof(alck_real));
}

static size_t dy_bytes(const weights_job *job)
{
    return align((size_t)(K_BLOCK * TILE_COLUMNS * (job->bands > 1 ? job->panels_per_region : 1)) * sizeof(alck_real));
}

/* Rows of a region of so many panels whose sums stay in the cache. */
static int64_t most_rows(int64_t panels)
{
    const int64_t rows = REGION_SUMS / (panels * TILE_COLUMNS);
    return rows < REGION_ROWS ? rows : REGION_ROWS;
}

/* The fewest regions, but at least `wanted` where dw can be cut so small: columns first, since then more is left to each
 * packed row. */
static void cut_regions(weights_job *job, int64_t wanted)
{
    job->panel_regions = ceil_divide(job->panels, REGION_PANELS);
    job->row_regions = job->panels > 0 ? ceil_divide(job->rows, most_rows(ceil_divide(job->panels, job->panel_regions))) : 0;
    while (job->row_regions > 0 && job->panel_regions > 0
           && job->s->groups * job->panel_regions * job->row_regions < wanted) {
        if (job->panel_regions < job->panels)
            job->panel_regions++;
        else if (job->row_regions < ceil_divide(job->rows, TILE_ROWS))
            job->row_regions++;
        else
            break;
    }
    job->regions = job->s->groups * job->panel_regions * job->row_regions;
    job->panels_per_region = job->panel_regions > 0 ? ceil_divide(job->panels, job->panel_regions) : 0;
    job->rows_per_region = job->row_regions > 0 ? ceil_divide(job->rows, job->row_regions) : 0;
    job->region_elements = job->rows_per_region * job->panels_per_region * TILE_COLUMNS;
    job->bands = ceil_divide(ceil_divide(job->rows_per_region, TILE_ROWS), BAND_TILES);
}

static weights_job plan(const alck_conv *s, int workers)
{
    weights_job job = {.p = conv_as_product(s), .s = s};
    const int64_t taps = s->kernel_height * s->kernel_width, wanted = (int64_t)workers * TASKS_PER_WORKER;
    job.pixels_per_image = s->out_height * s->out_width;
    job.samples_per_group = job.pixels_per_image > 0 ? ceil_divide(GROUP_PIXELS, job.pixels_per_image) : 1;
    job.pixel_groups = ceil_divide(s->batch, job.samples_per_group);
    job.block_pixels = K_BLOCK * values_per_term(s->operands);
    if (s->reading.pairs) /* rows are values; only where they lie is told in pairs */
        job.p.channels = s->in_channels;
    job.joined = ALCK_NAME(grid_joins_taps)(&job.p) && !s->reading.pairs;
    job.piece_rows = job.joined ? job.p.taps_x * job.p.channels : job.p.channels;
    job.pieces = job.joined ? s->kernel_height : taps;
    job.rows = job.pieces * job.piece_rows;
    job.panels = panel_count(job.p.columns);
    cut_regions(&job, 1);
    if (workers > 1 && job.regions < wanted && job.pixel_groups >= wanted) {
        job.by_groups = true;
        job.wave = wanted;
        job.shared_bytes = align((size_t)(job.regions * (job.wave + 1) * job.region_elements) * sizeof(alck_real));
    } else if (workers > 1) {
        cut_regions(&job, wanted);
    }
    job.worker_bytes =
        run_bytes(&job) + 2 * pointer_bytes(&job) + copies_bytes(&job) + left_bytes(&job) + dy_bytes(&job);
    if (!job.by_groups)
        job.worker_bytes += 2 * align((size_t)job.region_elements * sizeof(alck_real));
    return job;
}

/* A region's place in dw, and the memory to work on it. */
typedef struct region {
    int64_t group, first_row, rows, tiles, first_panel, end_panel;
    int64_t tile_row[REGION_TILES + 1]; /* tile t has rows [tile_row[t], tile_row[t + 1]) */
    grid_run *run;
    const alck_real **pointers, **next; /* the pixels of a block, and of the block after it */
    alck_real *copies, *left, *dy;
    char *rest;
    int64_t bands; /* band b has tiles [tiles * b / bands, tiles * (b + 1) / bands) */
} region;

static region find_region(const weights_job *job, int64_t index, int worker)
{
    region r;
    const int64_t panels = index % job->panel_regions, rows = index / job->panel_regions % job->row_regions;
    char *memory = job->scratch + job->shared_bytes + (size_t)worker * job->worker_bytes;
    r.group = index / job->panel_regions / job->row_regions;
    r.first_row = job->rows * rows / job->row_regions;
    r.rows = job->rows * (rows + 1) / job->row_regions - r.first_row;
    r.tiles = ceil_divide(r.rows, TILE_ROWS);
    for (int64_t tile = 0; tile <= r.tiles; tile++)
        r.tile_row[tile] = r.rows * tile / r.tiles;
    r.first_panel = job->panels * panels / job->panel_regions;
    r.end_panel = job->panels * (panels + 1) / job->panel_regions;
    r.run = (grid_run *)(void *)memory;
    memory += run_bytes(job);
    r.pointers = (const alck_real **)(void *)memory;
    memory += pointer_bytes(job);
    r.next = (const alck_real **)(void *)memory;
    memory += pointer_bytes(job);
    r.copies = (alck_real *)(void *)memory;
    memory += copies_bytes(job);
    r.left = (alck_real *)(void *)memory;
    memory += left_bytes(job);
    r.dy = (alck_real *)(void *)memory;
    r.rest = memory + dy_bytes(job);
    r.bands = job->bands;
    return r;
}

/* Some of a region's tiles, whose input is packed together. */
typedef struct band {
    int64_t first_tile, end_tile, first_row, end_row;
} band;

static band find_band(const region *r, int64_t index)
{
    band b = {.first_tile = r->tiles * index / r->bands, .end_tile = r->tiles * (index + 1) / r->bands};
    b.first_row = r->tile_row[b.first_tile];
    b.end_row = r->tile_row[b.end_tile];
    return b;
}

/* Stores that miss the first cache wait for each other, so the lines that packing will fill next are fetched. All of them
 * lie in scratch, or just behind it. */
#define FETCH_PACKED(address) __builtin_prefetch((const void *)(address), 1)

/* A tile's rows of a few terms as whole vectors. What they hold beyond the tile's rows falls where the next term's will
 * be, or behind the last's; so terms must come in order. */
#define TILE_VECTORS_OF_ROWS ((TILE_ROWS + VF_LANES - 1) / VF_LANES)

ALCK_INLINE void pack_tile(int64_t terms, const alck_real *const *from, int64_t offset, alck_real *to)
{
    for (int64_t j = 0; j < terms; j++)
        for (int64_t v = 0; v < TILE_VECTORS_OF_ROWS; v++)
            vf_store(to + j * TILE_ROWS + v * VF_LANES, vf_load(from[j] + offset + v * VF_LANES));
}

/* The region's rows [first, end), which lie side by side at every pointer, to their tiles of a band: a few terms from k on. */
static void pack_terms(const region *r, const band *b, int64_t first_tile, int64_t first, int64_t end, int64_t k,
                       int64_t terms, const alck_real *const *from)
{
    for (int64_t tile = first_tile; tile < b->end_tile && r->tile_row[tile] < end; tile++) {
        const int64_t row = r->tile_row[tile] > first ? r->tile_row[tile] : first;
        const int64_t next = r->tile_row[tile + 1] < end ? r->tile_row[tile + 1] : end;
        alck_real *to = r->left + (tile - b->first_tile) * PACKED_TILE + k * TILE_ROWS + (row - r->tile_row[tile]);
        const bool whole = row == r->tile_row[tile] && end - row >= TILE_VECTORS_OF_ROWS * VF_LANES;
        for (int64_t i = 0; i < PACKED_TERMS * TILE_ROWS; i += LINE_VALUES)
            FETCH_PACKED((uintptr_t)(to + PACKED_TERMS * TILE_ROWS) + (uintptr_t)i * sizeof *to);
        if (whole && terms == PACKED_TERMS)
            pack_tile(PACKED_TERMS, from, row - first, to);
        else if (whole)
            pack_tile(terms, from, row - first, to);
        else
            for (int64_t j = 0; j < terms; j++)
                for (int64_t i = 0; i < next - row; i++)
                    to[j * TILE_ROWS + i] = from[j][row - first + i];
    }
}

/* `count` values at each of a few pairs of pixels, the last of which may lack a partner, to rows of pairs. */
static void pair_pixels(alck_operands operands, int64_t count, const alck_real *const *pixel, int64_t pixels,
                        alck_real pairs[PACKED_TERMS][BAND_ROWS], const alck_real **rows)
{
    for (int64_t j = 0; 2 * j < pixels; j++) {
        ALCK_NAME(pair_rows)(operands, count, pixel[2 * j], 2 * j + 1 < pixels ? pixel[2 * j + 1] : NULL, pairs[j]);
        rows[j] = pairs[j];
    }
}

/* The same rows of a few pixels, number `first_pixel` and those after it, as reals, and as what is read in their place would have been
 * stored: of a 1x1 convolution, whose rows are channels. Of pairs alone all that counts of a channel is whether it is odd. */
static void read_pixels(const weights_job *job, const region *r, int64_t first, int64_t end, int64_t first_pixel,
                        const alck_real *const *pixel, int64_t pixels, alck_real values[2 * PACKED_TERMS][BAND_ROWS],
                        const alck_real **rows)
{
    const int64_t channel = r->group * job->piece_rows + r->first_row + first;
    for (int64_t j = 0; j < pixels; j++) {
        const int64_t image = (first_pixel + j) / job->pixels_per_image;
        ALCK_NAME(read_values)(job->s->operands, &job->s->reading, image, channel, end - first, pixel[j], values[j]);
        rows[j] = values[j];
    }
}

/* Rows [first, end) of a block of pixels, which begins at `pixel`. */
static void pack_piece(const weights_job *job, const region *r, const band *b, int64_t pixel, int64_t pixels, int64_t first,
                       int64_t end)
{
    const alck_operands operands = job->s->operands;
    const int64_t per_term = values_per_term(operands), together = PACKED_TERMS * per_term;
    alck_real pairs[PACKED_TERMS][BAND_ROWS], values[2 * PACKED_TERMS][BAND_ROWS];
    const alck_real *rows[PACKED_TERMS], *read[2 * PACKED_TERMS];
    int64_t tile = b->first_tile;
    while (r->tile_row[tile + 1] <= first)
        tile++;
    for (int64_t k = 0; k < pixels; k += together) {
        const int64_t count = pixels - k < together ? pixels - k : together;
        const alck_real *const *from = r->pointers + k;
        if (reading_changes(&job->s->reading) || job->s->reading.pairs) {
            read_pixels(job, r, first, end, pixel + k, from, count, values, read);
            from = read;
        }
        if (operands != ALCK_REALS) {
            pair_pixels(operands, end - first, from, count, pairs, rows);
            from = rows;
        }
        pack_terms(r, b, tile, first, end, k / per_term, terms_of(operands, count), from);
    }
}

/* The region's rows from `row` on, up to `last`, that lie side by side in a pixel, and where a block's pixels have them;
 * returns the row after them. */
static int64_t find_piece(const weights_job *job, const region *r, int64_t runs, int64_t row, int64_t last,
                          const alck_real **pointers, int64_t pixels)
{
    const int64_t index = (r->first_row + row) / job->piece_rows, within = (r->first_row + row) % job->piece_rows;
    int64_t end = row + job->piece_rows - within;
    if (end > last)
        end = last;
    k_piece piece = {.tap_y = index / job->p.taps_x, .tap_x = index % job->p.taps_x, .taps = 1,
                     .channel = job->s->reading.pairs ? within / 2 : within};
    if (job->joined)
        piece = (k_piece){.tap_y = index, .taps = job->p.taps_x};
    ALCK_NAME(grid_point)(&job->p, r->run, runs, r->group, &piece, pointers, r->copies);
    for (int64_t k = 0; job->joined && k < pixels; k++)
        pointers[k] += within;
    return end;
}

/* A band's rows of the input at a block of pixels. */
static void pack_left(const weights_job *job, const region *r, const band *b, int64_t pixel, int64_t pixels)
{
    const int64_t runs = ALCK_NAME(grid_find_runs)(&job->p, pixel, pixels, r->run);
    for (int64_t row = b->first_row, end; row < b->end_row; row = end) {
        end = find_piece(job, r, runs, row, b->end_row, r->pointers, pixels);
        pack_piece(job, r, b, pixel, pixels, row, end);
    }
}

/* A panel's columns of the output's gradient from `pixel` on. */
static const alck_real *find_dy(const weights_job *job, const region *r, int64_t pixel, int64_t panel)
{
    return job->dy + pixel * conv_out_stride(job->s) + r->group * job->p.columns + panel * TILE_COLUMNS;
}

/* Packs a panel's columns of a block of pixels. */
static void pack_dy(const weights_job *job, const region *r, int64_t pixel, int64_t pixels, int64_t panel, alck_real *to)
{
    const int64_t stride = conv_out_stride(job->s), columns = panel_columns(job->p.columns, panel);
    const alck_real *from = find_dy(job, r, pixel, panel);
    if (columns < TILE_COLUMNS || job->s->operands != ALCK_REALS) {
        ALCK_NAME(panel_pack)(job->s->operands, pixels, columns, from, stride, false, to);
        return;
    }
    for (int64_t k = 0; k < pixels; k++, from += stride, to += TILE_COLUMNS)
        for (int64_t v = 0; v < TILE_VECTORS; v++) {
            if (v * VF_LANES % LINE_VALUES == 0)
                FETCH_PACKED((uintptr_t)to + (uintptr_t)(PACKED_TERMS * TILE_COLUMNS + v * VF_LANES) * sizeof *to);
            vf_store(to + v * VF_LANES, vf_load(from + v * VF_LANES));
        }
}

/* What is packed next, fetched a few pixels at a time, as many as `steps` steps need: of the input its rows at r->next, of the
 * output's gradient a panel's columns from `dy` on. */
typedef struct upcoming {
    int64_t pixels, fetched, share;
    int64_t rows;
    const alck_real *dy;
} upcoming;

static void fetch_left(const region *r, upcoming *u)
{
    for (int64_t i = 0; i < u->share && u->fetched < u->pixels; i++, u->fetched++)
        for (int64_t row = 0; row < u->rows; row += LINE_VALUES)
            __builtin_prefetch(r->next[u->fetched] + row, 0, 2);
}

static void fetch_dy(int64_t stride, upcoming *u)
{
    for (int64_t i = 0; i < u->share && u->fetched < u->pixels; i++, u->fetched++)
        for (int64_t column = 0; column < TILE_COLUMNS; column += LINE_VALUES)
            __builtin_prefetch((const void *)((uintptr_t)(u->dy + u->fetched * stride)
                                              + (uintptr_t)column * sizeof *u->dy), 0, 2);
}

/* A block of pixels, and how many come after it. */
typedef struct pixel_block {
    int64_t first, pixels, after;
} pixel_block;

/* What of the input is packed after a band, the next band's rows at the same pixels or the first one's at the block after
 * them: the first piece's, which are all unless channels are few. Rows of joined taps overlap so much that they are in a cache
 * already. */
static upcoming find_next_left(const weights_job *job, const region *r, int64_t index, const pixel_block *b, int64_t steps)
{
    const bool last = index + 1 == r->bands;
    const int64_t first = last ? b->first + b->pixels : b->first, pixels = last ? b->after : b->pixels;
    if (pixels == 0 || job->joined)
        return (upcoming){.pixels = 0};
    const band next = find_band(r, last ? 0 : index + 1);
    const int64_t runs = ALCK_NAME(grid_find_runs)(&job->p, first, pixels, r->run);
    const int64_t end = find_piece(job, r, runs, next.first_row, next.end_row, r->next, pixels);
    const int64_t rows = end - next.first_row;
    return (upcoming){.pixels = pixels, .share = ceil_divide(pixels, steps), .rows = job->s->reading.pairs ? rows / 2 : rows};
}

/* What of the output's gradient is packed after a band's panel: the first band packs the next panel, the last one is followed
 * by the block after it. */
static upcoming find_next_dy(const weights_job *job, const region *r, int64_t index, const pixel_block *b, int64_t panel,
                             int64_t steps)
{
    const bool more = panel + 1 < r->end_panel;
    const int64_t pixels = more ? (index == 0 ? b->pixels : 0) : (index + 1 == r->bands ? b->after : 0);
    return (upcoming){.pixels = pixels, .share = ceil_divide(pixels, steps),
                      .dy = more ? find_dy(job, r, b->first, panel + 1)
                                 : find_dy(job, r, b->first + b->pixels, r->first_panel)};
}

/* A panel of the output's gradient as it was packed for the first band. */
static alck_real *packed_panel(const region *r, int64_t panel)
{
    return r->dy + (r->bands > 1 ? (panel - r->first_panel) * K_BLOCK * TILE_COLUMNS : 0);
}

/* Adds a panel's columns of a block of pixels to a band's sums [row][width]. */
static void sum_panel(const weights_job *job, const region *r, const band *rows, int64_t panel, const pixel_block *b,
                      bool first, upcoming *left_next, upcoming *dy_next, alck_real *sums)
{
    const int64_t vectors = panel_vectors(job->p.columns, panel), width = vectors * VF_LANES;
    const alck_real *dy = packed_panel(r, panel);
    const int64_t terms = terms_of(job->s->operands, b->pixels);
    for (int64_t tile = rows->first_tile; tile < rows->end_tile; tile++) {
        const int64_t row = r->tile_row[tile];
        const tile_target target = {.sums = sums + row * width, .first = first};
        const tile_columns left = {r->left + (tile - rows->first_tile) * PACKED_TILE, terms, TILE_ROWS};
        fetch_left(r, left_next);
        fetch_dy(conv_out_stride(job->s), dy_next);
        multiply_by_columns(job->s->operands, r->tile_row[tile + 1] - row, vectors, &left, dy, &target);
    }
}

/* Adds a block of pixels to the sums [panel][row][width] of a region's band. */
static void sum_band(const weights_job *job, const region *r, int64_t index, const pixel_block *b, bool first,
                     alck_real *sums)
{
    const band rows = find_band(r, index);
    const int64_t tiles = rows.end_tile - rows.first_tile;
    pack_left(job, r, &rows, b->first, b->pixels);
    upcoming left_next = find_next_left(job, r, index, b, tiles * (r->end_panel - r->first_panel));
    for (int64_t panel = r->first_panel; panel < r->end_panel; panel++) {
        upcoming dy_next = find_next_dy(job, r, index, b, panel, tiles);
        if (index == 0)
            pack_dy(job, r, b->first, b->pixels, panel, packed_panel(r, panel));
        sum_panel(job, r, &rows, panel, b, first, &left_next, &dy_next,
                  sums + (panel - r->first_panel) * r->rows * TILE_COLUMNS);
    }
}

static int64_t block_pixels(const weights_job *job, int64_t from, int64_t end)
{
    return end - from < job->block_pixels ? end - from : job->block_pixels;
}

/* The sums of one group of samples. */
static void sum_group(const weights_job *job, const region *r, int64_t pixel_group, alck_real *sums)
{
    const int64_t per_group = job->samples_per_group * job->pixels_per_image;
    const int64_t first = pixel_group * per_group, all = job->s->batch * job->pixels_per_image;
    const int64_t end = first + per_group < all ? first + per_group : all;
    for (int64_t pixel = first; pixel < end; pixel += job->block_pixels) {
        const int64_t pixels = block_pixels(job, pixel, end), next = pixel + pixels;
        /* the next group's first block may end earlier than guessed here: fetching some of it twice does no harm */
        const int64_t after = next < end ? block_pixels(job, next, end) : block_pixels(job, next, all);
        for (int64_t index = 0; index < r->bands; index++)
            sum_band(job, r, index, &(pixel_block){pixel, pixels, after}, pixel == first, sums);
    }
}

/* Totals of a region to where they belong in dw. */
static void write_region(const weights_job *job, const region *r, const alck_real *totals)
{
    const int64_t columns = job->p.columns;
    for (int64_t panel = r->first_panel; panel < r->end_panel; panel++) {
        const int64_t width = panel_vectors(columns, panel) * VF_LANES, count = panel_columns(columns, panel);
        const alck_real *from = totals + (panel - r->first_panel) * r->rows * TILE_COLUMNS;
        for (int64_t row = 0; row < r->rows; row++, from += width) {
            alck_real *to = job->dw + (r->group * job->rows + r->first_row + row) * columns + panel * TILE_COLUMNS;
            for (int64_t i = 0; i < count; i += VF_LANES) {
                const int64_t n = count - i < VF_LANES ? count - i : VF_LANES;
                const vf total = vf_load_n(from + i, n);
                vf_store_n(to + i, job->add ? vf_add(total, vf_load_n(to + i, n)) : total, n);
            }
        }
    }
}

static void add_sums(int64_t count, const alck_real *sums, alck_real *totals)
{
    int64_t i = 0;
    for (; i + VF_LANES <= count; i += VF_LANES)
        vf_store(totals + i, vf_add(vf_load(totals + i), vf_load(sums + i)));
    if (i < count)
        vf_store_n(totals + i, vf_add(vf_load_n(totals + i, count - i), vf_load_n(sums + i, count - i)), count - i);
}

/* Values of a region's sums. */
static int64_t region_size(const region *r, int64_t columns)
{
    const int64_t last = r->end_panel - 1;
    return r->rows * ((last - r->first_panel) * TILE_COLUMNS + panel_vectors(columns, last) * VF_LANES);
}

static void region_task(void *argument, int64_t task, int worker)
{
    const weights_job *job = argument;
    const region r = find_region(job, task, worker);
    alck_real *totals = (alck_real *)(void *)r.rest;
    alck_real *sums = (alck_real *)(void *)(r.rest + align((size_t)job->region_elements * sizeof(alck_real)));
    sum_group(job, &r, 0, totals);
    for (int64_t pixel_group = 1; pixel_group < job->pixel_groups; pixel_group++) {
        sum_group(job, &r, pixel_group, sums);
        add_sums(region_size(&r, job->p.columns), sums, totals);
    }
    write_region(job, &r, totals);
}

static alck_real *slot(const weights_job *job, int64_t region_index, int64_t wave_group)
{
    return job->slots + (region_index * (job->wave + 1) + wave_group) * job->region_elements;
}

static void group_task(void *argument, int64_t task, int worker)
{
    const weights_job *job = argument;
    const int64_t index = task / job->wave_groups, wave_group = task % job->wave_groups;
    const region r = find_region(job, index, worker);
    const bool is_first = job->wave_first + wave_group == 0;
    sum_group(job, &r, job->wave_first + wave_group, slot(job, index, is_first ? job->wave : wave_group));
}

static void collect_task(void *argument, int64_t task, int worker)
{
    const weights_job *job = argument;
    const region r = find_region(job, task, worker);
    alck_real *totals = slot(job, task, job->wave);
    for (int64_t i = job->wave_first == 0 ? 1 : 0; i < job->wave_groups; i++)
        add_sums(region_size(&r, job->p.columns), slot(job, task, i), totals);
    if (job->wave_first + job->wave_groups == job->pixel_groups)
        write_region(job, &r, totals);
}

size_t ALCK_NAME(conv_backward_weights_scratch_bytes)(const alck_conv *s, int workers)
{
    const weights_job job = plan(s, workers);
    return job.shared_bytes + (size_t)workers * job.worker_bytes;
}

void ALCK_NAME(conv_backward_weights)(const alck_parallel *par, const alck_conv *s, const alck_real *x,
                                      const alck_real *dy, alck_real *dw, bool add, void *scratch)
{
    weights_job job = plan(s, par->workers);
    const int64_t elements = s->groups * job.rows * job.p.columns;
    job.p.input = x;
    job.dy = dy;
    job.dw = dw;
    job.add = add;
    job.scratch = scratch;
    job.slots = scratch;
    if (job.pixel_groups == 0 || job.pixels_per_image == 0) {
        if (!add && elements > 0)
            memset(dw, 0, (size_t)elements * sizeof *dw);
        return;
    }
    if (!job.by_groups) {
        alck_spread(par, job.regions, region_task, &job);
        return;
    }
    for (job.wave_first = 0; job.wave_first < job.pixel_groups; job.wave_first += job.wave) {
        const int64_t left = job.pixel_groups - job.wave_first;
        job.wave_groups = left < job.wave ? left : job.wave;
        alck_spread(par, job.regions * job.wave_groups, group_task, &job);
        alck_spread(par, job.regions, collect_task, &job);
    }
}
