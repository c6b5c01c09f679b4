/* kernels/f32/epilogue.c - whole rows of sums finished by an epilogue and stored: epilogue.h.
 */
#include "kernels/f32/epilogue.h"
#include "kernels/f32/pairs.h"

#if defined(ALCK_AVX512) && !defined(ALCOR_DOUBLE)
#include "kernels/f32/epilogue_bf16.h"
#define CPU_MAY_ROUND
#endif

/* All rows, with an activation that is a constant: its own constants are then loaded once. Both structs are copied, for a
 * vector that is stored might have changed them, as far as the compiler knows. */
ALCK_INLINE void epilogue_activated(const alck_epilogue *epilogue, alck_activation activation, const epilogue_rows_job *rows)
{
    const alck_epilogue e = *epilogue;
    const epilogue_rows_job j = *rows;
    for (int64_t row = 0; row < j.rows; row++) {
        const alck_real *sums = j.sums + row * j.sums_pitch;
        const int64_t pixel = j.pixels[row];
        alck_real *output = j.output + pixel * j.output_stride;
        int64_t i = 0;
        for (; i + VF_LANES <= j.count; i += VF_LANES)
            epilogue_vector(&e, activation, vf_load(sums + i), pixel, j.channel + i, output + i, VF_LANES);
        if (i < j.count)
            epilogue_vector(&e, activation, vf_load_n(sums + i, j.count - i), pixel, j.channel + i, output + i,
                            j.count - i);
    }
}

static void finish(const alck_epilogue *e, const epilogue_rows_job *j)
{
#define EPILOGUE_ACTIVATED(activation) epilogue_activated(e, activation, j)
    FOR_ACTIVATION(e->activation, EPILOGUE_ACTIVATED)
#undef EPILOGUE_ACTIVATED
}

/* What is added to the rows, side by side. */
static void gather_residual(const alck_epilogue *e, const epilogue_rows_job *j, alck_real *to)
{
    for (int64_t row = 0; row < j->rows; row++, to += j->count) {
        const alck_real *from = e->residual + j->pixels[row] * e->residual_stride;
        if (e->residual_pairs)
            ALCK_NAME(unpair_values)(j->channel, j->count, from, to);
        else
            memcpy(to, from + j->channel, (size_t)j->count * sizeof *to);
    }
}

/* Step by step, each for all rows, in memory of their own. */
static void finish_rounded(const alck_epilogue *e, const epilogue_rows_job *j)
{
    static const int64_t in_order[ROUNDED_ROWS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    alck_real values[ROUNDED_ROWS * ROUNDED_COUNT], residual[ROUNDED_ROWS * ROUNDED_COUNT];
    const int64_t all = j->rows * j->count;
    epilogue_rows_job own = {.rows = j->rows, .count = j->count, .sums_pitch = j->sums_pitch, .output_stride = j->count,
                             .sums = j->sums, .pixels = in_order, .output = values};
    finish(&(alck_epilogue){.bias = e->bias != NULL ? e->bias + j->channel : NULL}, &own);
    ALCK_NAME(round_values)(e->rounding, all, values, values);
    own.sums = values;
    own.sums_pitch = j->count;
    if (e->residual != NULL) {
        gather_residual(e, j, residual);
        finish(&(alck_epilogue){.residual = residual, .residual_stride = j->count}, &own);
        ALCK_NAME(round_values)(e->rounding, all, values, values);
    }
    if (!e->stores_pairs) {
        own.output = j->output;
        own.output_stride = j->output_stride;
        own.pixels = j->pixels;
    }
    finish(&(alck_epilogue){.activation = e->activation}, &own);
    for (int64_t row = 0; row < j->rows && e->stores_pairs; row++)
        ALCK_NAME(pair_values)(e->rounding, j->count, values + row * j->count, j->output + j->pixels[row] * j->output_stride);
}

void ALCK_NAME(epilogue_rows)(const alck_epilogue *e, const epilogue_rows_job *j)
{
#ifdef CPU_MAY_ROUND
    if (e->rounding == ALCK_BF16_PAIRS)
        ALCK_NAME(epilogue_rows_bf16)(e, j);
    else
#endif
    if (e->rounding != ALCK_REALS)
        finish_rounded(e, j);
    else
        finish(e, j);
    for (int64_t row = 0; row < j->rows && e->span != NULL; row++)
        e->span(e->span_argument, j->output + j->pixels[row] * j->output_stride, j->channel, j->count);
}
