/* kernels/f32/epilogue.c - whole rows of sums finished by an epilogue and stored: epilogue.h.
 */
#include "kernels/f32/epilogue.h"

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

void ALCK_NAME(epilogue_rows)(const alck_epilogue *e, const epilogue_rows_job *j)
{
#define EPILOGUE_ACTIVATED(activation) epilogue_activated(e, activation, j)
    FOR_ACTIVATION(e->activation, EPILOGUE_ACTIVATED)
#undef EPILOGUE_ACTIVATED
    for (int64_t row = 0; row < j->rows && e->span != NULL; row++)
        e->span(e->span_argument, j->output + j->pixels[row] * j->output_stride, j->channel, j->count);
}
