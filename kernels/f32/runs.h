/* kernels/f32/runs.h - how a sum over pixels for each channel is cut, for batch norm, biases and averages.
 *
 * The order of addition, the same for all of them: a run is RUN_PIXELS pixels of one row (sample), added in order
 * from +0 in the build's precision; a unit is UNIT_RUNS runs of one row, its runs added in order in double; units are
 * added in order in double. Runs and units start afresh with every row. Nothing else decides about the bits: not the
 * vectors, the chunks of channels, the tasks or the workers.
 */
#ifndef ALCK_F32_RUNS_H
#define ALCK_F32_RUNS_H

#include "kernels/f32/strips.h"

#define RUN_PIXELS 32
#define UNIT_RUNS 32
#define UNIT_PIXELS ((int64_t)(RUN_PIXELS * UNIT_RUNS))
/* Channels handled together: with a run's pixels they fill a first-level cache. */
#define CHUNK_CHANNELS 256
/* Pixels added per visit to a partial sum in memory. */
#define PIXELS_AT_ONCE 4

typedef struct units {
    int64_t pixels_per_row, channels;
    int64_t per_row, count;  /* units */
    int64_t chunks;          /* of channels */
    int64_t per_task;        /* units in a task of one chunk */
} units;

static inline units units_of(int64_t rows, int64_t pixels_per_row, int64_t channels)
{
    units u = {.pixels_per_row = pixels_per_row, .channels = channels};
    u.per_row = ceil_divide(pixels_per_row, UNIT_PIXELS);
    u.count = rows * u.per_row;
    u.chunks = ceil_divide(channels, CHUNK_CHANNELS);
    const int64_t values = smaller(pixels_per_row, UNIT_PIXELS) * smaller(channels, CHUNK_CHANNELS);
    u.per_task = larger(1, VALUES_PER_TASK / larger(1, values));
    return u;
}

static inline int64_t unit_tasks(const units *u)
{
    return ceil_divide(u->count, u->per_task) * u->chunks;
}

/* A task's units [first, end) and channels [channel, channel + channels). */
typedef struct unit_range {
    int64_t first, end, channel, channels;
} unit_range;

static inline unit_range units_of_task(const units *u, int64_t task)
{
    unit_range r = {.first = task / u->chunks * u->per_task, .channel = task % u->chunks * CHUNK_CHANNELS};
    r.end = smaller(r.first + u->per_task, u->count);
    r.channels = smaller(CHUNK_CHANNELS, u->channels - r.channel);
    return r;
}

static inline int64_t unit_first_pixel(const units *u, int64_t unit)
{
    return unit / u->per_row * u->pixels_per_row + unit % u->per_row * UNIT_PIXELS;
}

static inline int64_t unit_pixels(const units *u, int64_t unit)
{
    return smaller(UNIT_PIXELS, u->pixels_per_row - unit % u->per_row * UNIT_PIXELS);
}

/* Pixels are far apart and a chunk's piece of each is short: too short for the hardware to foresee the next. */
#define RUN_PIXELS_AHEAD 8

/* Fetches what is at `values` of the pixel so far ahead; past the tensor's end it is an address nobody reads. */
ALCK_INLINE void fetch_pixel_ahead(const alck_real *values, int64_t stride)
{
    __builtin_prefetch((const void *)((uintptr_t)values + (uintptr_t)(RUN_PIXELS_AHEAD * stride) * sizeof *values));
}

/* Calls step(..., pixel, pixels at once, channel, lanes) for all vectors of `channels` channels and `count` pixels, each vector's
 * in order. The part of a vector, which few layers have, takes all pixels at once: one copy of the step instead of two. */
#define EACH_PIXEL_VECTOR(count, channels, step, ...)                                                  \
    do {                                                                                               \
        const int64_t each_whole = (channels) / VF_LANES * VF_LANES;                                   \
        int64_t each_p = 0;                                                                            \
        for (; each_p + PIXELS_AT_ONCE <= (count); each_p += PIXELS_AT_ONCE)                           \
            for (int64_t each_i = 0; each_i < each_whole; each_i += VF_LANES)                          \
                step(__VA_ARGS__, each_p, PIXELS_AT_ONCE, each_i, VF_LANES);                           \
        for (; each_p < (count); each_p++)                                                             \
            for (int64_t each_i = 0; each_i < each_whole; each_i += VF_LANES)                          \
                step(__VA_ARGS__, each_p, 1, each_i, VF_LANES);                                        \
        if (each_whole < (channels))                                                                   \
            step(__VA_ARGS__, 0, count, each_whole, (channels) - each_whole);                          \
    } while (0)

/* The partial sums of a run, cleared before it and added to the unit's after it. */
static inline void clear_sums(alck_real *sums, int64_t channels)
{
    memset(sums, 0, (size_t)channels * sizeof *sums);
}

/* total += sums; not a copy in every activation's loop. */
void ALCK_NAME(add_run)(double *restrict total, const alck_real *restrict sums, int64_t channels);

#endif
