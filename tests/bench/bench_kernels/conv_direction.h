/* conv_direction.h - one convolution in one direction by one algorithm: its operations and how long they take. */
#ifndef BENCH_KERNELS_CONV_DIRECTION_H
#define BENCH_KERNELS_CONV_DIRECTION_H

#include "tests/bench/bench_kernels/measure.h"

typedef enum direction { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, DIRECTIONS } direction;

extern const char *const direction_names[DIRECTIONS];

typedef enum conv_way { DIRECT, WINOGRAD, WAYS } conv_way;

typedef struct conv_run {
    alck_conv s;
    bool depthwise;
    conv_way way;
    alck_real *x, *y, *weight, *packed, *scratch; /* set by measure_direction */
} conv_run;

/* Whether the bench measures Winograd's algorithm for it beside the direct way. */
bool has_winograd(const alck_conv *s);

/* What the direct way takes. */
double direct_flops(const alck_conv *s);
/* Of Winograd's products: 36 for each tile of 4x4, whole or not. */
double winograd_flops(const alck_conv *s, direction d);

timing measure_direction(bench *b, conv_run *r, direction d);

#endif
