/* kernels/f32/grid.c - see grid.h. Nothing here adds or multiplies: it can decide speed, never bits. */
#include "kernels/f32/grid.h"

/* What a tap in the padding points at: as many as a block of k has, of pairs twice as many. */
static const alck_real zeros[2 * K_BLOCK];

bool ALCK_NAME(grid_joins_taps)(const product *p)
{
    return p->taps_x > 1 && p->tap_step_x == 1 && p->input_stride == p->channels
           && p->taps_x * p->channels <= TAP_ROW_MOST;
}

int64_t ALCK_NAME(grid_find_runs)(const product *p, int64_t first, int64_t count, grid_run *run)
{
    const int64_t per_image = p->grid_height * p->grid_width;
    int64_t runs = 0;
    while (count > 0) {
        grid_run *r = &run[runs++];
        r->image = first / per_image;
        r->y = first % per_image / p->grid_width;
        r->x = first % p->grid_width;
        r->count = p->grid_width - r->x < count ? p->grid_width - r->x : count;
        first += r->count;
        count -= r->count;
    }
    return runs;
}

/* Grid points of `run` whose taps [tap_x, tap_x + taps) all lie within the image: [*low, *high). */
static void find_inside(const product *p, const grid_run *run, const k_piece *piece, int64_t *low, int64_t *high)
{
    const int64_t first = run->x * p->step_x + p->first_x + piece->tap_x * p->tap_step_x;
    const int64_t last = p->input_width - 1 - (piece->taps - 1) * p->tap_step_x - first;
    *low = first >= 0 ? 0 : (-first + p->step_x - 1) / p->step_x;
    *high = last < 0 ? 0 : last / p->step_x + 1;
    if (*low > run->count)
        *low = run->count;
    if (*high > run->count)
        *high = run->count;
    if (*high < *low)
        *high = *low;
}

/* A row of taps that cannot be read where it lies: its pixels copied, zeros around them. */
static const alck_real *copy_edge(const product *p, const alck_real *line, int64_t first_x, int64_t taps,
                                  alck_real *copy)
{
    memset(copy, 0, (size_t)(taps * p->channels) * sizeof *copy);
    for (int64_t j = 0; j < taps; j++)
        if (first_x + j >= 0 && first_x + j < p->input_width)
            memcpy(copy + j * p->channels, line + (first_x + j) * p->input_stride,
                   (size_t)p->channels * sizeof *copy);
    return copy;
}

/* Grid points [from, to) of a run, whose taps lie partly or wholly in the padding, or have gaps between them. */
static void point_elsewhere(const product *p, const alck_real *line, int64_t first_x, const k_piece *piece,
                          int64_t from, int64_t to, const alck_real **pointers, alck_real *copies)
{
    for (int64_t j = from; j < to; j++)
        pointers[j] = line == NULL || piece->taps == 1
                          ? zeros
                          : copy_edge(p, line, first_x + j * p->step_x, piece->taps, copies + j * TAP_ROW_MOST);
}

static void point_run(const product *p, const grid_run *run, int64_t group, const k_piece *piece,
                      const alck_real **pointers, alck_real *copies)
{
    const int64_t y = run->y * p->step_y + p->first_y + piece->tap_y * p->tap_step_y;
    const int64_t x = run->x * p->step_x + p->first_x + piece->tap_x * p->tap_step_x;
    const alck_real *line = NULL;
    int64_t low = 0, high = 0;
    if (y >= 0 && y < p->input_height) {
        line = p->input + (run->image * p->input_height + y) * p->input_width * p->input_stride
               + group * p->channels + piece->channel;
        if (piece->taps == 1 || p->input_stride == p->channels)
            find_inside(p, run, piece, &low, &high);
    }
    point_elsewhere(p, line, x, piece, 0, low, pointers, copies);
    for (int64_t j = low; j < high; j++)
        pointers[j] = line + (x + j * p->step_x) * p->input_stride;
    point_elsewhere(p, line, x, piece, high, run->count, pointers, copies);
}

void ALCK_NAME(grid_point)(const product *p, const grid_run *run, int64_t runs, int64_t group, const k_piece *piece,
                           const alck_real **pointers, alck_real *copies)
{
    int64_t done = 0;
    for (int64_t i = 0; i < runs; i++) {
        point_run(p, &run[i], group, piece, pointers + done, piece->taps > 1 ? copies + done * TAP_ROW_MOST : NULL);
        done += run[i].count;
    }
}
