/* kernels/f32/conv_winograd_taps.c - Winograd's convolution (conv_winograd.h) of few tiles, whose products take less time than
 * reading U, 36 values for nine weights: U is formed in registers from the nine, which are all that is read.
 *
 * Weights are packed [vector of columns][channel][tap][lane]. A task is a panel of columns. For a block of channels the six rows of
 * positions pass one after the other: the weights come from memory for the first and from the second cache for the others, and each
 * fetches a share of the next block. Values and order are those of the other ways.
 */
#include "kernels/f32/conv_winograd.h"

/* Tiles whose sums of one row of positions, six each, fit the registers. */
#define TILES_TOGETHER (ALCK_TILE_ROWS * ALCK_TILE_VECTORS >= 4 * WINOGRAD_POINTS ? 4 : 2)
/* Lines of the next block that each step fetches, so that the six rows fetch all of it. */
#define LINES_AHEAD ((TAPS * VF_LANES / LINE_VALUES + WINOGRAD_POINTS - 1) / WINOGRAD_POINTS)

/* A row of positions of some tiles and a vector of columns. */
typedef struct row_products {
    int64_t length;                      /* of the block of channels */
    const alck_real *taps;               /* [channel][tap][lane] */
    const alck_real *v[4];               /* of each tile: the row's first position, the block's first channel */
    alck_real *m[4];                     /* and column */
    int64_t v_pitch, m_pitch;            /* from position to position */
    bool add;                            /* to the blocks before */
    uintptr_t ahead;
} row_products;

#define EACH_TILE(X) X(0) X(1) X(2) X(3)
#define EACH_POINT(X, t) X(t, 0) X(t, 1) X(t, 2) X(t, 3) X(t, 4) X(t, 5)

/* The first row of U is of point 0 and the last of infinity; those between differ in their factors alone. */
typedef enum row_kind { FIRST_ROW, MIDDLE_ROW, LAST_ROW } row_kind;

/* A row of U from nine weights, to the bits that winograd_weights gives it. */
ALCK_INLINE void form_row(row_kind kind, const alck_real *factors, const alck_real *taps, vf u[WINOGRAD_POINTS])
{
    vf row[WINOGRAD_TAPS];
    for (int j = 0; j < WINOGRAD_TAPS; j++) {
        vf column[WINOGRAD_TAPS];
        for (int k = 0; k < WINOGRAD_TAPS; k++)
            column[k] = vf_load(taps + (k * WINOGRAD_TAPS + j) * VF_LANES);
        row[j] = kind == FIRST_ROW  ? vf_mul(vf_set1(WEIGHT_0), column[0])
                 : kind == LAST_ROW ? column[2]
                                    : transform_weights_at(column, factors);
    }
    transform_weights(row, u, 1);
}

/* The block's sums [tile][point][lane] to M, where those of the blocks before are. */
ALCK_ONCE void keep_sums(const row_products *r, const alck_real *sums)
{
    for (int64_t t = 0; t < TILES_TOGETHER; t++)
        for (int64_t j = 0; j < WINOGRAD_POINTS; j++, sums += VF_LANES) {
            alck_real *m = r->m[t] + j * r->m_pitch;
            const vf sum = vf_load(sums);
            vf_store(m, r->add ? vf_add(vf_load(m), sum) : sum);
        }
}

/* `factors`: of a row between. */
ALCK_INLINE void multiply_row(row_kind kind, const alck_real *factors, const row_products *r)
{
    alck_real sums[TILES_TOGETHER * WINOGRAD_POINTS * VF_LANES];
    const alck_real *taps = r->taps;
    const int64_t pitch = r->v_pitch;
    uintptr_t ahead = r->ahead;
#define DECLARE(t, j) vf s##t##_##j = vf_zero();
#define DECLARE_TILE(t) const alck_real *v##t = r->v[t]; EACH_POINT(DECLARE, t)
    EACH_TILE(DECLARE_TILE)
    for (int64_t k = 0; k < r->length; k++, taps += TAPS * VF_LANES) {
        vf u[WINOGRAD_POINTS];
        form_row(kind, factors, taps, u);
        for (int line = 0; line < LINES_AHEAD; line++, ahead += LINE_VALUES * sizeof(alck_real))
            __builtin_prefetch((const void *)ahead, 0, 2);
#define MULTIPLY(t, j) s##t##_##j = vf_fma(vf_set1(v##t[j * pitch]), u[j], s##t##_##j);
#define MULTIPLY_TILE(t)           \
    if (TILES_TOGETHER > t) {      \
        EACH_POINT(MULTIPLY, t)    \
        v##t++;                    \
    }
        EACH_TILE(MULTIPLY_TILE)
    }
#define STORE(t, j) vf_store(sums + (t * WINOGRAD_POINTS + j) * VF_LANES, s##t##_##j);
#define STORE_TILE(t)              \
    if (TILES_TOGETHER > t) {      \
        EACH_POINT(STORE, t)       \
    }
    EACH_TILE(STORE_TILE)
    keep_sums(r, sums);
}

static void multiply_point(int64_t i, const row_products *r)
{
    if (i == 0)
        multiply_row(FIRST_ROW, NULL, r);
    else if (i < WINOGRAD_POINTS - 1)
        multiply_row(MIDDLE_ROW, middle_factors[i - 1], r);
    else
        multiply_row(LAST_ROW, NULL, r);
}

