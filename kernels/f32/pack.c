/* kernels/f32/pack.c - fills packed panels (panel.h) from a matrix. What the matrix is, a dense layer's weights, a
 * convolution's or a gradient, is its callers' business.
 */
#include "kernels/f32/pairs.h"
#include "kernels/f32/panel.h"
#include "kernels/f32/strips.h"

/* Rows of k and panels packed by one task: enough to amortise the call, few enough to spread one wide matrix. */
#define PACK_ROWS 256
#define PACK_PANELS 16
/* Rows packed together before the next panel: rows are then read in long pieces, yet from no more places than a cache set
 * has ways. */
#define ROWS_TOGETHER 8

/* Fetches what is so many values further on into the second cache: it is read from there soon, unless the matrix ends before,
 * and then it is an address nobody reads. */
ALCK_INLINE void fetch_far(const alck_real *values, int64_t further)
{
    __builtin_prefetch((const void *)((uintptr_t)values + (uintptr_t)further * sizeof *values), 0, 2);
}

static void pack_straight(int64_t length, int64_t columns, const alck_real *source, int64_t stride,
                          alck_real *packed)
{
    const int64_t width = (columns + VF_LANES - 1) / VF_LANES * VF_LANES;
    for (int64_t k = 0; k < length; k++, source += stride, packed += width) {
        int64_t i = 0;
        for (int64_t line = 0; line < columns; line += LINE_VALUES)
            fetch_far(source + line, ROWS_TOGETHER * stride);
        for (; i + VF_LANES <= columns; i += VF_LANES)
            vf_store(packed + i, vf_load(source + i));
        if (i < columns)
            vf_store(packed + i, vf_load_n(source + i, columns - i));
    }
}

/* Exchanges the rows and columns of a square of VF_LANES vectors: each round interleaves the two halves. */
ALCK_INLINE void transpose_square(vf square[VF_LANES])
{
    for (int round = 1; round < VF_LANES; round *= 2) {
        vf next[VF_LANES];
        for (int i = 0; i < VF_LANES / 2; i++) {
            next[2 * i] = vf_interleave_low(square[i], square[i + VF_LANES / 2]);
            next[2 * i + 1] = vf_interleave_high(square[i], square[i + VF_LANES / 2]);
        }
        for (int i = 0; i < VF_LANES; i++)
            square[i] = next[i];
    }
}

/* VF_LANES columns, or the `columns` that are left, of `length` rows of k, at most VF_LANES. */
ALCK_INLINE void pack_square(int64_t length, int64_t columns, const alck_real *source, int64_t stride, int64_t width,
                             alck_real *packed)
{
    vf square[VF_LANES];
    for (int64_t i = 0; i < VF_LANES; i++) {
        square[i] = i < columns ? load_lanes(source + i * stride, length) : vf_zero();
        if (i < columns)
            fetch_far(source + i * stride, LINE_VALUES);
    }
    transpose_square(square);
    for (int64_t k = 0; k < length; k++)
        vf_store(packed + k * width, square[k]);
}

static void pack_transposed(int64_t length, int64_t columns, const alck_real *source, int64_t stride, alck_real *packed)
{
    const int64_t width = (columns + VF_LANES - 1) / VF_LANES * VF_LANES;
    for (int64_t column = 0; column < columns; column += VF_LANES) {
        const alck_real *from = source + column * stride;
        alck_real *to = packed + column;
        int64_t k = 0;
        for (; k + VF_LANES <= length && column + VF_LANES <= columns; k += VF_LANES)
            pack_square(VF_LANES, VF_LANES, from + k, stride, width, to + k * width);
        for (; k < length; k += VF_LANES)
            pack_square(length - k < VF_LANES ? length - k : VF_LANES, columns - column, from + k, stride, width,
                        to + k * width);
    }
}

/* Terms of each column that are paired before they are turned. */
#define PAIRS_TOGETHER 64

static void pack_pairs_straight(alck_operands operands, int64_t length, int64_t columns, const alck_real *source,
                                int64_t stride, alck_real *packed)
{
    const int64_t width = (columns + VF_LANES - 1) / VF_LANES * VF_LANES;
    for (int64_t row = 0; row < length; row += 2, packed += width) {
        const alck_real *first = source + row * stride;
        ALCK_NAME(pair_rows)(operands, columns, first, row + 1 < length ? first + stride : NULL, packed);
        for (int64_t i = columns; i < width; i++)
            packed[i] = 0;
    }
}

