/* kernels/f32/product.c - cuts a product into tasks and tiles: see product.h and docs/design/kernels.md.
 *
 * A task is a block of output rows (at most sixteen tiles) by a block of columns. It walks the blocks of k outermost, so
 * that a block of a panel (256 x TILE_COLUMNS, about half a first cache) serves all the tiles before the next is read,
 * and the block sums wait in scratch that fits the second cache.
 */
#include "kernels/f32/epilogue.h"
#include "kernels/f32/left.h"

/* Columns of one task at most: its block sums (ROWS_MOST x this) stay within a quarter of a second cache. */
#define COLUMNS_MOST 512
/* Block sums of a task at most, where its columns are more. */
#define SUMS_MOST (1 << 17)
/* Tasks per worker to aim at, so that a late worker costs little; but where a task copies its rows, for each block of columns
 * anew, one. */
#define TASKS_PER_WORKER 4
/* So many per worker that an odd one costs nothing. */
#define TASKS_ENOUGH 16
/* What it costs to begin a task, and to copy a tile's rows, in tiles. */
#define TASK_TILES 4
#define COPYING_TILES 1

typedef struct product_job {
    const product *p;
    int64_t rows, row_unit, row_blocks, panels, panel_blocks; /* row blocks are whole units */
    int64_t k_blocks, k, chapter;
    bool copies; /* the left operand's rows */
    char *scratch;
    size_t left_bytes, worker_bytes;
} product_job;

static int64_t between(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value < most ? value : most;
}

/* Rows of one task at most. */
static int64_t block_rows(const product_job *job, int64_t row_blocks)
{
    return row_blocks > 0 ? ceil_divide(job->rows / job->row_unit, row_blocks) * job->row_unit : 0;
}

/* Tiles that the busiest worker computes, the cost of beginning its tasks included. */
static int64_t busiest_tiles(const product_job *job, int64_t row_blocks, int64_t panel_blocks, int workers)
{
    const int64_t tiles = ceil_divide(block_rows(job, row_blocks), TILE_ROWS);
    const int64_t panels = ceil_divide(job->panels, panel_blocks) + (job->copies ? COPYING_TILES : 0);
    const int64_t task = tiles * panels + TASK_TILES;
    return ceil_divide(job->p->groups * row_blocks * panel_blocks, workers) * task;
}

/* Cuts the job so where that leaves the busiest worker fewer tiles than `least`. */
static void take_if_less(product_job *job, int64_t row_blocks, int64_t panel_blocks, int workers, int64_t *least)
{
    const int64_t most = busiest_tiles(job, row_blocks, panel_blocks, workers);
    if (most >= *least)
        return;
    *least = most;
    job->row_blocks = row_blocks;
    job->panel_blocks = panel_blocks;
}

static int64_t row_blocks_most(const product_job *job)
{
    return job->row_unit > 1 ? job->rows / job->row_unit : ceil_divide(job->rows, TILE_ROWS);
}

static void share_rows(product_job *job, int64_t wanted)
{
    job->row_blocks = between(ceil_divide(wanted, job->p->groups * job->panel_blocks), job->row_blocks, row_blocks_most(job));
}

static void share_panels(product_job *job, int64_t wanted)
{
    job->panel_blocks = between(ceil_divide(wanted, job->p->groups * job->row_blocks), job->panel_blocks, job->panels);
}

/* A few blocks of panels more, where that is better. */
static void search_panels(product_job *job, int workers, int64_t *least)
{
    const int64_t first = job->panel_blocks + 1, last = smaller(job->panel_blocks + 2 * workers, job->panels);
    const int64_t rows = job->row_blocks;
    for (int64_t more = first; more <= last; more++)
        take_if_less(job, rows, more, workers, least);
}

static void search_rows(product_job *job, int workers, int64_t *least)
{
    const int64_t first = job->row_blocks + 1, last = smaller(job->row_blocks + 2 * workers, row_blocks_most(job));
    const int64_t panels = job->panel_blocks;
    for (int64_t more = first; more <= last; more++)
        take_if_less(job, more, panels, workers, least);
}

/* So many tasks for each worker at least, if there are as many tiles; and then as many as leave no worker idle while another does
 * its last one. */
