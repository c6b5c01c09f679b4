/* kernels/f32/depthwise_weights.c - a depthwise convolution's gradient for its weights: dw[tap][channel] is the sum over
 * output pixels of input[pixel at tap][channel] * dy[pixel][channel].
 *
 * The sum has three levels: a chain from +0 over a run, at most 256 consecutive pixels of one output line; runs added in
 * order within a sample; samples added in order (depthwise_backward.c). The output is walked line by line, so that the input's
 * lines are still in the cache when the next rows of taps read them.
 */
#include "kernels/f32/depthwise.h"

/* Taps of one row that are summed at once. */
#define TAPS_MOST 8
/* Inputs between two outputs of a row whose taps share them. */
#define STEP_MOST 2
/* Taps of a row, such a step, and vectors of channels at once: as many as their sums, inputs and gradients leave registers for. */
#if defined(ALCK_AVX512) || defined(ALCK_NEON)
#define EACH_SHARED(X) X(3, 1, 4) X(3, 2, 4) X(3, 1, 2) X(3, 2, 2) X(5, 1, 2) X(5, 2, 2)
#else
#define EACH_SHARED(X) X(3, 1, 2) X(3, 2, 2)
#endif

/* A run of output pixels: where each finds each tap of the row, and its gradient, at the task's first channel. */
typedef struct tap_run {
    int64_t pixels, dy_stride;
    const alck_real *dy;
    const alck_real *pointers[TAPS_MOST][K_BLOCK];
} tap_run;

#define EACH_TAP(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define DECLARE_SUM(t) vf s##t##_0 = vf_zero(), s##t##_1 = s##t##_0, s##t##_2 = s##t##_0, s##t##_3 = s##t##_0;
#define LOAD_VALUE(from, v) (whole ? vf_load((from) + (v) * VF_LANES) : vf_load_n(from, n))
/* What tap t reads is what tap t + step read of the pixel before, where that is kept. */
#define FIND_INPUT(t, v) \
    if (vectors > v) \
        inputs[t][v] = shares && t + step < taps ? inputs[t + step][v] : LOAD_VALUE(r->pointers[t][k] + c, v);
#define FIND_INPUTS(t) \
    if (taps > t) { FIND_INPUT(t, 0) FIND_INPUT(t, 1) FIND_INPUT(t, 2) FIND_INPUT(t, 3) }
#define BEGIN_INPUT(t, v) \
    if (vectors > v) \
        inputs[t + step][v] = LOAD_VALUE(r->pointers[t][0] + c, v);
#define BEGIN_INPUTS(t) \
    if (shares && t + step < taps) { BEGIN_INPUT(t, 0) BEGIN_INPUT(t, 1) BEGIN_INPUT(t, 2) BEGIN_INPUT(t, 3) }
#define MULTIPLY_TAP(t)                                                                 \
    if (taps > t) {                                                                     \
        s##t##_0 = vf_fma(inputs[t][0], d0, s##t##_0);                                  \
        if (vectors > 1) s##t##_1 = vf_fma(inputs[t][1], d1, s##t##_1);                 \
        if (vectors > 2) s##t##_2 = vf_fma(inputs[t][2], d2, s##t##_2);                 \
        if (vectors > 3) s##t##_3 = vf_fma(inputs[t][3], d3, s##t##_3);                 \
    }
#define SETTLE_VECTOR(t, v)                                                             \
    if (vectors > v) {                                                                  \
        alck_real *to = sums + t * channels + v * VF_LANES;                             \
        const vf total = first ? s##t##_##v : vf_add(LOAD_VALUE(to, 0), s##t##_##v);    \
        if (whole)                                                                      \
            vf_store(to, total);                                                        \
        else                                                                            \
            vf_store_n(to, total, n);                                                   \
    }
#define SETTLE_TAP(t) \
    if (taps > t) { SETTLE_VECTOR(t, 0) SETTLE_VECTOR(t, 1) SETTLE_VECTOR(t, 2) SETTLE_VECTOR(t, 3) }

/* Vectors of channels summed at once: a chain waits for its last product, so a few taps alone would leave the units idle. */
#define VECTORS_OF(taps) ((taps) <= 3 ? 4 : (taps) <= 6 ? 2 : 1)

/* `vectors` whole vectors, or n channels of one, from the task's channel c on; the sums of tap t are at sums + t * channels. Where
 * `shares`, an input is read once for the pixels, `step` inputs apart, whose taps meet it. */