static void pack_pairs_transposed(alck_operands operands, int64_t length, int64_t columns, const alck_real *source,
                                  int64_t stride, alck_real *packed)
{
    const int64_t width = (columns + VF_LANES - 1) / VF_LANES * VF_LANES;
    alck_real pairs[TILE_COLUMNS * PAIRS_TOGETHER];
    for (int64_t k = 0; k < length; k += 2 * PAIRS_TOGETHER) {
        const int64_t reals = length - k < 2 * PAIRS_TOGETHER ? length - k : 2 * PAIRS_TOGETHER;
        for (int64_t column = 0; column < columns; column++)
            ALCK_NAME(pair_values)(operands, reals, source + column * stride + k, pairs + column * PAIRS_TOGETHER);
        ALCK_NAME(panel_pack)(ALCK_REALS, terms_of(operands, reals), columns, pairs, PAIRS_TOGETHER, true, packed + k / 2 * width);
    }
}

void ALCK_NAME(panel_pack)(alck_operands operands, int64_t length, int64_t columns, const alck_real *source, int64_t stride,
                           bool transposed, alck_real *packed)
{
    if (operands != ALCK_REALS && transposed)
        pack_pairs_transposed(operands, length, columns, source, stride, packed);
    else if (operands != ALCK_REALS)
        pack_pairs_straight(operands, length, columns, source, stride, packed);
    else if (transposed)
        pack_transposed(length, columns, source, stride, packed);
    else
        pack_straight(length, columns, source, stride, packed);
}

typedef struct pack_job {
    const pack_source *source;
    int64_t terms, parts; /* of a stretch; tasks of one */
    int64_t first, end;   /* of the terms that are packed; a task's are cut where PACK_ROWS divides them, as chapters are */
    alck_real *packed;
} pack_job;

/* Terms [first, first + length) of a stretch of one panel. */
static void pack_rows(const pack_job *job, int64_t panel, int64_t stretch, int64_t first, int64_t length)
{
    const pack_source *s = job->source;
    const int64_t column = panel * TILE_COLUMNS;
    const int64_t per_term = values_per_term(s->operands), real = first * per_term;
    const int64_t reals = s->reals - real < length * per_term ? s->reals - real : length * per_term;
    const alck_real *from = s->transposed ? s->values + column * s->stride + real
                                          : s->values + (stretch * s->reals + real) * s->stride + column;
    const int64_t terms = s->stretches * job->terms, chapter = s->chapters ? CHAPTER_TERMS : terms;
    alck_real *to = job->packed + panel_offset(terms, chapter, s->columns, panel, stretch * job->terms + first);
    ALCK_NAME(panel_pack)(s->operands, reals, panel_columns(s->columns, panel), from, s->stride, s->transposed, to);
}

static void pack_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pack_job *job = argument;
    const int64_t panels = panel_count(job->source->columns), parts = job->source->stretches * job->parts;
    const int64_t first_panel = task / parts * PACK_PANELS, stretch = task % parts / job->parts;
    const int64_t end_panel = first_panel + PACK_PANELS < panels ? first_panel + PACK_PANELS : panels;
    const int64_t begin = (job->first / PACK_ROWS + task % job->parts) * PACK_ROWS;
    const int64_t end = smaller(begin + PACK_ROWS, job->end);
    const int64_t step = job->source->transposed ? PACK_ROWS : ROWS_TOGETHER;
    for (int64_t k = larger(begin, job->first), next; k < end; k = next) {
        next = smaller((k / step + 1) * step, end);
        for (int64_t panel = first_panel; panel < end_panel; panel++)
            pack_rows(job, panel, stretch, k, next - k);
    }
}

void ALCK_NAME(pack_panels)(const alck_parallel *par, const pack_source *source, alck_real *packed)
{
    pack_source whole = *source;
    if (!whole.transposed && (whole.operands == ALCK_REALS || whole.reals % 2 == 0)) {
        whole.reals *= whole.stretches; /* no pair ends with one */
        whole.stretches = 1;
    }
    pack_job job = {.source = &whole, .terms = terms_of(whole.operands, whole.reals), .packed = packed};
    job.first = whole.first / values_per_term(whole.operands);
    job.end = whole.count > 0 ? job.first + terms_of(whole.operands, whole.count) : job.terms;
    job.parts = ceil_divide(job.end, PACK_ROWS) - job.first / PACK_ROWS;
    alck_spread(par, ceil_divide(panel_count(whole.columns), PACK_PANELS) * whole.stretches * job.parts, pack_task, &job);
}

size_t ALCK_NAME(gemm_packed_bytes)(alck_operands operands, int64_t k, int64_t n)
{
    return (size_t)panel_elements(terms_of(operands, k), n) * sizeof(alck_real);
}

void ALCK_NAME(gemm_pack_b)(const alck_parallel *par, alck_operands operands, int64_t k, int64_t n, int64_t first, int64_t count,
                            const alck_real *b, int64_t b_stride, bool transposed, void *packed)
{
    const pack_source source = {.stretches = 1, .reals = k, .columns = n, .first = first, .count = count, .values = b,
                                .stride = b_stride, .transposed = transposed, .chapters = true, .operands = operands};
    ALCK_NAME(pack_panels)(par, &source, packed);
}
