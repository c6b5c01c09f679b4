/* kernels/f32/pairs.c - rounds reals to bf16 and pairs them as products want them: see alck_operands. */
#include "kernels/isa.h"

/* Pairs of rows in one task. */
#define TASK_PAIRS 64

ALCK_INLINE uint32_t round_to_bf16(alck_real value)
{
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    const uint32_t magnitude = bits & 0x7fffffffU;
    const uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
    const uint32_t number = magnitude < 0x00800000U ? bits >> 16 & 0x8000U : rounded;
    return magnitude > 0x7f800000U ? bits >> 16 | 0x40U : number;
}

typedef struct pair_job {
    int64_t pixels, groups, channels; /* pair_channels */
    int64_t rows, columns, pairs;     /* pair_rows */
    int64_t tasks;                    /* of a block */
    const alck_real *x;
    int64_t x_stride;
    uint32_t *paired;
} pair_job;

static void channels_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pair_job *job = argument;
    const int64_t pairs = (job->channels + 1) / 2, whole = job->channels / 2;
    const int64_t first = job->pixels * task / job->tasks, end = job->pixels * (task + 1) / job->tasks;
    uint32_t *to = job->paired + first * job->groups * pairs;
    for (int64_t pixel = first; pixel < end; pixel++)
        for (int64_t group = 0; group < job->groups; group++, to += pairs) {
            const alck_real *from = job->x + pixel * job->x_stride + group * job->channels;
            for (int64_t i = 0; i < whole; i++)
                to[i] = round_to_bf16(from[2 * i]) | round_to_bf16(from[2 * i + 1]) << 16;
            if (whole < pairs)
                to[whole] = round_to_bf16(from[2 * whole]);
        }
}

void ALCK_NAME(pair_channels)(const alck_parallel *par, int64_t pixels, int64_t groups, int64_t channels, const alck_real *x,
                              int64_t x_stride, void *paired)
{
    pair_job job = {.pixels = pixels, .groups = groups, .channels = channels, .x = x, .x_stride = x_stride, .paired = paired,
                    .tasks = (pixels + TASK_PAIRS - 1) / TASK_PAIRS};
    alck_spread(par, job.tasks, channels_task, &job);
}

static void rows_task(void *argument, int64_t task, int worker)
{
    (void)worker;
    const pair_job *job = argument;
    const int64_t block = task / job->tasks, part = task % job->tasks, columns = job->columns;
    const int64_t first = job->pairs * part / job->tasks, end = job->pairs * (part + 1) / job->tasks;
    uint32_t *to = job->paired + (block * job->pairs + first) * columns;
    for (int64_t pair = first; pair < end; pair++, to += columns) {
        const int64_t row = 2 * pair;
        if (row >= job->rows) {
            memset(to, 0, (size_t)columns * sizeof *to);
            continue;
        }
        const alck_real *even = job->x + (block * job->rows + row) * job->x_stride;
        if (row + 1 < job->rows)
            for (int64_t i = 0; i < columns; i++)
                to[i] = round_to_bf16(even[i]) | round_to_bf16(even[job->x_stride + i]) << 16;
        else
            for (int64_t i = 0; i < columns; i++)
                to[i] = round_to_bf16(even[i]);
    }
}

void ALCK_NAME(pair_rows)(const alck_parallel *par, int64_t blocks, int64_t rows, int64_t columns, const alck_real *x,
                          int64_t x_stride, int64_t pairs, void *paired)
{
    pair_job job = {.rows = rows, .columns = columns, .pairs = pairs, .x = x, .x_stride = x_stride, .paired = paired,
                    .tasks = (pairs + TASK_PAIRS - 1) / TASK_PAIRS};
    alck_spread(par, blocks * job.tasks, rows_task, &job);
}
