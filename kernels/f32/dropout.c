/* kernels/f32/dropout.c - dropout and drop-connect: y = x factor, the factor 0 or 1 / (1 - rate).
 *
 * Element e of a sample takes word e mod 4 of Philox block e / 4 of the sample's stream (drop-connect: its word 0 for
 * the whole sample) and is kept where the word is at least rate 2^32. The backward pass is the same call on the
 * gradient: the mask is drawn again and never stored. NaN stays NaN where it is dropped.
 */
#include "kernels/f32/strips.h"
#include "kernels/philox.h"

/* Blocks drawn side by side, one per lane of whatever vectors the compiler has. */
#define BLOCKS_AT_ONCE 32
#define WORDS_AT_ONCE (4 * BLOCKS_AT_ONCE)
#define ELEMENTS_PER_PIECE 8192 /* a task's share of a sample; a multiple of WORDS_AT_ONCE */

typedef struct dropout_job {
    const alck_dropout *s;
    const alck_real *x;
    alck_real *y;
    bool add;
    uint32_t least_kept; /* of the words */
    alck_real kept;      /* their factor */
    int64_t pieces;      /* of a sample */
} dropout_job;

/* words[4 b + w] = word w of block first + b. */
static void draw_blocks(uint64_t seed, uint64_t stream, uint64_t first, uint32_t *restrict words)
{
    uint32_t c0[BLOCKS_AT_ONCE], c1[BLOCKS_AT_ONCE], c2[BLOCKS_AT_ONCE], c3[BLOCKS_AT_ONCE];
    for (int b = 0; b < BLOCKS_AT_ONCE; b++) {
        c0[b] = (uint32_t)(first + (uint64_t)b);
        c1[b] = (uint32_t)((first + (uint64_t)b) >> 32);
        c2[b] = (uint32_t)stream;
        c3[b] = (uint32_t)(stream >> 32);
    }
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < ALCK_PHILOX_ROUNDS; round++) {
        for (int b = 0; b < BLOCKS_AT_ONCE; b++) {
            const uint64_t p0 = ALCK_PHILOX_MULTIPLIER0 * c0[b];
            const uint64_t p1 = ALCK_PHILOX_MULTIPLIER1 * c2[b];
            c0[b] = (uint32_t)(p1 >> 32) ^ c1[b] ^ k0;
            c1[b] = (uint32_t)p1;
            c2[b] = (uint32_t)(p0 >> 32) ^ c3[b] ^ k1;
            c3[b] = (uint32_t)p0;
        }
        k0 += ALCK_PHILOX_KEY_STEP0;
        k1 += ALCK_PHILOX_KEY_STEP1;
    }
    for (int b = 0; b < BLOCKS_AT_ONCE; b++) {
        words[4 * b] = c0[b];
        words[4 * b + 1] = c1[b];
        words[4 * b + 2] = c2[b];
        words[4 * b + 3] = c3[b];
    }
}

ALCK_INLINE void scale_step(const alck_real *x, const alck_real *factors, alck_real *y, bool add, int64_t i,
                            int64_t lanes)
{
    const vf vx = load_lanes(x + i, lanes), factor = load_lanes(factors + i, lanes);
    store_lanes(y + i, add ? vf_fma(vx, factor, load_lanes(y + i, lanes)) : vf_mul(vx, factor), lanes);
}

/* factors of the elements from `first` (a multiple of WORDS_AT_ONCE) on; those that share a word when per_sample. */
static void draw_factors(const dropout_job *j, uint64_t stream, int64_t first, alck_real *factors)
{
    uint32_t words[WORDS_AT_ONCE];
    if (j->s->per_sample) {
        alck_philox(j->s->seed, stream, 0, words);
        for (int i = 1; i < WORDS_AT_ONCE; i++)
            words[i] = words[0];
    } else {
        draw_blocks(j->s->seed, stream, (uint64_t)first / 4, words);
    }
    for (int i = 0; i < WORDS_AT_ONCE; i++)
        factors[i] = words[i] >= j->least_kept ? j->kept : 0;
}

static void dropout_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const dropout_job *j = argument;
    const alck_dropout *s = j->s;
    const int64_t sample = task / j->pieces, start = task % j->pieces * ELEMENTS_PER_PIECE;
    const int64_t end = smaller(start + ELEMENTS_PER_PIECE, s->elements);
    alck_real factors[WORDS_AT_ONCE];
    for (int64_t e = start; e < end; e += WORDS_AT_ONCE) {
        if (!s->per_sample || e == start)
            draw_factors(j, s->streams[sample], e, factors);
        const int64_t at = sample * s->elements + e;
        EACH_VECTOR(smaller(WORDS_AT_ONCE, end - e), scale_step, j->x + at, factors, j->y + at, j->add);
    }
}

static void all_dropout_tasks(void *argument, int64_t task, int worker)
{
    (void)task;
    const dropout_job *j = argument;
    for (int64_t t = 0; t < j->s->samples * j->pieces; t++)
        dropout_task(argument, t, worker);
}

void ALCK_NAME(dropout)(const alck_parallel *par, const alck_dropout *s, const alck_real *x, alck_real *y, bool add)
{
    dropout_job j = {.s = s,
                     .x = x,
                     .y = y,
                     .add = add,
                     .least_kept = (uint32_t)(s->rate * 4294967296.0),
                     .kept = (alck_real)(1.0 / (1.0 - s->rate)),
                     .pieces = ceil_divide(s->elements, ELEMENTS_PER_PIECE)};
    if (s->samples * s->elements <= VALUES_PER_TASK)
        alck_spread(par, s->samples * s->elements > 0, all_dropout_tasks, &j);
    else
        alck_spread(par, s->samples * j.pieces, dropout_task, &j);
}