static void share_among(product_job *job, int workers)
{
    const int64_t wanted = (int64_t)workers * (job->copies ? 1 : TASKS_PER_WORKER), groups = job->p->groups;
    if (groups * job->row_blocks * job->panel_blocks >= (int64_t)workers * TASKS_ENOUGH)
        return;
    /* fewer bytes of weights than of rows are read twice; and nothing is formed twice */
    const bool rather_rows = job->copies && (job->rows > job->p->columns || job->p->reading.depthwise != NULL);
    if (rather_rows)
        share_rows(job, wanted);
    share_panels(job, wanted);
    share_rows(job, wanted);
    int64_t least = busiest_tiles(job, job->row_blocks, job->panel_blocks, workers);
    if (rather_rows)
        search_rows(job, workers, &least);
    search_panels(job, workers, &least);
    if (!rather_rows)
        search_rows(job, workers, &least);
}

/* Columns and rows of a task at most, as many as the second cache bears. Where a depthwise convolution's values are formed, anew for
 * each block of columns, those are twice as wide, if need be of half as many rows. */
static int64_t columns_most(const product *p)
{
    return p->reading.depthwise != NULL ? 2 * COLUMNS_MOST : COLUMNS_MOST;
}

static int64_t rows_most(const product *p)
{
    return ROWS_MOST * smaller(p->columns, columns_most(p)) > SUMS_MOST ? ROWS_MOST / 2 : ROWS_MOST;
}

/* Blocks of whole units of rows. */
static void cut_blocks(product_job *job, int64_t unit)
{
    const int64_t columns = columns_most(job->p), rows = rows_most(job->p);
    job->row_unit = unit > 0 && 2 * unit <= rows ? unit : 1;
    job->row_blocks = ceil_divide(job->rows / job->row_unit, rows / job->row_unit);
    job->panel_blocks = ceil_divide(job->panels * TILE_COLUMNS, columns);
}

/* A depthwise convolution is rather formed in whole rows of the image, where two fit, since a piece of one takes longer; unless few rows
 * could then not be shared as evenly. */
static void cut(product_job *job, int workers)
{
    product_job by_pixels = *job;
    cut_blocks(job, job->p->reading.depthwise != NULL ? job->p->grid_width : 1);
    if (workers == 1 || job->p->groups * job->row_blocks * job->panel_blocks == 0)
        return;
    share_among(job, workers);
    if (job->row_unit == 1)
        return;
    cut_blocks(&by_pixels, 1);
    share_among(&by_pixels, workers);
    if (busiest_tiles(&by_pixels, by_pixels.row_blocks, by_pixels.panel_blocks, workers)
        < busiest_tiles(job, job->row_blocks, job->panel_blocks, workers))
        *job = by_pixels;
}

static product_job plan(const product *p, int workers)
{
    product_job job = {.p = p};
    job.rows = p->batch * p->grid_height * p->grid_width;
    job.k = product_terms(p);
    job.chapter = p->chapters ? CHAPTER_TERMS : larger(job.k, 1);
    job.k_blocks = ALCK_NAME(left_blocks)(p);
    job.panels = panel_count(p->columns);
    job.copies = ALCK_NAME(left_choose)(p) == LEFT_COPIED;
    cut(&job, workers);
    job.left_bytes = ALCK_NAME(left_scratch_bytes)(p);
    const int64_t panels_most = job.panel_blocks > 0 ? ceil_divide(job.panels, job.panel_blocks) : 0;
    job.worker_bytes =
        job.left_bytes + (size_t)(block_rows(&job, job.row_blocks) * panels_most * TILE_COLUMNS) * sizeof(alck_real);
    return job;
}

/* A task's panels: [first, end) of a group's. */
typedef struct panel_range {
    int64_t group, first, end;
} panel_range;

static const alck_real *find_panel(const product_job *job, int64_t group, int64_t panel, int64_t k)
{
    const product *p = job->p;
    return p->panels + group * panel_elements(job->k, p->columns) + panel_offset(job->k, job->chapter, p->columns, panel, k);
}

/* What is read after a panel's block of k that ends at `end_k`: the next panel's, the next block of the first one, or
 * what the next task begins with. */
static const alck_real *find_next_panel(const product_job *job, const panel_range *r, int64_t panel, int64_t first_k,
                                        int64_t end_k)
{
    if (panel + 1 < r->end)
        return find_panel(job, r->group, panel + 1, first_k);
    if (end_k < job->k)
        return find_panel(job, r->group, r->first, end_k);
    return find_panel(job, r->group, r->end < job->panels ? r->end : 0, 0);
}

/* One block of k of one panel, all the task's tiles; the target is filled but for what each tile has of its own. Each
 * tile fetches its share of the panel at `after`. */
