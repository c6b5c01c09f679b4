/* kernels/f32/pack.c - fills packed panels (panel.h) from a matrix. What the matrix is, a dense layer's weights, a
 * convolution's or a gradient, is its callers' business.
 */
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

void ALCK_NAME(panel_pack)(int64_t length, int64_t columns, const alck_real *source, int64_t stride,
                           bool transposed, alck_real *packed)
{
    if (transposed)
        pack_transposed(length, columns, source, stride, packed);
    else
        pack_straight(length, columns, source, stride, packed);
}

typedef struct pack_job {
    int64_t k, columns, stride, k_parts;
    const alck_real *source;
    bool transposed;
    alck_real *packed;
} pack_job;

/* Rows [first, first + length) of k of one panel. */
static void pack_rows(const pack_job *job, int64_t panel, int64_t first, int64_t length)
{
    const int64_t column = panel * TILE_COLUMNS, width = panel_vectors(job->columns, panel) * VF_LANES;
    const alck_real *source = job->transposed ? job->source + column * job->stride + first
                                              : job->source + first * job->stride + column;
    ALCK_NAME(panel_pack)(length, panel_columns(job->columns, panel), source, job->stride, job->transposed,
                          job->packed + panel * job->k * TILE_COLUMNS + first * width);
}

static void pack_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pack_job *job = argument;
    const int64_t panels = panel_count(job->columns);
    const int64_t first_panel = task / job->k_parts * PACK_PANELS, first = task % job->k_parts * PACK_ROWS;
    const int64_t end_panel = first_panel + PACK_PANELS < panels ? first_panel + PACK_PANELS : panels;
    const int64_t end = first + PACK_ROWS < job->k ? first + PACK_ROWS : job->k;
    const int64_t step = job->transposed ? PACK_ROWS : ROWS_TOGETHER;
    for (int64_t k = first; k < end; k += step)
        for (int64_t panel = first_panel; panel < end_panel; panel++)
            pack_rows(job, panel, k, end - k < step ? end - k : step);
}

size_t ALCK_NAME(gemm_packed_bytes)(int64_t k, int64_t n)
{
    return (size_t)panel_elements(k, n) * sizeof(alck_real);
}

void ALCK_NAME(gemm_pack_b)(const alck_parallel *par, int64_t k, int64_t n, const alck_real *b, int64_t b_stride,
                            bool transposed, void *packed)
{
    pack_job job = {.k = k, .columns = n, .stride = b_stride, .k_parts = even_parts(k, PACK_ROWS),
                    .source = b, .transposed = transposed, .packed = packed};
    if (k > 0 && n > 0)
        alck_spread(par, even_parts(panel_count(n), PACK_PANELS) * job.k_parts, pack_task, &job);
}
