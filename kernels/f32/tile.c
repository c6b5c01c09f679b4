/* kernels/f32/tile.c - the register tiles: see tile.h for what they promise.
 *
 * The body is written once, for the largest tile; `rows` and `vectors` are constants where it is inlined, so that every
 * accumulator is a local variable by name and the compiler keeps them all in registers (arrays of vectors it does not
 * always). Per k a tile does one load per vector, one broadcast per row and rows x vectors FMAs.
 *
 * Compiled once more with ALCK_BF16_TILES, for CPUs that have VDPBF16PS, it multiplies pairs of bf16 values.
 */
#include "kernels/f32/tile.h"

#include "kernels/f32/output_ahead.h"
#include "kernels/f32/settle.h"

#define EACH_ROW(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

#ifdef ALCK_BF16_TILES
#include "kernels/f32/settle_bf16.h"
#include "kernels/f32/tile_bf16.h"
#define BY_ROWS ALCK_NAME(tile_bf16_by_rows)
#define BY_COLUMNS ALCK_NAME(tile_bf16_by_columns)
#define MULTIPLY_ADD(a, b, sum) _mm512_dpbf16_ps(sum, (__m512bh)(a), (__m512bh)(b))
/* Code in registers for any simple epilogue in the largest tile alone, which nearly all are, and for none in half as large ones: all
 * of it would be a twentieth of the library. */
#define WHOLE_TILE(rows, vectors) ((rows) == TILE_ROWS && (vectors) == TILE_VECTORS)
#define FINISH(simple, target)                                                  \
    do {                                                                        \
        if ((simple) && WHOLE_TILE(rows, vectors) && settles_rounded(target)) { \
            SETTLE_ROUNDED(EACH_ROW, target);                                   \
        } else if (2 * rows >= TILE_ROWS && vectors == TILE_VECTORS) {          \
            SETTLE(EACH_ROW, (simple) && WHOLE_TILE(rows, vectors), target);    \
        } else {                                                                \
            KEEP(EACH_ROW, (target)->sums, (target)->first)                     \
            if ((target)->last)                                                 \
                finish_rows(rows, vectors, target);                             \
        }                                                                       \
    } while (0)
#define FETCHES_OUTPUT(rows, vectors) WHOLE_TILE(rows, vectors)
#define STEPS_TOGETHER 1
#else
#define BY_ROWS ALCK_NAME(tile_by_rows)
#define BY_COLUMNS ALCK_NAME(tile_by_columns)
#define MULTIPLY_ADD vf_fma
#define FINISH(simple, target) SETTLE(EACH_ROW, simple, target)
/* The loop's own instructions take a twentieth of the time. Written out, for GCC does not unroll the largest tiles of AVX-512. */
#define STEPS_TOGETHER 4
#define FETCHES_OUTPUT(rows, vectors) true
#endif

#define MOST_ROWS 14
_Static_assert(TILE_ROWS <= MOST_ROWS && TILE_VECTORS <= SETTLED_VECTORS, "a tile larger than the body");

#define DECLARE_SUMS(r) \
    vf s##r##_0 = vf_zero(), s##r##_1 = vf_zero(), s##r##_2 = vf_zero(), s##r##_3 = vf_zero();

#define LOAD_PANEL(panel)                                              \
    const vf b0 = vf_load(panel);                                      \
    const vf b1 = vectors > 1 ? vf_load((panel) + VF_LANES) : b0;      \
    const vf b2 = vectors > 2 ? vf_load((panel) + 2 * VF_LANES) : b0;  \
    const vf b3 = vectors > 3 ? vf_load((panel) + 3 * VF_LANES) : b0;

#define MULTIPLY_ROW(r, value)                                     \
    if (rows > r) {                                                \
        const vf left_value = vf_set1(value);                      \
        s##r##_0 = MULTIPLY_ADD(left_value, b0, s##r##_0);               \
        if (vectors > 1) s##r##_1 = MULTIPLY_ADD(left_value, b1, s##r##_1); \
        if (vectors > 2) s##r##_2 = MULTIPLY_ADD(left_value, b2, s##r##_2); \
        if (vectors > 3) s##r##_3 = MULTIPLY_ADD(left_value, b3, s##r##_3); \
    }

#define FETCH_AHEAD()                                                                     \
    do {                                                                                  \
        for (int64_t line = 0; line < ahead_lines; line++, ahead += LINE_BYTES)           \
            FETCH_FOR_LATER(ahead);                                                       \
    } while (0)

/* As many k as a cache line has values. */
#define STEPS_OF_LINE()                                                                   \
    do {                                                                                  \
        for (int64_t k = 0; k < LINE_VALUES; k += STEPS_TOGETHER) {                       \
            STEP(k);                                                                      \
            if (STEPS_TOGETHER == 4) {                                                    \
                STEP(k + 1);                                                              \
                STEP(k + 2);                                                              \
                STEP(k + 3);                                                              \
            }                                                                             \
        }                                                                                 \
    } while (0)