typedef struct taps_job {
    winograd w;
    const alck_real *packed;
    alck_real *v;
    char *scratch;
    size_t v_bytes, worker_bytes;
} taps_job;

static taps_job plan(const winograd *w)
{
    taps_job job = {.w = *w};
    job.v_bytes = (size_t)(w->tiles * tile_pitch(w->terms)) * sizeof(alck_real);
    job.worker_bytes = (size_t)((w->tiles + 1) * tile_pitch(TILE_COLUMNS)) * sizeof(alck_real);
    return job;
}

/* M of all tiles of a vector of columns, which begin at `m`. */
static void multiply_vector(const taps_job *job, const alck_real *taps, int64_t width, alck_real *m)
{
    const winograd *w = &job->w;
    const int64_t terms = w->terms;
    for (int64_t first = 0; first < terms; first += K_BLOCK) {
        row_products r = {.length = smaller(K_BLOCK, terms - first), .taps = taps + first * TAPS * VF_LANES, .v_pitch = terms,
                          .m_pitch = width, .add = first > 0};
        const uintptr_t ahead = (uintptr_t)(r.taps + r.length * TAPS * VF_LANES);
        for (int64_t i = 0; i < WINOGRAD_POINTS; i++)
            for (int64_t tile = 0; tile < w->tiles; tile += TILES_TOGETHER) {
                for (int64_t t = 0; t < TILES_TOGETHER; t++) { /* past the last tile the last one is computed again, to nowhere */
                    const int64_t from = smaller(tile + t, w->tiles - 1), to = smaller(tile + t, w->tiles);
                    r.v[t] = job->v + from * tile_pitch(terms) + i * WINOGRAD_POINTS * terms + first;
                    r.m[t] = m + to * tile_pitch(width) + i * WINOGRAD_POINTS * width;
                }
                r.ahead = ahead + (uintptr_t)(i * r.length * LINES_AHEAD) * LINE_VALUES * sizeof(alck_real);
                multiply_point(i, &r);
            }
    }
}

static void panel_task(void *argument, int64_t panel, int worker)
{
    const taps_job *job = argument;
    const winograd *w = &job->w;
    const int64_t width = width_of_panels(w, panel, panel + 1);
    const alck_real *taps = job->packed + panel * TILE_COLUMNS * w->terms * TAPS;
    alck_real *m = (alck_real *)(void *)(job->scratch + (size_t)worker * job->worker_bytes);
    for (int64_t column = 0; column < width; column += VF_LANES)
        multiply_vector(job, taps + column * w->terms * TAPS, width, m + column);
    ALCK_NAME(winograd_output)(w, 0, w->tiles, panel, panel + 1, m);
}

static void input_task(void *argument, int64_t tile, int worker)
{
    (void)worker;
    const taps_job *job = argument;
    const v_layout layout = layout_of(&job->w);
    ALCK_NAME(winograd_input)(&job->w, tile, 1, layout, job->v + tile * layout.tile);
}

size_t ALCK_NAME(winograd_taps_bytes)(const alck_conv *s)
{
    const winograd w = ALCK_NAME(winograd_of)(s);
    return (size_t)(TAPS * w.terms * width_of_panels(&w, 0, panel_count(s->out_channels))) * sizeof(alck_real);
}

/* A vector of columns. */
typedef struct pack_job {
    winograd w;
    alck_real *packed;
} pack_job;

static void pack_task(void *argument, int64_t vector, int worker)
{
    (void)worker;
    const pack_job *job = argument;
    const int64_t channels = job->w.s.in_channels, columns = job->w.s.out_channels, column = vector * VF_LANES;
    const int64_t lanes = smaller(VF_LANES, columns - column);
    alck_real *to = job->packed + column * channels * TAPS;
    for (int64_t c = 0; c < channels; c++)
        for (int64_t tap = 0; tap < TAPS; tap++, to += VF_LANES)
            vf_store(to, load_lanes(job->w.weight + (tap * channels + c) * columns + column, lanes));
}

void ALCK_NAME(winograd_taps_pack)(const alck_parallel *par, const alck_conv *s, const alck_real *weight, void *packed)
{
    pack_job job = {ALCK_NAME(winograd_of)(s), packed};
    job.w.weight = weight;
    alck_spread(par, ceil_divide(s->out_channels, VF_LANES), pack_task, &job);
}

size_t ALCK_NAME(winograd_taps_scratch_bytes)(const alck_conv *s, int workers)
{
    const winograd w = ALCK_NAME(winograd_of)(s);
    const taps_job job = plan(&w);
    return job.v_bytes + (size_t)workers * job.worker_bytes;
}

void ALCK_NAME(winograd_taps_forward)(const alck_parallel *par, const alck_conv *s, const alck_real *x, const void *packed,
                                      const alck_epilogue *epilogue, alck_real *y, void *scratch)
{
    winograd w = ALCK_NAME(winograd_of)(s);
    w.input = x;
    w.output = y;
    w.epilogue = epilogue;
    taps_job job = plan(&w);
    job.packed = packed;
    job.v = scratch;
    job.scratch = (char *)scratch + job.v_bytes;
    alck_spread(par, w.tiles, input_task, &job);
    if (w.tiles > 0)
        alck_spread(par, panel_count(s->out_channels), panel_task, &job);
}