static void multiply_panel(const product *p, const left_block *left, bool fetch_rows, int64_t vectors,
                           const alck_real *right, const alck_real *after, tile_target *target)
{
    const int64_t width = vectors * VF_LANES, count = left->rows, tiles = ceil_divide(count, TILE_ROWS);
    const uintptr_t next = fetch_rows ? (uintptr_t)ALCK_NAME(left_next)(p) * sizeof(alck_real) : 0;
    const uintptr_t end = (uintptr_t)(left->length * width) * sizeof(alck_real);
    alck_real *sums = target->sums;
    target->ahead_lines = lines_ahead(width, tiles);
    target->output_rows = output_rows_ahead(left->length);
    const uintptr_t share = bytes_ahead(target->ahead_lines, left->length);
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t row = part_start(count, tiles, tile), rows = part_start(count, tiles, tile + 1) - row;
        const uintptr_t fetched = (uintptr_t)tile * share;
        target->ahead = fetched < end ? (uintptr_t)after + fetched : (uintptr_t)right;
        target->sums = sums + row * width;
        target->pixels = left->pixels + row;
        if (p->transposed) {
            const tile_columns by_k = {left->copies + tile * COPIED_TILE, left->length, TILE_ROWS};
            multiply_by_columns(p->operands, rows, vectors, &by_k, right, target);
        } else {
            const tile_rows by_rows = {left->pointers + row, ROWS_MOST, left->lengths, left->pieces, next};
            multiply_by_rows(p->operands, rows, vectors, &by_rows, right, target);
        }
    }
}

/* One block of k of all the task's tiles. */
static void multiply_block(const product_job *job, const panel_range *r, int64_t block, left_block *left,
                           alck_real *sums)
{
    const product *p = job->p;
    const int64_t first_k = ALCK_NAME(left_find)(p, r->group, block, left);
    for (int64_t panel = r->first; panel < r->end; panel++) {
        const int64_t channel = r->group * p->columns + panel * TILE_COLUMNS;
        tile_target target = {.sums = sums + (panel - r->first) * left->rows * TILE_COLUMNS,
                              .first = block == 0, .last = block == job->k_blocks - 1,
                              .channel = channel, .columns = panel_columns(p->columns, panel),
                              .output = epilogue_output(p->epilogue, p->output, channel), .output_stride = p->output_stride,
                              .residual = epilogue_residual(p->epilogue, channel), .epilogue = p->epilogue};
        multiply_panel(p, left, panel == r->first, panel_vectors(p->columns, panel), find_panel(job, r->group, panel, first_k),
                       find_next_panel(job, r, panel, first_k, first_k + left->length), &target);
    }
}

static void product_task(void *argument, int64_t task, int worker)
{
    const product_job *job = argument;
    const int64_t panel_block = task % job->panel_blocks;
    const int64_t row_block = task / job->panel_blocks % job->row_blocks;
    const int64_t units = job->rows / job->row_unit;
    const int64_t first_row = units * row_block / job->row_blocks * job->row_unit;
    const int64_t rows = units * (row_block + 1) / job->row_blocks * job->row_unit - first_row;
    const panel_range range = {task / job->panel_blocks / job->row_blocks,
                               job->panels * panel_block / job->panel_blocks,
                               job->panels * (panel_block + 1) / job->panel_blocks};
    char *scratch = job->scratch + (size_t)worker * job->worker_bytes;
    left_block left;
    ALCK_NAME(left_begin)(job->p, first_row, rows, scratch, &left);
    for (int64_t block = 0; block < job->k_blocks; block++)
        multiply_block(job, &range, block, &left, (alck_real *)(void *)(scratch + job->left_bytes));
}

/* However many rows up to these there are, and however they are cut. */
size_t ALCK_NAME(product_scratch_bytes)(const product *p, int workers)
{
    const int64_t rows = smaller(p->batch * p->grid_height * p->grid_width, rows_most(p));
    const int64_t panels = smaller(panel_count(p->columns), ceil_divide(columns_most(p), TILE_COLUMNS));
    const size_t sums = (size_t)(rows * panels * TILE_COLUMNS) * sizeof(alck_real);
    return (size_t)workers * (ALCK_NAME(left_scratch_bytes)(p) + sums);
}

void ALCK_NAME(product_run)(const alck_parallel *par, const product *p, void *scratch)
{
    product_job job = plan(p, par->workers);
    job.scratch = scratch;
    alck_spread(par, p->groups * job.row_blocks * job.panel_blocks, product_task, &job);
}