ALCK_INLINE void body_by_rows(int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel,
                              const tile_target *target)
{
    uintptr_t ahead = target->ahead;
    const int64_t ahead_lines = target->ahead_lines;
    const uintptr_t next = left->next;
    EACH_ROW(DECLARE_SUMS)
    output_left output_later;
    if (FETCHES_OUTPUT(rows, vectors))
        begin_output(rows, vectors, target, &output_later);
    for (int64_t s = 0; s < left->segments; s++) {
        const alck_real *const *pointers = left->pointers + s * left->pitch;
        int64_t length = left->lengths[s];
#define TAKE_POINTER(r) const alck_real *p##r = rows > r ? pointers[r] : NULL;
        EACH_ROW(TAKE_POINTER)
#undef TAKE_POINTER
#define FETCH_ROW(r) if (rows > r) FETCH((uintptr_t)p##r + next);
#define MULTIPLY(r) MULTIPLY_ROW(r, p##r[at])
#define ADVANCE(r) if (rows > r) p##r += LINE_VALUES;
#define STEP(k)                      \
    do {                             \
        const int64_t at = (k);      \
        LOAD_PANEL(panel)            \
        EACH_ROW(MULTIPLY)           \
        panel += vectors * VF_LANES; \
    } while (0)
        for (; length >= LINE_VALUES; length -= LINE_VALUES) {
            if (next != 0) {
                EACH_ROW(FETCH_ROW)
            }
            FETCH_AHEAD();
            if (FETCHES_OUTPUT(rows, vectors))
                fetch_more_output(rows, vectors, &output_later);
            STEPS_OF_LINE();
            EACH_ROW(ADVANCE)
        }
        for (int64_t k = 0; k < length; k++)
            STEP(k);
#undef STEP
#undef ADVANCE
#undef MULTIPLY
#undef FETCH_ROW
    }
    /* Few rows are a dense layer's of few images, whose chains are long; one vector is what wider panels have left over. */
    FINISH(2 * rows >= TILE_ROWS && vectors == TILE_VECTORS, target);
}

ALCK_INLINE void body_by_columns(int64_t rows, int64_t vectors, const tile_columns *left, const alck_real *panel,
                                 const tile_target *target)
{
    const alck_real *values = left->values;
    uintptr_t ahead = target->ahead;
    const int64_t ahead_lines = target->ahead_lines;
    const int64_t stride = left->stride;
    int64_t length = left->length;
    EACH_ROW(DECLARE_SUMS)
    output_left output_later;
    if (FETCHES_OUTPUT(rows, vectors))
        begin_output(rows, vectors, target, &output_later);
#define MULTIPLY(r) MULTIPLY_ROW(r, values[r])
#define STEP(k)                                                                                \
    do {                                                                                       \
        LOAD_PANEL(panel)                                                                      \
        EACH_ROW(MULTIPLY)                                                                     \
        panel += vectors * VF_LANES;                                                           \
        values += stride;                                                                      \
    } while (0)
    for (; length >= LINE_VALUES; length -= LINE_VALUES) {
        FETCH_AHEAD();
        if (FETCHES_OUTPUT(rows, vectors))
            fetch_more_output(rows, vectors, &output_later);
        STEPS_OF_LINE();
    }
    for (int64_t k = 0; k < length; k++)
        STEP(k);
#undef STEP
#undef MULTIPLY
    FINISH(false, target); /* weight gradients and transposed matrices have no epilogue, but for few */
}

#if ALCK_TILE_ROWS == 4
#define EACH_TILE(X, v) X(1, v) X(2, v) X(3, v) X(4, v)
#elif ALCK_TILE_ROWS == 6
#define EACH_TILE(X, v) X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v)
#elif ALCK_TILE_ROWS == 8
#define EACH_TILE(X, v) X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v) X(7, v) X(8, v)
#elif ALCK_TILE_ROWS == 14
#define EACH_TILE(X, v)                                                                      \
    X(1, v) X(2, v) X(3, v) X(4, v) X(5, v) X(6, v) X(7, v) X(8, v) X(9, v) X(10, v) X(11, v) \
    X(12, v) X(13, v) X(14, v)
#else
#error "list the tiles of this row count"
#endif

#if ALCK_TILE_VECTORS == 1
#define EACH_WIDTH(X) X(1)
#elif ALCK_TILE_VECTORS == 2
#define EACH_WIDTH(X) X(1) X(2)
#elif ALCK_TILE_VECTORS == 3
#define EACH_WIDTH(X) X(1) X(2) X(3)
#else
#define EACH_WIDTH(X) X(1) X(2) X(3) X(4)
#endif

#define DEFINE_TILE(r, v)                                                                           \
    static void rows_##r##x##v(const tile_rows *left, const alck_real *panel, const tile_target *t) \
    {                                                                                               \
        body_by_rows(r, v, left, panel, t);                                                         \
    }                                                                                               \
    static void columns_##r##x##v(const tile_columns *left, const alck_real *panel,                 \
                                  const tile_target *t)                                             \
    {                                                                                               \
        body_by_columns(r, v, left, panel, t);                                                      \
    }
#define DEFINE_WIDTH(v) EACH_TILE(DEFINE_TILE, v)
EACH_WIDTH(DEFINE_WIDTH)

typedef void (*rows_function)(const tile_rows *, const alck_real *, const tile_target *);
typedef void (*columns_function)(const tile_columns *, const alck_real *, const tile_target *);

#define ROWS_ENTRY(r, v) rows_##r##x##v,
#define ROWS_WIDTH(v) {EACH_TILE(ROWS_ENTRY, v)},
#define COLUMNS_ENTRY(r, v) columns_##r##x##v,
#define COLUMNS_WIDTH(v) {EACH_TILE(COLUMNS_ENTRY, v)},
static const rows_function rows_functions[TILE_VECTORS][TILE_ROWS] = {EACH_WIDTH(ROWS_WIDTH)};
static const columns_function columns_functions[TILE_VECTORS][TILE_ROWS] = {EACH_WIDTH(COLUMNS_WIDTH)};

void BY_ROWS(int64_t rows, int64_t vectors, const tile_rows *left, const alck_real *panel, const tile_target *target)
{
    rows_functions[vectors - 1][rows - 1](left, panel, target);
}

void BY_COLUMNS(int64_t rows, int64_t vectors, const tile_columns *left, const alck_real *panel, const tile_target *target)
{
    columns_functions[vectors - 1][rows - 1](left, panel, target);
}
