/* kernels/f32/map_sums.h - the order in which the values of a map are added up for its average: by global_average_forward, and by
 * depthwise_forward as it makes them, strip by strip.
 *
 * A map is cut into bands of at most BAND_ROWS rows, a band into strips of at most STRIP_COLUMNS columns, both as even as can be.
 * From a strip's first row on, the values of BLOCK_ROWS rows are added from +0 in the build's precision, row by row; these sums in
 * double, all strips of a band in order; bands in order in double. For each channel apart, by shape alone.
 */
#ifndef ALCK_F32_MAP_SUMS_H
#define ALCK_F32_MAP_SUMS_H

#include "kernels/f32/runs.h"

#define BAND_ROWS 16
#define STRIP_COLUMNS 8
#define BLOCK_ROWS 4

/* Of one band, for some channels. */
typedef struct map_sums {
    int64_t channels, rows; /* the rows that the block has so far */
    alck_real block[CHUNK_CHANNELS];
    double band[CHUNK_CHANNELS];
} map_sums;

void ALCK_NAME(map_sums_begin)(map_sums *s, int64_t channels);
/* The next row of a strip: `pixels` of them, `stride` values apart. */
void ALCK_NAME(map_sums_add)(map_sums *s, const alck_real *values, int64_t pixels, int64_t stride);
void ALCK_NAME(map_sums_end_strip)(map_sums *s);

#endif