ALCK_INLINE void sum_run(int64_t taps, bool shares, int64_t step, int64_t vectors, bool whole, const tap_run *r, int64_t c, int64_t n,
                         bool first, alck_real *sums, int64_t channels)
{
    vf inputs[TAPS_MOST + STEP_MOST][4];
    EACH_TAP(DECLARE_SUM)
    EACH_TAP(BEGIN_INPUTS)
    const alck_real *dy = r->dy + c;
    for (int64_t k = 0; k < r->pixels; k++, dy += r->dy_stride) {
        const vf d0 = LOAD_VALUE(dy, 0), d1 = vectors > 1 ? LOAD_VALUE(dy, 1) : d0;
        const vf d2 = vectors > 2 ? LOAD_VALUE(dy, 2) : d0, d3 = vectors > 3 ? LOAD_VALUE(dy, 3) : d0;
        EACH_TAP(FIND_INPUTS)
        EACH_TAP(MULTIPLY_TAP)
    }
    EACH_TAP(SETTLE_TAP)
}

typedef void (*run_function)(const tap_run *, int64_t, int64_t, bool, alck_real *, int64_t);

#define DEFINE_RUN(t)                                                                                              \
    static void run_wide_##t(const tap_run *r, int64_t c, int64_t n, bool first, alck_real *sums, int64_t channels)  \
    {                                                                                                              \
        sum_run(t + 1, false, 1, VECTORS_OF(t + 1), true, r, c, n, first, sums, channels);                         \
    }                                                                                                              \
    static void run_part_##t(const tap_run *r, int64_t c, int64_t n, bool first, alck_real *sums, int64_t channels) \
    {                                                                                                              \
        sum_run(t + 1, false, 1, 1, false, r, c, n, first, sums, channels);                                        \
    }
EACH_TAP(DEFINE_RUN)

#define DEFINE_SHARED(taps, step, vectors)                                                                                 \
    static void run_shared_##taps##_##step##_##vectors(const tap_run *r, int64_t c, int64_t n, bool first, alck_real *sums, \
                                                       int64_t channels)                                                   \
    {                                                                                                                      \
        sum_run(taps, true, step, vectors, true, r, c, n, first, sums, channels);                                          \
    }
EACH_SHARED(DEFINE_SHARED)

#define WIDE_ENTRY(t) run_wide_##t,
#define PART_ENTRY(t) run_part_##t,
/* By count of taps. */
static const run_function run_wide[] = {NULL, EACH_TAP(WIDE_ENTRY)};
static const run_function run_part[] = {NULL, EACH_TAP(PART_ENTRY)};

/* A function, and how many vectors of channels it sums at once. */
typedef struct run_choice {
    run_function function;
    int64_t vectors;
} run_choice;

/* For `left` channels. */
static run_choice choose_run(const product *p, int64_t taps, int64_t left)
{
#define SHARED_CHOICE(t, step, vectors)                                                                      \
    if (taps == t && p->tap_step_x == 1 && p->step_x == step && left >= vectors * VF_LANES)                  \
        return (run_choice){run_shared_##t##_##step##_##vectors, vectors};
    EACH_SHARED(SHARED_CHOICE)
#undef SHARED_CHOICE
    const int64_t vectors = VECTORS_OF(taps);
    return left >= vectors * VF_LANES ? (run_choice){run_wide[taps], vectors} : (run_choice){run_part[taps], 1};
}

/* Adds a run to the sums of `taps` taps of one row, for all channels of a part. */
static void sum_channels(const product *p, const tap_run *r, int64_t taps, int64_t part_channels, bool first, alck_real *sums)
{
    for (int64_t c = 0; c < part_channels;) {
        const run_choice run = choose_run(p, taps, part_channels - c);
        run.function(r, c, smaller(part_channels - c, VF_LANES), first, sums + c, p->channels);
        c += run.vectors * VF_LANES;
    }
}

/* All taps of one output line. */
static void sum_line(const depthwise_weight_sums *w, const depthwise_part *at, int64_t y, tap_run *r)
{
    const product *p = &w->p;
    alck_real *sums = w->sums + at->image * p->taps_y * p->taps_x * p->channels + at->channel;
    for (int64_t x = 0; x < p->grid_width; x += K_BLOCK) {
        r->pixels = p->grid_width - x < K_BLOCK ? p->grid_width - x : K_BLOCK;
        r->dy_stride = p->output_stride;
        r->dy = w->dy + ((at->image * p->grid_height + y) * p->grid_width + x) * p->output_stride + at->channel;
        for (int64_t i = 0; i < p->taps_y; i++) {
            const alck_real *line = depthwise_line(p, at->image, y, i, at->channel);
            for (int64_t j = 0; j < p->taps_x; j += TAPS_MOST) {
                const int64_t taps = p->taps_x - j < TAPS_MOST ? p->taps_x - j : TAPS_MOST;
                for (int64_t t = 0; t < taps; t++)
                    depthwise_point(p, line, x, r->pixels, j + t, r->pointers[t]);
                sum_channels(p, r, taps, at->channels, y == 0 && x == 0, sums + (i * p->taps_x + j) * p->channels);
            }
        }
    }
}

void ALCK_NAME(depthwise_weight_rows)(const depthwise_weight_sums *w, const depthwise_part *part, int64_t first, int64_t end)
{
    tap_run r;
    for (int64_t y = first; y < end; y++)
        sum_line(w, part, y, &r);
}
